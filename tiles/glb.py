"""Binary glTF: one mesh, one primitive, one material, feature ids and a property table.

By glTF 2.0 (ISO/IEC 12113:2022) with EXT_mesh_features, EXT_structural_metadata, KHR_mesh_quantization and EXT_meshopt_compression. The
last two are required, and the views of compressed data lie in a fallback buffer without bytes.

Positions are written in glTF's own frame, y up: (east, up, -north). 3D Tiles turns content from y up to z up, which gives the
east, north, up of the tile again; the node only says what a step of the positions' lattice is and where it begins.
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
from tiles.lattice import FINE_M, Lattice, lattice, local, settled
from tiles.meshopt import decode as decompress
from tiles.meshopt import encode_attributes, encode_several, encode_triangles, exponential, octahedral, order
from tiles.table import OFFSET_BYTES, Rows, by_column, decode, encode

MAGIC, JSON_CHUNK, BIN_CHUNK = b"glTF", b"JSON", b"BIN\0"
HEADER = struct.Struct("<4sII")
CHUNK = struct.Struct("<I4s")

BYTE, SHORT, UNSIGNED_SHORT, UNSIGNED_INT, FLOAT = 5120, 5122, 5123, 5125, 5126
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
"""glTF component types, as numpy names them."""
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
TYPES = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}
ALIGNMENT = 8
"""Of every buffer view: what the widest element of a property table needs."""
MESHOPT, QUANTIZATION, INSTANCING = "EXT_meshopt_compression", "KHR_mesh_quantization", "EXT_mesh_gpu_instancing"
MOST_STRIDE = 32
"""Of compressed columns, bytes an element."""
DESCRIPTION_BYTES = 160
"""What saying that a view is compressed takes in the document."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Instances:
    """A shape that stands in many places."""

    surface: Surface
    """The shape, metres from the place where it stands; its feature ids are not read."""
    offsets: NDArray[np.float64]
    """`(k, 3)` metres: the places."""
    feature_ids: NDArray[np.int64]
    """`(k,)` row of the property table."""


@dataclass(frozen=True, slots=True)
class Glb:
    """A GLB taken apart."""

    document: dict[str, Any]
    binary: bytes
    _views: dict[int, bytes] = field(default_factory=dict, compare=False, repr=False)

    def view(self, index: int) -> bytes:
        """Return the bytes of a buffer view, decompressed where it is compressed.

        Raises
        ------
        TilesetError
            The compressed stream is broken.
        """
        if index not in self._views:
            row = self.document["bufferViews"][index]
            packed = row.get("extensions", {}).get(MESHOPT)
            stored = packed or row
            begin = stored.get("byteOffset", 0)
            data = self.binary[begin : begin + stored["byteLength"]]
            if packed:
                data = decompress(data, packed["count"], packed["byteStride"], packed["mode"], packed.get("filter", "NONE"))
            self._views[index] = data
        return self._views[index]


@dataclass(slots=True)
class _Buffer:
    """The binary chunk while it grows, and beside it the buffer that only says where decompressed data would lie."""

    data: bytearray = field(default_factory=bytearray)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)
    fallback: int = 0
    """Bytes of the data that is stored compressed."""

    def view(self, data: bytes, **rest: int) -> int:
        """Add data as it is."""
        self.data += bytes(-len(self.data) % ALIGNMENT)
        # A buffer view can't be empty (glTF 2.0, 5.11): a column of empty strings keeps one byte that no offset reaches.
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": max(len(data), 1), **rest})
        self.data += data or b"\0"
        return len(self.views) - 1

    def compressed(self, stream: bytes, mode: str, stride: int, count: int, filter_: str | None = None, **rest: int) -> int:
        """Add a stream of the compression extension."""
        self.fallback += -self.fallback % ALIGNMENT
        told = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(stream), "byteStride": stride, "mode": mode}
        told |= {"count": count, **({"filter": filter_} if filter_ else {})}
        size = stride * count
        self.views.append({"buffer": 1, "byteOffset": self.fallback, "byteLength": size, **rest, "extensions": {MESHOPT: told}})
        self.data += stream
        self.fallback += size
        return len(self.views) - 1

    def columns(self, columns: Sequence[tuple[bytes, int]]) -> list[int]:
        """Add columns, each as its bytes and the bytes of an element, compressed where that is shorter; returns their views.

        Columns of the same bytes, as the heights and the tops of what stands on the ground, have one view.
        """
        arrays: dict[int, NDArray[np.uint8]] = {}
        first: dict[tuple[bytes, int], int] = {}
        for index, column in enumerate(columns):
            data, stride = column
            if first.setdefault(column, index) == index and data and stride % 4 == 0 and stride <= MOST_STRIDE:
                arrays[index] = np.frombuffer(data, np.uint8).reshape(-1, stride)
        streams = dict(zip(arrays, encode_several(list(arrays.values())), strict=True)) if arrays else {}
        views = {
            index: self.compressed(streams[index], "ATTRIBUTES", stride, len(data) // stride)
            if index in streams and len(streams[index]) + DESCRIPTION_BYTES < len(data)
            else self.view(data)
            for (data, stride), index in first.items()
        }
        return [views[first[column]] for column in columns]

    def vertices(self, elements: NDArray[np.uint8], normals: NDArray[np.uint8]) -> tuple[int, int]:
        """Add vertices, `(n, stride)` bytes, and their normals as octahedral bytes; returns the two views."""
        streams, stride = encode_several([elements, normals]), elements.shape[1]
        count = len(elements)
        return (
            self.compressed(streams[0], "ATTRIBUTES", stride, count, byteStride=stride, target=ARRAY_BUFFER),
            self.compressed(streams[1], "ATTRIBUTES", 4, count, "OCTAHEDRAL", byteStride=4, target=ARRAY_BUFFER),
        )

    def accessor(self, view: int, component: int, count: int, type_: str, **rest: Any) -> int:
        """Add an accessor."""
        self.accessors.append({"bufferView": view, "componentType": component, "count": count, "type": type_, **rest})
        return len(self.accessors) - 1

    def numbers(self, arrays: Sequence[NDArray[Any]]) -> list[int]:
        """Add what the instances of each shape have, `(n,)` or `(n, k)` each, as floats in one view; returns an accessor each."""
        values = [array.reshape(len(array), -1) for array in arrays]
        together = np.concatenate(values)
        count, stride = len(together), 4 * together.shape[1]
        whole = np.issubdtype(together.dtype, np.integer)
        elements = exponential(together.astype(np.int64)) if whole else together.astype("<f4").view(np.uint8).reshape(count, stride)
        filter_ = "EXPONENTIAL" if whole else None
        view = self.compressed(encode_attributes(elements), "ATTRIBUTES", stride, count, filter_, byteStride=stride)
        begins = np.cumsum([0, *map(len, values)]).tolist()
        return [
            self.accessor(
                view,
                FLOAT,
                len(array),
                TYPES[array.shape[1]],
                **({"byteOffset": begin * stride} if begin else {}),
                **(_bounds(array.astype(np.float32)) if array.shape[1] > 1 else {}),
            )
            for array, begin in zip(values, begins, strict=False)
        ]

    def indices(self, stream: bytes, count: int, component: int) -> int:
        """Add triangles."""
        view = self.compressed(stream, "TRIANGLES", np.dtype(DTYPES[component]).itemsize, count, target=ELEMENT_ARRAY_BUFFER)
        return self.accessor(view, component, count, "SCALAR")

    def described(self) -> list[dict[str, Any]]:
        """Return the buffers of the document."""
        return [{"byteLength": len(self.data)}, {"byteLength": self.fallback, "extensions": {MESHOPT: {"fallback": True}}}]


def y_up(enu: NDArray[Any]) -> NDArray[np.float64]:
    """Turn east, north, up to glTF's x, y, z; `(n, 3)` to `(n, 3)` float64."""
    return np.array([enu[:, 0], enu[:, 2], -enu[:, 1]], np.float64).T


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
    found = np.full((len(colours), 4), 65_535, np.uint16)
    found[:, :3] = _levels()[colours]
    return found


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


def _table(buffer: _Buffer, schema: Mapping[str, Any], class_: str, rows: Rows) -> dict[str, Any]:
    listed = by_column(rows)
    encoded = encode(schema, class_, listed)
    parts = [
        (column.name, name, data, stride)
        for column in encoded
        for name, data, stride in (
            ("values", column.values, column.stride),
            ("arrayOffsets", column.array_offsets, OFFSET_BYTES),
            ("stringOffsets", column.offsets, OFFSET_BYTES),
        )
        if data is not None
    ]
    properties: dict[str, Any] = {}
    for (name, part, *_), view in zip(parts, buffer.columns([(data, stride) for *_, data, stride in parts]), strict=True):
        stored = properties.setdefault(name, {})
        stored[part] = view
        if part != "values":
            stored[f"{part.removesuffix('s')}Type"] = "UINT32"
    return {"name": class_, "class": class_, "count": listed.count, "properties": properties}


Corners = NDArray[np.float64]
"""`(2, 3)` metres: least and greatest east, north, up."""


def _around(positions: NDArray[np.float64]) -> Corners:
    columns = np.ascontiguousarray(positions.T)
    return np.array([columns.min(axis=1), columns.max(axis=1)])


def _spanned(surface: Surface | None, instances: Sequence[Instances]) -> list[tuple[Corners, Corners]]:
    """Return the boxes around what stands once, from nought, and around the places and the shape of each group of instances."""
    once = [] if surface is None else [(_around(surface.positions), np.zeros((2, 3)))]
    return once + [(_around(group.offsets), _around(group.surface.positions)) for group in instances]


def _grid(boxes: Sequence[tuple[Corners, Corners]], steps_m: Sequence[float]) -> Lattice | None:
    return lattice(np.concatenate([box for where, shape in boxes for box in (where, where + shape)]), steps_m)


def _turned(box: Corners) -> Corners:
    """Return a box in glTF's frame."""
    return np.sort(y_up(box), axis=0)


def extent(surface: Surface | None, instances: Sequence[Instances] = (), steps_m: Sequence[float] = FINE_M) -> Corners:
    """Return the least and greatest position, `(2, 3)` metres, of what `write` makes of the same."""
    boxes = _spanned(surface, instances)
    grid = _grid(boxes, steps_m)
    # Rounding keeps the order of places: the corners of what is rounded are the corners, rounded.
    together = np.array([settled(where, grid) + local(shape, grid) for where, shape in boxes])
    return np.array([together[:, 0].min(axis=0), together[:, 1].max(axis=0)])


def _bounds(array: NDArray[Any]) -> dict[str, list[Any]]:
    """Return the least and greatest of each column."""
    columns = np.ascontiguousarray(array.T)
    return {"min": columns.min(axis=1).tolist(), "max": columns.max(axis=1).tolist()}


def _primitives(
    buffer: _Buffer, surfaces: Sequence[tuple[Surface, NDArray[Any]]], component: int, *, own_ids: bool
) -> list[dict[str, Any]]:
    """Add surfaces, each with its positions as they are written, `(n, 3)` of the component's type; returns their primitives.

    Their vertices lie in common views, for each view takes its line in the document.
    """
    width = 3 * np.dtype(DTYPES[component]).itemsize
    # Each attribute begins at a multiple of 4 bytes (glTF 2.0, 3.6.2.4).
    size = -(-width // 4) * 4
    stride = size + 8 + (4 if own_ids else 0)
    orders, vertices, normals = [order(surface.triangles, len(surface.positions)) for surface, _ in surfaces], [], []
    for (surface, places), ordered in zip(surfaces, orders, strict=True):
        elements = np.zeros((len(places), stride), np.uint8)
        elements[:, :width] = np.ascontiguousarray(places).view(np.uint8)
        elements[:, size : size + 8] = linear(surface.colours).view(np.uint8)
        if own_ids:
            elements[:, size + 8 : size + 10] = surface.feature_ids.astype("<u2")[:, None].view(np.uint8)
        vertices.append(elements.take(ordered.vertices, axis=0))
        normals.append(octahedral(y_up(surface.normals.take(ordered.vertices, axis=0))))
    view, normal_view = buffer.vertices(np.concatenate(vertices), np.concatenate(normals))
    made, begin = [], 0
    for (_, places), ordered in zip(surfaces, orders, strict=True):
        count, at = len(places), begin * stride
        attributes = {
            "POSITION": buffer.accessor(view, component, count, "VEC3", byteOffset=at, **_bounds(places)),
            "NORMAL": buffer.accessor(normal_view, BYTE, count, "VEC3", byteOffset=4 * begin, normalized=True),
            "COLOR_0": buffer.accessor(view, UNSIGNED_SHORT, count, "VEC4", byteOffset=at + size, normalized=True),
        }
        if own_ids:
            attributes["_FEATURE_ID_0"] = buffer.accessor(view, UNSIGNED_SHORT, count, "SCALAR", byteOffset=at + size + 8)
        # 65 535 restarts primitives in WebGL and is no index (glTF 2.0, 3.7.2.1).
        index = UNSIGNED_SHORT if count <= 65_535 else UNSIGNED_INT
        indices = buffer.indices(encode_triangles(ordered), ordered.triangles.size, index)
        made.append({"attributes": attributes, "indices": indices, "material": 0, "mode": 4})
        begin += count
    return made


def _features(count: int) -> dict[str, Any]:
    return {"featureIds": [{"featureCount": count, "attribute": 0, "propertyTable": 0}]}


@dataclass(frozen=True, slots=True)
class _Nodes:
    """What of the document is one entry a mesh."""

    meshes: list[dict[str, Any]] = field(default_factory=list)
    nodes: list[dict[str, Any]] = field(default_factory=list)

    def add(self, primitive: dict[str, Any], node: dict[str, Any]) -> None:
        self.nodes.append({"mesh": len(self.meshes), **node})
        self.meshes.append({"primitives": [primitive]})


def _instanced(buffer: _Buffer, groups: Sequence[Instances], grid: Lattice | None) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Add shapes and their places; returns the primitive of each and the extensions of its node.

    The node says what a step is, so places and vertices both count steps, and all that is shown lies on one lattice.
    """
    shapes = [(group.surface, y_up(group.surface.positions)) for group in groups]
    where: list[NDArray[Any]] = [y_up(group.offsets) for group in groups]
    if grid is None:
        primitives = _primitives(buffer, [(surface, shape.astype(np.float32)) for surface, shape in shapes], FLOAT, own_ids=False)
    else:
        steps = [(surface, np.round(shape / grid.step_m).astype(np.int16)) for surface, shape in shapes]
        primitives, where = _primitives(buffer, steps, SHORT, own_ids=False), [grid.places(one) for one in where]
    moves, ids = buffer.numbers(where), buffer.numbers([group.feature_ids for group in groups])
    return [
        (
            primitive,
            {
                INSTANCING: {"attributes": {"TRANSLATION": move, "_FEATURE_ID_0": id_}},
                "EXT_instance_features": _features(len(group.feature_ids)),
            },
        )
        for group, primitive, move, id_ in zip(groups, primitives, moves, ids, strict=True)
    ]


def write(
    surface: Surface | None,
    schema: Mapping[str, Any],
    class_: str,
    rows: Rows,
    schema_uri: str,
    *,
    instances: Sequence[Instances] = (),
    steps_m: Sequence[float] = FINE_M,
) -> bytes:
    """Return a GLB; the same input gives the same bytes.

    Vertices come in the order of their first use, and the corners of a triangle may be turned; feature ids are kept exactly.

    Parameters
    ----------
    surface : what stands once; None where there is nothing of the sort
    schema : 3D Metadata schema
    class_ : class of the rows
    rows : one a feature, in the order of the feature ids; at most 65 536
    schema_uri : where the schema lies, seen from the GLB
    instances : what stands in many places
    steps_m : of the lattice of positions, finest first
    """
    buffer, made = _Buffer(), _Nodes()
    grid = _grid([(_turned(where), _turned(shape)) for where, shape in _spanned(surface, instances)], steps_m)
    placed = {} if grid is None else {"translation": list(grid.origin), "scale": [grid.step_m] * 3}
    if surface is not None:
        positions = y_up(surface.positions)
        places: NDArray[Any] = positions.astype(np.float32) if grid is None else grid.places(positions)
        (primitive,) = _primitives(buffer, [(surface, places)], FLOAT if grid is None else UNSIGNED_SHORT, own_ids=True)
        count = len(np.unique(surface.feature_ids))
        made.add({**primitive, "extensions": {"EXT_mesh_features": _features(count)}}, placed)
    for primitive, extensions in _instanced(buffer, instances, grid) if instances else ():
        made.add(primitive, {**placed, "extensions": extensions})
    table = _table(buffer, schema, class_, rows)
    required = [MESHOPT, QUANTIZATION, *([INSTANCING] if instances else [])]
    optional = [*(["EXT_mesh_features"] if surface is not None else []), *(["EXT_instance_features"] if instances else [])]
    document = {
        "asset": {"version": "2.0", "generator": "quanjing"},
        "extensionsUsed": [*optional, "EXT_structural_metadata", *required],
        "extensionsRequired": required,
        "extensions": {"EXT_structural_metadata": {"schemaUri": schema_uri, "propertyTables": [table]}},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(made.nodes)))}],
        "nodes": made.nodes,
        "meshes": made.meshes,
        "materials": [{"pbrMetallicRoughness": {"metallicFactor": 0, "roughnessFactor": 0.9}}],
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": buffer.described(),
    }
    return pack(document, bytes(buffer.data))


def read(data: bytes, schema: Mapping[str, Any]) -> tuple[Surface, list[dict[str, Any]]]:
    """Return the triangles and the rows of a GLB that `write` wrote without instances; positions as they lie on its lattice.

    Parameters
    ----------
    data : the GLB
    schema : 3D Metadata schema that it was written with

    Raises
    ------
    TilesetError
        The container or a compressed stream is broken.
    """
    glb = unpack(data)
    node = glb.document["nodes"][0]
    primitive = glb.document["meshes"][0]["primitives"][0]
    found = {name: array(glb, index) for name, index in primitive["attributes"].items()}
    scale, translation = node.get("scale", [1.0] * 3), node.get("translation", [0.0] * 3)
    normals = z_up(found["NORMAL"])
    surface = Surface(
        z_up(found["POSITION"] * np.array(scale) + translation),
        (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32),
        srgb(found["COLOR_0"]),
        found["_FEATURE_ID_0"].astype(np.int64),
        array(glb, primitive["indices"]).astype(np.uint32).reshape(-1, 3),
    )
    table = glb.document["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
    return surface, decode(schema, table, glb.view)
