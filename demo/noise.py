"""Smooth noise over a grid of metres: the same at a place for the same seed, whatever part is asked for and however finely."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Axis = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where values are asked for: EPSG:4545 metres."""

    x: Axis
    """Eastings of the columns."""
    y: Axis
    """Northings of the rows."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.y), len(self.x)


def hashed(i: NDArray[np.int64], j: NDArray[np.int64], seed: int) -> Floats:
    """Return a number 0 … 1 for each pair of whole numbers (arrays that broadcast), by chance."""
    mixed = (
        (i.astype(np.uint32) * np.uint32(0x9E3779B1))
        ^ (j.astype(np.uint32) * np.uint32(0x85EBCA77))
        ^ np.uint32(seed * 0x27D4EB2F & 0xFFFFFFFF)
    )
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    mixed ^= mixed >> np.uint32(15)
    return (mixed >> np.uint32(8)).astype(np.float32) * np.float32(1 / 2**24)


def _spline(place: Axis) -> tuple[NDArray[np.int64], Floats]:
    """Return the first of four nodes around each place, and the weights of a cubic B-spline over them."""
    whole = np.floor(place)
    t = (place - whole).astype(np.float32)
    s = 1 - t
    weights = np.stack([s**3, 4 - 6 * t**2 + 3 * t**3, 4 - 6 * s**2 + 3 * s**3, t**3]) / np.float32(6)
    return whole.astype(np.int64) - 1, weights.astype(np.float32, copy=False)


def waves(grid: Grid, long_m: float, seed: int) -> Floats:
    """Return smooth noise with features of about a length, about −1 … 1 with mean 0."""
    (i, across), (j, along) = _spline(grid.x / long_m), _spline(grid.y / long_m)
    columns, rows = np.arange(i[0], i[-1] + 4), np.arange(j[min(0, len(j) - 1)], j[-1] + 4)
    low = min(int(j[0]), int(j[-1]))
    rows = np.arange(low, max(int(j[0]), int(j[-1])) + 4)
    nodes = hashed(columns[None, :], rows[:, None], seed) * np.float32(3.4) - np.float32(1.7)
    tall = sum(weight[:, None] * nodes[j - low + k] for k, weight in enumerate(along))
    found: Floats = sum(weight[None, :] * tall[:, i - i[0] + k] for k, weight in enumerate(across))
    return found


def layered(grid: Grid, long_m: float, count: int, seed: int, gain: float = 0.5) -> Floats:
    """Return noise of several lengths, each half the one before and `gain` as strong; about −1 … 1."""
    found, share, total = np.zeros(grid.shape, np.float32), 1.0, 0.0
    for octave in range(count):
        found += np.float32(share) * waves(grid, long_m / 2**octave, seed + 101 * octave)
        total += share
        share *= gain
    return found / np.float32(total) * np.float32(1.5)


def smooth(value: Floats, low: float, high: float) -> Floats:
    """Return 0 below `low`, 1 above `high` and a smooth step between; the other way round where `high` is below `low`."""
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    step: Floats = t * t * (3 - 2 * t)
    return step
