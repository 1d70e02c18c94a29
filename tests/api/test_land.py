"""Terrain and base maps over HTTP, on a real store."""

from pathlib import Path

import httpx
import numpy as np
import pytest
import rasterio
import shapely
from city import City, found_city
from rasterio.transform import from_origin
from serving import serving

from gis.store.cluster import Urls
from tiles.imagery.layers import FilesLayer, keep
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
