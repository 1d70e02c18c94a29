"""OGC API - Tiles - Part 1 (20-057, annex A), and the draft of OGC API - Styles (20-009)."""

import math
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pyogrio
from conformance.suite import REL, Json, Server, check, geometry

TILES, STYLES = "ogcapi-tiles-1/1.0/conf", "ogcapi-styles-1/0.0/conf"
MVT = "application/vnd.mapbox-vector-tile"
NEAR = 14


def listed(server: Server) -> list[Json]:
    """Return what is said of the tilesets of the whole data set, or else of a collection's."""
    of_all = any(link["rel"] == f"{REL}tilesets-vector" for link in server.landing["links"])
    of = server.landing if of_all else server.json(f"/collections/{server.samples[0]}")
    return list(server.json(server.link(of, f"{REL}tilesets-vector"))["tilesets"])


def tileset(server: Server) -> Json:
    """Return what is said of the first tileset of vectors."""
    return server.json(server.link(listed(server)[0], "self"))


def address(server: Server, z: int, row: int, column: int, of: Json | None = None) -> str:
    """Return the address of a tile."""
    link = next(one for one in (of or tileset(server))["links"] if one["rel"] == "item" and one["type"] == MVT)
    template = str(link["href"])
    for name, value in (("tileMatrixSetId", "WebMercatorQuad"), ("tileMatrix", z), ("tileRow", row), ("tileCol", column)):
        template = template.replace(f"{{{name}}}", str(value))
    return template


def somewhere(server: Server, z: int = NEAR) -> tuple[int, int, int]:
    """Return zoom, row and column of the tile in which the first feature lies (OGC 17-083r4, D.1)."""
    point = geometry(server.page(server.samples[0], limit=1)["features"][0]).representative_point()
    side = 1 << z
    row = (1 - math.asinh(math.tan(math.radians(point.y))) / math.pi) / 2 * side
    return z, int(row), int((point.x + 180) / 360 * side)


def layers(data: bytes, place: tuple[int, int, int]) -> set[str]:
    """Return the names of a tile's layers, as GDAL reads them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{place[1]}.mvt"
        path.write_bytes(data)
        return {str(name) for name in pyogrio.list_layers(path)[:, 0]}


@check(f"{TILES}/core", "/conf/core/tc-op", "/conf/core/tc-success", "/conf/core/tc-error")
def tile(server: Server) -> None:
    z, row, column = somewhere(server)
    answer = server.client.get(address(server, z, row, column))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MVT
    assert server.client.get(address(server, z, 0, 0)).status_code in (200, 204, 404)
    for wrong in ((z, 1 << z, 0), (z, 0, 1 << z), (99, 0, 0)):
        assert server.client.get(address(server, *wrong)).status_code in (400, 404)


@check(f"{TILES}/mvt", "/conf/mvt/content")
def content(server: Server) -> None:
    place = somewhere(server)
    answer = server.client.get(address(server, *place))
    assert answer.status_code == 200
    assert server.samples[0] in layers(answer.content, place)


@check(f"{TILES}/tileset", "/conf/tileset/description", "/conf/tileset/tileset-tms-links")
def description(server: Server) -> None:
    told = tileset(server)
    assert told["dataType"] == "vector"
    assert told["crs"].endswith("/3857")
    matrices = server.json(server.link(told, f"{REL}tiling-scheme"))["tileMatrices"]
    for one in matrices:
        assert math.isclose(one["scaleDenominator"] * 0.00028, one["cellSize"], rel_tol=1e-9)
        assert math.isclose(one["cellSize"] * one["tileWidth"] * one["matrixWidth"], 2 * math.pi * 6378137, rel_tol=1e-9)
    for layer in told["layers"]:
        assert layer["dataType"] == "vector"
        assert layer["propertiesSchema"]["properties"]


@check(f"{TILES}/tilesets-list", "/conf/tilesets-list/success", "/conf/tilesets-list/tileset-links")
def tilesets(server: Server) -> None:
    for one in listed(server):
        assert {"dataType", "crs", "links"} <= one.keys()
        alone = server.json(server.link(one, "self"))
        assert alone["tileMatrixSetURI"] == one["tileMatrixSetURI"]
        assert server.json(server.link(one, f"{REL}tiling-scheme"))["uri"] == one["tileMatrixSetURI"]


@check(f"{TILES}/dataset-tilesets", "/conf/dataset-tilesets/landingpage")
def of_the_whole_data(server: Server) -> None:
    assert server.json(server.link(server.landing, f"{REL}tilesets-vector"))["tilesets"]
    place = somewhere(server)
    assert len(layers(server.client.get(address(server, *place)).content, place)) > 1


@check(f"{TILES}/geodata-tilesets", "/conf/geodata-tilesets/desc-links")
def of_each_collection(server: Server) -> None:
    place = somewhere(server)
    for name in server.samples:
        found = server.json(server.link(server.json(f"/collections/{name}"), f"{REL}tilesets-vector"))["tilesets"]
        alone = server.json(server.link(found[0], "self"))
        assert [layer["id"] for layer in alone["layers"]] == [name]
        answer = server.client.get(address(server, *place, alone))
        assert answer.headers["content-type"] == MVT
        assert not answer.content or layers(answer.content, place) <= {name}


@check(f"{TILES}/collections-selection", "/conf/collections-selection/collections-parameter")
def some_layers(server: Server) -> None:
    place = somewhere(server)
    answer = server.client.get(address(server, *place), params={"collections": server.samples[0]})
    assert layers(answer.content, place) == {server.samples[0]}
    assert server.client.get(address(server, *place), params={"collections": "no-such"}).status_code == 400


def styles(server: Server) -> list[Json]:
    """Return the styles that are listed."""
    return list(server.json(server.link(server.landing, f"{REL}styles"))["styles"])


@check(f"{STYLES}/core", "/conf/core/styles-success", "/conf/core/style-success", "/conf/core/style-md-success")
def listed_styles(server: Server) -> None:
    found = styles(server)
    assert found
    assert len({one["id"] for one in found}) == len(found)
    for one in found:
        for link in one["links"]:
            if link["rel"] == "stylesheet":
                answer = server.client.get(link["href"])
                assert answer.status_code == 200
                assert answer.headers["content-type"].split(";")[0] == link["type"].split(";")[0]
        assert server.json(server.link(one, "describedby"))["id"] == one["id"]
    assert server.get("/styles/no-such-style").status_code == 404


def sheet(server: Server, one: Json, media: str) -> bytes:
    """Return the first stylesheet of a media type."""
    (href,) = [link["href"] for link in one["links"] if link["rel"] == "stylesheet" and link["type"].startswith(media)]
    return server.client.get(href).content


@check(f"{STYLES}/mapbox-styles", "/conf/mapbox-styles/content")
def mapbox(server: Server) -> None:
    for one in styles(server):
        (href,) = [link["href"] for link in one["links"] if link["type"].startswith("application/vnd.mapbox.style+json")]
        told = server.json(href)
        assert told["version"] == 8
        assert told["layers"]
        assert {layer["source"] for layer in told["layers"] if "source" in layer} <= told["sources"].keys()
        assert len({layer["id"] for layer in told["layers"]}) == len(told["layers"])


@check(f"{STYLES}/sld-11", "/conf/sld-11/content")
def sld(server: Server) -> None:
    for one in styles(server)[:1]:
        root = ElementTree.fromstring(sheet(server, one, "application/vnd.ogc.sld+xml"))  # noqa: S314 — our own server's
        assert root.tag == "{http://www.opengis.net/sld}StyledLayerDescriptor"
        assert root.get("version") == "1.1.0"
        assert root.findall("{http://www.opengis.net/sld}NamedLayer")
