"""glTF 2.0, as GLB or as glTF with its buffers inside: one body a node with a mesh, turned from y up to z up."""

import io
from collections import Counter
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from gis.errors import Invalid
from gis.issues import Issue
from gis.models.body import Body, Model, finding
from models3d.readers.building import srgb

Z_UP = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
"""Turns glTF's y up into z up."""
OUTSIDE = "缓冲区在别的文件里；请导出为一个 GLB"


def _colours(mesh: Any) -> NDArray[np.uint8] | None:
    """Return a colour for each triangle: vertex colours, else the material's base colour."""
    visual = mesh.visual
    if visual.kind == "vertex":
        mean: NDArray[np.uint8] = np.asarray(visual.vertex_colors)[mesh.faces][:, :, :3].mean(axis=1).astype(np.uint8)
        return mean
    factor = getattr(getattr(visual, "material", None), "baseColorFactor", None)
    if factor is None:
        return None
    share = np.asarray(factor, float)
    share = share / 255 if share.max() > 1 else share
    return np.tile(np.array(srgb(share.tolist()), np.uint8), (len(mesh.faces), 1))


def _parent(scene: Any, node: str) -> str | None:
    parent = scene.graph.transforms.parents.get(node)
    return None if parent in (None, scene.graph.base_frame) else str(parent)


def read(data: bytes) -> Model:
    """Return the model in a GLB or glTF file.

    Raises
    ------
    Invalid
        It is no glTF 2.0, it has parts in other files, or it is compressed in a way that is not read.
    """
    kind = "glb" if data[:4] == b"glTF" else "gltf"
    if kind == "gltf" and b'"asset"' not in data:
        raise Invalid("file", "不是 glTF 2.0")
    try:
        scene = trimesh.load_scene(io.BytesIO(data), file_type=kind, resolver=_Nothing(), process=False)
    except Exception as error:
        said = OUTSIDE if isinstance(error, _Outside) else f"{type(error).__name__}：{error}"
        raise Invalid("file", f"glTF 读不出：{said}") from error
    bodies: list[Body] = []
    issues: list[Issue] = []
    ignored: Counter[str] = Counter()
    for node in scene.graph.nodes_geometry:
        matrix, name = scene.graph[node]
        mesh = scene.geometry[name]
        if not isinstance(mesh, trimesh.Trimesh):
            ignored["点和线，没有面"] += 1
            continue
        made = _body(str(node), mesh, Z_UP @ matrix, _parent(scene, node))
        if isinstance(made, Issue):
            issues.append(made)
        else:
            bodies.append(made)
    return Model("glTF 2.0", tuple(bodies), len(bodies) + len(issues), tuple(issues), ignored=dict(ignored))


def _body(node: str, mesh: Any, matrix: NDArray[np.float64], parent: str | None) -> Body | Issue:
    points = np.asarray(mesh.vertices, float) @ matrix[:3, :3].T + matrix[:3, 3]
    triangles = np.asarray(mesh.faces, np.int64)
    if len(triangles) and not 0 <= triangles.min() <= triangles.max() < len(points):
        return finding("E902", f"{node}：顶点序号超出 0–{len(points) - 1}", node)
    if np.linalg.det(matrix[:3, :3]) < 0:
        # A mirrored node turns its faces (glTF 2.0, 3.7.4).
        triangles = triangles[:, ::-1]
    extras = {name: value for name, value in mesh.metadata.items() if isinstance(value, str | int | float | bool)}
    return Body(node, "node", points, triangles, name=node, parent=parent, colours=_colours(mesh), attributes=extras)


class _Outside(OSError):
    """A part lies in another file."""


class _Nothing(trimesh.resolvers.Resolver):
    """Knows no file but the one that was handed in."""

    def __init__(self) -> None:
        """Need nothing."""

    def get(self, key: str) -> bytes:
        raise _Outside(key)

    def __getitem__(self, key: str) -> bytes:
        return self.get(key)

    def keys(self) -> list[str]:
        return []

    def namespaced(self, namespace: str) -> "_Nothing":  # noqa: ARG002
        return self

    def write(self, name: str, data: bytes) -> None:  # noqa: ARG002
        raise _Outside(name)
