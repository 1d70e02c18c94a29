"""Coordinate reference systems: the only door to PROJ.

Arrays are `(n, 2)` or `(n, 3)` float64, x first: longitude, latitude in degrees (EPSG:4490), or easting, northing in metres (EPSG:4545).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.transformer import TransformerGroup

from gis.errors import CoordinateError

CGCS2000 = 4490
"""CGCS2000, longitude and latitude: what the archive stores."""
CGCS2000_GK_CM_108E = 4545
"""CGCS2000, 3-degree Gauss-Kruger, central meridian 108°E, false easting 500 000 m: what drawings use."""
WEB_MERCATOR = 3857

AREA_4545 = (106.5, 24.0, 109.51, 42.5)
"""Area of use of EPSG:4545: west, south, east, north, degrees (EPSG registry)."""

WGS84_A = 6_378_137.0
"""Semi-major axis, metres; CGCS2000 has the same."""
CGCS2000_F = 1 / 298.257222101
"""Flattening of the CGCS2000 ellipsoid (GB 22021-2008)."""
CGCS2000_E2 = CGCS2000_F * (2 - CGCS2000_F)

Floats = NDArray[np.float64]


@cache
def transformer(source: int, target: int) -> Transformer:
    """Return the exact transformation between two EPSG codes, x before y.

    Raises
    ------
    CoordinateError
        PROJ knows only a ballpark transformation: a silent shift of about a hundred metres.
    """
    group = TransformerGroup(source, target, always_xy=True)
    best = group.transformers[0] if group.transformers else None
    if best is None or "allpark" in best.description:
        raise CoordinateError(f"EPSG:{source} → EPSG:{target}: no transformation with known parameters; give a parameter set")
    return best


def _transformed(source: int, target: int, points: Floats) -> Floats:
    # pyproj takes a one-element array for a scalar, which numpy deprecates; a one-element list it takes as it is.
    first, second = (column.tolist() if len(column) == 1 else column for column in (points[:, 0], points[:, 1]))
    return np.column_stack(transformer(source, target).transform(first, second))


def lonlat_to_xy(lonlat: Floats) -> Floats:
    """Project EPSG:4490 degrees to EPSG:4545 metres; `(n, 2)` to `(n, 2)`."""
    return _transformed(CGCS2000, CGCS2000_GK_CM_108E, lonlat)


def xy_to_lonlat(xy: Floats) -> Floats:
    """Unproject EPSG:4545 metres to EPSG:4490 degrees; `(n, 2)` to `(n, 2)`."""
    return _transformed(CGCS2000_GK_CM_108E, CGCS2000, xy)


def lonlat_to_ecef(lonlat_h: Floats) -> Floats:
    """Convert longitude, latitude (degrees), ellipsoid height (metres) to geocentric metres; `(n, 3)` to `(n, 3)`."""
    lon, lat = np.radians(lonlat_h[:, 0]), np.radians(lonlat_h[:, 1])
    height = lonlat_h[:, 2]
    normal = WGS84_A / np.sqrt(1 - CGCS2000_E2 * np.sin(lat) ** 2)
    return np.column_stack(
        [
            (normal + height) * np.cos(lat) * np.cos(lon),
            (normal + height) * np.cos(lat) * np.sin(lon),
            (normal * (1 - CGCS2000_E2) + height) * np.sin(lat),
        ]
    )


def enu_frame(origin: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return the 4×4 matrix (row-major) that takes local east, north, up metres at `origin` to geocentric metres.

    Parameters
    ----------
    origin : tuple of float
        Longitude, latitude (degrees, EPSG:4490), ellipsoid height (metres).
    """
    lon, lat = np.radians(origin[0]), np.radians(origin[1])
    frame = np.eye(4)
    frame[:3, 0] = (-np.sin(lon), np.cos(lon), 0)
    frame[:3, 1] = (-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat))
    frame[:3, 2] = (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    frame[:3, 3] = lonlat_to_ecef(np.array([origin]))[0]
    return frame


def lonlat_to_enu(lonlat_h: Floats, origin: tuple[float, float, float]) -> Floats:
    """Convert longitude, latitude, ellipsoid height to east, north, up metres at `origin`; `(n, 3)` to `(n, 3)`."""
    frame = enu_frame(origin)
    return (lonlat_to_ecef(lonlat_h) - frame[:3, 3]) @ frame[:3, :3]
