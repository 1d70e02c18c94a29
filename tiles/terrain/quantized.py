"""Quantized-mesh 1.0 (CesiumGS/quantized-mesh): tiles to bytes and back.

Heights are whole multiples of a step that all tiles of a level share, so both sides of an edge decode to the same numbers.
"""

import gzip
import json
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.crs import WGS84_A, lonlat_to_ecef
from gis.errors import QuanjingError
from tiles.terrain.lattice import CELLS, POINTS, Tile
from tiles.terrain.mesh import Mesh

HEADER = struct.Struct("<3d2f4d3d")
"""Centre (geocentric metres); least and greatest height; bounding sphere; horizon occlusion point."""
NORMALS, WATER, METADATA = 1, 2, 4
"""Numbers of the extensions."""
FULL = 32_767
POLAR_RADIUS_M = 6_356_752.314245
"""Semi-minor axis of WGS 84, which the viewer's globe is."""
SAMPLES = 5
"""Along a side of a tile, to find what holds it."""
MOST_U16 = 65_536
"""Vertices from which on indices take four bytes."""

Floats = NDArray[np.float64]
Shorts = NDArray[np.uint16]


class NotATile(QuanjingError):
    """Bytes are no quantized mesh."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A tile, read."""

    centre: Floats
    least_m: float
    most_m: float
    sphere: Floats
    """Centre and radius, geocentric metres."""
    horizon: Floats
    """Horizon occlusion point, in radii of the ellipsoid."""
    u: NDArray[np.int64]
    """0 … 32767, west to east."""
    v: NDArray[np.int64]
    """South to north."""
    h: NDArray[np.int64]
    triangles: NDArray[np.int64]
    edges: dict[str, NDArray[np.int64]]
    """Vertices on the west, south, east and north edge."""
    extensions: dict[int, bytes] = field(default_factory=dict)

    @property
    def heights_m(self) -> Floats:
        """Ellipsoid heights of the vertices, as the viewer computes them."""
        share = self.h / FULL
        return (1 - share) * self.least_m + share * self.most_m

    def lonlat(self, tile: Tile) -> Floats:
        """Return longitude and latitude of the vertices, degrees."""
        west, south, east, north = tile.rectangle
        return np.column_stack([west + (east - west) * self.u / FULL, south + (north - south) * self.v / FULL])

    @property
    def normals(self) -> Floats | None:
        """Unit normals of the vertices in the geocentric frame; None where the tile has none."""
        raw = self.extensions.get(NORMALS)
        return None if raw is None else unpacked(np.frombuffer(raw, np.uint8).reshape(-1, 2))

    @property
    def metadata(self) -> dict[str, Any] | None:
        """What the tile says of the tiles below it; None where it says nothing."""
        raw = self.extensions.get(METADATA)
        if raw is None:
            return None
        document: dict[str, Any] = json.loads(raw[4 : 4 + struct.unpack_from("<I", raw)[0]])
        return document


def packed(normals: Floats) -> NDArray[np.uint8]:
    """Fold unit vectors onto an octahedron, one byte an axis (Meyer et al. 2010)."""
    flat = normals[:, :2] / np.abs(normals).sum(axis=1)[:, None]
    folded = (1 - np.abs(flat[:, ::-1])) * np.where(flat >= 0, 1.0, -1.0)
    xy = np.where(normals[:, 2:] < 0, folded, flat)
    return np.round((np.clip(xy, -1, 1) * 0.5 + 0.5) * 255).astype(np.uint8)


def unpacked(octahedral: NDArray[np.uint8]) -> Floats:
    """Undo `packed`."""
    xy = octahedral / 255 * 2 - 1
    z = 1 - np.abs(xy).sum(axis=1)
    folded = (1 - np.abs(xy[:, ::-1])) * np.where(xy >= 0, 1.0, -1.0)
    vectors = np.column_stack([np.where(z[:, None] < 0, folded, xy), z])
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    return unit


def _zigzag(values: NDArray[np.int16]) -> bytes:
    """Return the differences of values of 0 … 32767, small whatever their sign."""
    steps = values.copy()
    steps[1:] -= values[:-1]
    return ((steps << 1) ^ (steps >> 15)).astype("<i2", copy=False).tobytes()


def _high_water(triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return how far each index lies below the lowest that was not named before it."""
    names = triangles.reshape(-1)
    before = np.concatenate([[-1], np.maximum.accumulate(names)[:-1]])
    code: NDArray[np.int32] = before + 1 - names
    return code


@dataclass(frozen=True, slots=True, eq=False)
class _Surround:
    """What holds tiles, a row each."""

    centre: Floats
    sphere: Floats
    horizon: Floats


def _surround(tiles: Sequence[Tile], least_m: Floats, most_m: Floats) -> _Surround:
    """Return centres, bounding spheres and horizon occlusion points of whatever lies in tiles between two heights."""
    west, south, east, north = (side[:, None, None] for side in np.array([tile.rectangle for tile in tiles]).T)
    share, count = np.linspace(0, 1, SAMPLES), len(tiles)
    lon = np.broadcast_to(west + (east - west) * share[None, None, :], (count, SAMPLES, SAMPLES))
    lat = np.broadcast_to(south + (north - south) * share[None, :, None], (count, SAMPLES, SAMPLES))

    def shell(height_m: Floats) -> Floats:
        flat = np.column_stack([lon.reshape(-1), lat.reshape(-1), np.repeat(height_m, SAMPLES**2)])
        return lonlat_to_ecef(flat).reshape(count, SAMPLES**2, 3)

    both = np.concatenate([shell(least_m), shell(most_m)], axis=1)
    at = np.column_stack([((west + east) / 2).reshape(-1), ((south + north) / 2).reshape(-1), (least_m + most_m) / 2])
    middle = (both.min(axis=1) + both.max(axis=1)) / 2
    # Between the sampled points the ellipsoid bulges over their hull by about side²/8R.
    bulge = (np.radians((east - west).reshape(-1)) / (SAMPLES - 1)) ** 2 / 8 * WGS84_A
    radius = np.linalg.norm(both - middle[:, None], axis=2).max(axis=1) + bulge
    return _Surround(lonlat_to_ecef(at), np.column_stack([middle, radius]), _horizon(middle, both[:, SAMPLES**2 :], bulge))


def _horizon(middle: Floats, points: Floats, bulge: Floats) -> Floats:
    """Return for each tile the point that is hidden by the ellipsoid only where all of it is (Kevin Ring, "Horizon culling", 2013)."""
    radii = np.array([WGS84_A, WGS84_A, POLAR_RADIUS_M])
    scaled = points * (1 + bulge[:, None] / np.linalg.norm(points, axis=2))[..., None] / radii
    direction = middle / radii
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    square = np.maximum(1.0, (scaled**2).sum(axis=2))
    length = np.sqrt(square)
    cos_a = np.clip((scaled * direction[:, None]).sum(axis=2) / length, -1, 1)
    sin_a = np.sqrt(1 - cos_a**2)
    cos_b = 1 / length
    sin_b = np.sqrt(square - 1) * cos_b
    # Half a globe is never hidden: its point is set far away.
    reach = 1 / np.maximum(cos_a * cos_b - sin_a * sin_b, 1e-3)
    horizon: Floats = direction * reach.max(axis=1)[:, None]
    return horizon


def _indices(values: NDArray[Any], count: int) -> bytes:
    return values.astype("<u4" if count > MOST_U16 else "<u2").tobytes()


def extension(number: int, content: bytes) -> bytes:
    """Return an extension of a tile."""
    return struct.pack("<BI", number, len(content)) + content


def metadata_extension(available: Sequence[Any]) -> bytes:
    """Return the extension that says which tiles there are below a tile, level by level."""
    text = json.dumps({"available": available}, separators=(",", ":")).encode()
    return extension(METADATA, struct.pack("<I", len(text)) + text)


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """One tile's mesh of any shape."""

    u: NDArray[np.int16]
    v: NDArray[np.int16]
    q: NDArray[np.int32]
    """Heights as whole multiples of the level's step."""
    normals: NDArray[np.uint8]
    triangles: NDArray[np.int32]
    """In an order in which no vertex is named before all of lower number."""


def _uv(of_point: NDArray[np.int64]) -> NDArray[np.int16]:
    return np.round(of_point * FULL / CELLS).astype(np.int16)


GRID_U, GRID_V = (_uv(np.arange(POINTS**2) % POINTS), _uv(np.arange(POINTS**2) // POINTS))
"""Place of each lattice point within its tile."""
EDGE_POINTS = (np.arange(POINTS) * POINTS, np.arange(POINTS), np.arange(POINTS) * POINTS + CELLS, np.arange(POINTS) + CELLS * POINTS)
"""Lattice points on the west, south, east and north edge, from south or west."""


def write(
    tiles: Sequence[Tile],
    meshes: Sequence[Mesh],
    q: Sequence[NDArray[np.int32]],
    step_m: float,
    normals: Sequence[NDArray[np.uint8]] | None,
) -> list[bytes]:
    """Write lattice meshes, not yet compressed.

    Parameters
    ----------
    tiles, meshes : sequences of the same length
    q : sequence of (v,) arrays
        Height of each vertex, as a multiple of the step.
    step_m : float
        A power of two, so that 32-bit floats hold its multiples.
    normals : sequence of (v, 2) arrays, or None
        Packed.
    """
    ranges = [_Range.of(of_tile) for of_tile in q]
    heads = _heads(tiles, ranges, step_m)
    found = []
    for n, mesh in enumerate(meshes):
        points = mesh.points
        is_vertex = np.zeros(POINTS**2, bool)
        is_vertex[points] = True
        edges = [mesh.number[on[is_vertex[on]]] for on in EDGE_POINTS]
        body = _body((GRID_U.take(points), GRID_V.take(points), ranges[n].scaled(q[n])), mesh.codes, edges)
        found.append(heads[n] + body + (extension(NORMALS, normals[n].tobytes()) if normals is not None else b""))
    return found


def write_surface(tile: Tile, surface: Surface, step_m: float, bare: Collection[str] = ()) -> bytes:
    """Write one mesh of any shape, not yet compressed; `bare`: sides (west, south, east, north) that get no skirt."""
    u, v, scale = surface.u, surface.v, _Range.of(surface.q)
    edges = []
    for name, along, across, side in (("west", v, u, 0), ("south", u, v, 0), ("east", v, u, FULL), ("north", u, v, FULL)):
        on = np.flatnonzero(across == side)
        # Readers count on one vertex a side at least; one alone carries no skirt.
        edges.append(np.zeros(1, np.int64) if name in bare or not len(on) else on[np.argsort(along[on], kind="stable")])
    body = _body((u, v, scale.scaled(surface.q)), _high_water(surface.triangles), edges)
    return _heads([tile], [scale], step_m)[0] + body + extension(NORMALS, surface.normals.tobytes())


@dataclass(frozen=True, slots=True)
class _Range:
    """The heights of a tile, in steps: `least` and 32767 strides over it, so that every multiple of the stride is a height of the tile."""

    least: int
    most: int
    stride: int

    @classmethod
    def of(cls, q: NDArray[np.int32]) -> "_Range":
        least, most = int(q.min()), int(q.max())
        return cls(least, most, 1 << max(0, (most - least - 1) // FULL).bit_length())

    def scaled(self, q: NDArray[np.int32]) -> NDArray[np.int16]:
        over = q - self.least
        return (over if self.stride == 1 else over // self.stride).astype(np.int16)


def _heads(tiles: Sequence[Tile], ranges: Sequence[_Range], step_m: float) -> list[bytes]:
    least, most = (np.array([getattr(one, side) for one in ranges]) * step_m for side in ("least", "most"))
    top = least + np.array([one.stride for one in ranges]) * (step_m * FULL)
    around = _surround(tiles, least, most)
    rows = np.column_stack([around.centre, least, top, around.sphere, around.horizon]).tolist()
    return [HEADER.pack(*row) for row in rows]


def _body(uvh: tuple[NDArray[np.int16], ...], codes: NDArray[Any], edges: Sequence[NDArray[Any]]) -> bytes:
    count = len(uvh[0])
    parts = [struct.pack("<I", count), *(_zigzag(column) for column in uvh)]
    if count > MOST_U16 and (HEADER.size + sum(map(len, parts))) % 4:
        parts.append(b"\0\0")
    parts += [struct.pack("<I", len(codes) // 3), _indices(codes, count)]
    for on in edges:
        parts += [struct.pack("<I", len(on)), _indices(on, count)]
    return b"".join(parts)


def compressed(content: bytes) -> bytes:
    """Return a tile as it is served, the same bytes for the same tile."""
    return gzip.compress(content, 6, mtime=0)


def _unzigzag(raw: NDArray[np.uint16]) -> NDArray[np.int64]:
    values = raw.astype(np.int64)
    return np.cumsum((values >> 1) ^ -(values & 1))


def read(content: bytes) -> Decoded:
    """Read a tile, compressed or not.

    Raises
    ------
    NotATile
        It ends too early, or its indices can't be followed.
    """
    try:
        return _read(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    except (struct.error, ValueError, OSError, EOFError) as error:
        raise NotATile(f"no quantized mesh: {error}") from error


def _read(content: bytes) -> Decoded:
    head = HEADER.unpack_from(content)
    at = HEADER.size

    def number() -> int:
        nonlocal at
        (value,) = struct.unpack_from("<I", content, at)
        at += 4
        return int(value)

    def array(kind: str, count: int) -> NDArray[Any]:
        nonlocal at
        values = np.frombuffer(content, kind, count, at)
        at += values.nbytes
        return values

    count = number()
    u, v, h = (_unzigzag(array("<u2", count)) for _ in range(3))
    kind = "<u4" if count > MOST_U16 else "<u2"
    if count > MOST_U16 and at % 4:
        at += 2
    codes = array(kind, 3 * number()).astype(np.int64)
    # A code of nought names the next vertex: the highest before a place is the number of noughts before it.
    named = np.cumsum(codes == 0)
    triangles = (named - (codes == 0) - codes).reshape(-1, 3)
    edges = {side: array(kind, number()).astype(np.int64) for side in ("west", "south", "east", "north")}
    extensions: dict[int, bytes] = {}
    while at < len(content):
        extension, size = struct.unpack_from("<BI", content, at)
        at += 5
        if at + size > len(content):
            raise ValueError("an extension is longer than the tile")
        extensions[extension] = content[at : at + size]
        at += size
    return Decoded(np.array(head[:3]), head[3], head[4], np.array(head[5:9]), np.array(head[9:12]), u, v, h, triangles, edges, extensions)
