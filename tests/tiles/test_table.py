import pytest

from gis.errors import TilesetError
from tiles.glb import Glb
from tiles.table import Binary, decode, encode, statistics

SCHEMA = {
    "id": "t",
    "classes": {
        "thing": {
            "properties": {
                "id": {"type": "SCALAR", "componentType": "UINT8", "array": True, "count": 2, "required": True},
                "name": {"type": "STRING", "noData": ""},
                "size": {"type": "SCALAR", "componentType": "FLOAT32", "noData": -9.0},
                "storeys": {"type": "SCALAR", "componentType": "INT32", "noData": -1},
                "sort": {"type": "ENUM", "enumType": "sort", "noData": "no_data"},
            }
        }
    },
    "enums": {"sort": {"valueType": "UINT8", "values": [{"name": "no_data", "value": 0}, {"name": "tank", "value": 1}]}},
}
ROWS = [
    {"id": [1, 2], "name": "储罐", "size": 1.5, "storeys": 3, "sort": "tank"},
    {"id": [255, 0], "name": None, "size": None, "storeys": None, "sort": None},
    {"id": [0, 0], "name": "𠮷a", "size": -0.25, "storeys": 0, "sort": "tank"},
]


def as_glb(columns: list[Binary]) -> tuple[dict[str, object], Glb]:
    views, binary, properties = [], b"", {}
    for column in columns:
        row = {}
        for key, data in (("values", column.values), ("stringOffsets", column.offsets)):
            if data is not None:
                row[key] = len(views)
                views.append({"byteOffset": len(binary), "byteLength": len(data)})
                binary += data
        properties[column.name] = row
    return {"class": "thing", "count": len(ROWS), "properties": properties}, Glb({"bufferViews": views}, binary)


def test_byte_by_byte() -> None:
    assert encode(SCHEMA, "thing", ROWS) == [
        Binary("id", bytes([1, 2, 255, 0, 0, 0])),
        Binary("name", "储罐𠮷a".encode(), bytes.fromhex("00000000 06000000 06000000 0b000000")),
        Binary("size", bytes.fromhex("0000c03f 000010c1 000080be")),
        Binary("storeys", bytes.fromhex("03000000 ffffffff 00000000")),
        Binary("sort", bytes([1, 0, 1])),
    ]


def test_there_and_back() -> None:
    table, glb = as_glb(encode(SCHEMA, "thing", ROWS))
    assert decode(SCHEMA, table, glb.view) == ROWS


def test_statistics_leave_out_what_is_unknown() -> None:
    assert statistics(SCHEMA, "thing", ROWS) == {
        "classes": {
            "thing": {
                "count": 3,
                "properties": {
                    "size": {"min": -0.25, "max": 1.5, "mean": 0.625},
                    "storeys": {"min": 0, "max": 3, "mean": 1.5},
                    "sort": {"occurrences": {"tank": 2}},
                },
            }
        }
    }


def test_unknown_types_are_refused() -> None:
    schema = {"classes": {"thing": {"properties": {"m": {"type": "MAT4"}}}}}
    with pytest.raises(TilesetError):
        encode(schema, "thing", [{"m": 1}])
