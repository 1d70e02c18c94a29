"""What the catalogue has beside collections: enterprises with the space they take up and their tilesets, and the drawings in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from gis.store.asking import Row
from gis.store.extents import Space

ENTERPRISES = """
SELECT e.feature_id, e.name, e.code, ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat, t.version, t.baked_at
FROM enterprise_view e LEFT JOIN tilesets t ON t.enterprise_id = e.feature_id ORDER BY e.name, e.feature_id
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


async def enterprises(connection: AsyncConnection) -> list[Row]:
    """Return the enterprises that the snapshot sees, without the space that they take up."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(ENTERPRISES)
        return await cursor.fetchall()


def volumes(listed: Sequence[Row], spaces: Mapping[UUID, Space]) -> list[Volume]:
    """Return enterprises with the space that they take up; their own place where nothing of them lies anywhere."""
    found = []
    for one in listed:
        space = spaces[one["feature_id"]]
        west, south, east, north = space.box or (one["lon"], one["lat"]) * 2
        found.append(Volume(**one, west=west, south=south, east=east, north=north, low_m=space.low_m, high_m=space.high_m))
    return found


async def drawings(connection: AsyncConnection) -> list[Drawing]:
    """Return the drawings in force of the enterprises that the snapshot sees."""
    async with connection.cursor(row_factory=class_row(Drawing)) as cursor:
        await cursor.execute(DRAWINGS)
        return await cursor.fetchall()
