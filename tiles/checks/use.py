"""Checks of what the accessors of a glTF 2.0 are used for, and of what they hold for that: bounds, morph targets, skins, animations."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tiles.checks.gltf import COMPRESSED_ELSEWHERE, Gltf
from tiles.glb import FLOAT

VERTICES, INDICES, JOINTS, MOTION, PICTURE, SPARSE = "顶点属性", "索引", "关节矩阵", "动画", "图像", "稀疏值"
TARGETS = {34962: VERTICES, 34963: INDICES}
MOVED = {"translation": "VEC3", "rotation": "VEC4", "scale": "VEC3", "weights": "SCALAR"}
"""What an animation moves → type of its values."""
SMALL = (5120, 5121, 5122, 5123)
"""Components that may stand for numbers of at most 1."""
Used = tuple[str, int, str]
"""Where an accessor is named, which, and what for."""


def _primitives(gltf: Gltf) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, mesh in enumerate(gltf.list("meshes")):
        for index, primitive in enumerate(mesh["primitives"]):
            yield f"meshes[{number}].primitives[{index}]", primitive


def _uses(gltf: Gltf) -> Iterator[Used]:
    for where, primitive in _primitives(gltf):
        if "indices" in primitive:
            yield f"{where}.indices", primitive["indices"], INDICES
        for number, part in enumerate([primitive["attributes"], *primitive.get("targets", [])]):
            for name, index in part.items():
                yield f"{where}.targets[{number - 1}].{name}" if number else f"{where}.attributes.{name}", index, VERTICES
    for number, skin in enumerate(gltf.list("skins")):
        if "inverseBindMatrices" in skin:
            yield f"skins[{number}].inverseBindMatrices", skin["inverseBindMatrices"], JOINTS
    for number, animation in enumerate(gltf.list("animations")):
        for index, sampler in enumerate(animation["samplers"]):
            for key in ("input", "output"):
                yield f"animations[{number}].samplers[{index}].{key}", sampler[key], MOTION


def _taken(gltf: Gltf) -> dict[int, str]:
    """Return what views are used for, as far as accessors do not say it."""
    taken = {row["bufferView"]: PICTURE for row in gltf.list("images") if "bufferView" in row}
    for row in gltf.list("accessors"):
        for part in ("indices", "values") if "sparse" in row else ():
            taken.setdefault(row["sparse"][part]["bufferView"], SPARSE)
    for index, row in enumerate(gltf.list("bufferViews")):
        if row.get("target") in TARGETS:
            taken.setdefault(index, TARGETS[row["target"]])
    return taken


def _single(gltf: Gltf) -> None:
    """Check that accessors and views are of one use (3.6.1.1)."""
    accessors, of_accessor, of_view = gltf.list("accessors"), dict[int, str](), _taken(gltf)
    for where, index, use in _uses(gltf):
        view = accessors[index].get("bufferView")
        if of_accessor.setdefault(index, use) != use:
            gltf.found.add("T202", where, f"访问器 {index} 又作{of_accessor[index]}")
        elif view is not None and of_view.setdefault(view, use) != use:
            gltf.found.add("T202", where, f"视图 {view} 又作{of_view[view]}")


def _strided(gltf: Gltf) -> None:
    """Check that vertices are aligned, and that those in one view have a stride (3.6.2.4)."""
    accessors, views = gltf.list("accessors"), gltf.list("bufferViews")
    vertices = {index: where for where, index, use in _uses(gltf) if use == VERTICES and "bufferView" in accessors[index]}
    for index, where in vertices.items():
        _aligned(gltf, where, accessors[index])
    for view, count in Counter(accessors[index]["bufferView"] for index in vertices).items():
        if count > 1 and "byteStride" not in views[view]:
            gltf.found.add("T203", f"bufferViews[{view}].byteStride", f"{count} 个顶点属性共用，须有")


def _aligned(gltf: Gltf, where: str, accessor: Mapping[str, Any]) -> None:
    """Check that each element of vertices begins at a multiple of four (3.6.2.4)."""
    if accessor.get("byteOffset", 0) % 4 or gltf.stride(accessor) % 4:
        gltf.found.add("T203", where, f"起点 {accessor.get('byteOffset', 0)}、步长 {gltf.stride(accessor)} 须为 4 的倍数")


def _bounded(gltf: Gltf) -> None:
    """Compare all bounds with the data (3.6.2.5)."""
    for index, row in enumerate(gltf.list("accessors")):
        values = gltf.array(index) if "min" in row or "max" in row else None
        if values is None or not np.isfinite(values).all():
            continue
        for key, seen in (("min", values.min(axis=0)), ("max", values.max(axis=0))):
            if key in row:
                told, data = np.atleast_1d(np.array(row[key], float)), np.atleast_1d(seen).astype(float)
                # Written with too few digits, a bound may be the next float32.
                slack = np.abs(data) * 1e-6 if row["componentType"] == FLOAT else 0
                if (np.abs(told - data) > slack).any():
                    gltf.found.add("T205", f"accessors[{index}].{key}", f"{row[key]}，数据为 {data.tolist()}")


def _morphed(gltf: Gltf) -> None:
    """Check that morph targets are like what they change (3.7.2.2)."""
    accessors = gltf.list("accessors")
    for where, primitive in _primitives(gltf):
        for number, target in enumerate(primitive.get("targets", [])):
            for name, index in target.items():
                base, path = primitive["attributes"].get(name), f"{where}.targets[{number}].{name}"
                if base is None:
                    gltf.found.add("T211", path, "图元没有这个属性")
                elif accessors[base]["count"] != accessors[index]["count"]:
                    gltf.found.add("T209", path, f"{accessors[index]['count']} 个，图元有 {accessors[base]['count']} 个")
                if name == "POSITION" and not {"min", "max"} <= accessors[index].keys():
                    gltf.found.add("T205", path, "缺少 min、max")


def _textured(gltf: Gltf) -> None:
    """Check that primitives have the texture coordinates that their materials name (5.19, texCoord)."""
    for where, primitive in _primitives(gltf):
        if "material" not in primitive:
            continue
        material = gltf.list("materials")[primitive["material"]]
        rough = material.get("pbrMetallicRoughness", {})
        textures = [rough.get(key) for key in ("baseColorTexture", "metallicRoughnessTexture")]
        textures += [material.get(key) for key in ("normalTexture", "occlusionTexture", "emissiveTexture")]
        for texture in filter(None, textures):
            moved = texture.get("extensions", {}).get("KHR_texture_transform", {})
            number = moved.get("texCoord", texture.get("texCoord", 0))
            if f"TEXCOORD_{number}" not in primitive["attributes"]:
                gltf.found.add("T211", where, f"材质要 TEXCOORD_{number}")
                break


def _skinned(gltf: Gltf) -> None:
    """Check the matrices of skins, and the joints that vertices name (3.7.3)."""
    accessors = gltf.list("accessors")
    for number, skin in enumerate(gltf.list("skins")):
        index, where = skin.get("inverseBindMatrices"), f"skins[{number}].inverseBindMatrices"
        if index is None:
            continue
        row = accessors[index]
        if (row["type"], row["componentType"]) != ("MAT4", FLOAT) or row["count"] < len(skin["joints"]):
            gltf.found.add("T211", where, f"{row['type']} {row['componentType']}，{row['count']} 个，关节 {len(skin['joints'])} 个")
        elif (matrices := gltf.array(index)) is not None and not np.allclose(matrices[:, 3::4], [0, 0, 0, 1], atol=1e-6):
            gltf.found.add("T211", where, "末行不是 0 0 0 1")
    for number, node in enumerate(gltf.list("nodes")):
        if "skin" not in node or "mesh" not in node:
            continue
        joints = len(gltf.list("skins")[node["skin"]]["joints"])
        for primitive in gltf.list("meshes")[node["mesh"]]["primitives"]:
            index = primitive["attributes"].get("JOINTS_0")
            named = None if index is None or _compressed(primitive) else gltf.array(index)
            if named is not None and named.max() >= joints:
                gltf.found.add("T204", f"nodes[{number}].skin", f"关节 {named.max()}，共 {joints} 个")


def _compressed(primitive: Mapping[str, Any]) -> bool:
    return any(name in primitive.get("extensions", {}) for name in COMPRESSED_ELSEWHERE)


def _animated(gltf: Gltf) -> None:
    """Check the times and values of animations (3.11)."""
    accessors = gltf.list("accessors")
    for number, animation in enumerate(gltf.list("animations")):
        where = f"animations[{number}]"
        for index, sampler in enumerate(animation["samplers"]):
            row, path = accessors[sampler["input"]], f"{where}.samplers[{index}].input"
            if (row["type"], row["componentType"]) != ("SCALAR", FLOAT):
                gltf.found.add("T211", path, f"{row['type']} {row['componentType']}")
                continue
            if not {"min", "max"} <= row.keys():
                gltf.found.add("T205", path, "缺少 min、max")
            times = gltf.array(sampler["input"])
            if times is not None and (times[0] < 0 or (np.diff(times) <= 0).any()):
                gltf.found.add("T211", path, "时间须不小于 0 并递增")
        for index, channel in enumerate(animation["channels"]):
            _channel(gltf, f"{where}.channels[{index}]", animation["samplers"][channel["sampler"]], channel["target"])


def _channel(gltf: Gltf, where: str, sampler: Mapping[str, Any], target: Mapping[str, Any]) -> None:
    times, row = (gltf.list("accessors")[sampler[key]] for key in ("input", "output"))
    path = target["path"]
    if path not in MOVED:
        return
    plain = row["componentType"] == FLOAT or (path in ("rotation", "weights") and row["componentType"] in SMALL and row.get("normalized"))
    if row["type"] != MOVED[path] or not plain:
        gltf.found.add("T211", where, f"{path} 为 {row['type']} {row['componentType']}")
    count = times["count"] * (3 if sampler.get("interpolation") == "CUBICSPLINE" else 1)
    if path == "weights":
        mesh = gltf.list("nodes")[target["node"]].get("mesh") if "node" in target else None
        primitives = gltf.list("meshes")[mesh]["primitives"] if mesh is not None else [{}]
        count *= len(primitives[0].get("targets", [])) or 1
    if row["count"] != count:
        gltf.found.add("T209", where, f"{row['count']} 个值，应为 {count}")


def check_use(gltf: Gltf) -> None:
    """Find accessors that are not what they are used for."""
    for part in (_single, _strided, _bounded, _morphed, _textured, _skinned, _animated):
        part(gltf)
