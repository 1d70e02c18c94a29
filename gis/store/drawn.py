"""Reading what a drawing shows of an enterprise, as it stands now: for the way back to CAD."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import shapely
from psycopg import sql

from gis.kinds import KINDS, Kind
from gis.models.drawn import Drawn
from gis.store.asking import Reading
from gis.store.connect import Transaction, driver_of
from gis.store.known import HEIGHTS

STANDING = "SELECT DISTINCT kind FROM features WHERE enterprise_id = %s"
# What no drawing shows, because somebody put it into the layer by another door, belongs on the drawing whose layers it is drawn on.
SHOWN = sql.SQL(
    "SELECT {columns}, k.shape, {place}, s.layer FROM {table} k "
    "LEFT JOIN feature_sources s ON s.feature_id = k.feature_id AND s.enterprise_id = k.enterprise_id AND s.drawing_kind = %(drawing)s "
    "WHERE k.enterprise_id = %(enterprise)s AND k.closed_at IS NULL AND (s.feature_id IS NOT NULL OR (%(home)s AND NOT EXISTS "
    "(SELECT FROM feature_sources o WHERE o.feature_id = k.feature_id))) ORDER BY k.code, k.name, k.feature_id"
)
PLACE = sql.SQL("ST_AsBinary(ST_Transform(k.geom, 4545))")
NOWHERE = sql.SQL("NULL::bytea")
# Whichever drawing shows it, on a layer that its kind has.
ANYWHERE = sql.SQL(
    "SELECT {columns}, k.shape, {place} AS geom, s.layer FROM {table} k LEFT JOIN LATERAL (SELECT o.layer FROM feature_sources o "
    "WHERE o.feature_id = k.feature_id AND o.layer = ANY (%(layers)s) ORDER BY o.drawing_kind LIMIT 1) s ON TRUE "
    "WHERE k.feature_id = ANY (%(features)s) AND k.closed_at IS NULL ORDER BY k.code, k.name, k.feature_id"
)
FILE = """
SELECT d.file_name, f.content FROM drawings d JOIN drawing_files f USING (sha256)
WHERE d.enterprise_id = %s AND d.drawing_kind = %s AND d.published AND d.file_name ILIKE '%%.dxf' ORDER BY d.drawing_id DESC LIMIT 1
"""
VERSION = "SELECT coalesce(max(version), 0) FROM drawings WHERE enterprise_id = %s AND drawing_kind = %s"


def _drawn(kind: Kind, row: tuple[Any, ...]) -> Drawn:
    count = len(kind.attributes)
    values = {attribute.name: value for attribute, value in zip(kind.attributes, row[6 : 6 + count], strict=True)}
    shape, geom, layer = row[6 + count :]
    return Drawn(
        feature_id=row[0],
        kind=kind.name,
        code=row[1],
        name=row[2] or "",
        xy=None if geom is None else shapely.from_wkb(bytes(geom)),
        shape=shape,
        layer=layer,
        height_m=row[3],
        z_min_m=row[4],
        z_max_m=row[5],
        attributes=values,
    )


def drawn_of(kind: Kind, features: Sequence[UUID]) -> Reading[list[Drawn]]:
    """Read some open features of a kind that is drawn on a map, whatever drawing shows them."""
    names = ["feature_id", "code", "name", *HEIGHTS, *(attribute.name for attribute in kind.attributes)]
    columns = sql.SQL(", ").join(sql.SQL("k.{}").format(sql.Identifier(name)) for name in names)
    query = ANYWHERE.format(columns=columns, table=sql.Identifier(kind.table), place=PLACE)
    rows = yield query, {"layers": list(kind.layers), "features": list(features)}
    return [_drawn(kind, tuple(row.values())) for row in rows]


def drawn_features(connection: Transaction, enterprise_id: UUID, drawing_kind: str, home_of: dict[str, str]) -> list[Drawn]:
    """Return the open features that a drawing shows, and those that no drawing shows and this one would.

    Parameters
    ----------
    connection : Transaction
        Any open transaction.
    enterprise_id : UUID
        Whose drawing.
    drawing_kind : str
        A, B, C or D.
    home_of : dict
        Kind → the drawing kind that one which no drawing shows belongs on; a kind that no drawing carries is left out.
    """
    driver = driver_of(connection)
    standing = {row[0] for row in driver.execute(STANDING, [enterprise_id])}
    found: list[Drawn] = []
    for kind in KINDS.values():
        if kind.name not in standing or kind.name not in home_of:
            continue
        names = ["feature_id", "code", "name", *HEIGHTS, *(attribute.name for attribute in kind.attributes)]
        columns = sql.SQL(", ").join(sql.SQL("k.{}").format(sql.Identifier(name)) for name in names)
        query = SHOWN.format(columns=columns, table=sql.Identifier(kind.table), place=NOWHERE if kind.schematic else PLACE)
        what = {"drawing": drawing_kind, "enterprise": enterprise_id, "home": home_of[kind.name] == drawing_kind}
        found += [_drawn(kind, row) for row in driver.execute(query, what)]
    return found


def last_file(connection: Transaction, enterprise_id: UUID, drawing_kind: str) -> tuple[str, bytes] | None:
    """Return name and bytes of the DXF file that a drawing was last published from, None where there is none."""
    driver = driver_of(connection)
    row = driver.execute(FILE, [enterprise_id, drawing_kind]).fetchone()
    return None if row is None else (row[0], bytes(row[1]))


def drawing_version(connection: Transaction, enterprise_id: UUID, drawing_kind: str) -> int:
    """Return the number of the newest version of a drawing; 0 without any."""
    driver = driver_of(connection)
    row = driver.execute(VERSION, [enterprise_id, drawing_kind]).fetchone()
    return int(row[0]) if row else 0
