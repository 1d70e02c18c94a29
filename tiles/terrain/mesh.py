"""Triangles by error: right-triangulated irregular networks (Evans et al. 2001) of many tiles at once, without a crack between them.

Whether a lattice point is a vertex is decided once, for all tiles that it belongs to: its error, and those of all points that hang on it,
are found on the undivided lattice. A tile's points hang on none that is farther than one tile away.
"""

from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tiles.terrain.lattice import CELLS, POINTS

DEPTH = 12
"""Halvings from two triangles a tile to two a cell."""
SLOTS = 2 << DEPTH
"""Triangles of a tile at their finest."""
TURNS = np.arange(3 * SLOTS, dtype=np.int32)

Floats = NDArray[np.float64]
T = TypeVar("T", bound=np.generic)
Shorts = NDArray[np.uint16]
Longs = NDArray[np.int64]


def _raised(into: Floats, *children: Floats) -> Floats:
    for child in children:
        np.maximum(into, child, out=into)
    return into


def errors(heights_m: Floats, weight: Floats | None = None) -> Floats:
    """Return for each lattice point the largest error that leaving it out may make, metres.

    Parameters
    ----------
    heights_m : (64 n + 1, 64 m + 1)
        Of whole tiles; south first.
    weight : same shape, optional
        By which an error at a point counts, at least 1.

    Returns
    -------
    Same shape
        Infinite at the corners of tiles. Where one is over a tolerance, so are those of the points that it needs. They hold for tiles
        with neighbours on all sides.

    Notes
    -----
    Leaving a point out moves the surface by `δ` there, at most, and what hangs on it adds its own: the sum is a bound, not an estimate.
    """
    rows, columns = heights_m.shape
    bound = np.zeros((rows, columns))
    most = None if weight is None else weight.copy()
    size = 1
    while size < CELLS:
        _edges(heights_m, bound, most, size)
        _centres(heights_m, bound, most, size)
        size *= 2
    result = bound if most is None else bound * most
    result[::CELLS, ::CELLS] = np.inf
    return result


def _edges(heights_m: Floats, bound: Floats, most: Floats | None, h: int) -> None:
    """Judge the middles of axis-parallel edges of length 2h; on each hang the centres of half the size around it."""
    place = (slice(None, None, 2 * h), slice(h, None, 2 * h))
    for z, b, m in ((heights_m, bound, most), (heights_m.T, bound.T, None if most is None else most.T)):
        b[place] = np.abs(z[place] - (z[:: 2 * h, : -h : 2 * h] + z[:: 2 * h, 2 * h :: 2 * h]) / 2)
        if h > 1:
            b[place] += _around(b, h, np.zeros_like(b[place]))
            if m is not None:
                m[place] = _around(m, h, m[place].copy())


def _around(field: Floats, h: int, best: Floats) -> Floats:
    """Return for the middles of edges the greatest of the four diagonal neighbours at distance h/2; the rim has but two."""
    g = h // 2
    for side in (field[:, h + g :: 2 * h], field[:, h - g :: 2 * h]):
        np.maximum(best[:-1], side[g :: 2 * h], out=best[:-1])
        np.maximum(best[1:], side[2 * h - g :: 2 * h], out=best[1:])
    return best


def _centres(heights_m: Floats, bound: Floats, most: Floats | None, h: int) -> None:
    """Judge the centres of squares of side 2h; on each hang the middles of its four edges."""
    side = 2 * h
    low, high = slice(None, -side, side), slice(side, None, side)
    centre = (slice(h, None, side), slice(h, None, side))
    main = (heights_m[low, low] + heights_m[high, high]) / 2
    if side < CELLS:
        other = (heights_m[low, high] + heights_m[high, low]) / 2
        main[::2, 1::2] = other[::2, 1::2]
        main[1::2, ::2] = other[1::2, ::2]
    around = ((centre[0], low), (centre[0], high), (low, centre[1]), (high, centre[1]))
    bound[centre] = np.abs(heights_m[centre] - main) + _raised(np.zeros_like(main), *(bound[place] for place in around))
    if most is not None:
        most[centre] = _raised(most[centre].copy(), *(most[place] for place in around))


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """The halvings of a tile: node k of a level becomes 2k and 2k + 1 of the next."""

    corners: Longs
    """`(n, 3)` of all levels one after another: ends of the long side, then the apex; points counted row by row, anticlockwise."""
    reversed: Longs
    """The same from back to front."""
    first: Longs
    """Row of each level's first node."""
    middles: tuple[Longs, ...]
    """Of each level but the last: the point that halves each node."""


@cache
def _tree() -> _Tree:
    def point(x: int, y: int) -> int:
        return y * POINTS + x

    nodes = np.array([[point(CELLS, CELLS), 0, point(CELLS, 0)], [0, point(CELLS, CELLS), point(0, CELLS)]])
    levels, middles = [nodes], []
    for _ in range(DEPTH):
        a, b, c = nodes.T
        # Both ends lie an even number of rows and columns apart, so the mean of the numbers is the number of the middle.
        m = (a + b) // 2
        middles.append(m)
        nodes = np.stack([np.column_stack([c, a, m]), np.column_stack([b, c, m])], axis=1).reshape(-1, 3)
        levels.append(nodes)
    first = np.cumsum([0, *(len(level) for level in levels)])
    corners = np.concatenate(levels)
    return _Tree(corners, np.ascontiguousarray(corners[:, ::-1]), first, tuple(middles))


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The mesh of a tile."""

    points: Longs
    """`(v,)` lattice point of each vertex, row by row from the south-west; in the order in which triangles name them."""
    codes: Shorts
    """`(3 t,)` how far each corner's vertex lies below the next that has no name yet; triangles anticlockwise from above."""
    number: NDArray[np.int32]
    """`(65 * 65,)` vertex of each lattice point that is one; anything at the others."""

    @property
    def triangles(self) -> NDArray[np.int32]:
        """`(t, 3)` vertices."""
        fresh = self.codes == 0
        named: NDArray[np.int32] = (np.cumsum(fresh) - fresh - self.codes).astype(np.int32).reshape(-1, 3)
        return named


def cut(field: NDArray[T], y: int, x: int) -> NDArray[T]:
    """Return the 65 × 65 part of a lattice field that is a tile's, counted from the field's south-west tile."""
    return field[y * CELLS : y * CELLS + POINTS, x * CELLS : x * CELLS + POINTS]


def triangulate(over: NDArray[np.bool_]) -> list[Mesh]:
    """Triangulate tiles.

    Parameters
    ----------
    over : (n, 65 * 65)
        Whether the error of a lattice point is over the tolerance, so that it has to be a vertex (`errors`).
    """
    tree, count = _tree(), len(over)
    leaves = np.zeros((count, SLOTS), np.uint8)
    active = np.ones((count, 2), bool)
    for level, middles in enumerate(tree.middles):
        split = over[:, middles] & active
        leaves[:, :: SLOTS >> level + 1][active & ~split] = level + 1
        active = np.repeat(split, 2, axis=1)
    leaves[active] = DEPTH + 1
    return [_numbered(tree, of_tile) for of_tile in leaves]


def _numbered(tree: _Tree, leaves: NDArray[np.uint8]) -> Mesh:
    """Give vertices numbers in the order in which triangles name them, which is what the format's indices are made for."""
    slots = np.flatnonzero(leaves)
    level = leaves.take(slots) - np.uint8(1)
    rows = tree.first.take(level) + (slots >> (DEPTH - level))
    names = tree.corners.take(rows, axis=0).reshape(-1)
    turns = TURNS[: len(names)]
    first = np.zeros(POINTS**2, np.int32)
    # Of several writes to one place the last stays: from the back, the first mention.
    first[tree.reversed.take(rows[::-1], axis=0).reshape(-1)] = turns[::-1]
    mentions = np.flatnonzero(first.take(names) == turns)
    points = names.take(mentions)
    first[points] = TURNS[: len(points)]
    # Up to each mention so many have been named; the mention itself names the next.
    named = np.repeat(TURNS[1 : len(points) + 1], np.diff(mentions, append=len(names)))
    named[mentions] -= 1
    return Mesh(points, (named - first.take(names)).astype(np.uint16), first)
