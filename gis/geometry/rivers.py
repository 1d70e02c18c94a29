"""Along a network of rivers that are drawn in the direction of their flow."""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry import LineString, Point
from shapely.ops import substring

JOIN_M = 60.0
"""How near to another river's course a river ends that flows into it, metres."""
LEAST_M = 0.001
"""A way that is this short ends, metres."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A stretch of a river on the way down."""

    river: int
    """Its place in the list of rivers."""
    line: LineString
    before_m: float
    """Length of the way down to where it begins, metres."""


def downstream(rivers: Sequence[LineString], start: Point, *, snap_m: float, most_m: float) -> list[Reach]:
    """Return the way of the water from a point down, through the rivers that its river flows into.

    Parameters
    ----------
    rivers : sequence of LineString
        In metres, in the direction of their flow.
    start : Point
        In the same system.
    snap_m : float
        How far the point may lie from a river.
    most_m : float
        How long the way is at most.

    Returns
    -------
    list of Reach
        Empty where no river is near.
    """
    if not rivers:
        return []
    away = shapely.distance(list(rivers), start)
    river = int(away.argmin())
    if away[river] > snap_m:
        return []
    reaches: list[Reach] = []
    at, gone, seen = start, 0.0, set[int]()
    while river >= 0 and most_m - gone > LEAST_M:
        seen.add(river)
        line = rivers[river]
        begin = float(line.project(at))
        reach = substring(line, begin, min(line.length, begin + most_m - gone))
        if isinstance(reach, LineString) and reach.length > 0:
            reaches.append(Reach(river, reach, gone))
            gone += reach.length
        at = Point(line.coords[-1])
        others = [(float(one.distance(at)), index) for index, one in enumerate(rivers) if index not in seen]
        near, following = min(others, default=(float("inf"), -1))
        river = following if near <= JOIN_M else -1
    return reaches


def along(reaches: Sequence[Reach], point: Point) -> tuple[float, float]:
    """Return how far down the way a point lies, and how far from the water, metres."""
    away, reach = min(((one.line.distance(point), one) for one in reaches), key=lambda pair: pair[0])
    return reach.before_m + float(reach.line.project(point)), float(away)
