"""Paths of straight and circular pieces, as a DXF LWPOLYLINE has them: vertices with a bulge (tangent of a quarter of the arc's angle)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

Point = tuple[float, float]
Vertex = tuple[float, float, float]
"""x, y, and the bulge of the piece to the next vertex: 0 straight, positive counter-clockwise, 1 a half circle."""
FLATTEN = 0.01
"""Default sagitta of a flattened arc, in units of the path."""


@dataclass(frozen=True, slots=True)
class Path:
    """A polyline with arcs; y points up."""

    vertices: tuple[Vertex, ...]
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight piece of a path."""

    start: Point
    end: Point


@dataclass(frozen=True, slots=True)
class Arc:
    """A circular piece of a path; `sweep` is signed, counter-clockwise positive, radians; y points up."""

    start: Point
    end: Point
    centre: Point
    radius: float
    from_angle: float
    sweep: float


def circle(centre: Point, radius: float) -> Path:
    """Return a full circle: two half arcs."""
    x, y = centre
    return Path(((x + radius, y, 1.0), (x - radius, y, 1.0)), closed=True)


def arc(centre: Point, radius: float, from_deg: float, to_deg: float) -> Path:
    """Return the counter-clockwise arc between two angles (degrees, 0 = +x), in pieces of at most a half circle."""
    sweep = math.radians((to_deg - from_deg) % 360 or 360)
    pieces = math.ceil(sweep / math.pi - 1e-9)
    bulge = math.tan(sweep / pieces / 4)
    corners = []
    for index in range(pieces + 1):
        angle = math.radians(from_deg) + sweep * index / pieces
        corners.append((centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle), bulge if index < pieces else 0.0))
    return Path(tuple(corners))


def pieces(path: Path) -> Iterator[Segment | Arc]:
    """Yield the straight and circular pieces of a path in order, the closing one included."""
    count = len(path.vertices)
    for index in range(count if path.closed else count - 1):
        x, y, bulge = path.vertices[index]
        end = path.vertices[(index + 1) % count][:2]
        yield Segment((x, y), end) if bulge == 0 else _arc((x, y), end, bulge)


def _arc(start: Point, end: Point, bulge: float) -> Arc:
    dx, dy = end[0] - start[0], end[1] - start[1]
    # The centre lies on the chord's normal; its distance follows from tan(sweep/4) = bulge.
    shift = (1 / bulge - bulge) / 4
    centre = ((start[0] + end[0]) / 2 - dy * shift, (start[1] + end[1]) / 2 + dx * shift)
    angle = math.atan2(start[1] - centre[1], start[0] - centre[0])
    return Arc(start, end, centre, math.hypot(start[0] - centre[0], start[1] - centre[1]), angle, 4 * math.atan(bulge))


def placed(path: Path, origin: Point = (0.0, 0.0), scale: float = 1.0, turn_deg: float = 0.0) -> Path:
    """Return a path scaled and turned about (0, 0), then moved to `origin`; arcs stay arcs."""
    cos, sin = math.cos(math.radians(turn_deg)) * scale, math.sin(math.radians(turn_deg)) * scale
    moved = ((origin[0] + x * cos - y * sin, origin[1] + x * sin + y * cos, bulge) for x, y, bulge in path.vertices)
    return Path(tuple(moved), path.closed)


def flat(path: Path, sagitta: float = FLATTEN) -> list[Point]:
    """Return the points of a path with its arcs cut into chords; a closed path's first point is not repeated."""
    points = [path.vertices[0][:2]] if path.vertices else []
    for piece in pieces(path):
        if isinstance(piece, Arc):
            step = 2 * math.acos(max(1 - sagitta / piece.radius, 0.0))
            count = max(math.ceil(abs(piece.sweep) / step), 2)
            for index in range(1, count):
                angle = piece.from_angle + piece.sweep * index / count
                points.append((piece.centre[0] + piece.radius * math.cos(angle), piece.centre[1] + piece.radius * math.sin(angle)))
        points.append(piece.end)
    return points[:-1] if path.closed else points
