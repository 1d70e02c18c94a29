"""Where the triangles of one mesh go through each other."""

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

DEPTH_M = 1e-3
"""How deep one face must go into another: data come in millimetres."""
ROUNDING_M = 1e-9
MOST_PAIRS = 4_000_000
"""Pairs of triangles whose boxes meet that are looked at; more is not judged."""
AT_ONCE = 200_000


def _pairs(corners: Floats) -> Indices:
    """Return the pairs of triangles whose boxes meet, `(k, 2)`."""
    low, high = corners.min(axis=1), corners.max(axis=1)
    tree = shapely.STRtree(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
    found = []
    # A piece at a time: all pairs of a large mesh at once may not fit.
    for begin in range(0, len(corners), 2_000):
        rows = np.arange(begin, min(begin + 2_000, len(corners)))
        near = tree.query(tree.geometries[rows]).T
        near[:, 0] += begin
        near = near[near[:, 0] < near[:, 1]]
        apart = (low[near[:, 0], 2] > high[near[:, 1], 2]) | (low[near[:, 1], 2] > high[near[:, 0], 2])
        found.append(near[~apart])
        if sum(len(one) for one in found) > MOST_PAIRS:
            raise OverflowError
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def _pierced(corners: Floats, edges: Floats, faces: Indices) -> NDArray[np.bool_]:
    """Say which edges, `(k, 2, 3)`, go through the inside of which triangle, row by row."""
    a, b, c = np.moveaxis(corners[faces], 1, 0)
    normal = np.cross(b - a, c - a)
    size = np.linalg.norm(normal, axis=1)
    unit = normal / np.where(size > 0, size, 1)[:, None]
    start, stop = (np.einsum("ij,ij->i", edges[:, end] - a, unit) for end in (0, 1))
    through: NDArray[np.bool_] = (size > 0) & (start * stop < 0) & (np.minimum(np.abs(start), np.abs(stop)) > DEPTH_M)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = start / (start - stop)
    point = edges[:, 0] + np.where(through, share, 0)[:, None] * (edges[:, 1] - edges[:, 0])
    for p, q in ((a, b), (b, c), (c, a)):
        along = q - p
        inward = np.cross(unit, along)
        length = np.linalg.norm(along, axis=1)
        # Its rim belongs to it: an edge that leaves a box through a diagonal leaves it all the same.
        through &= np.einsum("ij,ij->i", point - p, inward) >= -ROUNDING_M * length
    return through


def crossings(points: Floats, triangles: Indices) -> Indices | None:
    """Return the pairs of triangles that go through each other by more than a millimetre, `(k, 2)`; None: too many to look at.

    Parameters
    ----------
    points : (n, 3) float64, metres, each place once
    triangles : (m, 3) int64

    Notes
    -----
    Faces that lie in one plane over each other are not told here: their edges have more than two faces.
    """
    corners = points[triangles]
    try:
        pairs = _pairs(corners)
    except OverflowError:
        return None
    crossed = [np.empty((0, 2), np.int64)]
    for begin in range(0, len(pairs), AT_ONCE):
        piece = pairs[begin : begin + AT_ONCE]
        hit = np.zeros(len(piece), bool)
        for one, other in ((piece[:, 0], piece[:, 1]), (piece[:, 1], piece[:, 0])):
            for first, second in ((0, 1), (1, 2), (2, 0)):
                hit |= _pierced(corners, corners[one][:, [first, second]], other)
        crossed.append(piece[hit])
    return np.concatenate(crossed)
