"""Files in which one thing is broken, clause by clause: containers, tiles of 3D Tiles 1.0, packages; each must be found."""

import gzip
import hashlib
import io
import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from mutated import FACES, INNER, ROOT_BITS, ROOT_TREE, TILESET, Case, Document, gltf, issues, legacy, lone, subtree

from gis.issues import Severity
from tiles.check import report
from tiles.glb import pack

GLB = pack(*gltf())
TREE = subtree(ROOT_TREE, ROOT_BITS)
B3DM = legacy(b"b3dm", {"BATCH_LENGTH": 2}, b"", {"id": [1, 2]}, lone())
BAD = GLB.replace(FACES.tobytes(), FACES.tobytes().replace(b"\3\0", b"\4\0"))
PNTS = legacy(b"pnts", {"POINTS_LENGTH": 2, "POSITION": {"byteOffset": 0}}, bytes(24), {}, b"")
I3DM = legacy(b"i3dm", {"INSTANCES_LENGTH": 1, "POSITION": {"byteOffset": 0}}, bytes(12), {}, lone())
EMPTY: Document = {"asset": {"version": "1.1"}, "geometricError": 1, "root": {**INNER["root"]}}
del EMPTY["root"]["content"]
OVERTURNED: Document = {**EMPTY, "root": {**EMPTY["root"], "boundingVolume": {"sphere": [0, 0, 0, -1]}}}
PACKED: Document = {
    **INNER, "extensionsUsed": ["MAXAR_content_3tz"], "extensionsRequired": ["MAXAR_content_3tz"],
    "root": {**INNER["root"], "content": {"uri": "a.3tz"}},
}  # fmt: skip


def named(uri: str) -> bytes:
    """Return an i3dm that names its glTF."""
    tile = legacy(b"i3dm", {"INSTANCES_LENGTH": 1, "POSITION": {"byteOffset": 0}}, bytes(12), {}, uri.encode().ljust(16))
    return tile[:28] + bytes(4) + tile[32:]


def archive(files: dict[str, bytes], *, index: bool = True, shift: int = 0) -> bytes:
    """Return a 3tz; the places in its index are shifted."""
    rows, out = b"", io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in files.items():
            rows += hashlib.md5(name.encode(), usedforsecurity=False).digest() + struct.pack("<Q", out.tell() + shift)
            packed.writestr(name, content)
        if index:
            packed.writestr("@3dtilesIndex1@", rows)
    return out.getvalue()


FILES: dict[str, tuple[str, str, bytes]] = {
    # clause: code, file, its bytes
    "3D Tiles: JSON is UTF-8 without a byte order mark": ("T101", "tileset.json", b"\xef\xbb\xbf" + json.dumps(TILESET).encode()),
    "3D Tiles: JSON": ("T101", "tileset.json", b"{'asset': 1}"),
    "glTF 4.4: magic": ("T201", "tree/3_2_0.glb", b"glTG" + GLB[4:]),
    "glTF 4.4.2: version 2": ("T201", "a.glb", GLB[:4] + struct.pack("<I", 1) + GLB[8:]),
    "glTF 4.4.2: length": ("T201", "a.glb", GLB[:8] + struct.pack("<I", len(GLB) + 4) + GLB[12:]),
    "glTF 4.4.3: chunk length": ("T201", "a.glb", GLB[:12] + struct.pack("<I", len(GLB)) + GLB[16:]),
    "glTF 4.4.3: the first chunk is JSON": ("T201", "a.glb", GLB[:16] + b"BIN\0" + GLB[20:]),
    "glTF 4.4.3.2: the chunk is JSON": ("T201", "a.glb", GLB.replace(b'{"asset"', b'["asset"')),
    "Subtree binary format: magic": ("T601", "subtrees/0_0_0.subtree", subtree(ROOT_TREE, ROOT_BITS, magic=b"subs")),
    "Subtree binary format: version 1": ("T601", "subtrees/0_0_0.subtree", subtree(ROOT_TREE, ROOT_BITS, version=2)),
    "Subtree binary format: lengths": ("T601", "subtrees/0_0_0.subtree", TREE + bytes(8)),
    "Subtree binary format: alignment": ("T601", "subtrees/0_0_0.subtree", subtree(ROOT_TREE, ROOT_BITS, lengths=(len(TREE) - 41, 17))),
    "Subtree binary format: JSON": ("T601", "subtrees/0_0_0.subtree", TREE.replace(b'{"buffers"', b'["buffers"')),
    "Batched 3D Model: version 1": ("T501", "old.b3dm", B3DM[:4] + struct.pack("<I", 2) + B3DM[8:]),
    "Batched 3D Model: byteLength": ("T501", "old.b3dm", B3DM + bytes(8)),
    "Batched 3D Model: tables end in the file": ("T501", "old.b3dm", B3DM[:12] + struct.pack("<I", 10**6) + B3DM[16:]),
    "Batched 3D Model: BATCH_LENGTH is required": ("T502", "old.b3dm", legacy(b"b3dm", {"X": 2}, b"", {}, lone())),
    "Batched 3D Model: glTF 2.0": ("T202", "old.b3dm", legacy(b"b3dm", {"BATCH_LENGTH": 0}, b"", {}, pack({"asset": {}}, b""))),
    "Batch table: a value a feature": ("T502", "old.b3dm", legacy(b"b3dm", {"BATCH_LENGTH": 2}, b"", {"id": [1]}, lone())),
    "Batch table: binary values lie in it": (
        "T502", "old.b3dm",
        legacy(b"b3dm", {"BATCH_LENGTH": 2}, b"", {"h": {"byteOffset": 0, "componentType": "FLOAT", "type": "SCALAR"}}, lone()),
    ),
    "Batch table: componentType is one of the list": (
        "T502", "old.b3dm",
        legacy(b"b3dm", {"BATCH_LENGTH": 2}, b"", {"h": {"byteOffset": 0, "componentType": "HALF", "type": "SCALAR"}}, lone()),
    ),
    "Batch table: binary values are aligned": (
        "T502", "old.b3dm",
        legacy(b"b3dm", {"BATCH_LENGTH": 1}, b"", {"h": {"byteOffset": 0, "componentType": "FLOAT", "type": "SCALAR"}}, lone()).replace(
            b'"byteOffset": 0', b'"byteOffset": 2'
        ),
    ),
    "Batched 3D Model: glTF 2.0, not 1.0": (
        "T201", "old.b3dm", legacy(b"b3dm", {"BATCH_LENGTH": 0}, b"", {}, b"glTF" + struct.pack("<II", 1, 20) + bytes(8)),
    ),
    "Batched 3D Model: there is a glTF": ("T501", "old.b3dm", legacy(b"b3dm", {"BATCH_LENGTH": 0}, b"", {}, b"")),
    "Batched 3D Model, Padding: byteLength": ("T501", "old.b3dm", B3DM[:8] + struct.pack("<I", len(B3DM) + 4) + B3DM[12:] + bytes(4)),
    "Batched 3D Model, Padding: the feature table": (
        "T501", "old.b3dm", B3DM[:12] + struct.pack("<II", struct.unpack_from("<I", B3DM, 12)[0] - 4, 4) + B3DM[20:],
    ),
    "Instanced 3D Model: a position is required": ("T502", "old.i3dm", legacy(b"i3dm", {"INSTANCES_LENGTH": 1}, b"", {}, lone())),
    "Instanced 3D Model: positions lie in the table": (
        "T502", "old.i3dm", legacy(b"i3dm", {"INSTANCES_LENGTH": 9, "POSITION": {"byteOffset": 0}}, bytes(12), {}, lone()),
    ),
    "Point Cloud: POINTS_LENGTH is required": ("T502", "old.pnts", legacy(b"pnts", {"POSITION": {"byteOffset": 0}}, bytes(24), {}, b"")),
    "Point Cloud: quantized positions have a volume": (
        "T502", "old.pnts", legacy(b"pnts", {"POINTS_LENGTH": 2, "POSITION_QUANTIZED": {"byteOffset": 0}}, bytes(16), {}, b""),
    ),
    "Instanced 3D Model: gltfFormat is 0 or 1": ("T501", "old.i3dm", I3DM[:28] + struct.pack("<I", 2) + I3DM[32:]),
    "Instanced 3D Model: the URI leads somewhere": ("T107", "old.i3dm", named("gone.glb")),
    "Instanced 3D Model: the glTF that is named is sound": ("T204", "old.i3dm", named("bad.glb")),
    "Composite: inner tiles are aligned": (
        "T501", "old.cmpt", struct.pack("<4sIII", b"cmpt", 1, 20 + 2 * len(PNTS), 2) + PNTS + bytes(4) + PNTS,
    ),
    "Composite: inner tiles are legacy tiles": (
        "T501", "old.cmpt", struct.pack("<4sIII", b"cmpt", 1, 16 + len(GLB), 1) + GLB,
    ),
    "3tz: a ZIP": ("T113", "inner/a.3tz", b"PK\3\4 and no more"),
    "3tz: it has an index": ("T113", "inner/a.3tz", archive({"tileset.json": json.dumps(EMPTY).encode()}, index=False)),
    "3tz: the index knows all files": ("T113", "inner/a.3tz", archive({"tileset.json": json.dumps(EMPTY).encode()}, shift=1)),
    "3tz: what is in it is sound": ("T104", "inner/a.3tz", archive({"tileset.json": json.dumps(OVERTURNED).encode()})),
    "Composite: tiles end in the file": ("T501", "old.cmpt", struct.pack("<4sIII", b"cmpt", 1, 16 + len(PNTS), 2) + PNTS),
    "Composite: tiles are sound": ("T501", "old.cmpt", struct.pack("<4sIII", b"cmpt", 1, 16 + len(B3DM), 1) + B3DM[:4] + b"\2" + B3DM[5:]),
}  # fmt: skip


@pytest.mark.parametrize("clause", FILES)
def test_broken_containers_are_found(clause: str, tmp_path: Path) -> None:
    code, path, content = FILES[clause]
    case = Case(files={path: content, "bad.glb": BAD})
    if path.endswith(".3tz"):
        case.inner = PACKED
    assert code in issues(case.write(tmp_path), old=[path] if path.startswith("old") else [])


TWO: Document = {"POSITION": {"byteOffset": 0}}
INSTANCES, POINTS, BATCHES = {"INSTANCES_LENGTH": 2, **TWO}, {"POINTS_LENGTH": 2, **TWO}, {"BATCH_LENGTH": 2}
TABLES: list[tuple[str, bytes, Document]] = [
    # clause, magic, feature table
    ("Feature table: no other semantics", b"b3dm", {**BATCHES, "HEIGHT": 3}),
    ("Feature table: RTC_CENTER is three numbers", b"b3dm", {**BATCHES, "RTC_CENTER": [0, 0]}),
    ("Feature table: RTC_CENTER is of numbers", b"b3dm", {**BATCHES, "RTC_CENTER": ["0", 0, 0]}),
    ("Feature table: BATCH_LENGTH is a number", b"b3dm", {"BATCH_LENGTH": [2]}),
    ("Instanced 3D Model: INSTANCES_LENGTH is required", b"i3dm", TWO),
    ("Instanced 3D Model: NORMAL_RIGHT with NORMAL_UP", b"i3dm", {**INSTANCES, "NORMAL_UP": {"byteOffset": 24}}),
    ("Instanced 3D Model: NORMAL_UP with NORMAL_RIGHT", b"i3dm", {**INSTANCES, "NORMAL_RIGHT": {"byteOffset": 24}}),
    ("Instanced 3D Model: NORMAL_RIGHT_OCT32P with NORMAL_UP_OCT32P", b"i3dm", {**INSTANCES, "NORMAL_UP_OCT32P": {"byteOffset": 24}}),
    ("Instanced 3D Model: EAST_NORTH_UP is a boolean", b"i3dm", {**INSTANCES, "EAST_NORTH_UP": 1}),
    ("Instanced 3D Model: a volume with POSITION_QUANTIZED", b"i3dm", {"INSTANCES_LENGTH": 2, "POSITION_QUANTIZED": {"byteOffset": 0}}),
    ("Feature table: aligned to the component", b"i3dm", {"INSTANCES_LENGTH": 2, "POSITION": {"byteOffset": 2}}),
    ("Feature table: byteOffset is a number", b"i3dm", {"INSTANCES_LENGTH": 2, "POSITION": {"byteOffset": "0"}}),
    ("Feature table: as many numbers as instances", b"i3dm", {"INSTANCES_LENGTH": 2, "POSITION": [0, 0, 0]}),
    ("Instanced 3D Model: BATCH_ID is unsigned", b"i3dm", {**INSTANCES, "BATCH_ID": {"byteOffset": 24, "componentType": "FLOAT"}}),
    ("Feature table: BATCH_ID lies in it", b"i3dm", {**INSTANCES, "BATCH_ID": {"byteOffset": 64}}),
    ("Point Cloud: BATCH_ID with BATCH_LENGTH", b"pnts", {**POINTS, "BATCH_LENGTH": 1}),
    ("Point Cloud: BATCH_LENGTH with BATCH_ID", b"pnts", {**POINTS, "BATCH_ID": {"byteOffset": 24}}),
    ("Point Cloud: not more batches than points", b"pnts", {**POINTS, "BATCH_LENGTH": 3, "BATCH_ID": {"byteOffset": 24}}),
    ("Point Cloud: batch ids are under BATCH_LENGTH", b"pnts", {**POINTS, "BATCH_LENGTH": 1, "BATCH_ID": {"byteOffset": 48}}),
    ("Point Cloud: CONSTANT_RGBA is four numbers", b"pnts", {**POINTS, "CONSTANT_RGBA": [1, 2, 3]}),
    ("Point Cloud: RGB565 is aligned", b"pnts", {**POINTS, "RGB565": {"byteOffset": 25}}),
    ("Point Cloud: POINTS_LENGTH is a number", b"pnts", {"POINTS_LENGTH": "2", **TWO}),
]
WELL: list[tuple[str, bytes, Document]] = [
    ("instances face the sky", b"i3dm", {**INSTANCES, "EAST_NORTH_UP": True}),
    ("instances are of batches", b"i3dm", {**INSTANCES, "BATCH_ID": {"byteOffset": 24, "componentType": "UNSIGNED_BYTE"}}),
    ("positions are in the JSON", b"i3dm", {"INSTANCES_LENGTH": 2, "POSITION": [0, 0, 0, 1, 1, 1]}),
    ("numbers of rows are stored", b"i3dm", {"INSTANCES_LENGTH": {"byteOffset": 56}, **TWO}),
    ("instances are scaled", b"i3dm", {**INSTANCES, "SCALE": {"byteOffset": 24}, "SCALE_NON_UNIFORM": {"byteOffset": 24}}),
    ("points are of batches", b"pnts", {**POINTS, "BATCH_LENGTH": 2, "BATCH_ID": {"byteOffset": 24}}),
    ("points are coloured", b"pnts", {**POINTS, "CONSTANT_RGBA": [1, 2, 3, 4], "RGB": {"byteOffset": 24}}),
    ("points are quantized", b"pnts",
     {"POINTS_LENGTH": 2, "POSITION_QUANTIZED": {"byteOffset": 24}, "QUANTIZED_VOLUME_OFFSET": [0, 0, 0],
      "QUANTIZED_VOLUME_SCALE": [1, 1, 1]}),
    ("points are compressed", b"pnts",
     {"POINTS_LENGTH": 2, "POSITION": {"byteOffset": 0},
      "extensions": {"3DTILES_draco_point_compression": {"properties": {"POSITION": 0}, "byteOffset": 0, "byteLength": 64}}}),
]  # fmt: skip


def tile(magic: bytes, table: Document) -> bytes:
    """Return a legacy tile with a feature table and 64 bytes of numbers, in the last places 1 and 2."""
    numbers = bytes(48) + struct.pack("<HHHHII", 1, 1, 1, 1, 2, 2)
    return legacy(magic, table, numbers, {}, b"" if magic == b"pnts" else lone())


@pytest.mark.parametrize(("clause", "magic", "table"), TABLES, ids=[row[0] for row in TABLES])
def test_broken_feature_tables_are_found(clause: str, magic: bytes, table: Document, tmp_path: Path) -> None:
    (tmp_path / "a.tile").write_bytes(tile(magic, table))
    assert "T502" in {issue.code for issue in report(tmp_path / "a.tile").issues if issue.severity is Severity.ERROR}, clause


@pytest.mark.parametrize(("clause", "magic", "table"), WELL, ids=[row[0] for row in WELL])
def test_feature_tables_that_are_well_are_accepted(clause: str, magic: bytes, table: Document, tmp_path: Path) -> None:
    (tmp_path / "a.tile").write_bytes(tile(magic, table))
    assert report(tmp_path / "a.tile").issues == (), clause


def database(files: dict[str, bytes]) -> bytes:
    """Return a 3dtiles."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE media (key TEXT PRIMARY KEY, content BLOB)")
        connection.executemany("INSERT INTO media VALUES (?, ?)", files.items())
    return connection.serialize()


WHOLE = {"tileset.json": json.dumps({**INNER, "root": {**INNER["root"], "content": {"uri": "a.glb"}}}).encode(), "a.glb": lone()}


@pytest.mark.parametrize("files", [WHOLE, {name: gzip.compress(content) for name, content in WHOLE.items()}], ids=["plain", "gzipped"])
@pytest.mark.parametrize(("name", "packed"), [("city.3tz", archive), ("city.3dtiles", database)])
def test_a_tileset_may_be_packed(name: str, packed: Callable[[dict[str, bytes]], bytes], files: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(packed(files))
    found = report(tmp_path / name)
    assert (found.tilesets, found.glbs, found.issues) == (1, 1, ())


def test_a_package_may_be_content(tmp_path: Path) -> None:
    case = Case(inner=PACKED, files={"inner/a.3tz": archive(WHOLE)})
    assert [issue.message for issue in report(case.write(tmp_path)).issues] == []
    case.inner = {**PACKED, "extensionsRequired": ["A"], "extensionsUsed": ["A"]}
    assert "T111" in issues(case.write(tmp_path))


@pytest.mark.parametrize("name", ["tileset.json", "a.glb", "subtrees/0_0_0.subtree", "old.b3dm"])
def test_files_may_be_gzipped(name: str, tmp_path: Path) -> None:
    folder = Case().write(tmp_path)
    (folder / name).write_bytes(gzip.compress((folder / name).read_bytes()))
    assert issues(folder) == set()
    assert report(folder / name).issues == ()


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (TILESET["schema"], None), ({**TILESET["schema"], "id": "a b"}, "T310"), ({"id": "s", "enums": {"e": {"values": []}}}, "T310"),
        (ROOT_TREE | {"buffers": [{"byteLength": 16, "uri": "bits.bin"}]}, None), (ROOT_TREE, "T602"), (gltf()[0], "T203"), ([], "T101"),
        ({"asset": {"version": "2.0"}, "meshes": []}, "T202"), ({"asset": {"version": "1.1"}}, "T102"),
    ],
)  # fmt: skip
def test_a_file_is_checked_as_what_it_is(document: object, code: str | None, tmp_path: Path) -> None:
    """A metadata schema, a subtree and a glTF are told from a tileset by what they have."""
    (tmp_path / "bits.bin").write_bytes(ROOT_BITS)
    (tmp_path / "one.json").write_text(json.dumps(document))
    assert {issue.code for issue in report(tmp_path / "one.json").issues if issue.code != "T311"} - {"T111"} >= ({code} if code else set())
    assert code or not [issue for issue in report(tmp_path / "one.json").issues if issue.code != "T311"]
