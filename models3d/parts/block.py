"""Boxes, frustums of boxes and other solids with flat faces."""

from collections.abc import Sequence

import numpy as np

from models3d.mesh import Mesh, faceted

Corner = tuple[float, float, float]


def polyhedron(corners: Sequence[Sequence[float]], faces: Sequence[Sequence[int]]) -> Mesh:
    """Return a solid of flat, convex faces, each a row of corners, counter-clockwise seen from outside."""
    triangles = [[face[0], face[step], face[step + 1]] for face in faces for step in range(1, len(face) - 1)]
    return faceted(np.array(corners, float), np.array(triangles))


def box(low: Corner, high: Corner) -> Mesh:
    """Return the box between two corners, metres."""
    return frustum((low[0], low[1], high[0], high[1]), (low[0], low[1], high[0], high[1]), low[2], high[2])


def frustum(foot: tuple[float, float, float, float], top: tuple[float, float, float, float], low_m: float, high_m: float) -> Mesh:
    """Return the solid between two level rectangles, each west, south, east, north."""
    level = [[(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)] for (x0, y0, x1, y1), z in ((foot, low_m), (top, high_m))]
    return polyhedron([*level[0], *level[1]], [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)])


def extruded(section: Sequence[tuple[float, float]], low_m: float, high_m: float) -> Mesh:
    """Return an upright section, y and z, drawn along x between two places.

    Parameters
    ----------
    section : sequence of (y, z)
        Convex, counter-clockwise with y to the right and z up.
    low_m, high_m : float
        Along x.
    """
    count = len(section)
    corners = [(x, y, z) for x in (low_m, high_m) for y, z in section]
    sides = [(step, (step + 1) % count, count + (step + 1) % count, count + step) for step in range(count)]
    # Seen from +x the section runs counter-clockwise.
    return polyhedron(corners, [tuple(reversed(range(count))), tuple(range(count, 2 * count)), *sides])
