"""`/tiles`, `/tileMatrixSets`: what vector tiles there are (OGC API Tiles 1.0, 20-057; OGC 17-083r4). The tiles: `api.vector_tiles`."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import answer
from api.caller import Permission, requires
from api.routes.styles import base_url
from api.vector_tiles import MATRIX_SET, MEDIA
from gis.errors import NotFound
from gis.kinds import KINDS, Kind
from gis.store.vector_tiles import FULL_ZOOM, HALF_M, MAX_ZOOM, mapped

router = APIRouter(dependencies=[Depends(requires(Permission.TILES_READ))])

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/dataset-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/collections-selection",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
)
CRS = "http://www.opengis.net/def/crs/EPSG/0/3857"
SET_URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
STANDARD_PIXEL_M = 0.00028
"""Of a rendering without a screen (OGC 17-083r4, 6.2.1)."""
SIDE = 256
DIMENSIONS = {"Point": 0, "LineString": 1, "Polygon": 2, "PolygonZ": 2, "MultiPolygon": 2}
TYPES = {"integer": "integer", "number": "number", "boolean": "boolean"}


def _link(rel: str, href: str, media: str = "application/json", **more: Any) -> dict[str, Any]:
    return {"rel": rel, "type": media, "href": href, **more}


def _brief(base: str, kind: Kind | None = None) -> dict[str, Any]:
    """Return what a list says of the tileset of all layers, or of one kind's: the same tiles, with that layer alone."""
    own = f"{base}/collections/{kind.name}/tiles/{MATRIX_SET}" if kind else f"{base}/tiles/{MATRIX_SET}"
    tile = f"{base}/tiles/{MATRIX_SET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}" + (f"?collections={kind.name}" if kind else "")
    return {
        "title": kind.label if kind else "全景",
        "dataType": "vector",
        "crs": CRS,
        "tileMatrixSetURI": SET_URI,
        "links": [
            _link("self", own),
            _link(SCHEME, f"{base}/tileMatrixSets/{MATRIX_SET}"),
            _link("item", tile, MEDIA, templated=True),
        ],
    }


def _layer(kind: Kind) -> dict[str, Any]:
    own = {a.name: {"title": a.label, "type": TYPES.get(a.type, "string")} for a in kind.attributes if a.in_tile}
    properties = {
        "feature_id": {"title": "要素标识", "type": "string", "format": "uuid"},
        "type": {"title": "类型", "type": "string"},
        "alarm_level": {"title": "最高未关闭报警等级", "type": "integer"},
        "case_count": {"title": "关联案件数", "type": "integer"},
        "name": {"title": "名称", "type": "string", "description": f"从第 {kind.named_zoom} 级起"},
        "code": {"title": "编号", "type": "string", "description": f"从第 {kind.named_zoom} 级起"},
    } | {name: {**schema, "description": f"从第 {FULL_ZOOM} 级起"} for name, schema in own.items()}
    if kind.areal:
        properties["anchor"] = {"title": "标注处", "type": "boolean", "description": "面被瓦片切开时，只在应放符号和名称的那一片为 true"}
    if not kind.type_attribute:
        del properties["type"]
    dimension = {"geometryDimension": DIMENSIONS[kind.geometry]} if kind.geometry in DIMENSIONS else {}
    return {
        "id": kind.name,
        "title": kind.label,
        "dataType": "vector",
        **dimension,
        "minTileMatrix": str(kind.zoom),
        "maxTileMatrix": str(MAX_ZOOM),
        "propertiesSchema": {"type": "object", "properties": properties},
    }


@router.get("/tiles")
async def tilesets(request: Request) -> Response:
    """List the tilesets of the whole data set: one, with all layers."""
    base = base_url(request)
    return answer({"links": [_link("self", f"{base}/tiles")], "tilesets": [_brief(base)]})


@router.get(f"/tiles/{MATRIX_SET}")
async def tileset(request: Request) -> Response:
    """Describe the tileset: layers, properties, from which zoom each is shown."""
    return answer(_brief(base_url(request)) | {"layers": [_layer(KINDS[name]) for name in mapped()]})


def _mapped(collection: str) -> Kind:
    if collection not in mapped():
        raise NotFound(f"图层 {collection:.60} 没有矢量瓦片；有的是 {'、'.join(mapped())}")
    return KINDS[collection]


@router.get("/collections/{collection}/tiles")
async def tilesets_of(collection: str, request: Request) -> Response:
    """List the tilesets of one collection."""
    kind, base = _mapped(collection), base_url(request)
    return answer({"links": [_link("self", f"{base}/collections/{kind.name}/tiles")], "tilesets": [_brief(base, kind)]})


@router.get(f"/collections/{{collection}}/tiles/{MATRIX_SET}")
async def tileset_of(collection: str, request: Request) -> Response:
    """Describe the tileset of one collection."""
    kind = _mapped(collection)
    return answer(_brief(base_url(request), kind) | {"layers": [_layer(kind)]})


@router.get("/tileMatrixSets")
async def matrix_sets(request: Request) -> Response:
    """List the tile matrix sets."""
    own = {"id": MATRIX_SET, "title": "Web 墨卡托", "uri": SET_URI}
    return answer({"tileMatrixSets": [own | {"links": [_link("self", f"{base_url(request)}/tileMatrixSets/{MATRIX_SET}")]}]})


@router.get("/tileMatrixSets/{name}")
async def matrix_set(name: str) -> Response:
    """Return WebMercatorQuad, to the zoom that is served (OGC 17-083r4, D.1)."""
    if name != MATRIX_SET:
        raise NotFound(f"没有瓦片矩阵集 {name}；可用的有 {MATRIX_SET}")
    matrices = []
    for z in range(MAX_ZOOM + 1):
        cell = 2 * HALF_M / SIDE / (1 << z)
        matrices.append(
            {
                "id": str(z),
                "scaleDenominator": cell / STANDARD_PIXEL_M,
                "cellSize": cell,
                "pointOfOrigin": [-HALF_M, HALF_M],
                "tileWidth": SIDE,
                "tileHeight": SIDE,
                "matrixWidth": 1 << z,
                "matrixHeight": 1 << z,
            }
        )
    return answer({"id": MATRIX_SET, "uri": SET_URI, "crs": CRS, "orderedAxes": ["E", "N"], "tileMatrices": matrices})
