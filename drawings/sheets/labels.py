"""Placing labels: each text where it covers nothing, at the thing or led to it by a line; the same things give the same places.

Labels are placed one after another, the ones that matter most first, each at the cheapest free place of a fixed list of candidates.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from drawings.sheets.fonts import Weight, width
from drawings.sheets.paper import LEADING, TINY, Box, Point

How = Literal["point", "inside", "along"]
GAP = 0.7
"""Between a thing and its label, and between labels, mm."""
RADII = (5.0, 8.0, 12.0, 17.0, 23.0, 30.0, 38.0, 47.0, 57.0, 68.0, 80.0, 95.0, 110.0)
"""Distances at which a label is led to its thing, mm."""
DIRECTIONS = 16
CROSSED, MOST_CROSSED = 1.0, 7.0
"""Cost of every line that a label covers, and of many."""
LED = 2.0
"""Cost of leading a label to its thing, beside a quarter of the distance."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A label to be placed."""

    key: str
    """Names it in the answer."""
    forms: tuple[tuple[str, ...], ...]
    """Texts, the best first; each is lines. A shorter form is taken where a longer one finds no good place."""
    shape: BaseGeometry
    """What it says something of, on paper."""
    how: How = "point"
    clear: float = 2.0
    """Half the size of a point's symbol, mm."""
    rank: int = 0
    """Lower is placed first."""
    size: float = TINY
    weight: Weight = "regular"
    must: bool = True
    """Whether it is led to its thing from wherever there is room; else it is left out."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A label in its place."""

    key: str
    lines: tuple[str, ...]
    form: int
    """Which of the wanted forms it is."""
    centre: Point
    turn_deg: float
    width: float
    height: float
    size: float
    weight: Weight
    leader: tuple[Point, Point] | None
    """From the thing to the label."""
    covers: bool = False
    """Whether it lies on lines, so that they must be knocked out below it."""


@dataclass(frozen=True, slots=True)
class Placing:
    """All labels of a map."""

    placed: tuple[Placed, ...]
    lost: tuple[str, ...]
    """Keys of labels for which there was no place."""


@dataclass(slots=True)
class _Ground:
    """What lies on the map: the box, what no label may touch, what it had better not."""

    box: Box
    hard: list[BaseGeometry]
    soft: list[BaseGeometry]
    tree: STRtree = field(init=False)
    soft_tree: STRtree = field(init=False)
    taken: list[BaseGeometry] = field(default_factory=list)
    bounds: list[tuple[float, float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tree, self.soft_tree = STRtree(self.hard), STRtree(self.soft)

    def free(self, area: BaseGeometry) -> bool:
        """Return whether an area touches no label placed before."""
        if not self.taken:
            return True
        west, south, east, north = area.bounds
        known = np.array(self.bounds)
        near = np.nonzero((known[:, 0] < east) & (known[:, 2] > west) & (known[:, 1] < north) & (known[:, 3] > south))[0]
        return not any(self.taken[index].intersects(area) for index in near)

    def take(self, area: BaseGeometry) -> None:
        self.taken.append(area)
        self.bounds.append(area.bounds)


@dataclass(frozen=True, slots=True)
class _Candidate:
    centre: Point
    turn_deg: float
    cost: float
    start: Point | None = None
    """Where its leader begins."""


def place(wanted: Sequence[Wanted], box: Box, hard: Sequence[BaseGeometry], soft: Sequence[BaseGeometry]) -> Placing:
    """Place labels on a map.

    Parameters
    ----------
    wanted : sequence of Wanted
        Coordinates on paper, mm.
    box : Box
        That every label must lie in.
    hard : sequence of geometry
        What no label may touch: symbols, texts that stand.
    soft : sequence of geometry
        What a label had better not cover: lines.

    Returns
    -------
    Placing
        No two labels touch, none touches anything hard, none crosses another's leader.
    """
    ground = _Ground(box, list(hard), list(soft))
    done: list[Placed] = []
    lost: list[str] = []
    for one in sorted(wanted, key=lambda one: (one.rank, one.key)):
        found = _best(one, ground)
        if found is None:
            lost.append(one.key)
            continue
        ground.take(area_of(found.centre, found.width + GAP, found.height + GAP, found.turn_deg))
        if found.leader:
            ground.take(shapely.LineString(found.leader))
        done.append(found)
    return Placing(tuple(done), tuple(lost))


def _best(one: Wanted, ground: _Ground) -> Placed | None:
    """Return the cheapest free place of a label over all its forms."""
    best: tuple[float, Placed] | None = None
    for number, lines in enumerate(one.forms):
        wide = max(width(line, one.size, one.weight) for line in lines)
        high = one.size * (1 + LEADING * (len(lines) - 1))
        # A shorter form says less: it must save some trouble.
        penalty = 2.0 * number
        if best is not None and best[0] <= penalty:
            break
        found = _cheapest(one, wide, high, ground, best[0] - penalty if best else math.inf)
        if found is not None:
            candidate, cost, covers = found
            leader = _leader(candidate, wide, high) if candidate.start else None
            best = cost + penalty, Placed(one.key, lines, number, candidate.centre, candidate.turn_deg, wide, high, one.size, one.weight,
                                          leader, covers)  # fmt: skip
    return best[1] if best else None


def _cheapest(one: Wanted, wide: float, high: float, ground: _Ground, limit: float) -> tuple[_Candidate, float, bool] | None:
    """Return the cheapest free candidate below a limit, its cost, and whether it covers lines; far ones where no near one is good."""
    near = _free(list(_near(one, wide, high)), wide, high, ground, limit)
    if not one.must or (near is not None and near[1] <= LED):
        return near
    for start in _starts(one):
        far = _free(list(_led(one, start, wide, high, ground.box)), wide, high, ground, near[1] if near else limit)
        if far or near:
            return far or near
    return None


def _free(
    candidates: Sequence[_Candidate], wide: float, high: float, ground: _Ground, limit: float
) -> tuple[_Candidate, float, bool] | None:
    if not candidates:
        return None
    areas = _areas(candidates, wide + GAP, high + GAP)
    costs = np.array([candidate.cost for candidate in candidates])
    inner, bounds = ground.box, shapely.bounds(areas)
    fits = (bounds[:, 0] > inner.left) & (bounds[:, 1] > inner.bottom) & (bounds[:, 2] < inner.right) & (bounds[:, 3] < inner.top)
    if ground.hard:
        fits[ground.tree.query(areas, predicate="intersects")[0]] = False
    crossed = np.zeros(len(areas))
    if ground.soft:
        np.add.at(crossed, ground.soft_tree.query(areas, predicate="intersects")[0], CROSSED)
    total = costs + np.minimum(crossed, MOST_CROSSED)
    for index in np.argsort(total, kind="stable"):
        if total[index] >= limit:
            return None
        candidate = candidates[index]
        if not fits[index] or not ground.free(areas[index]):
            continue
        leader = _leader(candidate, wide, high) if candidate.start else None
        if leader is None or ground.free(shapely.LineString(leader)):
            return candidate, float(total[index]), bool(crossed[index])
    return None


def _leader(candidate: _Candidate, wide: float, high: float) -> tuple[Point, Point]:
    """Return the line from the thing to the nearest end of the label's underside."""
    (x, y), start = candidate.centre, candidate.start
    assert start is not None  # noqa: S101 — the caller asks for led ones only
    near = min(max(start[0], x - wide / 2), x + wide / 2)
    if start[0] < x - wide / 2 or start[0] > x + wide / 2:
        end = (x - wide / 2 - GAP * 0.6 if start[0] < x else x + wide / 2 + GAP * 0.6, y)
    else:
        end = (near, y - high / 2 - GAP * 0.6 if start[1] < y else y + high / 2 + GAP * 0.6)
    return start, end


def _areas(candidates: Sequence[_Candidate], wide: float, high: float) -> NDArray[np.object_]:
    centres = np.array([candidate.centre for candidate in candidates])
    turns = np.radians([candidate.turn_deg for candidate in candidates])
    corners = np.array([(-wide, -high), (wide, -high), (wide, high), (-wide, high)]) / 2
    cos, sin = np.cos(turns)[:, None], np.sin(turns)[:, None]
    x = centres[:, :1] + corners[:, 0] * cos - corners[:, 1] * sin
    y = centres[:, 1:] + corners[:, 0] * sin + corners[:, 1] * cos
    found: NDArray[np.object_] = shapely.polygons(np.stack([x, y], axis=2))
    return found


def area_of(centre: Point, wide: float, high: float, turn_deg: float) -> BaseGeometry:
    """Return the area that a text covers."""
    found: BaseGeometry = _areas([_Candidate(centre, turn_deg, 0.0)], wide, high)[0]
    return found


def _near(one: Wanted, wide: float, high: float) -> Iterator[_Candidate]:
    """Return the places at the thing itself."""
    if one.how == "inside":
        yield from _inside(one, wide, high)
    elif one.how == "along":
        yield from _along(one, wide, high)
    else:
        yield from _beside(one, wide, high)


def _beside(one: Wanted, wide: float, high: float) -> Iterator[_Candidate]:
    """Right, above, below, left, then the corners of a point."""
    x, y = shapely.get_coordinates(one.shape.representative_point() if one.shape.geom_type != "Point" else one.shape)[0].tolist()
    across, up = one.clear + GAP + wide / 2, one.clear + GAP + high / 2
    sides = (
        (across, 0.0),
        (0.0, up),
        (0.0, -up),
        (-across, 0.0),
        (across, up * 0.8),
        (across, -up * 0.8),
        (-across, up * 0.8),
        (-across, -up * 0.8),
    )
    for number, (right, above) in enumerate(sides):
        yield _Candidate((x + right, y + above), 0.0, 0.05 * number)


def _inside(one: Wanted, wide: float, high: float) -> Iterator[_Candidate]:
    """Level in an outline, then along its longer side, wherever the whole label fits in."""
    shape = one.shape
    middle = shape.centroid if shape.contains(shape.centroid) else shape.representative_point()
    turned = _lie_deg(shape)
    spots = [(0.0, 0.0), *((share * along, 0.0) for along in (0.15, 0.3) for share in (1, -1)), (0.0, 0.22), (0.0, -0.22)]
    west, south, east, north = shape.bounds
    for turn, extra in ((0.0, 0.0), (turned, 0.4)):
        if turn == 0.0 and extra:
            continue
        angle = math.radians(turn)
        long, short = (east - west, north - south) if not extra else _sides(shape)
        found = []
        for number, (right, above) in enumerate(spots):
            u, v = right * long, above * short
            at = (middle.x + u * math.cos(angle) - v * math.sin(angle), middle.y + u * math.sin(angle) + v * math.cos(angle))
            found.append(_Candidate(at, turn, extra + 0.1 * number))
        areas = _areas(found, wide + 0.3, high + 0.3)
        for candidate, holds in zip(found, shapely.contains(shape, areas), strict=True):
            if holds:
                yield candidate


def _sides(shape: BaseGeometry) -> tuple[float, float]:
    corners = shapely.get_coordinates(shape.minimum_rotated_rectangle)
    one, other = (float(np.hypot(*(corners[index + 1] - corners[index]))) for index in (0, 1))
    return max(one, other), min(one, other)


def _lie_deg(shape: BaseGeometry) -> float:
    """Return the direction of the longer side of an outline, so that text along it reads from below or from the right."""
    corners = shapely.get_coordinates(shape.minimum_rotated_rectangle)
    if len(corners) < 4:
        return 0.0
    one, other = corners[1] - corners[0], corners[2] - corners[1]
    side = one if np.hypot(*one) >= np.hypot(*other) else other
    return _readable(math.degrees(math.atan2(side[1], side[0])))


def _readable(turn: float) -> float:
    turn = (turn + 180) % 180
    turn = turn - 180 if turn > 90.001 else turn
    return 0.0 if abs(turn) < 1.0 else turn


def _along(one: Wanted, wide: float, high: float) -> Iterator[_Candidate]:
    """Above or below the longest straight pieces of a line."""
    points = shapely.get_coordinates(one.shape)
    steps = np.diff(points, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    for number, index in enumerate(np.argsort(-lengths, kind="stable")[:6]):
        if lengths[index] < 0.6 * wide:
            break
        turn = _readable(math.degrees(math.atan2(steps[index, 1], steps[index, 0])))
        angle = math.radians(turn)
        middle = points[index] + steps[index] / 2
        away = one.clear + high / 2 + GAP
        for side in (1, -1):
            at = (middle[0] - side * away * math.sin(angle), middle[1] + side * away * math.cos(angle))
            yield _Candidate(at, turn, 0.2 * number + (0.1 if side < 0 else 0))


def _starts(one: Wanted) -> Iterator[Point]:
    """Yield where a leader may begin: in the middle of the thing; where a label lies over that, nearer to the corners of its outline."""
    shape = one.shape
    middle = shape.interpolate(0.5, normalized=True) if one.how == "along" else shape.representative_point()
    yield middle.x, middle.y
    if one.how == "inside":
        for x, y in shapely.get_coordinates(shape.minimum_rotated_rectangle)[:4]:
            at = shapely.Point(middle.x + 0.7 * (x - middle.x), middle.y + 0.7 * (y - middle.y))
            if shape.contains(at):
                yield at.x, at.y


def _led(one: Wanted, start: Point, wide: float, high: float, box: Box) -> Iterator[_Candidate]:
    """All round at growing distances, with a leader."""
    reach = one.clear if one.how != "inside" else 0.0
    for radius in RADII:
        if radius < reach + 2:
            continue
        for step in range(DIRECTIONS):
            # Slanted leaders first: level ones run along walls.
            angle = math.radians(22.5 * ((step * 7 + 2) % DIRECTIONS))
            x, y = start[0] + radius * math.cos(angle), start[1] + radius * math.sin(angle)
            level = abs(math.cos(angle)) > 0.3
            at = (x + math.copysign(wide / 2, math.cos(angle)), y) if level else (x, y + math.copysign(high / 2, math.sin(angle)))
            if box.holds(at):
                begin = (start[0] + reach * math.cos(angle), start[1] + reach * math.sin(angle)) if reach else (start[0], start[1])
                yield _Candidate(at, 0.0, LED + radius / 4, begin)
