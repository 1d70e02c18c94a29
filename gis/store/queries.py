"""What inspectors ask of the map: functions over a scoped snapshot, each an `Answer` to be shown as a table or as GeoJSON."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import numpy as np
import orjson
import shapely
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from shapely import wkb
from shapely.geometry import Point

from gis.crs import lonlat_to_xy, xy_to_lonlat
from gis.errors import Invalid, NotFound
from gis.geojson import feature_collection
from gis.geometry.rivers import along, downstream
from gis.kinds import ENUMS, KINDS
from gis.questions import AT, Query, read
from gis.store.collections import Collection, kind_collections, related_layers
from gis.store.filters.compiler import compile_filter, shape_literal
from gis.store.filters.fragment import Fragment, bound, column, joined, put
from gis.store.items import FAULTS
from gis.store.near import COLUMNS, MOST_ROWS, LonLat, checked_place, checked_radius, collections_of, condition, nearest_sql, within_sql
from gis.supervision.outlets import ONLINE

Row = dict[str, Any]
SNAP_M = 1_000.0
"""How far an outlet may lie from the river that it discharges into, metres."""
WATER_KINDS = ("water_station", "water_source", "river_outlet", "receptor")
"""What lies downstream that an inspector asks for first."""
LABELS = {
    "kind_label": "类别",
    "name": "名称",
    "code": "编号",
    "enterprise": "企业",
    "type": "类型",
    "distance_m": "距离（m）",
    "bearing_deg": "方位（°）",
    "along_m": "沿河（m）",
    "away_m": "离河（m）",
    "alarm_level": "报警等级",
    "open_alarms": "未关闭报警",
    "case_count": "案件",
    "medium": "介质",
    "floor": "楼层",
    "z_min_m": "底（m）",
    "z_max_m": "顶（m）",
    "area_m2": "面积（m²）",
    "length_m": "长度（m）",
    "perimeter_m": "周长（m）",
    "group": "分组",
    "count": "数量",
    "enterprises": "企业数",
    "alarms": "未关闭报警",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows with their columns in order; `geometry` (GeoJSON) and `feature_id` are in the rows beside them."""

    columns: tuple[str, ...]
    rows: list[Row]

    def geojson(self) -> dict[str, Any]:
        """Return them as a feature collection (EPSG:4490 degrees)."""
        return feature_collection(self.rows)


async def _rows(connection: AsyncConnection, statement: Fragment, parameter: str = "filter") -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        try:
            # Composed of this package's own text and quoted names; values are parameters.
            await cursor.execute(statement.text, statement.values)  # type: ignore[call-overload,unused-ignore]
            return await cursor.fetchall()
        except FAULTS as error:
            raise Invalid(parameter, f"数据库不能这样查询：{error.diag.message_primary or error}") from error


def _point(at: LonLat) -> Fragment:
    return shape_literal(Point(*checked_place(at)), 4490)


SHOWN: LiteralString = """feature_id, {kind} AS kind, {label} AS kind_label, {type}::text AS type, enterprise_id, code, name,
    alarm_level, open_alarms, case_count, geom"""


def _listed(collection: Collection) -> Fragment:
    """Return the columns that every kind shows."""
    assert collection.kind is not None, "queries are of kinds"  # noqa: S101
    type_ = collection.kind.type_attribute
    named = {"kind": bound(collection.id, "text"), "label": bound(collection.title, "text")}
    return put(SHOWN, **named, type=column(type_) if type_ else Fragment("NULL"))


def _view(collection: Collection) -> Fragment:
    return column(f"{collection.id}_view")


# Distance and bearing of what is near: of an area, to its nearest edge and to its middle.
MEASURED: LiteralString = """
SELECT n.*, e.name AS enterprise, ST_AsGeoJSON(n.geom, 7, 0)::json AS geometry,
    round(ST_Distance(n.geom::geography, {at}::geography)::numeric, 1)::double precision AS distance_m,
    round(degrees(ST_Azimuth({at}::geography, ST_Centroid(n.geom)::geography))::numeric, 1)::double precision AS bearing_deg
FROM ({near}) n LEFT JOIN enterprise_view e ON e.feature_id = n.enterprise_id
"""


def _shown(rows: list[Row]) -> list[Row]:
    """Return rows without what they were only found by, types as words."""
    for row in rows:
        row.pop("geom", None)
        kind = KINDS.get(row.get("kind", ""))
        if kind and kind.type_attribute and row.get("type"):
            codes = ENUMS.get(kind.attribute(kind.type_attribute).enum or "", {})
            row["type"] = codes.get(row["type"], row["type"])
    return rows


async def within(connection: AsyncConnection, at: LonLat, radius: float, kind: Sequence[str] = (), filter: str | None = None) -> Answer:  # noqa: A002
    """Return what lies within a radius of a point, nearest first.

    Parameters
    ----------
    connection : AsyncConnection
        On a snapshot that sees a scope.
    at : tuple of float
        Longitude, latitude (EPSG:4490, degrees).
    radius : float
        Metres, on the ellipsoid.
    kind : sequence of str
        Kinds; all where none is named.
    filter : str, optional
        CQL2 on each of them.

    Raises
    ------
    Invalid
        No such kind, point, radius or filter.
    """
    return await _near(connection, within_sql(radius, at, kind, filter))


async def _near(connection: AsyncConnection, statement: Fragment) -> Answer:
    (found,) = await _rows(connection, put("SELECT ({}) AS rows", statement))
    rows: list[Row] = orjson.loads(b"[%b]" % found["rows"])
    for row in rows:
        row["feature_id"], row["distance_m"] = UUID(row["feature_id"]), float(row["distance_m"])
        row["enterprise_id"] = UUID(row["enterprise_id"]) if row["enterprise_id"] else None
    return Answer(COLUMNS, rows)


async def nearest(connection: AsyncConnection, at: LonLat, count: int = 10, kind: Sequence[str] = (), filter: str | None = None) -> Answer:  # noqa: A002
    """Return the nearest features of some kinds to a point, in metres on the ellipsoid; parameters and errors as of `within`."""
    return await _near(connection, nearest_sql(count, at, kind, filter))


async def upwind(
    connection: AsyncConnection,
    at: LonLat,
    wind: float,
    radius: float = 5000.0,
    *,
    half: float = 30.0,
    kind: Sequence[str] = ("enterprise",),
) -> Answer:
    """Return what lies upwind of a point: where the wind comes from, within an angle to both sides.

    Parameters
    ----------
    connection, at, kind
        As of `within`.
    wind : float
        Where it comes from, degrees clockwise from north.
    radius : float
        How far to look, metres.
    half : float
        Half of the angle, degrees.

    Raises
    ------
    Invalid
        An angle or another parameter is wrong.
    """
    if not 0 <= wind <= 360:
        raise Invalid("wind", "风向应在 0 到 360 度之间（来向，正北为 0）")
    if not 0 < half <= 180:
        raise Invalid("half", "应在 0 到 180 度之间")
    answer = await within(connection, at, radius, kind)

    def off(row: Row) -> float:
        return abs((float(row["bearing_deg"]) - wind + 180) % 360 - 180)

    return Answer(COLUMNS, [row for row in answer.rows if row["bearing_deg"] is not None and off(row) <= half])


RIVERS = "SELECT feature_id, name, ST_AsBinary(geom) AS wkb FROM river_view ORDER BY feature_id"
PLACE: LiteralString = """SELECT kind, ST_X(ST_PointOnSurface(geom)) AS lon, ST_Y(ST_PointOnSurface(geom)) AS lat
    FROM feature_view WHERE feature_id = {}"""
DOWN_COLUMNS = ("along_m", "away_m", "kind_label", "name", "code", "enterprise", "type", "alarm_level")


async def place_of(connection: AsyncConnection, feature_id: UUID) -> LonLat:
    """Return a point on a feature; raises NotFound."""
    rows = await _rows(connection, put(PLACE, bound(feature_id, "uuid")))
    if not rows:
        raise NotFound(f"没有标识为 {feature_id} 的要素")
    return rows[0]["lon"], rows[0]["lat"]


async def name_of(connection: AsyncConnection, feature_id: UUID) -> str:
    """Return what a feature is called, its code where it has no name; raises NotFound."""
    rows = await _rows(
        connection,
        put("SELECT coalesce(nullif(name, ''), code, kind) AS name FROM feature_view WHERE feature_id = {}", bound(feature_id, "uuid")),
    )
    if not rows:
        raise NotFound(f"没有标识为 {feature_id} 的要素")
    return str(rows[0]["name"])


async def down(
    connection: AsyncConnection, at: LonLat, distance: float = 20_000.0, width: float = 500.0, kind: Sequence[str] = WATER_KINDS
) -> Answer:
    """Return what lies downstream of a point along the rivers, in the order that the water comes to it, and the way of the water.

    Parameters
    ----------
    connection, kind
        As of `within`.
    at : tuple of float
        The outlet, within a kilometre of a river: longitude, latitude (EPSG:4490, degrees).
    distance : float
        How far down, metres.
    width : float
        How far from the water, metres.

    Raises
    ------
    Invalid
        A parameter is wrong.
    NotFound
        No river is near.
    """
    _point(at)
    checked_radius("distance", distance)
    checked_radius("width", width)
    rivers = await _rows(connection, Fragment(RIVERS))
    lines = [shapely.transform(wkb.loads(bytes(row["wkb"])), lonlat_to_xy) for row in rivers]
    reaches = downstream(lines, Point(*lonlat_to_xy(np.array([at]))[0]), snap_m=SNAP_M, most_m=distance)
    if not reaches:
        raise NotFound(f"{at[0]:.5f},{at[1]:.5f} 附近 {SNAP_M:.0f} 米内没有河流")
    corridor = shapely.union_all([reach.line.buffer(width) for reach in reaches])
    shape = shape_literal(shapely.make_valid(shapely.transform(corridor, xy_to_lonlat)), 4490)
    near = [put("SELECT {} FROM {} f WHERE ST_Intersects(geom, {})", _listed(one), _view(one), shape) for one in collections_of(kind)]
    found = await _rows(connection, put(MEASURED, at=_point(at), near=joined(" UNION ALL ", near)))
    for row in found:
        where = shapely.transform(shapely.from_geojson(orjson.dumps(row["geometry"])), lonlat_to_xy)
        touched = shapely.ops.nearest_points(shapely.union_all([reach.line for reach in reaches]), where)[0]
        row["along_m"], row["away_m"] = round(along(reaches, touched)[0], 1), round(where.distance(touched), 1)
    ways = [
        {
            "feature_id": rivers[reach.river]["feature_id"],
            "kind": "river",
            "kind_label": KINDS["river"].label,
            "name": rivers[reach.river]["name"],
            "along_m": round(reach.before_m, 1),
            "length_m": round(reach.line.length, 1),
            "geometry": orjson.loads(shapely.to_geojson(shapely.transform(reach.line, xy_to_lonlat))),
        }
        for reach in reaches
    ]
    return Answer(DOWN_COLUMNS, sorted([*ways, *_shown(found)], key=lambda row: (row["along_m"], row["kind"] != "river")))


UNWATCHED: LiteralString = """
SELECT o.feature_id, 'outlet' AS kind, o.name, o.code, o.medium, o.outlet_class AS type, o.alarm_level, e.name AS enterprise,
    ST_AsGeoJSON(o.geom, 7, 0)::json AS geometry
FROM outlet_view o LEFT JOIN enterprise_view e ON e.feature_id = o.enterprise_id
WHERE o.medium = ANY ({media}) AND ({all} OR o.outlet_class = 'main') AND NOT EXISTS (
    SELECT FROM monitoring_point_view m WHERE m.enterprise_id = o.enterprise_id
        AND (o.medium, m.monitor_type) IN (SELECT * FROM unnest({media}, {monitors}))
        AND o.code = ANY (regexp_split_to_array(coalesce(m.outlet_code, ''), '[^0-9A-Za-z-]+')))
ORDER BY e.name, o.code, o.feature_id LIMIT {most}
"""


async def unwatched(connection: AsyncConnection, *, every: bool = False) -> Answer:
    """Return the outlets of waste gas and water that have no online monitor of their medium: the main ones, or all of them."""
    statement = put(
        UNWATCHED,
        media=bound(list(ONLINE), "text[]"),
        monitors=bound(list(ONLINE.values()), "text[]"),
        all=bound(every, "boolean"),
        most=bound(MOST_ROWS, "bigint"),
    )
    return Answer(("enterprise", "code", "name", "medium", "type", "alarm_level"), await _rows(connection, statement))


async def select(connection: AsyncConnection, kind: Sequence[str], filter: str | None = None, limit: int = 100) -> Answer:  # noqa: A002
    """Return the features of some kinds that meet a CQL2 filter; `related('outlet', '…')` asks of what belongs to the same enterprise.

    Raises
    ------
    Invalid
        No such kind, or the filter is wrong.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid("limit", f"应在 1 到 {MOST_ROWS} 之间")
    selected = [put("SELECT {} FROM {} f WHERE {}", _listed(one), _view(one), condition(one, filter)) for one in collections_of(kind)]
    statement = put(
        "SELECT n.*, e.name AS enterprise, ST_AsGeoJSON(n.geom, 7, 0)::json AS geometry FROM ({}) n"
        " LEFT JOIN enterprise_view e ON e.feature_id = n.enterprise_id ORDER BY n.name, n.feature_id LIMIT {}",
        joined(" UNION ALL ", selected),
        bound(limit, "bigint"),
    )
    columns = ("name", "code", "type", "enterprise", "alarm_level", "open_alarms", "case_count")
    return Answer(columns if len(kind) == 1 else ("kind_label", *columns), _shown(await _rows(connection, statement)))


MEASURE: LiteralString = """
SELECT feature_id, kind, name, code, round(ST_Area(geom::geography)::numeric, 2)::double precision AS area_m2,
    CASE WHEN ST_Dimension(geom) = 1 THEN round(ST_Length(geom::geography)::numeric, 3)::double precision END AS length_m,
    CASE WHEN ST_Dimension(geom) = 2 THEN round(ST_Perimeter(geom::geography)::numeric, 3)::double precision END AS perimeter_m,
    ST_AsGeoJSON(geom, 9, 0)::json AS geometry
FROM (SELECT feature_id, kind, name, code, ST_Force2D(geom) AS geom FROM feature_view WHERE feature_id = {}) f
"""


async def measure(connection: AsyncConnection, feature: UUID) -> Answer:
    """Return area, length and perimeter of a feature on the ellipsoid, metres; raises NotFound."""
    rows = await _rows(connection, put(MEASURE, bound(feature, "uuid")))
    if not rows:
        raise NotFound(f"没有标识为 {feature} 的要素")
    return Answer(("name", "code", "area_m2", "length_m", "perimeter_m"), rows)


GROUPS: Mapping[str, LiteralString] = {
    "county": "coalesce(j.name, '（无）')",
    "industry": "coalesce(e.industry, '（无）')",
    "month": "to_char(({when})::timestamptz AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')",
    "enterprise": "coalesce(e.name, '（无）')",
}
WHENS = {"alarm": "opened", "case": "opened_on", "permit": "valid_to", "problem": "since"}
"""What the month is of: of features, when they were recorded."""
COUNT: LiteralString = """
SELECT {group} AS "group", count(*)::integer AS count, count(DISTINCT r.enterprise_id)::integer AS enterprises
FROM {source} r LEFT JOIN enterprise_view e ON e.feature_id = r.enterprise_id LEFT JOIN jurisdictions j ON j.code = e.jurisdiction
WHERE {condition} GROUP BY 1 ORDER BY {order}, 1
"""


async def count(connection: AsyncConnection, kind: str, by: str = "county", filter: str | None = None) -> Answer:  # noqa: A002
    """Count features of a kind, or alarms, cases, permits, problems, by county, industry, month (Beijing), enterprise.

    Raises
    ------
    Invalid
        No such kind or group, or the filter is wrong.
    """
    layers = related_layers()
    if kind not in layers:
        raise Invalid("kind", f"没有 {kind:.60}；可用的有 {'、'.join(layers)}")
    if by not in GROUPS:
        raise Invalid("by", f"不能按 {by:.40} 分组；可用的有 {'、'.join(GROUPS)}")
    source, layer = layers[kind]
    condition = compile_filter(filter, layer) if filter else Fragment("TRUE")
    when = column(WHENS[kind], "r") if kind in WHENS else Fragment("lower(r.recorded)")
    inner = put("(SELECT * FROM {} f WHERE {})", source, condition)
    statement = put(
        COUNT,
        group=put(GROUPS[by], when=when),
        source=inner,
        condition=Fragment("TRUE"),
        order=Fragment("1" if by == "month" else "2 DESC"),
    )
    return Answer(("group", "count", "enterprises"), await _rows(connection, statement))


STANDING: LiteralString = """
SELECT n.*, e.name AS enterprise, ST_AsGeoJSON(n.geom, 7, 0)::json AS geometry FROM ({near}) n
LEFT JOIN enterprise_view e ON e.feature_id = n.enterprise_id ORDER BY n.z_max_m - n.z_min_m, n.feature_id
"""


async def standing(connection: AsyncConnection, at: LonLat, height: float) -> Answer:
    """Return in what a point of space lies: which tank, which building and which of its floors, which 3D parcel.

    Parameters
    ----------
    connection, at
        As of `within`.
    height : float
        Metres above the ground there, negative below it.
    """
    point = _point(at)
    solid = [one for one in kind_collections().values() if one.kind and one.kind.form == "solid"]
    near = []
    for one in solid:
        storeys = column("storeys") if one.column("storeys") else Fragment("NULL::integer")
        near.append(
            put(
                "SELECT {}, coalesce(z_min_m, 0) AS z_min_m, z_max_m, {} AS storeys FROM {} f WHERE ST_Intersects(geom, {}) AND"
                " coalesce(z_min_m, 0) <= {height} AND z_max_m >= {height}",
                _listed(one),
                storeys,
                _view(one),
                point,
                height=bound(height, "double precision"),
            )
        )
    rows = await _rows(connection, put(STANDING, near=joined(" UNION ALL ", near)))
    for row in rows:
        storeys = row.pop("storeys")
        whole = row["z_max_m"] - row["z_min_m"]
        row["floor"] = min(storeys, int((height - row["z_min_m"]) / whole * storeys) + 1) if storeys and whole > 0 else None
    return Answer(("kind_label", "name", "code", "floor", "z_min_m", "z_max_m", "enterprise", "alarm_level"), _shown(rows))


ANSWERS: Mapping[str, Callable[..., Awaitable[Answer]]] = {
    one.__name__: one for one in (within, nearest, down, upwind, unwatched, select, measure, count, standing)
}


async def ask(connection: AsyncConnection, query: Query, given: Mapping[str, str]) -> Answer:
    """Answer a question whose parameters are given as text.

    Raises
    ------
    Invalid
        One of them is unknown, missing or wrong.
    NotFound
        What it speaks of is not there.
    """
    values = read(query, given)
    feature = values.pop("feature", None) if AT in query.parameters else None
    if feature is not None:
        values["at"] = await place_of(connection, feature)
    return await ANSWERS[query.answers](connection, **values)
