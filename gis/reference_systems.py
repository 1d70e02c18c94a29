"""Coordinate reference systems by reference, as OGC services name them: their URI, the order of their axes, the way to ours."""

import re
from dataclasses import dataclass

import numpy as np

from gis.crs import CGCS2000, WEB_MERCATOR, WGS84, Floats, Source, to_lonlat
from gis.errors import Invalid

BASE = "http://www.opengis.net/def/crs"


@dataclass(frozen=True, slots=True)
class ReferenceSystem:
    """One that shapes are asked or answered in."""

    uri: str
    code: str
    """As people write it: `EPSG:4545`."""
    srid: int
    """As PostGIS knows it; there x is always east."""
    geographic: bool
    """Coordinates are degrees, of CGCS2000 or WGS 84, which are taken for the same."""
    swapped: bool = False
    """North comes before east (OGC API - Features - Part 2, 6.3: the axes are as the CRS defines them)."""
    height: bool = False
    """The third coordinate is the ellipsoid height, metres."""

    def to_lonlat(self, points: Floats) -> Floats:
        """Convert coordinates as they are written in this system to EPSG:4490 degrees, longitude first; `(n, 2)` to `(n, 2)`.

        Raises
        ------
        CoordinateError
            PROJ can't.
        """
        east_first = np.ascontiguousarray(points[:, ::-1]) if self.swapped else points
        return east_first if self.geographic else to_lonlat(east_first, Source(self.srid))


def _epsg(code: int, *, geographic: bool = False, swapped: bool = False) -> ReferenceSystem:
    return ReferenceSystem(f"{BASE}/EPSG/0/{code}", f"EPSG:{code}", code, geographic, swapped)


CRS84 = ReferenceSystem(f"{BASE}/OGC/1.3/CRS84", "CRS84", CGCS2000, geographic=True)
CRS84H = ReferenceSystem(f"{BASE}/OGC/0/CRS84h", "CRS84h", CGCS2000, geographic=True, height=True)
SYSTEMS: dict[str, ReferenceSystem] = {
    system.uri: system
    for system in (
        CRS84,
        CRS84H,
        _epsg(WGS84, geographic=True, swapped=True),
        _epsg(CGCS2000, geographic=True, swapped=True),
        _epsg(4545, swapped=True),
        _epsg(4524, swapped=True),
        _epsg(WEB_MERCATOR),
    )
}
"""URI → system; the default comes first."""
_BY_CODE = {system.code.upper(): system for system in SYSTEMS.values()}
_OTHER_FORMS = re.compile(r"\[?(?:urn:ogc:def:crs:)?(OGC|EPSG):(?:[\d.]*:)?(\w+)\]?", re.ASCII)


def system_of(parameter: str, text: str) -> ReferenceSystem:
    """Return the system that a caller names by its URI (also `https`), its URN, or a CURIE.

    Raises
    ------
    Invalid
        None that is served.

    Examples
    --------
    >>> system_of("crs", "http://www.opengis.net/def/crs/EPSG/0/4545").swapped, system_of("crs", "[EPSG:3857]").srid
    (True, 3857)
    """
    found = SYSTEMS.get(text.replace("https://", "http://", 1))
    match = _OTHER_FORMS.fullmatch(text)
    if found is None and match is not None:
        found = _BY_CODE.get((match[2] if match[1] == "OGC" else f"EPSG:{match[2]}").upper())
    if found is None:
        raise Invalid(parameter, f"没有坐标系 {text:.100}；可用的有 {'、'.join(SYSTEMS)}")
    return found
