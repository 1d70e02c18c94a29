"""Checks of what a glTF 2.0 shows: nodes, scenes, cameras, skins, animations (ISO/IEC 12113:2022, 3.5, 3.7, 3.10, 3.11)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.checks.gltf import Gltf
from tiles.checks.look import Look, is_number

PATHS = ("translation", "rotation", "scale", "weights")
SKEW = 1e-3
"""Between the axes of a matrix: what rounding may do to a right angle's cosine."""


def _placed(node: Look) -> None:
    """Check where a node says it stands."""
    matrix, turn = node.numbers("matrix", 16), node.numbers("rotation", 4)
    node.numbers("translation", 3)
    node.numbers("scale", 3)
    if matrix is not None and node.value.keys() & {"rotation", "translation", "scale"}:
        node.fault("matrix", "不得与 translation、rotation、scale 同时给出")
    if turn is not None and abs(np.linalg.norm(turn) - 1) > 1e-3:
        node.fault("rotation", "不是单位四元数")
    if matrix is not None and not _decomposable(np.array(matrix).reshape(4, 4)):
        node.fault("matrix", "不能分解为平移、旋转和缩放")


def _decomposable(columns: NDArray[np.float64]) -> bool:
    """Say whether a matrix, given by its columns, is a move, a turn and a scale (3.5.3)."""
    axes, lengths = columns[:3, :3], np.linalg.norm(columns[:3, :3], axis=1)
    units = axes / np.where(lengths == 0, 1, lengths)[:, None]
    skew = np.abs(units @ units.T - np.diag((lengths > 0).astype(float))).max()
    return bool(skew < SKEW and np.allclose(columns[:, 3], [0, 0, 0, 1], atol=1e-6))


def _shaped(gltf: Gltf, node: Look) -> None:
    """Check what only a node with a mesh has."""
    for key in ("skin", "weights"):
        if key in node.value and "mesh" not in node.value:
            node.fault(key, "没有 mesh")
    mesh = node.value.get("mesh")
    meshes = gltf.list("meshes")
    if isinstance(mesh, int) and 0 <= mesh < len(meshes) and isinstance(meshes[mesh], dict):
        primitives = [one for one in meshes[mesh].get("primitives") or [] if isinstance(one, dict)]
        check_weights(node, max((len(one.get("targets") or []) for one in primitives), default=0))
        if "skin" in node.value and not any("JOINTS_0" in (one.get("attributes") or {}) for one in primitives):
            node.fault("skin", "网格没有 JOINTS_0")


def check_weights(look: Look, targets: int) -> None:
    """Find weights that are not one a morph target."""
    weights = look.maybe("weights", "array", least_items=1)
    if weights is not None and (len(weights) != targets or not all(map(is_number, weights))):
        look.fault("weights", f"应为 {targets} 个数")


def _nodes(gltf: Gltf) -> None:
    nodes, parents = gltf.list("nodes"), dict[int, int]()
    for index, node in enumerate(gltf.look.items("nodes")):
        node.extended()
        node.maybe("name", "string")
        for key, listed in (("mesh", "meshes"), ("camera", "cameras"), ("skin", "skins")):
            node.index(key, gltf.list(listed))
        _shaped(gltf, node)
        _placed(node)
        for child in _references(node, "children", nodes):
            if child in parents or child == index:
                node.fault("children", f"节点 {child} 有两个父节点")
            parents[child] = index
    if _circular(parents):
        gltf.found.add("T202", "nodes", "节点成环")
    for scene in gltf.look.items("scenes"):
        scene.maybe("name", "string")
        for root in _references(scene, "nodes", nodes):
            if root in parents:
                scene.fault("nodes", f"节点 {root} 不是根节点")
    gltf.look.index("scene", gltf.list("scenes"))


def _circular(parents: dict[int, int]) -> bool:
    for start in parents:
        seen, node = {start}, parents.get(start)
        while node is not None:
            if node in seen:
                return True
            seen.add(node)
            node = parents.get(node)
    return False


def _references(look: Look, key: str, sequence: list[Any]) -> list[int]:
    value = look.maybe(key, "array", least_items=1)
    if value is None:
        return []
    if not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one < len(sequence) for one in value) or len(set(value)) != len(
        value
    ):
        look.fault(key, "须为不重复的有效序号")
        return []
    return list(value)


def _cameras(gltf: Gltf) -> None:
    for camera in gltf.look.items("cameras"):
        camera.maybe("name", "string")
        if "type" not in camera.value:
            camera.fault("type", "缺失")
        kind = camera.known("type", "string", ("perspective", "orthographic"))
        lens = camera.inner(kind, needed=True) if kind is not None else None
        if lens is None:
            continue
        near = lens.need("znear", "number", **({"over": 0} if kind == "perspective" else {"least": 0}))
        far = lens.need("zfar", "number", over=0) if kind == "orthographic" else lens.maybe("zfar", "number", over=0)
        if near is not None and far is not None and far <= near:
            lens.fault("zfar", f"{far} 不大于 znear {near}")
        if kind == "perspective":
            lens.need("yfov", "number", over=0)
            lens.maybe("aspectRatio", "number", over=0)
        for key in ("xmag", "ymag") if kind == "orthographic" else ():
            if lens.need(key, "number") == 0:
                lens.fault(key, "不得为零")


def _lines(gltf: Gltf) -> list[list[int]]:
    """Return each node with those above it, the nearest first."""
    parents: dict[int, int] = {}
    for index, node in enumerate(gltf.list("nodes")):
        parents |= dict.fromkeys(node.get("children", []), index)
    lines = []
    for index in range(len(gltf.list("nodes"))):
        line = [index]
        while line[-1] in parents:
            line.append(parents[line[-1]])
        lines.append(line)
    return lines


def _skins(gltf: Gltf) -> None:
    lines = _lines(gltf) if not gltf.found.broken else None
    for skin in gltf.look.items("skins"):
        skin.maybe("name", "string")
        skin.need("joints", "array", least_items=1)
        joints = _references(skin, "joints", gltf.list("nodes"))
        skin.index("inverseBindMatrices", gltf.list("accessors"))
        skeleton = skin.index("skeleton", gltf.list("nodes"))
        if lines is None or not joints:
            continue
        common = set.intersection(*(set(lines[joint]) for joint in joints))
        if not common:
            skin.fault("joints", "没有共同的根")
        elif skeleton is not None and skeleton not in common:
            skin.fault("skeleton", "不在各关节之上")


def _animations(gltf: Gltf) -> None:
    for animation in gltf.look.items("animations"):
        animation.maybe("name", "string")
        samplers = animation.need("samplers", "array", least_items=1) or []
        animation.need("channels", "array", least_items=1)
        for sampler in animation.items("samplers"):
            sampler.index("input", gltf.list("accessors"), needed=True)
            sampler.index("output", gltf.list("accessors"), needed=True)
            sampler.known("interpolation", "string", ("LINEAR", "STEP", "CUBICSPLINE"))
        moved: set[tuple[Any, Any]] = set()
        for channel in animation.items("channels"):
            channel.index("sampler", samplers, needed=True)
            target = channel.inner("target", needed=True)
            if target is None:
                continue
            node = target.index("node", gltf.list("nodes"))
            if "path" not in target.value:
                target.fault("path", "缺失")
            path = target.known("path", "string", PATHS)
            if node is not None and (node, path) in moved:
                target.fault("path", "两个通道动同一处")
            if node is not None and path != "weights" and "matrix" in gltf.list("nodes")[node]:
                target.fault("node", "节点有 matrix")
            moved.add((node, path))


def check_scene(gltf: Gltf) -> None:
    """Find what is wrong with nodes, scenes, cameras, skins and animations."""
    for section in (_nodes, _cameras, _skins, _animations):
        section(gltf)
