"""The definition of the map server's interface: OpenAPI 3.0 (Features Core, 9)."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from api.ogc.documents import DESCRIPTION, GEOJSON, HTML, JSON, OPENAPI, SCHEMA, TITLE
from api.ogc.records import TYPES
from gis.reference_systems import CRS84, SYSTEMS
from gis.store.collections import Collection
from gis.store.items import MOST_ITEMS

Json = dict[str, Any]
PAGE = ("f", "limit", "offset", "sortby", "properties", "skipGeometry", "crs")
RECORDS = ("f", "limit", "offset", "bbox", "datetime", "q", "type", "ids", "externalIds")
WHICH = ("bbox", "bbox-crs", "datetime", "as-of", "filter", "filter-lang", "filter-crs")


INSTANT, DAY = {"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}
_TIME = r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
INTERVAL = {"type": "string", "pattern": rf"^(({_TIME})?/\.\.|\.\./{_TIME})$"}
CQL2 = {"type": "string", "format": "cql2-text", "minLength": 1}
SORT_KEY, PROPERTY = ({"type": "string", "format": form, "minLength": 1} for form in ("sort-key", "property-name"))
ENTITY_TAGS = r'^(\*|(W/)?"[^"]*"(, *(W/)?"[^"]*")*)$'
GEOMETRY = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {
        "type": {"type": "string", "enum": ["Point", "LineString", "Polygon", "MultiPolygon"]},
        "coordinates": {"type": "array", "items": {}, "minItems": 1},
    },
}
WRITTEN = {
    "type": {"type": "string", "enum": ["Feature"]},
    "geometry": GEOMETRY,
    "properties": {"type": "object", "description": "见 /collections/{collectionId}/schema"},
}
"""Members of a feature that is sent; which properties there are, its collection says."""
LISTED = {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": r"^[^,]*[^,\s][^,]*$"}}
CURSOR = "^[0-9a-f]{8}-[0-9]{1,17}-[0-9]{1,17}$"


def _query(name: str, description: str, schema: Json, **more: Any) -> Json:
    return {"name": name, "in": "query", "description": description, "required": False, "schema": schema, **more}


def _parameters() -> dict[str, Json]:
    crs = {"type": "string", "format": "uri", "enum": list(SYSTEMS), "default": CRS84.uri}
    flat = {"style": "form", "explode": False}
    return {
        "f": _query("f", "格式", {"type": "string", "enum": ["json", "html"]}),
        "limit": _query(
            "limit", f"一页最多几个，超过 {MOST_ITEMS} 按 {MOST_ITEMS}", {"type": "integer", "minimum": 1, "default": 10}, **flat
        ),
        "offset": _query("offset", "从第几个开始", {"type": "integer", "minimum": 0, "default": 0}),
        "bbox": _query(
            "bbox",
            "范围，4 个数，或带高度 6 个数；西边大于东边表示跨 180° 经线",
            {"type": "array", "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}], "items": {"type": "number"}},
            **flat,
        ),
        "bbox-crs": _query("bbox-crs", "bbox 的坐标系", crs),
        "crs": _query("crs", "回答的坐标系；轴序按坐标系的定义", crs),
        "datetime": _query("datetime", "时刻（当时的状态），或时段 a/b、../b、a/..", {"anyOf": [INSTANT, DAY, INTERVAL]}, **flat),
        "as-of": _query("as-of", "时刻：当时的状态；与 datetime 同时给出时以它为准", INSTANT),
        "filter": _query("filter", "CQL2 条件；可用的属性见 /collections/{collectionId}/queryables", CQL2),
        "filter-lang": _query(
            "filter-lang", "filter 的写法", {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"}
        ),
        "filter-crs": _query("filter-crs", "filter 里几何的坐标系", crs),
        "sortby": _query("sortby", "排序的属性，- 在前为降序", {"type": "array", "minItems": 1, "items": SORT_KEY}, **flat),
        "properties": _query("properties", "只要这些属性", {"type": "array", "items": PROPERTY}, **flat),
        "skipGeometry": _query("skipGeometry", "不要图形", {"type": "boolean", "default": False}),
        "q": _query("q", "找的词：逗号分开的其中之一，空格分开的依次相连", LISTED, **flat),
        "type": _query("type", f"记录的类型：{'、'.join(TYPES)}", LISTED, **flat),
        "ids": _query("ids", "记录标识", LISTED, **flat),
        "externalIds": _query("externalIds", "企业编号，可带“企业编号:”", LISTED, **flat),
        "since": _query("since", "从变更日志的哪里开始（上一次回答的 cursor）；没有则从头", {"type": "string", "pattern": CURSOR}),
    }


def _path(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "description": description, "required": True, "schema": schema}


def _get(summary: str, operation: str, parameters: Iterable[str], *media: str, path: Sequence[str] = ()) -> Json:
    faults = {"400": "Invalid", **({"404": "NotFound"} if path else {}), "500": "ServerError"}
    types = {one: {"schema": {"type": "string" if one == HTML else "object"}} for one in media}
    return {
        "get": {
            "summary": summary,
            "operationId": operation,
            "tags": ["OGC API"],
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in (*path, *parameters)],
            "responses": {
                "200": {"description": "答复", "content": types},
                **{code: {"$ref": f"#/components/responses/{name}"} for code, name in faults.items()},
            },
        }
    }


def _link(operation: str, feature: str, etag: str = "") -> Json:
    """Return a link of a response to what may be done next with a feature of it (OpenAPI 3.0, 4.7.20)."""
    tag = {"header.If-Match": etag} if etag else {}
    return {"operationId": operation, "parameters": {"collectionId": "$request.path.collectionId", "featureId": feature, **tag}}


def _linked(paths: Json, *, editing: bool) -> None:
    """Say in the responses with features what may be done with them."""
    at = "/collections/{collectionId}/items"
    page, single = paths[at], paths[f"{at}/{{featureId}}"]
    own, tag = "$response.body#/id", "$response.header.ETag"
    single["get"]["responses"]["200"]["links"] = {"history": _link("history", own)}
    if editing:
        following = {name: _link(name, own, tag) for name in ("putItem", "patchItem", "deleteItem")}
        single["get"]["responses"]["200"]["links"] |= following
        for response in (page["post"]["responses"]["201"], single["put"]["responses"]["200"], single["patch"]["responses"]["200"]):
            response["links"] = {"item": _link("item", own)} | following


def _writing(path: Sequence[str]) -> Json:
    """Return what writes features, by method (Part 4)."""
    faults = {"400": "Invalid", "403": "Forbidden", "404": "NotFound", "409": "Conflict"}
    single = len(path) > 1
    if single:
        faults |= {"412": "Outdated", "428": "Unconditional"}
    methods = {"put": "整个替换", "patch": "改一部分", "delete": "关闭"} if single else {"post": "新增"}
    found: Json = {}
    for method, summary in methods.items():
        media = ["application/merge-patch+json", GEOJSON] if method == "patch" else [GEOJSON]
        done = {"post": "201", "delete": "204"}.get(method, "200")
        # What comes from drawings alone is neither made nor replaced here.
        named = ["featureId" if name == "featureId" else "kindId" if method in ("patch", "delete") else "flatCollectionId" for name in path]
        found[method] = {
            "summary": summary,
            "operationId": f"{method}Item",
            "tags": ["OGC API"],
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in (*named, *(["ifMatch"] if single else []))],
            "responses": {
                done: {"description": "完成"} | ({"content": {GEOJSON: {"schema": {"type": "object"}}}} if done != "204" else {}),
                **{code: {"$ref": f"#/components/responses/{name}"} for code, name in faults.items()},
            },
        }
        if method != "delete":
            schema: Json = {"type": "object", "properties": WRITTEN} | ({"required": list(WRITTEN)} if method != "patch" else {})
            found[method]["requestBody"] = {"required": True, "content": {one: {"schema": schema} for one in media}}
    return found


def definition(base: str, collections: dict[str, Collection], *, editing: bool = False) -> Json:
    """Return the definition, with the names of the collections that there are."""
    more = {1: _writing(("collectionId",)), 2: _writing(("collectionId", "featureId"))} if editing else {1: {}, 2: {}}
    items = [*PAGE, *WHICH]
    one, feature = ("collectionId",), ("collectionId", "featureId")
    at = "/collections/{collectionId}"
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    changes = _get("变更日志", "changes", ["since", "limit"], JSON)
    changes["get"]["responses"] |= {"409": {"$ref": "#/components/responses/Conflict"}, "410": {"$ref": "#/components/responses/Swept"}}
    kinds = {name: one.kind for name, one in collections.items() if one.kind is not None}
    document: Json = {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "description": DESCRIPTION, "version": version("quanjing"), "license": {"name": "Apache-2.0"}},
        "servers": [{"url": base}],
        "tags": [{"name": "OGC API", "description": "OGC API - Features"}],
        "paths": {
            "/": _get("入口", "landing", ["f"], JSON, HTML),
            "/conformance": _get("符合的标准", "conformance", ["f"], JSON, HTML),
            "/api": _get("本定义", "api", ["f"], OPENAPI, HTML),
            "/functions": _get("过滤可用的函数", "functions", ["f"], JSON, HTML),
            "/changes": changes,
            "/collections": _get("图层", "collections", ["f"], JSON, HTML),
            at: _get("一个图层、目录或三维容器", "collection", ["f"], JSON, HTML, path=("anyCollectionId",)),
            "/collections/records/items": _get("目录的记录", "records", RECORDS, GEOJSON, HTML),
            "/collections/records/items/{recordId}": _get("一条记录", "record", ["f"], GEOJSON, HTML, path=("recordId",)),
            f"{at}/queryables": _get("可过滤的属性", "queryables", ["f"], SCHEMA, HTML, path=one),
            f"{at}/sortables": _get("可排序的属性", "sortables", ["f"], SCHEMA, HTML, path=one),
            f"{at}/schema": _get("要素的结构", "schema", ["f"], SCHEMA, HTML, path=one),
            f"{at}/items": _get("要素", "items", items, GEOJSON, HTML, path=one) | more[1],
            f"{at}/items/{{featureId}}": _get("一个要素", "item", ["f", "crs", "datetime", "as-of"], GEOJSON, HTML, path=feature) | more[2],
            f"{at}/items/{{featureId}}/history": _get("谁在何时因何修改", "history", ["f"], JSON, HTML, path=feature),
        },
        "components": {
            "parameters": {
                **_parameters(),
                "collectionId": _path("collectionId", "图层", {"type": "string", "enum": list(collections)}),
                "anyCollectionId": _path("collectionId", "图层、目录（records）或三维容器", {"type": "string"}),
                "recordId": _path("recordId", "记录标识", {"type": "string"}),
                "kindId": _path("collectionId", "图层", {"type": "string", "enum": list(kinds)}),
                "flatCollectionId": _path("collectionId", "图层", {"type": "string", "enum": [one for one in kinds if kinds[one].flat]}),
                "featureId": _path("featureId", "要素标识", {"type": "string"}),
                "ifMatch": {
                    "name": "If-Match",
                    "in": "header",
                    "description": "读取时得到的 ETag，或 *；没有则 428，已被别人修改则 412",
                    "required": True,
                    "schema": {"type": "string", "pattern": ENTITY_TAGS},
                },
            },
            "responses": {
                "Invalid": {"description": "参数有误", "content": problem},
                "NotFound": {"description": "没有找到", "content": problem},
                "Forbidden": {"description": "无权", "content": problem},
                "Conflict": {"description": "现在不能这样做", "content": problem},
                "Swept": {"description": "已不再保留", "content": problem},
                "Outdated": {"description": "已被别人修改", "content": problem},
                "Unconditional": {"description": "须带 If-Match", "content": problem},
                "ServerError": {"description": "服务器出错", "content": problem},
            },
            "schemas": {
                "Problem": {
                    "type": "object",
                    "description": "RFC 9457",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "parameter": {"type": "string"},
                    },
                }
            },
        },
    }
    _linked(document["paths"], editing=editing)
    return document
