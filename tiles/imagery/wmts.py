"""The imagery layers as a Web Map Tile Service describes them (OGC 07-057r7, WMTS 1.0.0): capabilities, exceptions, pictures."""

import io
import math
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from tiles.imagery.mercator import METRES_A_PIXEL, SIDE, pixels
from tiles.imagery.service import Shown

MATRIX_SET = "WebMercatorQuad"
WELL_KNOWN = "urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible"
CRS = "urn:ogc:def:crs:EPSG::3857"
CORNER_M = SIDE * METRES_A_PIXEL / 2
PIXEL_M = 0.00028
"""Of a pixel on a screen, by the standard: scales are of it."""
FORMATS = {"image/jpeg": "jpg", "image/png": "png"}
STYLE = "default"
LEAST_LEVELS = 19
XMLNS = (
    'xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
SCHEMA = "http://www.opengis.net/wmts/1.0 http://schemas.opengis.net/wmts/1.0/wmtsGetCapabilities_response.xsd"


def _operation(name: str, url: str) -> str:
    said = '<ows:Constraint name="GetEncoding"><ows:AllowedValues><ows:Value>KVP</ows:Value></ows:AllowedValues></ows:Constraint>'
    return (
        f'<ows:Operation name="{name}"><ows:DCP><ows:HTTP><ows:Get xlink:href="{escape(url)}?">{said}</ows:Get></ows:HTTP></ows:DCP>'
        "</ows:Operation>"
    )


def reach(shown: Shown, z: int) -> tuple[int, int, int, int]:
    """Return the first and last column, the first and last row in which a layer has tiles at a level."""
    west, south, east, north = shown.bounds
    columns, rows = pixels(z, np.array([west, east]), np.array([north, south]))
    last = (1 << z) - 1
    x0, x1 = np.clip([math.floor(columns[0] / SIDE), math.ceil(columns[1] / SIDE) - 1], 0, last).tolist()
    y0, y1 = np.clip([math.floor(rows[0] / SIDE), math.ceil(rows[1] / SIDE) - 1], 0, last).tolist()
    return x0, x1, y0, y1


def _limits(shown: Shown) -> str:
    found = []
    for z in range(shown.max_zoom + 1):
        x0, x1, y0, y1 = reach(shown, z)
        found.append(
            f"<TileMatrixLimits><TileMatrix>{z}</TileMatrix><MinTileRow>{y0}</MinTileRow><MaxTileRow>{y1}</MaxTileRow>"
            f"<MinTileCol>{x0}</MinTileCol><MaxTileCol>{x1}</MaxTileCol></TileMatrixLimits>"
        )
    return "".join(found)


def _layer(shown: Shown, url: str) -> str:
    west, south, east, north = shown.bounds
    resources = "".join(
        f'<ResourceURL format="{media}" resourceType="tile" '
        f'template="{escape(url)}/{shown.layer.name}/{STYLE}/{{TileMatrixSet}}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}.{ending}"/>'
        for media, ending in FORMATS.items()
    )
    formats = "".join(f"<Format>{media}</Format>" for media in FORMATS)
    about = f"<ows:Abstract>{escape(shown.layer.attribution)}</ows:Abstract>" if shown.layer.attribution else ""
    return (
        f"<Layer><ows:Title>{escape(shown.layer.label)}</ows:Title>{about}"
        f"<ows:WGS84BoundingBox><ows:LowerCorner>{west} {south}</ows:LowerCorner><ows:UpperCorner>{east} {north}</ows:UpperCorner>"
        f'</ows:WGS84BoundingBox><ows:Identifier>{shown.layer.name}</ows:Identifier><Style isDefault="true"><ows:Identifier>{STYLE}'
        f"</ows:Identifier></Style>{formats}<TileMatrixSetLink><TileMatrixSet>{MATRIX_SET}"
        f"</TileMatrixSet><TileMatrixSetLimits>{_limits(shown)}</TileMatrixSetLimits></TileMatrixSetLink>{resources}</Layer>"
    )


def _matrices(levels: int) -> str:
    return "".join(
        f"<TileMatrix><ows:Identifier>{z}</ows:Identifier><ScaleDenominator>{METRES_A_PIXEL / 2**z / PIXEL_M!r}</ScaleDenominator>"
        f"<TopLeftCorner>{-CORNER_M!r} {CORNER_M!r}</TopLeftCorner><TileWidth>{SIDE}</TileWidth><TileHeight>{SIDE}</TileHeight>"
        f"<MatrixWidth>{2**z}</MatrixWidth><MatrixHeight>{2**z}</MatrixHeight></TileMatrix>"
        for z in range(levels)
    )


def capabilities(layers: Sequence[Shown], url: str) -> bytes:
    """Return the description of the service.

    Parameters
    ----------
    layers : sequence of Shown
    url : str
        Of the service, without a query; templates of resources begin with it.
    """
    levels = max([LEAST_LEVELS, *(shown.max_zoom + 1 for shown in layers)])
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><Capabilities {XMLNS} xsi:schemaLocation="{SCHEMA}" version="1.0.0">'
        "<ows:ServiceIdentification><ows:Title>全景影像</ows:Title><ows:ServiceType>OGC WMTS</ows:ServiceType>"
        "<ows:ServiceTypeVersion>1.0.0</ows:ServiceTypeVersion></ows:ServiceIdentification>"
        f"<ows:OperationsMetadata>{_operation('GetCapabilities', url)}{_operation('GetTile', url)}</ows:OperationsMetadata>"
        f"<Contents>{''.join(_layer(shown, url) for shown in layers)}"
        f"<TileMatrixSet><ows:Identifier>{MATRIX_SET}</ows:Identifier><ows:SupportedCRS>{CRS}</ows:SupportedCRS>"
        f"<WellKnownScaleSet>{WELL_KNOWN}</WellKnownScaleSet>{_matrices(levels)}</TileMatrixSet></Contents>"
        f'<ServiceMetadataURL xlink:href="{escape(url)}/1.0.0/WMTSCapabilities.xml"/></Capabilities>'
    )
    return text.encode()


def exception(code: str, locator: str, text: str) -> bytes:
    """Return an exception report (OGC 06-121r3, 8)."""
    where = f' locator="{escape(locator)}"' if locator else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1" version="1.1.0" xml:lang="zh">'
        f'<ows:Exception exceptionCode="{code}"{where}><ows:ExceptionText>{escape(text)}</ows:ExceptionText></ows:Exception>'
        "</ows:ExceptionReport>"
    ).encode()


def picture(found: tuple[bytes, str] | None, media: str) -> bytes:
    """Return a tile in the format that was asked for; where there is nothing, PNG is clear and JPEG white."""
    if found is not None and found[1] == media:
        return found[0]
    image = Image.new("RGBA", (SIDE, SIDE)) if found is None else Image.open(io.BytesIO(found[0])).convert("RGBA")
    out = io.BytesIO()
    if media == "image/png":
        image.save(out, "PNG")
    else:
        Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB").save(out, "JPEG", quality=84)
    return out.getvalue()
