"""The geoid: from heights over the sea (1985 national height datum) to heights over the ellipsoid."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).parents[1] / "data" / "geoid" / "egm96_china.npz"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    undulation_m: Floats
    """North first."""
    west: float
    north: float
    step: float


@cache
def _grid() -> _Grid:
    with np.load(FILE) as stored:
        return _Grid(stored["undulation_cm"] / 100, float(stored["west"]), float(stored["north"]), float(stored["step"]))


def undulation_m(lon: Floats, lat: Floats) -> Floats:
    """Return how far the geoid (EGM96) lies over the ellipsoid, metres; arrays that broadcast, degrees.

    A height over the sea plus this is an ellipsoid height. Between the nodes of 15′ it is bilinear, which errs by centimetres; beyond the
    grid (72–136°E, 2–55°N) its rim goes on.

    Examples
    --------
    >>> float(undulation_m(np.array([107.5]), np.array([31.2]))[0].round(2))
    -37.23
    """
    grid = _grid()
    rows, columns = grid.undulation_m.shape
    x = np.clip((lon - grid.west) / grid.step, 0, columns - 1)
    y = np.clip((grid.north - lat) / grid.step, 0, rows - 1)
    west, north = np.minimum(x.astype(int), columns - 2), np.minimum(y.astype(int), rows - 2)
    right, down = x - west, y - north
    values = grid.undulation_m
    upper = values[north, west] * (1 - right) + values[north, west + 1] * right
    lower = values[north + 1, west] * (1 - right) + values[north + 1, west + 1] * right
    found: Floats = upper * (1 - down) + lower * down
    return found
