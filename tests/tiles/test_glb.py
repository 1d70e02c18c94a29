import json
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import TilesetError
from models3d.parts.prism import prism
from tiles.glb import Surface, compact, linear, pack, read, srgb, unpack, write, y_up, z_up
from tiles.lattice import lattice, settled
from tiles.meshopt import order

SCHEMA = {"id": "t", "classes": {"thing": {"properties": {"name": {"type": "STRING", "required": True}}}}}
URI = "schema.json"
BOX = prism(shapely.box(0, 0, 3, 4), -1, 5)


def surface(count: int = 1) -> Surface:
    return Surface(
        np.tile(BOX.positions, (count, 1)),
        np.tile(BOX.normals, (count, 1)),
        np.full((count * len(BOX.positions), 3), 128, np.uint8),
        np.zeros(count * len(BOX.positions), np.int64),
        np.concatenate([BOX.triangles + np.uint32(k * len(BOX.positions)) for k in range(count)]),
    )


def test_z_up_becomes_y_up() -> None:
    assert np.array_equal(y_up(np.array([[1.0, 2.0, 3.0]])), [[1, 3, -2]])


@pytest.mark.parametrize(("srgb", "expected"), [(0, 0), (255, 65535), (10, 199), (128, 14146), (188, 32957)])
def test_colours_become_linear(srgb: int, expected: int) -> None:
    assert linear(np.array([[srgb] * 3], np.uint8)).tolist() == [[expected] * 3 + [65535]]


def test_dark_colours_stay_apart() -> None:
    assert len(np.unique(linear(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))[:, 0])) == 256


def test_colours_and_axes_come_back() -> None:
    levels = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    assert np.array_equal(srgb(linear(levels)), levels)
    assert np.array_equal(z_up(y_up(BOX.positions)), BOX.positions)


def turned(triangles: np.ndarray) -> np.ndarray:
    """Return triangles with their least corner first, sorted."""
    first = triangles.argmin(axis=1)
    same = np.take_along_axis(triangles, (first[:, None] + np.arange(3)) % 3, axis=1)
    return same[np.lexsort(same.T)]


def test_a_surface_is_read_as_it_was_written() -> None:
    given = surface(2)
    data = write(replace(given, feature_ids=np.repeat([0, 1], len(BOX.positions))), SCHEMA, "thing", [{"name": "甲"}, {"name": "𠮷"}], URI)
    found, rows = read(data, SCHEMA)
    assert rows == [{"name": "甲"}, {"name": "𠮷"}]
    chosen = order(given.triangles, len(given.positions)).vertices
    assert np.array_equal(found.positions, given.positions[chosen])
    assert np.array_equal(found.colours, given.colours[chosen])
    assert np.array_equal(found.feature_ids, np.repeat([0, 1], len(BOX.positions))[chosen])
    assert np.allclose(found.normals, given.normals[chosen], atol=0.01)
    assert np.array_equal(turned(chosen[found.triangles]), turned(given.triangles.astype(np.int64)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 700.0, 1500.0, 9000.0]))
def test_positions_err_by_two_centimetres_at_most_and_stay_together(seed: int, extent_m: float) -> None:
    chance = np.random.default_rng(seed)
    spots = chance.uniform(-extent_m / 2, extent_m / 2, (40, 3)) + chance.uniform(-1000, 1000, 3)
    triangles = np.arange(120, dtype=np.uint32).reshape(-1, 3)
    corners = chance.integers(0, 40, 120)
    mesh = Surface(spots[corners], np.tile([0, 0, 1], (120, 1)).astype(np.float32), np.zeros((120, 3), np.uint8), corners, triangles)
    found, _ = read(write(mesh, SCHEMA, "thing", [{"name": ""}] * 40, URI), SCHEMA)
    assert np.abs(found.positions - spots[found.feature_ids]).max() <= 0.02
    assert np.array_equal(found.positions, settled(spots[corners], lattice(spots[corners])))
    assert len(np.unique(found.positions, axis=0)) <= len(np.unique(corners))


def test_the_same_input_gives_the_same_bytes() -> None:
    assert write(surface(), SCHEMA, "thing", [{"name": "甲"}], URI) == write(surface(), SCHEMA, "thing", [{"name": "甲"}], URI)


def test_what_must_be_understood_is_required() -> None:
    document = unpack(write(surface(), SCHEMA, "thing", [{"name": "储罐"}], URI)).document
    assert document["extensionsRequired"] == ["EXT_meshopt_compression", "KHR_mesh_quantization"]
    assert set(document["extensionsRequired"]) < set(document["extensionsUsed"])
    bin_, fallback = document["buffers"]
    assert "uri" not in fallback
    assert fallback["extensions"] == {"EXT_meshopt_compression": {"fallback": True}}
    for view in document["bufferViews"]:
        packed = view.get("extensions", {}).get("EXT_meshopt_compression")
        assert view["buffer"] == (1 if packed else 0)
        if packed:
            assert view["byteLength"] == packed["count"] * packed["byteStride"]
            assert view.get("byteStride", packed["byteStride"]) == packed["byteStride"]
            assert view["byteOffset"] + view["byteLength"] <= fallback["byteLength"]
            assert packed["byteOffset"] + packed["byteLength"] <= bin_["byteLength"]


@pytest.mark.parametrize(("count", "component"), [(2730, 5123), (2731, 5125)])
def test_indices_are_as_wide_as_needed(count: int, component: int) -> None:
    document = unpack(write(surface(count), SCHEMA, "thing", [{"name": ""}], URI)).document
    assert document["accessors"][document["meshes"][0]["primitives"][0]["indices"]]["componentType"] == component


def test_json_is_utf_8_without_blanks() -> None:
    assert compact({"b": "企业", "a": 1.5}) == '{"b":"企业","a":1.5}'.encode()


@pytest.mark.parametrize("size", range(5))
def test_chunks_are_padded(size: int) -> None:
    data = pack({"asset": {"version": "2.0"}, "x": "y" * size}, bytes(size))
    assert len(data) % 4 == 0
    assert unpack(data).binary[:size] == bytes(size)


GOOD = pack({"asset": {"version": "2.0"}}, bytes(8))
BROKEN = {
    "empty": b"",
    "short": GOOD[:11],
    "cut": GOOD[:-4],
    "longer": GOOD + bytes(4),
    "other magic": b"b3dm" + GOOD[4:],
    "other version": GOOD[:4] + b"\1" + GOOD[5:],
    "no JSON": GOOD.replace(b"{", b"["),
    "JSON, no object": pack([1], bytes(4)),  # type: ignore[arg-type]
    "chunks swapped": GOOD.replace(b"JSON", b"BIN\0"),
    "not UTF-8": GOOD.replace(b"asset", b"a\xff\xffet"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_containers_are_refused(name: str) -> None:
    with pytest.raises(TilesetError):
        unpack(BROKEN[name])


def test_a_required_value_must_be_there() -> None:
    with pytest.raises(TilesetError, match="name"):
        write(surface(), SCHEMA, "thing", [{"name": None}], URI)


def test_document_order_is_the_writers() -> None:
    text = write(surface(), SCHEMA, "thing", [{"name": ""}], URI)[20:]
    assert next(iter(json.loads(text[: text.index(b"BIN\0") - 4]))) == "asset"
