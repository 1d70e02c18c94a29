"""Curves as a drawing has them: lines, arcs, polylines, circles, ellipses and splines, in drawing units."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from ezdxf.entities.arc import Arc
from ezdxf.entities.circle import Circle
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.entities.ellipse import Ellipse
from ezdxf.entities.line import Line
from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.entities.polyline import Polyline
from ezdxf.entities.spline import Spline
from ezdxf.entities.text import Text
from ezdxf.lldxf.const import DXFError
from numpy.typing import NDArray

from drawings.native import FARTHEST
from drawings.planes import LEVEL, centre, is_flat, is_tilted, lifted, pressed
from drawings.splines import spline_of
from gis.geometry.curves import SAGITTA_M, circle_points, ellipse_points, polyline_points
from gis.geometry.rings import gap_m

ROUNDING_M = 0.001
"""A gap below this is the rounding of coordinates, metres."""
LARGEST_RADIUS = 1e6
"""Larger circles are no outlines of anything, and cost a point every few metres; drawing units."""
SPLINE_FRAME_VERTEX = 16
"""Flag of control points that are not on the curve (DXF reference, VERTEX, group 70)."""
IN_WORLD = frozenset({"LINE", "POINT", "ELLIPSE", "MTEXT", "SPLINE"})
"""Types whose coordinates are the world's although they have an extrusion."""
FULL_TURN = 2 * math.pi
STRETCHED = (3, 5)
"""Alignments of a text between two points, of which the first is its place (DXF reference, TEXT, group 72)."""
CORNER = [0, 1, 4]
"""x, y and bulge of a corner as ezdxf keeps it, between them two widths."""
ROUND_CORNERS = 24
"""A circle in chords has at least as many corners: 15° each; GDAL's are 4°."""
ROUND = 1e-4
"""How much the chords of a circle may differ, as part of its size."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """An entity's geometry in drawing coordinates."""

    line: Points
    """(n, 2) along the curve; closed ones do not repeat their first point."""
    shape: dict[str, Any]
    """The native curve (see `PlanFeature.shape`)."""
    closed: bool
    z: float
    """The height farthest from zero."""

    @property
    def sound(self) -> bool:
        """Whether every coordinate is a number that can be a place."""
        return len(self.line) > 0 and bool(np.abs(self.line).max() < FARTHEST)


def _polyline(points: Points, z: float, *, closed: bool, sagitta: float) -> Curve:
    tolerance = ROUNDING_M * sagitta / SAGITTA_M
    if not closed and len(points) > 2 and gap_m(points[:, :2]) <= tolerance:
        points, closed = points[:-1], True
    rows = points.tolist()
    shape = {"type": "lwpolyline", "points": rows, "closed": closed}
    # Most are straight and repeat nothing; of a few points that is told sooner without arrays.
    as_drawn = all(row[2] == 0 for row in rows) and all(row != after for row, after in pairwise(rows))
    if as_drawn and not (closed and len(rows) > 1 and rows[0] == rows[-1]):
        return Curve(np.ascontiguousarray(points[:, :2]), shape, closed, z)
    return Curve(polyline_points(points, closed=closed, sagitta=sagitta), shape, closed, z)


def _lwpolyline(entity: LWPolyline, sagitta: float) -> Curve:
    closed = entity.closed
    points, z = entity.lwpoints.values[:, CORNER], float(entity.dxf.get("elevation", 0.0))
    if not is_flat(entity):
        points, z = lifted(points, z, entity, closed=closed, sagitta=sagitta)
    return _polyline(points, z, closed=closed, sagitta=sagitta)


def _old_polyline(entity: Polyline, sagitta: float) -> Curve | None:
    if not (entity.is_2d_polyline or entity.is_3d_polyline):
        return None
    kept = [vertex for vertex in entity.vertices if not vertex.dxf.flags & SPLINE_FRAME_VERTEX]
    rows = np.array([(*vertex.dxf.location.xyz[:2], float(vertex.dxf.get("bulge", 0.0))) for vertex in kept], dtype=float).reshape(-1, 3)
    heights = [float(vertex.dxf.location.z) for vertex in kept]
    if entity.is_2d_polyline:
        elevation = max(heights, key=abs, default=0.0)
        points, z = lifted(rows, elevation, entity, closed=entity.is_closed, sagitta=sagitta)
    else:
        points, z = rows, max(heights, key=abs, default=0.0)
    return _polyline(points, z, closed=entity.is_closed, sagitta=sagitta)


def _line(entity: Line, sagitta: float) -> Curve:
    start, end = entity.dxf.start, entity.dxf.end
    rows = np.array([(start.x, start.y, 0.0), (end.x, end.y, 0.0)])
    return _polyline(rows, max(start.z, end.z, key=abs), closed=False, sagitta=sagitta)


def _arc(entity: Arc, sagitta: float) -> Curve | None:
    radius = float(entity.dxf.radius)
    if not 0 < radius < LARGEST_RADIUS:
        return None
    if is_tilted(entity):
        return _flattened(list(entity.flattening(sagitta)), sagitta)
    x, y, z, sense = centre(entity)
    sweep = math.radians((entity.dxf.end_angle - entity.dxf.start_angle) % 360.0) or FULL_TURN
    start = math.radians(entity.dxf.start_angle)
    angles = start + sweep * np.array([0.0, 0.5, 1.0])
    # Two halves: the bulge of a whole turn is infinite.
    rows = np.column_stack([x + sense * radius * np.cos(angles), y + radius * np.sin(angles), np.full(3, sense * math.tan(sweep / 8))])
    rows[2, 2] = 0.0
    return _polyline(rows, z, closed=False, sagitta=sagitta)


def _circle(entity: Circle, sagitta: float) -> Curve | None:
    radius = float(entity.dxf.radius)
    # Before the ring is made: its length grows with the radius.
    if not 0 < radius < LARGEST_RADIUS:
        return None
    x, y, z, _ = centre(entity)
    if is_tilted(entity):
        major, ratio = pressed(entity)
        return _whole_ellipse((x, y), major, ratio, z, sagitta) if ratio > LEVEL else None
    shape = {"type": "circle", "center": [x, y], "radius": radius}
    return Curve(circle_points((x, y), radius, sagitta), shape, True, z)


def _whole_ellipse(at: tuple[float, float], major: tuple[float, float], ratio: float, z: float, sagitta: float) -> Curve:
    shape = {"type": "ellipse", "center": [*at], "major_axis": [*major], "ratio": ratio}
    return Curve(ellipse_points(at, major, ratio, sagitta), shape, True, z)


def _ellipse(entity: Ellipse, sagitta: float) -> Curve | None:
    major, ratio = entity.dxf.major_axis, float(entity.dxf.ratio)
    if not (ratio > 0 and 0 < major.magnitude < LARGEST_RADIUS):
        return None
    x, y, z = entity.dxf.center.xyz
    turn = abs(entity.dxf.end_param - entity.dxf.start_param)
    if abs(turn - FULL_TURN) < 1e-6 and not is_tilted(entity):
        return _whole_ellipse((x, y), (major.x, major.y), ratio, z, sagitta)
    return _flattened(list(entity.flattening(sagitta)), sagitta)


def _flattened(vertices: list[Any], sagitta: float) -> Curve:
    rows = np.array([(vertex.x, vertex.y, 0.0) for vertex in vertices], dtype=float).reshape(-1, 3)
    return _polyline(rows, max((vertex.z for vertex in vertices), key=abs, default=0.0), closed=False, sagitta=sagitta)


def _spline(entity: Spline, sagitta: float) -> Curve | None:
    """Return a spline's curve; one that is drawn by fit points alone is the curve that CAD programs lay through them."""
    try:
        tool = spline_of(entity)
        curve = _flattened(list(tool.flattening(sagitta)), sagitta)
    except (DXFError, ValueError, ArithmeticError, LookupError):
        # Knots and points that make no curve.
        return None
    shape = {
        "type": "spline",
        "degree": tool.degree,
        "control_points": [[point.x, point.y] for point in tool.control_points],
        "knots": [float(knot) for knot in tool.knots()],
        "weights": [float(weight) for weight in tool.weights()],
    }
    return Curve(curve.line, shape, curve.closed, curve.z)


READERS: dict[str, Callable[[Any, float], Curve | None]] = {
    "LWPOLYLINE": _lwpolyline,
    "LINE": _line,
    "POLYLINE": _old_polyline,
    "ARC": _arc,
    "CIRCLE": _circle,
    "ELLIPSE": _ellipse,
    "SPLINE": _spline,
}


def curve_of(entity: DXFEntity, sagitta: float = SAGITTA_M) -> Curve | None:
    """Return an entity's curve, or None for what is none.

    Parameters
    ----------
    entity : DXFEntity
        Anything.
    sagitta : float
        Largest distance between curve and chords, drawing units; what closes within it is closed.
    """
    reader = READERS.get(entity.dxftype())
    return reader(entity, sagitta) if reader else None


def middle_of_round(entity: DXFEntity) -> tuple[float, float] | None:
    """Return the centre of a circle that a program without circles drew in chords, drawing coordinates; None of anything else.

    A polyline that comes back to where it began, straight from corner to corner, each as far from the next and from the middle.
    """
    if not isinstance(entity, LWPolyline) or len(entity) < ROUND_CORNERS:
        return None
    rows = np.array(entity.lwpoints.values, dtype=float).reshape(-1, 5)
    if rows[:, 2:].any():
        return None
    corners = rows[:, :2]
    size = float(np.ptp(corners, axis=0).max())
    if np.hypot(*(corners[0] - corners[-1])) <= ROUND * size:
        corners = corners[:-1]
    elif not entity.closed:
        return None
    middle = corners.mean(axis=0)
    radii, steps = (np.hypot(*ways.T) for ways in (corners - middle, np.roll(corners, -1, axis=0) - corners))
    if not size > 0 or max(np.ptp(radii), np.ptp(steps)) > ROUND * size:
        return None
    return float(middle[0]), float(middle[1])


def _first(entity: DXFEntity) -> tuple[float, float, float] | None:
    """Return a first place of an entity, None for what has none."""
    dxf: Any = entity.dxf
    if isinstance(entity, LWPolyline):
        if not len(entity):
            return None
        x, y = middle_of_round(entity) or entity[0][:2]
        return x, y, float(dxf.elevation)
    if isinstance(entity, Polyline):
        return entity.vertices[0].dxf.location.xyz if entity.vertices else None
    if isinstance(entity, Spline):
        points = entity.control_points if len(entity.control_points) else entity.fit_points
        return (points[0][0], points[0][1], points[0][2]) if len(points) else None
    known = vars(dxf)
    if isinstance(entity, Text) and (known.get("halign", 0) or known.get("valign", 0)) and known.get("halign") not in STRETCHED:
        # Where it is aligned to is what its drafter chose; where it begins follows from the font (DXF reference, TEXT, groups 10 and 11).
        known = {"insert": known["align_point"]} if "align_point" in known else known
    for name in ("insert", "location", "start", "center"):
        if name in known:
            x, y, z = known[name].xyz
            return x, y, z
    return None


def anchor(entity: DXFEntity) -> tuple[float, float] | None:
    """Return a place of an entity in drawing coordinates: insertion point, centre or first vertex; None for what has none."""
    first = _first(entity)
    if first is None:
        return None
    if "extrusion" not in vars(entity.dxf) or not isinstance(entity, DXFGraphic):
        return first[0], first[1]
    flat = entity.dxftype() not in IN_WORLD and entity.dxf.is_supported("extrusion")
    if flat and tuple(entity.dxf.extrusion) != (0.0, 0.0, 1.0):
        x, y, _ = entity.ocs().to_wcs(first).xyz
        return x, y
    return first[0], first[1]


def anchor_z(entity: DXFEntity) -> float | None:
    """Return the height of that place, as drawn."""
    first = _first(entity)
    return None if first is None else first[2]


def is_closed(entity: DXFEntity, gap: float) -> bool | None:
    """Tell whether a curve closes, by flag or with a gap of at most `gap` drawing units; None for what is no curve."""
    match entity:
        case LWPolyline():
            if entity.closed or len(entity) < 3:
                return bool(entity.closed)
            first, last = entity[0], entity[-1]
            return bool(math.hypot(first[0] - last[0], first[1] - last[1]) <= gap)
        case Line() | Arc():
            return False
        case Polyline() | Ellipse() | Spline() | Circle():
            curve = curve_of(entity, max(gap, SAGITTA_M))
            return None if curve is None else curve.closed or (len(curve.line) > 2 and gap_m(curve.line) <= gap)
        case _:
            return None
