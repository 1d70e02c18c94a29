"""Solids that look the same: found in a tile, so that their shape is written once and each of them is a place (EXT_mesh_gpu_instancing).

Whatever a shape comes from, a part of the kit, a marker or a drawn outline, it is judged by its vertices. Turned shapes count as others.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models3d.solid import SolidMesh

Indices = NDArray[np.int64]

STEP_M = 1 / 64
"""What differs by less is the same."""
SHIFT = 0.3137
"""Of a step: sizes are given in centimetres, and none of those lies on the border between two roundings."""
LEAST_SAVED = 2_000
"""Vertices: a shape costs a draw command and a kilobyte of description."""
LARGEST_M = 500.0
"""Of a shape, so that its vertices are 16 bits from its first one."""


GLANCE = np.array([1 << 42, 1 << 21, 1])
"""Three whole numbers as one; what has the same one may still differ."""


def _places(positions: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.floor(positions / STEP_M + SHIFT).astype(np.int32)


def _look(solid: SolidMesh) -> bytes:
    """Return a digest of what a solid looks like, wherever it stands."""
    mesh = solid.mesh
    places = _places(mesh.positions - mesh.positions[0])
    normals = np.round(mesh.normals * 64 + SHIFT).astype(np.int8)
    digest = hashlib.sha256(places.tobytes())
    for part in (normals, solid.colours, mesh.triangles):
        digest.update(part.tobytes())
    return digest.digest()


def alike(solids: Sequence[SolidMesh]) -> tuple[list[Indices], Indices]:
    """Sort solids by their look.

    Returns
    -------
    groups : list of (k,) int64
        Rows of solids that look the same and are worth writing as one shape, ascending, in the order of their first.
    rest : (n,) int64
        The others.
    """
    sizes = np.array([len(solid.mesh.positions) for solid in solids])
    # Looking closely is for those of which many have as many vertices, and the same ones.
    counts = np.bincount(sizes)
    found: dict[bytes, list[int]] = {}
    for size in np.flatnonzero((counts - 1) * np.arange(len(counts)) >= LEAST_SAVED).tolist():
        rows = np.flatnonzero(sizes == size)
        # Most differ at a glance: from their first vertex to their last.
        ends = np.array([(mesh.positions[0], mesh.positions[-1]) for index in rows.tolist() for mesh in (solids[index].mesh,)])
        _, same, often = np.unique(_places(ends[:, 1] - ends[:, 0]) @ GLANCE, return_inverse=True, return_counts=True)
        rows = rows[(often[same] - 1) * size >= LEAST_SAVED]
        if not len(rows):
            continue
        there = np.stack([solids[index].mesh.positions for index in rows.tolist()])
        places = _places(there - there[:, :1]).reshape(len(rows), -1)
        _, same, often = np.unique(places.view(f"V{places.itemsize * places.shape[1]}"), return_inverse=True, return_counts=True)
        often[(often - 1) * size < LEAST_SAVED] = 0
        near = np.ptp(there, axis=1).max(axis=1) <= LARGEST_M
        for index in rows[(often[same.reshape(-1)] > 0) & near].tolist():
            found.setdefault(_look(solids[index]), []).append(index)
    alike_ = [members for members in found.values() if (len(members) - 1) * sizes[members[0]] >= LEAST_SAVED]
    groups = [np.array(members) for members in sorted(alike_)]
    rest = np.setdiff1d(np.arange(len(solids)), np.concatenate(groups)) if groups else np.arange(len(solids))
    return groups, rest


SPREAD = ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555))
"""By how much the bits of 16 are moved apart, and which stay."""


def _near(places: Indices) -> Indices:
    """Return places, `(n, 2)` whole numbers from 0 to 2²⁰, as numbers that are close where they are (Z order)."""
    high, low = places >> 16, places & 0xFFFF
    for shift, mask in SPREAD:
        low = (low | low << shift) & mask
        high = (high | high << shift) & mask
    spread = low | high << 32
    return spread[:, 0] | spread[:, 1] << 1


def arranged(solids: Sequence[SolidMesh]) -> tuple[Indices, tuple[list[Indices], Indices]]:
    """Return the order in which solids are shortest when they are written: those of one look in a row, each beside its neighbours.

    Beside it what `alike` says of them in that order.
    """
    spots = np.array([solid.mesh.positions[0, :2] for solid in solids])
    whole = np.clip(np.floor(spots).astype(np.int64) + (1 << 19), 0, (1 << 20) - 1)
    by_place = np.argsort(_near(whole), kind="stable")
    groups, rest = alike([solids[index] for index in by_place.tolist()])
    order: Indices = by_place[np.concatenate([*groups, rest])]
    *runs, others = np.split(np.arange(len(order)), np.cumsum([len(group) for group in groups]))
    return order, (runs, others)
