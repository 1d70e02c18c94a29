"""Finished tiles and point clouds: looked through, made layers, served by range, never beyond their folder."""

import json
from pathlib import Path

import laspy
import numpy as np
import pytest

from gis.crs import ecef_to_lonlat, lonlat_to_ecef
from gis.errors import Invalid
from tiles.cloud import convert
from tiles.delivered import inside, look, row_of

DATA = Path(__file__).parents[3] / "shared" / "data" / "3d" / "3dtiles"
REGION = np.radians([107.49, 31.19, 107.51, 31.21]).tolist()


def photographed(folder, uri="a/b.b3dm"):
    (folder / "a").mkdir(parents=True, exist_ok=True)
    (folder / "a" / "b.b3dm").write_bytes(b"b3dm" + bytes(96))
    root = {"boundingVolume": {"region": [*REGION, 0, 50]}, "geometricError": 9, "content": {"uri": uri}}
    (folder / "tileset.json").write_text(json.dumps({"asset": {"version": "1.0"}, "geometricError": 99, "root": root}))
    return folder


@pytest.mark.skipif(not DATA.is_dir(), reason="inputs of others are not here")
def test_every_tileset_of_others_is_looked_through():
    folders = [path.parent for path in DATA.rglob("tileset.json")]
    assert len(folders) == 10
    for folder in folders:
        found = look(folder)
        assert found.missing == []
        # They lie where they were made, not here.
        assert [issue.code for issue in found.issues] == ["E908"]


def test_geocentric_metres_go_back_to_degrees():
    points = np.array([[107.5, 31.2, 300.0], [-75.0, 39.0, -20.0], [10.0, -80.0, 9000.0]])
    assert np.abs(ecef_to_lonlat(lonlat_to_ecef(points)) - points).max() < 1e-8


def test_what_is_missing_or_no_tile_is_named(tmp_path):
    found = look(photographed(tmp_path / "x", "http://elsewhere/b.b3dm"))
    assert found.missing == ["http://elsewhere/b.b3dm"]
    (photographed(tmp_path / "y") / "a" / "b.b3dm").write_bytes(b"<html>")
    assert [issue.place.handle for issue in look(tmp_path / "y").issues] == ["a/b.b3dm"]
    with pytest.raises(Invalid):
        look(tmp_path)
    with pytest.raises(Invalid):
        row_of(photographed(tmp_path / "z"), "Bad Name", "x", "0,0,0", clip=True)
    with pytest.raises(Invalid):
        row_of(tmp_path / "z", "z", "x", "0,0", clip=True)


def test_nothing_beyond_the_folder_is_handed_out(tmp_path):
    folder = photographed(tmp_path / "x")
    (tmp_path / "secret.json").write_text("{}")
    (folder / "out.json").symlink_to(tmp_path / "secret.json")
    (folder / "notes.txt").write_text("x")
    assert inside(folder, "a/b.b3dm") == (folder / "a" / "b.b3dm").resolve()
    for path in ("../secret.json", "/etc/passwd", "out.json", "notes.txt", "a", "", "a/../../secret.json"):
        assert inside(folder, path) is None


def test_a_point_cloud_becomes_tiles_where_it_was_measured(tmp_path):
    header = laspy.LasHeader(point_format=2, version="1.2")
    header.scales, header.offsets = [0.001] * 3, [452_000, 3_453_000, 0]
    scan = laspy.LasData(header)
    chance = np.random.default_rng(1)
    scan.x, scan.y = 452_347 + chance.uniform(0, 60, 500), 3_453_256 + chance.uniform(0, 60, 500)
    scan.z = chance.uniform(0, 20, 500)
    scan.write(tmp_path / "scan.laz")
    found = look(convert([tmp_path / "scan.laz"], tmp_path / "out", "EPSG:4545"))
    assert (found.content, found.issues, found.missing) == ("points", [], [])
    assert found.centre == pytest.approx((107.5003, 31.2003), abs=2e-4)
    with pytest.raises(Invalid):
        convert([tmp_path / "scan.laz"], tmp_path, "EPSG:4545")
    with pytest.raises(Invalid):
        convert([tmp_path / "scan.txt"], tmp_path / "out", "EPSG:4545")
