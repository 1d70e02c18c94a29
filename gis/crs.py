"""Coordinate reference systems: the only door to PROJ.

Arrays are `(n, 2)` or `(n, 3)` float64, x first: longitude, latitude in degrees (EPSG:4490), or easting, northing in metres (EPSG:4545).
"""

import re
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError
from pyproj.transformer import TransformerGroup

from gis.errors import CoordinateError

CGCS2000 = 4490
"""CGCS2000, longitude and latitude: what the archive stores."""
CGCS2000_GK_CM_108E = 4545
"""CGCS2000, 3-degree Gauss-Kruger, central meridian 108°E, false easting 500 000 m: what drawings use."""
WEB_MERCATOR = 3857
WGS84 = 4326
"""WGS 84, longitude and latitude."""

AREA_4545 = (106.5, 24.0, 109.51, 42.5)
"""Area of use of EPSG:4545: west, south, east, north, degrees (EPSG registry)."""

WGS84_A = 6_378_137.0
"""Semi-major axis, metres; CGCS2000 has the same."""
CGCS2000_F = 1 / 298.257222101
"""Flattening of the CGCS2000 ellipsoid (GB 22021-2008)."""
CGCS2000_E2 = CGCS2000_F * (2 - CGCS2000_F)

GCJ_A = 6_378_245.0
"""Semi-major axis of the GCJ-02 formula, metres: Krassowsky 1940 (eviltransform, transform.go)."""
GCJ_E2 = 0.006_693_421_622_965_943
"""First eccentricity squared of the GCJ-02 formula: Krassowsky 1940 (eviltransform, transform.go)."""
BD_TURN = 3_000 * np.pi / 180
"""Frequency of the BD-09 ripple, radians a degree (coordtransform, index.js)."""
BD_SHIFT = np.array([0.0065, 0.006])
"""Shift of BD-09 from GCJ-02, degrees (coordtransform, index.js)."""

Shift = Literal["gcj02", "bd09"]
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


def _applied(operation: Transformer, points: Floats) -> Floats:
    # pyproj takes a one-element array for a scalar, which numpy deprecates; a one-element list it takes as it is.
    first, second = (column.tolist() if len(column) == 1 else column for column in (points[:, 0], points[:, 1]))
    return np.column_stack(operation.transform(first, second))


def _transformed(source: int, target: int, points: Floats) -> Floats:
    return _applied(transformer(source, target), points)


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


def ecef_to_lonlat(ecef: Floats) -> Floats:
    """Convert geocentric metres to longitude, latitude (degrees), ellipsoid height (metres); `(n, 3)` to `(n, 3)`.

    Five rounds of the fixed point of the latitude: exact to a micrometre where anything of ours lies.
    """
    across = np.hypot(ecef[:, 0], ecef[:, 1])
    lat = np.arctan2(ecef[:, 2], across * (1 - CGCS2000_E2))
    for _ in range(5):
        normal = WGS84_A / np.sqrt(1 - CGCS2000_E2 * np.sin(lat) ** 2)
        lat = np.arctan2(ecef[:, 2] + normal * CGCS2000_E2 * np.sin(lat), across)
    normal = WGS84_A / np.sqrt(1 - CGCS2000_E2 * np.sin(lat) ** 2)
    height = across * np.cos(lat) + ecef[:, 2] * np.sin(lat) - WGS84_A * WGS84_A / normal
    return np.column_stack([np.degrees(np.arctan2(ecef[:, 1], ecef[:, 0])), np.degrees(lat), height])


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
    x, y, z = (lonlat_to_ecef(lonlat_h) - frame[:3, 3]).T
    # Written out: what a library of linear algebra makes of a product differs in the last bit from machine to machine.
    return np.column_stack([x * a + y * b + z * c for a, b, c in frame[:3, :3].T.tolist()])


def flat_to_lonlat(xy: Floats, origin: tuple[float, float]) -> Floats:
    """Return longitude and latitude of what lies east and north of an origin, on the ellipsoid; `(n, 2)` metres to `(n, 2)` degrees.

    Within 10 km of the origin exact to a micrometre: each of the four rounds of the fixed point gains three digits.
    """
    latitude = np.radians(origin[1])
    curve = 1 - CGCS2000_E2 * np.sin(latitude) ** 2
    metres = np.radians([WGS84_A / np.sqrt(curve) * np.cos(latitude), WGS84_A * (1 - CGCS2000_E2) / curve**1.5])
    lonlat: Floats = np.array(origin) + xy / metres
    for _ in range(4):
        there = lonlat_to_enu(np.column_stack([lonlat, np.zeros(len(lonlat))]), (*origin, 0.0))
        lonlat = lonlat + (xy - there[:, :2]) / metres
    return lonlat


def geodesic_ahead(lon: float, lat: float, azimuths_deg: Floats, distances_m: Floats) -> Floats:
    """Return where one comes from a point along geodesics of the CGCS2000 ellipsoid: (n, 2), EPSG:4490.

    Parameters
    ----------
    lon, lat : float
        EPSG:4490.
    azimuths_deg, distances_m : (n,) float64
        Clockwise from north; metres.
    """
    count = len(azimuths_deg)
    # Of arrays with one element it would make scalars, with a warning.
    lons, lats, _ = _ellipsoid().fwd([lon] * count, [lat] * count, azimuths_deg.tolist(), distances_m.tolist())
    return np.column_stack([lons, lats])


@cache
def _ellipsoid() -> Geod:
    return Geod(a=WGS84_A, f=CGCS2000_F)


@dataclass(frozen=True, slots=True)
class Source:
    """What coordinates from outside are in: an EPSG code, and whether a map maker has shifted them."""

    epsg: int
    shift: Shift | None = None
    """The degrees under the projection are GCJ-02 or BD-09, not true ones."""

    def __str__(self) -> str:
        """Return the text that `source_of` reads."""
        if self.shift is None:
            return f"EPSG:{self.epsg}"
        return self.shift if self.epsg == CGCS2000 else f"{self.shift}+EPSG:{self.epsg}"


def source_of(text: str) -> Source:
    """Return what a user's words for a CRS mean: `EPSG:4545`, `gcj02`, `bd09` (degrees), or `gcj02+EPSG:4545` (such degrees projected).

    Raises
    ------
    CoordinateError
        The words are none of these, or PROJ does not know the code.

    Examples
    --------
    >>> source_of("gcj02+epsg:4545")
    Source(epsg=4545, shift='gcj02')
    """
    match = re.fullmatch(r"(gcj02|bd09)?(?:(?:^|(?<=\d)\+)epsg:(\d{4,6}))?", text.strip().lower().replace("-", ""))
    if match is None or not any(match.groups()):
        raise CoordinateError(f"{text!r} is no CRS: write EPSG:4545, gcj02, bd09, or gcj02+EPSG:4545")
    shift: Shift | None = "gcj02" if match[1] == "gcj02" else "bd09" if match[1] else None
    source = Source(int(match[2] or CGCS2000), shift)
    _base(source.epsg)
    return source


@cache
def _crs(epsg: int) -> CRS:
    try:
        return CRS.from_epsg(epsg)
    except CRSError as error:
        raise CoordinateError(f"EPSG:{epsg} is no coordinate reference system PROJ knows") from error


@cache
def _base(epsg: int) -> int | None:
    """Return the EPSG code of the longitude and latitude under a CRS."""
    base = _crs(epsg).geodetic_crs
    if base is None:
        raise CoordinateError(f"EPSG:{epsg} is not a coordinate reference system on the Earth's surface")
    return base.to_epsg()


def is_geographic(epsg: int) -> bool:
    """Tell whether coordinates of a CRS are degrees.

    Raises
    ------
    CoordinateError
        PROJ does not know the code.
    """
    return _crs(epsg).is_geographic


def north_first(epsg: int) -> bool:
    """Tell whether the authority gives northing or latitude of a CRS first; False of codes that PROJ does not know.

    >>> north_first(4545), north_first(4490), north_first(25832), north_first(99)
    (True, True, False, False)
    """
    try:
        return bool(_crs(epsg).axis_info[0].direction == "north")
    except CoordinateError:
        return False


def is_null_shift(source: Source) -> bool:
    """Tell whether coordinates are WGS 84, which is taken for CGCS2000 as it is."""
    return source.shift is None and _base(source.epsg) == WGS84


@cache
def _operations(epsg: int) -> tuple[Transformer, ...]:
    """Return the known transformations from a CRS to WGS 84, best first."""
    with warnings.catch_warnings():
        # PROJ says when a better one needs a grid that is not installed; the next one is good enough to tell where a plant lies.
        warnings.simplefilter("ignore", UserWarning)
        group = TransformerGroup(epsg, WGS84, always_xy=True)
    return tuple(operation for operation in group.transformers if "allpark" not in operation.description)


def _covers(operation: Transformer, lonlat: Floats) -> bool:
    area = operation.area_of_use
    return area is None or bool(np.all((lonlat >= (area.west, area.south)) & (lonlat <= (area.east, area.north))))


def to_lonlat(points: Floats, source: Source) -> Floats:
    """Convert coordinates of any known CRS, x (east) first, to EPSG:4490 degrees; `(n, 2)` to `(n, 2)`.

    WGS 84 and what is projected from it (UTM, Web Mercator) counts as CGCS2000: the two agree within decimetres of plate motion, and PROJ
    holds no parameters between them. Other datums go through the best transformation to WGS 84 whose area of use holds the points.

    Raises
    ------
    CoordinateError
        PROJ has no parameters for that datum in that place (Xi'an 1980, Beijing 1954): a silent shift of about a hundred metres.
    """
    lonlat: Floats
    base = _base(source.epsg)
    if base in (CGCS2000, WGS84):
        lonlat = points if is_geographic(source.epsg) else _transformed(source.epsg, base, points)
    else:
        tries = (_applied(operation, points) for operation in _operations(source.epsg))
        covered = (found for operation, found in zip(_operations(source.epsg), tries, strict=True) if _covers(operation, found))
        found = next(covered, None)
        if found is None:
            raise CoordinateError(f"{source}: no transformation to CGCS2000 with known parameters here; give a parameter set")
        lonlat = found
    if source.shift == "bd09":
        lonlat = bd09_to_gcj02(lonlat)
    return lonlat if source.shift is None else gcj02_to_lonlat(lonlat)


def from_lonlat(lonlat: Floats, source: Source) -> Floats:
    """Convert EPSG:4490 degrees to coordinates of any known CRS, x (east) first: the inverse of `to_lonlat`; `(n, 2)` to `(n, 2)`.

    Raises
    ------
    CoordinateError
        PROJ has no parameters for that datum in that place.
    """
    if source.shift is not None:
        lonlat = lonlat_to_gcj02(lonlat)
    if source.shift == "bd09":
        lonlat = gcj02_to_bd09(lonlat)
    base = _base(source.epsg)
    if base in (CGCS2000, WGS84):
        return lonlat if is_geographic(source.epsg) else _transformed(base, source.epsg, lonlat)
    operation = next((one for one in _operations(source.epsg) if _covers(one, lonlat)), None)
    if operation is None:
        raise CoordinateError(f"{source}: no transformation from CGCS2000 with known parameters here; give a parameter set")
    return np.column_stack(operation.transform(lonlat[:, 0], lonlat[:, 1], direction="INVERSE"))


def lonlat_to_gcj02(lonlat: Floats) -> Floats:
    """Shift true degrees (EPSG:4490) to GCJ-02, as Chinese web maps show them; `(n, 2)` to `(n, 2)`.

    The formula is the published one (eviltransform), which agrees with what map services return to about a metre.
    """
    x, y = lonlat[:, 0] - 105.0, lonlat[:, 1] - 35.0
    root, ripple = np.sqrt(np.abs(x)), 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (ripple + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (ripple + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    latitude = np.radians(lonlat[:, 1])
    curve = 1 - GCJ_E2 * np.sin(latitude) ** 2
    east_radius = GCJ_A / np.sqrt(curve) * np.cos(latitude)
    north_radius = GCJ_A * (1 - GCJ_E2) / curve**1.5
    shifted: Floats = lonlat + np.degrees(np.column_stack([east / east_radius, north / north_radius]))
    return shifted


def gcj02_to_lonlat(gcj: Floats) -> Floats:
    """Undo GCJ-02: degrees as shown to true degrees (EPSG:4490); `(n, 2)` to `(n, 2)`, exact to a micrometre.

    The shift changes by a few metres a kilometre, so each of the four rounds of the fixed point gains more than two digits.
    """
    lonlat: Floats = gcj
    for _ in range(4):
        lonlat = gcj + (lonlat - lonlat_to_gcj02(lonlat))
    return lonlat


def gcj02_to_bd09(gcj: Floats) -> Floats:
    """Shift GCJ-02 degrees to BD-09, as Baidu shows them; `(n, 2)` to `(n, 2)`."""
    x, y = gcj[:, 0], gcj[:, 1]
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * BD_TURN)
    shifted: Floats = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]) + BD_SHIFT
    return shifted


def bd09_to_gcj02(bd: Floats) -> Floats:
    """Undo BD-09: degrees as Baidu shows them to GCJ-02 degrees; `(n, 2)` to `(n, 2)`, exact to a micrometre.

    Its ripple is shorter than that of GCJ-02, so the fixed point takes more rounds.
    """
    gcj: Floats = bd
    for _ in range(8):
        gcj = bd + (gcj - gcj02_to_bd09(gcj))
    return gcj
