"""The pyramid of web maps: EPSG:3857, 256 pixels a tile, rows from the north (XYZ)."""

import math

import numpy as np
from numpy.typing import NDArray

SIDE = 256
LIMIT_LAT = 85.0511287798066
METRES_A_PIXEL = 2 * math.pi * 6_378_137.0 / SIDE
"""At level 0 on the equator."""

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Box = tuple[float, float, float, float]


def lonlat(z: int, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Return longitudes of pixel columns and latitudes of pixel rows of a level; edges are whole numbers, middles end in a half."""
    whole = SIDE * 2.0**z
    return columns / whole * 360.0 - 180.0, np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * rows / whole))))


def pixels(z: int, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return pixel columns and rows of places, the inverse of `lonlat`."""
    whole = SIDE * 2.0**z
    y = np.arcsinh(np.tan(np.radians(np.clip(lat, -LIMIT_LAT, LIMIT_LAT))))
    return (lon + 180.0) / 360.0 * whole, (1 - y / np.pi) / 2 * whole


def box(z: int, x: int, y: int) -> Box:
    """Return west, south, east, north of a tile, degrees."""
    lon, lat = lonlat(z, np.array([x, x + 1]) * float(SIDE), np.array([y + 1, y]) * float(SIDE))
    return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])


def level_of(metres: float, lat: float) -> int:
    """Return the first level whose pixels are no larger than so many metres at a latitude."""
    return max(0, math.ceil(math.log2(METRES_A_PIXEL * math.cos(math.radians(lat)) / metres) - 0.2))
