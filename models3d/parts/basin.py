"""Open tanks: a wall around, the water a little below its rim."""

import numpy as np
import shapely

from models3d.mesh import Mesh, concatenate
from models3d.parts.caps import cap
from models3d.parts.rings import clean
from models3d.parts.walls import wall

WALL_M = 0.3
"""Thickness of a basin's wall; thinner in basins under 3 m across."""
FREEBOARD_M = 0.3
"""Rim above water; shallower in basins under 2 m deep."""


def basin(polygon: shapely.Polygon, z_min_m: float, rim_m: float) -> tuple[Mesh, Mesh]:
    """Return the body and the water of an open tank; together they are one closed solid.

    Parameters
    ----------
    polygon : shapely.Polygon
        Outer edge of the wall, metres.
    z_min_m, rim_m : float
        Underside and rim, metres.

    Returns
    -------
    body, water : Mesh
        Where the outline is too narrow for a wall all around, the body is an open box and the water closes it at the rim.
    """
    outer = clean(np.array([polygon], object))
    inside = polygon.buffer(-min(WALL_M, 0.1 * polygon.area**0.5), join_style="mitre")
    shell = [cap(outer, z_min_m, up=False), wall(outer, z_min_m, rim_m)]
    if inside.is_empty or inside.geom_type != "Polygon":
        return concatenate(shell), cap(outer, rim_m, up=True)
    inner = np.array([inside], object)
    water_m = rim_m - min(FREEBOARD_M, 0.15 * (rim_m - z_min_m))
    rim = shapely.get_parts(shapely.difference(outer[0], inside))
    body = concatenate([*shell, cap(rim, rim_m, up=True), wall(inner, water_m, rim_m, inward=True)])
    return body, cap(inner, water_m, up=True)
