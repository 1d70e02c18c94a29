"""Writing many features at once: COPY for what is new, one UPDATE for all that change the same columns.

The tables' own triggers do the rest, a statement at a time; so it is the same whether one row comes or a hundred thousand.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, cast
from uuid import UUID

import orjson
import shapely
from psycopg import Connection, sql
from shapely.geometry.base import BaseGeometry

from gis.geometry.matching import shapes_of
from gis.kinds import Kind
from gis.models.plan import PlanFeature
from gis.store.kind_tables import COMMON, SQL_TYPES
from gis.store.known import HEIGHTS, Source
from gis.store.spots import said
from gis.store.texts import keepable

LINES = 2000
"""Lines of COPY in one piece."""
NULL = r"\N"
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
"""What COPY's text format escapes (PostgreSQL 15, COPY, text format)."""

Change = tuple[UUID, Mapping[str, Any]]
"""A feature and its new values by column; `geom` as WKB, EPSG:4490, `shape` as JSON."""


def wkb_of(shapes: Sequence[BaseGeometry], dimension: int = 3) -> list[bytes]:
    """Return shapes as PostGIS writes them (ISO WKB, little-endian), without SRID: their columns know it."""
    return cast("list[bytes]", shapely.to_wkb(shapes_of(shapes), flavor="iso", byte_order=1, output_dimension=dimension).tolist())


def json_of(shape: dict[str, Any] | None) -> str | None:
    """Return a native shape as JSON; what is no number becomes null."""
    if shape is None:
        return None
    try:
        text = orjson.dumps(shape, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    except TypeError:
        # Half a character in the name of a block.
        text = orjson.dumps(keepable(shape)).decode()
    return text.replace("\\u0000", "\\ufffd")


def _line(values: Iterable[Any]) -> list[str]:
    return [NULL if value is None else str(value) for value in values]


def _text(values: Iterable[str | None]) -> list[str]:
    return [NULL if value is None else value if value.isprintable() and "\\" not in value else value.translate(ESCAPES) for value in values]


def _array(values: Iterable[str]) -> str:
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}"


def _copy(connection: Connection[Any], table: str, columns: Mapping[str, Sequence[str]]) -> None:
    listed = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    lines = map("\t".join, zip(*columns.values(), strict=True))
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), listed)) as copy:
        while piece := list(islice(lines, LINES)):
            copy.write("\n".join(piece) + "\n")


def insert_features(connection: Connection[Any], kind: Kind, enterprise_id: UUID, rows: Sequence[tuple[UUID, PlanFeature]]) -> None:
    """Insert new features of one kind."""
    features = [feature for _, feature in rows]
    columns = {
        "feature_id": [feature_id.hex for feature_id, _ in rows],
        "enterprise_id": [enterprise_id.hex] * len(rows),
        "code": _text(feature.code for feature in features),
        "name": _text(feature.name for feature in features),
        "shape": _text(json_of(feature.shape) for feature in features),
    }
    if not kind.schematic:
        columns["geom"] = [wkb.hex() for wkb in wkb_of([feature.geom for feature in features])]
    values = [said(feature) for feature in features]
    told = {name for row in values for name in row}
    types = dict.fromkeys(HEIGHTS, "number") | {attribute.name: attribute.type for attribute in kind.attributes}
    for name in told & types.keys():
        column = [row.get(name) for row in values]
        columns[name] = _text(column) if types[name] in ("text", "enum") else _line(column)
    _copy(connection, kind.table, columns)


def update_features(connection: Connection[Any], kind: Kind, names: Sequence[str], changes: Sequence[Change]) -> None:
    """Update features of one kind that change the same columns."""
    types = COMMON | {attribute.name: SQL_TYPES[attribute.type] for attribute in kind.attributes} | {"geom": "bytea", "shape": "text"}
    read = {"geom": sql.SQL("ST_SetSRID(ST_GeomFromWKB(u.geom), 4490)"), "shape": sql.SQL("u.shape::jsonb")}
    listed = [sql.Identifier(name) for name in names]
    # Types are the registry's own, never anybody's text.
    arrays = [sql.SQL("%s::uuid[]"), *(sql.SQL(f"%s::{types[name]}[]") for name in names)]  # type: ignore[arg-type,unused-ignore]
    query = sql.SQL("UPDATE {table} k SET {set} FROM unnest({arrays}) AS u (feature_id, {names}) WHERE k.feature_id = u.feature_id").format(
        table=sql.Identifier(kind.table),
        set=sql.SQL(", ").join(
            sql.SQL("{} = {}").format(column, read.get(name, sql.SQL("u.{}").format(column)))
            for name, column in zip(names, listed, strict=True)
        ),
        arrays=sql.SQL(", ").join(arrays),
        names=sql.SQL(", ").join(listed),
    )
    connection.execute(query, [[id_ for id_, _ in changes], *([row[name] for _, row in changes] for name in names)])


def close_features(connection: Connection[Any], kind: Kind, ids: Sequence[UUID]) -> None:
    """Close features of one kind."""
    query = sql.SQL("UPDATE {} SET closed_at = clock_timestamp() WHERE feature_id = ANY (%s)").format(sql.Identifier(kind.table))
    connection.execute(query, [list(ids)])


def insert_sources(connection: Connection[Any], enterprise_id: UUID, drawing_kind: str, rows: Sequence[tuple[UUID, Source]]) -> None:
    """Insert sources of a lineage."""
    listed = [source for _, source in rows]
    columns = {
        "feature_id": [feature_id.hex for feature_id, _ in rows],
        "enterprise_id": [enterprise_id.hex] * len(rows),
        "drawing_kind": [drawing_kind] * len(rows),
        "handle": _text(source.handle for source in listed),
        "handles": _text(_array(source.handles) for source in listed),
        "label_handle": _text(source.label_handle for source in listed),
        "layer": _text(source.layer for source in listed),
        "drawn": [source.drawn.hex() for source in listed],
    }
    _copy(connection, "feature_sources", columns)
