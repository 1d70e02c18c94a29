"""Property tables: rows of values to the binary columns of EXT_structural_metadata, and back.

Layout by the 3D Metadata specification, "Binary table format": little-endian; a string column is its bytes and `n + 1` offsets.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.errors import TilesetError

COMPONENTS = {
    "INT8": "<i1", "UINT8": "<u1", "INT16": "<i2", "UINT16": "<u2", "INT32": "<i4", "UINT32": "<u4", "INT64": "<i8", "UINT64": "<u8",
    "FLOAT32": "<f4", "FLOAT64": "<f8",
}  # fmt: skip
"""Component types of the specification, as numpy names them."""

STATISTICS_DIGITS = 6
"""Of means, sums and deviations."""

Schema = Mapping[str, Any]
View = Callable[[int], bytes]
"""The bytes of a buffer view by its index."""


NUMBERS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
"""Components of an element, by type."""
STRIDE_BYTES, MOST_STRIDE_BYTES = 4, 32
"""Elements of a compressed stream are multiples of the first."""
LEAST_BYTES = 640
"""Of a column that is worth a closer look."""
OFFSET_BYTES = 4
"""Of the offsets that we write: UINT32."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The rows of a table, column by column; a property of which nothing is known may have none."""

    count: int
    """Rows."""
    values: dict[str, list[Any]]
    """Property name → a value a row, None where unknown."""

    def some(self, rows: Sequence[int]) -> "Columns":
        """Return some of the rows."""
        return Columns(len(rows), {name: [column[row] for row in rows] for name, column in self.values.items()})


def stacked(tables: Sequence[Columns]) -> Columns:
    """Return the rows of several tables in a row."""
    if len(tables) == 1:
        return tables[0]
    names = dict.fromkeys(name for table in tables for name in table.values)
    nothing = [[None] * table.count for table in tables]
    pairs = list(zip(tables, nothing, strict=True))
    return Columns(
        sum(table.count for table in tables),
        {name: list(chain.from_iterable(table.values.get(name, empty) for table, empty in pairs)) for name in names},
    )


Rows = Sequence[Mapping[str, Any]] | Columns
"""Property name → value, row by row or column by column; None, or none, where unknown."""


def by_column(rows: Rows) -> Columns:
    """Return rows as columns."""
    if isinstance(rows, Columns):
        return rows
    return Columns(len(rows), {name: [row.get(name) for row in rows] for name in set[str]().union(*rows)})


@dataclass(frozen=True, slots=True)
class Binary:
    """The binary form of one column."""

    name: str
    values: bytes
    stride: int = 1
    """Bytes of what comes again and again in `values`."""
    offsets: bytes | None = None
    """UINT32 string offsets, where the property is a STRING."""
    array_offsets: bytes | None = None
    """UINT32 array offsets, where the property is an array without a fixed count."""


def component(schema: Schema, property_: Schema) -> str:
    """Return the numpy type of a property's components; `|u1` for the bytes of strings and the bits of booleans.

    Raises
    ------
    TilesetError
        The property's type is none, or names an enum that is not there.
    """
    match property_.get("type"):
        case kind if kind in NUMBERS and property_.get("componentType") in COMPONENTS:
            return COMPONENTS[property_["componentType"]]
        case "ENUM" if property_.get("enumType") in schema.get("enums", {}):
            return COMPONENTS[schema["enums"][property_["enumType"]].get("valueType", "UINT16")]
        case "STRING" | "BOOLEAN":
            return "|u1"
    raise TilesetError(f"a property of type {property_.get('type')} can't be read or written")


def codes(schema: Schema, property_: Schema) -> dict[str, int]:
    """Return the values of an enum property by name."""
    return {value["name"]: value["value"] for value in schema["enums"][property_["enumType"]]["values"]}


def _offsets(lengths: Sequence[int]) -> bytes:
    return np.cumsum([0, *lengths]).astype("<u4").tobytes()


def _stride(size: int, values: int) -> int:
    """Return after how many bytes elements of a size come again, told as a stride that can be compressed where that fits the values."""
    whole = math.lcm(size, STRIDE_BYTES) if size else 1
    return whole if values >= LEAST_BYTES and whole <= MOST_STRIDE_BYTES and values % whole == 0 else size or 1


def _column(schema: Schema, name: str, property_: Schema, values: Sequence[Any]) -> Binary:
    absent, filled = property_.get("noData"), list(values)
    if None in filled and absent is not None:
        filled = [absent if value is None else value for value in filled]
    if None in filled:
        raise TilesetError(f"{name} is required, and a feature has none")
    array_offsets = None
    if property_.get("array"):
        if "count" not in property_:
            array_offsets = _offsets([len(value) for value in filled])
        if (property_["type"], property_.get("componentType")) == ("SCALAR", "UINT8"):
            data = b"".join(map(bytes, filled))
            return Binary(name, data, property_.get("count", 1), None, array_offsets)
        filled = [item for value in filled for item in value]
    if property_["type"] == "STRING":
        texts = [str(value).encode() for value in filled]
        data, sizes = b"".join(texts), list(map(len, texts))
        # Codes are mostly of one length, and one below the other they hardly differ.
        stride = _stride(sizes[0], len(data)) if len(set(sizes)) == 1 else 1
        return Binary(name, data, stride, _offsets(sizes), array_offsets)
    if property_["type"] == "BOOLEAN":
        bits = np.packbits(np.array(filled, bool), bitorder="little")
        return Binary(name, bits.tobytes(), 1, None, array_offsets)
    if property_["type"] == "ENUM":
        numbers = codes(schema, property_)
        filled = [numbers[value] for value in filled]
    dtype = np.dtype(component(schema, property_))
    stride = dtype.itemsize * NUMBERS.get(property_["type"], 1) * property_.get("count", 1)
    data = np.array(filled, None if dtype.kind == "f" else dtype).astype(dtype).tobytes()
    return Binary(name, data, _stride(stride, len(data)), None, array_offsets)


def encode(schema: Schema, class_: str, rows: Rows) -> list[Binary]:
    """Return the columns of a table; one of which nothing is known is left out, where it may be.

    Parameters
    ----------
    schema : 3D Metadata schema
    class_ : str
    rows : of what is unknown the property's noData is written

    Raises
    ------
    TilesetError
        A required value is None.
    """
    properties, table = schema["classes"][class_]["properties"], by_column(rows)
    nothing = [None] * table.count
    return [
        _column(schema, name, property_, table.values.get(name, nothing))
        for name, property_ in properties.items()
        if property_.get("required") or _known(table.values.get(name, ()))
    ]


def _known(values: Sequence[Any]) -> bool:
    """Say whether anything is known."""
    return any(value is not None for value in values)


MOST_BARE = 1 << 20
"""Rows of a table without columns."""


def _bounds(stored: Mapping[str, Any], key: str, view: View) -> list[int]:
    """Return the offsets of strings or arrays."""
    offsets: list[int] = np.frombuffer(view(stored[f"{key}Offsets"]), COMPONENTS[stored.get(f"{key}OffsetType", "UINT32")]).tolist()
    return offsets


def _items(schema: Schema, property_: Schema, count: int, stored: Mapping[str, Any], view: View) -> list[Any]:
    """Return the elements of a column, those of arrays one after the other."""
    data = view(stored["values"])
    match property_["type"]:
        case "STRING":
            bounds = _bounds(stored, "string", view)
            return [data[begin:end].decode() for begin, end in pairwise(bounds[: count + 1])]
        case "BOOLEAN":
            bits: list[Any] = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:count].astype(bool).tolist()
            return bits
    dtype, width = np.dtype(component(schema, property_)), NUMBERS.get(property_["type"], 1)
    numbers = np.frombuffer(data, dtype, count * width)
    if property_["type"] == "ENUM":
        names: dict[Any, str] = {value: name for name, value in codes(schema, property_).items()}
        return [names[value] for value in numbers.tolist()]
    values: list[Any] = numbers.reshape(count, width).tolist() if width > 1 else numbers.tolist()
    return values


def _decoded(schema: Schema, property_: Schema, count: int, stored: Mapping[str, Any], view: View) -> list[Any]:
    absent, values = property_.get("noData"), list[Any]()
    if property_.get("array") and "count" in property_:
        size = property_["count"]
        items = _items(schema, property_, count * size, stored, view)
        values = [items[begin : begin + size] for begin in range(0, len(items), size)]
    elif property_.get("array"):
        bounds = _bounds(stored, "array", view)
        items = _items(schema, property_, bounds[count], stored, view)
        values = [items[begin:end] for begin, end in pairwise(bounds[: count + 1])]
    else:
        values = _items(schema, property_, count, stored, view)
    return [None if absent is not None and value == absent else value for value in values]


def decode(schema: Schema, table: Mapping[str, Any], view: View) -> list[dict[str, Any]]:
    """Return the rows of a property table; noData values become None.

    Parameters
    ----------
    schema : 3D Metadata schema
    table : an element of `propertyTables`
    view : the bytes of a buffer view by its index

    Raises
    ------
    ValueError
        A column has fewer values than the table says it has rows. Rows are made of what is there, never of what is said.
    """
    properties, count = schema["classes"][table["class"]]["properties"], table["count"]
    decoded = {name: _decoded(schema, properties[name], count, stored, view) for name, stored in table.get("properties", {}).items()}
    if count > min(map(len, decoded.values()), default=MOST_BARE):
        raise ValueError(f"a table of {count} rows has columns with fewer values")
    return [{name: values[index] for name, values in decoded.items()} for index in range(count)]


@dataclass(frozen=True, slots=True)
class Told:
    """What statistics look at, of the rows of one table or of several."""

    count: int
    numbers: dict[str, NDArray[np.float64]]
    """Known values of a numeric property, as a column holds them."""
    occurrences: dict[str, Counter[str]]
    """Of the known values of an enum property."""

    def changed(self, gone: "Told", come: "Told") -> "Told":
        """Return this of several tables, as `together` makes it, less some of them and with others."""
        numbers, occurrences = dict(self.numbers), dict(self.occurrences)
        for name, values in gone.numbers.items():
            numbers[name] = _less(numbers[name], values)
        for name, values in come.numbers.items():
            there = numbers.get(name, NOTHING)
            numbers[name] = np.insert(there, np.searchsorted(there, values), values)
        for name in gone.occurrences.keys() | come.occurrences.keys():
            counts = Counter(occurrences.get(name, ()))
            counts.subtract(gone.occurrences.get(name, ()))
            counts.update(come.occurrences.get(name, ()))
            occurrences[name] = +counts
        return Told(
            self.count - gone.count + come.count,
            {name: values for name, values in numbers.items() if len(values)},
            {name: counts for name, counts in occurrences.items() if counts},
        )


NOTHING = np.zeros(0)


def _less(values: NDArray[np.float64], gone: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sorted values without others of them, which are sorted too."""
    unique, counts = np.unique(gone, return_counts=True)
    begins = np.searchsorted(values, unique)
    places = np.repeat(begins - np.cumsum(counts) + counts, counts) + np.arange(len(gone))
    left: NDArray[np.float64] = np.delete(values, places)
    return left


def together(tables: Sequence[Told]) -> Told:
    """Return what several tables tell, numbers sorted: the same in whatever order they come."""
    numbers, occurrences = dict[str, list[NDArray[np.float64]]](), dict[str, Counter[str]]()
    for table in tables:
        for name, values in table.numbers.items():
            numbers.setdefault(name, []).append(values)
        for name, counts in table.occurrences.items():
            occurrences.setdefault(name, Counter()).update(counts)
    return Told(sum(table.count for table in tables), {name: np.sort(np.concatenate(all_)) for name, all_ in numbers.items()}, occurrences)


def told(schema: Schema, class_: str, rows: Rows) -> Told:
    """Return of rows what statistics look at: of very many all else is too much to keep."""
    table, numbers, occurrences = by_column(rows), dict[str, NDArray[np.float64]](), dict[str, Counter[str]]()
    for name, property_ in schema["classes"][class_]["properties"].items():
        if name not in table.values or property_.get("array") or property_["type"] not in ("SCALAR", "ENUM"):
            continue
        values = table.values[name]
        if None in values:
            values = [value for value in values if value is not None]
        if values and property_["type"] == "ENUM":
            occurrences[name] = Counter(values)
        elif values:
            dtype = component(schema, property_)
            numbers[name] = np.array(values, None if dtype in ("<f4", "<f8") else dtype).astype(dtype).astype(float)
    return Told(table.count, numbers, occurrences)


def _numeric(numbers: NDArray[np.float64]) -> dict[str, float]:
    """Return the statistics of sorted numbers."""
    low, high = numbers[(len(numbers) - 1) // 2], numbers[len(numbers) // 2]
    mean, variance = numbers.mean(), numbers.var()
    found = {
        "min": numbers[0], "max": numbers[-1], "mean": mean, "median": (low + high) / 2, "standardDeviation": variance**0.5,
        "variance": variance, "sum": numbers.sum(),
    }  # fmt: skip
    return {name: float(value) if name in ("min", "max") else round(float(value), STATISTICS_DIGITS) for name, value in found.items()}


def statistics(schema: Schema, class_: str, whole: Told) -> dict[str, Any]:
    """Return the 3D Metadata statistics of a class: what PostgreSQL's aggregates say of the numbers, occurrences of enum values.

    Unknown values are left out, and so are properties of which nothing is known. Deviation and variance are those of the whole
    (`stddev_pop`, `var_pop`). `whole` is of all tables, see `together`.
    """
    found: dict[str, Any] = {}
    for name, property_ in schema["classes"][class_]["properties"].items():
        if name in whole.numbers:
            found[name] = _numeric(whole.numbers[name])
        elif name in whole.occurrences:
            counts = whole.occurrences[name]
            found[name] = {"occurrences": {code: counts[code] for code in codes(schema, property_) if code in counts}}
    return {"classes": {class_: {"count": whole.count, "properties": found}}}
