"""Which tile of an implicit quadtree shows which feature.

A tile shows the largest of what lies in it, its children add the rest (refine ADD), so each feature is in exactly one tile, whatever is
seen first are the large ones, and no tile holds more than it should. The tree is cut in longitude and latitude (region, EPSG:4979), from
lines that do not follow the data.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CAPACITY = 512
"""Features of a tile."""
UNIT_DEG = 2.0**-8
"""The root's side is a power of two of these, its corner lies on half its side."""
MAX_LEVEL = 20
"""To some 2 m where the root spans a country; what lies closer together than that is in one tile, however many they are."""

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Root:
    """The square of the whole tree, degrees of EPSG:4490."""

    west: float
    south: float
    side: float

    def rectangle(self, level: int, x: int, y: int) -> tuple[float, float, float, float]:
        """Return west, south, east, north of a tile, degrees."""
        side = self.side / 2**level
        return self.west + x * side, self.south + y * side, self.west + (x + 1) * side, self.south + (y + 1) * side


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A tile with its features."""

    level: int
    x: int
    y: int
    rows: Longs
    """Of the features that it shows, ascending."""
    missing_m: float
    """Size of the largest feature that it leaves to its children, metres; 0 of a leaf."""


def root_of(places: Floats) -> Root:
    """Return the square around places, `(n, 2)` degrees, n ≥ 1; it follows them in steps, not with each edit."""
    low, high = np.floor(places.min(axis=0) / UNIT_DEG), np.floor(places.max(axis=0) / UNIT_DEG) + 1
    half = 1.0
    while (np.floor(low / half) * half + 2 * half < high).any():
        half *= 2
    west, south = (np.floor(low / half) * half * UNIT_DEG).tolist()
    return Root(west, south, 2 * half * UNIT_DEG)


def _interleaved(columns: Longs, rows: Longs) -> Longs:
    """Return Morton codes: bits of the row above those of the column."""
    code = np.zeros(len(columns), np.int64)
    for bit in range(MAX_LEVEL):
        code |= ((columns >> bit) & 1) << (2 * bit) | ((rows >> bit) & 1) << (2 * bit + 1)
    return code


def nodes(places: Floats, sizes_m: Floats, root: Root, capacity: int = CAPACITY) -> Iterator[Node]:
    """Yield the tiles of a tree, parents before children, in Morton order.

    Parameters
    ----------
    places : (n, 2) float64, degrees, within the root
    sizes_m : (n,) float64
        How large each feature is across. Of equally large ones the first goes to the upper tile.
    root : Root
    capacity : int
    """
    cells = ((places - (root.west, root.south)) / root.side * 2**MAX_LEVEL).astype(np.int64).clip(0, 2**MAX_LEVEL - 1)
    codes = _interleaved(cells[:, 0], cells[:, 1])
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    waiting = [(0, 0, 0, order, codes)]
    while waiting:
        level, x, y, rows, own = waiting.pop()
        if len(rows) <= capacity or level == MAX_LEVEL:
            yield Node(level, x, y, np.sort(rows), 0.0)
            continue
        first = np.lexsort((rows, -sizes_m[rows]))[:capacity]
        shown = np.zeros(len(rows), bool)
        shown[first] = True
        rest, below = rows[~shown], own[~shown]
        yield Node(level, x, y, np.sort(rows[shown]), float(sizes_m[rest].max()))
        quarter = (below >> 2 * (MAX_LEVEL - level - 1)) & 3
        ends = np.searchsorted(quarter, np.arange(5))
        for number in (3, 2, 1, 0):
            begin, end = int(ends[number]), int(ends[number + 1])
            if begin < end:
                waiting.append((level + 1, 2 * x + (number & 1), 2 * y + (number >> 1), rest[begin:end], below[begin:end]))


def batches(tiles: list[Node], most: int) -> list[list[Node]]:
    """Return tiles in runs of so many features, neighbours together: what is made in one go."""
    found, count = [list[Node]()], 0
    for tile in tiles:
        if found[-1] and count + len(tile.rows) > most:
            found.append([])
            count = 0
        found[-1].append(tile)
        count += len(tile.rows)
    return [batch for batch in found if batch]


def root_error_m(tiles: list[Node]) -> float:
    """Return the geometric error of the root: halved each level it is nowhere less than what a tile leaves out."""
    return max((tile.missing_m * 2.0**tile.level for tile in tiles), default=0.0)
