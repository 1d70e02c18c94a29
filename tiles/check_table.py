"""Checks of a property table against its schema and its buffers."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from gis.errors import TilesetError
from gis.issues import Issue
from tiles.findings import finding
from tiles.glb import Glb
from tiles.table import COMPONENTS, codes, component


def _strings(glb: Glb, file: str, name: str, stored: Mapping[str, Any], count: int) -> Iterator[Issue]:
    offset_type = np.dtype(COMPONENTS[stored.get("stringOffsetType", "UINT32")])
    raw, text = glb.view(stored["stringOffsets"]), glb.view(stored["values"])
    if len(raw) != (count + 1) * offset_type.itemsize:
        yield finding("T304", file, f"{len(raw)} 字节偏移，{count} 行", name)
        return
    offsets = np.frombuffer(raw, offset_type).astype(np.int64)
    if offsets[0] != 0 or (np.diff(offsets) < 0).any() or offsets[-1] > len(text):
        yield finding("T305", file, f"末偏移 {offsets[-1]}，共 {len(text)} 字节", name)
        return
    for row, (begin, end) in enumerate(pairwise(offsets.tolist())):
        try:
            text[begin:end].decode()
        except UnicodeDecodeError:
            yield finding("T306", file, f"第 {row} 行", name)


def _column(glb: Glb, file: str, schema: Mapping[str, Any], table: Mapping[str, Any], name: str) -> Iterator[Issue]:
    property_ = schema["classes"][table["class"]]["properties"][name]
    stored, count = table["properties"][name], table["count"]
    if property_["type"] == "STRING":
        yield from _strings(glb, file, name, stored, count)
        return
    dtype = np.dtype(component(schema, property_))
    elements = count * (property_["count"] if property_.get("array") else 1)
    raw = glb.view(stored["values"])
    if len(raw) != elements * dtype.itemsize:
        yield finding("T304", file, f"{len(raw)} 字节，应为 {elements * dtype.itemsize}", name)
    elif property_["type"] == "ENUM":
        unknown = np.setdiff1d(np.frombuffer(raw, dtype), list(codes(schema, property_).values()))
        if len(unknown):
            yield finding("T307", file, f"值 {unknown.tolist()}", name)


def check_table(glb: Glb, file: str, schema: Mapping[str, Any]) -> Iterator[Issue]:
    """Yield what is wrong with the first property table of a GLB whose buffer views are sound."""
    table = glb.document["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
    class_ = schema["classes"].get(table["class"])
    if class_ is None:
        yield finding("T303", file, f"没有类 {table['class']}")
        return
    stored, properties = table["properties"], class_["properties"]
    needed = {name for name, property_ in properties.items() if property_.get("required")}
    for name in sorted(stored.keys() - properties.keys()):
        yield finding("T303", file, f"属性 {name} 不在类中", name)
    for name in sorted(needed - stored.keys()):
        yield finding("T303", file, f"缺少必需的属性 {name}", name)
    for name in sorted(stored.keys() & properties.keys()):
        try:
            yield from _column(glb, file, schema, table, name)
        except TilesetError as error:
            yield finding("T303", file, str(error), name)
