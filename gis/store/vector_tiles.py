"""Vector tiles (Mapbox Vector Tile 2.1) as PostgreSQL makes them: one composite tile of all layers asked for, one query, bytes.

A layer is named as its kind. Each feature has a number of its own as its id, `feature_id`, `type`, `alarm_level` and `case_count` where
it has them, from the zoom at which a map names it `name` and `code`, and from `FULL_ZOOM` on what `gis.kinds` marks as `in_tile`.
An outline lies in as many tiles as it reaches into: in the one that holds its point on surface `anchor` is true, for symbol and name.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from psycopg import AsyncConnection, AsyncRawCursor, sql

from gis.errors import Invalid
from gis.kinds import DETAIL_ZOOM, KINDS, Kind
from gis.store import scope as scopes
from gis.store.collections import Moment, kind_collections, relation
from gis.store.connect import EVERYWHERE
from gis.store.filters.fragment import Fragment
from gis.store.items import FAULTS, filtered
from gis.store.line import first_row

EXTENT, BUFFER = 4096, 64
"""Units of a tile's side, and how far beyond it features reach."""
MAX_ZOOM = 16
"""Beyond it a client enlarges: a unit is 15 cm there."""
FULL_ZOOM = 16
HALF_M = math.pi * 6378137.0
"""Half the side of the square of EPSG:3857."""
SIMPLE = 2
"""Units by which outlines of large things may differ from what is stored, a quarter of a pixel of a tile of 512."""
PIXEL = 8
"""Units of a pixel: an area smaller than it, asked for above the zoom of its kind, is left out."""
CELL = 64
"""Units of the square that holds one point at most above the zoom of its kind."""
SPARSE_CELL = 512
"""The same for kinds of which one of a crowd is shown, as far as `FULL_ZOOM`: 64 pixels of a tile of 512."""
ID_BITS = (1 << 53) - 1
"""What a JavaScript number holds exactly."""


@dataclass(frozen=True, slots=True)
class TileQuery:
    """What is asked of every tile: all that decides its bytes beside its place and the data."""

    scope: str = EVERYWHERE
    layers: tuple[str, ...] | None = None
    """Names of kinds, sorted; None for each kind from its zoom on."""
    as_of: datetime | None = None
    """What the store knew at an instant; None for now."""
    filter: str | None = None
    """CQL2 text that every feature of `layers` meets."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A tile of WebMercatorQuad (OGC 17-083r4, D.1): row 0 is the northernmost."""

    z: int
    x: int
    y: int


def mapped() -> tuple[str, ...]:
    """Return the names of the kinds that lie on a map, in the registry's order."""
    return tuple(kind.name for kind in KINDS.values() if not kind.schematic)


def layer_names(text: str, parameter: str = "collections") -> tuple[str, ...]:
    """Return the kinds that a list of collections names, by kind or by table; raises Invalid where there is no such one."""
    known = {name: name for name in mapped()} | {KINDS[name].table: name for name in mapped()}
    listed = [name for name in text.split(",") if name]
    unknown = [name for name in listed if name not in known]
    if unknown or not listed:
        raise Invalid(parameter, f"没有图层 {'、'.join(unknown) or '（空）'}；可用的有 {'、'.join(mapped())}")
    return tuple(sorted({known[name] for name in listed}))


def instant(text: str, parameter: str) -> datetime:
    """Return an instant of RFC 3339; raises Invalid."""
    try:
        # A plus that was not escaped arrives as a blank.
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid(parameter, f"{text!r} 不是带时区的时刻；例如 2026-03-01T08:00:00Z")
    return at


def bounds(place: Place) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a tile, metres of EPSG:3857.

    >>> bounds(Place(1, 1, 0)) == (0.0, 0.0, HALF_M, HALF_M)
    True
    """
    side = 2 * HALF_M / (1 << place.z)
    # Neighbours say the same number of the side between them, so that a point on it lies in one of them.
    return place.x * side - HALF_M, HALF_M - (place.y + 1) * side, (place.x + 1) * side - HALF_M, HALF_M - place.y * side


def covering(bbox: Sequence[float], z: int, margin: float = BUFFER / EXTENT) -> tuple[int, int, int, int]:
    """Return the first and last column and the first and last row of the tiles of a zoom in which a box may be seen.

    Parameters
    ----------
    bbox : sequence of float
        West, south, east, north, degrees (EPSG:4490).
    z : int
    margin : float
        How far a tile looks beyond its sides, in sides.
    """
    west, south, east, north = bbox
    last = (1 << z) - 1

    def column(lon: float) -> float:
        return (lon + 180) / 360 * (last + 1)

    def row(lat: float) -> float:
        lat = max(-89.0, min(89.0, lat))
        return (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * (last + 1)

    def kept(number: float) -> int:
        return max(0, min(last, math.floor(number)))

    return kept(column(west) - margin), kept(column(east) + margin), kept(row(north) - margin), kept(row(south) + margin)


def _shown(kind: Kind, z: int) -> str:
    """Return the SQL of a shape in the units of the tile, thinned to what its zoom shows."""
    shape = "k.geom_3857"
    if kind.geometry != "Point" and z < DETAIL_ZOOM:
        shape = f"ST_Simplify({shape}, {SIDE} * {SIMPLE} / {EXTENT}, true)"
    return f"ST_AsMVTGeom({shape}, {TILE}, {EXTENT}, {BUFFER}, true)"


# Parameters by name, not rows of a table expression: a statement of thirty layers would begin with a hundred small plans.
SIDE = "($3::double precision - $1::double precision)"
TILE, WHOLE, SEEN = "$5::box2d", "$6::geometry", "$7::geometry"
"""The tile, the same as a shape, and that with what is seen beyond it."""
GIVEN = 7
ANCHOR = f"""CASE WHEN k.geom_3857 @ {WHOLE} THEN true
        WHEN (SELECT ST_X(p) >= $1 AND ST_X(p) < $3 AND ST_Y(p) >= $2 AND ST_Y(p) < $4
            FROM (SELECT ST_PointOnSurface(k.geom_3857) AS p OFFSET 0) inner_point) THEN true END AS anchor"""


def _properties(kind: Kind, z: int) -> list[str]:
    listed = [f"uuid_hash_extended(k.feature_id, 0) & {ID_BITS} AS id", "k.feature_id::text AS feature_id"]
    if kind.type_attribute:
        listed.append(f"k.{kind.type_attribute} AS type")
    if kind.areal:
        listed.append(ANCHOR)
    listed += ["s.alarm_level", "s.case_count"]
    if z >= kind.named_zoom:
        listed += ["nullif(k.name, '') AS name", "k.code"]
    if z >= FULL_ZOOM:
        listed += [f"k.{a.name}" for a in kind.attributes if a.in_tile and a.name != kind.type_attribute]
    return listed


def _columns(kind: Kind) -> str:
    own = [attribute.name for attribute in kind.attributes if attribute.in_tile or attribute.name == kind.type_attribute]
    return ", ".join(["feature_id", "enterprise_id", "code", "name", *own])


def _rows(kind: Kind, past: str | None) -> str:
    """Return where a layer's rows come from, as `k`: the table, or the versions of an instant."""
    inside = f"geom_3857 && {SEEN} AND closed_at IS NULL"
    if past is None:
        return f"(SELECT {_columns(kind)}, geom_3857 FROM {kind.table} WHERE {inside}) k"
    before = "geom && (SELECT degrees FROM box) AND closed_at IS NULL"
    return f"""(SELECT {_columns(kind)}, geom_3857 FROM {kind.table} WHERE {inside} AND lower(recorded) <= {past}
        UNION ALL SELECT {_columns(kind)}, geom_3857 FROM {kind.table}_history WHERE {before} AND recorded @> {past}) k"""


INSIDE = "(f.jurisdiction IS NULL OR f.jurisdiction IN (SELECT code FROM places))"
OWNED = "(k.enterprise_id IS NULL OR k.enterprise_id IN (SELECT feature_id FROM owners))"
"""The conditions of `gis.store.scope`, over what the statement works out once for its thirty layers."""


def _layer(kind: Kind, z: int, past: str | None, scope: str | None, rows: str | None = None) -> str:
    conditions, joins, distinct, order = [], "LEFT JOIN s USING (feature_id)", "", ""
    if scope and past:
        # Whose it is now decides, as in its history.
        joins += " JOIN features f USING (feature_id)"
        conditions.append(INSIDE)
    elif scope:
        conditions.append(OWNED)
    cell_units = SPARSE_CELL if kind.sparse else CELL
    if z < (FULL_ZOOM if kind.sparse else kind.zoom):
        width, height = (f"ST_{axis}Max(k.geom_3857) - ST_{axis}Min(k.geom_3857)" for axis in "XY")
        if kind.geometry in ("Point", "Geometry"):
            cell = [f"floor(ST_{axis}Min(k.geom_3857) * {EXTENT // cell_units} / {SIDE})" for axis in "XY"]
            first = f"s.alarm_level, k.{kind.sparse} DESC NULLS LAST" if kind.sparse else "s.alarm_level"
            distinct, order = f"DISTINCT ON ({', '.join(cell)}) ", f" ORDER BY {', '.join(cell)}, {first}, k.feature_id"
        else:
            conditions.append(f"greatest({width}, {height}) >= {SIDE} * {PIXEL} / {EXTENT}")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    columns = ", ".join([f"{_shown(kind, z)} AS geom", *_properties(kind, z)])
    selected = f"SELECT {distinct}{columns} FROM {rows or _rows(kind, past)} {joins}{where}{order}"
    # A shape that is nothing at this scale is null, and left out of the tile.
    return f"coalesce((SELECT ST_AsMVT(t, '{kind.name}', {EXTENT}, 'geom', 'id') FROM ({selected}) t), '')"


NOTABLE = (
    "SELECT feature_id, alarm_level, nullif(case_count, 0) AS case_count FROM feature_state WHERE alarm_level IS NOT NULL OR case_count > 0"
)
NOTABLE_THEN = """SELECT feature_id, min(level) AS alarm_level, nullif(sum(cases), 0)::integer AS case_count FROM (
        SELECT feature_id, level, 0 AS cases FROM alarms WHERE opened <= {t} AND (closed IS NULL OR closed > {t})
        UNION ALL SELECT feature_id, NULL, 1 FROM case_links WHERE opened_on <= ({t} AT TIME ZONE 'Asia/Shanghai')::date) counted
    GROUP BY feature_id"""


def _statement(parts: Sequence[str], past: str | None, scope: str | None) -> bytes:
    # Read by nothing: it says of what type each placeholder is, also where no layer asks for it.
    types = [*("double precision",) * 4, "box2d", "geometry", "geometry"]
    typed = ", ".join(f"${number}::{type_}" for number, type_ in enumerate(types, 1))
    works = {"s": NOTABLE_THEN.format(t=past) if past else NOTABLE}
    if past:
        works["box"] = f"SELECT ST_Transform({SEEN}, 4490) AS degrees"
    if scope and past:
        works["places"] = scopes.INSIDE.format(scope=scope)
    elif scope:
        works["owners"] = scopes.OWNERS.format(scope=scope)
    listed = ", ".join(f"{name} AS MATERIALIZED ({text})" for name, text in works.items())
    return f"WITH given AS (SELECT {typed}), {listed} SELECT {' || '.join(parts)}".encode()


def _placeholders(*, past: bool, scoped: bool) -> tuple[str | None, str | None]:
    """Return how the statement names the instant and the scope, behind what is given of the tile."""
    return f"${GIVEN + 1}::timestamptz" if past else None, f"${GIVEN + 1 + past}::text" if scoped else None


@lru_cache(maxsize=1024)
def statement(layers: tuple[str, ...] | None, z: int, *, past: bool, scoped: bool) -> bytes | None:
    """Return the query of a zoom, with the placeholders of `given`; None where no layer is shown.

    Parameters
    ----------
    layers : tuple of str, optional
        Those asked for, else each from its zoom on.
    z : int
    past : bool
        Of an instant.
    scoped : bool
        For a caller who does not see everything.
    """
    kinds = [KINDS[name] for name in layers] if layers is not None else [KINDS[name] for name in mapped() if KINDS[name].zoom <= z]
    instant, scope = _placeholders(past=past, scoped=scoped)
    return _statement([_layer(kind, z, instant, scope) for kind in kinds], instant, scope) if kinds else None


def _numbered(fragment: Fragment, values: list[Any]) -> str:
    """Return a fragment's text with `$n` for its placeholders, whose values are added to those before them."""
    parts = fragment.text.split("%s")
    values += fragment.values
    first = len(values) - len(fragment.values)
    text = "".join(f"{part}${first + number}" for number, part in enumerate(parts[:-1], 1)) + parts[-1]
    return text.replace("%%", "%")


@lru_cache(maxsize=256)
def conditions(layers: tuple[str, ...], text: str) -> dict[str, Fragment]:
    """Return the condition of a filter on each layer; raises Invalid where one of them has no such property."""
    return {name: filtered(kind_collections()[name], text) for name in layers}


def _filtered(query: TileQuery, z: int, values: list[Any]) -> bytes:
    """Return the query of filtered layers; the values of the filter are added to those that are there."""
    assert query.layers is not None, "a filter is of layers that are named"  # noqa: S101
    assert query.filter is not None, "the caller looked"  # noqa: S101
    instant, scope = _placeholders(past=query.as_of is not None, scoped=query.scope != EVERYWHERE)
    moment = Moment(query.as_of, query.as_of) if query.as_of else None
    near = "geom && (SELECT degrees FROM box)" if moment else f"geom_3857 && {SEEN}"
    parts = []
    for name, condition in conditions(query.layers, query.filter).items():
        source = _numbered(relation(kind_collections()[name], EVERYWHERE, moment), values)
        where = _numbered(condition, values)
        rows = f"(SELECT {_columns(KINDS[name])}, geom_3857 FROM {source} f WHERE {near} AND {where}) k"
        parts.append(_layer(KINDS[name], z, instant, scope, rows))
    return _statement(parts, instant, scope)


def given(query: TileQuery, place: Place) -> list[Any]:
    """Return the values of a statement: the sides of the tile, the tile thrice, then the instant, then the scope."""
    west, south, east, north = sides = bounds(place)
    beyond = (east - west) * BUFFER / EXTENT
    # Shapes by two corners: only their boxes are looked at.
    return [
        *sides,
        f"BOX({west} {south},{east} {north})",
        f"SRID=3857;LINESTRING({west} {south},{east} {north})",
        f"SRID=3857;LINESTRING({west - beyond} {south - beyond},{east + beyond} {north + beyond})",
        *([query.as_of] if query.as_of else []),
        *([query.scope] if query.scope != EVERYWHERE else []),
    ]


async def vector_tile(connection: AsyncConnection[Any], query: TileQuery, place: Place) -> bytes:
    """Return a tile; empty where nothing is shown there.

    Parameters
    ----------
    connection : AsyncConnection
        In autocommit, of `configure`; one statement needs no transaction of its own.
    query : TileQuery
    place : Place

    Raises
    ------
    Invalid
        The database refuses what the filter asks.
    """
    values = given(query, place)
    if query.filter is not None:
        text = _filtered(query, place.z, values)
        cursor = AsyncRawCursor(connection)
        try:
            await cursor.execute(text, values, prepare=False, binary=True)
        except FAULTS as error:
            raise Invalid("filter", f"数据库不能这样查询：{error.diag.message_primary or error!s:.300}") from error
        row = await cursor.fetchone()
    else:
        planned = statement(query.layers, place.z, past=query.as_of is not None, scoped=query.scope != EVERYWHERE)
        if planned is None:
            return b""
        row = await first_row(connection, planned, values)
    return bytes(row[0]) if row else b""


BOXES = "SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM {} WHERE closed_at IS NULL"


async def boxes(connection: AsyncConnection[Any], kind: Kind) -> list[tuple[float, float, float, float]]:
    """Return west, south, east, north of every feature of a kind, degrees (EPSG:4490)."""
    return await (await connection.execute(sql.SQL(BOXES).format(sql.Identifier(kind.table)))).fetchall()


async def configure(connection: AsyncConnection[Any]) -> None:
    """Make a connection ready for tiles: a query of thirty layers is planned once, not for every tile."""
    await connection.set_autocommit(True)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.prepared_max = 200
