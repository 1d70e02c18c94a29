import json

import numpy as np
import pytest
import shapely

from gis.errors import TilesetError
from models3d.parts.prism import prism
from tiles.glb import Surface, compact, linear, pack, read, srgb, unpack, write, y_up, z_up

SCHEMA = {"id": "t", "classes": {"thing": {"properties": {"name": {"type": "STRING", "required": True}}}}}
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


def test_a_surface_is_read_as_it_was_written() -> None:
    found, rows = read(write(surface(2), SCHEMA, "thing", [{"name": "甲"}]))
    assert rows == [{"name": "甲"}]
    for name in ("positions", "normals", "colours", "feature_ids", "triangles"):
        assert np.array_equal(getattr(found, name), getattr(surface(2), name)), name


def test_the_same_input_gives_the_same_bytes() -> None:
    assert write(surface(), SCHEMA, "thing", [{"name": "甲"}]) == write(surface(), SCHEMA, "thing", [{"name": "甲"}])


def test_what_is_written_is_read() -> None:
    glb = unpack(write(surface(), SCHEMA, "thing", [{"name": "储罐"}]))
    accessor = glb.document["accessors"][0]
    positions = np.frombuffer(glb.view(accessor["bufferView"]), "<f4").reshape(-1, 3)
    assert np.array_equal(positions, y_up(BOX.positions))
    assert accessor["min"] == [0, -1, -4]
    assert accessor["max"] == [3, 5, 0]
    assert all(view["byteOffset"] % 8 == 0 for view in glb.document["bufferViews"])


@pytest.mark.parametrize(("count", "component"), [(2730, 5123), (2731, 5125)])
def test_indices_are_as_wide_as_needed(count: int, component: int) -> None:
    glb = unpack(write(surface(count), SCHEMA, "thing", [{"name": ""}]))
    assert glb.document["accessors"][-1]["componentType"] == component


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
        write(surface(), SCHEMA, "thing", [{"name": None}])


def test_document_order_is_the_writers() -> None:
    text = write(surface(), SCHEMA, "thing", [{"name": ""}])[20:]
    assert next(iter(json.loads(text[: text.index(b"BIN\0") - 4]))) == "asset"
