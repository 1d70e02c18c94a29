"""Rings: whether they close, whether they cross themselves and where, and polygons built of them.

Points are `(n, 2)` float64, metres in a plane; a ring is open here: its first point is not repeated at the end.
"""

import math
import re
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

CLOSE_M = 0.05
"""A gap up to this is closed for the drafter, metres (norm, E301)."""
PROPOSE_M = 0.5
"""A gap up to this is probably meant to be closed, metres (norm, E301)."""

Points = NDArray[np.float64]

_PLACE = re.compile(r"\[(\S+) (\S+?)\]")


def gap_m(points: Points) -> float:
    """Return the distance from the last point to the first, metres; 0 for fewer than two points."""
    if len(points) < 2:
        return 0.0
    return float(math.hypot(*(points[-1] - points[0])))


def area_m2(points: Points) -> float:
    """Return the signed area of a ring, square metres: positive when it runs anticlockwise.

    >>> area_m2(np.array([[0, 0], [2, 0], [2, 1], [0, 1]], dtype=float))
    2.0
    """
    local = points - points[0] if len(points) else points
    x, y = local[:, 0], local[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def self_crossing(points: Points) -> tuple[float, float] | None:
    """Return a place where a ring crosses or touches itself, or None where it is simple.

    A ring without area answers with its first point: it runs back over itself.
    """
    if len(points) < 3:
        return (float(points[0][0]), float(points[0][1])) if len(points) else None
    polygon = shapely.polygons(shapely.linearrings(points))
    if polygon.is_valid and polygon.area > 0:
        return None
    found = _PLACE.search(shapely.is_valid_reason(polygon))
    if found is None:
        return float(points[0][0]), float(points[0][1])
    return float(found[1]), float(found[2])


def polygon(exterior: Points, holes: tuple[Points, ...] = ()) -> Polygon:
    """Return the polygon of a ring and its holes, the exterior anticlockwise (RFC 7946, 3.1.6), holes clockwise."""
    rings = [shapely.linearrings(hole) for hole in holes]
    oriented: Polygon = shapely.orient_polygons(shapely.polygons(shapely.linearrings(exterior), holes=rings or None))
    return oriented


def polygons(exteriors: Sequence[Points]) -> list[Polygon]:
    """Return the polygon of each ring, as `polygon` does; one without points where a ring has fewer than three."""
    whole = [ring for ring in exteriors if len(ring) > 2]
    if not whole:
        return [Polygon() for _ in exteriors]
    owners = np.repeat(np.arange(len(whole)), [len(ring) for ring in whole])
    rings = shapely.linearrings(np.concatenate(whole), indices=owners)
    made = iter(shapely.orient_polygons(shapely.polygons(rings)).tolist())
    return [next(made) if len(ring) > 2 else Polygon() for ring in exteriors]
