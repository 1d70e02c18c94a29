"""Flat faces: polygons cut into triangles that use every ring vertex and no other."""

import mapbox_earcut
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import GeometryError
from models3d.mesh import Mesh
from models3d.parts.rings import Indices, Polygons, Rings, rings, starts_of

UNCUT = "the outline can't be cut into triangles"


def _turn(table: Rings) -> NDArray[np.float64]:
    """Return twice the signed area of each vertex with its two neighbours: positive where the ring turns left."""
    a = table.xy - table.xy[table.before]
    b = table.xy[table.after] - table.xy
    turn: NDArray[np.float64] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return turn


def _fans(table: Rings, convex: Indices) -> tuple[Indices, Indices]:
    """Triangulate convex polygons from their first vertex; returns triangles `(m, 3)` and the polygon of each."""
    counts = np.diff(table.starts)[convex] - 2
    owner = np.repeat(convex, counts)
    step = np.arange(counts.sum()) - np.repeat(starts_of(counts)[:-1], counts)
    first = table.starts[owner]
    return np.column_stack([first, first + step + 1, first + step + 2]), owner


def _closed(triangles: Indices, table: Rings, polygon: int) -> bool:
    """Say whether the boundary of the triangles is exactly the polygon's rings, in coordinates."""
    begin, end = table.starts[polygon], table.starts[polygon + 1]
    _, same = np.unique(table.xy[begin:end], axis=0, return_inverse=True)
    corners = same.reshape(-1)[triangles - begin]
    own = np.arange(begin, end)
    starts = np.concatenate([corners.ravel(), same.reshape(-1)[table.after[own] - begin]])
    stops = np.concatenate([np.roll(corners, -1, axis=1).ravel(), same.reshape(-1)])
    size = end - begin
    return bool(np.array_equal(np.sort(starts * size + stops), np.sort(stops * size + starts)))


def _earcut(table: Rings, polygons: Indices) -> tuple[Indices, Indices]:
    """Triangulate polygons with corners to the right or holes, counter-clockwise; returns triangles and how many each has."""
    xy = np.ascontiguousarray(table.xy)
    begins, ends = table.starts[polygons].tolist(), table.starts[polygons + 1].tolist()
    first, last = table.ring_starts[polygons].tolist(), table.ring_starts[polygons + 1].tolist()
    ring_ends = (table.ring_ends - np.repeat(table.starts[:-1], np.diff(table.ring_starts))).astype(np.uint32)
    flat = [
        mapbox_earcut.triangulate_float64(xy[begin:end], ring_ends[one:other])
        for begin, end, one, other in zip(begins, ends, first, last, strict=True)
    ]
    counts = np.array([len(piece) // 3 for piece in flat], np.int64)
    owner = np.repeat(np.arange(len(polygons)), counts)
    triangles = np.concatenate([np.zeros(0, np.uint32), *flat]).astype(np.int64).reshape(-1, 3) + table.starts[polygons][owner, None]
    a, b, c = (xy[triangles[:, corner]] for corner in range(3))
    doubled = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    # All triangles of one polygon have one winding; judged by their sum because slivers have no sign of their own.
    mirrored = np.bincount(owner, doubled, len(polygons)) <= 0
    return np.where(mirrored[owner][:, None], triangles[:, ::-1], triangles), counts


def _delaunay(shape: shapely.Polygon, table: Rings, polygon: int) -> Indices:
    """Triangulate what earcut could not: slower, by GEOS, counter-clockwise."""
    begin, end = table.starts[polygon], table.starts[polygon + 1]
    rows = {tuple(xy): begin + index for index, xy in enumerate(table.xy[begin:end].tolist())}
    try:
        parts = shapely.orient_polygons(shapely.get_parts(shapely.constrained_delaunay_triangles(shape)))
        corners = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3].tolist()
        return np.array([[rows[tuple(corner)] for corner in triangle] for triangle in corners], np.int64).reshape(-1, 3)
    except (KeyError, shapely.errors.GEOSException) as error:
        raise GeometryError(UNCUT) from error


def triangulate(polygons: Polygons, table: Rings) -> tuple[Indices, Indices]:
    """Cut polygons into triangles.

    Parameters
    ----------
    polygons : (p,) array of shapely Polygon
    table : their rings

    Returns
    -------
    triangles : (m, 3) int64, vertices of `table`, counter-clockwise, grouped by polygon
    starts : (p + 1,) first triangle of each polygon, then m

    Raises
    ------
    GeometryError
        No triangulation of an outline closes with its walls.
    """
    counts, holes = np.diff(table.starts), np.diff(table.ring_starts) - 1
    right_turn = np.zeros(len(counts), bool)
    right_turn[table.polygon[_turn(table) <= 0]] = True
    convex = (holes == 0) & ~right_turn
    fans, fan_owner = _fans(table, np.flatnonzero(convex))
    others = np.flatnonzero(~convex)
    cut, sizes = _earcut(table, others)
    cut_owner = np.repeat(others, sizes)
    pieces, owners = [fans, cut], [fan_owner, cut_owner]
    # n + 2h - 2 triangles use every vertex; another count means dropped or doubled points, as where a hole touches.
    for polygon in others[sizes != counts[others] + 2 * holes[others] - 2].tolist():
        own = cut_owner == polygon
        if not _closed(cut[own], table, polygon):
            pieces[1], owners[1] = pieces[1][owners[1] != polygon], owners[1][owners[1] != polygon]
            pieces.append(_delaunay(polygons[polygon], table, polygon))
            owners.append(np.full(len(pieces[-1]), polygon))
            if not _closed(pieces[-1], table, polygon):
                raise GeometryError(UNCUT)
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return np.concatenate(pieces)[order], starts_of(np.bincount(owner, minlength=len(counts)))


def cap(polygons: Polygons, z_m: float, *, up: bool) -> Mesh:
    """Return level faces at a height, seen from above (`up`) or from below."""
    table = rings(polygons)
    triangles, _ = triangulate(polygons, table)
    positions = np.column_stack([table.xy, np.full(len(table.xy), z_m)])
    normals = np.tile(np.array([0, 0, 1 if up else -1], np.float32), (len(positions), 1))
    return Mesh(positions, normals, (triangles if up else triangles[:, ::-1]).astype(np.uint32))
