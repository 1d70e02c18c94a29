"""Plots: the cells of each zone in shelves, the plots in rows between roads."""

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from demo.cells import Cell, rounded

SETBACK_M = 4.0
"""Between a kerb and what stands behind it, metres."""
ALLEY_M = 8.0
"""Between two shelves of a plot, metres."""
MOST_SHELVES = 3
LOOSEST = 1.9
"""Gaps between bodies grow at most so many times before the rest of a plot is left green."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What stands on a plot."""

    zone: str
    label: str
    cells: tuple[Cell, ...]
    gap: float
    alley: float = ALLEY_M
    shelves: tuple[tuple[Cell, ...], ...] | None = None
    """Given where the order does not decide."""
    eastward: bool = False
    """Its last shelf begins at the east end."""

    def split(self, count: int) -> tuple[tuple[Cell, ...], ...]:
        """Return the cells in shelves, in their order, the longest shelf as short as can be."""
        if self.shelves is not None:
            return self.shelves
        count = min(count, len(self.cells))
        cuts = itertools.combinations(range(1, len(self.cells)), count - 1)
        ways = [[0, *cut, len(self.cells)] for cut in cuts]
        best = min(ways, key=lambda way: max(self.length(self.cells[a:b]) for a, b in itertools.pairwise(way)))
        return tuple(self.cells[a:b] for a, b in itertools.pairwise(best))

    def length(self, shelf: Sequence[Cell]) -> float:
        """Return the length of a shelf with its setbacks."""
        return sum(cell.width for cell in shelf) + self.gap * (len(shelf) - 1) + 2 * SETBACK_M

    def size(self, shelves: Sequence[Sequence[Cell]]) -> tuple[float, float]:
        """Return width and depth of a plot with these shelves."""
        depth = sum(max(cell.depth for cell in shelf) for shelf in shelves)
        return max(self.length(shelf) for shelf in shelves), depth + 2 * SETBACK_M + self.alley * (len(shelves) - 1)


def _drained(shelves: Sequence[Sequence[Cell]]) -> bool:
    """Say whether every wet cell stands on a shelf at a road."""
    return not any(cell.wet for shelf in shelves[1:-1] for cell in shelf)


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot in its place: west, south, east, north, metres."""

    contents: Contents
    shelves: tuple[tuple[Cell, ...], ...]
    bounds: tuple[float, float, float, float]
    row: int


@dataclass(frozen=True, slots=True)
class Grid:
    """All plots and the roads between them."""

    plots: tuple[Plot, ...]
    width: float
    depth: float
    lanes: tuple[float, ...]
    """v of the middle of each road along the rows, the one before the first row first."""
    perimeter: float
    """Width of what runs around, metres."""
    crossing: float
    """u of the road between two plots of the first row: the gate's."""


def arrange(rows: Sequence[Sequence[Contents]], dice: random.Random, *, ring: bool) -> Grid:
    """Return the plots of rows of zones, as near to a wanted outline as their contents allow.

    Parameters
    ----------
    rows : sequence of sequences of Contents
        From the gate to the low side, each from west to east.
    dice : random.Random
        Decides the outline.
    ring : bool
        Whether a road runs around.
    """
    street = rounded(dice.uniform(7, 9), 0.5)
    avenue = rounded(dice.uniform(8, 11), 0.5)
    wanted = dice.uniform(0.95, 1.9)
    best: tuple[float, list[list[tuple[tuple[Cell, ...], ...]]]] | None = None
    for counts in itertools.product(range(1, MOST_SHELVES + 1), repeat=len(rows)):
        shelves = [[contents.split(count) for contents in row] for row, count in zip(rows, counts, strict=True)]
        if not all(_drained(plot) for row in shelves for plot in row):
            continue
        sizes = [[contents.size(plot) for contents, plot in zip(*pair, strict=True)] for pair in zip(rows, shelves, strict=True)]
        width = max(sum(size[0] for size in row) + street * (len(row) - 1) for row in sizes)
        depth = sum(max(size[1] for size in row) for row in sizes) + avenue * (len(rows) - 1)
        score = width * depth * (1 + 0.6 * abs(math.log(width / depth / wanted)))
        if best is None or score < best[0]:
            best = score, shelves
    if best is None:
        raise ValueError("no arrangement drains: a zone has wet cells between its first and last shelf")
    return _placed(rows, best[1], street, avenue, rounded(dice.uniform(7, 9), 0.5) if ring else 5.0)


def _placed(
    rows: Sequence[Sequence[Contents]],
    shelves: Sequence[Sequence[tuple[tuple[Cell, ...], ...]]],
    street: float,
    avenue: float,
    perimeter: float,
) -> Grid:
    sizes = [[contents.size(plot) for contents, plot in zip(*pair, strict=True)] for pair in zip(rows, shelves, strict=True)]
    width = rounded(max(sum(size[0] for size in row) + street * (len(row) - 1) for row in sizes), 0.5)
    plots, lanes, south = [], [-perimeter / 2], 0.0
    crossing = width / 2
    for number, (row, plot_shelves, row_sizes) in enumerate(zip(rows, shelves, sizes, strict=True)):
        depth = rounded(max(size[1] for size in row_sizes) + 0.25, 0.5)
        spare = width - sum(size[0] for size in row_sizes) - street * (len(row) - 1)
        total, west = sum(size[0] for size in row_sizes), 0.0
        for index, (contents, inside, size) in enumerate(zip(row, plot_shelves, row_sizes, strict=True)):
            last = index == len(row) - 1
            east = width if last else round(west + size[0] + spare * size[0] / total, 3)
            plots.append(Plot(contents, inside, (west, south, east, south + depth), number))
            if number == 0 and not last and abs(east - width / 2) < abs(crossing - width / 2) + width * (crossing == width / 2):
                crossing = east + street / 2
            west = round(east + street, 3)
        south = south + depth
        lanes.append(south + (perimeter / 2 if number == len(rows) - 1 else avenue / 2))
        south += avenue
    return Grid(tuple(plots), width, round(south - avenue, 3), tuple(round(lane, 3) for lane in lanes), perimeter, round(crossing, 3))


@dataclass(frozen=True, slots=True)
class Standing:
    """A cell in its place."""

    cell: Cell
    u: float
    v: float
    lane: int
    """Number of the road that it drains to."""
    northward: bool
    """Whether that road lies north of it."""


def _spaced(contents: Contents, shelf: Sequence[Cell], room: float) -> tuple[float, float]:
    """Return the gap between cells and what is left at the end."""
    spare = room - contents.length(shelf)
    most = contents.gap * (LOOSEST - 1)
    extra = min(spare / len(shelf), most) if len(shelf) > 1 else 0.0
    return contents.gap + extra, spare - extra * (len(shelf) - 1)


def stand(plot: Plot) -> tuple[list[Standing], list[tuple[float, float, float, float]]]:
    """Return the cells of a plot in their places, and the boxes (west, south, east, north) that are left free."""
    west, south, east, north = plot.bounds
    placed, free = [], []
    depths = [max(cell.depth for cell in shelf) for shelf in plot.shelves]
    between = (north - south - 2 * SETBACK_M - sum(depths)) / max(len(depths) - 1, 1)
    v = south + SETBACK_M
    for number, (shelf, depth) in enumerate(zip(plot.shelves, depths, strict=True)):
        last = number == len(depths) - 1
        upper = last and number > 0
        if upper:
            v = north - SETBACK_M - depth
        gap, left = _spaced(plot.contents, shelf, east - west)
        reverse = plot.contents.eastward and upper
        u = east - SETBACK_M if reverse else west + SETBACK_M
        for cell in shelf:
            at = u - cell.width if reverse else u
            # Cells stand along their road.
            low = v + depth - cell.depth if upper else v
            placed.append(Standing(cell, rounded(at, 0.001), rounded(low, 0.001), plot.row + upper, upper))
            u += (-1 if reverse else 1) * (cell.width + gap)
        if left > 8:
            spot = (west + SETBACK_M, west + SETBACK_M + left - 4) if reverse else (east - SETBACK_M - left + 4, east - SETBACK_M)
            free.append((spot[0], v, spot[1], v + depth))
        v += depth + between
    if len(depths) == 1 and between > 8:
        free.append((west + SETBACK_M, north - SETBACK_M - between + 5, east - SETBACK_M, north - SETBACK_M))
    return placed, free
