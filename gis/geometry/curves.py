"""Circles, arcs and ellipses as chords: how many it takes for a given sagitta, and where their ends lie.

Points are `(n, 2)` float64, metres in a plane; angles are radians, anticlockwise from the x axis.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SAGITTA_M = 0.001
"""Largest distance between an arc and its chord that the archive accepts, metres."""
MAX_RADIUS_M = 1e9
"""Larger arcs are straight in any drawing; also what keeps broken numbers from asking for chords without end."""

Points = NDArray[np.float64]


def chord_count(radius: float, sweep: float, sagitta: float = SAGITTA_M) -> int:
    """Return how many equal chords keep an arc within `sagitta`.

    Parameters
    ----------
    radius : float
        Metres.
    sweep : float
        Angle of the arc, radians, of either sign.
    sagitta : float
        Largest gap between arc and chord, metres.

    Examples
    --------
    >>> chord_count(1.0, math.pi / 2)
    18
    >>> chord_count(0.0, math.pi)
    1
    """
    if not sagitta < radius < MAX_RADIUS_M or not math.isfinite(sweep):
        return 1
    widest = 2 * math.acos(1 - sagitta / radius)
    return max(1, math.ceil(abs(sweep) / widest - 1e-9))


def arc_points(center: tuple[float, float], radius: float, start: float, sweep: float, sagitta: float = SAGITTA_M) -> Points:
    """Return points along an arc from `start` through `sweep`, both ends included; positive sweeps run anticlockwise."""
    angles = start + sweep * np.linspace(0.0, 1.0, chord_count(radius, sweep, sagitta) + 1)
    return np.column_stack([center[0] + radius * np.cos(angles), center[1] + radius * np.sin(angles)])


def circle_points(center: tuple[float, float], radius: float, sagitta: float = SAGITTA_M) -> Points:
    """Return the open ring of a circle, anticlockwise from east; at least eight points, a multiple of four."""
    return np.array(center) + radius * _unit_circle(max(8, 4 * math.ceil(chord_count(radius, 2 * math.pi, sagitta) / 4)))


@lru_cache(maxsize=64)
def _unit_circle(count: int) -> Points:
    """Return so many points around a circle of radius 1; drawings repeat their circles."""
    angles = np.linspace(0.0, 2 * math.pi, count, endpoint=False)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def ellipse_points(center: tuple[float, float], major: tuple[float, float], ratio: float, sagitta: float = SAGITTA_M) -> Points:
    """Return the open ring of an ellipse, anticlockwise from the end of its major axis.

    An ellipse is its major circle pressed together, and pressing shortens sagittas: the count of the circle is enough.
    """
    unit = circle_points((0.0, 0.0), 1.0, sagitta / max(math.hypot(*major), sagitta))
    minor = (-major[1] * ratio, major[0] * ratio)
    return np.column_stack(
        [
            center[0] + unit[:, 0] * major[0] + unit[:, 1] * minor[0],
            center[1] + unit[:, 0] * major[1] + unit[:, 1] * minor[1],
        ]
    )


def bulge_points(start: tuple[float, float], end: tuple[float, float], bulge: float, sagitta: float = SAGITTA_M) -> Points:
    """Return points of a polyline segment with a bulge, both ends included and exact.

    Parameters
    ----------
    start, end : tuple of float
        Ends, metres.
    bulge : float
        Tangent of a quarter of the arc's angle, positive when it runs anticlockwise from start to end (DXF reference, LWPOLYLINE,
        group 42); zero is a straight line.
    """
    first, last = np.array(start, dtype=float), np.array(end, dtype=float)
    if bulge == 0 or not all(map(math.isfinite, (*start, *end, bulge))):
        return np.array([first, last])
    chord = last - first
    length = float(np.hypot(*chord))
    if length == 0:
        return np.array([first, last])
    sweep = 4 * math.atan(bulge)
    radius = length * (1 + bulge * bulge) / (4 * abs(bulge))
    left = np.array([-chord[1], chord[0]]) / length
    center = (first + last) / 2 + left * (length * (1 - bulge * bulge) / (4 * bulge))
    from_center = math.atan2(first[1] - center[1], first[0] - center[0])
    points = arc_points((float(center[0]), float(center[1])), radius, from_center, sweep, sagitta)
    points[0], points[-1] = first, last
    return points


_Arc = tuple[float, float, float, float, float, int]
"""Centre, radius, begin and sweep of an arc, and how many chords it takes."""


def _arc(start: tuple[float, float], end: tuple[float, float], bulge: float, sagitta: float) -> _Arc | None:
    """Return the arc of a polyline segment (see `bulge_points`), None where it is straight."""
    if bulge == 0 or start == end or not all(map(math.isfinite, (*start, *end, bulge))):
        return None
    along, across = end[0] - start[0], end[1] - start[1]
    length = float(np.hypot(along, across))
    off = length * (1 - bulge * bulge) / (4 * bulge)
    x, y = (start[0] + end[0]) / 2 + -across / length * off, (start[1] + end[1]) / 2 + along / length * off
    sweep, radius = 4 * math.atan(bulge), length * (1 + bulge * bulge) / (4 * abs(bulge))
    return x, y, radius, math.atan2(start[1] - y, start[0] - x), sweep, chord_count(radius, sweep, sagitta)


@lru_cache(maxsize=256)
def _steps(chords: int) -> Points:
    """Return the share of an arc at each point between its ends."""
    return np.arange(1, chords, dtype=np.float64) * (1.0 / chords)


def _inner_points(arc: _Arc) -> Points:
    """Return the points between the ends of an arc."""
    x, y, radius, begin, sweep, chords = arc
    angles = begin + sweep * _steps(chords)
    inner: Points = np.empty((chords - 1, 2))
    inner[:, 0] = x + radius * np.cos(angles)
    inner[:, 1] = y + radius * np.sin(angles)
    return inner


def polyline_points(points: Points, *, closed: bool, sagitta: float = SAGITTA_M) -> Points:
    """Return a polyline with its bulges as chords; repeated points are dropped, and a closed one does not repeat its first.

    Parameters
    ----------
    points : (n, 3) float64
        x, y, and the bulge of the segment that starts there.
    closed : bool
        Whether the last point runs back to the first.
    """
    if len(points) == 0:
        return np.empty((0, 2))
    rows = points.tolist()
    following = [*rows[1:], *(rows[:1] if closed else ())]
    arcs = [_arc((x, y), (to_x, to_y), bulge, sagitta) for (x, y, bulge), (to_x, to_y, _) in zip(rows, following, strict=False)]
    line: Points = np.empty((1 + sum(arc[5] if arc else 1 for arc in arcs), 2))
    at = 0
    for row, arc in zip(rows, arcs, strict=False):
        line[at] = row[:2]
        at += 1
        if arc and arc[5] > 1:
            line[at : at + arc[5] - 1] = _inner_points(arc)
            at += arc[5] - 1
    line[at] = following[-1][:2] if following else rows[0][:2]
    repeated = (line[1:] == line[:-1]).all(axis=1)
    if repeated.any():
        line = line[np.concatenate([[True], ~repeated])]
    returns = closed and len(line) > 1 and line[0].tolist() == line[-1].tolist()
    return line[: len(line) - returns]
