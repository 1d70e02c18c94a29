"""Triangle meshes: plain arrays in a local metric frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A triangle mesh; triangles are counter-clockwise seen from outside."""

    positions: Floats
    """`(n, 3)` float64, metres: east, north, up at the origin of its scene."""
    normals: NDArray[np.float32]
    """`(n, 3)` float32, unit length, outward."""
    triangles: NDArray[np.uint32]
    """`(m, 3)` uint32, rows of `positions`."""


def concatenate(meshes: Sequence[Mesh]) -> Mesh:
    """Return one mesh that holds all the given ones, in order, unwelded.

    An empty sequence gives a mesh without vertices.
    """
    if len(meshes) == 1:
        return meshes[0]
    if not meshes:
        return Mesh(np.empty((0, 3)), np.empty((0, 3), np.float32), np.empty((0, 3), np.uint32))
    starts = np.cumsum([0, *(len(mesh.positions) for mesh in meshes[:-1])], dtype=np.uint32)
    triangles = np.concatenate([mesh.triangles for mesh in meshes])
    triangles += np.repeat(starts, [len(mesh.triangles) for mesh in meshes])[:, None]
    return Mesh(np.concatenate([mesh.positions for mesh in meshes]), np.concatenate([mesh.normals for mesh in meshes]), triangles)


def translate(mesh: Mesh, offset: Floats) -> Mesh:
    """Return the mesh moved by `offset`, `(3,)` metres."""
    return Mesh(mesh.positions + offset, mesh.normals, mesh.triangles)


def scale(mesh: Mesh, factor: float) -> Mesh:
    """Return the mesh scaled about its frame's origin by a positive factor."""
    return Mesh(mesh.positions * factor, mesh.normals, mesh.triangles)


def turn(mesh: Mesh, axes: Floats) -> Mesh:
    """Return the mesh turned about its frame's origin.

    Parameters
    ----------
    mesh : Mesh
    axes : (3, 3) float64
        A rotation: its columns say where x, y and z go.
    """
    return Mesh(mesh.positions @ axes.T, (mesh.normals @ axes.T).astype(np.float32), mesh.triangles)


def lean(mesh: Mesh, a: float, b: float, c: float) -> Mesh:
    """Return the mesh lifted at each place by a x + b y + c: what was level lies in that plane, what was upright stays so."""
    lift = mesh.positions[:, :2] @ np.array([a, b]) + c
    normals = mesh.normals - mesh.normals[:, 2:] * np.array([a, b, 0.0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Mesh(mesh.positions + np.outer(lift, [0.0, 0.0, 1.0]), normals.astype(np.float32), mesh.triangles)


def about_z(degrees: float) -> Floats:
    """Return the rotation about the upright axis, counter-clockwise seen from above."""
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


LYING = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
"""The rotation that lays what is upright along x."""


def faceted(vertices: Floats, faces: NDArray[np.int64]) -> Mesh:
    """Return a flat-shaded mesh: every triangle has vertices and a normal of its own.

    Parameters
    ----------
    vertices : (n, 3) float64, metres
    faces : (m, 3) integer rows of `vertices`, counter-clockwise seen from outside
    """
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Mesh(
        corners.reshape(-1, 3),
        np.repeat(normals, 3, axis=0).astype(np.float32),
        np.arange(3 * len(faces), dtype=np.uint32).reshape(-1, 3),
    )


def volume_m3(mesh: Mesh) -> float:
    """Return the signed volume of a closed mesh in cubic metres, positive where its triangles face outward.

    The sum of the tetrahedra between each triangle and the first vertex (divergence theorem); 0 for an empty mesh.
    """
    if not len(mesh.positions):
        return 0.0
    a, b, c = np.moveaxis((mesh.positions - mesh.positions[0])[mesh.triangles], 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)
