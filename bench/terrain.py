"""Terrain tiles beside pymartini and quantized-mesh-encoder, at the same measured error."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import quantized_mesh_encoder
from figures import Row
from numpy.typing import NDArray
from pymartini import Martini, rescale_positions

from tiles.terrain.build import _normals, _slopes
from tiles.terrain.lattice import CELLS, POINTS, Tile
from tiles.terrain.mesh import Mesh, cut, errors, triangulate
from tiles.terrain.quantized import compressed, write

ABOUT = """A real DEM (Jacksboro fault, 3″), tiles of 65 × 65 points from heights in memory to bytes, CPU time of one process.
The peer errs more than it is asked for, so it is asked for less until the largest error that is measured is no larger than ours; it writes
no normals, so ours are timed without and with them. A tile's bytes with normals, compressed as they are served."""
DEM = Path(__file__).parents[2] / "shared" / "data" / "3d" / "dem" / "jacksboro_fault_dem.npz"
Z, X, Y = 12, 1090, 2870
STEP_M = 1 / 16
Floats = NDArray[np.float64]
PLACES = [(y, x) for y in range(1, 4) for x in range(1, 5)]
TILES = [Tile(Z, X + x, Y + y) for y, x in PLACES]


def _heights() -> Floats:
    with np.load(DEM) as stored:
        return stored["elevation"].astype(float)[::-1][: 5 * CELLS + 1, : 6 * CELLS + 1]


def _ours(heights: Floats, tolerance: float, *, lit: bool) -> tuple[list[Mesh], list[bytes]]:
    q = np.round(heights / STEP_M).astype(np.int32)
    over = errors(q * STEP_M) > tolerance
    meshes = triangulate(np.stack([cut(over, *place).reshape(-1) for place in PLACES]))
    of_vertices = [cut(q, *place).reshape(-1).take(mesh.points) for mesh, place in zip(meshes, PLACES, strict=True)]
    normals = None
    if lit:
        slopes = _slopes(heights, Z, np.arange(Y * CELLS, Y * CELLS + len(heights)))
        normals = [
            _normals(mesh, tile, [cut(one, *place) for one in slopes]) for mesh, tile, place in zip(meshes, TILES, PLACES, strict=True)
        ]
    return meshes, write(TILES, meshes, of_vertices, STEP_M, normals)


def _theirs(martini: Martini, parts: list[NDArray[np.float32]], asked: float) -> None:
    for tile, part in zip(TILES, parts, strict=True):
        vertices, triangles = martini.create_tile(part).get_mesh(asked)
        positions = rescale_positions(vertices, part, tile.rectangle, flip_y=True)
        quantized_mesh_encoder.encode(io.BytesIO(), positions, triangles)


def _worst(heights: NDArray[np.float32] | Floats, points: NDArray[np.int64], triangles: NDArray[np.int64]) -> float:
    """Return the largest distance of a mesh from the heights at all points of a tile."""
    rows, columns = np.divmod(points, POINTS)
    worst = 0.0
    for corners in triangles:
        x, y = columns[corners], rows[corners]
        z = heights[y, x].astype(float)
        gx, gy = np.meshgrid(np.arange(x.min(), x.max() + 1), np.arange(y.min(), y.max() + 1))
        area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        a = ((gx - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (gy - y[0])) / area
        b = ((x[1] - x[0]) * (gy - y[0]) - (gx - x[0]) * (y[1] - y[0])) / area
        inside = (a >= -1e-9) & (b >= -1e-9) & (a + b <= 1 + 1e-9)
        worst = max(worst, float(np.abs(z[0] + a * (z[1] - z[0]) + b * (z[2] - z[0]) - heights[gy, gx])[inside].max()))
    return worst


def _asked(martini: Martini, parts: list[NDArray[np.float32]], allowed: float) -> float:
    """Return what the peer has to be asked for, to err no more than is allowed."""
    for share in np.arange(1.0, 0.2, -0.05):
        found = []
        for part in parts[::4]:
            vertices, triangles = martini.create_tile(part).get_mesh(allowed * share)
            flat = np.asarray(vertices).reshape(-1, 2).astype(np.int64)
            found.append(_worst(part, flat[:, 1] * POINTS + flat[:, 0], np.asarray(triangles).reshape(-1, 3).astype(np.int64)))
        if max(found) <= allowed:
            return float(allowed * share)
    return allowed * 0.2


def _best_s(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(9):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times) / len(TILES)


def run() -> list[Row]:
    """Measure."""
    heights, martini = _heights(), Martini(POINTS)
    parts = [np.ascontiguousarray(cut(heights, *place), np.float32) for place in PLACES]
    rows = []
    for tolerance in (1.0, 5.0, 15.0):
        meshes, _ = _ours(heights, tolerance, lit=False)
        worst = max(
            _worst(cut(heights, *place), mesh.points, mesh.triangles.astype(np.int64))
            for mesh, place in zip(meshes[::4], PLACES[::4], strict=True)
        )
        asked = _asked(martini, parts, worst)
        peer = 1 / _best_s(lambda asked=asked: _theirs(martini, parts, asked))  # type: ignore[misc]
        bare = 1 / _best_s(lambda tolerance=tolerance: _ours(heights, tolerance, lit=False))  # type: ignore[misc]
        lit = 1 / _best_s(lambda tolerance=tolerance: _ours(heights, tolerance, lit=True))  # type: ignore[misc]
        meshes, made = _ours(heights, tolerance, lit=True)
        vertices = sum(len(mesh.points) for mesh in meshes)
        size = sum(len(compressed(tile)) for tile in made) / vertices
        name = f"{tolerance:g} m, {vertices / len(TILES):.0f} vertices a tile"
        rows += [
            Row(f"tiles, {name}", bare, "tiles/CPU s", peer, "pymartini + encoder", "more", f"measured error {worst:.1f} m"),
            Row(f"tiles with normals, {name}", lit, "tiles/CPU s", peer, "pymartini + encoder, without", "more"),
            Row(f"bytes a vertex, {name}", size, "B", note="with normals, gzip"),
        ]
    return rows
