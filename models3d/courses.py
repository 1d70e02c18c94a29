"""Features that are lines, as ribbons, thin walls and tubes; borders of areas that would hide all else as well."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.kinds import KINDS
from gis.models.feature import Feature
from models3d.heights import diameter_m, edge_m, number
from models3d.mesh import Mesh, concatenate
from models3d.parts.sweep import BAR, TUBE, sweeps
from models3d.sizes import size
from models3d.solid import type_of

Floats = NDArray[np.float64]

COARSE_M = 0.01
"""Lines are drawn without the points that move them less: arcs are stored to the millimetre."""


def _half_width_m(feature: Feature) -> float:
    border_m = edge_m(feature)
    if border_m is not None:
        return border_m / 2
    if KINDS[feature.kind].form == "pipe":
        return diameter_m(feature) / 2
    return (number(feature, "width_m") or float(size("line", feature.kind, type_of(feature))["width_m"])) / 2


def courses(features: Sequence[Feature], shapes: NDArray[np.object_], z_m: Floats) -> list[Mesh]:
    """Return a mesh for each line or border: a tube for a pipe, else a bar.

    Parameters
    ----------
    features, shapes : lines or areas in metres, each with a length
    z_m : (n, 2) up metres
    """
    areas = shapely.get_dimensions(shapes) == 2
    shapes = np.where(areas, shapely.boundary(shapes), shapes)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    parts = shapely.simplify(parts, COARSE_M)
    half = np.array([_half_width_m(feature) for feature in features])
    tube = np.array([KINDS[feature.kind].form == "pipe" for feature in features], bool)
    groups: list[list[Mesh]] = [[] for _ in features]
    for profile, chosen in ((TUBE, tube), (BAR, ~tube)):
        rows = np.flatnonzero(chosen[owner] & (shapely.length(parts) > 0))
        mine = owner[rows]
        for mesh, index in zip(
            sweeps(parts[rows], half[mine], z_m[mine, 0], z_m[mine, 1], profile, smooth=profile is TUBE), mine, strict=True
        ):
            groups[index].append(mesh)
    return [group[0] if len(group) == 1 else concatenate(group) for group in groups]
