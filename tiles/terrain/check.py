"""`quanjing terrain check`: everything that is wrong with a folder of terrain tiles, all at once (quantized-mesh 1.0, CesiumGS)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.crs import WGS84_A, lonlat_to_ecef
from gis.issues import Issue
from tiles.findings import finding
from tiles.terrain.bake import LAYER, METADATA_EVERY, Ranges, below
from tiles.terrain.lattice import Tile
from tiles.terrain.quantized import FULL, POLAR_RADIUS_M, Decoded, NotATile, read

SAME_M = 1e-6
"""Heights closer than this are one height."""
SAME_NORMAL = 1e-6
SLACK_M = 0.01
NEVER_HIDDEN = 100.0
"""Radii; half a globe has such an occlusion point."""

Floats = NDArray[np.float64]
Edge = tuple[NDArray[np.int64], Floats, Floats]
"""Places along an edge, heights, normals."""


@dataclass(frozen=True, slots=True)
class Report:
    """The account of a check."""

    tiles: int
    vertices: int
    triangles: int
    issues: tuple[Issue, ...]


def _name(tile: Tile) -> str:
    return f"{tile.z}/{tile.x}/{tile.y}.terrain"


def _listed(available: Ranges) -> Iterator[Tile]:
    for z, rectangles in enumerate(available):
        found = {(x, y) for one in rectangles for x in range(one["startX"], one["endX"] + 1) for y in range(one["startY"], one["endY"] + 1)}
        yield from (Tile(z, x, y) for x, y in sorted(found))


def _available(folder: Path) -> Ranges | None:
    try:
        document: Any = json.loads(folder.joinpath(LAYER).read_text(encoding="utf-8"))
        right = document["format"] == "quantized-mesh-1.0" and document["scheme"] == "tms" and document["projection"] == "EPSG:4326"
        whole = all(
            all(isinstance(one[side], int) for side in ("startX", "startY", "endX", "endY"))
            for level in document["available"]
            for one in level
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    ranges: Ranges = document["available"]
    return ranges if right and whole else None


def check_tile(tile: Tile, decoded: Decoded, available: Ranges | None = None) -> list[tuple[str, str]]:
    """Return the findings of one tile: code and detail."""
    count = len(decoded.u)
    if not count or not len(decoded.triangles) or decoded.triangles.min() < 0 or decoded.triangles.max() >= count:
        return [("T404", f"{count} 个顶点，{len(decoded.triangles)} 个三角形")]
    found = [*_plan(decoded), *_space(tile, decoded)]
    if decoded.normals is None or len(decoded.normals) != count:
        found.append(("T412", ""))
    if available is not None and tile.z % METADATA_EVERY == 0 and (decoded.metadata or {}).get("available") != below(available, tile):
        found.append(("T411", ""))
    return found


def _plan(decoded: Decoded) -> Iterator[tuple[str, str]]:
    """Check a tile as seen from above."""
    uv = np.column_stack([decoded.u, decoded.v])
    a, b, c = (uv[decoded.triangles[:, corner]] for corner in range(3))
    areas = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    if (areas <= 0).any():
        yield "T404", f"{int((areas <= 0).sum())} 个"
    if int(areas.sum()) != 2 * FULL**2:
        yield "T405", f"铺了 {areas.sum() / (2 * FULL**2):.6f}"
    for side, axis, value in (("west", 0, 0), ("south", 1, 0), ("east", 0, FULL), ("north", 1, FULL)):
        if set(decoded.edges[side].tolist()) != set(np.flatnonzero(uv[:, axis] == value).tolist()):
            yield "T406", side


def _space(tile: Tile, decoded: Decoded) -> Iterator[tuple[str, str]]:
    """Check what holds a tile."""
    spots = lonlat_to_ecef(np.column_stack([decoded.lonlat(tile), decoded.heights_m]))
    beyond = float(np.linalg.norm(spots - decoded.sphere[:3], axis=1).max() - decoded.sphere[3])
    if not beyond <= SLACK_M:
        yield "T409", f"超出 {beyond:.2f} m"
    if not _hides_all(decoded.horizon, spots):
        yield "T410", ""


def _hides_all(horizon: Floats, spots: Floats) -> bool:
    """Tell whether all vertices are below the horizon wherever the occlusion point is."""
    radii = np.array([WGS84_A, WGS84_A, POLAR_RADIUS_M])
    scaled = spots / radii
    far = float(np.linalg.norm(horizon))
    if not np.isfinite(far) or far < 1 or far >= NEVER_HIDDEN:
        return far >= NEVER_HIDDEN
    # On the unit sphere a point is seen as far around as its own angle and that of its height: for none of the tile farther than for the
    # occlusion point.
    direction = horizon / far
    length = np.maximum(1.0, np.linalg.norm(scaled, axis=1))
    angle = np.arccos(np.clip(scaled @ direction / np.linalg.norm(scaled, axis=1), -1, 1))
    return bool((angle + np.arccos(1 / length) <= np.arccos(min(1.0, 1 / far)) + 1e-6).all())


def _edge(decoded: Decoded, side: str) -> Edge:
    along = decoded.v if side in ("west", "east") else decoded.u
    on = decoded.edges[side]
    on = on[np.argsort(along[on], kind="stable")]
    normals = decoded.normals
    return along[on], decoded.heights_m[on], np.zeros((len(on), 3)) if normals is None else normals[on]


def seam(one: Edge, other: Edge) -> list[tuple[str, str]]:
    """Return the findings where two tiles meet."""
    if len(one[0]) != len(other[0]) or (one[0] != other[0]).any():
        return [("T407", "顶点不同")]
    gap = float(np.abs(one[1] - other[1]).max())
    found = [("T407", f"{gap:.3f} m")] if gap > SAME_M else []
    return [*found, *([("T408", "")] if np.abs(one[2] - other[2]).max() > SAME_NORMAL else [])]


def report(folder: Path) -> Report:
    """Check a folder of terrain tiles."""
    available = _available(folder)
    if available is None:
        return Report(0, 0, 0, (finding("T401", LAYER),))
    issues: list[Issue] = []
    edges: dict[tuple[int, str, int, int], tuple[Tile, Edge]] = {}
    tiles = vertices = triangles = 0
    for tile in _listed(available):
        path = folder / _name(tile)
        if not path.exists():
            issues.append(finding("T402", _name(tile)))
            continue
        try:
            decoded = read(path.read_bytes())
        except NotATile as error:
            issues.append(finding("T403", _name(tile), str(error)))
            continue
        tiles, vertices, triangles = tiles + 1, vertices + len(decoded.u), triangles + len(decoded.triangles)
        wrong = check_tile(tile, decoded, available)
        issues += [finding(code, _name(tile), detail) for code, detail in wrong]
        if any(code == "T404" for code, _ in wrong):
            continue
        # An edge is named by the line that it lies on and its place along it, so both tiles name it alike.
        for side, line, place in (
            ("west", tile.x, tile.y),
            ("east", tile.x + 1, tile.y),
            ("south", tile.y, tile.x),
            ("north", tile.y + 1, tile.x),
        ):
            key = (tile.z, "x" if side in ("west", "east") else "y", line, place)
            mine = _edge(decoded, side)
            if key in edges:
                neighbour, other = edges.pop(key)
                issues += [finding(code, _name(tile), f"{_name(neighbour)} {detail}") for code, detail in seam(mine, other)]
            else:
                edges[key] = (tile, mine)
    return Report(tiles, vertices, triangles, tuple(issues))
