"""The lattice of terrain: EPSG:4326 tiles counted from the south-west (TMS), 64 cells along a side of each.

A point of a level has the same index in every tile that it belongs to, so what is computed by index is the same on both sides of an edge.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CELLS = 64
"""Along a side of a tile."""
POINTS = CELLS + 1
LEVEL_ZERO_ERROR_M = 77_067.34
"""Geometric error that CesiumJS takes for granted at level 0 (65 points a side, EPSG:4326); it halves from level to level."""

Floats = NDArray[np.float64]
Rectangle = tuple[float, float, float, float]
"""West, south, east, north, degrees."""


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A tile of the pyramid; `y` grows northward."""

    z: int
    x: int
    y: int

    @property
    def rectangle(self) -> Rectangle:
        """West, south, east, north, degrees."""
        side = 180.0 / 2.0**self.z
        return self.x * side - 180, self.y * side - 90, (self.x + 1) * side - 180, (self.y + 1) * side - 90


def step_deg(z: int) -> float:
    """Return the distance of neighbouring lattice points of a level, degrees."""
    return 180.0 / 2.0**z / CELLS


def degrees(z: int, columns: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return longitudes of columns and latitudes of rows of a level's lattice, degrees."""
    step = step_deg(z)
    return columns.astype(float) * step - 180.0, rows.astype(float) * step - 90.0


def span(rectangle: Rectangle, z: int) -> tuple[int, int, int, int]:
    """Return the first and last column and row of the tiles that a rectangle touches: x0, y0, x1, y1.

    >>> span((107.0, 31.0, 107.1, 31.1), 8)
    (408, 172, 408, 172)
    """
    side = 180.0 / 2.0**z
    west, south, east, north = rectangle
    last_x, last_y = (1 << z + 1) - 1, (1 << z) - 1

    def clipped(value: float, last: int) -> int:
        return int(min(max(value, 0), last))

    return (
        clipped(np.floor((west + 180) / side), last_x),
        clipped(np.floor((south + 90) / side), last_y),
        clipped(np.ceil((east + 180) / side) - 1, last_x),
        clipped(np.ceil((north + 90) / side) - 1, last_y),
    )


def tolerance_m(z: int) -> float:
    """Return how far a tile's surface may be from the model of heights: an eighth of what the viewer takes for granted of the level."""
    return LEVEL_ZERO_ERROR_M / 2.0**z / 8
