"""Checks of one content: glTF or GLB, or a legacy tile (b3dm, i3dm, pnts, cmpt)."""

import struct
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from gis.issues import Issue
from tiles.checks.document import opened
from tiles.checks.features import Metadata, check_features, check_metadata
from tiles.checks.gltf import MALFORMED, Gltf
from tiles.checks.legacy import ALIGNMENT, HEADERS, Tables, centre, placed, taken_apart
from tiles.checks.look import Found, Resolve
from tiles.checks.use import check_use
from tiles.checks.vertices import check_closed, check_primitives, drawn, positions_of
from tiles.glb import HEADER, INSTANCING, MAGIC
from tiles.table import decode

OURS = "quanjing"
"""The generator of our own tiles: what nobody else promises is asked of them alone."""
LEGACY = {**HEADERS, b"cmpt": 16}
"""Magic → bytes of the header."""
MOST_VERTICES = 5_000_000
"""Of instances that are looked into."""
DEEPEST = 16
"""Composites within composites that are looked into."""
TURNED = ("NORMAL_UP", "NORMAL_UP_OCT32P", "EAST_NORTH_UP")
"""Of instances: where one is given they do not stand as their model does."""


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
    check_use(gltf)
    check_primitives(gltf)
    metadata = check_metadata(gltf)
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


def _legacy(data: bytes, found: Found, resolve: Resolve) -> Content:
    magic = data[:4]
    tables = taken_apart(data, magic, found)
    if tables is None:
        return Content(tuple(found.issues))
    if magic == b"pnts":
        return Content(tuple(found.issues), vertices=None if found.broken else placed(tables, magic))
    kind = struct.unpack_from("<I", data, 28)[0] if magic == b"i3dm" else 1
    if kind > 1:
        found.add("T501", "gltfFormat", f"{kind} 不是 0 或 1")
        return Content(tuple(found.issues))
    inner = _inner(tables.body, found, resolve) if kind == 1 else _named(tables.body, found, resolve)
    broken = found.broken
    found.issues += inner.issues
    vertices = None if broken or inner.vertices is None else _moved(inner.vertices, tables, magic)
    return Content(tuple(found.issues), vertices=vertices)


def _inner(body: bytes, found: Found, resolve: Resolve) -> Content:
    """Check the GLB in a legacy tile; what follows it is padding."""
    if body[:4] != MAGIC or len(body) < HEADER.size:
        found.add("T501", "glb", "没有 GLB")
        return Content(())
    length = HEADER.unpack_from(body)[2]
    return check_content(body[:length] if HEADER.size <= length <= len(body) else body, f"{found.file}#glb", resolve)


def _named(body: bytes, found: Found, resolve: Resolve) -> Content:
    """Check the glTF that an i3dm names; its name is padded with blanks."""
    uri = body.rstrip(b" \0").decode()
    if b"\0" in body:
        found.warn("T501", "gltf", "URI 应以空格补齐")
    data = resolve(unquote(uri))
    if data is None:
        found.add("T107", "gltf", uri[:80])
        return Content(())
    return check_content(data, f"{found.file}#{uri}", resolve)


def _moved(vertices: NDArray[np.float64], tables: Tables, magic: bytes) -> NDArray[np.float64] | None:
    """Return the vertices of a model, or of all its instances; None where that takes more than moving and scaling."""
    if magic == b"b3dm":
        return vertices + centre(tables, magic)
    places = placed(tables, magic)
    if places is None or any(tables.features.get(name) for name in TURNED) or len(places) * len(vertices) > MOST_VERTICES:
        return None
    sizes = [size for name in ("SCALE", "SCALE_NON_UNIFORM") if (size := tables.numbers(name, magic)) is not None]
    scale = np.prod(np.broadcast_arrays(np.ones(places.shape), *sizes), axis=0)
    there: NDArray[np.float64] = vertices[None] * scale[:, None, :] + places[:, None, :]
    return there.reshape(-1, 3)


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
    vertices: list[NDArray[np.float64]] = []
    for number in range(count):
        size = struct.unpack_from("<I", data, place + 8)[0] if place + 12 <= length else 0
        if size < 12 or place + size > length:
            found.add("T501", f"tiles[{number}]", "超出文件")
            break
        if place % ALIGNMENT or data[place : place + 4] not in LEGACY:
            found.add("T501", f"tiles[{number}]", f"起点 {place}，标识 {data[place : place + 4]!r}")
            break
        inner = check_content(data[place : place + size], f"{found.file}#{number}", resolve)
        found.issues += inner.issues
        vertices += [] if inner.vertices is None else [inner.vertices]
        place += size
    return Content(tuple(found.issues), vertices=np.concatenate(vertices) if vertices else None)


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
