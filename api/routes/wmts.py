"""`/wmts`: the imagery layers as a Web Map Tile Service 1.0.0 (OGC 07-057r7), by KVP and by REST, for other programs."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.caller import Permission, requires
from api.house import CurrentHouse, House
from gis.errors import Invalid, NotFound
from tiles.imagery.remote import SourceFault
from tiles.imagery.wmts import FORMATS, MATRIX_SET, STYLE, capabilities, exception, picture

router = APIRouter(dependencies=[Depends(requires(Permission.TILES_READ))])

XML = "application/xml"
KEEP = "public, max-age=3600"
ENDINGS = {ending: media for media, ending in FORMATS.items()}
TILE = ("layer", "tilematrixset", "tilematrix", "tilerow", "tilecol", "format")


class _Refused(Exception):
    """What is asked can't be answered."""

    def __init__(self, code: str, locator: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code, self.locator, self.text, self.status = code, locator, text, status

    def response(self) -> Response:
        return Response(exception(self.code, self.locator, self.text), self.status, media_type=XML)


async def _capabilities(request: Request, house: House) -> Response:
    shown = await asyncio.to_thread(house.imagery.list)
    url = f"{str(request.base_url).rstrip('/')}/wmts"
    return Response(capabilities(shown, url), media_type=XML, headers={"Cache-Control": "no-cache"})


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise _Refused("InvalidParameterValue", name, f"{name} 须为整数，不是 {text[:40]}")
    return int(text)


def _sound(asked: dict[str, str]) -> None:
    """Refuse what names no tile of ours, whatever layers there are."""
    for name in TILE:
        if not asked.get(name):
            raise _Refused("MissingParameterValue", name, f"缺少参数 {name.upper()}")
    if asked["tilematrixset"] != MATRIX_SET:
        raise _Refused("InvalidParameterValue", "tilematrixset", f"瓦片矩阵集只有 {MATRIX_SET}")
    if asked.get("style", STYLE) not in (STYLE, ""):
        raise _Refused("InvalidParameterValue", "style", f"样式只有 {STYLE}")
    if asked["format"] not in FORMATS:
        raise _Refused("InvalidParameterValue", "format", f"格式须为 {'、'.join(FORMATS)}")


async def _tile(house: House, asked: dict[str, str]) -> Response:
    _sound(asked)
    media = asked["format"]
    z, x, y = (_number(name, asked[name]) for name in ("tilematrix", "tilecol", "tilerow"))
    known = {one.layer.name: one for one in await asyncio.to_thread(house.imagery.list)}
    if asked["layer"] not in known:
        raise _Refused("InvalidParameterValue", "layer", f"没有影像图层 {asked['layer'][:60]}")
    if z > known[asked["layer"]].max_zoom:
        raise _Refused("InvalidParameterValue", "tilematrix", f"图层 {asked['layer']} 到第 {known[asked['layer']].max_zoom} 级")
    for name, at in (("tilecol", x), ("tilerow", y)):
        if at >= 1 << z:
            raise _Refused("TileOutOfRange", name, f"第 {z} 级的{'列' if name == 'tilecol' else '行'}到 {(1 << z) - 1}")
    try:
        found = await asyncio.to_thread(house.imagery.tile, asked["layer"], z, x, y)
    except (NotFound, Invalid, SourceFault) as error:
        raise _Refused("NoApplicableCode", "", str(error), 502) from error
    return Response(await asyncio.to_thread(picture, found, media), media_type=media, headers={"Cache-Control": KEEP})


@router.get("/wmts")
async def by_kvp(request: Request, house: CurrentHouse) -> Response:
    """Answer by keys and values, whose names may be written in any case."""
    asked = {name.lower(): value for name, value in request.query_params.items()}
    try:
        if asked.get("service", "WMTS").upper() != "WMTS":
            raise _Refused("InvalidParameterValue", "service", "服务须为 WMTS")
        match asked.get("request", "").lower():
            case "getcapabilities":
                wanted = asked.get("acceptversions")
                if wanted and "1.0.0" not in wanted.split(","):
                    raise _Refused("VersionNegotiationFailed", "acceptversions", "版本只有 1.0.0")
                return await _capabilities(request, house)
            case "gettile":
                if asked.get("version", "1.0.0") != "1.0.0":
                    raise _Refused("InvalidParameterValue", "version", "版本只有 1.0.0")
                return await _tile(house, asked)
            case "":
                raise _Refused("MissingParameterValue", "request", "缺少参数 REQUEST")
            case other:
                raise _Refused("OperationNotSupported", "request", f"没有操作 {other[:40]}；有 GetCapabilities、GetTile", 501)
    except _Refused as refused:
        return refused.response()


@router.get("/wmts/1.0.0/WMTSCapabilities.xml")
async def described(request: Request, house: CurrentHouse) -> Response:
    """Describe the service."""
    return await _capabilities(request, house)


@router.get("/wmts/{layer}/{style}/{tile_matrix_set}/{tile_matrix}/{tile_row}/{tile_col}.{ending}")
async def by_rest(  # noqa: PLR0917 — a route
    layer: str, style: str, tile_matrix_set: str, tile_matrix: str, tile_row: str, tile_col: str, ending: str, house: CurrentHouse
) -> Response:
    """Return a tile by its address."""
    asked = {
        "layer": layer,
        "style": style,
        "tilematrixset": tile_matrix_set,
        "tilematrix": tile_matrix,
        "tilerow": tile_row,
        "tilecol": tile_col,
        "format": ENDINGS.get(ending, ending),
    }
    try:
        return await _tile(house, asked)
    except _Refused as refused:
        # An address that names no tile is not found; a source that fails is no fault of the address.
        status = refused.status if refused.status >= HTTPStatus.INTERNAL_SERVER_ERROR else HTTPStatus.NOT_FOUND
        return Response(exception(refused.code, refused.locator, refused.text), status, media_type=XML)
