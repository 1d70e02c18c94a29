"""Frames: bars along the edges of an upright prism, for what is a right and no body."""

import numpy as np
import shapely

from models3d.mesh import Mesh, concatenate
from models3d.parts.prism import prisms
from models3d.parts.rings import clean, rings
from models3d.parts.sweep import BAR, sweeps
from models3d.parts.walls import CREASE_COS

BAR_M = 0.12
"""Thickness of a bar; thinner in prisms under 1.2 m high."""


def frame(polygon: shapely.Polygon, z_min_m: float, z_max_m: float) -> Mesh:
    """Return the edges of a prism as closed bars: its foot, its top, and an upright at each corner.

    Parameters
    ----------
    polygon : valid shapely.Polygon, metres
    z_min_m, z_max_m : float
        Metres, `z_min_m < z_max_m`.
    """
    outline = clean(np.array([polygon], object))
    half = min(BAR_M, (z_max_m - z_min_m) / 10) / 2
    edges = shapely.get_rings(outline[0])
    lines = np.concatenate([edges, edges])
    foot = np.repeat([z_min_m, z_max_m - 2 * half], len(edges))
    bars = sweeps(lines, np.full(len(lines), half), foot, foot + 2 * half, BAR, smooth=False)
    table = rings(outline)
    into, out = table.xy - table.xy[table.before], table.xy[table.after] - table.xy
    turn = np.einsum("ij,ij->i", into, out) / (np.linalg.norm(into, axis=1) * np.linalg.norm(out, axis=1))
    corners = table.xy[turn < CREASE_COS]
    posts = shapely.box(*(corners - half).T, *(corners + half).T)
    low, high = np.full(len(corners), z_min_m + 2 * half), np.full(len(corners), z_max_m - 2 * half)
    return concatenate([*bars, *prisms(posts, low, high)])
