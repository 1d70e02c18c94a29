"""Pages of features as GeoJSON, made in the database and handed on as bytes: one statement, one snapshot."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection
from shapely.geometry.base import BaseGeometry

from gis.errors import Forbidden, Invalid, NotFound
from gis.reference_systems import CRS84, ReferenceSystem
from gis.store.collections import STATE, Collection, Column, Moment, relation, with_state
from gis.store.connect import EVERYWHERE
from gis.store.filters.compiler import compile_filter, shape_literal
from gis.store.filters.fragment import Fragment, bound, column, joined, put
from gis.store.filters.terms import Type
from gis.store.filters.tree import Language
from gis.store.filters.values import date_of, timestamp_of
from gis.store.kept import VERSION, Kept
from gis.store.line import first_row, numbered

MOST_ITEMS = 10_000
MOST_OFFSET = 10_000_000
DIGITS_DEGREES, DIGITS_METRES = 9, 4
"""Decimals of coordinates: a tenth of a millimetre."""

FAULTS = (
    psycopg.DataError,
    psycopg.InternalError,
    psycopg.NotSupportedError,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.QueryCanceled,
    psycopg.ProgrammingError,
)
"""What a filter may still bring about in the database: numbers out of range, shapes that GEOS refuses, more than a statement holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Which features of a collection, as whom, and as of when; compared as an object, as statements are kept for it."""

    collection: Collection
    scope: str = EVERYWHERE
    conditions: tuple[Fragment, ...] = ()
    moment: Moment | None = None

    @property
    def source(self) -> Fragment:
        """What they are selected from."""
        return relation(self.collection, self.scope, self.moment)

    @property
    def where(self) -> Fragment:
        """The condition on them."""
        return joined(" AND ", self.conditions) if self.conditions else Fragment("TRUE")


@dataclass(frozen=True, slots=True)
class Grounds:
    """Ellipsoid heights of the ground, metres, as models stand on it."""

    elsewhere_m: float = 0.0
    """Of what belongs to no enterprise, and where no terrain is."""
    of_enterprises: str = ""
    """JSON object, enterprise → height; empty where there is no terrain."""


LEVEL = Grounds()


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """How they are shown; compared as an object."""

    system: ReferenceSystem = CRS84
    order: tuple[Fragment, ...] = ()
    limit: int = 10
    offset: int = 0
    properties: tuple[str, ...] | None = None
    """None: all."""
    ground: Grounds = LEVEL
    """For systems with heights."""
    geometry: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Features as they are sent."""

    version: str
    matched: int
    returned: int
    features: bytes
    """GeoJSON features with commas between them."""


# Conditions -------------------------------------------------------------------------------------------------------------


def within(collection: Collection, geometry: BaseGeometry) -> Fragment:
    """Return the condition that a feature meets a shape of longitude and latitude."""
    if collection.geometry is None:
        return Fragment("TRUE")
    return put("ST_Intersects({}, {})", column(collection.geom), shape_literal(geometry, collection.srid))


def _ground(ground: Grounds) -> Fragment:
    """Return the ellipsoid height of the ground under a feature."""
    elsewhere = bound(ground.elsewhere_m, "double precision")
    if not ground.of_enterprises:
        return elsewhere
    known = bound(ground.of_enterprises, "jsonb")
    return put("coalesce(({} ->> enterprise_id::text)::double precision, {})", known, elsewhere)


def between_heights(collection: Collection, bottom_m: float, top_m: float, ground: Grounds) -> Fragment:
    """Return the condition that a feature reaches into a range of ellipsoid heights; what has no height stands on the ground."""
    if collection.kind is None:
        return Fragment("TRUE")
    return put(
        "(coalesce(z_min_m, 0) + {ground} <= {top} AND coalesce(z_max_m, z_min_m, 0) + {ground} >= {bottom})",
        ground=_ground(ground),
        top=bound(top_m, "double precision"),
        bottom=bound(bottom_m, "double precision"),
    )


def filtered(
    collection: Collection, text: str, language: Language = "cql2-text", system: ReferenceSystem = CRS84, parameter: str = "filter"
) -> Fragment:
    """Return the condition of a CQL2 filter; raises Invalid."""
    return put("({})", compile_filter(text, collection.layer, language, system, parameter))


def equals(column_: Column, text: str) -> Fragment:
    """Return the condition that a property has a value, given as a query parameter; raises Invalid."""
    try:
        match column_.type:
            case Type.TEXT:
                value = bound(text, "text")
            case Type.NUMBER:
                value = bound(float(text), "double precision")
            case Type.UUID:
                value = bound(UUID(text), "uuid")
            case Type.DATE:
                value = bound(date_of(text), "date")
            case Type.TIMESTAMP:
                value = bound(timestamp_of(text), "timestamptz")
            case Type.BOOLEAN:
                value = bound({"true": True, "false": False}[text.lower()], "boolean")
            case _:
                raise ValueError("这个属性不能这样查询，请用 filter")
    except (ValueError, KeyError) as error:
        raise Invalid(column_.name, f"值 {text:.60} 有误：{error}") from error
    return put("{} = {}", column_.sql, value)


def ordered(collection: Collection, text: str) -> tuple[Fragment, ...]:
    """Return the order that `sortby` asks for: names with `+` or `-` before them (OGC API - Records, sorting); raises Invalid."""
    parts = []
    for given in text.split(","):
        name, down = given.strip().removeprefix("+").removeprefix("-").strip(), given.strip().startswith("-")
        found = collection.column(name)
        if found is None or found.type in (None, Type.ARRAY):
            names = "、".join(one.name for one in collection.columns if one.type not in (None, Type.ARRAY))
            raise Invalid("sortby", f"不能按 {name:.60} 排序；可用的有 {names}")
        parts.append(put("{} DESC NULLS LAST" if down else "{} ASC NULLS LAST", found.sql))
    return tuple(parts)


# Statements -------------------------------------------------------------------------------------------------------------


def geometry_sql(collection: Collection, system: ReferenceSystem, ground: Grounds) -> Fragment:
    """Return a feature's shape in the system that is asked for, its axes in the order of that system."""
    if collection.geometry is None:
        return Fragment("NULL::geometry")
    geom = column(collection.geom)
    if system.height:
        if collection.kind is None:
            return geom if collection.srid in (4490, 4326) else put("ST_Transform({}, 4490)", geom)
        under = _ground(ground)
        if collection.kind.geometry == "PolygonZ":
            return put("ST_Translate({}, 0, 0, {})", geom, under)
        return put("ST_Force3DZ({}, {} + coalesce(z_min_m, 0))", geom, under)
    flat = put("ST_Force2D({})", geom) if collection.kind and collection.kind.geometry == "PolygonZ" else geom
    if system.geographic and collection.srid in (4490, 4326):
        moved = flat
    elif system.srid == 3857 and collection.kind is not None:
        moved = put("ST_Force2D({})", column("geom_3857"))
    else:
        moved = put("ST_Transform({}, {})", flat, Fragment(str(system.srid)))
    return put("ST_FlipCoordinates({})", moved) if system.swapped else moved


def feature_sql(collection: Collection, view: View) -> Fragment:
    """Return one feature as GeoJSON text."""
    return _feature(collection, view.system, view.properties, view.ground, geometry=view.geometry)


@lru_cache(maxsize=500)
def _feature(
    collection: Collection, system: ReferenceSystem, properties: tuple[str, ...] | None, ground: Grounds, *, geometry: bool
) -> Fragment:
    shown = [one for one in collection.columns if properties is None or one.name in properties]
    named = joined(", ", [put("{} AS {}", one.sql, column(one.name)) for one in shown])
    id_ = column(collection.id_column)
    quoted = put("'\"' || {} || '\"'", id_) if collection.kind else put("to_json({})::text", id_)
    members = put("row_to_json((SELECT p FROM (SELECT {}) p))::text", named) if shown else Fragment("'{}'")
    digits = DIGITS_DEGREES if system.geographic else DIGITS_METRES
    return put(
        """'{{"type":"Feature","id":' || {} || ',"geometry":' || coalesce(ST_AsGeoJSON({}, {}, 0), 'null')
        || ',"properties":' || {} || '}}'""",
        quoted,
        geometry_sql(collection, system, ground) if geometry else Fragment("NULL::geometry"),
        Fragment(str(digits)),
        members,
    )


def _version(collection: Collection) -> Fragment:
    return Fragment(VERSION) if collection.kind else Fragment("''::text")


@lru_cache(maxsize=500)
def page_sql(selection: Selection, view: View, *, count: bool) -> Fragment:
    """Return the statement of a page: version, count, how many it holds, and its features as bytes."""
    collection, where = selection.collection, selection.where
    order = joined(", ", [*view.order, column(collection.id_column)])
    total = put("(SELECT count(*) FROM {} f WHERE {})", selection.source, where) if count else Fragment("NULL::bigint")
    late = collection.kind is not None and selection.moment is None and not _names_state(where, order)
    rows = put(
        "(SELECT * FROM {} f WHERE {} ORDER BY {} LIMIT {} OFFSET {})",
        relation(collection, selection.scope, selection.moment, state=not late),
        where,
        order,
        bound(view.limit, "bigint"),
        bound(view.offset, "bigint"),
    )
    return put(
        "SELECT {}, {}, count(*), convert_to(coalesce(string_agg({}, ','), ''), 'UTF8') FROM {} f",
        _version(collection),
        total,
        feature_sql(collection, view),
        # What is skipped needs no state, so it is joined to the page alone.
        with_state(rows) if late else rows,
    )


def _names_state(*parts: Fragment) -> bool:
    return any(f'"{name}"' in part.text for part in parts for name in STATE)


_SCOPES: WeakKeyDictionary[AsyncConnection, str] = WeakKeyDictionary()
"""The scope that each connection's session carries; a new one has none, which sees all."""


_ASKED: dict[str, int] = {}
"""How often each statement was asked for."""
OFTEN, MOST_ASKED = 3, 5000


def _comes_again(text: str) -> bool:
    """Tell whether a statement is worth a plan that is kept; notes that it was asked for."""
    times = _ASKED.get(text, 0) + 1
    if times <= OFTEN:
        if len(_ASKED) >= MOST_ASKED:
            _ASKED.clear()
        _ASKED[text] = times
    return times > OFTEN


async def run(connection: AsyncConnection, scope: str, statement: Fragment, parameter: str = "filter") -> tuple[Any, ...] | None:
    """Run one statement in a scope and return its first row.

    The connection is in autocommit and used for nothing else, so the statement has a snapshot of its own, and the scope stays with the
    session: the next statement in it is one round trip.

    Raises
    ------
    Forbidden
        The scope is empty: in SQL that means "not said", which sees everything.
    Invalid
        The database refuses what the filter asks.
    """
    if not scope:
        raise Forbidden("没有辖区，不能查看")
    try:
        if _SCOPES.get(connection, EVERYWHERE) != scope:
            await connection.execute("SELECT set_config('quanjing.scope', %s, false)", [scope])
            _SCOPES[connection] = scope
        if _comes_again(statement.text):
            return await first_row(connection, numbered(statement.text), statement.values)
        cursor = connection.cursor(binary=True)
        # Composed of this package's own text and quoted names; values are parameters.
        await cursor.execute(statement.text, statement.values)  # type: ignore[call-overload,unused-ignore]
        return await cursor.fetchone()
    except FAULTS as error:
        message = error.diag.message_primary or str(error)
        raise Invalid(parameter, f"数据库不能这样查询：{message:.300}") from error


async def page(connection: AsyncConnection, selection: Selection, view: View, counts: Kept[int]) -> Page:
    """Return a page of features; raises Invalid."""
    key = _counted(selection)
    known = counts.get(key) if selection.collection.kind else None
    row = await run(connection, selection.scope, page_sql(selection, view, count=known is None))
    assert row is not None, "an aggregate has a row"  # noqa: S101
    version, counted, returned, features = row
    if counted is None and known is not None:
        counted = known[1] if known[0] == version else await matched(connection, selection)
    counts.put(key, version, counted)
    return Page(version, counted, returned, features)


@lru_cache(maxsize=500)
def _counted(selection: Selection) -> tuple[Any, ...]:
    """Return what the count of a selection depends on, beside the data."""
    where = selection.where
    return selection.collection.id, selection.scope, selection.moment, where.text, repr(where.values)


async def matched(connection: AsyncConnection, selection: Selection) -> int:
    """Return how many features a selection has; raises Invalid."""
    row = await run(connection, selection.scope, put("SELECT count(*) FROM {} f WHERE {}", selection.source, selection.where))
    assert row is not None, "an aggregate has a row"  # noqa: S101
    return int(row[0])


async def current_version(connection: AsyncConnection, selection: Selection) -> str:
    """Return the version of a collection as it is now; empty where changes are not logged."""
    if selection.collection.kind is None:
        return ""
    row = await run(connection, selection.scope, Fragment(f"SELECT {VERSION}"))
    return str(row[0]) if row else ""


def identified(collection: Collection, text: str) -> Fragment:
    """Return the condition that a feature has an id, as it stands in a path.

    Raises
    ------
    NotFound
        No feature can have it.
    """
    if collection.kind is None:
        return put("{}::text = {}", column(collection.id_column), bound(text, "text"))
    try:
        return put("{} = {}", column(collection.id_column), bound(UUID(text), "uuid"))
    except ValueError:
        raise NotFound(f"没有标识为 {text:.60} 的要素") from None


async def item(connection: AsyncConnection, selection: Selection, feature_id: str, view: View) -> tuple[bytes, int | None]:
    """Return a feature as GeoJSON, and its version: microseconds of the time since when it is recorded so; None of a table.

    Raises
    ------
    NotFound
        There is none, or none in the scope, or there was none then.
    """
    collection = selection.collection
    since = "(extract(epoch FROM lower(recorded)) * 1000000)::bigint"
    statement = put(
        "SELECT convert_to({}, 'UTF8'), {} FROM {} f WHERE {}",
        feature_sql(collection, view),
        Fragment(since if collection.kind else "NULL::bigint"),
        selection.source,
        identified(collection, feature_id),
    )
    row = await run(connection, selection.scope, statement, "featureId")
    if row is None:
        raise NotFound(f"{collection.title}没有标识为 {feature_id:.60} 的要素")
    return row[0], row[1]
