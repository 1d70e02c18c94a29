"""Flat faces with holes, anywhere in space, as triangles that use every vertex of their rings."""

from collections.abc import Sequence

import mapbox_earcut
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ring = Sequence[int]
Triangle = tuple[int, int, int]


def newell(points: Floats) -> Floats:
    """Return twice the area vector of a ring in space, `(n, 3)` points without a closing one (Newell's method)."""
    after = np.roll(points, -1, axis=0)
    vector: Floats = np.cross(points - points[0], after - points[0]).sum(axis=0)
    return vector


def _undoubled(points: Floats, ring: Ring) -> list[int]:
    """Return a ring without points that repeat the one before them."""
    return [at for at, before in zip(ring, [ring[-1], *ring[:-1]], strict=True) if at != before and (points[at] != points[before]).any()]


def _mended(triangles: list[Triangle], rings: Sequence[Ring]) -> list[Triangle]:
    """Give back the vertices that the cutting dropped because they lie between their neighbours: a neighbour face has them too."""
    used = {corner for triangle in triangles for corner in triangle}
    missing = [ring for ring in rings if not used.issuperset(ring)]
    for ring in missing:
        kept = [place for place, at in enumerate(ring) if at in used]
        between = {}
        for place, then in zip(kept, [*kept[1:], *kept[:1]], strict=True):
            span = (then - place) % len(ring) or len(ring)
            if span > 1:
                between[ring[place], ring[then]] = [ring[(place + step) % len(ring)] for step in range(1, span)]
        mended: list[Triangle] = []
        for a, b, c in triangles:
            rim = [one for p, q in ((a, b), (b, c), (c, a)) for one in (p, *between.get((p, q), ()))]
            mended += [(a, b, c)] if len(rim) == 3 else _fan(rim, {a, b, c})
        triangles = mended
    return triangles


def _fan(rim: list[int], corners: set[int]) -> list[Triangle]:
    """Cut a triangle with points on its sides so that each piece has an area."""
    pieces: list[Triangle] = []
    while len(rim) > 3:
        # A corner whose neighbour lies on a side can be cut off; the point next to it becomes a corner of what is left.
        size = len(rim)
        tip = next(k for k in range(size) if rim[k] in corners and not {rim[k - 1], rim[(k + 1) % size]} <= corners)
        before, after = rim[tip - 1], rim[(tip + 1) % size]
        pieces.append((before, rim[tip], after))
        corners |= {before, after}
        rim = rim[:tip] + rim[tip + 1 :]
    return [*pieces, (rim[0], rim[1], rim[2])]


def cut(points: Floats, rings: Sequence[Ring]) -> list[Triangle]:
    """Cut a face into triangles that turn as its outer ring does.

    Parameters
    ----------
    points : (n, 3) float64
    rings : sequence of sequence of int
        Rows of `points`; the outer ring, then holes, without closing points.

    Returns
    -------
    list of (int, int, int)
        Empty where the face has no area.

    Examples
    --------
    >>> cut(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), [[0, 1, 2]])
    [(0, 1, 2)]
    """
    clean = [ring for ring in (_undoubled(points, ring) for ring in rings) if len(ring) >= 3]
    if not clean:
        return []
    if len(clean) == 1 and len(clean[0]) == 3:
        return [(clean[0][0], clean[0][1], clean[0][2])]
    vector = newell(points[clean[0]])
    axis = int(np.argmax(np.abs(vector)))
    if vector[axis] == 0:
        return []
    # Drop the axis that the face is seen along; the order of the other two keeps the turn.
    kept = ((1, 2), (2, 0), (0, 1))[axis]
    rows = np.concatenate([np.array(ring, np.int64) for ring in clean])
    flat = np.ascontiguousarray(points[rows][:, kept] - points[rows[0], kept])
    ends = np.cumsum([len(ring) for ring in clean]).astype(np.uint32)
    found = rows[mapbox_earcut.triangulate_float64(flat, ends).astype(np.int64)].reshape(-1, 3)
    if not len(found):
        return []
    a, b, c = np.moveaxis(points[found][:, :, kept], 1, 0)
    doubled = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    if doubled.sum() * vector[axis] < 0:
        found = found[:, ::-1]
    # Each ring the way in which the triangles run along it: the outer one as it is, holes against it.
    along = [clean[0], *(ring if (newell(points[ring])[axis] > 0) != (vector[axis] > 0) else ring[::-1] for ring in clean[1:])]
    return _mended([(p, q, r) for p, q, r in found.tolist()], along)
