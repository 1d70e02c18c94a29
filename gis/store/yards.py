"""Where enterprises stand: the outlines of their grounds, and of what stands beside those, with the height that they were given."""

from collections.abc import Hashable
from dataclasses import dataclass
from uuid import UUID

import shapely
from psycopg import AsyncConnection

YARDS = """
WITH yards AS (
    SELECT enterprise_id, ST_Union(geom) AS geom FROM site_boundaries WHERE enterprise_id IS NOT NULL AND closed_at IS NULL GROUP BY 1
), bodies AS (
    SELECT b.enterprise_id, ST_Collect(b.geom) AS geom FROM (
        SELECT enterprise_id, geom FROM buildings WHERE closed_at IS NULL
        UNION ALL SELECT enterprise_id, geom FROM structures WHERE closed_at IS NULL
    ) b LEFT JOIN yards y USING (enterprise_id)
    WHERE b.enterprise_id IS NOT NULL AND ST_Dimension(b.geom) = 2 AND (y.geom IS NULL OR NOT ST_Contains(y.geom, b.geom)) GROUP BY 1
)
SELECT e.feature_id, e.base_1985_m, ST_AsBinary(y.geom), ST_AsBinary(b.geom)
FROM enterprises e LEFT JOIN yards y ON y.enterprise_id = e.feature_id LEFT JOIN bodies b ON b.enterprise_id = e.feature_id
WHERE e.closed_at IS NULL AND (y.geom IS NOT NULL OR b.geom IS NOT NULL) AND (%(only)s::uuid IS NULL OR e.feature_id = %(only)s)
ORDER BY e.feature_id
"""
STAMP = """
SELECT concat_ws(' ', (SELECT concat(count(*), ' ', max(lower(recorded))) FROM site_boundaries),
    (SELECT concat(count(*), ' ', max(lower(recorded))) FROM buildings),
    (SELECT concat(count(*), ' ', max(lower(recorded))) FROM structures),
    (SELECT concat(count(*), ' ', max(lower(recorded))) FROM enterprises))
"""


@dataclass(frozen=True, slots=True, eq=False)
class Yard:
    """The grounds of an enterprise."""

    enterprise_id: UUID
    base_1985_m: float | None
    outline: shapely.Geometry | None
    """Its boundary, EPSG:4490; None where none is drawn."""
    bodies: tuple[shapely.Geometry, ...]
    """Outlines of buildings and structures that are not within it."""

    @property
    def key(self) -> Hashable:
        """What is another one whenever the yard is."""
        return (self.enterprise_id, self.base_1985_m, self.outline and self.outline.wkb, tuple(body.wkb for body in self.bodies))


async def yards(connection: AsyncConnection, enterprise_id: UUID | None = None) -> list[Yard]:
    """Return the grounds of all enterprises, or of one."""
    rows = await (await connection.execute(YARDS, {"only": enterprise_id})).fetchall()

    def shape(wkb: bytes | None) -> shapely.Geometry | None:
        return None if wkb is None else shapely.from_wkb(bytes(wkb))

    def parts(wkb: bytes | None) -> tuple[shapely.Geometry, ...]:
        return () if wkb is None else tuple(shapely.get_parts(shape(wkb)).tolist())

    return [Yard(row[0], None if row[1] is None else float(row[1]), shape(row[2]), parts(row[3])) for row in rows]


async def stamp(connection: AsyncConnection) -> str:
    """Return a text that is another one whenever what `yards` returns may be."""
    row = await (await connection.execute(STAMP)).fetchone()
    return str(row[0]) if row else ""
