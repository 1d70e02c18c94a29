"""`quanjing terrain bake`: a DEM as a folder of quantized-mesh tiles, which goes on where it stopped."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiles.terrain.build import block
from tiles.terrain.dem import Dem
from tiles.terrain.lattice import Rectangle, Tile, span, tolerance_m
from tiles.terrain.quantized import compressed, metadata_extension
from tiles.terrain.relief import Bare

LAYER = "layer.json"
"""Written last: what it stands in is whole."""
SOURCE = "source.json"
"""What the tiles are made of."""
STATE = ".bake"
BLOCK = 12
"""Tiles along a side that are made at once."""
METADATA_EVERY = 10
"""Each so many levels a tile says which tiles there are below it."""
FORM = 1
"""Of the tiles: another form is made anew."""

Ranges = list[list[dict[str, int]]]
"""Of each level the rectangles of tiles that there are."""
Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Baked:
    """What a bake did."""

    tiles: int
    """All that there are."""
    made: int
    """Now; the others stood."""
    bytes: int
    levels: int


def ranges(rectangles: Sequence[tuple[Rectangle, int]]) -> Ranges:
    """Return which tiles there are: of each rectangle down to its level; both tiles of level 0 in any case."""
    found: Ranges = [[{"startX": 0, "startY": 0, "endX": 1, "endY": 0}]]
    for z in range(1, 1 + max(finest for _, finest in rectangles)):
        spans = dict.fromkeys(span(rectangle, z) for rectangle, finest in rectangles if z <= finest)
        found.append([dict(zip(("startX", "startY", "endX", "endY"), one, strict=True)) for one in spans])
    return found


def below(available: Ranges, tile: Tile) -> Ranges:
    """Return which tiles there are under a tile, level by level from the next on, as the metadata extension says it."""
    found: Ranges = []
    for z in range(tile.z + 1, min(tile.z + METADATA_EVERY, len(available) - 1) + 1):
        shift = z - tile.z
        x0, y0 = tile.x << shift, tile.y << shift
        x1, y1 = x0 + (1 << shift) - 1, y0 + (1 << shift) - 1
        cut = [
            {"startX": max(one["startX"], x0), "startY": max(one["startY"], y0), "endX": min(one["endX"], x1), "endY": min(one["endY"], y1)}
            for one in available[z]
        ]
        found.append([one for one in cut if one["startX"] <= one["endX"] and one["startY"] <= one["endY"]])
    return found


def layer(available: Ranges, bounds: Rectangle, version: str, attribution: str = "") -> dict[str, Any]:
    """Return `layer.json`, the way into a terrain."""
    return {
        "tilejson": "2.1.0",
        "name": "quanjing",
        "version": "1.0.0",
        "format": "quantized-mesh-1.0",
        "scheme": "tms",
        "projection": "EPSG:4326",
        "tiles": [f"{{z}}/{{x}}/{{y}}.terrain?v={version}"],
        "extensions": ["octvertexnormals", "metadata"],
        "metadataAvailability": METADATA_EVERY,
        "minzoom": 0,
        "maxzoom": len(available) - 1,
        "bounds": list(bounds),
        "available": available,
        "attribution": attribution,
        "max_error_m": [tolerance_m(z) for z in range(len(available))],
    }


def finished(tile: Tile, content: bytes, available: Ranges) -> bytes:
    """Return a tile as it is stored and served: with what it says of those below it, compressed."""
    if tile.z % METADATA_EVERY == 0:
        content += metadata_extension(below(available, tile))
    return compressed(content)


def _blocks(available: Ranges) -> Iterator[tuple[int, int, int, int, int]]:
    for z, rectangles in enumerate(available):
        for one in rectangles:
            for y in range(one["startY"], one["endY"] + 1, BLOCK):
                for x in range(one["startX"], one["endX"] + 1, BLOCK):
                    yield z, x, y, min(x + BLOCK - 1, one["endX"]), min(y + BLOCK - 1, one["endY"])


def source_of(dem: Dem, attribution: str) -> dict[str, Any]:
    """Return what decides the bytes of the tiles."""
    about = dem.path.stat()
    return {
        "form": FORM,
        "dem": str(dem.path.resolve()),
        "bytes": about.st_size,
        "changed": about.st_mtime_ns,
        "above": dem.above,
        "crs": str(dem.source),
        "finest": dem.finest,
        "attribution": attribution,
    }


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


def bake(
    dem: Dem, out: Path, *, attribution: str = "", step: Step = lambda _, __: None, stop: Callable[[], bool] = lambda: False
) -> Baked | None:
    """Write a terrain.

    Parameters
    ----------
    dem : Dem
    out : Path
        Folder; tiles of another DEM in it are replaced.
    attribution : str
        Whom the viewer names.
    step : callable
        Told how many blocks of tiles stand, and of how many.
    stop : callable
        Asked between blocks; the next bake goes on from there.

    Returns
    -------
    Baked or None
        None where it was stopped.
    """
    out.mkdir(parents=True, exist_ok=True)
    source = source_of(dem, attribution)
    version = hashlib.sha256(json.dumps(source, sort_keys=True).encode()).hexdigest()[:12]
    state = out / STATE
    stands = state.read_text().split("\n") if state.exists() else []
    done = set(stands[1:-1]) if stands[:1] == [version] else set()
    if not done:
        out.joinpath(LAYER).unlink(missing_ok=True)
        state.write_text(f"{version}\n")
    available = ranges([(dem.bounds, dem.finest)])
    relief, made, blocks = Bare(dem), 0, list(_blocks(available))
    with state.open("a") as kept:
        for number, place in enumerate(blocks, 1):
            if stop():
                return None
            name = " ".join(map(str, place))
            if name not in done:
                for tile, content in block(relief, place[0], place[1:]).items():
                    _write(out / f"{tile.z}/{tile.x}/{tile.y}.terrain", finished(tile, content, available))
                    made += 1
                kept.write(f"{name}\n")
                kept.flush()
            step(number, len(blocks))
    _write(out / SOURCE, json.dumps(source, ensure_ascii=False, indent=1).encode())
    _write(out / LAYER, json.dumps(layer(available, dem.bounds, version, attribution), ensure_ascii=False).encode())
    tiles = sum((one["endX"] - one["startX"] + 1) * (one["endY"] - one["startY"] + 1) for level in available for one in level)
    size = sum(path.stat().st_size for path in out.glob("*/*/*.terrain"))
    return Baked(tiles, made, size, len(available))
