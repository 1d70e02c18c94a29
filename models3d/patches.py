"""Where patches of ground lie: around what stands on them, or on the roof that covers them."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.models.feature import Feature
from models3d.heights import SUNK_M
from models3d.sizes import size
from models3d.solid import type_of

Floats = NDArray[np.float64]

COVERED_SHARE = 0.95
"""A patch lies on a roof that covers this share of it."""


def _roofs(patches: NDArray[np.object_], solids: Sequence[tuple[shapely.Geometry, float]]) -> NDArray[np.int64]:
    """Return whose roof covers each patch, the highest; -1 where there is none."""
    found = np.full(len(patches), -1)
    if solids and len(patches):
        outlines, tops = np.array([outline for outline, _ in solids], object), np.array([top for _, top in solids])
        patch, solid = shapely.STRtree(outlines).query(patches, predicate="intersects")
        shared = shapely.area(shapely.intersection(patches[patch], outlines[solid]))
        covers = shared >= COVERED_SHARE * shapely.area(patches[patch])
        # Written from the lowest to the highest: what is written last stays.
        order = np.argsort(tops[solid[covers]], kind="stable")
        found[patch[covers][order]] = solid[covers][order]
    return found


def lay(
    features: Sequence[Feature], shapes: NDArray[np.object_], up_m: Floats, z_m: Floats, roofed: Sequence[tuple[shapely.Geometry, float]]
) -> tuple[NDArray[np.object_], Floats, NDArray[np.int64]]:
    """Return the outlines and heights at which patches are drawn, and on whose roof.

    A treatment facility inside a hall would be seen by nobody: it lies on the roof instead. One around a basin reaches out a little.

    Parameters
    ----------
    features, shapes, up_m : patches, their outlines in metres, the ground under each
    z_m : (n, 2) foot and top relative to the ground
    roofed : outline and top (up metres) of what has a roof

    Returns
    -------
    shapes, z_m
        As given where the kind neither reaches out nor climbs on roofs.
    on : (n,) int64
        Row of `roofed` on which each lies, −1 for the ground.
    """
    rows = [size("surface", feature.kind, type_of(feature)) for feature in features]
    shapes, z_m = shapes.copy(), z_m.copy()
    margin = np.array([row.get("margin_m", 0.0) for row in rows])
    climbing = np.flatnonzero([row.get("roofs", False) for row in rows])
    on = np.full(len(features), -1)
    on[climbing] = _roofs(shapes[climbing], roofed)
    roof = np.array([-np.inf, *(top for _, top in roofed)])[on + 1]
    above = roof > up_m
    on[~above] = -1
    z_m[above] += (roof - up_m)[above, None]
    z_m[above, 0] += SUNK_M
    wide = (margin > 0) & ~above
    shapes[wide] = shapely.buffer(shapes[wide], margin[wide], join_style="mitre", mitre_limit=2.0)
    return shapes, z_m, on
