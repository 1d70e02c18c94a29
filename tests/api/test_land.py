"""Terrain and base maps over HTTP, on a real store."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import httpx
import numpy as np
import pytest
import rasterio
import shapely
from city import City, found_city
from owslib.wmts import WebMapTileService
from PIL import Image
from rasterio.transform import from_origin
from serving import serving

from gis.reference_systems import CRS84H
from gis.store.cluster import Urls
from tiles.imagery.layers import FilesLayer, SourceLayer, keep
from tiles.imagery.mercator import pixels
from tiles.terrain.bake import bake
from tiles.terrain.check import check_tile
from tiles.terrain.dem import open_dem
from tiles.terrain.lattice import Tile, span
from tiles.terrain.quantized import Decoded, read
from tiles.terrain.relief import FINEST


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner)


def rim(decoded: Decoded, tile: Tile) -> shapely.Geometry:
    corners = decoded.lonlat(tile)[decoded.triangles]
    return shapely.union_all(shapely.polygons(np.concatenate([corners, corners[:, :1]], axis=1)), grid_size=1e-9)


def test_the_ground_and_its_picture_come_from_the_data_folder(city: City, database: Urls, tmp_path: Path) -> None:
    with serving(database.reader, tmp_path) as address, httpx.Client(base_url=address) as client:
        assert (client.get("/api/land")).json() == {"terrain": None, "imagery": []}
        assert (client.get("/terrain/layer.json")).status_code == 404
        ((lon, lat, base),) = city.rows("SELECT ST_X(geom), ST_Y(geom), base_1985_m FROM enterprises")
        assert isinstance(lon, float)
        assert isinstance(lat, float)
        profile = {
            "driver": "GTiff",
            "width": 300,
            "height": 300,
            "crs": "EPSG:4490",
            "transform": from_origin(lon - 0.15, lat + 0.15, 0.001, 0.001),
        }
        hills = 255 + 20 * np.sin(np.add.outer(np.arange(300) / 9, np.arange(300) / 7))
        with rasterio.open(tmp_path / "dem.tif", "w", count=1, dtype="float32", **profile) as file:
            file.write(hills.astype(np.float32), 1)
        bake(open_dem(tmp_path / "dem.tif"), tmp_path / "terrain")
        with rasterio.open(tmp_path / "picture.tif", "w", count=3, dtype="uint8", **profile) as file:
            file.write(np.full((3, 300, 300), 120, np.uint8))
        keep(tmp_path / "imagery", FilesLayer("ortho", "航片", "测试", (tmp_path / "picture.tif",)))

        land = (client.get("/api/land")).json()
        assert [one["label"] for one in land["imagery"]] == ["航片"]
        layer = client.get("/terrain/layer.json")
        assert layer.json()["maxzoom"] == FINEST
        assert (client.get("/terrain/layer.json", headers={"If-None-Match": layer.headers["etag"]})).status_code == 304
        x, y, _, _ = span((lon, lat, lon, lat), FINEST)
        answer = client.get(f"/terrain/{FINEST}/{x}/{y}.terrain")
        decoded = read(answer.content)
        assert not check_tile(Tile(FINEST, x, y), decoded)
        over = f"/terrain/over/{city.enterprise_id}"
        assert client.get(f"{over}/layer.json").json()["maxzoom"] == FINEST
        opened = read(client.get(f"{over}/{FINEST}/{x}/{y}.terrain").content)
        ((yard,),) = city.rows("SELECT ST_AsBinary(geom) FROM site_boundaries")
        left = rim(opened, Tile(FINEST, x, y))
        assert not left.contains(shapely.from_wkb(yard).centroid)
        assert left.area < rim(decoded, Tile(FINEST, x, y)).area
        known = client.get(f"/terrain/{FINEST}/{x}/{y}.terrain", headers={"If-None-Match": answer.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")
        (enterprise,) = (client.get("/api/enterprises")).json()["enterprises"]
        ground = enterprise["ground_m"]
        assert base is None or abs(ground - (float(str(base)) - 37)) < 65
        # The plant's ground is level: many vertices of its tile lie 3 cm under it.
        assert (np.abs(decoded.heights_m - ground) <= 0.05).sum() > 4

        # Other programs get the same heights as the panorama.
        tall = client.get("/collections/building/items", params={"crs": CRS84H.uri, "limit": 1}).json()["features"][0]
        foot = tall["properties"]["z_min_m"] or 0
        (level,) = {corner[2] for corner in tall["geometry"]["coordinates"][0]}
        assert level == pytest.approx(ground + foot, abs=1e-6)
        sides = (lon - 0.05, lat - 0.05, ground - 1, lon + 0.05, lat + 0.05, ground + 1)
        boxes = [sides, (*sides[:2], ground + 500, *sides[3:5], ground + 900)]
        asked = [{"bbox": ",".join(map(str, box)), "bbox-crs": CRS84H.uri} for box in boxes]
        found = [client.get("/collections/building/items", params=one).json()["numberMatched"] for one in asked]
        assert found[0] > found[1] == 0

        shown = land["imagery"][0]["url"]
        i, j = int((lon + 180) / 360 * 4096), int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 4096)
        picture = client.get(shown.format(z=12, x=i, y=j))
        assert picture.headers["content-type"] == "image/jpeg"
        assert (client.get(shown.format(z=12, x=0, y=0))).status_code == 204
        assert (client.get("/imagery/none/1/0/0")).status_code == 404

        # A boundary that moves is another ground at once.
        city.rows("UPDATE site_boundaries SET geom = ST_Translate(geom, 0.001, 0)")
        again = (client.get("/api/land")).json()["terrain"]["version"]
        assert again != land["terrain"]["version"]


@pytest.fixture
def photographed(city: City, tmp_path: Path) -> tuple[float, float]:
    ((lon, lat),) = city.rows("SELECT ST_X(geom), ST_Y(geom) FROM enterprises")
    assert isinstance(lon, float)
    assert isinstance(lat, float)
    profile = {
        "driver": "GTiff",
        "width": 200,
        "height": 200,
        "crs": "EPSG:4490",
        "transform": from_origin(lon - 0.01, lat + 0.01, 1e-4, 1e-4),
    }
    with rasterio.open(tmp_path / "picture.tif", "w", count=3, dtype="uint8", **profile) as file:
        file.write(np.stack([np.full((200, 200), level, np.uint8) for level in (200, 90, 40)]))
    keep(tmp_path / "imagery", FilesLayer("ortho", "航片 & 底图", "测试", (tmp_path / "picture.tif",)))
    return lon, lat


def test_other_programs_have_the_imagery_as_wmts(city: City, database: Urls, tmp_path: Path, photographed: tuple[float, float]) -> None:
    lon, lat = photographed
    with serving(database.reader, tmp_path) as address, httpx.Client(base_url=address) as client:
        for url in (f"{address}/wmts", f"{address}/wmts/1.0.0/WMTSCapabilities.xml"):
            service = WebMapTileService(url)
            assert [layer.title for layer in service.contents.values()] == ["航片 & 底图"]
        layer = service.contents["ortho"]
        assert layer.boundingBoxWGS84 == pytest.approx((lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01), abs=1e-6)
        matrices = service.tilematrixsets["WebMercatorQuad"].tilematrix
        assert matrices["0"].scaledenominator == pytest.approx(559_082_264.0287178)
        assert matrices["0"].topleftcorner == pytest.approx((-20037508.3427892, 20037508.3427892))
        (column,), (row,) = pixels(13, np.array([lon]), np.array([lat]))
        x, y = int(column // 256), int(row // 256)
        limits = layer.tilematrixsetlinks["WebMercatorQuad"].tilematrixlimits["13"]
        assert limits.mintilecol <= x <= limits.maxtilecol
        assert limits.mintilerow <= y <= limits.maxtilerow
        for media in ("image/jpeg", "image/png"):
            got = service.gettile(
                base_url=f"{address}/wmts", layer="ortho", tilematrixset="WebMercatorQuad", tilematrix="13", row=y, column=x, format=media
            )
            shown = Image.open(BytesIO(got.read())).convert("RGB")
            np.testing.assert_allclose(np.array(shown)[int(row % 256), int(column % 256)], (200, 90, 40), atol=6)
        template = next(one["template"] for one in layer.resourceURLs if one["format"] == "image/png")
        filled = template.format(TileMatrixSet="WebMercatorQuad", TileMatrix=13, TileRow=y, TileCol=x)
        assert client.get(filled).headers["content-type"] == "image/png"
        clear = Image.open(BytesIO(client.get(filled.replace(f"/{y}/", f"/{y + 90}/")).content)).convert("RGBA")
        assert clear.getextrema()[3] == (0, 0)


WRONG = [
    ("", 400, "MissingParameterValue", "request"),
    ("service=WMS&request=GetCapabilities", 400, "InvalidParameterValue", "service"),
    ("service=WMTS&request=GetFeatureInfo", 501, "OperationNotSupported", "request"),
    ("request=GetCapabilities&AcceptVersions=2.0.0", 400, "VersionNegotiationFailed", "acceptversions"),
    ("request=GetTile&layer=ortho", 400, "MissingParameterValue", "tilematrixset"),
    ("{tile}&layer=none", 400, "InvalidParameterValue", "layer"),
    ("{tile}&layer=ortho&format=image/gif", 400, "InvalidParameterValue", "format"),
    ("{tile}&layer=ortho&tilecol=9", 400, "TileOutOfRange", "tilecol"),
    ("{tile}&layer=ortho&tilerow=-1", 400, "InvalidParameterValue", "tilerow"),
    ("{tile}&layer=ortho&tilematrix=22", 400, "InvalidParameterValue", "tilematrix"),
]


def test_what_a_wmts_client_gets_wrong_is_an_exception_report(
    city: City, database: Urls, tmp_path: Path, photographed: tuple[float, float]
) -> None:
    tile = {
        "request": "GetTile",
        "tilematrixset": "WebMercatorQuad",
        "tilematrix": "3",
        "tilerow": "1",
        "tilecol": "1",
        "format": "image/png",
    }
    with serving(database.reader, tmp_path) as address, httpx.Client(base_url=address) as client:
        for query, *told in WRONG:
            asked = dict(parse_qsl(query.replace("{tile}", "")))
            answer = client.get("/wmts", params={**(tile if "{tile}" in query else {}), **asked})
            (found,) = ElementTree.fromstring(answer.content)  # noqa: S314 — our own answer
            assert [answer.status_code, found.get("exceptionCode"), found.get("locator")] == told, query


class Elsewhere(BaseHTTPRequestHandler):
    """A map server of somebody else's: one colour everywhere west of column 4, no tile at column 4, no service beyond it, and a key."""

    def do_GET(self) -> None:
        column = int(self.path.split("/")[2])
        known = self.path.endswith("?tk=s3cret")
        self.send_response(403 if not known or column > 4 else 404 if column == 4 else 200)
        self.end_headers()
        if known and column < 4:
            Image.new("RGB", (256, 256), (30, 120, 60)).save(self.wfile, "PNG")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/{{z}}/{{x}}/{{y}}?tk={{key}}"
    server.shutdown()
    server.server_close()


def test_a_source_elsewhere_is_passed_on_as_wmts(
    city: City, database: Urls, tmp_path: Path, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", "s3cret")
    keep(tmp_path / "imagery", SourceLayer("web", "外部底图", "某局", elsewhere, "cgcs2000", "mercator", 12, "SOME_KEY"))
    with serving(database.reader, tmp_path) as address, httpx.Client(base_url=address) as client:
        described = client.get("/wmts/1.0.0/WMTSCapabilities.xml")
        assert "s3cret" not in described.text
        assert elsewhere.split("/{z}", maxsplit=1)[0] not in described.text
        service = WebMapTileService(f"{address}/wmts", xml=described.content)
        assert set(service.contents) == {"web"}
        for media, tolerance in (("image/png", 0), ("image/jpeg", 4)):
            got = service.gettile(
                base_url=f"{address}/wmts", layer="web", tilematrixset="WebMercatorQuad", tilematrix="5", row=2, column=3, format=media
            )
            shown = np.asarray(Image.open(BytesIO(got.read())).convert("RGB"))
            np.testing.assert_allclose(shown, np.broadcast_to((30, 120, 60), shown.shape), atol=tolerance)
        path = "/wmts/web/default/WebMercatorQuad/5/2/{}.png"
        clear = client.get(path.format(4))
        assert Image.open(BytesIO(clear.content)).convert("RGBA").getextrema()[3] == (0, 0)

        # A source that fails is an exception report too, by either way in, and tells no key.
        tile = {
            "layer": "web",
            "tilematrixset": "WebMercatorQuad",
            "tilematrix": "5",
            "tilerow": "2",
            "tilecol": "5",
            "format": "image/png",
        }
        for answer in (client.get(path.format(5)), client.get("/wmts", params={"request": "GetTile", **tile})):
            (found,) = ElementTree.fromstring(answer.content)  # noqa: S314 — our own answer
            assert (answer.status_code, found.get("exceptionCode")) == (502, "NoApplicableCode")
            assert "s3cret" not in answer.text
        answer = client.get("/imagery/web/5/5/2")
        assert (answer.status_code, answer.headers["content-type"]) == (502, "application/problem+json")
        assert "s3cret" not in answer.text
