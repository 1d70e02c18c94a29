"""Bodies of revolution: a profile turned about the upright axis."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from models3d.mesh import Floats, Mesh

CREASE_COS = np.cos(np.radians(32))
"""Neighbouring pieces of a profile that meet at less than this are shaded as one curve."""
ON_AXIS_M = 1e-9


def _unit(vectors: Floats) -> Floats:
    found: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return found


def _facing(profile: Floats, *, closed: bool) -> Floats:
    """Return the normals (radius, up) of each piece at its start and end, `(k, 2, 2)`."""
    along = np.diff(profile, axis=0)
    own = _unit(np.column_stack([along[:, 1], -along[:, 0]]))
    at_start, at_end = own.copy(), own.copy()
    count = len(own)
    for piece in range(count if closed else count - 1):
        after = (piece + 1) % count
        if own[piece] @ own[after] > CREASE_COS:
            at_end[piece] = at_start[after] = _unit(own[piece] + own[after])
    return np.stack([at_start, at_end], axis=1)


def lathe(profile: Sequence[tuple[float, float]], sides: int) -> Mesh:
    """Turn a profile about the z axis into a closed solid.

    Parameters
    ----------
    profile : sequence of (radius, z), metres
        From the axis at the foot, out, up, and back to the axis; or a loop, first point again at the end, for a ring. Counter-clockwise
        with radius to the right and z up.
    sides : int
        Corners of a circle. They lie on it; with a multiple of four the solid is exactly as wide as its circle.

    Returns
    -------
    Mesh
        Smooth around; along the profile smooth where it bends slightly.
    """
    line = np.array(profile, float)
    closed = bool(np.array_equal(line[0], line[-1]))
    angles = np.arange(sides) * 2 * np.pi / sides
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    # At the quarters sine and cosine miss nought by 1e-16: two halves of a solid should meet.
    circle[np.abs(circle) < 1e-12] = 0.0
    after = np.roll(np.arange(sides), -1)
    shade = _facing(line, closed=closed)
    positions, normals, triangles, begin = [], [], [], 0
    for piece, (start, end) in enumerate(pairwise(line)):
        rings = [np.column_stack([point[0] * circle, np.full(sides, point[1])]) for point in (start, end)]
        turned = [np.column_stack([facing[0] * circle, np.full(sides, facing[1])]) for facing in shade[piece]]
        low, high = begin + np.arange(sides), begin + sides + np.arange(sides)
        if start[0] > ON_AXIS_M:
            triangles.append(np.column_stack([low, low[after], high[after]] if end[0] > ON_AXIS_M else [low, low[after], high]))
        if end[0] > ON_AXIS_M:
            triangles.append(np.column_stack([low, high[after], high]))
        positions += rings
        normals += turned
        begin += 2 * sides
    return Mesh(np.concatenate(positions), np.concatenate(normals).astype(np.float32), np.concatenate(triangles).astype(np.uint32))


def cylinder(radius_m: float, low_m: float, high_m: float, sides: int) -> Mesh:
    """Return an upright cylinder on the axis."""
    return lathe([(0, low_m), (radius_m, low_m), (radius_m, high_m), (0, high_m)], sides)


def ring(inner_m: float, outer_m: float, low_m: float, high_m: float, sides: int) -> Mesh:
    """Return an upright pipe wall on the axis."""
    return lathe([(inner_m, low_m), (outer_m, low_m), (outer_m, high_m), (inner_m, high_m), (inner_m, low_m)], sides)


def dome(radius_m: float, foot_m: float, rise_m: float, steps: int) -> list[tuple[float, float]]:
    """Return the profile of a dome from its rim to the axis: a quarter of an ellipse."""
    angles = np.linspace(0, np.pi / 2, steps + 1)
    points = [(float(radius_m * np.cos(angle)), float(foot_m + rise_m * np.sin(angle))) for angle in angles]
    return [*points[:-1], (0.0, foot_m + rise_m)]
