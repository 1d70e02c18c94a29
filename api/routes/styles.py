"""`/styles`: the map's styles as a resource (OGC API Styles, draft 20-009), and what they name: pictures and glyphs."""

import asyncio
from functools import cache, lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from api.answers import answer, encoded
from api.caller import Permission, requires
from drawings.sheets.fonts import face
from gis.errors import Invalid, NotFound
from styles import sld
from styles.glyphs import COUNT, glyph_range
from styles.maplibre import FONT
from styles.outputs import map_document, pictures
from styles.palette import THEMES, Theme

router = APIRouter(dependencies=[Depends(requires(Permission.TILES_READ))])

CONFORMANCE = tuple(f"http://www.opengis.net/spec/ogcapi-styles-1/0.0/conf/{name}" for name in ("core", "mapbox-styles", "sld-11"))
"""As the draft names them."""
MAPLIBRE = "application/vnd.mapbox.style+json"
SLD = "application/vnd.ogc.sld+xml;version=1.1"
FORMATS = {"mapbox": MAPLIBRE, "sld11": SLD}
TITLES: dict[Theme, str] = {"light": "浅色", "wall-dark": "深色", "print-bw": "黑白打印"}
SPRITES = "/sprites"
DAY = {"Cache-Control": "public, max-age=86400"}
LAST_CODE = 0x10FFFF

StyleName = Annotated[str, Path(alias="styleId")]


def base_url(request: Request) -> str:
    """Return the address under which the caller reached us, without a slash at its end."""
    return str(request.base_url).rstrip("/")


def _theme(name: str) -> Theme:
    theme = next((theme for theme in THEMES if theme == name), None)
    if theme is None:
        raise NotFound(f"没有样式 {name}；可用的有 {'、'.join(THEMES)}")
    return theme


def _links(theme: Theme, base: str) -> list[dict[str, str]]:
    own = f"{base}/styles/{theme}"
    sheets = [{"rel": "stylesheet", "type": media, "href": f"{own}?f={name}", "title": name} for name, media in FORMATS.items()]
    return [*sheets, {"rel": "describedby", "type": "application/json", "href": f"{own}/metadata"}]


@router.get("/styles")
async def styles(request: Request) -> Response:
    """List the styles."""
    base = base_url(request)
    listed = [{"id": theme, "title": TITLES[theme], "links": _links(theme, base)} for theme in THEMES]
    return answer(
        {"default": THEMES[0], "styles": listed, "links": [{"rel": "self", "type": "application/json", "href": f"{base}/styles"}]}
    )


@cache
def _sld(theme: Theme) -> str:
    return sld.whole(theme)


@router.get("/styles/{styleId}")
async def style(request: Request, style_id: StyleName, f: Annotated[str | None, Query(description="mapbox 或 sld11")] = None) -> Response:
    """Return a style, as MapLibre has it or as an OGC Styled Layer Descriptor 1.1."""
    theme, base = _theme(style_id), base_url(request)
    said = f or ("sld11" if "sld" in request.headers.get("accept", "") else "mapbox")
    if said not in FORMATS:
        raise Invalid("f", f"没有格式 {said}；可用的有 {'、'.join(FORMATS)}")
    headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
    if said == "sld11":
        text = (await asyncio.to_thread(_sld, theme)).replace("../../svg/", f"{base}/svg/")
        return Response(text, media_type=SLD, headers=headers)
    return Response(encoded(map_document(theme, base, SPRITES)), media_type=MAPLIBRE, headers=headers)


@router.get("/styles/{styleId}/metadata")
async def metadata(request: Request, style_id: StyleName) -> Response:
    """Return what a style is."""
    theme, base = _theme(style_id), base_url(request)
    sheets: list[dict[str, Any]] = [
        {"title": name, "native": True, "specification": where, "version": version, "link": link}
        for (name, where, version), link in zip(
            (("MapLibre", "https://maplibre.org/maplibre-style-spec/", "8"), ("OGC SLD", "http://www.opengis.net/doc/is/sld/1.1", "1.1")),
            _links(theme, base),
            strict=False,
        )
    ]
    return answer({"id": theme, "title": TITLES[theme], "scope": "style", "stylesheets": sheets})


@cache
def _pictures(theme: Theme) -> dict[str, str]:
    return {name: draw() for name, draw in pictures(theme).items()}


@router.get("/svg/{theme}/{name}.svg")
async def picture(theme: str, name: str) -> Response:
    """Return a symbol, a mark of a line or a tile of a fill, as the SLD names them."""
    found = (await asyncio.to_thread(_pictures, _theme(theme))).get(name)
    if found is None:
        raise NotFound(f"没有符号 {name}")
    return Response(found, media_type="image/svg+xml", headers=DAY)


@lru_cache(maxsize=COUNT)
def _glyphs(start: int) -> bytes:
    return glyph_range(face(), FONT[0], start)


@router.get("/fonts/{stack}/{range_}.pbf")
async def glyphs(stack: str, range_: Annotated[str, Path(pattern=r"^\d{1,7}-\d{1,7}$")]) -> Response:
    """Return 256 glyphs of the map's font."""
    start, end = map(int, range_.split("-"))
    if FONT[0] not in stack.split(","):
        raise NotFound(f"没有字体 {stack}；可用的有 {FONT[0]}")
    if start % COUNT or end != start + COUNT - 1 or end > LAST_CODE:
        raise Invalid("range", f"{range_} 不是 {COUNT} 个字符的一段")
    return Response(await asyncio.to_thread(_glyphs, start), media_type="application/x-protobuf", headers=DAY)
