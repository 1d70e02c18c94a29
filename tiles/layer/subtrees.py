"""Subtrees of an implicit quadtree as bytes (3D Tiles 1.1, "Subtree files"), with the region around each tile as its metadata."""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 5
"""Of a subtree: 341 tiles in one file."""
CLASS = "tile"
HEADER = struct.Struct("<4sIQQ")
NODES = int(4**LEVELS - 1) // 3

Floats = NDArray[np.float64]
Place = tuple[int, int, int]
"""Level, x, y."""
Regions = Mapping[Place, Floats]
"""Of each tile that is there: west, south, east, north (radians), least and greatest ellipsoid height (metres)."""


def tile_class() -> dict[str, Any]:
    """Return the metadata class of the tiles: where a tile reaches to, its children included."""
    region = {"type": "SCALAR", "componentType": "FLOAT64", "array": True, "count": 6, "semantic": "TILE_BOUNDING_REGION", "required": True}
    return {"name": "瓦片", "properties": {"region": {"name": "范围", **region}}}


def _around(regions: Sequence[Floats]) -> Floats:
    """Return the least region around regions."""
    low, high = np.min(regions, axis=0), np.max(regions, axis=0)
    return np.array([*low[:2], *high[2:4], low[4], high[5]])


def joined(regions: Regions) -> dict[Place, Floats]:
    """Return the region of each tile and all below it; ancestors that hold nothing themselves are added."""
    found: dict[Place, Floats] = {}
    below: dict[Place, list[Floats]] = {}
    for level in range(max(place[0] for place in regions), -1, -1):
        for place in {place for place in (*regions, *below) if place[0] == level}:
            found[place] = _around([*([regions[place]] if place in regions else []), *below.get(place, [])])
            below.setdefault((level - 1, place[1] >> 1, place[2] >> 1), []).append(found[place])
    return found


def _index(place: Place, root: Place) -> int:
    """Return the place of a tile in the bits of its subtree: level by level, in Morton order."""
    level = place[0] - root[0]
    x, y = place[1] - (root[1] << level), place[2] - (root[2] << level)
    morton = sum((x >> bit & 1) << 2 * bit | (y >> bit & 1) << (2 * bit + 1) for bit in range(level))
    return starts(level) + morton


def starts(level: int) -> int:
    """Return how many tiles of a subtree lie above a level of it."""
    return int(4**level - 1) // 3


def _padded(data: bytes, by: bytes) -> bytes:
    return data + by * (-len(data) % 8)


def _file(there: list[tuple[int, Floats]], filled: list[int], children: list[int]) -> bytes:
    """Return one subtree.

    Parameters
    ----------
    there : index and region of each tile, by index
    filled : indices of tiles with content
    children : Morton indices of the subtrees below
    """
    buffer, views = b"", list[dict[str, int]]()

    def view(data: bytes) -> int:
        nonlocal buffer
        views.append({"buffer": 0, "byteOffset": len(buffer), "byteLength": len(data)})
        buffer += _padded(data, b"\0")
        return len(views) - 1

    def bits(count: int, indices: list[int]) -> dict[str, int]:
        if len(indices) in (0, count):
            return {"constant": int(bool(indices)), "availableCount": len(indices)}
        flags = np.zeros(count, bool)
        flags[indices] = True
        return {"bitstream": view(np.packbits(flags, bitorder="little").tobytes()), "availableCount": len(indices)}

    region = view(np.array([region for _, region in there]).astype("<f8").tobytes())
    document: dict[str, Any] = {
        "tileAvailability": bits(NODES, [index for index, _ in there]),
        "contentAvailability": [bits(NODES, filled)],
        "childSubtreeAvailability": bits(4**LEVELS, children),
        "propertyTables": [{"class": CLASS, "count": len(there), "properties": {"region": {"values": region}}}],
        "tileMetadata": 0,
    }
    document |= {"buffers": [{"byteLength": len(buffer)}], "bufferViews": views}
    text = _padded(json.dumps(document, separators=(",", ":")).encode(), b" ")
    return HEADER.pack(b"subt", 1, len(text), len(buffer)) + text + buffer


def subtrees(regions: Regions) -> dict[Place, bytes]:
    """Return every subtree file by the place of its root.

    Parameters
    ----------
    regions : mapping
        Of each tile with content.
    """
    whole = joined(regions)
    owned: dict[Place, list[Place]] = {}
    for place in sorted(whole):
        up = place[0] % LEVELS
        owned.setdefault((place[0] - up, place[1] >> up, place[2] >> up), []).append(place)
    found = {}
    for root, tiles in owned.items():
        there = sorted((_index(place, root), place) for place in tiles)
        below = [place for place in owned if place[0] == root[0] + LEVELS and (place[1] >> LEVELS, place[2] >> LEVELS) == root[1:]]
        found[root] = _file(
            [(index, whole[place]) for index, place in there],
            [index for index, place in there if place in regions],
            sorted(_index(place, root) - NODES for place in below),
        )
    return found
