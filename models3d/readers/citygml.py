"""Buildings of CityGML 1.0, 2.0 and 3.0 (OGC 08-007r1, 12-019, 20-010): solids and surfaces of LoD 1 to 3 with what the surfaces are."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from gis.crs import CGCS2000, is_geographic, north_first
from gis.errors import CoordinateError, Invalid
from gis.issues import Issue
from gis.models.body import Body, Model, finding
from models3d.readers.building import Faces
from models3d.readers.degrees import local as brought
from models3d.readers.xml import attribute, elements, local

Floats = NDArray[np.float64]

BUILDINGS = ("Building", "BuildingPart", "BuildingUnit")
GEOMETRY = re.compile(r"lod([0-4])(Solid|MultiSurface|Geometry|MultiSolid)$")
"""Properties of a building that hold its shape; footprints, roof edges and terrain lines are none."""
FLAT = re.compile(r"lod\d(FootPrint|RoofEdge|TerrainIntersection|MultiCurve|ImplicitRepresentation)$")
SOLIDS = ("Solid", "CompositeSolid", "MultiSolid")
THEMATIC = re.compile(
    r"(Roof|Wall|Ground|Closure|Floor|OuterFloor|OuterCeiling|Ceiling|InteriorWall)Surface$|^(Window|Door|WindowSurface|DoorSurface)$"
)
EPSG = re.compile(r"EPSG(?:/[\d.]+/|:[\d.]*:|:)(\d+)")
NAMED = ("class", "function", "usage", "measuredHeight", "storeysAboveGround", "storeysBelowGround", "roofType", "yearOfConstruction")
CARRIED = ("name", "description")
NAMESPACE = "opengis.net/citygml"


@dataclass(frozen=True, slots=True)
class _Face:
    """A polygon, ring by ring, and what it is part of."""

    rings: tuple[Floats, ...]
    surface: str = ""

    def turned(self) -> "_Face":
        """Return it seen from behind."""
        return _Face(tuple(ring[::-1] for ring in self.rings), self.surface)


def _ring(element: Element) -> Floats:
    """Return the corners of a LinearRing, `(n, 3)`, without the closing one."""
    lists = [child.text or "" for child in element.iter() if local(child) in ("posList", "pos", "coordinates")]
    numbers = np.array(" ".join(lists).replace(",", " ").split(), float)
    if not len(numbers) or len(numbers) % 3:
        raise ValueError(f"{len(numbers)} 个坐标，不是三个一组")
    corners = numbers.reshape(-1, 3)
    return corners[:-1] if (corners[0] == corners[-1]).all() else corners


def _polygon(element: Element, surface: str) -> _Face:
    rings = [
        _ring(ring)
        for side in ("exterior", "interior")
        for child in element
        if local(child) == side
        for ring in child.iter()
        if local(ring) == "LinearRing"
    ]
    return _Face(tuple(rings), surface)


class _Shapes:
    """The geometry within one building, by its ids: a solid names the polygons of its surfaces instead of having them."""

    def __init__(self, root: Element) -> None:
        self.by_id: dict[str, tuple[Element, str]] = {}
        self._enter(root, "")

    def _enter(self, element: Element, surface: str) -> None:
        name = local(element)
        within = name if THEMATIC.search(name) else surface
        key = attribute(element, "id")
        if key:
            self.by_id[key] = (element, within)
        for child in element:
            self._enter(child, within)

    def faces(self, element: Element, surface: str, depth: int = 0) -> Iterator[_Face]:
        """Yield the polygons of a geometry, followed by what it names."""
        if depth > 30:
            raise ValueError("几何互相引用")
        href = attribute(element, "href")
        if href is not None:
            key = href.removeprefix("#")
            if key not in self.by_id:
                raise ValueError(f"引用的 {href[:60]} 不在这座建筑内")
            named, within = self.by_id[key]
            yield from self.faces(named, within or surface, depth + 1)
            return
        name = local(element)
        if name in ("Polygon", "Triangle", "Rectangle"):
            yield _polygon(element, surface)
        elif name == "OrientableSurface" and element.get("orientation") == "-":
            for face in (one for child in element for one in self.faces(child, surface, depth + 1)):
                yield face.turned()
        else:
            for child in element:
                yield from self.faces(child, surface, depth + 1)


def _own(element: Element) -> Iterator[tuple[Element, str]]:
    """Yield what belongs to a building itself, with the kind of surface that it is of: not its parts, not what stands inside."""
    for child in element:
        if local(child) in BUILDINGS:
            continue
        yield child, ""
        for surface in child:
            if THEMATIC.search(local(surface)):
                yield from ((inner, local(surface)) for inner in surface)
                # Openings lie in the surface that they are cut from.
                openings = [opening for inner in surface for opening in inner if THEMATIC.search(local(opening))]
                yield from ((inner, local(opening)) for opening in openings for inner in opening)


def _attributes(element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element:
        name, text = local(child), (child.text or "").strip()
        if name in (*NAMED, *CARRIED) and text:
            found[name] = text
        elif name.endswith("Attribute") and child.get("name"):
            value = next((one.text for one in child if local(one) == "value" and one.text), None)
            if value is not None:
                found[str(child.get("name"))] = value.strip()
        elif name == "genericAttribute":
            for one in child:
                parts = {local(part): (part.text or "").strip() for part in one}
                if parts.get("name") and parts.get("value"):
                    found[parts["name"]] = parts["value"]
    return found


def _body(key: str, element: Element, faces: list[_Face], **rest: Any) -> Body:
    """Return faces as a body in the file's own coordinates; corners in one place are one point."""
    corners = np.concatenate([ring for face in faces for ring in face.rings])
    points, rows = np.unique(corners, axis=0, return_inverse=True)
    rows = rows.reshape(-1)
    # Degrees are cut as if they were metres: a face turns the same way in both, if its axes are alike long.
    stretched = points * ([1e5, 1e5, 1.0] if np.abs(points[:, :2]).max() <= 360 else [1.0, 1.0, 1.0])
    made, at = Faces(), 0
    for face in faces:
        rings = []
        for ring in face.rings:
            rings.append(rows[at : at + len(ring)].tolist())
            at += len(ring)
        made.add(stretched, rings, face.surface)
    attributes = _attributes(element)
    return made.body(key, local(element), points, name=str(attributes.pop("name", "")), attributes=attributes, **rest)


def _shaped(element: Element, shapes: _Shapes) -> tuple[dict[tuple[str, bool], list[_Face]], list[str]]:
    """Return the faces of a building by level of detail and whether they are a solid's; and what of it has no surfaces."""
    found: dict[tuple[str, bool], list[_Face]] = {}
    left = []
    for child, surface in _own(element):
        said = GEOMETRY.match(local(child))
        if said is None:
            left += ["投影、轮廓线，没有立体"] if FLAT.match(local(child)) else []
            continue
        for shape in child:
            faces = list(shapes.faces(shape, surface))
            if faces:
                found.setdefault((said[1], local(shape) in SOLIDS), []).extend(faces)
    # Where a level has a solid, its surfaces are the solid's own, once more.
    return {key: faces for key, faces in found.items() if key[1] or (key[0], True) not in found}, left


def _one(element: Element, number: int, parent: str | None, shapes: _Shapes) -> tuple[list[Body], list[Issue], list[str], int]:
    """Return the bodies of a building and its parts, what of them could not be read, what has no surfaces, and how many have a shape."""
    key = attribute(element, "id") or f"{local(element)} {number}"
    bodies, issues = list[Body](), list[Issue]()
    parts = [deep for child in element for deep in child if local(deep) in BUILDINGS]
    try:
        found, left = _shaped(element, shapes)
        bodies += [_body(key, element, faces, parent=parent, lod=lod, solid=solid) for (lod, solid), faces in sorted(found.items())]
    except (ValueError, IndexError) as error:
        issues, left = [finding("E902", f"{key}：几何读不出（{error}）", key)], []
    if not bodies and not issues and not left:
        left = ["没有几何（组合对象）"]
    count = int(bool(bodies or issues))
    for index, part in enumerate(parts, 1):
        made, faults, empty, more = _one(part, index, key, shapes)
        bodies, issues, left, count = [*bodies, *made], [*issues, *faults], [*left, *empty], count + more
    return bodies, issues, left, count


def _system(data: bytes) -> tuple[int | None, bool]:
    """Return the EPSG code that a file declares, and whether its first number is then the northing or latitude."""
    said = re.search(rb"srsName\s*=\s*[\"']([^\"']+)", data)
    name = said[1].decode("utf-8", "replace") if said else ""
    found = EPSG.search(name)
    if not found:
        return None, False
    epsg = int(found[1])
    # By the standard a URN or a definition's URL has the axes of the authority, a bare EPSG:4545 those of most programs.
    return epsg, name.lower().startswith(("urn:", "http")) and north_first(epsg)


def _turned(body: Body) -> Body:
    """Return a body whose first two numbers change places: its faces turn as they did, for the numbers were mirrored, not the building."""
    return replace(body, points=body.points[:, [1, 0, 2]])


def read(data: bytes) -> Model:
    """Return the buildings in a CityGML file.

    Raises
    ------
    Invalid
        It is no CityGML, or XML that is not read: with a DOCTYPE, nested too deeply.
    """
    if NAMESPACE.encode() not in data[:65536]:
        raise Invalid("file", "不是 CityGML：没有 opengis.net/citygml 命名空间")
    bodies, issues, ignored, count, number = list[Body](), list[Issue](), Counter[str](), 0, 0
    for number, element in enumerate(elements(data, BUILDINGS), 1):
        made, faults, left, more = _one(element, number, None, _Shapes(element))
        bodies += made
        issues += faults
        ignored.update(left)
        count += more
    if not number:
        raise Invalid("file", "CityGML 中没有建筑（Building）")
    return _located(bodies, issues, count, dict(ignored), _system(data))


def _located(bodies: list[Body], issues: list[Issue], count: int, ignored: Mapping[str, int], system: tuple[int | None, bool]) -> Model:
    """Return the model with east first, in metres."""
    (epsg, swapped), origin = system, None
    if swapped:
        bodies = [_turned(body) for body in bodies]
    try:
        if bodies and epsg and is_geographic(epsg):
            bodies, origin = brought(bodies, epsg)
            epsg = CGCS2000
    except CoordinateError as error:
        issues = [*issues, finding("E908", f"EPSG:{epsg}：{error}")]
    return Model("CityGML", tuple(bodies), count, tuple(issues), epsg, origin, ignored=dict(ignored))
