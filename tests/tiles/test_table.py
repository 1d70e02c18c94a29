import pytest

from gis.errors import TilesetError
from tiles.glb import Glb
from tiles.table import Binary, decode, encode, statistics, together, told

UINT8S = {"type": "SCALAR", "componentType": "UINT8", "array": True}
PROPERTIES = {
    "id": {**UINT8S, "count": 2, "required": True},
    "name": {"type": "STRING", "noData": ""},
    "size": {"type": "SCALAR", "componentType": "FLOAT32", "noData": -9.0},
    "storeys": {"type": "SCALAR", "componentType": "INT32", "noData": -1},
    "sort": {"type": "ENUM", "enumType": "sort", "noData": "no_data"},
    "serial": {"type": "SCALAR", "componentType": "INT64", "noData": -(2**63)},
    "listed": {"type": "BOOLEAN", "required": True},
    "floors": {**UINT8S, "noData": []},
    "names": {"type": "STRING", "array": True, "required": True},
    "flags": {"type": "BOOLEAN", "array": True, "required": True},
    "spot": {"type": "VEC2", "componentType": "INT16", "noData": [0, 0]},
    "sorts": {"type": "ENUM", "enumType": "sort", "array": True, "count": 2, "required": True},
}
SCHEMA = {
    "id": "t",
    "classes": {"thing": {"properties": PROPERTIES}},
    "enums": {"sort": {"valueType": "UINT8", "values": [{"name": "no_data", "value": 0}, {"name": "tank", "value": 1}]}},
}
LARGE = 2**53 + 1
"""An integer that float64 does not hold."""
ROWS = [
    {"id": [1, 2], "name": "储罐", "size": 1.5, "storeys": 3, "sort": "tank", "serial": LARGE, "listed": True, "floors": [7, 8, 9],
     "names": ["甲", ""], "flags": [True, False, True], "spot": [-1, 2], "sorts": ["tank", "tank"]},
    {"id": [255, 0], "name": None, "size": None, "storeys": None, "sort": None, "serial": None, "listed": False, "floors": None,
     "names": [], "flags": [], "spot": None, "sorts": ["no_data", "tank"]},
    {"id": [0, 0], "name": "𠮷a", "size": -0.25, "storeys": 0, "sort": "tank", "serial": -5, "listed": True, "floors": [1],
     "names": ["乙"], "flags": [True], "spot": [300, -300], "sorts": ["tank", "no_data"]},
]  # fmt: skip
PARTS = {"values": "values", "stringOffsets": "offsets", "arrayOffsets": "array_offsets"}


def as_glb(columns: list[Binary]) -> tuple[dict[str, object], Glb]:
    views, binary, properties = [], b"", {}
    for column in columns:
        row = {}
        for key, part in PARTS.items():
            data = getattr(column, part)
            if data is not None:
                row[key] = len(views)
                views.append({"byteOffset": len(binary), "byteLength": len(data)})
                binary += data
        properties[column.name] = row
    return {"class": "thing", "count": len(ROWS), "properties": properties}, Glb({"bufferViews": views}, binary)


def test_byte_by_byte() -> None:
    assert encode(SCHEMA, "thing", ROWS) == [
        Binary("id", bytes([1, 2, 255, 0, 0, 0]), 2),
        Binary("name", "储罐𠮷a".encode(), 1, bytes.fromhex("00000000 06000000 06000000 0b000000")),
        Binary("size", bytes.fromhex("0000c03f 000010c1 000080be"), 4),
        Binary("storeys", bytes.fromhex("03000000 ffffffff 00000000"), 4),
        Binary("sort", bytes([1, 0, 1]), 1),
        Binary("serial", bytes.fromhex("0100000000002000 0000000000000080 fbffffffffffffff"), 8),
        Binary("listed", bytes([0b101]), 1),
        Binary("floors", bytes([7, 8, 9, 1]), 1, None, bytes.fromhex("00000000 03000000 03000000 04000000")),
        Binary(
            "names",
            "甲乙".encode(),
            1,
            bytes.fromhex("00000000 03000000 03000000 06000000"),
            bytes.fromhex("00000000 02000000 02000000 03000000"),
        ),
        Binary("flags", bytes([0b1101]), 1, None, bytes.fromhex("00000000 03000000 03000000 04000000")),
        Binary("spot", bytes.fromhex("ffff0200 00000000 2c01d4fe"), 4),
        Binary("sorts", bytes([1, 1, 0, 1, 1, 0]), 2),
    ]


def test_there_and_back() -> None:
    table, glb = as_glb(encode(SCHEMA, "thing", ROWS))
    assert decode(SCHEMA, table, glb.view) == ROWS


def test_statistics_leave_out_what_is_unknown_or_no_number() -> None:
    few = {
        "size": PROPERTIES["size"],
        "storeys": PROPERTIES["storeys"],
        "sort": PROPERTIES["sort"],
        "name": PROPERTIES["name"],
        "id": PROPERTIES["id"],
    }
    schema = {**SCHEMA, "classes": {"thing": {"properties": few}}}
    assert statistics(schema, "thing", together([told(schema, "thing", ROWS[:1]), told(schema, "thing", ROWS[1:])])) == {
        "classes": {
            "thing": {
                "count": 3,
                "properties": {
                    "size": {
                        "min": -0.25,
                        "max": 1.5,
                        "mean": 0.625,
                        "median": 0.625,
                        "standardDeviation": 0.875,
                        "variance": 0.765625,
                        "sum": 1.25,
                    },
                    "storeys": {"min": 0, "max": 3, "mean": 1.5, "median": 1.5, "standardDeviation": 1.5, "variance": 2.25, "sum": 3},
                    "sort": {"occurrences": {"tank": 2}},
                },
            }
        }
    }


def test_unknown_types_are_refused() -> None:
    schema = {"classes": {"thing": {"properties": {"m": {"type": "MAT4"}}}}}
    with pytest.raises(TilesetError):
        encode(schema, "thing", [{"m": 1}])
