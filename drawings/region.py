"""Dazhou in plane coordinates: the one region whose drawings are taken, told by the size of eastings and northings."""

import numpy as np
from numpy.typing import NDArray

EASTING = (360_000.0, 560_000.0)
"""Eastings of Dazhou in EPSG:4545, with a margin, metres."""
NORTHING = (3_370_000.0, 3_580_000.0)
"""Northings of Dazhou in EPSG:4545, with a margin, metres."""
LONGITUDE, LATITUDE = (106.0, 109.0), (30.0, 33.0)
"""Whole degrees around Dazhou."""
ZONE_PREFIX = 36_000_000.0
"""What zone-prefixed eastings (EPSG:4524, zone 36) carry on top, metres."""

Points = NDArray[np.float64]


def inside(value: float, limits: tuple[float, float]) -> bool:
    """Tell whether a value lies within limits, both included; no number lies nowhere."""
    return limits[0] <= value <= limits[1]


def in_dazhou(x: float, y: float) -> bool:
    """Tell whether an easting and a northing (EPSG:4545, metres) lie in Dazhou."""
    return inside(x, EASTING) and inside(y, NORTHING)


def is_lonlat(x: float, y: float) -> bool:
    """Tell whether two numbers are a longitude and a latitude near Dazhou, degrees."""
    return inside(x, LONGITUDE) and inside(y, LATITUDE)


def middle_of(points: Points) -> tuple[float, float]:
    """Return the middle of points, (0, 0) where there are none: the median, which one stray entity does not move."""
    if len(points) == 0:
        return 0.0, 0.0
    x, y = np.median(points, axis=0).tolist()
    return x, y
