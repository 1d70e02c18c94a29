"""Where the points of one grid lie in another: exact at every 16th point, straight between, which errs by millimetres."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

NODES = 16
"""Every so many points the position is computed by PROJ."""

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


def between_nodes(columns: Longs, rows: Longs, at: Callable[[Longs, Longs], Floats]) -> Floats:
    """Return positions for consecutive columns and rows of a grid, `(2, rows, columns)`.

    Nodes are whole multiples of 16, so a point's position is the same whatever part of the grid is asked for.

    Parameters
    ----------
    columns, rows : (n,), (m,)
    at : callable
        Returns `(2, rows, columns)` for the nodes' columns and rows.
    """
    nodes = [np.arange(axis[0] // NODES, axis[-1] // NODES + 2) * NODES for axis in (columns, rows)]
    place = at(nodes[0], nodes[1])
    across, along = ((axis - first[0]) / NODES for axis, first in zip((columns, rows), nodes, strict=True))
    i, j = across.astype(int), along.astype(int)
    s, t = across - i, (along - j)[:, None]
    low = place[:, j][:, :, i] * (1 - s) + place[:, j][:, :, i + 1] * s
    high = place[:, j + 1][:, :, i] * (1 - s) + place[:, j + 1][:, :, i + 1] * s
    found: Floats = low * (1 - t) + high * t
    return found
