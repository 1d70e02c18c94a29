"""What Schemathesis can't know of the definition alone: which texts are filters, where a system's numbers lie, which features there are."""

import json
import zlib
from functools import cache
from typing import Any
from urllib.request import urlopen

import schemathesis
from hypothesis import strategies as st

GOOD = {"cql2-text": ["true", "false"], "sort-key": ["name", "-name", "+code"], "property-name": ["name", "code"]}
for form, texts in GOOD.items():
    schemathesis.openapi.format(form, st.sampled_from(texts))

CRS = "http://www.opengis.net/def/crs/"
EXTENTS = {
    f"{CRS}EPSG/0/4326": (30, 106, 32, 109),
    f"{CRS}EPSG/0/4490": (30, 106, 32, 109),
    f"{CRS}EPSG/0/4545": (3_400_000, 400_000, 3_500_000, 500_000),
    f"{CRS}EPSG/0/4524": (3_400_000, 36_200_000, 3_500_000, 36_400_000),
    f"{CRS}EPSG/0/3857": (11_800_000, 3_500_000, 12_100_000, 3_700_000),
}
"""First and second axis, from and to, of where boxes may lie; other systems have longitude first."""
LONGITUDE_FIRST = (106, 30, 109, 32)
SHAPES: dict[str, Any] = {
    "Point": [107.5, 31.2],
    "LineString": [[107.5, 31.2], [107.51, 31.21]],
    "Polygon": [[[107.5, 31.2], [107.51, 31.2], [107.51, 31.21], [107.5, 31.2]]],
}
FORMS = {"geometry-linestring": "LineString", "geometry-polygon": "Polygon", "geometry-multipolygon": "Polygon"}


@cache
def said(address: str) -> Any:
    """Return a document of the server, as it first was."""
    with urlopen(address) as answer:  # noqa: S310 — the server that is tested
        return json.load(answer)


def into(numbers: list[float], extent: tuple[float, ...]) -> list[float]:
    """Return a box of the same numbers, folded into an extent."""
    half = len(numbers) // 2
    sides = [
        sorted(
            extent[axis] + zlib.crc32(repr(numbers[corner + axis]).encode()) % 1000 / 1000 * (extent[axis + 2] - extent[axis])
            for corner in (0, half)
        )
        for axis in (0, 1)
    ]
    heights = sorted((numbers[2], numbers[5])) if half == 3 else []
    return [*(side[0] for side in sides), *heights[:1], *(side[1] for side in sides), *heights[1:]]


def value(told: dict[str, Any]) -> Any:
    """Return a value that a property of a schema may have."""
    if "oneOf" in told:
        return told["oneOf"][0]["const"]
    return {"number": 1, "integer": 1, "boolean": True}.get(told["type"], "2026-03-01" if told.get("format") == "date" else "x")


def feature(schema: dict[str, Any], given: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """Return a feature, or a part of one, as a collection takes it; which, what was given decides."""
    properties = schema["properties"]
    required = [name for name in schema.get("required", ()) if not properties[name].get("readOnly")]
    if not whole and "geometry" not in given:
        return {"properties": {name: value(properties[name]) for name in required}}
    form = next(told["format"] for told in properties.values() if told.get("x-ogc-role") == "primary-geometry")
    type_ = FORMS.get(form, "Point")
    found = {"type": "Feature", "geometry": {"type": type_, "coordinates": SHAPES[type_]}}
    return found | {"properties": {name: value(properties[name]) for name in required}}


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """Give well-formed requests what the server can accept: boxes in their system, features that there are, bodies of their collection."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return case
    base = case.operation.schema.get_base_url().rstrip("/")
    query = case.query or {}
    if "bbox" in query:
        given = query["bbox"]
        numbers = [float(one) for one in (given.split(",") if isinstance(given, str) else given)]
        box = into(numbers, EXTENTS.get(str(query.get("bbox-crs", "")), LONGITUDE_FIRST))
        query["bbox"] = ",".join(map(str, box)) if isinstance(given, str) else box
    path = case.path_parameters or {}
    if "collectionId" in path:
        at = f"{base}/collections/{path['collectionId']}"
        wanted = path.get("featureId")
        # What follows a link is asked for the feature that the link names.
        wanted = None if case.meta.phase.name.value == "stateful" else wanted
        features = said(f"{at}/items?limit=5&f=json")["features"] if wanted is not None else []
        if features and zlib.crc32(repr(wanted).encode()) % 2:
            path["featureId"] = features[zlib.crc32(repr(wanted).encode()) % len(features)]["id"]
        if isinstance(case.body, dict):
            case.body = feature(said(f"{at}/schema?f=json"), case.body, whole=case.method.upper() != "PATCH")
    return case
