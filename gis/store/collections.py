"""What is served as collections: a kind of feature each, and tables that others keep beside them in the schemas that are named.

The one registry from which items, queryables, schemas, tiles and queries are made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from gis.kinds import COMMON_LABELS, ENUMS, GROUPS, KINDS, Attribute, Kind
from gis.store.connect import EVERYWHERE
from gis.store.filters.fragment import Fragment, bound, column, joined, put
from gis.store.filters.functions import functions_for
from gis.store.filters.terms import Layer, Queryable, Type
from gis.store.kind_tables import columns
from gis.store.related import related, table_layers
from gis.store.scope import owned_inside, placed_inside

STATE = ("alarm_level", "open_alarms", "case_count", "case_ids", "readings")
"""The three groups that every kind carries: alarms, case links, feeds."""
ATTRIBUTE_TYPES = {
    "text": Type.TEXT,
    "enum": Type.TEXT,
    "integer": Type.NUMBER,
    "number": Type.NUMBER,
    "boolean": Type.BOOLEAN,
    "date": Type.DATE,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A property of a collection's features."""

    name: str
    title: str
    type: Type | None
    """None: JSON of its own, which no filter names as a whole."""
    sql: Fragment
    """Over the relation."""
    unit: str | None = None
    codes: Mapping[str, str] | None = None
    integer: bool = False
    items: Type | None = None
    read_only: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """A set of features of one form; there is one object of each."""

    id: str
    title: str
    description: str
    geometry: str | None
    """`Point`, `LineString`, …, `Geometry` where there are several; None without."""
    srid: int
    columns: tuple[Column, ...]
    id_column: str
    geom: str = "geom"
    kind: Kind | None = None
    table: Fragment | None = None
    """Of a table that is no kind's: its name."""
    group: str | None = None
    layer: Layer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make what filters may name."""
        named = {one.name: Queryable(one.name, one.type, one.sql, one.items) for one in self.columns if one.type is not None}
        if self.geometry is not None:
            named[self.geom] = Queryable(self.geom, Type.GEOMETRY, column(self.geom))
        hidden = {one.name: Queryable(one.name, Type.TEXT, one.sql) for one in self.columns if one.type is None}
        functions = functions_for(hidden)
        if self.kind is not None:
            functions["related"] = related(related_layers)
        object.__setattr__(self, "layer", Layer(named, self.srid, functions, hidden))

    def column(self, name: str) -> Column | None:
        """Return a property by its name."""
        return next((one for one in self.columns if one.name == name), None)


def _attribute(attribute: Attribute) -> Column:
    return Column(
        attribute.name,
        attribute.label,
        ATTRIBUTE_TYPES[attribute.type],
        column(attribute.name),
        unit=attribute.unit,
        codes=ENUMS[attribute.enum] if attribute.enum else None,
        integer=attribute.type == "integer",
        required=attribute.required,
    )


def _common(name: str, type_: Type | None, sql: Fragment | None = None, title: str | None = None, **rest: Any) -> Column:
    return Column(name, title or COMMON_LABELS[name], type_, sql or column(name), **rest)


def _kind_columns(kind: Kind) -> tuple[Column, ...]:
    return (
        _common("feature_id", Type.UUID, read_only=True),
        _common("enterprise_id", Type.UUID, read_only=kind.name == "enterprise"),
        _common("code", Type.TEXT),
        _common("name", Type.TEXT),
        *map(_attribute, kind.attributes),
        _common("base_1985_m", Type.NUMBER, unit="m"),
        _common("height_m", Type.NUMBER, unit="m"),
        _common("z_min_m", Type.NUMBER, unit="m"),
        _common("z_max_m", Type.NUMBER, unit="m"),
        _common("valid_from", Type.DATE, Fragment("lower(valid)"), "有效期自", read_only=True),
        _common("valid_to", Type.DATE, Fragment("upper(valid) - 1"), "有效期至", read_only=True),
        _common("recorded_from", Type.TIMESTAMP, Fragment("lower(recorded)"), "记录时间", read_only=True),
        _common("author", Type.TEXT, read_only=True),
        _common("reason", Type.TEXT, read_only=True),
        _common("origin", Type.TEXT, read_only=True),
        _common("alarm_level", Type.NUMBER, integer=True, read_only=True),
        _common("open_alarms", Type.NUMBER, integer=True, read_only=True),
        _common("case_count", Type.NUMBER, integer=True, read_only=True),
        _common("case_ids", Type.ARRAY, items=Type.TEXT, read_only=True),
        _common("readings", None, read_only=True),
    )


def _of_kind(kind: Kind) -> Collection:
    return Collection(
        id=kind.name,
        title=kind.label,
        description=f"{kind.label}（{GROUPS[kind.group]}），带报警、监测、案件；高度相对地面，单位米",
        geometry={"PolygonZ": "Polygon"}.get(kind.geometry, kind.geometry),
        srid=4490,
        columns=_kind_columns(kind),
        id_column="feature_id",
        kind=kind,
        group=kind.group,
    )


@cache
def kind_collections() -> dict[str, Collection]:
    """Return the collections of the kinds that lie on the map, by their ids."""
    return {kind.name: _of_kind(kind) for kind in KINDS.values() if not kind.schematic}


@cache
def related_layers() -> dict[str, tuple[Fragment, Layer]]:
    """Return what a filter may ask of things of the same enterprise: all kinds, and what hangs on them."""
    kinds = {one.id: (column(f"{one.id}_view"), one.layer) for one in kind_collections().values()}
    return kinds | table_layers()


@dataclass(frozen=True, slots=True)
class Moment:
    """What of the past is asked for: the state at an instant, or all that stood in a time, each in its last version there."""

    start: datetime | None
    """None: without beginning."""
    end: datetime | None
    """None: without end. The same as `start`: an instant."""

    @property
    def instant(self) -> bool:
        """Whether it is one."""
        return self.start is not None and self.start == self.end


# Alarms as they stood at the end of what is asked for. Readings are not kept in the store's history.
PAST_STATE = """LEFT JOIN LATERAL (
    SELECT min(a.level)::smallint AS alarm_level, count(*)::integer AS open_alarms FROM alarms a
    WHERE a.feature_id = k.feature_id AND a.opened <= {until} AND (a.closed IS NULL OR a.closed > {until})
) a ON true LEFT JOIN LATERAL (
    SELECT count(*)::integer AS case_count, coalesce(array_agg(c.case_id ORDER BY c.case_id), '{{}}') AS case_ids FROM case_links c
    WHERE c.feature_id = k.feature_id AND (c.opened_on IS NULL OR c.opened_on <= ({until} AT TIME ZONE 'UTC')::date)
) c ON true"""


def relation(collection: Collection, scope: str = EVERYWHERE, moment: Moment | None = None, *, state: bool = True) -> Fragment:
    """Return what to select a collection's features from, in a scope, now or as of then; its columns are those of the kind's view.

    The statement runs in a transaction or session that carries the scope too (`gis.store.connect`): functions of filters ask for it.

    Parameters
    ----------
    collection : Collection
    scope : str
        A code of `jurisdictions`, or `*`.
    moment : Moment, optional
        None: now.
    state : bool
        Whether alarms, case links and feeds are among the columns; of the past they are always.
    """
    kind = collection.kind
    if kind is None:
        assert collection.table is not None, "a collection is a kind's or a table's"  # noqa: S101
        return collection.table
    return _present(kind.name, scope, state=state) if moment is None else _past(kind, scope, moment)


@lru_cache(maxsize=500)
def _present(kind_name: str, scope: str, *, state: bool) -> Fragment:
    """Return the same as the kind's view, in which each row is asked whose it is; here that is worked out once."""
    kind = KINDS[kind_name]
    inside = Fragment("TRUE") if scope == EVERYWHERE else Fragment(owned_inside("k.enterprise_id", "%s"), (scope,))
    names = [*columns(kind), "recorded", "author", "reason", "origin", "geom_3857"]
    listed = [column(name, "k") for name in names] + ([column(name, "s") for name in STATE] if state else [])
    return put(
        "(SELECT {} FROM {} k {} WHERE k.closed_at IS NULL AND {})",
        joined(", ", listed),
        column(kind.table),
        Fragment("LEFT JOIN feature_state s USING (feature_id)" if state else ""),
        inside,
    )


def with_state(rows: Fragment) -> Fragment:
    """Return rows of a relation without state, with it, in the same order."""
    state = joined(", ", [column(name, "s") for name in STATE])
    # One look each, so that no other kind of join brings them out of order.
    return put(
        "(SELECT p.*, s.* FROM {} p LEFT JOIN LATERAL"
        " (SELECT {} FROM feature_state s WHERE s.feature_id = p.feature_id OFFSET 0) s ON true)",
        rows,
        state,
    )


def _past(kind: Kind, scope: str, moment: Moment) -> Fragment:
    listed = joined(", ", [column(name) for name in (*columns(kind), "geom_3857", "recorded", "author", "reason", "origin")])
    if moment.instant:
        when = put("recorded @> {}", bound(moment.start, "timestamptz"))
    else:
        when = put("recorded && tstzrange({}, {}, '[]')", bound(moment.start, "timestamptz"), bound(moment.end, "timestamptz"))
    versions = put(
        "SELECT {listed} FROM {now} WHERE {when} AND closed_at IS NULL"
        " UNION ALL SELECT {listed} FROM {past} WHERE {when} AND closed_at IS NULL",
        listed=listed,
        when=when,
        now=column(kind.table),
        past=column(f"{kind.table}_history"),
    )
    if not moment.instant:
        versions = put("SELECT DISTINCT ON (feature_id) * FROM ({}) v ORDER BY feature_id, lower(recorded) DESC", versions)
    # Whose it is now decides, as in its history.
    within = Fragment("TRUE") if scope == EVERYWHERE else Fragment(placed_inside("f.jurisdiction", "%s"), (scope,))
    return put(
        "(SELECT k.*, a.alarm_level, a.open_alarms, c.case_count, c.case_ids,"
        " '{{}}'::jsonb AS readings FROM ({}) k JOIN features f USING (feature_id) {} WHERE {})",
        versions,
        put(PAST_STATE, until=bound(moment.end, "timestamptz") if moment.end else Fragment("now()")),
        within,
    )


TABLES = """
SELECT c.oid, n.nspname AS schema, c.relname AS name, coalesce(obj_description(c.oid, 'pg_class'), '') AS description,
    g.f_geometry_column AS geom, g.srid, g.type AS geometry, g.coord_dimension AS dimension,
    (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
     WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1) AS id_column
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN geometry_columns g ON g.f_table_schema = n.nspname AND g.f_table_name = c.relname
WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname, g.f_geometry_column
"""
COLUMNS = """
SELECT a.attname AS name, t.typname AS type, coalesce(col_description(a.attrelid, a.attnum), a.attname) AS title
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
PG_TYPES: dict[str, tuple[Type, Type | None]] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext"), (Type.TEXT, None)),
    **dict.fromkeys(("int2", "int4", "int8", "float4", "float8", "numeric"), (Type.NUMBER, None)),
    "bool": (Type.BOOLEAN, None),
    "date": (Type.DATE, None),
    "timestamptz": (Type.TIMESTAMP, None),
    "timestamp": (Type.TIMESTAMP, None),
    "uuid": (Type.UUID, None),
    "_text": (Type.ARRAY, Type.TEXT),
    "_varchar": (Type.ARRAY, Type.TEXT),
    **dict.fromkeys(("_int2", "_int4", "_int8", "_float4", "_float8", "_numeric"), (Type.ARRAY, Type.NUMBER)),
    "_bool": (Type.ARRAY, Type.BOOLEAN),
    "_date": (Type.ARRAY, Type.DATE),
}
"""Of PostgreSQL: how a filter sees it; what is missing is JSON or text of its own."""
CASTS = {
    "timestamp": "({} AT TIME ZONE 'UTC')",
    "_varchar": "{}::text[]",
    **dict.fromkeys(("_int2", "_int4", "_int8", "_float4", "_numeric"), "{}::double precision[]"),
}
INTEGERS = ("int2", "int4", "int8")


def _table_column(row: Mapping[str, Any]) -> Column:
    type_, items = PG_TYPES.get(row["type"], (None, None))
    sql = column(row["name"])
    if row["type"] in CASTS:
        sql = Fragment(CASTS[row["type"]].format(sql.text))
    return Column(row["name"], row["title"], type_, sql, integer=row["type"] in INTEGERS, items=items, read_only=True)


def _of_table(row: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]) -> Collection | None:
    """Return a table as a collection; None where it has no key to name a feature by, or its shapes no system."""
    if row["id_column"] is None or row["srid"] <= 0:
        return None
    shapes = {"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon", "MULTIPOINT": "MultiPoint"}
    shapes |= {"MULTILINESTRING": "MultiLineString", "MULTIPOLYGON": "MultiPolygon"}
    return Collection(
        id=row["name"],
        title=row["description"] or row["name"],
        description=f"{row['schema']}.{row['name']}",
        geometry=shapes.get(row["geometry"], "Geometry"),
        srid=row["srid"],
        columns=tuple(_table_column(one) for one in listed if one["type"] not in ("geometry", "geography")),
        id_column=row["id_column"],
        geom=row["geom"],
        table=column(row["name"], row["schema"]),
    )


async def table_collections(connection: AsyncConnection, schemas: Sequence[str]) -> dict[str, Collection]:
    """Return the tables with shapes and a key in the named schemas, by name; a kind's name is taken."""
    found: dict[str, Collection] = {}
    if not schemas:
        return found
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(TABLES, [list(schemas)])
        for row in await cursor.fetchall():
            await cursor.execute(COLUMNS, [row["oid"]])
            collection = _of_table(row, await cursor.fetchall())
            if collection is not None and collection.id not in kind_collections():
                found.setdefault(collection.id, collection)
    return found
