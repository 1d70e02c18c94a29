"""Layers of finished 3D Tiles: which there are, where they lie, what is cut out of them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from gis.errors import NotFound
from gis.store.connect import Plain, Transaction, driver_of

COLUMNS = (
    "name, label, content, folder, entry, version, east_m, north_m, up_m, clipped, lon, lat, radius_m, counts, added_at, author, reason"
)
LISTED = f"SELECT {COLUMNS} FROM tile_layers ORDER BY content, name"  # noqa: S608 — our own words
NAMED = f"SELECT {COLUMNS} FROM tile_layers WHERE name = %s"  # noqa: S608 — our own words
KEEP = """
INSERT INTO tile_layers (name, label, content, folder, entry, version, east_m, north_m, up_m, clipped, lon, lat, radius_m, counts)
VALUES (%(name)s, %(label)s, %(content)s, %(folder)s, %(entry)s, %(version)s, %(east_m)s, %(north_m)s, %(up_m)s, %(clipped)s, %(lon)s,
    %(lat)s, %(radius_m)s, %(counts)s)
ON CONFLICT (name) DO UPDATE SET label = excluded.label, content = excluded.content, folder = excluded.folder, entry = excluded.entry,
    version = excluded.version, east_m = excluded.east_m, north_m = excluded.north_m, up_m = excluded.up_m, clipped = excluded.clipped,
    lon = excluded.lon, lat = excluded.lat, radius_m = excluded.radius_m, counts = excluded.counts, added_at = clock_timestamp(),
    author = quanjing_author(), reason = quanjing_reason()
"""
REMOVE = "DELETE FROM tile_layers WHERE name = %s RETURNING label"
MOST_CLIPS = 64
"""Outlines that are cut out of one layer; the graphics card looks at all of them for each pixel."""
CLIPS = """
SELECT ST_AsGeoJSON(ST_SimplifyPreserveTopology(ST_MakePolygon(ST_ExteriorRing(p.geom)), 0.000005), 7)
FROM site_boundary_view b JOIN tilesets t USING (enterprise_id) CROSS JOIN LATERAL ST_Dump(ST_Force2D(b.geom)) p
WHERE ST_DWithin(b.geom::geography, ST_SetSRID(ST_MakePoint(%s, %s), 4490)::geography, %s)
ORDER BY ST_Area(p.geom) DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class TileLayer:
    """A tileset of others, shown as a layer."""

    name: str
    label: str
    content: str
    """`mesh` (oblique photogrammetry and the like) or `points`."""
    folder: str
    """Where it lies on this machine."""
    entry: str
    """Its tileset.json below the folder."""
    version: str
    """Changes when the layer is added anew, so that browsers forget what they keep."""
    east_m: float
    north_m: float
    up_m: float
    """How far it is moved."""
    clipped: bool
    """The plants that are modelled are cut out of it."""
    lon: float
    lat: float
    radius_m: float
    """The sphere around it: degrees (EPSG:4490), metres."""
    counts: dict[str, Any]
    added_at: datetime
    author: str
    reason: str


def keep(connection: "Transaction | Plain", layer: dict[str, Any]) -> None:
    """Add a layer, or put another in the place of one of the same name; inside a writing transaction."""
    driver_of(connection).execute(KEEP, {**layer, "counts": json.dumps(layer["counts"], ensure_ascii=False)})


def remove(connection: "Transaction | Plain", name: str) -> str:
    """Forget a layer, not its files; returns its label.

    Raises
    ------
    NotFound
        There is none of that name.
    """
    row = driver_of(connection).execute(REMOVE, [name]).fetchone()
    if row is None:
        raise NotFound(f"没有名为 {name} 的三维图层")
    return str(row[0])


def listed(connection: "Transaction | Plain") -> list[TileLayer]:
    """Return all layers."""
    with driver_of(connection).cursor(row_factory=class_row(TileLayer)) as cursor:
        return cursor.execute(LISTED).fetchall()


async def layers(connection: AsyncConnection) -> list[TileLayer]:
    """Return all layers."""
    async with connection.cursor(row_factory=class_row(TileLayer)) as cursor:
        await cursor.execute(LISTED)
        return await cursor.fetchall()


async def layer_named(connection: AsyncConnection, name: str) -> TileLayer:
    """Return a layer.

    Raises
    ------
    NotFound
        There is none of that name.
    """
    async with connection.cursor(row_factory=class_row(TileLayer)) as cursor:
        await cursor.execute(NAMED, [name])
        found = await cursor.fetchone()
    if found is None:
        raise NotFound(f"没有名为 {name} 的三维图层")
    return found


async def clips(connection: AsyncConnection, layer: TileLayer) -> list[list[list[float]]]:
    """Return the outlines of the modelled plants within a layer, rings of longitude, latitude (EPSG:4490)."""
    if not layer.clipped:
        return []
    rows = await (await connection.execute(CLIPS, [layer.lon, layer.lat, layer.radius_m, MOST_CLIPS])).fetchall()
    return [json.loads(row[0])["coordinates"][0] for row in rows]
