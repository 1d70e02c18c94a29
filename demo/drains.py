"""Drains: waste water from each wet body along the roads to treatment and outlet, rain to its own; all downhill."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from demo.cells import Codes
from demo.plant import Thing, Values
from demo.plots import Grid, Standing

FALL = 0.003
"""Of a drain, metres a metre: the least of DN300 (GB 50014-2021, 5.2.10)."""
COVER_M = 0.9
"""Least depth of a drain's invert below ground, metres."""
WELL_M = 45.0
"""Most between two wells, metres (GB 50014-2021, 5.4.3: 40–50 m to DN 500)."""

Spot = tuple[float, float]


def _round(spot: Spot) -> Spot:
    return round(spot[0], 3), round(spot[1], 3)


@dataclass(slots=True)
class Net:
    """A tree of drains that ends in one spot."""

    layer: str
    medium: str
    lines: list[tuple[Spot, ...]] = field(default_factory=list)
    """Each in the direction of the flow; each ends where another runs on, or at the end of all."""

    def things(self, codes: Codes, series: str) -> list[Thing]:
        """Return the pipes and their wells, inverts relative to the ground of the site (metres)."""
        after = _downstream(self.lines)
        deepest = COVER_M + FALL * max((after[spot] for line in self.lines for spot in line), default=0.0)
        things = [Thing(self.layer, "line", tuple((u, v, 0.0) for u, v in line)) for line in self.lines]
        last = self.lines[-1][-1] if self.lines else None
        starts = {line[0] for line in self.lines}
        wells = dict.fromkeys(spot for line in self.lines for spot in _manholes(line) if spot != last and spot not in starts)
        for spot in wells:
            invert = round(FALL * _distance(spot, self.lines, after) - deepest, 2)
            values: Values = {"CODE": codes.next(series, 3), "NAME": f"{self.medium}检查井", "COVER": 0.0}
            values |= {"KIND": {"污水": "sewage", "雨水": "rain"}[self.medium], "INVERT": invert, "DEPTH": round(-invert, 2), "DIAM": 0.7}
            things.append(Thing("QJ-P-WELL", "point", ((*spot, 0.0),), block="QJ_WELL", values=values))
        return things


def _downstream(lines: Sequence[Sequence[Spot]]) -> dict[Spot, float]:
    """Return the length of the way from each vertex to the end of the net, metres."""
    following: dict[Spot, Spot] = {}
    for line in lines:
        for first, then in itertools.pairwise(line):
            following.setdefault(first, then)
    lengths: dict[Spot, float] = {}
    for start in [spot for line in lines for spot in line]:
        way = [start]
        while way[-1] in following and way[-1] not in lengths:
            way.append(following[way[-1]])
        total = lengths.setdefault(way[-1], 0.0)
        for spot, then in zip(way[-2::-1], way[:0:-1], strict=True):
            total += math.dist(spot, then)
            lengths[spot] = total
    return lengths


def _manholes(line: Sequence[Spot]) -> list[Spot]:
    """Return where a line has wells: at its vertices and every so often between them."""
    spots = [line[0]]
    for first, then in itertools.pairwise(line):
        parts = max(1, math.ceil(math.dist(first, then) / WELL_M))
        spots += [
            _round((first[0] + (then[0] - first[0]) * part / parts, first[1] + (then[1] - first[1]) * part / parts))
            for part in range(1, parts + 1)
        ]
    return spots


def _distance(spot: Spot, lines: Sequence[Sequence[Spot]], after: dict[Spot, float]) -> float:
    """Return the way to the end from a spot on a line."""
    if spot in after:
        return after[spot]
    for line in lines:
        for first, then in itertools.pairwise(line):
            if abs(math.dist(first, spot) + math.dist(spot, then) - math.dist(first, then)) < 0.01:
                return after[then] + math.dist(spot, then)
    raise ValueError(f"no line at {spot}")


def sewage(grid: Grid, standing: Sequence[Standing], inlet: Spot) -> Net:
    """Return the sewage net: from each wet cell to its road, along it eastwards, along the east side to the treatment's inlet.

    Parameters
    ----------
    grid : Grid
        Of the plant.
    standing : sequence of Standing
        All cells.
    inlet : (float, float)
        East edge of the first pond of the treatment.
    """
    net = Net("QJ-P-SEW", "污水")
    trunk = round(grid.width + min(grid.perimeter, 8.0) / 2 - 0.8, 3)
    entries: dict[float, Spot] = {}
    for number, lane in enumerate(grid.lanes):
        v = round(lane - 1.2, 3)
        joints = []
        for one in standing:
            if one.cell.wet is None or one.lane != number:
                continue
            _, low, _, high = one.cell.body
            u = round(one.u + one.cell.drain_u, 3)
            start = (u, round(one.v + (high if one.northward else low), 3))
            joints.append((u, start))
        if not joints:
            continue
        joints.sort()
        stops = list(dict.fromkeys((u, v) for u, _ in joints))
        for u, start in joints:
            net.lines.append((start, (u, v)))
        entries[v] = (trunk, v)
        net.lines.append((*stops, (trunk, v)))
    junction = (trunk, inlet[1])
    south = [spot for v, spot in sorted(entries.items()) if v < inlet[1]]
    north = [spot for v, spot in sorted(entries.items(), reverse=True) if v > inlet[1]]
    for way in (south, north):
        if way:
            net.lines.append((*way, junction))
    net.lines.append((junction, inlet))
    return net


def rain(grid: Grid, outlet: Spot) -> Net:
    """Return the rain net: along every road eastwards, then along the east side to the outlet."""
    net = Net("QJ-P-RAIN", "雨水")
    trunk = outlet[0]
    entries = []
    for lane in grid.lanes:
        v = round(lane + 1.2, 3)
        net.lines.append(((2.0, v), (trunk, v)))
        entries.append((trunk, v))
    net.lines.append((*entries, outlet))
    return net
