"""Roofs: flat, gable, hip, saw-tooth and barrel, each with the walls under it as one closed solid."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from models3d.mesh import Mesh, turn
from models3d.parts.block import box, extruded, polyhedron
from models3d.parts.prism import prism

Outline = tuple[float, float, float, float]
"""West, south, east, north."""
BAY_M = 8.0
"""Length of a saw-tooth bay, at most."""
BARREL_STEPS = 16


def flat(outline: Outline, low_m: float, top_m: float) -> Mesh:
    """Return a box."""
    west, south, east, north = outline
    return box((west, south, low_m), (east, north, top_m))


def gable(outline: Outline, low_m: float, eaves_m: float, ridge_m: float) -> Mesh:
    """Return a house whose ridge runs along x."""
    west, south, east, north = outline
    middle = (south + north) / 2
    return extruded([(south, low_m), (north, low_m), (north, eaves_m), (middle, ridge_m), (south, eaves_m)], west, east)


def hip(outline: Outline, low_m: float, eaves_m: float, ridge_m: float) -> Mesh:
    """Return a house whose four roof faces have one slope; the ridge runs along the longer side."""
    west, south, east, north = outline
    ridge = _ridge(outline)
    level = [[(west, south, z), (east, south, z), (east, north, z), (west, north, z)] for z in (low_m, eaves_m)]
    walls = [(3, 2, 1, 0), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    if np.allclose(ridge[0], ridge[1]):
        return polyhedron([*level[0], *level[1], (*ridge[0], ridge_m)], [*walls, (4, 5, 8), (5, 6, 8), (6, 7, 8), (7, 4, 8)])
    tops = [(x, y, ridge_m) for x, y in ridge]
    along = [(4, 5, 9, 8), (5, 6, 9), (6, 7, 8, 9), (7, 4, 8)]
    across = [(4, 5, 8), (5, 6, 9, 8), (6, 7, 9), (7, 4, 8, 9)]
    return polyhedron([*level[0], *level[1], *tops], [*walls, *(along if east - west >= north - south else across)])


def sawtooth(outline: Outline, low_m: float, eaves_m: float, ridge_m: float) -> Mesh:
    """Return a shop with bays along x, each rising to an upright face of glass at its east."""
    west, south, east, north = outline
    edges = np.linspace(west, east, max(int(np.ceil((east - west) / BAY_M)), 1) + 1)
    teeth = [point for start, end in pairwise(edges) for point in ((start, eaves_m), (end, ridge_m))]
    return turn(prism(shapely.Polygon([(west, low_m), *teeth, (east, low_m)]), -north, -south), UPRIGHT)


def barrel(outline: Outline, low_m: float, eaves_m: float, ridge_m: float) -> Mesh:
    """Return a hall under a barrel vault along x: half an ellipse."""
    west, south, east, north = outline
    section = shapely.Polygon([(south, low_m), (north, low_m), *_arch(outline, eaves_m, ridge_m).tolist()])
    return turn(prism(section, west, east), ALONG)


Slope = tuple[shapely.Polygon, tuple[float, float, float]]
"""A region seen from above, and a, b, c of its height a x + b y + c there."""


def slopes(shape: str, outline: Outline, eaves_m: float, ridge_m: float) -> list[Slope]:
    """Return the faces of a roof that has a ridge; they cover the outline and don't overlap."""
    west, south, east, north = outline
    rise = ridge_m - eaves_m
    if shape == "sawtooth":
        edges = np.linspace(west, east, max(int(np.ceil((east - west) / BAY_M)), 1) + 1).tolist()
        steep = rise / (edges[1] - edges[0])
        return [(shapely.box(start, south, end, north), (steep, 0.0, eaves_m - steep * start)) for start, end in pairwise(edges)]
    if shape == "barrel":
        arch = _arch(outline, eaves_m, ridge_m).tolist()
        faces = [(start, (end[1] - start[1]) / (end[0] - start[0])) for start, end in pairwise(arch)]
        ends = [end for _, end in pairwise(arch)]
        return [
            (shapely.box(west, end[0], east, start[0]), (0.0, steep, start[1] - steep * start[0]))
            for (start, steep), end in zip(faces, ends, strict=True)
        ]
    half = min(east - west, north - south) / 2 if shape == "hip" else (north - south) / 2
    steep = rise / half
    up, down = (0.0, steep, eaves_m - steep * south), (0.0, -steep, eaves_m + steep * north)
    if shape == "gable":
        middle = (south + north) / 2
        return [(shapely.box(west, south, east, middle), up), (shapely.box(west, middle, east, north), down)]
    right, left = (steep, 0.0, eaves_m - steep * west), (-steep, 0.0, eaves_m + steep * east)
    first, last = _ridge(outline)
    corners = [(west, south), (east, south), (east, north), (west, north)]
    along = east - west >= north - south
    tops = (
        [(first, last), (last, last), (last, first), (first, first)]
        if along
        else [(first, first), (first, last), (last, last), (last, first)]
    )
    faces_of = zip(corners, [*corners[1:], corners[0]], tops, (up, left, down, right), strict=True)
    return [(shapely.Polygon(dict.fromkeys((start, end, near, far))), plane) for start, end, (far, near), plane in faces_of]


def _ridge(outline: Outline) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ends of a hip roof's ridge, the western or southern one first; one place where the outline is square."""
    west, south, east, north = outline
    half = min(east - west, north - south) / 2
    if east - west >= north - south:
        return (west + half, (south + north) / 2), (east - half, (south + north) / 2)
    return ((west + east) / 2, south + half), ((west + east) / 2, north - half)


def _arch(outline: Outline, eaves_m: float, ridge_m: float) -> NDArray[np.float64]:
    """Return the points of a vault, y and z, from north to south."""
    _, south, _, north = outline
    angles = np.linspace(0, np.pi, BARREL_STEPS + 1)
    arch = np.column_stack([(south + north) / 2 + (north - south) / 2 * np.cos(angles), eaves_m + (ridge_m - eaves_m) * np.sin(angles)])
    arch[0], arch[-1] = (north, eaves_m), (south, eaves_m)
    return arch


UPRIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Stands a section, x and z, up and draws it against y."""
ALONG = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
"""Stands a section, y and z, up and draws it along x."""
ROOFS: dict[str, Callable[[Outline, float, float, float], Mesh]] = {"gable": gable, "hip": hip, "sawtooth": sawtooth, "barrel": barrel}
"""Roof shapes that have a ridge, as the code list `roof_type` names them; `flat` is the other."""
