"""Layers of finished 3D Tiles over HTTP: by range, with ETag, cut out where a plant is modelled."""

import json

import httpx
import numpy as np
import pytest
from baking import baked
from city import found_city
from serving import serving

from gis.store.connect import Actor, writing_plainly
from gis.store.tile_layers import keep, listed, remove
from tiles.delivered import row_of


@pytest.fixture
def folder(tmp_path):
    content = b"b3dm" + bytes(range(200))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.b3dm").write_bytes(content)
    return tmp_path / "photos"


def described(folder, lon, lat):
    west, south, east, north = np.radians([lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01]).tolist()
    root = {"boundingVolume": {"region": [west, south, east, north, 0, 50]}, "geometricError": 9, "content": {"uri": "a.b3dm"}}
    document = {"asset": {"version": "1.0"}, "geometricError": 99, "root": root}
    (folder / "tileset.json").write_text(json.dumps(document))


def test_a_layer_is_served_by_range_and_cut_out_under_the_plant(database, folder, tmp_path):
    city = found_city(database.owner)
    baked(city, tmp_path)
    ((lon, lat),) = city.rows("SELECT ST_X(geom), ST_Y(geom) FROM enterprises WHERE feature_id = %s", city.enterprise_id)
    ((boundaries,),) = city.rows("SELECT count(*) FROM site_boundaries")
    described(folder, lon, lat)
    row, issues = row_of(folder, "photos", "实景", "1,2,-36.9", clip=True)
    assert issues == []
    actor = Actor("管理员", "交付", "test")
    with writing_plainly(city.url, actor) as connection:
        keep(connection, row)
    with serving(database.reader, tmp_path) as address, httpx.Client(base_url=address) as client:
        (layer,) = client.get("/layers3d").json()["layers"]
        assert (layer["label"], layer["content"], layer["offset_m"]) == ("实景", "mesh", [1, 2, -36.9])
        assert len(layer["clips"]) == boundaries > 0
        assert client.get(layer["url"]).json()["asset"] == {"version": "1.0"}
        there = layer["url"].replace("tileset.json", "a.b3dm")
        whole = client.get(there)
        assert (whole.status_code, len(whole.content), whole.headers["content-type"]) == (200, 204, "application/octet-stream")
        assert client.get(there, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
        part = client.get(there, headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content, part.headers["content-range"]) == (206, bytes(range(4)), "bytes 4-7/204")
        for wrong in (there.replace("a.b3dm", "b.b3dm"), there.replace("a.b3dm", "%2e%2e/x.json"), "/layers3d/none/0/tileset.json"):
            assert client.get(wrong).status_code == 404
    with writing_plainly(city.url, actor) as connection:
        assert remove(connection, "photos") == "实景"
        assert listed(connection) == []
