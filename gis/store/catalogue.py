"""What the catalogue has beside collections: enterprises with the space they take up and their tilesets, and the drawings in force."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

# What lies around a plant says nothing of the space that it takes up.
VOLUMES = """
WITH own AS (
    SELECT e.feature_id, e.name, e.code, ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat, s.box, coalesce(s.low_m, 0) AS low_m,
        coalesce(s.high_m, 0) AS high_m
    FROM enterprise_view e JOIN LATERAL (
        SELECT ST_Extent(v.geom) AS box, min(v.z_min_m) AS low_m, max(v.z_max_m) AS high_m FROM feature_view v
        WHERE v.enterprise_id = e.feature_id AND v.kind NOT IN ('receptor', 'river')) s ON true
)
SELECT o.feature_id, o.name, o.code, lon, lat, coalesce(ST_XMin(box), lon) AS west, coalesce(ST_YMin(box), lat) AS south,
    coalesce(ST_XMax(box), lon) AS east, coalesce(ST_YMax(box), lat) AS north, low_m, high_m, t.version, t.baked_at
FROM own o LEFT JOIN tilesets t ON t.enterprise_id = o.feature_id ORDER BY o.name, o.feature_id
"""
DRAWINGS = """
SELECT d.drawing_id, d.enterprise_id, d.drawing_kind, d.version, d.file_name, d.drawn_by, d.published_at
FROM drawings d JOIN enterprise_view e ON e.feature_id = d.enterprise_id WHERE d.state = 'published'
ORDER BY e.name, d.enterprise_id, d.drawing_kind
"""


@dataclass(frozen=True, slots=True)
class Volume:
    """An enterprise and the space that its features take up: degrees (EPSG:4490), metres above its ground."""

    feature_id: UUID
    name: str
    code: str | None
    lon: float
    lat: float
    west: float
    south: float
    east: float
    north: float
    low_m: float
    high_m: float
    version: str | None
    """Of its tileset; None without one."""
    baked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing in force."""

    drawing_id: int
    enterprise_id: UUID
    drawing_kind: str
    version: int
    file_name: str
    drawn_by: str
    published_at: datetime


async def volumes(connection: AsyncConnection) -> list[Volume]:
    """Return the enterprises that the snapshot sees."""
    async with connection.cursor(row_factory=class_row(Volume)) as cursor:
        await cursor.execute(VOLUMES)
        return await cursor.fetchall()


async def drawings(connection: AsyncConnection) -> list[Drawing]:
    """Return the drawings in force of the enterprises that the snapshot sees."""
    async with connection.cursor(row_factory=class_row(Drawing)) as cursor:
        await cursor.execute(DRAWINGS)
        return await cursor.fetchall()
