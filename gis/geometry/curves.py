"""Circles, arcs and ellipses as chords: how many it takes for a given sagitta, and where their ends lie.

Points are `(n, 2)` float64, metres in a plane; angles are radians, anticlockwise from the x axis.
"""

import math

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
    count = max(8, 4 * math.ceil(chord_count(radius, 2 * math.pi, sagitta) / 4))
    angles = np.linspace(0.0, 2 * math.pi, count, endpoint=False)
    return np.column_stack([center[0] + radius * np.cos(angles), center[1] + radius * np.sin(angles)])


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


def _arcs(first: Points, last: Points, bulges: list[float], sagitta: float) -> tuple[Points, NDArray[np.intp]]:
    """Return the inner points of segments with a bulge (see `bulge_points`) one after the other, and how many each has."""
    bulge = np.array(bulges)
    chord = last - first
    length = np.hypot(chord[:, 0], chord[:, 1])
    sweeps = [4 * math.atan(one) for one in bulges]
    radius = length * (1 + bulge * bulge) / (4 * np.abs(bulge))
    left = np.column_stack([-chord[:, 1], chord[:, 0]]) / length[:, None]
    center = (first + last) / 2 + left * (length * (1 - bulge * bulge) / (4 * bulge))[:, None]
    begins = [math.atan2(y, x) for x, y in (first - center).tolist()]
    chords = np.array([chord_count(size, sweep, sagitta) for size, sweep in zip(radius.tolist(), sweeps, strict=True)], dtype=np.intp)
    counts = chords - 1
    of = np.repeat(np.arange(len(bulges)), counts)
    step = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    angles = np.array(begins)[of] + np.array(sweeps)[of] * (step * (1.0 / chords)[of])
    return np.column_stack([center[of, 0] + radius[of] * np.cos(angles), center[of, 1] + radius[of] * np.sin(angles)]), counts


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
    corners = np.ascontiguousarray(points[:, :2])
    following, bulges = np.roll(corners, -1, axis=0), np.array(points[:, 2])
    bulges[~np.isfinite(np.column_stack([corners, following, bulges])).all(axis=1) | (corners == following).all(axis=1)] = 0.0
    if not closed:
        bulges[-1] = 0.0
    curved = np.flatnonzero(bulges)
    inner, counts = _arcs(corners[curved], following[curved], bulges[curved].tolist(), sagitta)
    line: Points = np.insert(corners, np.repeat(curved + 1, counts), inner, axis=0)
    keep = np.concatenate([[True], np.any(line[1:] != line[:-1], axis=1)])
    line = line[keep]
    returns = closed and len(line) > 1 and bool(np.all(line[0] == line[-1]))
    return line[: len(line) - returns]
