"""Polylines with bulges as native curves: turned round, measured, located on, cut.

A curve is `(n, 3)` float64: x, y and the bulge of the segment that starts there (DXF reference, LWPOLYLINE, group 42); the last
bulge means nothing. A parameter is the number of a segment plus the part of it, by length and, on an arc, by angle.
"""

import math

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def reverse(points: Points) -> Points:
    """Return the same curve run the other way: bulges change their sign and move to the other end of their segment.

    >>> reverse(np.array([[0, 0, 1.0], [2, 0, 0.0], [2, 5, 0.0]])).tolist()
    [[2.0, 5.0, 0.0], [2.0, 0.0, -1.0], [0.0, 0.0, 0.0]]
    """
    turned = np.array(points[::-1], dtype=float)
    # Nought has no sign.
    turned[:-1, 2] = 0.0 - points[-2::-1, 2]
    turned[-1, 2] = 0.0
    return turned


def clean(points: Points, same: float) -> Points:
    """Return the curve without segments whose ends differ by no more than `same`."""
    if len(points) < 2:
        return points
    apart = np.abs(np.diff(points[:, :2], axis=0)).max(axis=1) > same
    if apart.all():
        return points
    kept: Points = points[np.append(apart, True)].copy()
    # However short, what was left out must not move the start.
    kept[0, :2] = points[0, :2]
    return kept


def lengths(points: Points) -> Points:
    """Return the length of each segment, `(n - 1,)`, arcs along the arc."""
    chords: Points = np.hypot(*np.diff(points[:, :2], axis=0).T)
    half = 2 * np.arctan(np.abs(points[:-1, 2]))
    sines = np.sin(half)
    bent = sines > 1e-9
    arcs: Points = np.where(bent, chords * half / np.where(bent, sines, 1.0), chords)
    return arcs


def _center(start: Points, end: Points, bulge: float) -> Points:
    chord = end - start
    center: Points = (start + end) / 2 + np.array([-chord[1], chord[0]]) * ((1 - bulge * bulge) / (4 * bulge))
    return center


def _along(start: Points, end: Points, bulge: float, part: float) -> Points:
    """Return the place at a part of one segment."""
    if part in {0.0, 1.0}:
        return end if part else start
    if bulge == 0:
        return start + (end - start) * part
    center = _center(start, end, bulge)
    turn = 4 * math.atan(bulge) * part
    cos, sin = math.cos(turn), math.sin(turn)
    spoke = start - center
    place: Points = center + np.array([cos * spoke[0] - sin * spoke[1], sin * spoke[0] + cos * spoke[1]])
    return place


def _part(start: Points, end: Points, bulge: float, xy: Points) -> float:
    """Return the part of an arc that lies nearest to a place."""
    center = _center(start, end, bulge)
    sweep = 4 * math.atan(bulge)
    from_center, spoke = xy - center, start - center
    turn = math.atan2(from_center[1], from_center[0]) - math.atan2(spoke[1], spoke[0])
    part = (turn * math.copysign(1.0, sweep) % (2 * math.pi)) / abs(sweep)
    if part <= 1:
        return part
    return float(np.hypot(*(xy - end)) < np.hypot(*(xy - start)))


def place_at(points: Points, parameter: float) -> Points:
    """Return the place `(2,)` at a parameter."""
    segment = min(int(parameter), len(points) - 2)
    start, end = points[segment], points[segment + 1]
    return _along(start[:2], end[:2], float(start[2]), parameter - segment)


def locate(points: Points, xy: Points) -> tuple[float, float]:
    """Return the parameter of the curve's nearest place to `xy`, and the distance to it."""
    starts, chords = points[:-1, :2], np.diff(points[:, :2], axis=0)
    squares = np.einsum("ij,ij->i", chords, chords)
    parts = np.clip(np.einsum("ij,ij->i", xy - starts, chords) / np.where(squares > 0, squares, 1.0), 0.0, 1.0)
    feet = starts + chords * parts[:, None]
    for segment in np.flatnonzero(points[:-1, 2]).tolist():
        start, end, bulge = points[segment, :2], points[segment + 1, :2], float(points[segment, 2])
        parts[segment] = _part(start, end, bulge, xy)
        feet[segment] = _along(start, end, bulge, float(parts[segment]))
    distances = np.hypot(*(feet - xy).T)
    best = int(distances.argmin())
    return best + float(parts[best]), float(distances[best])


def cut(points: Points, first: float, last: float) -> Points:
    """Return the curve between two parameters, `first` before `last`; arcs stay arcs."""
    if first == 0 and last == len(points) - 1:
        return points
    rows = []
    for segment in range(int(first), math.ceil(last)):
        begin, end = max(first, segment), min(last, segment + 1)
        bulge = float(points[segment, 2])
        rows.append((*place_at(points, begin), bulge if end - begin == 1 else math.tan(math.atan(bulge) * (end - begin))))
    rows.append((*place_at(points, last), 0.0))
    return np.array(rows)


def signed_area(points: Points) -> float:
    """Return what a curve adds to the area of a ring it is a part of: twice nothing for a straight line through the origin."""
    x, y = points[:, 0], points[:, 1]
    shoelace = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
    bulges = points[:-1, 2]
    if not bulges.any():
        return shoelace
    bent = bulges != 0
    bulges, chords = bulges[bent], np.hypot(*np.diff(points[:, :2], axis=0)[bent].T)
    sweeps = 4 * np.arctan(bulges)
    radii = chords * (1 + bulges * bulges) / (4 * np.abs(bulges))
    return shoelace + float(np.sum(radii * radii * (sweeps - np.sin(sweeps)))) / 2
