"""Terrain tiles with a hole: what lies below an enterprise is seen from above as in an open pit.

Triangles that the outline crosses are cut along it, so the rim is where the outline is, within the format's steps: 1 cm at the finest
level, and on the triangle's own plane, within half a step of its heights.
"""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from tiles.terrain.build import step_m
from tiles.terrain.lattice import Tile
from tiles.terrain.quantized import FULL, METADATA, Decoded, Surface, extension, packed, read, write_surface

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(slots=True)
class _Vertices:
    """Vertices by their place in the tile, in the order in which they are first named."""

    u: list[int] = field(default_factory=list)
    v: list[int] = field(default_factory=list)
    q: list[int] = field(default_factory=list)
    normals: list[Floats] = field(default_factory=list)
    known: dict[tuple[int, int], int] = field(default_factory=dict)

    def named(self, place: tuple[int, int], q: int, normal: Floats) -> int:
        """Return the number of the vertex at a place."""
        if place not in self.known:
            self.known[place] = len(self.u)
            self.u.append(place[0])
            self.v.append(place[1])
            self.q.append(q)
            self.normals.append(normal)
        return self.known[place]


def _within(tile: Tile, outline: shapely.Geometry) -> shapely.Geometry:
    """Return an outline (EPSG:4490) in the units of a tile, 0 … 32767."""
    west, south, east, north = tile.rectangle
    return shapely.transform(outline, lambda at: (at - (west, south)) / (east - west, north - south) * FULL)


def _shares(corners: Floats, points: Floats) -> Floats:
    """Return of points in a triangle how much of each corner is in them, `(n, 3)`."""
    a, b, c = corners
    matrix = np.column_stack([b - a, c - a])
    st = np.linalg.solve(matrix, (points - a).T).T
    return np.column_stack([1 - st.sum(axis=1), st])


def _pieces(corners: Longs, hole: shapely.Geometry) -> list[Longs]:
    """Return what is left of a triangle outside of a hole, as triangles on whole places, anticlockwise."""
    left = shapely.difference(shapely.Polygon(corners), hole)
    found = []
    for part in shapely.get_parts(left):
        if part.geom_type != "Polygon":
            continue
        for triangle in shapely.get_parts(shapely.constrained_delaunay_triangles(part)):
            at = np.round(shapely.get_coordinates(triangle)[:3]).astype(np.int64).clip(0, FULL)
            (x1, y1), (x2, y2) = at[1] - at[0], at[2] - at[0]
            area = int(x1 * y2 - x2 * y1)
            if area:
                found.append(at if area > 0 else at[::-1])
    return found


def _cut(decoded: Decoded, hole: shapely.Geometry, step: float) -> tuple[_Vertices, list[tuple[int, int, int]]]:
    """Return the mesh without what lies in the hole."""
    q = np.round(decoded.heights_m / step).astype(np.int64)
    uv = np.column_stack([decoded.u, decoded.v])
    normals = decoded.normals if decoded.normals is not None else np.tile([0.0, 0.0, 1.0], (len(uv), 1))
    rings = np.concatenate([decoded.triangles, decoded.triangles[:, :1]], axis=1)
    shapes = shapely.polygons(uv[rings].astype(float))
    shapely.prepare(hole)
    apart, inside = shapely.disjoint(shapes, hole), shapely.covered_by(shapes, hole)
    vertices, triangles = _Vertices(), list[tuple[int, int, int]]()
    for row, corners in enumerate(decoded.triangles.tolist()):
        if inside[row]:
            continue
        if apart[row]:
            named = [vertices.named((int(uv[one, 0]), int(uv[one, 1])), int(q[one]), normals[one]) for one in corners]
            triangles.append((named[0], named[1], named[2]))
            continue
        for piece in _pieces(uv[corners], hole):
            shares = _shares(uv[corners].astype(float), piece.astype(float))
            heights = np.round(shares @ q[corners]).astype(np.int64).tolist()
            facing = (shares @ normals[corners]) / np.linalg.norm(shares @ normals[corners], axis=1)[:, None]
            named = [vertices.named((at[0], at[1]), heights[n], facing[n]) for n, at in enumerate(piece.tolist())]
            if len(set(named)) == 3:
                triangles.append((named[0], named[1], named[2]))
    return vertices, triangles


def _sides(hole: shapely.Geometry) -> frozenset[str]:
    """Return the sides of a tile on which a hole lies."""
    corners = {"west": (0, 0, 0, FULL), "south": (0, 0, FULL, 0), "east": (FULL, 0, FULL, FULL), "north": (0, FULL, FULL, FULL)}
    return frozenset(side for side, (x, y, to_x, to_y) in corners.items() if hole.intersects(shapely.LineString([(x, y), (to_x, to_y)])))


def with_hole(content: bytes, tile: Tile, outline: shapely.Geometry) -> bytes:
    """Return a tile without what lies within an outline, not compressed; as it is where nothing does.

    Parameters
    ----------
    content : bytes
        A quantized mesh, compressed or not.
    tile : Tile
    outline : shapely geometry, EPSG:4490

    Notes
    -----
    Of a tile that lies in the hole altogether one triangle of a few centimetres stays: viewers take no mesh without any. A side on which
    the hole lies has no skirt, which would hang across it like a curtain.
    """
    decoded, hole = read(content), _within(tile, outline)
    if not hole.intersects(shapely.box(0, 0, FULL, FULL)):
        return content
    step = step_m(tile.z)
    vertices, triangles = _cut(decoded, hole, step)
    if not triangles:
        q, normal = round(float(decoded.heights_m.min()) / step), np.array([0.0, 0.0, 1.0])
        named = [vertices.named(place, q, normal) for place in ((0, 0), (1, 0), (0, 1))]
        triangles = [(named[0], named[1], named[2])]
    surface = Surface(
        np.array(vertices.u, np.int16), np.array(vertices.v, np.int16), np.array(vertices.q, np.int32),
        packed(np.array(vertices.normals)), np.array(triangles, np.int32),
    )  # fmt: skip
    told = decoded.extensions.get(METADATA)
    return write_surface(tile, surface, step, bare=_sides(hole)) + (b"" if told is None else extension(METADATA, told))
