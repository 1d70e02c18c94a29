"""Reading a whole layer for a look at it: shapes as GeoJSON, thinned to nothing, but not without end."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row

from gis.kinds import Kind

MOST_FEATURES = 10_000
MOST_POINTS = 1_000_000
"""What a browser draws at once without a pause; further features are counted, not shown."""

LAYER = """
WITH layer AS (
    SELECT v.*, e.name AS enterprise, row_number() OVER nth AS nth, sum(ST_NPoints(v.geom)) OVER nth AS points, count(*) OVER () AS total
    FROM {view} v LEFT JOIN enterprise_view e ON e.feature_id = v.enterprise_id
    WHERE %(enterprise)s::uuid IS NULL OR v.enterprise_id = %(enterprise)s
    WINDOW nth AS (ORDER BY v.enterprise_id, v.code, v.feature_id)
)
SELECT {columns}, enterprise, total, ST_XMin(geom) AS west, ST_YMin(geom) AS south, ST_XMax(geom) AS east, ST_YMax(geom) AS north,
    ST_AsGeoJSON(CASE WHEN {solid} THEN ST_Force3D(ST_Force2D(geom), coalesce(z_min_m, 0)) ELSE ST_Force2D(geom) END, 7) AS geometry
FROM layer WHERE nth <= %(features)s AND (nth = 1 OR points <= %(points)s) ORDER BY nth
"""
COMMON = ("name", "code", "height_m", "z_min_m", "z_max_m", "alarm_level", "open_alarms")


@dataclass(frozen=True, slots=True)
class Look:
    """A layer as it stands."""

    kind: Kind
    rows: list[dict[str, Any]]
    """Columns of the kind, `enterprise` (its name), `geometry` (GeoJSON, EPSG:4490; with the height of its bottom where it is solid)."""
    bounds: tuple[float, float, float, float] | None
    """West, south, east, north of what is shown, degrees; None where nothing is."""
    total: int
    """Features of the layer, shown or not."""


async def look(
    connection: AsyncConnection,
    kind: Kind,
    enterprise_id: UUID | None = None,
    *,
    features: int = MOST_FEATURES,
    points: int = MOST_POINTS,
) -> Look:
    """Return the open features of a kind that lies on the map, of one enterprise or of all, in the caller's scope.

    Parameters
    ----------
    connection : AsyncConnection
        On a snapshot.
    kind : Kind
        Not a schematic one.
    enterprise_id : UUID, optional
        Whose features.
    features, points : int
        How many features, and how many points of their shapes, at most.
    """
    names = [*COMMON, *(attribute.name for attribute in kind.attributes)]
    query = sql.SQL(LAYER).format(
        view=sql.Identifier(f"{kind.name}_view"),
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
        solid=sql.Literal(kind.form == "solid"),
    )
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, {"enterprise": enterprise_id, "features": features, "points": points})
        rows = await cursor.fetchall()
    if not rows:
        return Look(kind, [], None, 0)
    west, south = (min(row[side] for row in rows) for side in ("west", "south"))
    east, north = (max(row[side] for row in rows) for side in ("east", "north"))
    shown = [{name: row[name] for name in (*names, "enterprise")} | {"geometry": orjson.loads(row["geometry"])} for row in rows]
    return Look(kind, shown, (west, south, east, north), rows[0]["total"])
