"""Tiles out of a relief: blocks of neighbours at once, each the same whatever block it is made in."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tiles.terrain.lattice import CELLS, Tile, degrees, step_deg, tolerance_m
from tiles.terrain.mesh import Mesh, cut, errors, triangulate
from tiles.terrain.quantized import packed, write
from tiles.terrain.relief import METRES_A_DEGREE, Relief

Floats = NDArray[np.float64]
Reach = tuple[int, int, int, int]

STEPS_M = ((14, 1 / 32), (11, 1 / 16), (8, 1 / 8), (0, 1 / 4))
"""From which level on heights are multiples of what: 32767 of them are more than any tile of the level spans."""


def step_m(z: int) -> float:
    """Return the step of a level's heights, metres: a power of two."""
    return next(step for first, step in STEPS_M if z >= first)


def block(relief: Relief, z: int, reach: Reach, wanted: Sequence[Tile] | None = None) -> dict[Tile, bytes]:
    """Make tiles of a level.

    Parameters
    ----------
    relief : Relief
    z : int
    reach : tuple of int
        Of the tiles: first column and row, last column and row.
    wanted : sequence of Tile, optional
        Those of them that are wanted; all by default.

    Returns
    -------
    dict of Tile to bytes
        Quantized meshes with normals, not yet compressed.

    Notes
    -----
    One tile more is sampled on each side: which points are vertices, and the normals, depend on the neighbours, and on nothing beyond them.
    """
    x0, y0, x1, y1 = reach
    tiles = list(wanted) if wanted is not None else [Tile(z, x, y) for y in range(y0, y1 + 1) for x in range(x0, x1 + 1)]
    columns = np.arange((x0 - 1) * CELLS, (x1 + 2) * CELLS + 1)
    rows = np.arange((y0 - 1) * CELLS, (y1 + 2) * CELLS + 1)
    heights, weight = relief.lattice(z, columns, rows)
    step = step_m(z)
    q = np.round(heights / step).astype(np.int32)
    snapped = q.astype(float) * step
    over = errors(snapped, weight) > max(tolerance_m(z) - step / 2, step / 2)
    slopes = _slopes(snapped, z, rows)
    places = [(tile.y - y0 + 1, tile.x - x0 + 1) for tile in tiles]
    meshes = triangulate(np.stack([cut(over, *place).reshape(-1) for place in places]))
    heights_of = [cut(q, *place).reshape(-1).take(mesh.points) for mesh, place in zip(meshes, places, strict=True)]
    normals = [_normals(mesh, tile, [cut(one, *place) for one in slopes]) for mesh, tile, place in zip(meshes, tiles, places, strict=True)]
    return dict(zip(tiles, write(tiles, meshes, heights_of, step, normals), strict=True))


def _slopes(heights: Floats, z: int, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return how steeply the ground rises eastward and northward at each point but those of the rim."""
    lat = degrees(z, np.zeros(1, np.int64), rows)[1]
    metres = step_deg(z) * METRES_A_DEGREE
    east, north = np.zeros_like(heights), np.zeros_like(heights)
    wide = metres * np.maximum(np.cos(np.radians(lat)), 1e-6)
    east[:, 1:-1] = (heights[:, 2:] - heights[:, :-2]) / (2 * wide[:, None])
    north[1:-1] = (heights[2:] - heights[:-2]) / (2 * metres)
    return east, north


def _normals(mesh: Mesh, tile: Tile, slopes: Sequence[Floats]) -> NDArray[np.uint8]:
    """Return the packed normals of a tile's vertices, geocentric."""
    east, north = (slope.reshape(-1).take(mesh.points) for slope in slopes)
    across, along = np.arange(CELLS + 1) + tile.x * CELLS, np.arange(CELLS + 1) + tile.y * CELLS
    lon, lat = (np.radians(axis) for axis in degrees(tile.z, across, along))
    rows, columns = np.divmod(mesh.points, CELLS + 1)
    sin_lon, cos_lon, sin_lat, cos_lat = np.sin(lon)[columns], np.cos(lon)[columns], np.sin(lat)[rows], np.cos(lat)[rows]
    # -east·E - north·N + U in the frame of the vertex.
    level = cos_lat + north * sin_lat
    vectors = np.column_stack([level * cos_lon + east * sin_lon, level * sin_lon - east * cos_lon, sin_lat - north * cos_lat])
    return packed(vectors / np.linalg.norm(vectors, axis=1)[:, None])
