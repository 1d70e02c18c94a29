"""Reading features: rows for lists, cards, history and models, each from one snapshot (`gis.store.connect.snapshot`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import shapely
from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row
from shapely import wkb
from shapely.geometry.base import BaseGeometry

from gis.errors import NotFound
from gis.kinds import COMMON_LABELS, ENUMS, KINDS, Attribute, Kind
from gis.models.alarm import worded
from gis.models.feature import Feature, Site, State
from gis.store.kind_tables import columns

Row = dict[str, Any]

# What lies around a plant, and where its pipes and survey marks lead to, says nothing about how large it is.
ENTERPRISES = """
SELECT e.feature_id, e.name, e.code AS source_code, e.credit_code, e.industry, e.industry_code, e.address,
    e.jurisdiction AS county, (SELECT name FROM jurisdictions WHERE code = e.jurisdiction) AS county_name,
    ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat, t.version, own.alarm_level, own.open_alarms, own.feature_count,
    (SELECT count(DISTINCT case_id)::integer FROM case_links JOIN features f USING (feature_id)
     WHERE f.enterprise_id = e.feature_id) AS case_count,
    (SELECT coalesce(jsonb_object_agg(level, count), '{}') FROM (SELECT a.level, count(*) FROM alarms a JOIN features f USING (feature_id)
     WHERE f.enterprise_id = e.feature_id AND a.closed IS NULL GROUP BY a.level) levels) AS alarms_by_level,
    greatest(50, ST_Length(ST_MakeLine(ST_Point(ST_XMin(own.extent), ST_YMin(own.extent), 4326),
        ST_Point(ST_XMax(own.extent), ST_YMax(own.extent), 4326))::geography) / 2) AS radius_m
FROM enterprise_view e
    JOIN LATERAL (
        SELECT min(v.alarm_level) AS alarm_level, sum(v.open_alarms)::integer AS open_alarms,
            count(v.feature_id) FILTER (WHERE v.kind <> 'enterprise')::integer AS feature_count,
            coalesce(ST_Extent(v.geom) FILTER (WHERE ST_Dimension(v.geom) = 2 AND v.kind NOT IN ('receptor', 'river')),
                ST_Extent(v.geom) FILTER (WHERE v.kind NOT IN ('receptor', 'river', 'river_outlet', 'elevation_point'))) AS extent
        FROM feature_view v WHERE v.enterprise_id = e.feature_id
    ) own ON true
    LEFT JOIN tilesets t ON t.enterprise_id = e.feature_id
ORDER BY e.name, e.feature_id
"""

STATE = "alarm_level, open_alarms, case_count, case_ids, readings"

SUMMARIES = f"""
SELECT feature_id, kind, type, name, code, ST_X(p) AS lon, ST_Y(p) AS lat,
    coalesce(z_min_m, 0) AS z_min_m, coalesce(z_max_m, 0) AS z_max_m, {STATE}
FROM (SELECT *, ST_PointOnSurface(geom) AS p FROM feature_view WHERE enterprise_id = %s AND kind <> 'enterprise') v
ORDER BY kind, name, feature_id
"""

ALARMS = """
SELECT alarm_id, level, rule, message, opened, closed, state, cleared, due, assignee, outcome, escalated, due < now() AS overdue FROM alarms
WHERE feature_id = %s ORDER BY (closed IS NOT NULL), opened DESC, alarm_id LIMIT 20
"""

CASES = "SELECT case_id, title, opened_on, status FROM case_links WHERE feature_id = %s ORDER BY opened_on DESC NULLS LAST, case_id"

PLACE = "SELECT name FROM jurisdictions WHERE code = %s"
OWNER = "SELECT feature_id, name FROM enterprise_view WHERE feature_id = %s"

STATES = f"SELECT feature_id, {STATE} FROM feature_state WHERE feature_id = ANY (%s)"

STANDING = "SELECT DISTINCT kind FROM features WHERE enterprise_id = %s"

VERSIONS = "SELECT enterprise_id, version FROM tilesets WHERE enterprise_id = ANY (%s)"


async def _rows(connection: AsyncConnection, query: str | sql.Composed, parameters: list[Any] | None = None) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        # The text is a constant of this module, or composed of quoted names; values are always parameters.
        await cursor.execute(query, parameters)  # type: ignore[call-overload,unused-ignore]
        return await cursor.fetchall()


def _view(kind: Kind) -> sql.Identifier:
    return sql.Identifier(f"{kind.name}_view")


async def enterprise_name(connection: AsyncConnection, enterprise_id: UUID) -> str:
    """Return the name of an enterprise; raises NotFound."""
    rows = await _rows(connection, OWNER, [enterprise_id])
    if not rows:
        raise NotFound(f"没有标识为 {enterprise_id} 的企业")
    name: str = rows[0]["name"]
    return name


async def kind_of(connection: AsyncConnection, feature_id: UUID) -> Kind:
    """Return the kind of a feature; raises NotFound."""
    rows = await _rows(connection, "SELECT kind FROM features WHERE feature_id = %s AND quanjing_in_scope(jurisdiction)", [feature_id])
    if not rows:
        raise NotFound(f"没有标识为 {feature_id} 的要素")
    return KINDS[rows[0]["kind"]]


async def enterprises(connection: AsyncConnection) -> list[Row]:
    """Return every visible enterprise with its open alarms, cases, extent and current tileset version."""
    return await _rows(connection, ENTERPRISES)


CITY_LAYERS = ("county", "river", "water_source", "air_station", "water_station")
"""Kinds that a map of the whole city shows beside the enterprises."""
TOLERANCE = 0.0004
"""To which lines are thinned, degrees: a pixel of a map of the whole city."""


async def city_layer(connection: AsyncConnection, kind: Kind) -> list[Row]:
    """Return the features of a kind that belong to no enterprise, thinned, as GeoJSON features."""
    query = sql.SQL(
        "SELECT feature_id, code, name, ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, %s), 6)::jsonb AS geometry"
        " FROM {view} WHERE enterprise_id IS NULL ORDER BY code, feature_id"
    ).format(view=_view(kind))
    rows = await _rows(connection, query, [TOLERANCE])
    return [
        {
            "type": "Feature",
            "geometry": row["geometry"],
            "properties": {"feature_id": row["feature_id"], "code": row["code"], "name": row["name"]},
        }
        for row in rows
    ]


async def summaries(connection: AsyncConnection, enterprise_id: UUID) -> list[Row]:
    """Return an enterprise's features with a point on each and its state."""
    return [_with_state(row) for row in await _rows(connection, SUMMARIES, [enterprise_id])]


def _with_state(row: Row) -> Row:
    state = {name: row.pop(name) for name in ("alarm_level", "open_alarms", "case_count", "case_ids", "readings")}
    return {**row, "state": state}


async def states(connection: AsyncConnection, feature_ids: list[UUID]) -> dict[UUID, Row]:
    """Return the state of each feature."""
    return {row["feature_id"]: _with_state(row)["state"] for row in await _rows(connection, STATES, [feature_ids])}


async def versions(connection: AsyncConnection, enterprise_ids: list[UUID]) -> dict[UUID, str]:
    """Return the current tileset version of each enterprise that has one."""
    return {row["enterprise_id"]: row["version"] for row in await _rows(connection, VERSIONS, [enterprise_ids])}


def shown(attribute: Attribute | None, value: Any) -> str:
    """Return a value as people read it: enum labels, units, at most three decimals.

    >>> shown(None, 12.50001)
    '12.5'
    """
    if value is None:
        return "—"
    if attribute and attribute.enum:
        return ENUMS[attribute.enum].get(value, str(value))
    if isinstance(value, bool):
        return "是" if value else "否"
    text = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f"{text} {attribute.unit}" if attribute and attribute.unit else text


HEIGHTS = ("height_m", "base_1985_m")


def _attributes(kind: Kind, row: Mapping[str, Any], named: Mapping[str, str]) -> list[Row]:
    """Return what is known of a feature, ready to show; `named`: attribute → what its code is called."""
    listed: list[Row] = []
    for attribute in kind.attributes:
        value = row[attribute.name]
        text = named.get(attribute.name) or shown(attribute, value)
        listed.append({"name": attribute.name, "label": attribute.label, "value": value, "unit": attribute.unit, "text": text})
    for name in HEIGHTS:
        # What is a mark on a plan has no height to speak of.
        if row[name] is not None and (name, row[name]) != ("height_m", 0):
            text = f"{shown(None, float(row[name]))} m"
            listed.append({"name": name, "label": COMMON_LABELS[name], "value": row[name], "unit": "m", "text": text})
    return listed


async def card(connection: AsyncConnection, feature_id: UUID) -> Row:
    """Return all that a person asks of a feature: attributes, alarms, readings, case links, and who recorded it.

    Raises
    ------
    NotFound
        No such feature, or it is closed, or out of scope.
    """
    kind = await kind_of(connection, feature_id)
    query = sql.SQL(
        "SELECT *, ST_X(ST_PointOnSurface(geom)) AS lon, ST_Y(ST_PointOnSurface(geom)) AS lat, lower(recorded) AS recorded_from "
        "FROM {} WHERE feature_id = %s"
    ).format(_view(kind))
    rows = await _rows(connection, query, [feature_id])
    if not rows:
        raise NotFound(f"要素 {feature_id} 已关闭")
    row = _with_state(rows[0])
    owners = await _rows(connection, OWNER, [row["enterprise_id"]])
    places = await _rows(connection, PLACE, [row["jurisdiction"]]) if "jurisdiction" in row else []
    same = ("feature_id", "name", "code", "lon", "lat", "state", "recorded_from", "author", "reason")
    return {name: row[name] for name in same} | {
        "kind": kind.name,
        "kind_label": kind.label,
        "type": row[kind.type_attribute] if kind.type_attribute else None,
        "z_min_m": row["z_min_m"] or 0.0,
        "z_max_m": row["z_max_m"] or 0.0,
        "enterprise": owners[0] if owners else None,
        "attributes": _attributes(kind, row, {"jurisdiction": places[0]["name"]} if places else {}),
        "alarms": [worded(row) for row in await _rows(connection, ALARMS, [feature_id])],
        "cases": await _rows(connection, CASES, [feature_id]),
    }


def said_otherwise(kind: Kind, old: Row, new: Row) -> list[Row]:
    """Return which columns but the shape differ between two versions of a feature, as people read them: name, label, old, new."""
    listed: list[Row] = []
    attributes = {attribute.name: attribute for attribute in kind.attributes}
    for name in columns(kind):
        if name in ("geom", "shape") or old[name] == new[name]:
            continue
        attribute = attributes.get(name)
        label = attribute.label if attribute else COMMON_LABELS.get(name, name)
        listed.append({"name": name, "label": label, "old": shown(attribute, old[name]), "new": shown(attribute, new[name])})
    return listed


def _difference(kind: Kind, old: Row | None, new: Row) -> list[Row]:
    """Return what a version changed against the one before it; of the first, nothing."""
    if old is None:
        return []
    listed = said_otherwise(kind, old, new)
    if old["geom"] != new["geom"]:
        moved = f"移动 {new['moved_m']:.2f} m" if new["moved_m"] else "已修改"
        listed.append({"name": "geom", "label": "图形", "old": "原图形", "new": moved})
    return listed


async def history(connection: AsyncConnection, feature_id: UUID) -> list[Row]:
    """Return a feature's versions, newest first: when, who, why, and what each changed.

    Raises
    ------
    NotFound
        No such feature in the caller's scope.
    """
    kind = await kind_of(connection, feature_id)
    listed = sql.SQL(", ").join(sql.Identifier(name) for name in [*columns(kind), "recorded", "author", "reason", "origin"])
    query = sql.SQL(
        "SELECT *, ST_Distance(ST_Centroid(ST_Transform(geom, 4545)), "
        "ST_Centroid(ST_Transform(lag(geom) OVER w, 4545))) AS moved_m, lower(recorded) AS recorded_from, upper(recorded) AS recorded_to "
        "FROM (SELECT {c} FROM {t} WHERE feature_id = %s UNION ALL SELECT {c} FROM {h} WHERE feature_id = %s) v "
        "WINDOW w AS (ORDER BY lower(recorded)) ORDER BY lower(recorded)"
    ).format(c=listed, t=sql.Identifier(kind.table), h=sql.Identifier(f"{kind.table}_history"))
    rows = await _rows(connection, query, [feature_id, feature_id])
    same = ("recorded_from", "recorded_to", "author", "reason", "origin")
    versions = [
        {name: row[name] for name in same} | {"changes": _difference(kind, rows[index - 1] if index else None, row)}
        for index, row in enumerate(rows)
    ]
    return versions[::-1]


CALM = State()
"""What nothing is open of: the same for very many."""


def _state(row: Mapping[str, Any]) -> State:
    told = (row["alarm_level"], row["open_alarms"], row["case_count"], row["case_ids"], row["readings"])
    return State(*told[:3], tuple(told[3] or ()), told[4] or {}) if any(told) else CALM


def _feature(kind: Kind, row: Mapping[str, Any], geom: BaseGeometry, state: State) -> Feature:
    return Feature(
        feature_id=row["feature_id"],
        kind=kind.name,
        enterprise_id=row["enterprise_id"],
        code=row["code"],
        name=row["name"],
        geom=geom,
        base_1985_m=row["base_1985_m"],
        height_m=row["height_m"],
        z_min_m=row["z_min_m"],
        z_max_m=row["z_max_m"],
        attributes={attribute.name: row[attribute.name] for attribute in kind.attributes},
        state=state,
        recorded_from=row["recorded_from"],
    )


def feature_of(kind: Kind, row: Mapping[str, Any]) -> Feature:
    """Return a row of a kind's view, with `wkb` and `recorded_from` beside its columns, as a feature."""
    return _feature(kind, row, wkb.loads(bytes(row["wkb"])), _state(row))


AT_ONCE = 1000
"""Rows that are read together."""
COUNTED = ("alarm_level", "open_alarms", "case_count")
PLAIN = ("feature_id", "enterprise_id", "code", "name", "base_1985_m", "height_m", "z_min_m", "z_max_m")


def plain_columns(kind: Kind) -> sql.Composed:
    """Return the columns of a kind's view that a feature is made of, but for its shape, its state and when it was recorded."""
    names = dict.fromkeys((*PLAIN, *(attribute.name for attribute in kind.attributes)))
    return sql.SQL(", ").join(map(sql.Identifier, names))


def features_of(kind: Kind, rows: Sequence[Row]) -> list[Feature]:
    """Return rows of `plain_columns`, with `wkb` and `recorded_from` beside them, as features in no state of the day."""
    shapes = shapely.from_wkb([row["wkb"] for row in rows])
    return [_feature(kind, row, geom, CALM) for row, geom in zip(rows, shapes, strict=True)]


async def _features(connection: AsyncConnection, kind: Kind, enterprise_id: UUID, only: list[UUID] | None = None) -> list[Feature]:
    """Return the features of a kind that an enterprise has, in the order of their ids; of some ids alone where they are given."""
    # What is not needed is not sent: shapes come thrice in the view, and ranges, lists and JSON are read slowly.
    query = sql.SQL(
        "SELECT {}, {}, nullif(case_ids, '{{}}') AS case_ids, nullif(readings, '{{}}') AS readings, ST_AsBinary(geom) AS wkb,"
        " lower(recorded) AS recorded_from FROM {} WHERE enterprise_id = %(owner)s{} ORDER BY feature_id"
    ).format(
        plain_columns(kind),
        sql.SQL(", ").join(map(sql.Identifier, COUNTED)),
        _view(kind),
        sql.SQL("" if only is None else " AND feature_id = ANY (%(only)s)"),
    )
    async with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(query, {"owner": enterprise_id, "only": only})
        found: list[Feature] = []
        # Some at a time: a row as a dictionary takes as much memory as the feature.
        while rows := await cursor.fetchmany(AT_ONCE):
            shapes = shapely.from_wkb([row["wkb"] for row in rows])
            for row in rows:
                # One object for all of them, not one each.
                row["enterprise_id"] = enterprise_id
            found += [_feature(kind, row, geom, _state(row)) for row, geom in zip(rows, shapes, strict=True)]
    return found


async def as_they_are(connection: AsyncConnection, enterprise_id: UUID, asked: Mapping[UUID, str]) -> dict[UUID, Feature | None]:
    """Return some features of an enterprise by id; None of those that are none of its any more.

    Parameters
    ----------
    connection : AsyncConnection
    enterprise_id : UUID
    asked : mapping
        Feature id → name of its kind.
    """
    found: dict[UUID, Feature | None] = dict.fromkeys(asked)
    for name in sorted(set(asked.values())):
        only = [feature_id for feature_id, kind in asked.items() if kind == name]
        found |= {feature.feature_id: feature for feature in await _features(connection, KINDS[name], enterprise_id, only)}
    return found


async def site(connection: AsyncConnection, enterprise_id: UUID, origin: tuple[float, float, float], state_epoch: datetime) -> Site:
    """Return an enterprise with all its features, to be modelled at a stored origin.

    Raises
    ------
    NotFound
        No such enterprise.
    """
    features: dict[str, list[Feature]] = {}
    standing = {row["kind"] for row in await _rows(connection, STANDING, [enterprise_id])}
    for kind in KINDS.values():
        if kind.schematic or kind.name not in standing:
            continue
        features[kind.name] = await _features(connection, kind, enterprise_id)
    if not features.get("enterprise"):
        raise NotFound(f"没有标识为 {enterprise_id} 的企业")
    enterprise = features.pop("enterprise")[0]
    return Site(enterprise, origin, tuple(feature for listed in features.values() for feature in listed), state_epoch)
