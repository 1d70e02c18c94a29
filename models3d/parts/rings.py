"""The vertices of many polygons as flat arrays, with who follows whom."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Polygons = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """Ring vertices of `p` polygons in a row, closing points left out; shells run counter-clockwise, holes clockwise."""

    xy: Floats
    """`(n, 2)` metres."""
    after: Indices
    """`(n,)` the next vertex of the same ring."""
    before: Indices
    """`(n,)` the vertex before it in the same ring."""
    polygon: Indices
    """`(n,)` the polygon of each vertex."""
    starts: Indices
    """`(p + 1,)` first vertex of each polygon, then n."""
    ring_ends: Indices
    """`(r,)` one past the last vertex of each ring."""
    ring_starts: Indices
    """`(p + 1,)` first ring of each polygon, then r."""


def starts_of(counts: Indices) -> Indices:
    """Return where each run begins, then the total: `[3, 2]` gives `[0, 3, 5]`."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def clean(polygons: Polygons) -> Polygons:
    """Return the outlines without repeated points, with a vertex on both rings wherever two rings of one polygon touch."""
    plain: Polygons = shapely.force_2d(polygons) if shapely.has_z(polygons).any() else polygons.copy()
    xy, polygon = shapely.get_coordinates(plain, return_index=True)
    again = np.unique(polygon[1:][(xy[1:] == xy[:-1]).all(axis=1)])
    plain[again] = shapely.remove_repeated_points(plain[again])
    holed = np.flatnonzero(shapely.get_num_interior_rings(plain) > 0)
    meeting = holed[~shapely.is_simple(shapely.boundary(plain[holed]))]
    # An overlay of a polygon with itself changes nothing but adds the vertices where rings meet.
    plain[meeting] = shapely.union(plain[meeting], plain[meeting])
    return plain


def rings(polygons: Polygons) -> Rings:
    """Take polygons apart.

    Parameters
    ----------
    polygons : (p,) array of valid, non-empty shapely Polygon, metres; see `clean`
    """
    oriented = shapely.orient_polygons(polygons)
    lines, ring_polygon = shapely.get_rings(oriented, return_index=True)
    coordinates, ring = shapely.get_coordinates(lines, return_index=True)
    closing = np.append(ring[1:] != ring[:-1], True)
    xy, ring = coordinates[~closing], ring[~closing]
    ring_bounds = starts_of(np.bincount(ring, minlength=len(lines)))
    index = np.arange(len(xy))
    after, before = index + 1, index - 1
    after[ring_bounds[1:] - 1] = ring_bounds[:-1]
    before[ring_bounds[:-1]] = ring_bounds[1:] - 1
    polygon = ring_polygon[ring]
    return Rings(
        xy=xy,
        after=after,
        before=before,
        polygon=polygon,
        starts=starts_of(np.bincount(polygon, minlength=len(polygons))),
        ring_ends=ring_bounds[1:],
        ring_starts=starts_of(np.bincount(ring_polygon, minlength=len(polygons))),
    )
