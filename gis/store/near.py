"""What is near a place, as one statement that a connection plans once: rows as JSON, ready to send."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import LiteralString

import orjson

from gis.errors import Invalid
from gis.kinds import ENUMS
from gis.store.collections import Collection, kind_collections, relation
from gis.store.filters.compiler import compile_filter
from gis.store.filters.fragment import Fragment, bound, column, joined, put

LonLat = tuple[float, float]
M_PER_DEGREE = 111_000.0
"""Metres of a degree of latitude, not more than there are."""
MOST_ROWS = 10_000
MOST_RADIUS_M = 100_000.0
COLUMNS = ("kind_label", "name", "code", "enterprise", "type", "distance_m", "bearing_deg", "alarm_level")
NUMBER = Fragment("%s::double precision")


def collections_of(kinds: Sequence[str]) -> list[Collection]:
    """Return the collections of some kinds, of all where none is named; raises Invalid."""
    known = kind_collections()
    for name in kinds:
        if name not in known:
            raise Invalid("kind", f"没有要素类 {name:.60}；可用的有 {'、'.join(known)}")
    return [known[name] for name in kinds] if kinds else list(known.values())


def checked_place(at: LonLat) -> LonLat:
    """Return a place that lies on the globe; raises Invalid."""
    lon, lat = at
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Invalid("at", "应为经度,纬度（度）")
    return at


def checked_radius(name: str, value: float) -> float:
    """Return a radius that is asked for, metres; raises Invalid."""
    if not 0 < value <= MOST_RADIUS_M:
        raise Invalid(name, f"应在 0 到 {MOST_RADIUS_M:.0f} 米之间")
    return value


def around(at: LonLat, radius_m: float) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a box that holds the circle of a radius: what the index finds it by."""
    lat_deg = radius_m / M_PER_DEGREE
    lon_deg = min(180.0, lat_deg / max(0.01, math.cos(math.radians(min(89.0, abs(at[1]) + lat_deg)))))
    return at[0] - lon_deg, at[1] - lat_deg, at[0] + lon_deg, at[1] + lat_deg


PLACE = put("SELECT at, at::geography AS globe FROM (SELECT ST_SetSRID(ST_Point({number}, {number}), 4490) AS at) p", number=NUMBER)
CIRCLE = put(
    "SELECT at, ST_MakeEnvelope({number}, {number}, {number}, {number}, 4490) AS box, {number} AS reach FROM place",
    number=NUMBER,
)
# A degree of longitude is shorter than one of latitude: the index gives so many by degrees, the farthest of them says how far to look.
REACH: LiteralString = """SELECT at, reach,
        ST_Expand(at, least(180, high / greatest(0.01, cos(radians(least(89, abs(ST_Y(at)) + high))))), high) AS box
    FROM (SELECT at, reach, reach / {} AS high FROM place, (SELECT max(d) + 0.01 AS reach FROM
        (SELECT ST_Distance(c.geom::geography, (SELECT globe FROM place)) AS d FROM ({}) c ORDER BY d LIMIT {}) d) r) h"""


def _type(collection: Collection) -> Fragment:
    """Return the words of a feature's type, as JSON."""
    kind = collection.kind
    if kind is None or kind.type_attribute is None:
        return Fragment("NULL::text")
    codes = ENUMS.get(kind.attribute(kind.type_attribute).enum or "", {})
    code = column(kind.type_attribute)
    words = bound(orjson.dumps(dict(codes)).decode(), "jsonb")
    return put("coalesce(({words} -> {code}::text)::text, to_json({code}::text)::text)", words=words, code=code)


def condition(collection: Collection, text: str | None) -> Fragment:
    """Return a filter that is asked for, true where none is; raises Invalid."""
    return put("({})", compile_filter(text, collection.layer)) if text else Fragment("TRUE")


def _source(collection: Collection, scope: str | None, text: str | None) -> Fragment:
    """Return what to select from: without state, and without a look at each owner, where neither filter nor session has to be asked."""
    return column(f"{collection.id}_view") if scope is None or text else relation(collection, scope, state=False)


def _found(collection: Collection, scope: str | None, text: str | None) -> Fragment:
    named = orjson.dumps({"kind": collection.id, "kind_label": collection.title})[1:-1].decode()
    return put(
        "SELECT feature_id, {} AS named, {} AS point, {} AS type, enterprise_id, code, name, geom,"
        " ST_Distance(geom::geography, (SELECT globe FROM place)) AS d FROM {} f"
        " WHERE geom && (SELECT box FROM circle) AND {}",
        bound(named, "text"),
        Fragment("TRUE" if collection.geometry == "Point" else "FALSE"),
        _type(collection),
        _source(collection, scope, text),
        condition(collection, text),
    )


# The owner of what is seen is seen. Bearing: of an area, to its middle. Written by hand: `row_to_json` looks up the type of every column of
# every row, which takes twice as long as all else.
ROWS: LiteralString = """SELECT convert_to(coalesce(string_agg(concat(
        '{{"geometry":', ST_AsGeoJSON(n.geom, 7, 0), ',"feature_id":"', n.feature_id, '",', n.named, ',"type":', coalesce(n.type, 'null'),
        ',"enterprise_id":', coalesce('"' || n.enterprise_id || '"', 'null'), ',"enterprise":', coalesce(to_json(e.name)::text, 'null'),
        ',"code":', coalesce(to_json(n.code)::text, 'null'), ',"name":', to_json(n.name)::text,
        ',"alarm_level":', coalesce(s.alarm_level::text, 'null'), ',"open_alarms":', coalesce(s.open_alarms::text, 'null'),
        ',"case_count":', coalesce(s.case_count::text, 'null'), ',"distance_m":', n.m, ',"bearing_deg":',
        coalesce(round(degrees(ST_Azimuth((SELECT globe FROM place),
            (CASE WHEN n.point THEN n.geom ELSE ST_Centroid(n.geom) END)::geography))::numeric, 1)::text, 'null'),
    '}}'), ',' ORDER BY n.m, n.feature_id), ''), 'UTF8')
FROM (SELECT *, round(d::numeric, 1)::double precision AS m FROM near WHERE d <= (SELECT reach FROM circle)
    ORDER BY m, feature_id LIMIT {}) n
    LEFT JOIN enterprises e ON e.feature_id = n.enterprise_id AND e.closed_at IS NULL
    LEFT JOIN feature_state s ON s.feature_id = n.feature_id"""


@lru_cache(maxsize=500)
def _statement(kinds: tuple[str, ...], text: str | None, scope: str | None, *, nearest: bool) -> Fragment:
    """Return the statement without the values that stand in front: the place, then the box and the radius of `CIRCLE`."""
    listed = collections_of(kinds)
    circle, most = CIRCLE, Fragment(str(MOST_ROWS))
    if nearest:
        most = Fragment("(SELECT count FROM asked)")
        firsts = [
            put(
                "(SELECT geom FROM {} f WHERE {} ORDER BY geom <-> (SELECT at FROM place) LIMIT {})",
                _source(one, scope, text),
                condition(one, text),
                most,
            )
            for one in listed
        ]
        circle = put(REACH, Fragment(str(M_PER_DEGREE)), joined(" UNION ALL ", firsts), most)
    return put(
        "WITH place AS MATERIALIZED ({}), {} circle AS MATERIALIZED ({}), near AS MATERIALIZED ({}) {}",
        PLACE,
        Fragment("asked AS MATERIALIZED (SELECT %s::bigint AS count)," if nearest else ""),
        circle,
        joined(" UNION ALL ", [_found(one, scope, text) for one in listed]),
        put(ROWS, most),
    )


def within_sql(radius: float, at: LonLat, kinds: Sequence[str] = (), text: str | None = None, scope: str | None = None) -> Fragment:
    """Return the statement of what lies within a radius of a point, nearest first: JSON objects with commas between them.

    Parameters
    ----------
    radius : float
        Metres, on the ellipsoid.
    at : tuple of float
        Longitude, latitude (EPSG:4490, degrees).
    kinds : sequence of str
        All where none is named.
    text : str, optional
        CQL2 on each of them.
    scope : str, optional
        That of the session, where it is known.

    Raises
    ------
    Invalid
        No such kind, point, radius or filter.
    """
    lon, lat = checked_place(at)
    checked_radius("radius", radius)
    one = _statement(tuple(kinds), text, scope, nearest=False)
    return Fragment(one.text, (lon, lat, *around(at, radius), radius, *one.values))


def nearest_sql(count: int, at: LonLat, kinds: Sequence[str] = (), text: str | None = None, scope: str | None = None) -> Fragment:
    """Return the statement of the nearest features to a point, in metres on the ellipsoid; all else as of `within_sql`."""
    if not 1 <= count <= 1000:
        raise Invalid("count", "应在 1 到 1000 之间")
    lon, lat = checked_place(at)
    one = _statement(tuple(kinds), text, scope, nearest=True)
    return Fragment(one.text, (lon, lat, count, *one.values))
