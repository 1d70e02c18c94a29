"""Checks of subtrees of implicit tiling (3D Tiles 1.1, "Subtrees" and "Availability"), binary or JSON."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from tiles.checks.look import Found, Look, Resolve, used_extensions
from tiles.checks.schema import Schema, check_entity
from tiles.checks.tables import check_table

HEADER = struct.Struct("<4sIQQ")
MAGIC = b"subt"
REGION = "TILE_BOUNDING_REGION"
Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tiling:
    """What `implicitTiling` says, as far as it is sound."""

    branches: int
    """Children of a tile: 4 or 8."""
    subtree_levels: int
    available_levels: int
    uri: str
    contents: int
    """Contents of a tile."""

    @property
    def nodes(self) -> int:
        """Tiles of a subtree."""
        return int((self.branches**self.subtree_levels - 1) // (self.branches - 1))


@dataclass(frozen=True, slots=True, eq=False)
class Available:
    """What a subtree says is there."""

    tiles: Bits
    contents: tuple[Bits, ...]
    children: Bits
    regions: NDArray[np.float64] | None = None
    """Of each tile that is there, as its metadata say it: west, south, east, north (radians), heights (metres)."""
    described: bool = False
    """Its tiles have metadata, which may say where they lie."""


def _document(data: bytes, found: Found) -> tuple[Any, bytes | None] | None:
    binary: bytes | None = None
    text = data
    if data.lstrip()[:1] != b"{":
        if len(data) < HEADER.size:
            found.add("T601", "", "太短")
            return None
        magic, version, size, rest = HEADER.unpack_from(data)
        if magic != MAGIC or version != 1:
            found.add("T601", "", f"标识 {magic!r}，版本 {version}")
            return None
        if size % 8 or rest % 8 or HEADER.size + size + rest != len(data):
            found.add("T601", "", f"JSON {size} 字节、二进制 {rest} 字节，文件有 {len(data)}")
            return None
        text, binary = data[HEADER.size : HEADER.size + size], data[HEADER.size + size :]
    try:
        return json.loads(text.decode()), binary
    except ValueError as error:
        found.add("T601", "", str(error))
        return None


def _buffers(look: Look, binary: bytes | None, resolve: Resolve) -> list[bytes | None]:
    buffers: list[bytes | None] = []
    for index, buffer in enumerate(look.items("buffers")):
        length = buffer.need("byteLength", "integer", least=1)
        buffer.maybe("name", "string", least_length=1)
        uri = buffer.maybe("uri", "string")
        data = binary if index == 0 and uri is None else resolve(unquote(uri)) if uri else None
        if "uri" not in buffer.value and data is None:
            buffer.fault("uri", "没有数据")
        elif uri is not None and data is None:
            buffer.found.add("T107", buffer.at("uri"), uri)
        if data is not None and length is not None and len(data) < length:
            buffer.fault("byteLength", f"{length} 字节，只有 {len(data)}")
            data = None
        buffers.append(data)
    return buffers


def _views(look: Look, buffers: list[bytes | None]) -> list[tuple[bytes, int] | None]:
    views: list[tuple[bytes, int] | None] = []
    if "bufferViews" in look.value and "buffers" not in look.value:
        look.fault("buffers", "缺失")
    if "buffers" in look.value and "bufferViews" not in look.value:
        look.found.warn("T602", look.at("bufferViews"), "有缓冲而没有视图")
    for view in look.items("bufferViews"):
        index = view.index("buffer", buffers, needed=True)
        begin = view.need("byteOffset", "integer", least=0)
        length = view.need("byteLength", "integer", least=1)
        view.maybe("name", "string", least_length=1)
        data = buffers[index] if index is not None else None
        if index is not None and begin is not None and length is not None:
            whole = look.value["buffers"][index].get("byteLength")
            if isinstance(whole, int) and begin + length > whole:
                view.fault("byteLength", f"到 {begin + length}，缓冲 {whole} 字节")
                data = None
        views.append(None if data is None or begin is None or length is None else (data[begin : begin + length], begin))
    return views


def _bits(look: Look | None, views: list[tuple[bytes, int] | None], count: int | None) -> Bits | None:
    """Return the bits of an availability; None where they can't be told."""
    if look is None:
        return None
    if ("bitstream" in look.value) == ("constant" in look.value):
        look.found.add("T602", look.path, "bitstream 和 constant 须恰有一个")
        return None
    told = look.maybe("availableCount", "integer", least=0)
    if "constant" in look.value:
        constant = look.maybe("constant", "integer", among=(0, 1))
        if constant is None or count is None:
            return None
        bits = np.full(count, bool(constant))
    else:
        index = look.index("bitstream", views)
        if index is None or count is None or (there := views[index]) is None:
            return None
        if len(there[0]) != -(-count // 8):
            look.found.add("T603", look.path, f"位流 {len(there[0])} 字节，应为 {-(-count // 8)}")
            return None
        bits = np.unpackbits(np.frombuffer(there[0], np.uint8), bitorder="little")[:count].astype(bool)
    if told is not None and told != bits.sum():
        look.found.add("T603", look.at("availableCount"), f"{told}，实有 {bits.sum()}")
    return bits


def _consistent(found: Found, told: Available, tiling: Tiling) -> None:
    """Check that parents and tiles of what is there are there."""
    first = 0
    for level in range(1, tiling.subtree_levels):
        begin = first + tiling.branches ** (level - 1)
        own = told.tiles[begin : begin + tiling.branches**level]
        parents = np.repeat(told.tiles[first:begin], tiling.branches)
        if (own & ~parents).any():
            found.add("T603", "tileAvailability", f"第 {level} 级有瓦片而没有父瓦片")
        first = begin
    for index, contents in enumerate(told.contents):
        if (contents & ~told.tiles).any():
            found.add("T603", f"contentAvailability[{index}]", "有内容而没有瓦片")
    last = np.repeat(told.tiles[first:], tiling.branches)
    if (told.children & ~last).any():
        found.add("T603", "childSubtreeAvailability", "有子树而没有上面的瓦片")


def check_subtree(data: bytes, found: Found, resolve: Resolve, tiling: Tiling | None, schema: Schema | None) -> Available | None:
    """Find what is wrong with a subtree; returns what it says is there, None where that can't be told.

    Parameters
    ----------
    data : bytes
    found : Found
    resolve : relative URI → the bytes there
    tiling : Tiling, optional
        What the tileset says; without it availabilities can't be counted.
    schema : of the tileset
    """
    parts = _document(data, found)
    if parts is None:
        return None
    document, binary = parts
    if not isinstance(document, dict):
        found.add("T602", "", "应为 object")
        return None
    look = Look(document, "", found, "T602")
    look.extended()
    found.extensions |= used_extensions(document)
    views = _views(look, _buffers(look, binary, resolve))
    tables, listed = _tables(look, views, schema, lone=tiling is None)
    nodes = tiling.nodes if tiling else None
    tiles = _bits(look.inner("tileAvailability", needed=True), views, nodes)
    contents = [_bits(one, views, nodes) for one in look.items("contentAvailability")]
    children = _bits(look.inner("childSubtreeAvailability", needed=True), views, tiling.branches**tiling.subtree_levels if tiling else None)
    if tiling is None:
        return None
    for key, items in (("contentAvailability", contents), ("contentMetadata", listed)):
        if len(items) > tiling.contents:
            look.fault(key, f"{len(items)} 项，瓦片有 {tiling.contents} 个内容")
    if tiles is None or children is None or any(one is None for one in contents):
        return None
    regions = _regions(look, tables, views, schema, int(tiles.sum()))
    told = Available(tiles, tuple(one for one in contents if one is not None), children, regions, "tileMetadata" in document)
    _consistent(found, told, tiling)
    for table, bits in ((document.get("tileMetadata"), tiles), *zip(listed, told.contents, strict=False)):
        _counted(look, tables, table, bits)
    return told


def _regions(
    look: Look, tables: list[Look], views: list[tuple[bytes, int] | None], schema: Schema | None, count: int
) -> NDArray[np.float64] | None:
    """Return the regions that the metadata of tiles give in place of the divided one; None where they give none."""
    index = look.value.get("tileMetadata")
    if schema is None or not isinstance(index, int) or not 0 <= index < len(tables):
        return None
    table = tables[index].value
    properties = schema.get("classes", {}).get(table.get("class"), {}).get("properties", {})
    for name, property_ in properties.items():
        if property_.get("semantic") == REGION and property_.get("componentType") == "FLOAT64":
            view = table.get("properties", {}).get(name, {}).get("values")
            there = views[view] if isinstance(view, int) and 0 <= view < len(views) else None
            if there is not None and len(there[0]) >= count * 48:
                return np.frombuffer(there[0], "<f8", count * 6).reshape(count, 6)
    return None


def _tables(look: Look, views: list[tuple[bytes, int] | None], schema: Schema | None, *, lone: bool) -> tuple[list[Look], list[Any]]:
    """Check the metadata of a subtree, which a lone one has no schema for; returns its property tables, and which are of contents."""
    tables = list(look.items("propertyTables"))
    for table in tables if not lone else []:
        check_table(Look(table.value, table.path, look.found, "T303"), schema, len(views), views.__getitem__)
    look.index("tileMetadata", tables)
    listed: list[Any] = look.maybe("contentMetadata", "array", least_items=1) or []
    for index in listed:
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(tables):
            look.fault("contentMetadata", f"没有属性表 {index}")
    entity = look.inner("subtreeMetadata")
    if entity is not None and not lone:
        check_entity(Look(entity.value, entity.path, look.found, "T311"), schema)
    return tables, listed


def _counted(look: Look, tables: list[Look], index: Any, bits: Bits) -> None:
    """Check that a table has a row for each that is available."""
    if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(tables):
        rows: Mapping[str, Any] = tables[index].value
        if isinstance(rows.get("count"), int) and rows["count"] != bits.sum():
            look.found.add("T603", f"propertyTables[{index}].count", f"{rows['count']}，应为 {bits.sum()}")
