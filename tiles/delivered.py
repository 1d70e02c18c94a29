"""Finished 3D Tiles as they are delivered: looked through before they become a layer."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from gis.crs import AREA_4545, ecef_to_lonlat, lonlat_to_ecef
from gis.errors import Invalid
from gis.issues import Issue
from gis.models.body import finding

ENTRY = "tileset.json"
NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,29}")
MAX_TILES = 2_000_000
MAX_DEPTH = 64
"""Tilesets within tilesets."""
MAX_JSON = 256 * 1024 * 1024
KINDS = {b"b3dm": "mesh", b"i3dm": "mesh", b"cmpt": "mesh", b"glTF": "mesh", b"pnts": "points"}
"""First bytes of a content → what it shows (3D Tiles 1.0, 1.1)."""
SERVED = (".json", ".b3dm", ".i3dm", ".pnts", ".cmpt", ".glb", ".gltf", ".bin", ".subtree", ".jpg", ".jpeg", ".png", ".webp", ".ktx2")
"""Endings of files that belong to a tileset; others in the folder are not handed out."""

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Found:
    """What is in a folder."""

    counts: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    centre: tuple[float, float] = (0.0, 0.0)
    """Longitude, latitude, degrees."""
    radius_m: float = 0.0

    @property
    def content(self) -> str:
        """What it shows most."""
        return "points" if self.counts["points"] > self.counts["mesh"] else "mesh"


def inside(folder: Path, path: str) -> Path | None:
    """Return a file below a folder, None where it is not below it, is none of a tileset, or is not there."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\0" in path or not path.lower().endswith(SERVED):
        return None
    root, found = folder.resolve(), (folder / pure).resolve()
    return found if found.is_relative_to(root) and found.is_file() else None


def _json(path: Path) -> Any:
    if path.stat().st_size > MAX_JSON:
        raise Invalid("folder", f"{path.name} 超过 {MAX_JSON // 1024**2} MB")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Invalid("folder", f"{path.name} 不是 JSON：{error}") from error


def _contents(tile: dict[str, Any]) -> list[str]:
    listed = [*([tile["content"]] if "content" in tile else []), *tile.get("contents", [])]
    return [str(one.get("uri", one.get("url", ""))) for one in listed]


def _tiles(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [root]
    while waiting:
        tile = waiting.pop()
        yield tile
        waiting += tile.get("children", [])


def sphere(tile: dict[str, Any]) -> tuple[Floats, float] | None:
    """Return the middle (geocentric metres) and the radius of a root tile; None where its volume is of no known kind."""
    volume = tile.get("boundingVolume", {})
    matrix = np.array(tile.get("transform", np.eye(4).ravel()), float).reshape(4, 4).T
    scale = float(np.linalg.norm(matrix[:3, :3], axis=0).max())
    if "box" in volume:
        box = np.array(volume["box"], float)
        return matrix[:3, :3] @ box[:3] + matrix[:3, 3], float(np.linalg.norm(box[3:].reshape(3, 3).sum(axis=0))) * scale
    if "sphere" in volume:
        ball = np.array(volume["sphere"], float)
        return matrix[:3, :3] @ ball[:3] + matrix[:3, 3], float(ball[3]) * scale
    if "region" in volume:
        west, south, east, north, low, high = volume["region"]
        corners = np.degrees([[west, south], [east, north], [(west + east) / 2, (south + north) / 2]])
        points = lonlat_to_ecef(np.column_stack([corners, [low, high, (low + high) / 2]]))
        return points[2], float(np.linalg.norm(points[1] - points[0]) / 2)
    return None


def _walk(folder: Path, entry: str, found: Found, depth: int = 0) -> dict[str, Any]:
    """Look through a tileset and those that it points at; returns its root."""
    document = _json(folder / entry)
    root = document.get("root") if isinstance(document, dict) else None
    if not isinstance(root, dict) or "asset" not in document:
        raise Invalid("folder", f"{entry} 不是 3D Tiles：没有 asset 或 root")
    here = PurePosixPath(entry).parent
    for tile in _tiles(root):
        found.counts["tiles"] += 1
        if found.counts["tiles"] > MAX_TILES:
            raise Invalid("folder", f"超过 {MAX_TILES} 个瓦片")
        if "implicitTiling" in tile:
            found.counts["implicit"] += 1
            continue
        for uri in _contents(tile):
            _content(folder, here, uri, found, depth)
    return root


def _content(folder: Path, here: PurePosixPath, uri: str, found: Found, depth: int) -> None:
    parts = urlsplit(uri)
    path = str(here / unquote(parts.path))
    file = None if parts.scheme or parts.netloc else inside(folder, path)
    if file is None:
        found.missing.append(uri)
        return
    found.counts["bytes"] += file.stat().st_size
    if path.lower().endswith(".json"):
        if depth == MAX_DEPTH:
            raise Invalid("folder", f"瓦片集互相引用超过 {MAX_DEPTH} 层")
        found.counts["tilesets"] += 1
        _walk(folder, path, found, depth + 1)
        return
    with file.open("rb") as stream:
        kind = KINDS.get(stream.read(4), "mesh" if path.lower().endswith(".gltf") else "")
    found.counts[kind or "unknown"] += 1
    if not kind:
        found.issues.append(finding("E902", f"{path}：不是瓦片内容（b3dm、i3dm、pnts、cmpt、GLB）", path))


def look(folder: Path, entry: str = ENTRY) -> Found:
    """Return what is in a folder of 3D Tiles, and what is wrong with it.

    Raises
    ------
    Invalid
        It is no tileset.
    """
    if not (folder / entry).is_file():
        raise Invalid("folder", f"{folder} 中没有 {entry}")
    found = Found()
    try:
        root = _walk(folder, entry, found)
        ball = sphere(root)
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise Invalid("folder", f"{entry} 不是有效的 3D Tiles：{type(error).__name__} {error}") from error
    if found.missing:
        listed = "、".join(found.missing[:5])
        found.issues.append(
            finding("E902", f"{len(found.missing)} 个瓦片内容不在文件夹里：{listed}{' …' if len(found.missing) > 5 else ''}")
        )
    if ball is None:
        found.issues.append(finding("E908", "根瓦片没有能读的包围体"))
        return found
    lon, lat, _ = ecef_to_lonlat(ball[0][None])[0].tolist()
    found.centre, found.radius_m = (lon, lat), ball[1]
    west, south, east, north = AREA_4545
    if not (west <= lon <= east and south <= lat <= north):
        found.issues.append(finding("E908", f"瓦片落在 {lon:.4f}°E {lat:.4f}°N，不在本带"))
    return found


def version(folder: Path, entry: str = ENTRY) -> str:
    """Return a name of this state of a folder: 16 hexadecimal digits of the entry's bytes and time."""
    path = folder / entry
    return hashlib.sha256(path.read_bytes() + str(path.stat().st_mtime_ns).encode()).hexdigest()[:16]


def row_of(folder: Path, name: str, label: str, offset: str, *, clip: bool) -> tuple[dict[str, Any], list[Issue]]:
    """Return a folder as a row of `gis.store.tile_layers.keep`, and what is wrong with it.

    Raises
    ------
    Invalid
        It is no tileset, it shows nothing here, or the name or the offset can't be.
    """
    if not NAME.fullmatch(name):
        raise Invalid("--name", f"{name!r} 不是图层名：小写字母、数字和 _，不超过 30 字")
    try:
        east, north, up = (float(part) for part in offset.split(","))
    except ValueError as error:
        raise Invalid("--offset", f"{offset!r} 不是三个用逗号分开的数（东、北、上，米）") from error
    if not np.isfinite([east, north, up]).all():
        raise Invalid("--offset", "平移不是有限的数")
    found = look(folder)
    if not found.radius_m:
        raise Invalid("folder", "；".join(issue.message for issue in found.issues) or "根瓦片没有大小")
    row = {
        "name": name,
        "label": label,
        "content": found.content,
        "folder": str(folder.resolve()),
        "entry": ENTRY,
        "version": version(folder),
        "east_m": east,
        "north_m": north,
        "up_m": up,
        "clipped": clip,
        "lon": found.centre[0],
        "lat": found.centre[1],
        "radius_m": found.radius_m,
        "counts": dict(found.counts),
    }
    return row, found.issues
