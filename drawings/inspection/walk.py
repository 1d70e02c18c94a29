"""A short walk past places: from the nearest to the next, then untangled; the same places give the same walk."""

import math
from collections.abc import Sequence

Point = tuple[float, float]


def _nearest(points: Sequence[Point], start: Point) -> list[int]:
    left, at, order = list(range(len(points))), start, list[int]()
    while left:
        best = min(left, key=lambda index: (math.dist(points[index], at), index))
        left.remove(best)
        order.append(best)
        at = points[best]
    return order


def walk(points: Sequence[Point], start: Point) -> list[int]:
    """Return the order in which to go past points.

    A walk from the nearest to the next one, in which stretches are turned around as long as that makes it shorter (2-opt).

    Parameters
    ----------
    points : sequence of (float, float)
        Metres.
    start : (float, float)
        Where the walk begins.

    >>> walk([(30.0, 0.0), (10.0, 0.0), (20.0, 0.0)], (0.0, 0.0))
    [1, 2, 0]
    """
    order = _nearest(points, start)
    places = [start, *(points[index] for index in order)]
    shorter = True
    while shorter:
        shorter = False
        for i in range(1, len(places) - 1):
            for j in range(i + 1, len(places)):
                after = places[j + 1] if j + 1 < len(places) else None
                old = math.dist(places[i - 1], places[i]) + (math.dist(places[j], after) if after else 0.0)
                new = math.dist(places[i - 1], places[j]) + (math.dist(places[i], after) if after else 0.0)
                if new < old - 1e-6:
                    places[i : j + 1] = places[i : j + 1][::-1]
                    order[i - 1 : j] = order[i - 1 : j][::-1]
                    shorter = True
    return order
