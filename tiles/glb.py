"""Binary glTF: one mesh, one primitive, one material, feature ids and a property table.

By glTF 2.0 (ISO/IEC 12113:2022) with EXT_mesh_features and EXT_structural_metadata.

Positions are written in glTF's own frame, y up: (east, up, -north). 3D Tiles turns content from y up to z up, which gives the
east, north, up of the tile again, so no node carries a matrix.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.errors import TilesetError
from tiles.table import decode, encode

MAGIC, JSON_CHUNK, BIN_CHUNK = b"glTF", b"JSON", b"BIN\0"
HEADER = struct.Struct("<4sII")
CHUNK = struct.Struct("<I4s")

FLOAT, UNSIGNED_SHORT, UNSIGNED_INT = 5126, 5123, 5125
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
"""glTF component types, as numpy names them."""
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
ALIGNMENT = 8
"""Of every buffer view: what the widest element of a property table needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The triangles of a tile."""

    positions: NDArray[np.float64]
    """`(n, 3)` metres: east, north, up."""
    normals: NDArray[np.float32]
    """`(n, 3)` unit: east, north, up."""
    colours: NDArray[np.uint8]
    """`(n, 3)` sRGB."""
    feature_ids: NDArray[np.int64]
    """`(n,)` row of the property table."""
    triangles: NDArray[np.uint32]
    """`(m, 3)`."""


@dataclass(frozen=True, slots=True)
class Glb:
    """A GLB taken apart."""

    document: dict[str, Any]
    binary: bytes

    def view(self, index: int) -> bytes:
        """Return the bytes of a buffer view."""
        row = self.document["bufferViews"][index]
        begin = row.get("byteOffset", 0)
        return self.binary[begin : begin + row["byteLength"]]


@dataclass(slots=True)
class _Buffer:
    """The binary chunk while it grows."""

    data: bytearray = field(default_factory=bytearray)
    views: list[dict[str, int]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def view(self, data: bytes, target: int | None = None) -> int:
        self.data += bytes(-len(self.data) % ALIGNMENT)
        # A buffer view can't be empty (glTF 2.0, 5.11): a column of empty strings keeps one byte that no offset reaches.
        self.views.append(
            {"buffer": 0, "byteOffset": len(self.data), "byteLength": max(len(data), 1), **({"target": target} if target else {})}
        )
        self.data += data or b"\0"
        return len(self.views) - 1

    def accessor(self, array: NDArray[Any], component: int, type_: str, target: int, **rest: Any) -> int:
        row = {"bufferView": self.view(array.astype(DTYPES[component]).tobytes(), target), "componentType": component}
        self.accessors.append({**row, "count": array.size // WIDTHS[type_], "type": type_, **rest})
        return len(self.accessors) - 1


def y_up(enu: NDArray[Any]) -> NDArray[np.float32]:
    """Turn east, north, up to glTF's x, y, z; `(n, 3)` to `(n, 3)` float32."""
    return np.column_stack([enu[:, 0], enu[:, 2], -enu[:, 1]]).astype(np.float32)


def z_up(positions: NDArray[Any]) -> NDArray[np.float64]:
    """Turn glTF's x, y, z to east, north, up; `(n, 3)` to `(n, 3)` float64."""
    return np.column_stack([positions[:, 0], -positions[:, 2], positions[:, 1]]).astype(np.float64)


@cache
def _levels() -> NDArray[np.uint16]:
    """Return the linear light of each sRGB level, normalised (glTF 2.0, 3.7.2.1; IEC 61966-2-1)."""
    share = np.arange(256) / 255
    table = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.round(table * 65_535).astype(np.uint16)


def linear(colours: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Turn sRGB colours to linear light, opaque: `(n, 3)` uint8 to `(n, 4)` uint16, normalised.

    16 bits because dark sRGB colours would share values in 8.
    """
    return np.column_stack([_levels()[colours], np.full(len(colours), 65_535, np.uint16)])


def srgb(colours: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Turn linear light as `linear` writes it back to sRGB: `(n, 4)` uint16 to `(n, 3)` uint8."""
    return np.searchsorted(_levels(), colours[:, :3]).astype(np.uint8)


def compact(document: Mapping[str, Any]) -> bytes:
    """Return JSON without blanks, UTF-8, keys in the order given: the same document gives the same bytes."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def pack(document: Mapping[str, Any], binary: bytes) -> bytes:
    """Join a glTF document and its buffer to a GLB (glTF 2.0, 4.4)."""
    text = compact(document)
    text += b" " * (-len(text) % 4)
    binary += bytes(-len(binary) % 4)
    chunks = CHUNK.pack(len(text), JSON_CHUNK) + text + CHUNK.pack(len(binary), BIN_CHUNK) + binary
    return HEADER.pack(MAGIC, 2, HEADER.size + len(chunks)) + chunks


def unpack(data: bytes) -> Glb:
    """Take a GLB apart.

    Raises
    ------
    TilesetError
        The container is broken: header, lengths, chunks or JSON.
    """
    try:
        magic, version, length = HEADER.unpack_from(data)
        size, kind = CHUNK.unpack_from(data, HEADER.size)
        text = data[HEADER.size + CHUNK.size :][:size]
        rest = HEADER.size + CHUNK.size + size
        binary_size, binary_kind = CHUNK.unpack_from(data, rest)
        document = json.loads(text)
    except (struct.error, ValueError) as error:
        raise TilesetError(f"not a binary glTF: {error}") from error
    if (magic, version, kind, binary_kind) != (MAGIC, 2, JSON_CHUNK, BIN_CHUNK) or not isinstance(document, dict):
        raise TilesetError("not a binary glTF 2 with one JSON and one binary chunk")
    if length != len(data) or rest + CHUNK.size + binary_size != len(data) or len(data) % 4:
        raise TilesetError(f"the header says {length} bytes, the file has {len(data)}")
    return Glb(document, data[rest + CHUNK.size :])


def array(glb: Glb, index: int) -> NDArray[Any]:
    """Return the elements of an accessor, `(n,)` or `(n, k)`, in their stored type."""
    accessor = glb.document["accessors"][index]
    view = glb.document["bufferViews"][accessor["bufferView"]]
    dtype, width = np.dtype(DTYPES[accessor["componentType"]]), WIDTHS[accessor["type"]]
    stride = view.get("byteStride", dtype.itemsize * width)
    data = glb.view(accessor["bufferView"])
    elements: NDArray[Any] = np.ndarray((accessor["count"], width), dtype, data, accessor.get("byteOffset", 0), (stride, dtype.itemsize))
    return elements[:, 0] if width == 1 else elements


def _table(buffer: _Buffer, schema: Mapping[str, Any], class_: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for column in encode(schema, class_, rows):
        properties[column.name] = {"values": buffer.view(column.values)}
        if column.offsets is not None:
            properties[column.name] |= {"stringOffsets": buffer.view(column.offsets), "stringOffsetType": "UINT32"}
    return {"name": class_, "class": class_, "count": len(rows), "properties": properties}


def write(surface: Surface, schema: Mapping[str, Any], class_: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a GLB; the same input gives the same bytes.

    Parameters
    ----------
    surface : Surface
    schema : 3D Metadata schema, carried inline so that a tile can be read alone
    class_ : class of the rows
    rows : one a feature, in the order of `surface.feature_ids`
    """
    buffer = _Buffer()
    positions = y_up(surface.positions)
    bounds = {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}
    attributes = {
        "POSITION": buffer.accessor(positions, FLOAT, "VEC3", ARRAY_BUFFER, **bounds),
        "NORMAL": buffer.accessor(y_up(surface.normals), FLOAT, "VEC3", ARRAY_BUFFER),
        "COLOR_0": buffer.accessor(linear(surface.colours), UNSIGNED_SHORT, "VEC4", ARRAY_BUFFER, normalized=True),
        # Float, because an attribute's stride is a multiple of 4 bytes and WebGL takes it as it is; exact for 2^24 rows.
        "_FEATURE_ID_0": buffer.accessor(surface.feature_ids, FLOAT, "SCALAR", ARRAY_BUFFER),
    }
    # 65 535 restarts primitives in WebGL and is no index (glTF 2.0, 3.7.2.1).
    small = len(positions) <= 65_535
    indices = buffer.accessor(surface.triangles, UNSIGNED_SHORT if small else UNSIGNED_INT, "SCALAR", ELEMENT_ARRAY_BUFFER)
    table = _table(buffer, schema, class_, rows)
    features = {"featureIds": [{"featureCount": len(rows), "attribute": 0, "propertyTable": 0}]}
    document = {
        "asset": {"version": "2.0", "generator": "quanjing"},
        "extensionsUsed": ["EXT_mesh_features", "EXT_structural_metadata"],
        "extensions": {"EXT_structural_metadata": {"schema": schema, "propertyTables": [table]}},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [
            {
                "primitives": [
                    {
                        "attributes": attributes,
                        "indices": indices,
                        "material": 0,
                        "mode": 4,
                        "extensions": {"EXT_mesh_features": features},
                    }
                ]
            }
        ],
        "materials": [{"pbrMetallicRoughness": {"metallicFactor": 0, "roughnessFactor": 0.9}}],
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.data)}],
    }
    return pack(document, bytes(buffer.data))


def read(data: bytes) -> tuple[Surface, list[dict[str, Any]]]:
    """Return the triangles and the rows of a GLB that `write` wrote; positions as float32 kept them.

    Raises
    ------
    TilesetError
        The container is broken.
    """
    glb = unpack(data)
    primitive = glb.document["meshes"][0]["primitives"][0]
    found = {name: array(glb, index) for name, index in primitive["attributes"].items()}
    metadata = glb.document["extensions"]["EXT_structural_metadata"]
    surface = Surface(
        z_up(found["POSITION"]),
        z_up(found["NORMAL"]).astype(np.float32),
        srgb(found["COLOR_0"]),
        found["_FEATURE_ID_0"].astype(np.int64),
        array(glb, primitive["indices"]).astype(np.uint32).reshape(-1, 3),
    )
    return surface, decode(metadata["schema"], metadata["propertyTables"][0], glb.view)
