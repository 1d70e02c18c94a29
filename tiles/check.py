"""`check`: everything that is wrong with the tilesets in a folder, all at once.

Structure and containment by 3D Tiles 1.1 (OGC 22-025r4); volumes are judged where they are boxes, the only kind that we write.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.issues import Issue
from tiles.check_gltf import MALFORMED, Resolve, check_gltf
from tiles.findings import finding

TOLERANCE_M = 1e-4
MAX_DEPTH = 64
Floats = NDArray[np.float64]
Tile = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """The account of a check."""

    tilesets: int
    glbs: int
    features: int
    """In the finest picture: over the leaves, and over tiles that their children add to."""
    issues: tuple[Issue, ...]


@dataclass(slots=True)
class _Tally:
    """What a walk through one tileset has met."""

    folder: Path
    prefix: str
    issues: list[Issue] = field(default_factory=list)
    shown_ids: Counter[bytes] = field(default_factory=Counter)
    glbs: int = 0

    def add(self, code: str, detail: str = "", field: str | None = None) -> None:
        self.issues.append(finding(code, f"{self.prefix}tileset.json", detail, field))


def _numbers(value: Any, count: int) -> Floats | None:
    """Return a list of finite numbers of that length as an array, None where it is something else."""
    if not isinstance(value, list) or len(value) != count or not all(_number(item) for item in value):
        return None
    return np.array(value, float)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))


def _box(tile: Tile) -> Floats | None:
    """Return a tile's box as the 4×4 matrix from the unit cube (±1), None where it has none or a broken one."""
    values = _numbers(tile["boundingVolume"].get("box"), 12)
    if values is None:
        return None
    matrix = np.eye(4)
    matrix[:3, 3], matrix[:3, :3] = values[:3], values[3:].reshape(3, 3).T
    return matrix if abs(np.linalg.det(matrix)) > 0 else None


def _inside(points: Floats, box: Floats) -> bool:
    """Say whether points lie in a box, to the tolerance."""
    local = np.linalg.solve(box, np.column_stack([points, np.ones(len(points))]).T)[:3]
    slack = TOLERANCE_M / np.linalg.norm(box[:3, :3], axis=0)
    return bool((np.abs(local).max(axis=1) <= 1 + slack).all())


def _corners(box: Floats, frame: Floats) -> Floats:
    """Return the eight corners of a box, moved by a frame."""
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1]), axis=-1).reshape(-1, 3)
    corners: Floats = (frame @ box @ np.column_stack([signs, np.ones(8)]).T)[:3].T
    return corners


def _transform(tile: Tile) -> Floats | None:
    """Return a tile's transform, row-major; the identity where it has none, None where it is broken."""
    if "transform" not in tile:
        return np.eye(4)
    values = _numbers(tile["transform"], 16)
    if values is None:
        return None
    matrix = values.reshape(4, 4).T
    affine = np.array_equal(matrix[3], [0, 0, 0, 1]) and abs(np.linalg.det(matrix)) > 0
    return matrix if affine else None


def _shape(tile: Any, *, root: bool) -> Iterator[tuple[str, str]]:
    """Yield codes and details of what a tile lacks to be read further."""
    if not isinstance(tile, dict):
        yield "T102", "tile"
        return
    if not isinstance(tile.get("boundingVolume"), dict):
        yield "T102", "boundingVolume"
    elif not tile["boundingVolume"].keys() & {"box", "region", "sphere"} or ("box" in tile["boundingVolume"] and _box(tile) is None):
        yield "T104", ""
    if not _number(tile.get("geometricError")) or tile["geometricError"] < 0:
        yield "T102", "geometricError"
    if ("refine" in tile or root) and tile.get("refine") not in ("ADD", "REPLACE"):
        yield "T102", "refine"
    if "content" in tile and not (isinstance(tile["content"], dict) and isinstance(tile["content"].get("uri"), str)):
        yield "T102", "content.uri"
    if "children" in tile and not (isinstance(tile["children"], list) and tile["children"]):
        yield "T102", "children"
    if _transform(tile) is None:
        yield "T108", ""


def _beside(path: Path, tally: _Tally) -> Resolve:
    """Return what finds files by their URI relative to a content, inside the tileset."""

    def resolve(uri: str) -> bytes | None:
        there = (path.parent / uri).resolve()
        return there.read_bytes() if there.is_relative_to(tally.folder.resolve()) and there.is_file() else None

    return resolve


def _content(tile: Tile, tally: _Tally, *, added: bool) -> None:
    uri = tile["content"]["uri"]
    path = (tally.folder / uri).resolve()
    if "://" in uri or not path.is_relative_to(tally.folder.resolve()):
        tally.add("T109", uri)
        return
    if not path.is_file():
        tally.add("T107", uri)
        return
    if path.suffix == ".json":
        return
    tally.glbs += 1
    content = check_gltf(path.read_bytes(), f"{tally.prefix}{uri}", _beside(path, tally))
    tally.issues += content.issues
    box = _box(tile)
    if box is not None and content.vertices is not None and not _inside(content.vertices, box):
        tally.issues.append(finding("T208", f"{tally.prefix}{uri}"))
    if "children" not in tile or added:
        tally.shown_ids.update(content.feature_ids)


def _walk(tile: Any, parent: Tile | None, limit_m: float, tally: _Tally, depth: int = 0, *, refine: str = "REPLACE") -> None:
    """Check a tile and all below it; `limit_m` is the geometric error above, `refine` what holds where the tile says nothing."""
    faults = list(_shape(tile, root=parent is None))
    for code, detail in faults:
        tally.add(code, detail, detail or None)
    if faults or depth > MAX_DEPTH:
        return
    if tile["geometricError"] > limit_m:
        tally.add("T106", f"{tile['geometricError']} > {limit_m}")
    box, frame = _box(tile), _transform(tile)
    above = None if parent is None else _box(parent)
    if box is not None and above is not None and frame is not None and not _inside(_corners(box, frame), above):
        tally.add("T105", tile.get("content", {}).get("uri", ""))
    refine = tile.get("refine", refine)
    if "content" in tile:
        _content(tile, tally, added=refine == "ADD")
    for child in tile.get("children", []):
        _walk(child, tile, tile["geometricError"], tally, depth + 1, refine=refine)


def _tileset(path: Path, tally: _Tally) -> None:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        tally.add("T101", str(error))
        return
    asset = document.get("asset") if isinstance(document, dict) else None
    if not isinstance(asset, dict) or not isinstance(asset.get("version"), str):
        tally.add("T102", "asset.version", "asset.version")
        return
    if asset["version"] != "1.1":
        tally.add("T103", asset["version"])
    limit = document.get("geometricError")
    if not _number(limit) or limit < 0:
        tally.add("T102", "geometricError", "geometricError")
        limit = np.inf
    try:
        _walk(document.get("root"), None, limit, tally)
    except MALFORMED as error:
        tally.add("T102", f"{type(error).__name__}: {error}")
    for feature_id, times in sorted(tally.shown_ids.items()):
        if times > 1:
            tally.add("T308", f"{feature_id.hex()} {times} 次")


def report(folder: Path) -> Report:
    """Check every `tileset.json` at or below a folder, with all that it leads to."""
    paths = sorted(folder.rglob("tileset.json"))
    tallies = []
    for path in paths:
        below = path.parent.relative_to(folder).as_posix()
        tally = _Tally(path.parent, "" if below == "." else f"{below}/")
        _tileset(path, tally)
        tallies.append(tally)
    issues = tuple(issue for tally in tallies for issue in tally.issues)
    if not paths:
        issues = (finding("T101", "tileset.json"),)
    return Report(len(paths), sum(tally.glbs for tally in tallies), sum(tally.shown_ids.total() for tally in tallies), issues)


def check(folder: Path) -> list[Issue]:
    """Return everything that is wrong with the tilesets at or below a folder; empty where all is well."""
    return list(report(folder).issues)
