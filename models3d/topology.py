"""Who is whose neighbour in a mesh whose places are each there once."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
Neighbours = defaultdict[int, list[tuple[int, bool]]]


def halves(triangles: Indices) -> Indices:
    """Return the directed edges, `(3m, 2)`."""
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def edges(triangles: Indices) -> tuple[int, int]:
    """Return how many edges have an odd number of faces, and how many an even one whose faces turn differently."""
    both = halves(triangles)
    low, high = both.min(axis=1), both.max(axis=1)
    key = low * (int(both.max(initial=0)) + 1) + high
    _, edge, counts = np.unique(key, return_inverse=True, return_counts=True)
    balance = np.bincount(edge.reshape(-1), weights=np.where(both[:, 0] == low, 1, -1))
    odd = counts % 2 == 1
    return int(odd.sum()), int((~odd & (balance != 0)).sum())


def parts(triangles: Indices) -> Indices:
    """Return the number of the part that each triangle belongs to; faces of one part are joined by edges."""
    both = np.sort(halves(triangles), axis=1)
    sides = np.unique(both, axis=0, return_inverse=True)[1].reshape(3, -1)
    labels = np.arange(len(triangles))
    while True:
        before, least = labels, np.full(int(sides.max(initial=-1)) + 1, len(triangles))
        np.minimum.at(least, sides.ravel(), np.tile(labels, 3))
        labels = least[sides].min(axis=0)
        labels = labels[labels]
        if np.array_equal(labels, before):
            part: Indices = np.unique(labels, return_inverse=True)[1].reshape(-1)
            return part


def rim(points: Floats, triangles: Indices) -> Indices:
    """Return the directed edges that have no neighbour, `(k, 2)`."""
    both = halves(triangles)
    found: Indices = both[~np.isin(both[:, 0] * len(points) + both[:, 1], both[:, 1] * len(points) + both[:, 0])]
    return found


def _neighbours(triangles: Indices) -> Neighbours | None:
    """Return for each triangle the ones beside it, and whether they turn differently; None where an edge has more than two faces."""
    sides: defaultdict[tuple[int, int], list[tuple[int, bool]]] = defaultdict(list)
    for row, corners in enumerate(triangles.tolist()):
        for p, q in zip(corners, [*corners[1:], corners[0]], strict=True):
            sides[min(p, q), max(p, q)].append((row, p < q))
    near: Neighbours = defaultdict(list)
    for faces in sides.values():
        if len(faces) > 2:
            return None
        if len(faces) == 2:
            (one, forward), (other, too) = faces
            near[one].append((other, forward == too))
            near[other].append((one, forward == too))
    return near


def _spread(seed: int, near: Neighbours, turn: dict[int, bool]) -> bool:
    """Settle all that hangs together with a triangle; returns whether they can agree."""
    turn[seed], waiting, members = False, [seed], []
    while waiting:
        row = waiting.pop()
        members.append(row)
        for other, differs in near[row]:
            if other not in turn:
                turn[other] = turn[row] ^ differs
                waiting.append(other)
            elif turn[other] != turn[row] ^ differs:
                return False
    # The greater part is right.
    if 2 * sum(turn[row] for row in members) > len(members):
        turn |= {row: not turn[row] for row in members}
    return True


def turned(triangles: Indices) -> Flags | None:
    """Return which triangles to turn so that neighbours agree; None where they can't, as on a Möbius band."""
    near = _neighbours(triangles)
    turn: dict[int, bool] = {}
    if near is None or not all(row in turn or _spread(row, near, turn) for row in range(len(triangles))):
        return None
    return np.array([turn[row] for row in range(len(triangles))])
