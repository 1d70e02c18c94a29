"""Functions that filters may call beside those of the standard (OGC 21-065r2, 7.9)."""

from collections.abc import Callable, Sequence
from typing import LiteralString

from gis.store.filters.fragment import Fragment, put
from gis.store.filters.terms import Function, Layer, Term, Type

MOST_BUFFER_M = 100_000.0


def _plain(template: LiteralString) -> Callable[[Layer, Sequence[Term]], Fragment]:
    return lambda _, terms: put(template, *(term.sql for term in terms))


def _degrees(layer: Layer, term: Term) -> Fragment:
    """Return a shape as geography: geodesic on the ellipsoid."""
    return put("({}::geography)", term.sql) if layer.srid in (4490, 4326) else put("(ST_Transform({}, 4490)::geography)", term.sql)


def _geodesic(template: LiteralString) -> Callable[[Layer, Sequence[Term]], Fragment]:
    return lambda layer, terms: put(template, *(_degrees(layer, term) for term in terms))


def _buffer(layer: Layer, terms: Sequence[Term]) -> Fragment:
    shape, distance = terms
    if not isinstance(distance.literal, float) or not -MOST_BUFFER_M <= distance.literal <= MOST_BUFFER_M:
        raise ValueError(f"buffer 的距离应为不超过 {MOST_BUFFER_M:.0f} 的数，单位米")
    # A buffer of geography comes back without our SRID.
    flat = put("ST_SetSRID(ST_Buffer({}, {})::geometry, 4490)", _degrees(layer, shape), distance.sql)
    return put("ST_Transform({}, {})", flat, Fragment(str(layer.srid))) if layer.srid != 4490 else flat


def _reading(layer: Layer, terms: Sequence[Term]) -> Fragment:
    value = put("{} -> {} -> 'value'", layer.hidden["readings"].sql, terms[0].sql)
    return put("CASE WHEN jsonb_typeof({value}) = 'number' THEN ({value})::double precision END", value=value)


def _within(layer: Layer, terms: Sequence[Term]) -> Fragment:
    return put("ST_DWithin({}, {}, {})", _degrees(layer, terms[0]), _degrees(layer, terms[1]), terms[2].sql)


_GEOMETRY, _NUMBER, _TEXT, _DATE, _TIMESTAMP = Type.GEOMETRY, Type.NUMBER, Type.TEXT, Type.DATE, Type.TIMESTAMP
FUNCTIONS: dict[str, Function] = {
    function.name.lower(): function
    for function in (
        Function("area_m2", "面积（椭球面），平方米", (_GEOMETRY,), _NUMBER, _geodesic("ST_Area({})")),
        Function("length_m", "线的长度（椭球面），米", (_GEOMETRY,), _NUMBER, _geodesic("ST_Length({})")),
        Function("distance_m", "两个几何的距离（椭球面），米", (_GEOMETRY, _GEOMETRY), _NUMBER, _geodesic("ST_Distance({}, {})")),
        Function("s_dwithin", "两个几何相距不超过多少米（椭球面）", (_GEOMETRY, _GEOMETRY, _NUMBER), Type.BOOLEAN, _within),
        Function("buffer", "缓冲区，米", (_GEOMETRY, _NUMBER), _GEOMETRY, _buffer),
        Function("centroid", "重心", (_GEOMETRY,), _GEOMETRY, _plain("ST_Centroid({})")),
        Function("lower", "小写", (_TEXT,), _TEXT, _plain("lower({})")),
        Function("upper", "大写", (_TEXT,), _TEXT, _plain("upper({})")),
        Function("trim", "去掉首尾空格", (_TEXT,), _TEXT, _plain("btrim({})")),
        Function("characters", "文本的字数", (_TEXT,), _NUMBER, _plain("length({})")),
        Function("abs", "绝对值", (_NUMBER,), _NUMBER, _plain("abs({})")),
        Function("floor", "向下取整", (_NUMBER,), _NUMBER, _plain("floor({})")),
        Function("ceil", "向上取整", (_NUMBER,), _NUMBER, _plain("ceil({})")),
        Function("round", "四舍五入取整", (_NUMBER,), _NUMBER, _plain("round({}::numeric)::double precision")),
        Function("year", "日期的年", (_DATE,), _NUMBER, _plain("date_part('year', {})")),
        Function("month", "日期的月", (_DATE,), _NUMBER, _plain("date_part('month', {})")),
        Function("day_of", "时刻的日期（UTC）", (_TIMESTAMP,), _DATE, _plain("({} AT TIME ZONE 'UTC')::date")),
        Function("reading", "一个监测因子的最新值，如 reading('w01018') > 50", (_TEXT,), _NUMBER, _reading, needs="readings"),
    )
}
"""Lower-case name → function; of a geometry all measures are geodesic."""


def functions_for(hidden: object) -> dict[str, Function]:
    """Return the functions that a layer with these hidden columns has."""
    return {name: function for name, function in FUNCTIONS.items() if function.needs is None or function.needs in hidden}  # type: ignore[operator]
