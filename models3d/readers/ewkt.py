"""Polyhedral surfaces as text, as PostGIS writes them: WKT or EWKT, also in a dump of INSERT statements (OGC 06-103r4, 7.2)."""

import re
from collections.abc import Iterator

import numpy as np
import shapely

from gis.crs import CGCS2000, is_geographic
from gis.errors import CoordinateError, Invalid
from gis.issues import Issue
from gis.models.body import Body, Model, finding
from models3d.readers.building import Faces
from models3d.readers.degrees import local

SHAPE = re.compile(r"(?:SRID=(\d+);)?\s*(?:POLYHEDRALSURFACE|TIN)\s*Z?M?\s*(\(\(\(.*?\)\)\))", re.IGNORECASE | re.DOTALL)
ROW = re.compile(r"[\s(]*['\"]?([\w-]{1,64})['\"]?\s*[,;\t]")


def _shapes(text: str) -> Iterator[tuple[str, int | None, str]]:
    """Yield the id, the SRID and the rings of each surface; the id is what its line begins with, else its number."""
    for number, found in enumerate(SHAPE.finditer(text), 1):
        begin = text.rfind("\n", 0, found.start()) + 1
        named = ROW.match(text, begin, found.start())
        yield (named[1] if named else str(number)), (int(found[1]) if found[1] else None), found[2]


def _body(key: str, rings: str) -> Body:
    """Return a surface as a body in the file's own coordinates."""
    shape = shapely.from_wkt(f"MULTIPOLYGON Z {rings}")
    points: list[tuple[float, ...]] = []
    faces, places = Faces(), dict[tuple[float, ...], int]()
    polygons = []
    for polygon in shapely.get_parts(shape):
        ends = []
        for ring in (polygon.exterior, *polygon.interiors):
            corners = [tuple(one) for one in shapely.get_coordinates(ring, include_z=True)[:-1].tolist()]
            for corner in corners:
                if corner not in places:
                    places[corner] = len(points)
                    points.append(corner)
            ends.append([places[corner] for corner in corners])
        polygons.append(ends)
    array = np.array(points, float).reshape(-1, 3)
    # Degrees are cut as if they were metres: a face turns the same way in both, if its axes are alike long.
    stretched = array * ([1e5, 1e5, 1.0] if len(array) and np.abs(array[:, :2]).max() <= 360 else [1.0, 1.0, 1.0])
    for ends in polygons:
        faces.add(stretched, ends)
    return faces.body(key, "PolyhedralSurface", array, solid=True)


def read(data: bytes) -> Model:
    """Return the surfaces in a text.

    Raises
    ------
    Invalid
        There are none.
    """
    bodies: list[Body] = []
    issues: list[Issue] = []
    systems = set()
    for key, srid, rings in _shapes(data.decode("utf-8", "replace")):
        systems.add(srid)
        try:
            bodies.append(_body(key, rings))
        except (shapely.errors.GEOSException, ValueError, IndexError) as error:
            issues.append(finding("E902", f"{key}：几何读不出（{error}）", key))
    if not bodies and not issues:
        raise Invalid("file", "没有 POLYHEDRALSURFACE 或 TIN")
    read_, epsg, origin = len(bodies) + len(issues), systems.pop() if len(systems) == 1 else None, None
    try:
        if bodies and epsg and is_geographic(epsg):
            bodies, origin = local(bodies, epsg)
            epsg = CGCS2000
    except CoordinateError as error:
        issues.append(finding("E908", f"SRID {epsg}：{error}"))
    return Model("WKT", tuple(bodies), read_, tuple(issues), epsg, origin)
