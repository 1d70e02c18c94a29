"""The definition of the map server's interface: OpenAPI 3.0 (Features Core, 9)."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from api.ogc.documents import DESCRIPTION, GEOJSON, HTML, JSON, OPENAPI, SCHEMA, TITLE
from gis.reference_systems import CRS84, SYSTEMS
from gis.store.collections import Collection
from gis.store.items import MOST_ITEMS

Json = dict[str, Any]
PAGE = ("f", "limit", "offset", "sortby", "properties", "skipGeometry", "crs")
WHICH = ("bbox", "bbox-crs", "datetime", "as-of", "filter", "filter-lang", "filter-crs")


INSTANT, DAY = {"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}
_TIME = r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
INTERVAL = {"type": "string", "pattern": rf"^(({_TIME})?/\.\.|\.\./{_TIME})$"}
CQL2 = {"type": "string", "format": "cql2-text", "minLength": 1}
SORT_KEY, PROPERTY = ({"type": "string", "format": form, "minLength": 1} for form in ("sort-key", "property-name"))
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


def _writing(path: Sequence[str]) -> Json:
    """Return what writes features, by method (Part 4)."""
    faults = {"400": "Invalid", "403": "Forbidden", "404": "NotFound", "409": "Conflict", "412": "Outdated", "428": "Unconditional"}
    single = len(path) > 1
    methods = {"put": "整个替换", "patch": "改一部分", "delete": "关闭"} if single else {"post": "新增"}
    found: Json = {}
    for method, summary in methods.items():
        media = ["application/merge-patch+json", GEOJSON] if method == "patch" else [GEOJSON]
        done = {"post": "201", "delete": "204"}.get(method, "200")
        found[method] = {
            "summary": summary,
            "operationId": f"{method}Item",
            "tags": ["OGC API"],
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in (*path, *(["ifMatch"] if single else []))],
            "responses": {
                done: {"description": "完成"},
                **{code: {"$ref": f"#/components/responses/{name}"} for code, name in faults.items()},
            },
        }
        if method != "delete":
            content = {one: {"schema": {"type": "object"}} for one in media}
            found[method]["requestBody"] = {"required": True, "content": content}
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
    return {
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
            at: _get("一个图层", "collection", ["f"], JSON, HTML, path=one),
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
                "featureId": _path("featureId", "要素标识", {"type": "string"}),
                "ifMatch": {
                    "name": "If-Match",
                    "in": "header",
                    "description": "读取时得到的 ETag，或 *；没有则 428，已被别人修改则 412",
                    "required": False,
                    "schema": {"type": "string"},
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
