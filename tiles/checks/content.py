"""Checks of one content: glTF or GLB, or a legacy tile (b3dm, i3dm, pnts, cmpt; 3D Tiles 1.0, kept by 1.1 as legacy formats)."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.issues import Issue
from tiles.checks.features import Metadata, check_features, check_metadata
from tiles.checks.gltf import MALFORMED, Gltf, opened
from tiles.checks.look import Found, Look, Resolve
from tiles.checks.vertices import check_closed, check_primitives, drawn, positions_of
from tiles.glb import INSTANCING
from tiles.table import COMPONENTS, NUMBERS, decode

OURS = "quanjing"
"""The generator of our own tiles: what nobody else promises is asked of them alone."""
LEGACY = {b"b3dm": 28, b"i3dm": 32, b"pnts": 28, b"cmpt": 16}
"""Magic → bytes of the header."""
DEEPEST = 16
"""Composites within composites that are looked into."""
COUNTS = {b"b3dm": "BATCH_LENGTH", b"i3dm": "INSTANCES_LENGTH", b"pnts": "POINTS_LENGTH"}
BATCH_COMPONENTS = {
    "BYTE": "INT8", "UNSIGNED_BYTE": "UINT8", "SHORT": "INT16", "UNSIGNED_SHORT": "UINT16", "INT": "INT32", "UNSIGNED_INT": "UINT32",
    "FLOAT": "FLOAT32", "DOUBLE": "FLOAT64",
}  # fmt: skip
POINTS = {
    b"i3dm": {
        "POSITION": 12, "POSITION_QUANTIZED": 6, "NORMAL_UP": 12, "NORMAL_RIGHT": 12, "NORMAL_UP_OCT32P": 4, "NORMAL_RIGHT_OCT32P": 4,
        "SCALE": 4, "SCALE_NON_UNIFORM": 12,
    },
    b"pnts": {"POSITION": 12, "POSITION_QUANTIZED": 6, "RGBA": 4, "RGB": 3, "RGB565": 2, "NORMAL": 12, "NORMAL_OCT16P": 2},
}  # fmt: skip
"""Semantics of each instance or point → bytes."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a content holds, as far as it could be read."""

    issues: tuple[Issue, ...]
    feature_ids: tuple[bytes, ...] = ()
    """The `feature_id` of each row of the property table, where there is such a property."""
    vertices: NDArray[np.float64] | None = None
    """`(n, 3)` in the tile's frame (z up); None where they can't be told."""
    is_gltf: bool = False


def _house(gltf: Gltf, metadata: Metadata) -> None:
    """Check what we promise of our own tiles: every triangle belongs to a feature with a row, every row is seen, every solid is closed."""
    if len(metadata.counts) != 1:
        gltf.found.add("T309", "extensions", "须有一个属性表")
        return
    for one in drawn(gltf):
        points = positions_of(gltf, one)
        if points is None or "indices" not in one.primitive:
            continue
        triangles = gltf.array(one.primitive["indices"])
        instanced = INSTANCING in one.node.get("extensions", {})
        index = None if instanced else one.primitive["attributes"].get("_FEATURE_ID_0")
        ids = gltf.array(index) if index is not None else None
        if not instanced and (ids is None or "EXT_mesh_features" not in one.primitive.get("extensions", {})):
            gltf.found.add("T309", "meshes", "图元没有要素编号")
        elif triangles is not None and not gltf.found.broken:
            corners = triangles.reshape(-1, 3)
            owners = np.zeros(len(corners), np.int64) if ids is None else ids[corners[:, 0]].astype(np.int64)
            check_closed(gltf.found, points[0], corners, owners, f"nodes[{gltf.document['nodes'].index(one.node)}]")
    used = metadata.used.get(0, set())
    # However many rows a table says it has, it is looked through no further than what is told.
    unused = list(islice((row for row in range(metadata.counts[0] or 0) if row not in used), 10))
    if unused and not gltf.found.broken:
        gltf.found.add("T302", "extensions", f"行 {unused}")


def _feature_ids(gltf: Gltf, metadata: Metadata) -> tuple[bytes, ...]:
    """Return the `feature_id` of each row, where the table has such bytes."""
    tables = gltf.document.get("extensions", {}).get("EXT_structural_metadata", {}).get("propertyTables", [])
    schema = metadata.schema
    if schema is None or len(tables) != 1 or gltf.found.broken or "feature_id" not in tables[0].get("properties", {}):
        return ()
    property_ = schema["classes"][tables[0]["class"]]["properties"]["feature_id"]
    if (property_["type"], property_.get("componentType"), property_.get("count")) != ("SCALAR", "UINT8", 16):
        return ()
    lone = {**tables[0], "properties": {"feature_id": tables[0]["properties"]["feature_id"]}}
    return tuple(bytes(row["feature_id"]) for row in decode(schema, lone, lambda index: gltf.view(index) or b""))


def _gltf(data: bytes, found: Found, resolve: Resolve) -> Content:
    gltf = opened(data, found, resolve)
    if gltf is None or not gltf.sound:
        return Content(tuple(found.issues), is_gltf=True)
    check_primitives(gltf)
    metadata = check_metadata(gltf, resolve)
    check_features(gltf, metadata)
    if gltf.document["asset"].get("generator") == OURS:
        _house(gltf, metadata)
    ids = _feature_ids(gltf, metadata)
    if found.broken:
        return Content(tuple(found.issues), ids, is_gltf=True)
    points = [there.reshape(-1, 3) for one in drawn(gltf) if (there := positions_of(gltf, one)) is not None]
    centre = gltf.document.get("extensions", {}).get("CESIUM_RTC", {}).get("center")
    whole = np.concatenate(points) if points else None
    if whole is not None and centre is not None:
        whole = whole + np.array(centre, float)
    return Content(tuple(found.issues), ids, whole, is_gltf=True)


def _parts(data: bytes, magic: bytes, found: Found) -> tuple[list[bytes], int] | None:
    """Return the four tables of a legacy tile and the length of its header; None where they can't be told."""
    size = LEGACY[magic]
    if len(data) < size:
        found.add("T501", "", "太短")
        return None
    version, length = struct.unpack_from("<II", data, 4)
    if version != 1 or length != len(data):
        found.add("T501", "", f"版本 {version}，文件头说 {length} 字节，文件有 {len(data)}")
        return None
    if length % 8:
        found.warn("T501", "", f"长度 {length} 不是 8 的倍数")
    lengths = struct.unpack_from("<IIII", data, 12)
    if size + sum(lengths) > length:
        found.add("T501", "", "表超出文件")
        return None
    tables, place = [], size
    for one in lengths:
        tables.append(data[place : place + one])
        place += one
    return tables, place


def _document(data: bytes, what: str, found: Found) -> dict[str, Any]:
    if not data:
        return {}
    try:
        document = json.loads(data.decode())
    except ValueError as error:
        found.add("T502", what, str(error))
        return {}
    if not isinstance(document, dict):
        found.add("T502", what, "应为 object")
        return {}
    return document


def _batch(found: Found, table: Mapping[str, Any], binary: bytes, count: int | None) -> None:
    """Check a batch table: arrays or binary references with a value a feature."""
    look = Look(table, "batchTable", found, "T502")
    for name, value in table.items():
        if name in ("extensions", "extras", "HIERARCHY"):
            continue
        if isinstance(value, list):
            if count is not None and len(value) != count:
                look.fault(name, f"{len(value)} 项，应为 {count}")
        elif isinstance(value, dict):
            row = Look(value, look.at(name), found, "T502")
            begin = row.need("byteOffset", "integer", least=0)
            component = row.need("componentType", "string", among=tuple(BATCH_COMPONENTS))
            kind = row.need("type", "string", among=("SCALAR", "VEC2", "VEC3", "VEC4"))
            if begin is None or component is None or kind is None or count is None:
                continue
            unit = np.dtype(COMPONENTS[BATCH_COMPONENTS[component]]).itemsize
            if begin + unit * NUMBERS[kind] * count > len(binary):
                row.fault("byteOffset", "超出批次表")
        else:
            look.fault(name, "应为 array 或 object")


def _count(look: Look, magic: bytes) -> int | None:
    """Return how many features, instances or points a legacy tile has; None where that is not said rightly."""
    given = look.value.get(COUNTS[magic])
    if isinstance(given, dict):
        return None
    count: int | None = look.need(COUNTS[magic], "integer", least=0)
    return count


def _quantized(look: Look, magic: bytes) -> None:
    table = look.value
    if magic in POINTS and not table.keys() & {"POSITION", "POSITION_QUANTIZED"}:
        look.fault("POSITION", "缺失")
    if "POSITION_QUANTIZED" in table and "POSITION" not in table:
        for key in ("QUANTIZED_VOLUME_OFFSET", "QUANTIZED_VOLUME_SCALE"):
            if key not in table:
                look.fault(key, "缺失")


def _features_of(found: Found, magic: bytes, table: Mapping[str, Any], binary: bytes) -> int | None:
    """Check a feature table; returns how many rows the batch table has, None where it can't be told."""
    look = Look(table, "featureTable", found, "T502")
    count = _count(look, magic)
    if isinstance(table.get("RTC_CENTER"), list):
        look.numbers("RTC_CENTER", 3)
    for name, size in POINTS.get(magic, {}).items():
        value = table.get(name)
        if isinstance(value, dict) and count is not None:
            begin = value.get("byteOffset")
            if not isinstance(begin, int) or begin < 0 or begin + size * count > len(binary):
                look.fault(name, "超出要素表")
    _quantized(look, magic)
    if "BATCH_ID" not in table:
        return count
    if magic == b"pnts" and "BATCH_LENGTH" not in table:
        look.fault("BATCH_LENGTH", "缺失")
    batches = table.get("BATCH_LENGTH")
    return batches if isinstance(batches, int) else None


def _legacy(data: bytes, found: Found, resolve: Resolve) -> Content:
    magic = data[:4]
    parts = _parts(data, magic, found)
    if parts is None:
        return Content(tuple(found.issues))
    tables, place = parts
    for what, one in (("featureTable", tables[0]), ("batchTable", tables[2])):
        if len(one) % 4:
            found.warn("T501", what, "JSON 未补齐")
    features = _document(tables[0], "featureTable", found)
    if not tables[0]:
        found.add("T502", "featureTable", "缺失")
    count = _features_of(found, magic, features, tables[1])
    _batch(found, _document(tables[2], "batchTable", found), tables[3], count)
    body = data[place:]
    if magic == b"b3dm":
        inner = _inner(body, found, resolve)
        found.issues += inner.issues
    elif magic == b"i3dm":
        kind = struct.unpack_from("<I", data, 28)[0]
        if kind == 1:
            found.issues += _inner(body, found, resolve).issues
        elif kind != 0:
            found.add("T501", "gltfFormat", f"{kind} 不是 0 或 1")
        elif resolve(body.rstrip(b" \0").decode()) is None:
            found.add("T107", "gltf", body.rstrip(b" \0").decode()[:80])
    return Content(tuple(found.issues))


def _inner(body: bytes, found: Found, resolve: Resolve) -> Content:
    """Check the GLB in a legacy tile; glTF 1.0, which 3D Tiles 1.0 began with, is left alone."""
    if body[:4] != b"glTF" or len(body) < 12:
        return Content((_issue(found, "没有 GLB"),))
    version, length = struct.unpack_from("<II", body, 4)
    if version == 1:
        return Content(())
    # Up to eight bytes of padding may follow it.
    return check_content(body[:length] if length <= len(body) <= length + 7 else body, f"{found.file}#glb", resolve)


def _issue(found: Found, detail: str) -> Issue:
    apart = Found(found.file)
    apart.add("T501", "glb", detail)
    return apart.issues[0]


def _composite(data: bytes, found: Found, resolve: Resolve) -> Content:
    if len(data) < LEGACY[b"cmpt"]:
        found.add("T501", "", "太短")
        return Content(tuple(found.issues))
    version, length, count = struct.unpack_from("<III", data, 4)
    if version != 1 or length != len(data):
        found.add("T501", "", f"版本 {version}，文件头说 {length} 字节，文件有 {len(data)}")
        return Content(tuple(found.issues))
    place = LEGACY[b"cmpt"]
    if found.file.count("#") >= DEEPEST:
        found.add("T501", "", f"套了 {DEEPEST} 层以上")
        return Content(tuple(found.issues))
    for number in range(count):
        size = struct.unpack_from("<I", data, place + 8)[0] if place + 12 <= length else 0
        if size < 12 or place + size > length:
            found.add("T501", f"tiles[{number}]", "超出文件")
            break
        found.issues += check_content(data[place : place + size], f"{found.file}#{number}", resolve).issues
        place += size
    return Content(tuple(found.issues))


def _nowhere(_: str) -> None:
    return None


def check_content(data: bytes, file: str, resolve: Resolve = _nowhere) -> Content:
    """Read a content and collect everything that is wrong with it; never raises, whatever the bytes.

    Parameters
    ----------
    data : bytes
    file : str
        Where it lies, for the findings.
    resolve : callable
        Relative URI → the file there, None where there is none.
    """
    found = Found(file)
    try:
        if data[:4] == b"cmpt":
            return _composite(data, found, resolve)
        if data[:4] in LEGACY:
            return _legacy(data, found, resolve)
        return _gltf(data, found, resolve)
    except MALFORMED as error:
        if not found.broken:
            found.add("T202", "", f"{type(error).__name__}: {error}")
        return Content(tuple(found.issues))
