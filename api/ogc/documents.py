"""The documents of the map server but for features: landing page, collections, queryables, schemas, functions."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.ogc.conformance import CLASSES, EDITING
from gis.reference_systems import BASE, CRS84, SYSTEMS
from gis.store.collections import Collection, Column
from gis.store.filters.functions import FUNCTIONS
from gis.store.filters.terms import Type
from gis.store.vector_tiles import mapped

Json = dict[str, Any]
Box = tuple[float, float, float, float]
TITLE = "全景 quanjing"
DESCRIPTION = "生态环境执法三维一张图：企业及其图纸要素、报警、监测、案件"
GEOJSON, JSON, HTML, SCHEMA = "application/geo+json", "application/json", "text/html", "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
REL = "http://www.opengis.net/def/rel/ogc/1.0"

JSON_TYPES: dict[Type, Json] = {
    Type.TEXT: {"type": "string"},
    Type.UUID: {"type": "string", "format": "uuid"},
    Type.NUMBER: {"type": "number"},
    Type.BOOLEAN: {"type": "boolean"},
    Type.DATE: {"type": "string", "format": "date"},
    Type.TIMESTAMP: {"type": "string", "format": "date-time"},
}
FORMATS = {
    "Point": "geometry-point",
    "LineString": "geometry-linestring",
    "Polygon": "geometry-polygon",
    "MultiPoint": "geometry-multipoint",
    "MultiLineString": "geometry-multilinestring",
    "MultiPolygon": "geometry-multipolygon",
    "Geometry": "geometry-any",
}
"""Of OGC API - Features - Part 5, table 3."""


def link(rel: str, href: str, type_: str, title: str = "", **more: Any) -> Json:
    """Return a link."""
    return {"rel": rel, "href": href, "type": type_, **({"title": title} if title else {}), **more}


def both(base: str, path: str, form: str, title: str, type_: str = JSON) -> list[Json]:
    """Return the links of a document to itself and to its other form."""
    forms = {"json": type_, "html": HTML}
    order = sorted(forms, key=lambda name: name != form)
    return [link("self" if name == form else "alternate", f"{base}{path}?f={name}", forms[name], title) for name in order]


def landing(base: str, form: str) -> Json:
    """Return the landing page (Features Core, 7.2)."""
    return {
        "title": TITLE,
        "description": DESCRIPTION,
        "links": [
            *both(base, "/", form, TITLE),
            link("service-desc", f"{base}/api", OPENAPI, "接口定义（OpenAPI 3.0）"),
            link("service-doc", f"{base}/api?f=html", HTML, "接口说明"),
            link("conformance", f"{base}/conformance", JSON, "符合的标准"),
            link("data", f"{base}/collections", JSON, "图层"),
            link(f"{REL}/conformance", f"{base}/conformance", JSON, "符合的标准"),
            link(f"{REL}/data", f"{base}/collections", JSON, "图层"),
            link(f"{REL}/tilesets-vector", f"{base}/tiles", JSON, "矢量切片"),
            link(f"{REL}/styles", f"{base}/styles", JSON, "样式"),
            link(f"{REL}/functions", f"{base}/functions", JSON, "过滤可用的函数"),
            link(f"{REL}/ogc-catalog", f"{base}/collections/records", JSON, "目录"),
        ],
    }


def conformance(base: str, form: str, *, editing: bool) -> Json:
    """Return the conformance declaration."""
    return {"conformsTo": [*CLASSES, *(EDITING if editing else ())], "links": both(base, "/conformance", form, "符合的标准")}


def _storage(one: Collection) -> str:
    uri = f"{BASE}/EPSG/0/{one.srid}"
    return uri if uri in SYSTEMS else CRS84.uri


def collection(base: str, one: Collection, box: Box | None, form: str | None = None) -> Json:
    """Return what is said of a collection (Features Core, 7.14; Part 2, 6.2)."""
    at = f"{base}/collections/{one.id}"
    own = both(base, f"/collections/{one.id}", form, one.title) if form else [link("self", at, JSON, one.title)]
    extent: Json = {"temporal": {"interval": [[None, None]], "trs": f"{BASE.replace('crs', 'uom')}/ISO-8601/0/Gregorian"}}
    if box is not None:
        extent["spatial"] = {"bbox": [list(box)], "crs": CRS84.uri}
    return {
        "id": one.id,
        "title": one.title,
        "description": one.description,
        "itemType": "feature",
        "extent": extent,
        "crs": list(SYSTEMS),
        "storageCrs": _storage(one),
        "links": [
            *own,
            link("items", f"{at}/items", GEOJSON, f"{one.title}：要素"),
            link("items", f"{at}/items?f=html", HTML, f"{one.title}：要素"),
            link(f"{REL}/queryables", f"{at}/queryables", SCHEMA, "可过滤的属性"),
            link(f"{REL}/sortables", f"{at}/sortables", SCHEMA, "可排序的属性"),
            link(f"{REL}/schema", f"{at}/schema", SCHEMA, "要素的结构"),
            link("describedby", f"{at}/schema", SCHEMA, "要素的结构"),
            *([link(f"{REL}/tilesets-vector", f"{at}/tiles", JSON, "矢量瓦片")] if one.kind and one.id in mapped() else []),
            *([link("preview", f"{base}/look/{one.id}", HTML, "速览")] if one.kind else []),
        ],
    }


def collections(base: str, listed: Iterable[tuple[Collection, Box | None]], form: str, more: Iterable[Json] = ()) -> Json:
    """Return the list of collections, and of what else is listed there."""
    return {
        "links": both(base, "/collections", form, "图层"),
        "crs": list(SYSTEMS),
        "collections": [*(collection(base, one, box) for one, box in listed), *more],
    }


def _property(column: Column) -> Json:
    if column.type is Type.ARRAY:
        schema: Json = {"type": "array", "items": JSON_TYPES[column.items or Type.TEXT]}
    elif column.type is None:
        schema = {"type": "object"}
    else:
        schema = dict(JSON_TYPES[column.type])
    if column.integer:
        schema["type"] = "integer"
    if column.codes:
        schema["oneOf"] = [{"const": code, "title": label} for code, label in column.codes.items()]
    if column.unit:
        schema["x-ogc-unit"] = column.unit
    return {"title": column.title, **schema}


def _schema(at: str, name: str, one: Collection, properties: Mapping[str, Json], **more: Any) -> Json:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{at}/collections/{one.id}/{name}",
        "title": one.title,
        "description": one.description,
        "type": "object",
        "properties": dict(properties),
        **more,
    }


def _geometry(one: Collection) -> Json:
    return {"title": "图形", "format": FORMATS[one.geometry or "Geometry"], "x-ogc-role": "primary-geometry"}


def queryables(base: str, one: Collection) -> Json:
    """Return what a filter may name (Features Part 3, 6.2)."""
    properties = {column.name: _property(column) for column in one.columns if column.type is not None}
    if one.geometry:
        properties[one.geom] = _geometry(one)
    return _schema(base, "queryables", one, properties, additionalProperties=False)


def sortables(base: str, one: Collection) -> Json:
    """Return by what features may be sorted (Features Part 5, sortables)."""
    properties = {column.name: _property(column) for column in one.columns if column.type not in (None, Type.ARRAY)}
    return _schema(base, "sortables", one, properties, additionalProperties=False)


def schema(base: str, one: Collection) -> Json:
    """Return what features consist of (Features Part 5, returnables and receivables)."""
    properties: dict[str, Json] = {}
    for number, column in enumerate(one.columns):
        told = _property(column) | {"x-ogc-propertySeq": number + 1}
        if column.name == one.id_column:
            told["x-ogc-role"] = "id"
        if column.name == "recorded_from":
            told["x-ogc-role"] = "primary-interval-start"
        if column.read_only:
            told["readOnly"] = True
        properties[column.name] = told
    if one.geometry:
        properties[one.geom] = _geometry(one)
    required = [column.name for column in one.columns if column.required]
    return _schema(base, "schema", one, properties, **({"required": required} if required else {}))


def functions(base: str, form: str) -> Json:
    """Return what functions a filter may call (CQL2, 7.9: `/functions`)."""

    def told(type_: Type) -> list[str]:
        return [{Type.TEXT: "string", Type.TIMESTAMP: "datetime"}.get(type_, str(type_))]

    return {
        "links": both(base, "/functions", form, "函数"),
        "functions": [
            {
                "name": function.name,
                "description": function.title,
                "arguments": [{"type": told(type_)} for type_ in function.arguments],
                "returns": told(function.returns),
            }
            for function in FUNCTIONS.values()
        ],
    }
