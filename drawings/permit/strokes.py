"""A lone stroke in a cell: a dash or a slash that says "nothing", which readers of text take for 一 or 1."""

import numpy as np
from numpy.typing import NDArray

THIN = 0.3
"""Greatest breadth of a stroke, as a share of its length."""
FLAT_DEG = 15.0
SLASH_DEG = (40.0, 84.0)
"""From the horizontal, rising to the right; a page that was straightened leans less than a 1 from a slash (75° in most fonts)."""
LEAST_DOTS = 12


def stroke(ink: NDArray[np.bool_]) -> str | None:
    """Return the sign that a lone stroke is, — or /; None where it is neither.

    Parameters
    ----------
    ink : (height, width) bool
        What is dark in a piece of a page, a row of dots from above.

    >>> stroke(np.pad(np.ones((3, 20), bool), 5)), stroke(np.pad(np.ones((20, 3), bool), 5))
    ('—', None)
    """
    rows, columns = np.nonzero(ink)
    if len(rows) < LEAST_DOTS:
        return None
    points = np.column_stack([columns, -rows]).astype(float)
    spread, axes = np.linalg.eigh(np.cov(points - points.mean(axis=0), rowvar=False))
    if np.sqrt(max(spread[0], 0.0) / spread[1]) > THIN:
        return None
    angle = float(np.degrees(np.arctan2(axes[1, 1], axes[0, 1]))) % 180
    if min(angle, 180 - angle) < FLAT_DEG:
        return "—"
    return "/" if SLASH_DEG[0] < angle < SLASH_DEG[1] else None
