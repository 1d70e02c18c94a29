"""Checks of the tables in a tile of 3D Tiles 1.0: b3dm, i3dm, pnts (kept by 1.1 as legacy formats)."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.checks.look import Found, Look, is_number
from tiles.table import COMPONENTS, NUMBERS

HEADERS = {b"b3dm": 28, b"i3dm": 32, b"pnts": 28}
"""Magic → bytes of the header."""
ALIGNMENT = 8
"""Of the tables, of the glTF and of the whole ("Padding" of each format)."""
COUNTS = {b"b3dm": "BATCH_LENGTH", b"i3dm": "INSTANCES_LENGTH", b"pnts": "POINTS_LENGTH"}
TYPES = {
    "BYTE": "INT8", "UNSIGNED_BYTE": "UINT8", "SHORT": "INT16", "UNSIGNED_SHORT": "UINT16", "INT": "INT32", "UNSIGNED_INT": "UINT32",
    "FLOAT": "FLOAT32", "DOUBLE": "FLOAT64",
}  # fmt: skip
IDS = ("UNSIGNED_SHORT", "UNSIGNED_BYTE", "UNSIGNED_INT")
"""Component types of batch ids, the first where none is given."""
NOT_PROPERTIES = ("extensions", "extras", "HIERARCHY")
DRACO = "3DTILES_draco_point_compression"
VOLUME = {"QUANTIZED_VOLUME_OFFSET": ("FLOAT", 3), "QUANTIZED_VOLUME_SCALE": ("FLOAT", 3)}
WHOLE: dict[bytes, dict[str, tuple[str, int]]] = {
    b"b3dm": {"BATCH_LENGTH": ("UNSIGNED_INT", 1), "RTC_CENTER": ("FLOAT", 3)},
    b"i3dm": {"INSTANCES_LENGTH": ("UNSIGNED_INT", 1), "RTC_CENTER": ("FLOAT", 3), **VOLUME},
    b"pnts": {
        "POINTS_LENGTH": ("UNSIGNED_INT", 1), "BATCH_LENGTH": ("UNSIGNED_INT", 1), "RTC_CENTER": ("FLOAT", 3),
        "CONSTANT_RGBA": ("UNSIGNED_BYTE", 4), **VOLUME,
    },
}  # fmt: skip
"""Semantics of the whole tile → component type, components."""
EACH: dict[bytes, dict[str, tuple[str, int]]] = {
    b"b3dm": {},
    b"i3dm": {
        "POSITION": ("FLOAT", 3), "POSITION_QUANTIZED": ("UNSIGNED_SHORT", 3), "NORMAL_UP": ("FLOAT", 3), "NORMAL_RIGHT": ("FLOAT", 3),
        "NORMAL_UP_OCT32P": ("UNSIGNED_SHORT", 2), "NORMAL_RIGHT_OCT32P": ("UNSIGNED_SHORT", 2), "SCALE": ("FLOAT", 1),
        "SCALE_NON_UNIFORM": ("FLOAT", 3), "BATCH_ID": ("UNSIGNED_SHORT", 1),
    },
    b"pnts": {
        "POSITION": ("FLOAT", 3), "POSITION_QUANTIZED": ("UNSIGNED_SHORT", 3), "RGBA": ("UNSIGNED_BYTE", 4), "RGB": ("UNSIGNED_BYTE", 3),
        "RGB565": ("UNSIGNED_SHORT", 1), "NORMAL": ("FLOAT", 3), "NORMAL_OCT16P": ("UNSIGNED_BYTE", 2), "BATCH_ID": ("UNSIGNED_SHORT", 1),
    },
}  # fmt: skip
"""Semantics of each instance or point → component type, components."""
PAIRS = (("NORMAL_UP", "NORMAL_RIGHT"), ("NORMAL_UP_OCT32P", "NORMAL_RIGHT_OCT32P"))
"""Of instances: the one is not given without the other."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tables:
    """A legacy tile taken apart."""

    features: dict[str, Any]
    binary: bytes
    """Of the feature table."""
    count: int | None
    """Of features, instances or points; None where it can't be told."""
    body: bytes
    """What follows the tables."""

    def numbers(self, name: str, magic: bytes) -> Floats | None:
        """Return a semantic as `(n, k)` numbers: a row an instance or point, one where it is of the whole; None where it is not there."""
        value = self.features.get(name)
        if value is None or self.count is None:
            return None
        kind, width = EACH[magic].get(name) or WHOLE[magic][name]
        rows = self.count if name in EACH[magic] else 1
        if isinstance(value, dict):
            dtype = COMPONENTS[TYPES[value.get("componentType", kind)]]
            return np.frombuffer(self.binary, dtype, rows * width, value["byteOffset"]).reshape(rows, width).astype(float)
        return np.array(value, float).reshape(rows, width)


def taken_apart(data: bytes, magic: bytes, found: Found) -> Tables | None:
    """Read the tables of a legacy tile and collect what is wrong with them; None where nothing more can be said."""
    size = HEADERS[magic]
    if len(data) < size:
        found.add("T501", "", "太短")
        return None
    version, length = struct.unpack_from("<II", data, 4)
    if version != 1 or length != len(data):
        found.add("T501", "", f"版本 {version}，文件头说 {length} 字节，文件有 {len(data)}")
        return None
    lengths = struct.unpack_from("<IIII", data, 12)
    if size + sum(lengths) > length:
        found.add("T501", "", "表超出文件")
        return None
    parts, place = [], size
    for what, one in zip(("featureTable", "featureTableBinary", "batchTable", "batchTableBinary"), lengths, strict=True):
        parts.append(data[place : place + one])
        place += one
        if place % ALIGNMENT:
            found.add("T501", what, f"终点 {place} 不是 {ALIGNMENT} 的倍数")
    if length % ALIGNMENT:
        found.add("T501", "", f"长度 {length} 不是 {ALIGNMENT} 的倍数")
    if not parts[0]:
        found.add("T502", "featureTable", "缺失")
        return None
    features, batch = (_document(parts[index], what, found) for index, what in ((0, "featureTable"), (2, "batchTable")))
    if features is None:
        return None
    count, rows = _features(found, magic, features, parts[1])
    _batch(Look(batch or {}, "batchTable", found, "T502"), parts[3], rows)
    return Tables(features, parts[1], count, data[place:])


def _document(data: bytes, what: str, found: Found) -> dict[str, Any] | None:
    try:
        document = json.loads(data.decode()) if data else {}
    except ValueError as error:
        found.add("T502", what, str(error))
        return None
    if not isinstance(document, dict):
        found.add("T502", what, "应为 object")
        return None
    return document


def _features(found: Found, magic: bytes, table: Mapping[str, Any], binary: bytes) -> tuple[int | None, int | None]:
    """Check a feature table; returns how many features it has and how many rows the batch table has, None where that can't be told."""
    look = Look(table, "featureTable", found, "T502")
    count = _count(look, COUNTS[magic], binary)
    compressed = set(table.get("extensions", {}).get(DRACO, {}).get("properties", {}))
    for name in table.keys() - compressed - set(NOT_PROPERTIES):
        if name == "EAST_NORTH_UP" and magic == b"i3dm":
            look.maybe(name, "boolean")
        elif name in WHOLE[magic]:
            _semantic(look, name, WHOLE[magic][name], 1, binary)
        elif name in EACH[magic]:
            _semantic(look, name, EACH[magic][name], count, binary)
        else:
            look.fault(name, "没有这种语义")
    _together(look, magic)
    if magic != b"pnts" or "BATCH_ID" not in table:
        # Instances may share a batch: how many batches there are then is not said.
        return count, None if "BATCH_ID" in table else count
    batches = _count(look, "BATCH_LENGTH", binary)
    if batches is not None and count is not None and not found.broken and "BATCH_ID" not in compressed:
        ids = Tables(dict(table), binary, count, b"").numbers("BATCH_ID", magic)
        if ids is not None and len(ids) and ids.max() >= batches:
            look.fault("BATCH_ID", f"编号到 {ids.max():.0f}，BATCH_LENGTH 为 {batches}")
    return count, batches


def _count(look: Look, name: str, binary: bytes) -> int | None:
    """Return a number of rows, which may be stored as bytes; None where it is not said rightly."""
    given = look.value.get(name)
    if isinstance(given, dict):
        begin = given.get("byteOffset")
        if not isinstance(begin, int) or not 0 <= begin <= len(binary) - 4:
            return None
        return int(struct.unpack_from("<I", binary, begin)[0])
    count: int | None = look.need(name, "integer", least=0)
    return count


def _semantic(look: Look, name: str, shape: tuple[str, int], rows: int | None, binary: bytes) -> None:
    """Check a semantic: numbers, or where they begin in the binary part."""
    value, (kind, width) = look.value[name], shape
    if isinstance(value, dict) and "byteOffset" in value:
        _reference(Look(value, look.at(name), look.found, look.code), IDS if name == "BATCH_ID" else (kind,), width, rows, binary)
    elif width == 1 and name in ("BATCH_LENGTH", "INSTANCES_LENGTH", "POINTS_LENGTH"):
        look.maybe(name, "integer", least=0)
    elif not isinstance(value, list) or not all(map(is_number, value)) or (rows is not None and len(value) != rows * width):
        look.fault(name, f"应为 {'' if rows is None else rows * width} 个数")


def _reference(row: Look, kinds: tuple[str, ...], width: int, rows: int | None, binary: bytes) -> None:
    """Check where numbers lie in the binary part of a table."""
    begin = row.need("byteOffset", "integer", least=0)
    kind = row.maybe("componentType", "string", among=kinds) if "componentType" in row.value else kinds[0]
    if begin is None or kind is None:
        return
    unit = np.dtype(COMPONENTS[TYPES[kind]]).itemsize
    if begin % unit:
        row.fault("byteOffset", f"{begin} 不是 {unit} 的倍数")
    if rows is not None and begin + unit * width * rows > len(binary):
        row.fault("byteOffset", f"到 {begin + unit * width * rows}，表有 {len(binary)} 字节")


def _together(look: Look, magic: bytes) -> None:
    """Check what is not given without something else."""
    table = look.value
    wanted = [("POSITION_QUANTIZED", key) for key in VOLUME] if "POSITION" not in table else []
    if magic == b"i3dm":
        wanted += [(one, other) for pair in PAIRS for one, other in (pair, pair[::-1])]
    if magic == b"pnts":
        wanted += [("BATCH_LENGTH", "BATCH_ID")]
    for one, other in wanted:
        if one in table and other not in table:
            look.fault(other, f"缺失，有 {one} 就要有")
    if magic in (b"i3dm", b"pnts") and not table.keys() & {"POSITION", "POSITION_QUANTIZED"}:
        look.fault("POSITION", "缺失")
    batches, points = table.get("BATCH_LENGTH"), table.get("POINTS_LENGTH")
    if isinstance(batches, int) and isinstance(points, int) and batches > points:
        look.fault("BATCH_LENGTH", f"{batches}，点有 {points} 个")


def _batch(look: Look, binary: bytes, rows: int | None) -> None:
    """Check a batch table: arrays or binary references with a value a feature."""
    compressed = look.value.get("extensions", {}).get(DRACO, {}).get("properties", {})
    for name, value in look.value.items():
        if name in NOT_PROPERTIES or name in compressed:
            continue
        if isinstance(value, list):
            if rows is not None and len(value) != rows:
                look.fault(name, f"{len(value)} 项，应为 {rows}")
        elif isinstance(value, dict):
            row = Look(value, look.at(name), look.found, look.code)
            component = row.need("componentType", "string", among=tuple(TYPES))
            kind = row.need("type", "string", among=("SCALAR", "VEC2", "VEC3", "VEC4"))
            if component is not None and kind is not None:
                _reference(row, (component,), NUMBERS[kind], rows, binary)
        else:
            look.fault(name, "应为 array 或 object")


def placed(tables: Tables, magic: bytes) -> Floats | None:
    """Return where points or instances stand, `(n, 3)` in the tile's frame; None where that can't be told."""
    points = tables.numbers("POSITION", magic)
    if points is None:
        quantized, begin, size = (tables.numbers(name, magic) for name in ("POSITION_QUANTIZED", *VOLUME))
        if quantized is None or begin is None or size is None:
            return None
        points = quantized / 65_535 * size + begin
    return points + centre(tables, magic)


def centre(tables: Tables, magic: bytes) -> Floats:
    """Return what all positions are relative to, `(1, 3)`."""
    middle = tables.numbers("RTC_CENTER", magic)
    return np.zeros((1, 3)) if middle is None else middle
