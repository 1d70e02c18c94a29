"""Checks of one GLB: container, buffers, vertices, feature ids, property table."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.errors import TilesetError
from gis.issues import Issue
from tiles.check_table import check_table
from tiles.findings import finding
from tiles.glb import DTYPES, FLOAT, MESHOPT, WIDTHS, Glb, array, unpack
from tiles.table import decode

NORMAL_TOLERANCE = 1e-3
QUANTISED_NORMAL_TOLERANCE = 0.02
NORMAL_UNITS = {5120: 127, 5122: 32_767}
"""What 1 is in signed normalised components."""
MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading a document of another shape than glTF's ends in."""


Resolve = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Content:
    """What a GLB holds, as far as it could be read."""

    issues: tuple[Issue, ...]
    feature_ids: tuple[bytes, ...] = ()
    """The `feature_id` of each row of the property table."""
    vertices: NDArray[np.float64] | None = None
    """`(n, 3)` in the tile's frame (z up); None where they can't be trusted."""


def _streams(glb: Glb, file: str) -> Iterator[Issue]:
    """Yield compressed buffer views that lie beyond the binary chunk or can't be decompressed."""
    for index, view in enumerate(glb.document["bufferViews"]):
        packed = view.get("extensions", {}).get(MESHOPT)
        if packed is None:
            continue
        begin, size = packed.get("byteOffset", 0), packed["byteLength"]
        if begin < 0 or size < 1 or begin + size > len(glb.binary):
            yield finding("T203", file, f"bufferViews[{index}].extensions.{MESHOPT}")
            continue
        try:
            found = len(glb.view(index))
        except TilesetError as error:
            yield finding("T210", file, f"bufferViews[{index}]：{error}")
            continue
        if found != view["byteLength"]:
            yield finding("T210", file, f"bufferViews[{index}]：解压后 {found} 字节，应为 {view['byteLength']}")


def _bounds(glb: Glb, file: str) -> Iterator[Issue]:
    """Yield buffer views beyond the binary chunk and accessors beyond their view."""
    document = glb.document
    size = document["buffers"][0]["byteLength"]
    if not 0 <= len(glb.binary) - size < 4:
        yield finding("T203", file, f"缓冲 {size} 字节，数据块 {len(glb.binary)} 字节")
    for index, view in enumerate(document["bufferViews"]):
        whole = document["buffers"][view["buffer"]]["byteLength"]
        if view.get("byteOffset", 0) < 0 or view["byteLength"] < 1 or view.get("byteOffset", 0) + view["byteLength"] > whole:
            yield finding("T203", file, f"bufferViews[{index}]")
    for index, accessor in enumerate(document["accessors"]):
        element = np.dtype(DTYPES[accessor["componentType"]]).itemsize * WIDTHS[accessor["type"]]
        view = document["bufferViews"][accessor["bufferView"]]
        stride = view.get("byteStride", element)
        end = accessor.get("byteOffset", 0) + stride * (accessor["count"] - 1) + element
        if accessor["count"] < 1 or accessor.get("byteOffset", 0) < 0 or stride < element or end > view["byteLength"]:
            yield finding("T203", file, f"accessors[{index}]")


def _geometry(glb: Glb, file: str, primitive: dict[str, Any]) -> Iterator[Issue]:
    """Yield faults of the vertices and indices of a primitive."""
    accessors, attributes = glb.document["accessors"], primitive["attributes"]
    counts = {name: accessors[index]["count"] for name, index in attributes.items()}
    if len(set(counts.values())) > 1:
        yield finding("T209", file, str(counts))
    if "indices" in primitive and (largest := int(array(glb, primitive["indices"]).max())) >= counts["POSITION"]:
        yield finding("T204", file, f"索引 {largest}，顶点 {counts['POSITION']}")
    arrays = {name: array(glb, index) for name, index in attributes.items()}
    broken = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if broken:
        yield finding("T206", file, "、".join(broken))
    position = accessors[attributes["POSITION"]]
    if "POSITION" not in broken:
        least, most = arrays["POSITION"].min(axis=0).tolist(), arrays["POSITION"].max(axis=0).tolist()
        if least != position.get("min") or most != position.get("max"):
            yield finding("T205", file, f"数据为 {least} – {most}")
    if "NORMAL" in arrays and "NORMAL" not in broken:
        component = accessors[attributes["NORMAL"]]["componentType"]
        off = np.abs(np.linalg.norm(arrays["NORMAL"] / NORMAL_UNITS.get(component, 1), axis=1) - 1).max()
        if off > (NORMAL_TOLERANCE if component == FLOAT else QUANTISED_NORMAL_TOLERANCE):
            yield finding("T207", file, f"最多相差 {off:.3g}")


def _features(glb: Glb, file: str, primitive: dict[str, Any], count: int) -> Iterator[Issue]:
    """Yield faults between the feature ids of a primitive and the rows of the table."""
    ids = array(glb, primitive["attributes"]["_FEATURE_ID_0"]).astype(float)
    if not np.isfinite(ids).all():
        return
    claimed = primitive["extensions"]["EXT_mesh_features"]["featureIds"][0]["featureCount"]
    if (ids != np.floor(ids)).any() or ids.min() < 0 or ids.max() >= count or claimed != count:
        yield finding("T301", file, f"编号 {ids.min():g}–{ids.max():g}，featureCount {claimed}，属性表 {count} 行")
        return
    unused = np.setdiff1d(np.arange(count), ids.astype(np.int64))
    if len(unused):
        yield finding("T302", file, f"行 {unused[:10].tolist()}")


def _described(primitive: dict[str, Any], document: dict[str, Any]) -> bool:
    """Say whether a primitive has feature ids that point into a property table."""
    ids = primitive.get("extensions", {}).get("EXT_mesh_features", {}).get("featureIds", [])
    tables = document.get("extensions", {}).get("EXT_structural_metadata", {}).get("propertyTables", [])
    return bool(ids) and bool(tables) and "_FEATURE_ID_0" in primitive["attributes"] and ids[0].get("propertyTable") == 0


def _local(node: dict[str, Any]) -> NDArray[np.float64]:
    """Return a node's 4×4 matrix, row-major."""
    if "matrix" in node:
        return np.array(node["matrix"], float).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)), float)
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def _vertices(glb: Glb, nodes: list[int], frame: NDArray[np.float64], depth: int = 0) -> Iterator[NDArray[np.float64]]:
    """Yield the positions of all primitives below nodes, in the scene's frame."""
    if depth > len(glb.document["nodes"]):
        raise ValueError("the nodes form a circle")
    for index in nodes:
        node = glb.document["nodes"][index]
        matrix = frame @ _local(node)
        if "mesh" in node:
            for primitive in glb.document["meshes"][node["mesh"]]["primitives"]:
                yield array(glb, primitive["attributes"]["POSITION"]).astype(float) @ matrix[:3, :3].T + matrix[:3, 3]
        yield from _vertices(glb, node.get("children", []), matrix, depth + 1)


def _schema(metadata: dict[str, Any], file: str, resolve: Resolve) -> dict[str, Any] | Issue:
    """Return the metadata schema of a GLB, from the file that it names where it has none of its own."""
    if "schemaUri" not in metadata:
        inline: dict[str, Any] = metadata["schema"]
        return inline
    data = resolve(metadata["schemaUri"])
    if data is None:
        return finding("T107", file, metadata["schemaUri"])
    try:
        document: dict[str, Any] = json.loads(data)
    except ValueError as error:
        return finding("T303", file, f"{metadata['schemaUri']}：{error}")
    return document


def _content(glb: Glb, file: str, resolve: Resolve) -> Content:
    issues = [*_bounds(glb, file), *_streams(glb, file)]
    if issues:
        return Content(tuple(issues))
    document = glb.document
    primitives = [primitive for mesh in document["meshes"] for primitive in mesh["primitives"]]
    for primitive in primitives:
        issues += _geometry(glb, file, primitive)
    ids: tuple[bytes, ...] = ()
    if all(_described(primitive, document) for primitive in primitives):
        metadata = document["extensions"]["EXT_structural_metadata"]
        table = metadata["propertyTables"][0]
        for primitive in primitives:
            issues += _features(glb, file, primitive, table["count"])
        schema = _schema(metadata, file, resolve)
        faults = [schema] if isinstance(schema, Issue) else list(check_table(glb, file, schema))
        issues += faults
        if not faults and not isinstance(schema, Issue):
            ids = tuple(bytes(row["feature_id"]) for row in decode(schema, table, glb.view))
    else:
        issues.append(finding("T309", file))
    if any(issue.code == "T206" for issue in issues):
        return Content(tuple(issues), ids)
    # 3D Tiles turns glTF's y up to z up: (x, y, z) becomes (x, -z, y).
    turn = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    found = list(_vertices(glb, document["scenes"][document.get("scene", 0)]["nodes"], turn))
    return Content(tuple(issues), ids, np.concatenate(found) if found else None)


def _nowhere(_: str) -> None:
    return None


def check_gltf(data: bytes, file: str, resolve: Resolve = _nowhere) -> Content:
    """Read a GLB and collect everything that is wrong with it; never raises, whatever the bytes.

    Parameters
    ----------
    data : bytes
    file : str
        Where it lies, for the findings.
    resolve : callable
        Relative URI → the file there, None where there is none.
    """
    try:
        glb = unpack(data)
    except TilesetError as error:
        return Content((finding("T201", file, str(error)),))
    try:
        return _content(glb, file, resolve)
    except MALFORMED as error:
        return Content((finding("T202", file, f"{type(error).__name__}: {error}"),))
