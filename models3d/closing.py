"""The faces that a solid lacks, where what it lacks is flat: a level floor with its courts, or a wall."""

from collections.abc import Sequence

import numpy as np
import shapely

from models3d.readers.faces import Triangle, cut
from models3d.topology import Floats, Indices

FLAT_M = 1e-3
"""What is thinner than this is no solid, but a plane."""


def is_flat(points: Floats) -> bool:
    """Say whether points lie in one plane, within a millimetre."""
    # In pieces of memory that do not grow with the square of the points.
    _, _, axes = np.linalg.svd((points - points.mean(axis=0))[:: max(1, len(points) // 5000)], full_matrices=False)
    return bool(np.ptp((points - points.mean(axis=0)) @ axes[-1]) < FLAT_M)


def _is_left(points: Floats, ring: Sequence[int]) -> bool:
    """Say whether a ring runs counter-clockwise seen from above."""
    x, y = points[np.array(ring), :2].T
    return bool((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0)


def floor(points: Floats, rim: Indices) -> list[Triangle]:
    """Return the faces that close a body which lacks nothing but its level floor; none where it lacks more."""
    levels = points[rim.ravel(), 2]
    if np.ptp(levels) > FLAT_M or levels.max() > points[:, 2].min() + FLAT_M:
        return []
    place = {tuple(points[row, :2].tolist()): row for row in np.unique(rim).tolist()}
    wanted = {(q, p) for p, q in rim.tolist()}
    faces = []
    for region in shapely.get_parts(shapely.polygonize(shapely.linestrings(points[rim][:, :, :2]))):
        # Seen from below: clockwise from above; a court is a region too, whose rim runs the other way.
        rings = [[place[tuple(xy)] for xy in list(ring.coords)[:-1]] for ring in (region.exterior, *region.interiors)]
        rings = [ring[::-1] if _is_left(points, ring) == (at == 0) else ring for at, ring in enumerate(rings)]
        edges = {edge for ring in rings for edge in zip(ring, [*ring[1:], ring[0]], strict=True)}
        if edges <= wanted:
            wanted -= edges
            faces += cut(points, rings)
    return [] if wanted else faces


def walls(points: Floats, rim: Indices) -> list[Triangle]:
    """Return the flat faces that close the holes of a body; none where one of its holes is not flat, or touches another."""
    after = {q: p for p, q in rim.tolist()}
    if len(after) != len(rim):
        return []
    faces = []
    while after:
        first, at = after.popitem()
        ring = [first]
        while at != first:
            ring.append(at)
            if at not in after:
                return []
            at = after.pop(at)
        if not is_flat(points[np.array(ring)]):
            return []
        faces += cut(points, [ring])
    return faces
