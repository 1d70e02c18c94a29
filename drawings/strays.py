"""Stray entities: what lies so far from all the rest that it was left behind by accident."""

import numpy as np
from numpy.typing import NDArray

from drawings.frames import Frame
from drawings.ledger import finding
from gis.issues import Issue, Place

CORE = 0.9
"""Share of the entities that are the plant for certain."""
FACTOR = 3.0
"""A stray lies outside the plant's bounding square grown by this about its middle (norm, W107)."""
SMALLEST_M = 200.0
"""Side that a plant's square has at least, metres: one dense building is not the plant."""
FEWEST = 5
"""Among fewer entities nothing is the rest."""

Points = NDArray[np.float64]


def strays(points: Points, frame: Frame) -> NDArray[np.int64]:
    """Return the indices of the points that are far from all the rest.

    The nine tenths nearest to the median are the plant, and what follows outwards belongs to it, until a point lies outside the square of
    all nearer ones grown three times: that and everything beyond is stray.

    Parameters
    ----------
    points : (n, 2) float64
        One point an entity, drawing coordinates.
    frame : Frame
        Tells how long a metre is.
    """
    count = len(points)
    if count < FEWEST:
        return np.empty(0, dtype=np.int64)
    order = np.argsort(np.max(np.abs(points - np.median(points, axis=0)), axis=1), kind="stable")
    sorted_ = points[order]
    low, high = np.minimum.accumulate(sorted_), np.maximum.accumulate(sorted_)
    # Row i: the square of the points up to i, and the point after them.
    reach = FACTOR * np.maximum(np.max(high - low, axis=1), SMALLEST_M / frame.scale)[:-1] / 2
    offsets = np.max(np.abs(sorted_[1:] - (low + high)[:-1] / 2), axis=1)
    beyond = np.flatnonzero((offsets > reach) & (np.arange(1, count) >= CORE * count))
    return np.sort(order[beyond[0] + 1 :]) if len(beyond) else np.empty(0, dtype=np.int64)


def stray_issues(points: Points, indices: NDArray[np.int64], frame: Frame) -> list[Issue]:
    """Return a warning that names how many entities are stray, and the place of the farthest.

    Parameters
    ----------
    points : (n, 2) float64
        All points, drawing coordinates.
    indices : (m,) int64
        Those that are stray.
    frame : Frame
        What makes metres of them.
    """
    if len(indices) == 0:
        return []
    middle = np.median(points, axis=0)
    distances = np.hypot(*(points[indices] - middle).T)
    x, y = frame.xy(points[indices[distances.argmax()]][None])[0].tolist()
    farthest = float(distances.max()) * frame.scale / 1000
    message = f"{len(indices)} 个图元远离厂区，最远 {farthest:.1f} km"
    return [finding("W107", message, "请缩放到全图范围查看，确认后删去散落图元", Place(xy=(round(x, 3), round(y, 3))))]
