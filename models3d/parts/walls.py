"""Side faces: a quad for each edge of a ring, smooth where the outline is a curve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models3d.mesh import Mesh
from models3d.parts.rings import Floats, Polygons, Rings, rings

CREASE_COS = np.cos(np.radians(25))
"""Neighbouring walls that meet at less than 25° are shaded as one curved wall: a circle drawn with 15 or more sides."""
QUAD = np.array([[3, 0, 1], [3, 1, 2]])
"""Two triangles of a quad, in the order in which the corners of neighbouring quads follow each other: compressed, that is half as long."""


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Quads over the edges of a ring table: corners start low, end low, end high, start high."""

    positions: Floats
    """`(n, 4, 3)` metres."""
    normals: NDArray[np.float32]
    """`(n, 4, 3)` unit."""


def _unit(vectors: Floats) -> Floats:
    """Return vectors, `(3, n)`, of length 1."""
    lengths = np.sqrt(vectors[0] * vectors[0] + vectors[1] * vectors[1] + vectors[2] * vectors[2])
    unit: Floats = vectors / np.where(lengths > 0, lengths, 1)
    return unit


def _smoothed(face: Floats, neighbour: Floats) -> Floats:
    """Return the normals at a shared edge: the mean where the crease is slight, the face's own elsewhere."""
    slight = np.flatnonzero(face[0] * neighbour[0] + face[1] * neighbour[1] + face[2] * neighbour[2] > CREASE_COS)
    found = face.copy()
    found[:, slight] = _unit(face[:, slight] + neighbour[:, slight])
    return found


def sides(table: Rings, low_m: Floats, high_m: Floats, top_xy: Floats) -> Sides:
    """Return the walls of many polygons, outward.

    Parameters
    ----------
    table : rings of the footprints
    low_m, high_m : (n,) height of the foot and the top at each vertex, metres
    top_xy : (n, 2) where each vertex arrives at the top; `table.xy` for upright walls
    """
    after = table.after
    foot = np.array([table.xy[:, 0], table.xy[:, 1], low_m])
    top = np.array([top_xy[:, 0], top_xy[:, 1], high_m])
    along = foot[:, after] - foot
    # The mean of the two uprights lies in the plane of the trapezoid whichever way the wall leans.
    upright = top - foot
    upward = (upright + upright[:, after]) / 2
    face = _unit(np.array([along[i] * upward[j] - along[j] * upward[i] for i, j in ((1, 2), (2, 0), (0, 1))]))
    at_start, at_end = _smoothed(face, face[:, table.before]), _smoothed(face, face[:, after])
    positions, normals = np.empty((len(after), 4, 3)), np.empty((len(after), 4, 3), np.float32)
    for corner, (place, normal) in enumerate(((foot, at_start), (foot[:, after], at_end), (top[:, after], at_end), (top, at_start))):
        positions[:, corner], normals[:, corner] = place.T, normal.T
    return Sides(positions, normals)


def wall(polygons: Polygons, low_m: float, high_m: float, *, inward: bool = False) -> Mesh:
    """Return upright walls along all rings, facing out of the polygons, or into them (`inward`)."""
    table = rings(polygons)
    count = len(table.xy)
    quads = sides(table, np.full(count, low_m), np.full(count, high_m), table.xy)
    triangles = (4 * np.arange(count)[:, None, None] + QUAD).reshape(-1, 3).astype(np.uint32)
    return Mesh(
        quads.positions.reshape(-1, 3),
        quads.normals.reshape(-1, 3) * np.float32(-1 if inward else 1),
        triangles[:, ::-1] if inward else triangles,
    )
