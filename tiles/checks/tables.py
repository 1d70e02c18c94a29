"""Property tables: of glTF (EXT_structural_metadata) and of subtrees, JSON and binary (3D Metadata, "Binary table format")."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.checks.look import Look
from tiles.checks.ranges import beyond
from tiles.checks.schema import CHILDREN, Schema, class_of, value_fault
from tiles.table import COMPONENTS, NUMBERS, codes

OFFSETS = ("UINT8", "UINT16", "UINT32", "UINT64")
View = Callable[[int], tuple[bytes, int] | None]
"""A buffer view by its index: its bytes and where it begins; None where it can't be read."""
Bytes = tuple[bytes, int]


def _offsets(row: Look, key: str, count: int, view: View) -> NDArray[np.int64] | None:
    """Return the offsets of strings or arrays, `(count + 1,)`, that are sound in themselves."""
    kind = row.value.get(f"{key[:-1]}Type", "UINT32")
    dtype = np.dtype(COMPONENTS[kind])
    there = view(row.value[key])
    if there is None:
        return None
    data, begin = there
    if begin % dtype.itemsize:
        row.found.add("T304", row.at(key), f"起点 {begin} 不是 {dtype.itemsize} 的倍数")
    if len(data) != (count + 1) * dtype.itemsize:
        row.found.add("T304", row.at(key), f"{len(data)} 字节，应为 {(count + 1) * dtype.itemsize}")
        return None
    offsets = np.frombuffer(data, dtype).astype(np.int64)
    if offsets[0] != 0 or (np.diff(offsets) < 0).any():
        row.found.add("T305", row.at(key), "不从 0 起或不递增")
        return None
    return offsets


def _numbers(row: Look, schema: Schema, property_: Mapping[str, Any], items: int, there: Bytes) -> NDArray[Any] | None:
    """Check how numbers and enums are stored; returns them, `(items, width)`, None where there are not so many."""
    data, begin = there
    enum = property_["type"] == "ENUM"
    component = schema["enums"][property_["enumType"]].get("valueType", "UINT16") if enum else property_["componentType"]
    dtype, width = np.dtype(COMPONENTS[component]), NUMBERS.get(property_["type"], 1)
    if begin % dtype.itemsize:
        row.found.add("T304", row.at("values"), f"起点 {begin} 不是 {dtype.itemsize} 的倍数")
    if len(data) != items * width * dtype.itemsize:
        row.found.add("T304", row.at("values"), f"{len(data)} 字节，应为 {items * width * dtype.itemsize}")
        return None
    return np.frombuffer(data, dtype).reshape(items, width)


def check_values(row: Look, schema: Schema, property_: Mapping[str, Any], values: NDArray[Any]) -> None:
    """Find values, `(n, k)`, that are not of their enum, or beyond what their class and their row say."""
    if property_["type"] == "ENUM":
        unknown = np.setdiff1d(values, list(codes(schema, property_).values()))
        if len(unknown):
            row.found.add("T307", row.path, f"值 {unknown[:10].tolist()}")
        return
    for key, detail in beyond(property_, row.value, values):
        row.found.add("T304", row.at(key), detail)


def _strings(row: Look, count: int, view: View, there: Bytes) -> None:
    offsets = _offsets(row, "stringOffsets", count, view)
    if offsets is None:
        return
    data = there[0]
    # A buffer view can't be empty, so a column of empty strings has a byte too many.
    if offsets[-1] > len(data):
        row.found.add("T305", row.at("stringOffsets"), f"末偏移 {offsets[-1]}，共 {len(data)} 字节")
        return
    for index, (begin, end) in enumerate(pairwise(offsets.tolist())):
        try:
            data[begin:end].decode()
        except UnicodeDecodeError:
            row.found.add("T306", row.at("values"), f"第 {index} 项")
            return


def _binary(row: Look, schema: Schema, property_: Mapping[str, Any], count: int, view: View) -> None:
    items = count
    if property_.get("array"):
        if "count" in property_:
            items = count * property_["count"]
        else:
            offsets = _offsets(row, "arrayOffsets", count, view)
            if offsets is None:
                return
            items = int(offsets[-1])
    there = view(row.value["values"])
    if there is None:
        return
    match property_["type"]:
        case "STRING":
            _strings(row, items, view, there)
        case "BOOLEAN":
            if len(there[0]) != max(-(-items // 8), 1):
                row.found.add("T304", row.at("values"), f"{len(there[0])} 字节，应为 {-(-items // 8)}")
        case _:
            values = _numbers(row, schema, property_, items, there)
            if values is not None:
                fixed = not property_.get("array") or "count" in property_
                check_values(row, schema, property_, values.reshape(count, -1) if fixed else values)


def overridden(row: Look, schema: Schema, property_: Mapping[str, Any]) -> None:
    """Check offset, scale, min and max that a table, texture or attribute gives anew."""
    for key in CHILDREN:
        if key not in row.value:
            continue
        if property_["type"] not in NUMBERS or (property_.get("array") and "count" not in property_):
            row.fault(key, "该属性不得有")
        elif reason := value_fault(schema, property_, row.value[key], stored=False):
            row.fault(key, reason)


def _row(row: Look, schema: Schema, property_: Mapping[str, Any], views: int) -> None:
    """Check the JSON of a property of a table."""
    variable = property_.get("array") and "count" not in property_
    row.need("values", "integer", least=0, most=views - 1)
    for key, wanted in (("arrayOffsets", variable), ("stringOffsets", property_["type"] == "STRING")):
        if wanted:
            row.need(key, "integer", least=0, most=views - 1)
        elif key in row.value:
            row.fault(key, "该属性不得有")
        row.maybe(f"{key[:-1]}Type", "string", among=OFFSETS)
    overridden(row, schema, property_)


def check_table(table: Look, schema: Schema | None, views: int, view: View) -> None:
    """Find what is wrong with a property table.

    Parameters
    ----------
    table : Look
    schema : a sound schema, None where there is none
    views : number of buffer views
    view : reads one
    """
    table.maybe("name", "string")
    table.extended()
    count = table.need("count", "integer", least=1)
    properties = class_of(table, schema)
    if properties is None or schema is None:
        return
    given = set()
    for name, row in table.members("properties"):
        given.add(name)
        if name not in properties:
            table.fault(f"properties.{name}", "不在类中")
            continue
        before = len(row.found.issues)
        _row(row, schema, properties[name], views)
        if count and len(row.found.issues) == before:
            _binary(row, schema, properties[name], count, view)
    for name in sorted(name for name, property_ in properties.items() if property_.get("required") and name not in given):
        table.fault(f"properties.{name}", "必需的属性缺失")
