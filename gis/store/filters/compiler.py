"""From a tree of CQL2 to SQL with bound values: typed, strict, three-valued as SQL is (OGC 21-065r2)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, LiteralString
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry

from gis.errors import Invalid
from gis.reference_systems import CRS84, ReferenceSystem
from gis.store.filters.fragment import Fragment, bound, joined, put
from gis.store.filters.terms import INSTANTS, LABELS, Function, Layer, Term, Type
from gis.store.filters.times import ANY, INTERVALS, Span, day_end, day_start, relate
from gis.store.filters.tree import Language, parse
from gis.store.filters.values import box_of, date_of, geometry_of, instant_of, timestamp_of

COMPARISONS: dict[str, LiteralString] = {
    "=": "{} = {}",
    "<>": "{} <> {}",
    "<": "{} < {}",
    ">": "{} > {}",
    "<=": "{} <= {}",
    ">=": "{} >= {}",
}
ARITHMETIC: dict[str, LiteralString] = {
    "+": "({}::double precision + {})",
    "-": "({}::double precision - {})",
    "*": "({}::double precision * {})",
    "/": "({}::double precision / nullif({}, 0))",
    "%": "mod({}::numeric, nullif({}, 0)::numeric)::double precision",
    "div": "div({}::numeric, nullif({}, 0)::numeric)::double precision",
    "^": "power({}::double precision, {})",
}
"""Division by zero is unknown, so that one feature does not fail the others."""
SPATIAL: dict[str, LiteralString] = {
    "s_intersects": "ST_Intersects({}, {})",
    "s_disjoint": "ST_Disjoint({}, {})",
    "s_equals": "ST_Equals({}, {})",
    "s_touches": "ST_Touches({}, {})",
    "s_within": "ST_Within({}, {})",
    "s_overlaps": "ST_Overlaps({}, {})",
    "s_crosses": "ST_Crosses({}, {})",
    "s_contains": "ST_Contains({}, {})",
}
ARRAYS: dict[str, LiteralString] = {
    "a_equals": "({a} @> {b} AND {a} <@ {b})",
    "a_contains": "{a} @> {b}",
    "a_containedby": "{a} <@ {b}",
    "a_overlaps": "{a} && {b}",
}
"""Arrays are sets (7.8)."""
CASE = {"casei": "quanjing_casei", "accenti": "quanjing_accenti"}
SQL_ARRAYS: dict[Type, LiteralString] = {
    Type.TEXT: "text[]",
    Type.NUMBER: "double precision[]",
    Type.BOOLEAN: "boolean[]",
    Type.DATE: "date[]",
    Type.TIMESTAMP: "timestamptz[]",
    Type.UUID: "uuid[]",
}
SHAPES = frozenset(
    ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"),
)
DEGREES = (4490, 4326)
"""Storage systems that a literal in longitude and latitude is in already."""


def shape_literal(geometry: BaseGeometry, srid: int) -> Fragment:
    """Return a shape of longitude and latitude (EPSG:4490) in a layer's system."""
    wkb = shapely.to_wkb(geometry)
    if srid in DEGREES:
        return put("ST_GeomFromWKB({}, {})", bound(wkb, "bytea"), Fragment(str(srid)))
    return put("ST_Transform(ST_GeomFromWKB({}, 4490), {})", bound(wkb, "bytea"), Fragment(str(srid)))


@dataclass(frozen=True, slots=True)
class Compiler:
    """What stays the same while one filter is compiled."""

    layer: Layer
    system: ReferenceSystem = CRS84
    parameter: str = "filter"

    def fault(self, path: str, node: Any, what: str) -> Invalid:
        """Return the error that names what is wrong with a part, and where it stands in the JSON tree."""
        shown = json.dumps(node, ensure_ascii=False)
        return Invalid(self.parameter, f"{what}（在 {path or '/'}：{shown if len(shown) <= 100 else shown[:100] + '…'}）")

    # Predicates ---------------------------------------------------------------------------------------------------------

    def predicate(self, node: Any, path: str = "") -> Fragment:
        """Return a boolean expression."""
        if isinstance(node, bool):
            return Fragment("TRUE" if node else "FALSE")
        operator, arguments = self._call(node)
        if operator in ("and", "or"):
            if len(arguments) < 2:
                raise self.fault(path, node, f"{operator} 至少要两项")
            parts = [self.predicate(one, f"{path}/args/{index}") for index, one in enumerate(arguments)]
            return put("({})", joined(" AND " if operator == "and" else " OR ", parts))
        if operator == "not":
            self._count(node, path, 1)
            return put("NOT ({})", self.predicate(arguments[0], f"{path}/args/0"))
        build = self._predicates(operator)
        if build is not None:
            return build(operator, node, path)
        term = self.value(node, path)
        if term.type is not Type.BOOLEAN:
            raise self.fault(path, node, f"这里应为条件，却是{LABELS[term.type]}")
        return term.sql

    def _predicates(self, operator: str) -> Callable[[str, Any, str], Fragment] | None:
        if operator in COMPARISONS:
            return self._comparison
        if operator in SPATIAL:
            return self._spatial
        if operator in ANY or operator in INTERVALS:
            return self._temporal
        if operator in ARRAYS:
            return self._arrays
        return {"like": self._like, "between": self._between, "in": self._in, "isnull": self._null}.get(operator)

    @staticmethod
    def _call(node: Any) -> tuple[str, list[Any]]:
        if isinstance(node, Mapping) and isinstance(node.get("op"), str) and isinstance(node.get("args"), list):
            return node["op"].lower(), node["args"]
        return "", []

    def _count(self, node: Any, path: str, count: int) -> list[Any]:
        arguments: list[Any] = node["args"]
        if len(arguments) != count:
            raise self.fault(path, node, f"{node['op']} 要 {count} 项，这里有 {len(arguments)} 项")
        return arguments

    def _values(self, node: Any, path: str, count: int) -> list[Term]:
        return [self.value(one, f"{path}/args/{index}") for index, one in enumerate(self._count(node, path, count))]

    def _comparison(self, operator: str, node: Any, path: str) -> Fragment:
        first, second = self._alike(node, path, self._values(node, path, 2))
        if first.type in (Type.GEOMETRY, Type.ARRAY):
            other = "S_EQUALS" if first.type is Type.GEOMETRY else "A_EQUALS"
            raise self.fault(path, node, f"{LABELS[first.type]}不能用 {operator} 比较；请用 {other} 等")
        ordered = first.type is Type.TEXT and operator not in ("=", "<>")
        # In the order of code points, whatever the database was made with.
        return put(COMPARISONS[operator], first.sql, put('{} COLLATE "C"', second.sql) if ordered else second.sql)

    def _alike(self, node: Any, path: str, terms: Sequence[Term]) -> list[Term]:
        """Return terms of one type; a timestamp beside a date counts by its day (UTC)."""
        types = {term.type for term in terms}
        if types == {Type.UUID, Type.TEXT}:
            ids = [self._as_id(term) for term in terms]
            return [self._as_text(term) for term in terms] if None in ids else [term for term in ids if term]
        if types == set(INSTANTS):
            return [
                replace(term, type=Type.DATE, sql=put("({} AT TIME ZONE 'UTC')::date", term.sql)) if term.type is Type.TIMESTAMP else term
                for term in terms
            ]
        if len(types) > 1:
            listed = "与".join(LABELS[type_] for type_ in dict.fromkeys(term.type for term in terms))
            hint = "；日期写作 DATE('2026-03-01')，时刻写作 TIMESTAMP('2026-03-01T08:00:00Z')" if types & set(INSTANTS) else ""
            raise self.fault(path, node, f"{listed}不能比较{hint}")
        return list(terms)

    @staticmethod
    def _as_text(term: Term) -> Term:
        return replace(term, type=Type.TEXT, sql=put("{}::text", term.sql)) if term.type is Type.UUID else term

    @staticmethod
    def _as_id(term: Term) -> Term | None:
        """Return a text that is an id as one; None where it is none."""
        if term.type is Type.UUID:
            return term
        try:
            found = UUID(term.literal) if isinstance(term.literal, str) else None
        except ValueError:
            return None
        return None if found is None else Term(Type.UUID, bound(found, "uuid"), found)

    def _pattern(self, node: Any, path: str) -> Fragment:
        operator, arguments = self._call(node)
        if operator in CASE and len(arguments) == 1:
            return self._cased(operator, self._pattern(arguments[0], f"{path}/args/0"))
        if not isinstance(node, str):
            raise self.fault(path, node, "LIKE 的模式应为文本，或 CASEI、ACCENTI 里的文本")
        if (len(node) - len(node.rstrip("\\"))) % 2:
            raise self.fault(path, node, "LIKE 的模式不能以单个反斜线结尾")
        return bound(node, "text")

    @staticmethod
    def _cased(operator: str, sql: Fragment) -> Fragment:
        return put("{}({})", Fragment(CASE[operator]), sql)

    def _like(self, _: str, node: Any, path: str) -> Fragment:
        value, pattern = self._count(node, path, 2)
        term = self._as_text(self.value(value, f"{path}/args/0"))
        if term.type is not Type.TEXT:
            raise self.fault(path, node, f"LIKE 要文本，这里是{LABELS[term.type]}")
        return put("{} LIKE {}", term.sql, self._pattern(pattern, f"{path}/args/1"))

    def _between(self, _: str, node: Any, path: str) -> Fragment:
        terms = self._alike(node, path, self._values(node, path, 3))
        if terms[0].type not in (Type.NUMBER, *INSTANTS):
            raise self.fault(path, node, f"BETWEEN 要数、日期或时刻，这里是{LABELS[terms[0].type]}")
        return put("{} BETWEEN {} AND {}", *(term.sql for term in terms))

    def _in(self, _: str, node: Any, path: str) -> Fragment:
        _, listed = self._count(node, path, 2)
        if not isinstance(listed, list) or not listed:
            raise self.fault(path, node, "IN 要一个不空的列表")
        value = self.value(node["args"][0], f"{path}/args/0")
        items = [self._listed(value.type, one, f"{path}/args/1/{index}") for index, one in enumerate(listed)]
        value, *items = self._alike(node, path, [value, *items])
        if value.type in (Type.GEOMETRY, Type.ARRAY):
            raise self.fault(path, node, f"{LABELS[value.type]}不能用 IN")
        literals = [item.literal for item in items]
        if value.type in SQL_ARRAYS and None not in literals:
            return put("{} = ANY ({})", value.sql, bound(literals, SQL_ARRAYS[value.type]))
        return put("{} IN ({})", value.sql, joined(", ", [item.sql for item in items]))

    def _listed(self, type_: Type | None, node: Any, path: str) -> Term:
        """Return an item of a list; beside a time a text that reads as one is one, as the standard's tests write it (21-065r2, A.3, in)."""
        if type_ not in INSTANTS or not isinstance(node, str):
            return self.value(node, path)
        literal = self._end(node, path)
        return literal if literal is not None else self.value(node, path)

    def _null(self, _: str, node: Any, path: str) -> Fragment:
        self._count(node, path, 1)
        operand = node["args"][0]
        if isinstance(operand, Mapping) and "interval" in operand:
            span = self._span(operand, f"{path}/args/0")
            return put("({} IS NULL OR {} IS NULL)", span.start, span.end)
        return put("{} IS NULL", self.value(operand, f"{path}/args/0").sql)

    def _spatial(self, operator: str, node: Any, path: str) -> Fragment:
        terms = self._values(node, path, 2)
        for index, term in enumerate(terms):
            if term.type is not Type.GEOMETRY:
                raise self.fault(f"{path}/args/{index}", node["args"][index], f"{node['op']} 要几何，这里是{LABELS[term.type]}")
            if operator not in ("s_intersects", "s_disjoint") and isinstance(term.literal, shapely.GeometryCollection):
                terms[index] = self._whole(term, f"{path}/args/{index}", node["args"][index])
        return put(SPATIAL[operator], *(term.sql for term in terms))

    def _whole(self, term: Term, path: str, node: Any) -> Term:
        """Return a collection as one shape: what lies in a larger part is left out, parts of one dimension are put together."""
        merged = shapely.union_all(list(term.literal.geoms))
        if isinstance(merged, shapely.GeometryCollection):
            raise self.fault(path, node, "点、线、面混在一起的集合只能用 S_INTERSECTS、S_DISJOINT")
        return replace(term, sql=shape_literal(merged, self.layer.srid), literal=merged)

    def _temporal(self, operator: str, node: Any, path: str) -> Fragment:
        arguments = self._count(node, path, 2)
        spans = [self._span(one, f"{path}/args/{index}") for index, one in enumerate(arguments)]
        for index, span in enumerate(spans):
            if operator in INTERVALS and not span.interval:
                raise self.fault(f"{path}/args/{index}", arguments[index], f"{node['op']} 只用于时段，请写 INTERVAL(…, …)")
        return relate(operator, *spans)

    def _span(self, node: Any, path: str) -> Span:
        """Return a time: an instant, or an interval."""
        if not (isinstance(node, Mapping) and "interval" in node):
            term = self.value(node, path)
            if term.type not in INSTANTS:
                raise self.fault(path, node, f"这里应为日期、时刻或时段，却是{LABELS[term.type]}")
            return Span(term.type, term.sql, term.sql, interval=False)
        ends = node["interval"]
        if not isinstance(ends, list) or len(ends) != 2:
            raise self.fault(path, node, "时段要起止两项")
        start, end = (self._end(one, f"{path}/interval/{index}") for index, one in enumerate(ends))
        literals = [one.literal for one in (start, end) if one and one.literal is not None]
        if len(literals) == 2 and type(literals[0]) is type(literals[1]) and literals[0] > literals[1]:
            raise self.fault(path, node, "时段的起点晚于终点")
        types = {one.type for one in (start, end) if one}
        type_ = Type.DATE if types == {Type.DATE} else Type.TIMESTAMP
        if len(types) == 2 and start and end:
            start = replace(start, sql=day_start(start.sql)) if start.type is Type.DATE else start
            end = replace(end, sql=day_end(end.sql)) if end.type is Type.DATE else end
        suffix = Fragment("date" if type_ is Type.DATE else "timestamptz")
        first = start.sql if start else put("'-infinity'::{}", suffix)
        return Span(type_, first, end.sql if end else put("'infinity'::{}", suffix), interval=True)

    def _end(self, node: Any, path: str) -> Term | None:
        """Return one end of an interval; None where it is open."""
        if node == "..":
            return None
        if isinstance(node, str):
            try:
                instant = instant_of(node)
            except ValueError as error:
                raise self.fault(path, node, str(error)) from error
            day = not hasattr(instant, "hour")
            return Term(Type.DATE, bound(instant, "date"), instant) if day else Term(Type.TIMESTAMP, bound(instant, "timestamptz"), instant)
        term = self.value(node, path)
        if term.type not in INSTANTS:
            raise self.fault(path, node, f"时段的两端应为日期或时刻，这里是{LABELS[term.type]}")
        return term

    def _arrays(self, operator: str, node: Any, path: str) -> Fragment:
        terms = self._values(node, path, 2)
        for index, term in enumerate(terms):
            if term.type is not Type.ARRAY:
                raise self.fault(f"{path}/args/{index}", node["args"][index], f"{node['op']} 要数组，这里是{LABELS[term.type]}")
        a, b = terms
        if a.items is b.items and a.items is not None:
            return put(ARRAYS[operator], a=a.sql, b=b.sql)
        # Items of several types are compared as JSON, in which equal values are written alike.
        loose = [put("quanjing_items(to_jsonb({}))", term.sql) for term in terms]
        return put(ARRAYS[operator], a=loose[0], b=loose[1])

    # Values -------------------------------------------------------------------------------------------------------------

    def value(self, node: Any, path: str = "") -> Term:
        """Return an expression with its type."""
        match node:
            case None:
                raise self.fault(path, node, "NULL 不能参与比较，请用 IS NULL")
            case bool():
                return Term(Type.BOOLEAN, Fragment("TRUE" if node else "FALSE"), node)
            case int() | float():
                return self._number(node, path)
            case str():
                return Term(Type.TEXT, bound(node, "text"), node)
            case list():
                return self._array(node, path)
        build = self._operation if "op" in node else self._property if "property" in node else self._literal
        return build(node, path)

    def _number(self, node: float, path: str) -> Term:
        try:
            value = float(node)
        except OverflowError as error:
            raise self.fault(path, str(node), "数太大") from error
        if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 — NaN
            raise self.fault(path, str(node), "数太大")
        return Term(Type.NUMBER, bound(value, "double precision"), value)

    def _property(self, node: Any, path: str) -> Term:
        name = node["property"]
        found = self.layer.queryables.get(name) if isinstance(name, str) else None
        if found is None:
            raise self.fault(path, node, f"没有属性 {name!s:.60}；可用的有 {'、'.join(self.layer.queryables)}")
        return Term(found.type, found.sql, items=found.items)

    def _literal(self, node: Any, path: str) -> Term:
        try:
            if "date" in node:
                day = date_of(node["date"])
                return Term(Type.DATE, bound(day, "date"), day)
            if "timestamp" in node:
                instant = timestamp_of(node["timestamp"])
                return Term(Type.TIMESTAMP, bound(instant, "timestamptz"), instant)
            if "bbox" in node:
                geometry = box_of(node["bbox"], self.system)
            elif node.get("type") in SHAPES:
                geometry = geometry_of(node, self.system)
            else:
                raise ValueError("时段只能用在时间条件里" if "interval" in node else "不是 CQL2 的值")
        except ValueError as error:
            raise self.fault(path, node, str(error)) from error
        return Term(Type.GEOMETRY, shape_literal(geometry, self.layer.srid), geometry)

    def _array(self, node: list[Any], path: str) -> Term:
        items = [self.value(one, f"{path}/{index}") for index, one in enumerate(node)]
        types = {item.type for item in items}
        type_ = next(iter(types)) if len(types) == 1 else None
        if type_ in SQL_ARRAYS:
            literals = [item.literal for item in items]
            if None not in literals:
                return Term(Type.ARRAY, bound(literals, SQL_ARRAYS[type_]), items=type_)
            array = put("ARRAY[{}]::{}", joined(", ", [item.sql for item in items]), Fragment(SQL_ARRAYS[type_]))
            return Term(Type.ARRAY, array, items=type_)
        return Term(Type.ARRAY, put("jsonb_build_array({})", joined(", ", [item.sql for item in items])))

    def _operation(self, node: Any, path: str) -> Term:
        operator, arguments = self._call(node)
        if operator in ARITHMETIC:
            return self._calculation(operator, node, path)
        if operator in CASE:
            (term,) = self._values(node, path, 1)
            if term.type is not Type.TEXT:
                raise self.fault(path, node, f"{node['op']} 要文本，这里是{LABELS[term.type]}")
            return Term(Type.TEXT, self._cased(operator, term.sql))
        if operator in ("and", "or", "not") or self._predicates(operator) is not None:
            return Term(Type.BOOLEAN, put("({})", self.predicate(node, path)))
        function = self._function(node, path)
        terms = [self.value(one, f"{path}/args/{index}") for index, one in enumerate(arguments)]
        given = tuple(term.type for term in terms)
        if given != function.arguments:
            wanted = "、".join(LABELS[type_] for type_ in function.arguments) or "没有参数"
            raise self.fault(path, node, f"{function.name} 的参数应为：{wanted}")
        try:
            return Term(function.returns, function.build(self.layer, terms))
        except ValueError as error:
            raise self.fault(path, node, str(error)) from error

    def _calculation(self, operator: str, node: Any, path: str) -> Term:
        terms = self._values(node, path, 2)
        for index, term in enumerate(terms):
            if term.type is not Type.NUMBER:
                raise self.fault(f"{path}/args/{index}", node["args"][index], f"{operator} 要数，这里是{LABELS[term.type]}")
        return Term(Type.NUMBER, put(ARITHMETIC[operator], *(term.sql for term in terms)))

    def _function(self, node: Any, path: str) -> Function:
        name = node["op"]
        found = self.layer.functions.get(name.lower()) if isinstance(name, str) and isinstance(node.get("args"), list) else None
        if found is None:
            listed = "、".join(function.name for function in self.layer.functions.values())
            raise self.fault(path, node, f"没有运算符或函数 {name!s:.60}；函数有 {listed or '（无）'}")
        return found


def compile_filter(
    text: str, layer: Layer, language: Language = "cql2-text", system: ReferenceSystem = CRS84, parameter: str = "filter"
) -> Fragment:
    """Return the condition that a CQL2 filter puts on a layer's rows.

    Parameters
    ----------
    text : str
        CQL2 in `language`.
    layer : Layer
        What is filtered.
    system : ReferenceSystem
        Of the shapes in the filter (`filter-crs`).
    parameter : str
        What an error names.

    Raises
    ------
    Invalid
        It can't be read, or says nothing sensible of this layer; names the place.
    """
    return Compiler(layer, system, parameter).predicate(parse(text, language, parameter))
