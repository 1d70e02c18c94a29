"""What the vertices of a glTF say: types of attributes, indices, bounds, normals, where they lie, whether what they make is closed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.checks.gltf import COMPRESSED_ELSEWHERE, Gltf
from tiles.checks.look import Found
from tiles.glb import FLOAT, INSTANCING, QUANTIZATION

NORMAL_TOLERANCE = 1e-3
QUANTISED_NORMAL_TOLERANCE = 0.02
UNITS = {5120: 127, 5121: 255, 5122: 32_767, 5123: 65_535}
"""What 1 is in normalised components (3.11)."""
SHARES = ("NORMAL", "TANGENT", "TEXCOORD", "COLOR", "WEIGHTS")
"""Attributes whose integers stand for numbers of at most 1."""
UNSIGNED_INT = 5125
TRIANGLES = 4
Y_UP = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
"""3D Tiles turns glTF's y up to z up: (x, y, z) becomes (x, -z, y)."""
PLAIN = {
    "POSITION": (("VEC3",), (5126,)),
    "NORMAL": (("VEC3",), (5126,)),
    "TANGENT": (("VEC4",), (5126,)),
    "TEXCOORD": (("VEC2",), (5121, 5123, 5126)),
    "COLOR": (("VEC3", "VEC4"), (5121, 5123, 5126)),
    "JOINTS": (("VEC4",), (5121, 5123)),
    "WEIGHTS": (("VEC4",), (5121, 5123, 5126)),
}
"""Attribute → types and component types (glTF 2.0, 3.7.2.1)."""
QUANTISED = {
    "POSITION": (5120, 5121, 5122, 5123, 5126),
    "NORMAL": (5120, 5122, 5126),
    "TANGENT": (5120, 5122, 5126),
    "TEXCOORD": (5120, 5121, 5122, 5123, 5126),
}
"""Attribute → component types with KHR_mesh_quantization."""
UNMOVED = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
"""Translation, rotation and scale of what stands as it is."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A primitive as a node draws it."""

    primitive: Mapping[str, Any]
    node: Mapping[str, Any]
    matrices: Floats
    """`(k, 4, 4)`: one, or one an instance; to the tile's frame, z up."""


def _types(gltf: Gltf, where: str, attributes: Mapping[str, int]) -> None:
    accessors = gltf.document["accessors"]
    for name, index in attributes.items():
        reason = _unfit(name, accessors[index], quantized=QUANTIZATION in gltf.used)
        if reason is not None:
            gltf.found.add("T211", f"{where}.{name}", reason)
    joints, weights = (sum(name.startswith(stem) for name in attributes) for stem in ("JOINTS_", "WEIGHTS_"))
    if joints != weights:
        gltf.found.add("T211", where, f"{joints} 组 JOINTS，{weights} 组 WEIGHTS")
    counts = {name: accessors[index]["count"] for name, index in attributes.items()}
    if len(set(counts.values())) > 1:
        gltf.found.add("T209", where, str(counts))


def _unfit(name: str, row: Mapping[str, Any], *, quantized: bool) -> str | None:
    """Say what keeps an accessor from being an attribute (3.7.2.1); None where nothing does."""
    stem, component, normalized = name.partition("_")[0], row["componentType"], row.get("normalized", False)
    if name.startswith("_"):
        return "顶点属性不得为 UNSIGNED_INT" if component == UNSIGNED_INT else None
    if stem not in PLAIN:
        return "没有这种属性，自定义的须以 _ 开头"
    types, components = PLAIN[stem]
    if row["type"] not in types or component not in (QUANTISED.get(stem, components) if quantized else components):
        return f"{row['type']} {component}"
    if stem in SHARES and component != FLOAT and not normalized and not (stem == "TEXCOORD" and quantized):
        return "整数须归一化"
    return "不得归一化" if stem == "JOINTS" and normalized else None


def _indices(gltf: Gltf, where: str, primitive: Mapping[str, Any], count: int) -> None:
    index = primitive["indices"]
    row = gltf.document["accessors"][index]
    if row["type"] != "SCALAR" or row["componentType"] not in (5121, 5123, 5125) or row.get("normalized"):
        gltf.found.add("T211", f"{where}.indices", f"{row['type']} {row['componentType']}")
        return
    values = gltf.array(index)
    if values is None:
        return
    largest = int(values.max())
    if largest >= count:
        gltf.found.add("T204", f"{where}.indices", f"索引 {largest}，顶点 {count}")
    if primitive.get("mode", TRIANGLES) == TRIANGLES and len(values) % 3:
        gltf.found.warn("T211", f"{where}.indices", f"{len(values)} 个索引不成三角形")


def _values(gltf: Gltf, where: str, attributes: Mapping[str, int]) -> None:
    for name, index in attributes.items():
        values = gltf.array(index)
        if values is None:
            continue
        row = gltf.document["accessors"][index]
        if row["componentType"] == FLOAT and not np.isfinite(values).all():
            gltf.found.add("T206", f"{where}.{name}")
            continue
        if name == "POSITION" and not {"min", "max"} <= row.keys():
            gltf.found.add("T205", f"{where}.{name}", "缺少 min、max")
        if name in ("NORMAL", "TANGENT") and values.ndim == 2:
            units = values / (UNITS[row["componentType"]] if row.get("normalized") else 1)
            off = np.abs(np.linalg.norm(units[:, :3], axis=1) - 1).max()
            if name == "TANGENT" and not np.isin(units[:, 3], (-1, 1)).all():
                gltf.found.add("T211", f"{where}.{name}", "w 须为 1 或 -1")
            if off > (NORMAL_TOLERANCE if row["componentType"] == FLOAT else QUANTISED_NORMAL_TOLERANCE):
                gltf.found.add("T207", f"{where}.{name}", f"最多相差 {off:.3g}")


def check_primitives(gltf: Gltf) -> None:
    """Find what is wrong with the vertices and indices of all primitives."""
    accessors = gltf.document.get("accessors", [])
    for number, mesh in enumerate(gltf.list("meshes")):
        for index, primitive in enumerate(mesh["primitives"]):
            where = f"meshes[{number}].primitives[{index}]"
            attributes = primitive["attributes"]
            if "POSITION" not in attributes:
                gltf.found.warn("T211", f"{where}.attributes", "没有 POSITION")
            _types(gltf, f"{where}.attributes", attributes)
            if gltf.found.broken or any(name in primitive.get("extensions", {}) for name in COMPRESSED_ELSEWHERE):
                continue
            _values(gltf, f"{where}.attributes", attributes)
            first = next(iter(attributes.values()))
            count = accessors[attributes.get("POSITION", first)]["count"]
            if "indices" in primitive:
                _indices(gltf, where, primitive, count)
            elif primitive.get("mode", TRIANGLES) == TRIANGLES and count % 3:
                gltf.found.warn("T211", where, f"{count} 个顶点不成三角形")


def _local(node: Mapping[str, Any]) -> Floats:
    """Return a node's 4×4 matrix, row-major."""
    if "matrix" in node:
        matrix: Floats = np.array(node["matrix"], float).reshape(4, 4).T
        return matrix
    parts = [np.array([node.get(key, plain)], float) for key, plain in zip(("translation", "rotation", "scale"), UNMOVED, strict=True)]
    whole: Floats = _composed(*parts)[0]
    return whole


def _composed(translation: Floats, rotation: Floats, scale: Floats) -> Floats:
    """Return `(k, 4, 4)` matrices of moves, turns (quaternions x, y, z, w) and scales."""
    x, y, z, w = (rotation / np.maximum(np.linalg.norm(rotation, axis=1, keepdims=True), 1e-12)).T
    turns = np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], axis=1),
            np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], axis=1),
            np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], axis=1),
        ],
        axis=1,
    )
    matrices = np.tile(np.eye(4), (len(translation), 1, 1))
    matrices[:, :3, :3], matrices[:, :3, 3] = turns * scale[:, None, :], translation
    return matrices


def instance_matrices(gltf: Gltf, node: Mapping[str, Any]) -> Floats | None:
    """Return the matrices of a node's instances, `(k, 4, 4)`; None where they can't be had."""
    attributes = node["extensions"][INSTANCING]["attributes"]
    found: dict[str, Floats] = {}
    for name in ("TRANSLATION", "ROTATION", "SCALE"):
        if name in attributes:
            row = gltf.document["accessors"][attributes[name]]
            values = gltf.array(attributes[name])
            if values is None:
                return None
            found[name] = values / (UNITS[row["componentType"]] if row.get("normalized") else 1)
    count = gltf.document["accessors"][next(iter(attributes.values()))]["count"]
    names = ("TRANSLATION", "ROTATION", "SCALE")
    return _composed(*(found.get(name, np.tile(value, (count, 1))) for name, value in zip(names, UNMOVED, strict=True)))


def drawn(gltf: Gltf) -> Iterator[Drawn]:
    """Yield the primitives that the scene draws."""
    document = gltf.document
    scenes = gltf.list("scenes")
    if not scenes:
        return
    waiting = [(index, Y_UP) for index in scenes[document.get("scene", 0)].get("nodes", [])]
    while waiting:
        index, frame = waiting.pop()
        node = document["nodes"][index]
        matrix = frame @ _local(node)
        waiting += [(child, matrix) for child in node.get("children", [])]
        if "mesh" in node:
            instanced = INSTANCING in node.get("extensions", {})
            matrices = instance_matrices(gltf, node) if instanced else np.eye(4)[None]
            if matrices is not None:
                for primitive in document["meshes"][node["mesh"]]["primitives"]:
                    yield Drawn(primitive, node, matrix @ matrices)


def positions_of(gltf: Gltf, one: Drawn) -> Floats | None:
    """Return the corners of a primitive as drawn, `(k, n, 3)` z up; None where they can't be had."""
    index = one.primitive["attributes"].get("POSITION")
    values = (
        None if index is None or any(name in one.primitive.get("extensions", {}) for name in COMPRESSED_ELSEWHERE) else gltf.array(index)
    )
    if values is None:
        return None
    row = gltf.document["accessors"][index]
    points = values.astype(float) / (UNITS[row["componentType"]] if row.get("normalized") else 1)
    there: Floats = points @ one.matrices[:, :3, :3].transpose(0, 2, 1) + one.matrices[:, None, :3, 3]
    return there


def check_closed(found: Found, points: Floats, triangles: NDArray[Any], owners: NDArray[Any], where: str) -> None:
    """Find solids that are open, or whose faces look inward.

    Parameters
    ----------
    found : Found
    points : (n, 3) corners; those of one place are equal to the bit
    triangles : (m, 3)
    owners : (m,) the feature of each triangle
    where : JSON path
    """
    _, place = np.unique(points, axis=0, return_inverse=True)
    corners = place.reshape(-1)[triangles].astype(np.int64)
    starts, stops = corners.ravel(), np.roll(corners, -1, axis=1).ravel()
    real = starts != stops
    owner = np.repeat(owners.astype(np.int64), 3)[real]
    low, high = np.minimum(starts, stops)[real], np.maximum(starts, stops)[real]
    way = np.where(starts[real] < stops[real], 1, -1)
    order = np.lexsort((high, low, owner))
    owner, low, high, way = owner[order], low[order], high[order], way[order]
    first = np.concatenate([[True], (np.diff(owner) != 0) | (np.diff(low) != 0) | (np.diff(high) != 0)])
    balance = np.add.reduceat(way, np.flatnonzero(first)) if len(way) else np.zeros(0)
    open_ = np.unique(owner[first][balance != 0])
    if len(open_):
        found.add("T212", where, f"要素 {open_[:10].tolist()}")
    a, b, c = np.moveaxis((points - points.mean(axis=0))[triangles], 1, 0)
    volumes = np.bincount(owners.astype(np.int64), np.einsum("ij,ij->i", a, np.cross(b, c)) / 6)
    inward = np.setdiff1d(np.flatnonzero(volumes < -1e-6), open_)
    if len(inward):
        found.add("T213", where, f"要素 {inward[:10].tolist()}")
