"""CityJSON 1.0, 1.1 and 2.0, also as CityJSONSeq (specs 1.0.3, 1.1.3, 2.0.1: cityjson.org/specs)."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.errors import Invalid
from gis.issues import Issue
from gis.models.body import Body, Model, finding
from models3d.readers.building import Colour, Faces, levels

VERSIONS = ("1.0", "1.1", "2.0")
DEPTH = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}
"""How many arrays lie around the surfaces of a geometry."""
NO_SURFACE = ("MultiPoint", "MultiLineString")
EPSG = re.compile(r"EPSG(?:/[\d.]+/|:+[\d.]*:?)(\d+)$")

Floats = NDArray[np.float64]
Json = dict[str, Any]


def _document(data: bytes) -> Json:
    """Return the document; the lines of a sequence are joined to one."""
    try:
        text = data.decode("utf-8-sig")
        try:
            document = json.loads(text)
        except json.JSONDecodeError:
            document = _joined([json.loads(line) for line in text.splitlines() if line.strip()])
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Invalid("file", f"不是 JSON：{error}") from error
    if not isinstance(document, dict) or document.get("type") != "CityJSON":
        raise Invalid("file", "不是 CityJSON：type 不是 CityJSON")
    return document


def _joined(lines: Sequence[Any]) -> Json:
    """Join a CityJSONSeq: the first line is a CityJSON without objects, each other one a CityJSONFeature with vertices of its own."""
    first, *features = lines
    objects, vertices = dict(first.get("CityObjects", {})), list(first.get("vertices", []))
    for feature in features:
        for key, one in feature.get("CityObjects", {}).items():
            moved = [
                {**geometry, "boundaries": _shifted(geometry.get("boundaries", []), len(vertices))} for geometry in one.get("geometry", [])
            ]
            objects[key] = {**one, "geometry": moved}
        vertices += feature.get("vertices", [])
    return {**first, "CityObjects": objects, "vertices": vertices}


def _shifted(boundaries: Any, by: int) -> Any:
    return [_shifted(one, by) for one in boundaries] if isinstance(boundaries, list) else boundaries + by


def _flat(values: Any, depth: int) -> Iterator[Any]:
    """Yield what lies under so many arrays; a null stands for all under it."""
    if depth < 0 or values is None:
        yield values
    else:
        for one in values:
            yield from _flat(one, depth - 1)


def _along(values: Any, boundaries: Any, depth: int) -> Iterator[Any]:
    """Yield the value of each surface, where a null or a missing array stands for all under it."""
    if depth < 0:
        yield values
        return
    for index, inner in enumerate(boundaries):
        # A shell or solid without values has null in its place.
        one = values[index] if isinstance(values, list) and index < len(values) else None if isinstance(values, list) else values
        yield from _along(one, inner, depth - 1)


def _materials(document: Json) -> list[Colour | None]:
    found = document.get("appearance", {}).get("materials", [])
    return [levels(one["diffuseColor"]) if one.get("diffuseColor") else None for one in found]


def _colours(geometry: Json, materials: Sequence[Colour | None], depth: int) -> list[Colour | None]:
    """Return the colour of each surface by the first theme."""
    boundaries = geometry["boundaries"]
    theme: Json = next(iter(geometry.get("material", {}).values()), {})
    rows = _along(theme.get("values"), boundaries, depth) if "values" in theme else _along(theme.get("value"), boundaries, depth)
    return [materials[row] if isinstance(row, int) and 0 <= row < len(materials) else None for row in rows]


def _names(geometry: Json, depth: int) -> list[str]:
    semantics = geometry.get("semantics") or {}
    said = [str(one.get("type", "")) for one in semantics.get("surfaces", [])]
    rows = _along(semantics.get("values"), geometry["boundaries"], depth)
    return [said[row] if isinstance(row, int) and 0 <= row < len(said) else "" for row in rows]


def _body(key: str, one: Json, geometry: Json, points: Floats, materials: Sequence[Colour | None]) -> Body:
    depth = DEPTH[geometry["type"]]
    faces = Faces()
    surfaces = list(_flat(geometry["boundaries"], depth))
    for rings, name, colour in zip(surfaces, _names(geometry, depth), _colours(geometry, materials, depth), strict=True):
        used = [at for ring in rings for at in ring]
        if used and not 0 <= min(used) <= max(used) < len(points):
            raise IndexError(f"顶点序号超出 0–{len(points) - 1}")
        faces.add(points, rings, name, colour)
    parents = one.get("parents") or [None]
    attributes = {name: value for name, value in (one.get("attributes") or {}).items() if isinstance(value, str | int | float | bool)}
    lod = geometry.get("lod")
    return faces.body(
        key,
        str(one.get("type", "")),
        points,
        name=str(attributes.get("name", "")),
        parent=parents[0],
        lod=None if lod is None else str(lod),
        solid=depth > 0,
        attributes=attributes,
    )


def _vertices(rows: Any) -> Floats:
    points = np.array(rows or np.empty((0, 3)), float)
    if points.ndim != 2 or points.shape[1] != 3:
        raise Invalid("vertices", "顶点不是三个数一组")
    return points


def _instance(document: Json, geometry: Json, points: Floats) -> tuple[Json, Floats]:
    """Return the template of an instance, and the template's vertices where this one stands (spec 2.0.1, 3.4)."""
    templates = document["geometry-templates"]
    template = templates["templates"][geometry["template"]]
    matrix = np.array(geometry["transformationMatrix"], float).reshape(4, 4)
    local = _vertices(templates["vertices-templates"])
    return template, local @ matrix[:3, :3].T + matrix[:3, 3] + points[geometry["boundaries"][0]]


def _epsg(document: Json) -> int | None:
    said = str((document.get("metadata") or {}).get("referenceSystem") or "")
    found = EPSG.search(said.strip())
    return int(found[1]) if found else None


def read(data: bytes) -> Model:
    """Return the model in a CityJSON file.

    Raises
    ------
    Invalid
        It is no CityJSON, or of a version that is not read.
    """
    document = _document(data)
    version = str(document.get("version"))
    if not version.startswith(VERSIONS):
        raise Invalid("version", f"CityJSON {version}；能读 1.0、1.1、2.0")
    points = _vertices(document.get("vertices"))
    transform = document.get("transform")
    if transform:
        points = points * np.array(transform["scale"], float) + np.array(transform["translate"], float)
    try:
        materials = _materials(document)
    except (TypeError, ValueError, AttributeError):
        materials = []
    bodies, issues, ignored, read_ = [], [], Counter[str](), 0
    for key, one in document.get("CityObjects", {}).items():
        made, faults, left = _object(document, str(key), one, points, materials)
        bodies += made
        issues += faults
        ignored.update(left)
        read_ += bool(made or faults)
    return Model(f"CityJSON {version}", tuple(bodies), read_, tuple(issues), _epsg(document), ignored=dict(ignored))


def _object(
    document: Json, key: str, one: Json, points: Floats, materials: Sequence[Colour | None]
) -> tuple[list[Body], list[Issue], list[str]]:
    """Return an object's bodies, what of it could not be read, and what of it has no surfaces."""
    bodies, issues, left = [], [], []
    geometries = one.get("geometry") if isinstance(one, dict) else None
    if not geometries:
        return [], [], ["没有几何（组合对象）"]
    for geometry in geometries:
        try:
            own, vertices = geometry, points
            if geometry["type"] == "GeometryInstance":
                own, vertices = _instance(document, geometry, points)
            if own["type"] in NO_SURFACE:
                left.append("点和线，没有面")
                continue
            body = _body(key, one, own, vertices, materials)
            bodies.append(replace(body, lod=body.lod or (str(geometry["lod"]) if "lod" in geometry else None)))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
            issues.append(finding("E902", f"{key}：几何读不出（{type(error).__name__}：{error}）", key))
    return bodies, issues, left
