"""The codecs, with the format's own library at the other end."""

import base64
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gltf_validator import NODE, WEB
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gis.errors import TilesetError
from tiles.meshopt import decode, encode_attributes, encode_indices, encode_several, encode_triangles, exponential, octahedral, order

README_GROUP = bytes.fromhex("175ff0bc77a921003 4b5".replace(" ", ""))
"""The specification's own example of 16 deltas in four bits each."""
README_DELTAS = [-1, -4, -3, 26, -91, 0, -6, 6, -4, -4, 5, -5, 1, -1, 0, 0]


def peer(asked: Sequence[dict[str, Any]]) -> list[bytes]:
    """Return what the npm package answers."""
    script = Path(__file__).parents[1] / "meshopt.mjs"
    rows = [{**row, "data": base64.b64encode(row["data"]).decode()} for row in asked]
    done = subprocess.run([NODE, script, WEB], input=json.dumps(rows), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [base64.b64decode(answer) for answer in json.loads(done.stdout)]


def _walks(chance: np.random.Generator) -> NDArray[np.uint8]:
    """Return elements that run in small, middling and large steps."""
    count, stride, step = int(chance.integers(1, 700)), 4 * int(chance.integers(1, 65)), chance.choice([0.2, 1, 5, 90])
    return chance.normal(0, step, (count, stride)).cumsum(axis=0).astype(np.int64).astype(np.uint8)


def _triangles(chance: np.random.Generator) -> tuple[NDArray[np.int64], int]:
    """Return triangles of no order, or of a grid, and how many vertices there are."""
    if chance.random() < 0.5:
        count = int(chance.integers(3, 60))
        found = np.array([chance.permutation(count)[:3] for _ in range(int(chance.integers(1, 120)))])
        return found, count
    wide = int(chance.integers(2, 12))
    corner = (np.arange(wide - 1)[:, None] * wide + np.arange(wide - 1)).ravel()
    quads = np.column_stack([corner, corner + 1, corner + wide + 1, corner, corner + wide + 1, corner + wide])
    return quads.reshape(-1, 3), wide * wide


CHANCE = np.random.default_rng(20260301)
WALKS = [_walks(CHANCE) for _ in range(40)]
MESHES = [_triangles(CHANCE) for _ in range(40)]
ORDERED = [order(*mesh) for mesh in MESHES]
NUMBERS = [CHANCE.integers(0, 2 ** int(CHANCE.integers(1, 29)), int(CHANCE.integers(1, 300))) for _ in range(20)]
VECTORS = CHANCE.normal(size=(500, 3))
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)


def test_the_format_s_own_library_reads_what_we_write() -> None:
    attributes = [{"data": encode_attributes(one), "count": len(one), "stride": one.shape[1], "mode": "ATTRIBUTES"} for one in WALKS]
    triangles = [{"data": encode_triangles(one), "count": one.triangles.size, "stride": 4, "mode": "TRIANGLES"} for one in ORDERED]
    numbers = [{"data": encode_indices(one), "count": len(one), "stride": 4, "mode": "INDICES"} for one in NUMBERS]
    normals = {"data": encode_attributes(octahedral(VECTORS)), "count": 500, "stride": 4, "mode": "ATTRIBUTES", "filter": "OCTAHEDRAL"}
    answers = peer([{"op": "decode", **row} for row in (*attributes, *triangles, *numbers, normals)])
    expected = [one.tobytes() for one in WALKS]
    expected += [one.triangles.astype("<u4").tobytes() for one in ORDERED] + [one.astype("<u4").tobytes() for one in NUMBERS]
    assert answers[:-1] == expected
    found = np.frombuffer(answers[-1], np.int8).reshape(-1, 4)[:, :3] / 127
    assert np.abs(found - VECTORS).max() < 0.02
    ours = np.frombuffer(decode(normals["data"], 500, 4, "ATTRIBUTES", "OCTAHEDRAL"), np.int8)
    assert np.abs(ours - np.frombuffer(answers[-1], np.int8)).max() <= 1


def test_we_read_what_the_format_s_own_library_writes() -> None:
    attributes = [{"data": one.tobytes(), "count": len(one), "stride": one.shape[1], "mode": "ATTRIBUTES"} for one in WALKS]
    triangles = [{"data": mesh.astype("<u4").tobytes(), "count": mesh.size, "stride": 4, "mode": "TRIANGLES"} for mesh, _ in MESHES]
    numbers = [{"data": one.astype("<u4").tobytes(), "count": len(one), "stride": 4, "mode": "INDICES"} for one in NUMBERS]
    rows = [*attributes, *triangles, *numbers]
    streams = peer([{"op": "encode", **row} for row in rows])
    again = peer([{"op": "decode", **row, "data": stream} for row, stream in zip(rows, streams, strict=True)])
    for row, stream, expected in zip(rows, streams, again, strict=True):
        assert decode(stream, row["count"], row["stride"], row["mode"]) == expected


def test_filters_agree() -> None:
    quaternions = CHANCE.integers(-2000, 2000, (64, 4)).astype("<i2")
    quaternions[:, 3] = 0x7FFC | CHANCE.integers(0, 4, 64)
    numbers = ((CHANCE.integers(-20, 20, 64) << 24) | CHANCE.integers(0, 2**24, 64)).astype("<i4").reshape(-1, 1)
    wide = np.column_stack([CHANCE.integers(-500, 500, (64, 2)), np.full(64, 2047), np.arange(64)]).astype("<i2")
    rows = []
    for array, filter_, dtype in ((quaternions, "QUATERNION", "<i2"), (numbers, "EXPONENTIAL", "<f4"), (wide, "OCTAHEDRAL", "<i2")):
        elements = np.ascontiguousarray(array).view(np.uint8).reshape(len(array), -1)
        told = {"data": encode_attributes(elements), "count": len(elements), "stride": elements.shape[1], "mode": "ATTRIBUTES"}
        rows.append(({**told, "filter": filter_}, dtype))
    for (row, dtype), answer in zip(rows, peer([{"op": "decode", **row} for row, _ in rows]), strict=True):
        ours = np.frombuffer(decode(row["data"], row["count"], row["stride"], row["mode"], row["filter"]), dtype).astype(float)
        theirs = np.frombuffer(answer, dtype).astype(float)
        # The specification allows one unit in the last place.
        assert np.abs(ours - theirs).max() <= (1 if dtype == "<i2" else 0), row["filter"]


def test_whole_numbers_are_exact_floats_to_the_format_s_own_library() -> None:
    whole = np.column_stack([np.arange(300) * 7, CHANCE.integers(0, 65_536, (300, 2))])
    told = {"data": encode_attributes(exponential(whole)), "count": 300, "stride": 12, "mode": "ATTRIBUTES", "filter": "EXPONENTIAL"}
    (answer,) = peer([{"op": "decode", **told}])
    assert np.frombuffer(answer, "<f4").reshape(-1, 3).tolist() == whole.astype(float).tolist()
    assert decode(told["data"], 300, 12, "ATTRIBUTES", "EXPONENTIAL") == answer


@pytest.mark.parametrize("count", [1, 16, 255, 256, 257, 700])
def test_several_at_once_are_what_each_is_alone(count: int) -> None:
    arrays = [CHANCE.integers(0, limit, (count, stride)).astype(np.uint8) for stride, limit in ((4, 2), (20, 9), (12, 256), (32, 30))]
    assert encode_several(arrays) == [encode_attributes(one) for one in arrays]


def test_the_example_of_the_specification() -> None:
    deltas = np.array(README_DELTAS).cumsum().astype(np.uint8)
    elements = np.zeros((16, 4), np.uint8)
    elements[:, 0] = deltas
    stream = bytes([0xA0, 2]) + README_GROUP + b"\0" * 3 + bytes(32)
    assert decode(stream, 16, 4, "ATTRIBUTES") == elements.tobytes()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_there_and_back(seed: int) -> None:
    chance = np.random.default_rng(seed)
    elements, (triangles, count) = _walks(chance), _triangles(chance)
    assert decode(encode_attributes(elements), *elements.shape, "ATTRIBUTES") == elements.tobytes()
    ordered = order(triangles, count)
    assert decode(encode_triangles(ordered), triangles.size, 4, "TRIANGLES") == ordered.triangles.astype("<u4").tobytes()
    assert sorted(ordered.vertices.tolist()) == list(range(count))
    turns = [tuple(np.roll(row, -row.argmin())) for row in ordered.vertices[ordered.triangles]]
    assert turns == [tuple(np.roll(row, -row.argmin())) for row in triangles]


BROKEN = {
    "nothing": (b"", 1, 4, "ATTRIBUTES"),
    "another header": (bytes([0xE1]) + bytes(40), 1, 4, "ATTRIBUTES"),
    "cut short": (encode_attributes(WALKS[0])[:40], *WALKS[0].shape, "ATTRIBUTES"),
    "more elements": (encode_attributes(WALKS[1]), len(WALKS[1]) + 300, WALKS[1].shape[1], "ATTRIBUTES"),
    "fewer elements": (encode_attributes(WALKS[1]), 1, WALKS[1].shape[1], "ATTRIBUTES"),
    "no multiple of four": (encode_attributes(WALKS[0]), len(WALKS[0]), 6, "ATTRIBUTES"),
    "no triangles": (encode_triangles(ORDERED[0]), 4, 2, "TRIANGLES"),
    "fewer triangles": (encode_triangles(ORDERED[0]), 0, 2, "TRIANGLES"),
    "a filter of numbers": (encode_indices(NUMBERS[0]), len(NUMBERS[0]), 4, "INDICES", "OCTAHEDRAL"),
    "an endless number": (bytes([0xD1]) + b"\xff" * 12, 2, 4, "INDICES"),
    "no mode": (bytes(40), 1, 4, "VERTICES"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_streams_are_refused(name: str) -> None:
    with pytest.raises(TilesetError):
        decode(*BROKEN[name])
