"""Property tables: rows of values to the binary columns of EXT_structural_metadata, and back.

Layout by the 3D Metadata specification, "Binary table format": little-endian; a string column is its bytes and `n + 1` offsets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from gis.errors import TilesetError

COMPONENTS = {
    "INT8": "<i1", "UINT8": "<u1", "INT16": "<i2", "UINT16": "<u2", "INT32": "<i4", "UINT32": "<u4", "INT64": "<i8", "UINT64": "<u8",
    "FLOAT32": "<f4", "FLOAT64": "<f8",
}  # fmt: skip
"""Component types of the specification, as numpy names them."""

Schema = Mapping[str, Any]
View = Callable[[int], bytes]
"""The bytes of a buffer view by its index."""


@dataclass(frozen=True, slots=True)
class Binary:
    """The binary form of one column."""

    name: str
    values: bytes
    offsets: bytes | None = None
    """UINT32 string offsets, where the property is a STRING."""


def component(schema: Schema, property_: Schema) -> str:
    """Return the numpy type of a property's elements; `|u1` for the bytes of strings.

    Raises
    ------
    TilesetError
        The property's type is not one that we write, or names an enum that is not there.
    """
    match property_.get("type"):
        case "SCALAR" if property_.get("componentType") in COMPONENTS:
            return COMPONENTS[property_["componentType"]]
        case "ENUM" if property_.get("enumType") in schema.get("enums", {}):
            return COMPONENTS[schema["enums"][property_["enumType"]].get("valueType", "UINT16")]
        case "STRING":
            return "|u1"
    raise TilesetError(f"a property of type {property_.get('type')} can't be read or written")


def codes(schema: Schema, property_: Schema) -> dict[str, int]:
    """Return the values of an enum property by name."""
    return {value["name"]: value["value"] for value in schema["enums"][property_["enumType"]]["values"]}


def _column(schema: Schema, name: str, property_: Schema, values: Sequence[Any]) -> Binary:
    absent = property_.get("noData")
    filled: list[Any] = [absent if value is None else value for value in values]
    if any(value is None for value in filled):
        raise TilesetError(f"{name} is required, and a feature has none")
    if property_["type"] == "STRING":
        texts = [str(value).encode() for value in filled]
        offsets = np.cumsum([0, *map(len, texts)]).astype("<u4")
        return Binary(name, b"".join(texts), offsets.tobytes())
    if property_["type"] == "ENUM":
        numbers = codes(schema, property_)
        filled = [numbers[value] for value in filled]
    return Binary(name, np.array(filled).astype(component(schema, property_)).tobytes())


def encode(schema: Schema, class_: str, rows: Sequence[Mapping[str, Any]]) -> list[Binary]:
    """Return the columns of a table; one of which nothing is known is left out, where it may be.

    Parameters
    ----------
    schema : 3D Metadata schema
    class_ : str
    rows : sequence of mapping
        Property name → value; None becomes the property's noData.

    Raises
    ------
    TilesetError
        A required value is None.
    """
    properties = schema["classes"][class_]["properties"]
    columns = ((name, property_, [row[name] for row in rows]) for name, property_ in properties.items())
    return [
        _column(schema, name, property_, values)
        for name, property_, values in columns
        if property_.get("required") or any(value is not None for value in values)
    ]


def _decoded(schema: Schema, property_: Schema, count: int, stored: Mapping[str, Any], view: View) -> list[Any]:
    dtype, absent = component(schema, property_), property_.get("noData")
    raw = np.frombuffer(view(stored["values"]), dtype)
    values: list[Any]
    if property_["type"] == "STRING":
        offsets = np.frombuffer(view(stored["stringOffsets"]), COMPONENTS[stored.get("stringOffsetType", "UINT32")]).tolist()
        text = raw.tobytes()
        values = [text[begin:end].decode() for begin, end in pairwise(offsets)]
    elif property_.get("array"):
        values = raw.reshape(count, property_["count"]).tolist()
    else:
        values = raw.tolist()
    if property_["type"] == "ENUM":
        names: dict[Any, str] = {value: name for name, value in codes(schema, property_).items()}
        values = [names[value] for value in values]
    return [None if absent is not None and value == absent else value for value in values]


def decode(schema: Schema, table: Mapping[str, Any], view: View) -> list[dict[str, Any]]:
    """Return the rows of a property table; noData values become None.

    Parameters
    ----------
    schema : 3D Metadata schema
    table : an element of `propertyTables`
    view : the bytes of a buffer view by its index
    """
    properties = schema["classes"][table["class"]]["properties"]
    decoded = {name: _decoded(schema, properties[name], table["count"], stored, view) for name, stored in table["properties"].items()}
    return [{name: values[index] for name, values in decoded.items()} for index in range(table["count"])]


def statistics(schema: Schema, class_: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the 3D Metadata statistics of a class: range and mean of numbers, occurrences of enum values.

    Unknown values are left out, and so are properties of which nothing is known.
    """
    found: dict[str, Any] = {}
    for name, property_ in schema["classes"][class_]["properties"].items():
        values = [row[name] for row in rows if row[name] is not None]
        if not values or property_.get("array") or property_["type"] == "STRING":
            continue
        if property_["type"] == "ENUM":
            found[name] = {"occurrences": {code: values.count(code) for code in codes(schema, property_) if code in values}}
        else:
            numbers = np.array(values).astype(component(schema, property_)).astype(float)
            found[name] = {"min": float(numbers.min()), "max": float(numbers.max()), "mean": round(float(numbers.mean()), 6)}
    return {"classes": {class_: {"count": len(rows), "properties": found}}}
