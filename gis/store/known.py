"""Reading what is stored of an enterprise, as far as an import compares with it: one query a kind that has rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from psycopg import Connection, sql
from shapely.geometry.base import BaseGeometry

from gis.kinds import KINDS, Kind
from gis.models.plan import PlanFeature
from gis.store.spots import UNDIRECTED, Known
from gis.store.texts import keepable, writable

HEIGHTS = ("height_m", "z_min_m", "z_max_m")
HANDED_OUT = 10_000
"""Rows at a time: what the driver holds beside what is made of them."""

LINEAGE = """
SELECT feature_id, handle, handles, label_handle, layer, ST_AsBinary(drawn) FROM feature_sources
WHERE enterprise_id = %s AND drawing_kind = %s
"""
STANDING = "SELECT DISTINCT kind FROM features WHERE enterprise_id = %s"
MAPPED = sql.SQL("SELECT {columns}, ST_AsBinary(ST_Transform(k.geom, 4545)) FROM {table} k WHERE k.enterprise_id = %s")
SCHEMATIC = sql.SQL(
    "SELECT {columns}, ST_AsBinary(s.drawn) FROM {table} k LEFT JOIN feature_sources s "
    "ON s.feature_id = k.feature_id AND s.enterprise_id = k.enterprise_id AND s.drawing_kind = %s WHERE k.enterprise_id = %s"
)


@dataclass(frozen=True, slots=True)
class Source:
    """From what a lineage drew a feature."""

    handle: str
    handles: tuple[str, ...]
    label_handle: str | None
    layer: str
    drawn: bytes
    """WKB, EPSG:4545 metres or sheet units."""


def source_of(feature: PlanFeature, drawn: bytes) -> Source:
    """Return the source that a drawn feature names."""
    source = feature.source
    layer = source.layer if writable(source.layer) else str(keepable(source.layer))
    return Source(source.handle, source.handles, source.label_handle, layer, drawn)


def sources(connection: Connection[Any], enterprise_id: UUID, drawing_kind: str) -> dict[UUID, Source]:
    """Return the sources of a lineage by feature."""
    with connection.cursor(binary=True) as cursor:
        cursor.execute(LINEAGE, [enterprise_id, drawing_kind])
        return {row[0]: Source(row[1], tuple(row[2]), row[3], row[4], row[5]) for row in cursor}


def _rows(connection: Connection[Any], kind: Kind, enterprise_id: UUID, drawing_kind: str) -> Iterator[list[tuple[Any, ...]]]:
    names = ["feature_id", "code", "name", *HEIGHTS, *(attribute.name for attribute in kind.attributes)]
    # A point has no curves to look for.
    shape = sql.SQL("NULL") if kind.geometry == "Point" else sql.SQL("k.shape::text")
    told = sql.SQL(", ").join(sql.SQL("k.{}").format(sql.Identifier(name)) for name in names)
    columns = sql.SQL("{}, {}, k.closed_at").format(told, shape)
    query, parameters = (SCHEMATIC, [drawing_kind, enterprise_id]) if kind.schematic else (MAPPED, [enterprise_id])
    with connection.cursor(binary=True) as cursor:
        cursor.execute(query.format(columns=columns, table=sql.Identifier(kind.table)), parameters)
        while rows := cursor.fetchmany(HANDED_OUT):
            yield rows


def known_features(connection: Connection[Any], enterprise_id: UUID, drawing_kind: str, lineage: dict[UUID, Source]) -> dict[UUID, Known]:
    """Return an enterprise's stored features, closed ones too, by id.

    Parameters
    ----------
    connection : psycopg.Connection
        Inside a transaction that holds the enterprise.
    enterprise_id : UUID
        Whose features.
    drawing_kind : str
        Whose lineage shows the schematic ones.
    lineage : dict
        As `sources` gives it.
    """
    kinds = {row[0] for row in connection.execute(STANDING, [enterprise_id])}
    found: dict[UUID, Known] = {}
    for name in sorted(kinds & KINDS.keys() - {"enterprise"}):
        kind = KINDS[name]
        told = [*HEIGHTS, *(attribute.name for attribute in kind.attributes)]
        for rows in _rows(connection, kind, enterprise_id, drawing_kind):
            drawn_as = shapely.from_wkb(np.array([row[-1] for row in rows], dtype=object))
            shapes: list[BaseGeometry | None] = (shapely.normalize(drawn_as) if name in UNDIRECTED else drawn_as).tolist()
            for row, drawn in zip(rows, shapes, strict=True):
                feature_id, code, label, *values = row[:-3]
                source = lineage.get(feature_id)
                found[feature_id] = Known(
                    feature_id,
                    name,
                    code,
                    drawn,
                    frozenset((source.handle, *source.handles)) if source else frozenset(),
                    row[-2] is not None,
                    label,
                    {"name": label, **dict(zip(told, values, strict=True))},
                    row[-3],
                )
    return found
