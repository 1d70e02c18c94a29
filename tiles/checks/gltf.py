"""Checks of glTF 2.0 (ISO/IEC 12113:2022): container, buffers, views, accessors.

The rest of the document is in `document` and `scene`, what vertices say in `vertices`, metadata and feature ids in `features`.
"""

import base64
import binascii
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from gis.errors import TilesetError
from tiles.checks.look import Found, Look, Resolve
from tiles.glb import CHUNK, DTYPES, HEADER, JSON_CHUNK, MAGIC, MESHOPT, QUANTIZATION, WIDTHS
from tiles.meshopt import decode as decompress

VERSION = re.compile(r"\d+\.\d+")
MODES = range(7)
BIN_CHUNK = b"BIN\0"
COMPRESSED_ELSEWHERE = {"KHR_draco_mesh_compression"}
"""Extensions that keep the data of accessors elsewhere, where they are not looked into."""
UNDERSTOOD = {
    "EXT_mesh_features", "EXT_instance_features", "EXT_structural_metadata", "EXT_mesh_gpu_instancing", "EXT_primitive_voxels",
    "EXT_texture_webp", MESHOPT, QUANTIZATION, "KHR_draco_mesh_compression", "KHR_gaussian_splatting", "KHR_lights_punctual",
    "KHR_materials_pbrSpecularGlossiness", "KHR_materials_unlit", "KHR_meshopt_compression", "KHR_techniques_webgl", "KHR_texture_basisu",
    "KHR_texture_transform", "CESIUM_RTC", "CESIUM_primitive_outline", "MAXAR_image_ortho", "MAXAR_nonvisual_geometry", "NGA_gpm_local",
    "AGI_articulations",
}  # fmt: skip
"""Extensions that a tile may require."""


@dataclass(slots=True)
class Gltf:
    """A glTF on the table."""

    document: dict[str, Any]
    look: Look
    found: Found
    used: set[str]
    resolve: Resolve
    buffers: list[bytes | None] = field(default_factory=list)
    """None where a buffer has no bytes or can't be read."""
    sound: bool = False
    """Whether views and accessors can be read without looking again."""
    pixels: dict[int, NDArray[np.uint8] | None] = field(default_factory=dict)
    """Of images that were decoded, `(n, channels)`."""
    _views: dict[int, bytes | None] = field(default_factory=dict)

    def list(self, name: str) -> list[Any]:
        """Return an array of the document, empty where there is none."""
        value = self.document.get(name)
        return value if isinstance(value, list) else []

    def view(self, index: int) -> bytes | None:
        """Return the bytes of a buffer view, decompressed; None where they can't be had."""
        if index not in self._views:
            row = self.document["bufferViews"][index]
            packed = row.get("extensions", {}).get(MESHOPT)
            stored = packed or row
            data = self.buffers[stored["buffer"]]
            begin = stored.get("byteOffset", 0)
            content = None if data is None else data[begin : begin + stored["byteLength"]]
            if packed and content is not None:
                try:
                    content = decompress(content, packed["count"], packed["byteStride"], packed["mode"], packed.get("filter", "NONE"))
                except TilesetError as error:
                    self.found.add("T210", f"bufferViews[{index}]", str(error))
                    content = None
            self._views[index] = content
        return self._views[index]

    def stride(self, accessor: Mapping[str, Any]) -> int:
        """Return the bytes from an element of an accessor to the next."""
        return int(self.document["bufferViews"][accessor["bufferView"]].get("byteStride", element_size(accessor)))

    def array(self, index: int) -> NDArray[Any] | None:
        """Return the elements of an accessor as they are stored, `(n,)` or `(n, k)`; None where they can't be had."""
        accessor = self.document["accessors"][index]
        dtype, width = np.dtype(DTYPES[accessor["componentType"]]), WIDTHS[accessor["type"]]
        if "bufferView" not in accessor:
            if self.used & COMPRESSED_ELSEWHERE:
                return None
            elements = np.zeros((accessor["count"], width), dtype)
        else:
            data = self.view(accessor["bufferView"])
            if data is None:
                return None
            strides = (self.stride(accessor), dtype.itemsize)
            elements = np.ndarray((accessor["count"], width), dtype, data, accessor.get("byteOffset", 0), strides).copy()
        if "sparse" in accessor:
            self._overlay(accessor["sparse"], elements)
        return elements[:, 0] if width == 1 else elements

    def _overlay(self, sparse: Mapping[str, Any], elements: NDArray[Any]) -> None:
        places, values = self.view(sparse["indices"]["bufferView"]), self.view(sparse["values"]["bufferView"])
        if places is None or values is None:
            return
        count = sparse["count"]
        rows = np.frombuffer(places, DTYPES[sparse["indices"]["componentType"]], count, sparse["indices"].get("byteOffset", 0))
        given = np.frombuffer(values, elements.dtype, count * elements.shape[1], sparse["values"].get("byteOffset", 0))
        if len(rows) and rows.max() < len(elements):
            elements[rows] = given.reshape(count, -1)


def element_size(accessor: Mapping[str, Any]) -> int:
    """Return the bytes of an element; columns of matrices begin at multiples of 4 (3.6.2.4)."""
    size, width = np.dtype(DTYPES[accessor["componentType"]]).itemsize, WIDTHS[accessor["type"]]
    if accessor["type"] in ("MAT2", "MAT3", "MAT4"):
        side = int(np.sqrt(width))
        return -(-size * side // 4) * 4 * side
    return size * width


def _chunks(data: bytes, found: Found) -> list[tuple[bytes, bytes]]:
    """Return the chunks of a GLB with their kinds; none, with a finding, where they do not fill the file."""
    chunks, place = list[tuple[bytes, bytes]](), HEADER.size
    while place < len(data):
        size, kind = CHUNK.unpack_from(data, place) if place + CHUNK.size <= len(data) else (len(data), b"")
        place += CHUNK.size
        if size % 4 or place + size > len(data):
            found.add("T201", "", f"数据块长度 {size}")
            return []
        chunks.append((kind, data[place : place + size]))
        place += size
    return chunks


def taken_apart(data: bytes, found: Found) -> tuple[Any, bytes | None] | None:
    """Return the document of a glTF or GLB and its binary chunk; None where it can't be read."""
    if not data.startswith(MAGIC):
        return _json(data, found), None
    _, version, length = HEADER.unpack_from(data.ljust(HEADER.size, b"\0"))
    if version != 2 or length != len(data):
        found.add("T201", "", f"版本 {version}，文件头说 {length} 字节，文件有 {len(data)}")
        return None
    chunks = _chunks(data, found)
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [JSON_CHUNK] or kinds.count(JSON_CHUNK) > 1 or BIN_CHUNK in kinds[2:]:
        if not found.broken:
            found.add("T201", "", "先要一个 JSON 数据块，再有至多一个 BIN 数据块")
        return None
    return _json(chunks[0][1], found), chunks[1][1] if kinds[1:2] == [BIN_CHUNK] else None


def _json(data: bytes, found: Found) -> Any:
    if data.startswith(b"\xef\xbb\xbf"):
        found.add("T201", "", "JSON 不得有 BOM")
        return None
    try:
        return json.loads(data.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        found.add("T201", "", str(error))
        return None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def bytes_of(uri: str, resolve: Resolve) -> bytes | None:
    """Return what a URI of a glTF names; None where there is nothing to be read."""
    if uri.startswith("data:"):
        try:
            return base64.b64decode(uri.partition(",")[2], validate=True)
        except binascii.Error:
            return None
    return resolve(unquote(uri))


def reached(gltf: Gltf, look: Look, uri: str) -> bytes | None:
    """Return what a URI names; None, with a finding, where it can't be had."""
    data = bytes_of(uri, gltf.resolve)
    if data is None and not uri.startswith("data:") and urlsplit(uri).scheme:
        gltf.found.warn("T109", look.at("uri"), uri[:80])
    elif data is None:
        gltf.found.add("T107", look.at("uri"), uri[:80])
    return data


def _buffers(gltf: Gltf, chunk: bytes | None) -> None:
    for index, buffer in enumerate(gltf.look.items("buffers")):
        length = buffer.need("byteLength", "integer", least=1)
        uri = buffer.maybe("uri", "string")
        fallback = any(
            isinstance(one, dict) and one.get("fallback")
            for name, one in (buffer.value.get("extensions") or {}).items()
            if "meshopt" in name
        )
        data = None
        if uri is not None:
            data = reached(gltf, buffer, uri)
        elif index == 0 and chunk is not None:
            data = chunk
            if length is not None and len(chunk) - length > 3:
                gltf.found.warn("T203", buffer.path, f"缓冲 {length} 字节，数据块 {len(chunk)} 字节")
        elif not fallback and MESHOPT not in gltf.used:
            # It may be an extension's, or come on another way.
            gltf.found.warn("T203", buffer.at("uri"), "没有数据")
        if data is not None and length is not None and len(data) < length:
            gltf.found.add("T203", buffer.at("byteLength"), f"{length} 字节，只有 {len(data)}")
            data = None
        gltf.buffers.append(data)
    if chunk is not None and not gltf.buffers:
        gltf.found.warn("T203", "buffers", "没有缓冲用到数据块")


def _within(look: Look, buffers: list[Look], gltf: Gltf) -> None:
    """Check that bytes named by `buffer`, `byteOffset` and `byteLength` lie in their buffer."""
    index = look.index("buffer", buffers, needed=True)
    begin = look.maybe("byteOffset", "integer", least=0) or 0
    length = look.need("byteLength", "integer", least=1)
    if index is None or length is None:
        return
    whole = buffers[index].value.get("byteLength")
    if isinstance(whole, int) and begin + length > whole:
        gltf.found.add("T203", look.path, f"到 {begin + length}，缓冲 {whole} 字节")


def _packed(view: Look, packed: Look, buffers: list[Look], gltf: Gltf) -> None:
    """Check the description of a compressed view (EXT_meshopt_compression)."""
    _within(packed, buffers, gltf)
    stride, count = packed.need("byteStride", "integer", least=1, most=256), packed.need("count", "integer", least=1)
    mode = packed.need("mode", "string", among=("ATTRIBUTES", "TRIANGLES", "INDICES"))
    filter_ = packed.maybe("filter", "string", among=("NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL")) or "NONE"
    if stride is None or count is None or mode is None:
        return
    strides = {"OCTAHEDRAL": (4, 8), "QUATERNION": (8,)}.get(filter_, range(4, 257, 4)) if mode == "ATTRIBUTES" else (2, 4)
    faults = [
        (view.value.get("byteStride", stride) != stride, "byteStride 与视图不符"),
        (view.value.get("byteLength") != stride * count, "视图长度不是 byteStride × count"),
        (stride not in strides, f"byteStride {stride} 不合 {mode} {filter_}"),
        (mode == "TRIANGLES" and count % 3 != 0, "count 不是 3 的倍数"),
        (mode != "ATTRIBUTES" and filter_ != "NONE", f"{mode} 不得有滤波"),
    ]
    for wrong, detail in faults:
        if wrong:
            gltf.found.add("T210", packed.path, detail)


def _views(gltf: Gltf) -> None:
    buffers = list(Look(gltf.document, "", Found("")).items("buffers"))
    for view in gltf.look.items("bufferViews"):
        view.extended()
        view.maybe("name", "string")
        _within(view, buffers, gltf)
        stride = view.maybe("byteStride", "integer", least=4, most=252)
        if stride is not None and stride % 4:
            view.fault("byteStride", "不是 4 的倍数")
        view.known("target", "integer", (34962, 34963))
        extensions = view.value.get("extensions")
        packed = extensions.get(MESHOPT) if isinstance(extensions, dict) else None
        if isinstance(packed, dict):
            _packed(view, Look(packed, f"{view.path}.extensions.{MESHOPT}", gltf.found, "T202"), buffers, gltf)


def _accessor(gltf: Gltf, look: Look) -> None:
    component = look.need("componentType", "integer", among=tuple(DTYPES))
    kind = look.need("type", "string", among=tuple(WIDTHS))
    count = look.need("count", "integer", least=1)
    begin = look.maybe("byteOffset", "integer", least=0) or 0
    if look.maybe("normalized", "boolean") and component in (5125, 5126):
        look.fault("normalized", "FLOAT、UNSIGNED_INT 不得归一化")
    view = look.index("bufferView", gltf.list("bufferViews"))
    if component is None or kind is None or count is None:
        return
    for key in ("min", "max"):
        _bound(look, key, component, WIDTHS[kind])
    size, unit = element_size(look.value), np.dtype(DTYPES[component]).itemsize
    if "sparse" in look.value:
        _sparse(gltf, look, count, size)
    if view is None:
        if "byteOffset" in look.value and "bufferView" not in look.value:
            look.fault("byteOffset", "没有 bufferView")
        return
    row = gltf.document["bufferViews"][view]
    stride = row.get("byteStride", size)
    if begin % unit or row.get("byteOffset", 0) % unit or stride % unit:
        look.found.add("T203", look.path, f"未对齐到 {unit} 字节")
    end = begin + stride * (count - 1) + size
    if stride < size or end > row["byteLength"]:
        look.found.add("T203", look.path, f"到 {end}，视图 {row['byteLength']} 字节")


def _bound(look: Look, key: str, component: int, width: int) -> None:
    """Check that a bound has a number a component, which it can be (5.1.8)."""
    dtype = np.dtype(DTYPES[component])
    numbers = look.numbers(key, width)
    if numbers is not None and dtype.kind != "f":
        info = np.iinfo(dtype)
        if not all(number.is_integer() and info.min <= number <= info.max for number in numbers):
            look.fault(key, f"{numbers} 不是 {dtype.name}")


def _sparse(gltf: Gltf, look: Look, count: int, size: int) -> None:
    sparse = look.inner("sparse")
    if sparse is None:
        return
    some = sparse.need("count", "integer", least=1, most=count)
    for key in ("indices", "values"):
        part = sparse.inner(key, needed=True)
        if part is None or some is None:
            continue
        view = part.index("bufferView", gltf.list("bufferViews"), needed=True)
        component = part.need("componentType", "integer", among=(5121, 5123, 5125)) if key == "indices" else 0
        begin = part.maybe("byteOffset", "integer", least=0) or 0
        if view is None or component is None:
            continue
        width = np.dtype(DTYPES[component]).itemsize if key == "indices" else size
        if begin + some * width > gltf.document["bufferViews"][view]["byteLength"]:
            part.found.add("T203", part.path, "超出视图")


def check_accessors(gltf: Gltf, chunk: bytes | None) -> None:
    """Find what is wrong with buffers, views and accessors."""
    _buffers(gltf, chunk)
    _views(gltf)
    if not gltf.found.broken:
        for accessor in gltf.look.items("accessors"):
            accessor.maybe("name", "string")
            _accessor(gltf, accessor)


MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, struct.error, MemoryError)
"""What reading a document of another shape than its kind's ends in."""
