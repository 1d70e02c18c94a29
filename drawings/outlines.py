"""Closed outlines: from the drawing's own curves to rings of EPSG:4545 metres, with what stands in the way."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from ezdxf.entities.circle import Circle
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.ellipse import Ellipse
from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.entities.polyline import Polyline
from ezdxf.entities.spline import Spline
from ezdxf.lldxf.const import DXFError
from ezdxf.math import OCS
from numpy.typing import NDArray
from shapely.geometry import Polygon

from drawings.ledger import finding, handle_of, layer_of, place_of
from gis.geometry.curves import SAGITTA_M, circle_points, ellipse_points, polyline_points
from gis.geometry.rings import gap_m, polygon, self_crossing
from gis.issues import Issue

ROUNDING_M = 0.001
"""A gap below this is the rounding of coordinates, metres."""
AUTO_CLOSE_M = 0.05
"""A gap up to this is closed for the drafter, metres (norm, E301)."""
PROPOSE_M = 0.5
"""A gap up to this is probably meant to be closed, metres (norm, E301)."""
FARTHEST = 1e9
"""Coordinates beyond this are no places."""
LARGEST_RADIUS_M = 1e6
"""Larger circles are no outlines of anything, and cost a point every few metres."""
SPLINE_FRAME_VERTEX = 16
"""Flag of control points that are not on the curve (DXF reference, VERTEX, group 70)."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """An entity's geometry in drawing coordinates."""

    ring: Points
    """(n, 2) along the curve; closed ones do not repeat their first point."""
    shape: dict[str, Any]
    closed: bool
    z: float
    """The height farthest from zero."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed, simple outline."""

    entity: DXFEntity
    layer: str
    ring: Points
    shape: dict[str, Any]
    polygon: Polygon

    @property
    def handle(self) -> str:
        """The entity's handle."""
        return handle_of(self.entity)


def _world(points: list[tuple[float, float, float, float]], ocs: OCS) -> tuple[Points, float]:
    """Turn (x, y, z, bulge) of an object coordinate system into (n, 3) x, y, bulge and the z farthest from zero."""
    # Seen from below, an arc that ran anticlockwise runs clockwise.
    sign = -1.0 if ocs.uz.z < 0 else 1.0
    rows = [(ocs.to_wcs((x, y, z)), bulge * sign) for x, y, z, bulge in points]
    flat = np.array([(where.x, where.y, bulge) for where, bulge in rows], dtype=float).reshape(-1, 3)
    return flat, max((where.z for where, _ in rows), key=abs, default=0.0)


def _polyline(points: Points, z: float, offset_east: float, *, closed: bool) -> Curve:
    points = points - np.array([offset_east, 0.0, 0.0])
    if not closed and len(points) > 2 and gap_m(points[:, :2]) <= ROUNDING_M:
        points, closed = points[:-1], True
    shape = {"type": "lwpolyline", "points": points.tolist(), "closed": True}
    return Curve(polyline_points(points, closed=closed), shape, closed, z)


def _lwpolyline(entity: LWPolyline, offset_east: float) -> Curve:
    elevation = float(entity.dxf.elevation)
    rows = [(x, y, elevation, bulge) for x, y, bulge in entity.get_points("xyb")]
    points, z = _world(rows, entity.ocs())
    return _polyline(points, z, offset_east, closed=entity.closed)


def _old_polyline(entity: Polyline, offset_east: float) -> Curve | None:
    if not (entity.is_2d_polyline or entity.is_3d_polyline):
        return None
    rows = [
        (*vertex.dxf.location.xyz, float(vertex.dxf.get("bulge", 0.0)))
        for vertex in entity.vertices
        if not vertex.dxf.flags & SPLINE_FRAME_VERTEX
    ]
    points, z = _world(rows, entity.ocs() if entity.is_2d_polyline else OCS())
    return _polyline(points, z, offset_east, closed=entity.is_closed)


def _circle(entity: Circle, offset_east: float) -> Curve | None:
    center = entity.ocs().to_wcs(entity.dxf.center)
    radius = float(entity.dxf.radius)
    # Before the ring is made: its length grows with the radius.
    if not 0 < radius < LARGEST_RADIUS_M:
        return None
    middle = (center.x - offset_east, center.y)
    shape = {"type": "circle", "center": list(middle), "radius": radius}
    return Curve(circle_points(middle, radius), shape, True, center.z)


def _ellipse(entity: Ellipse, offset_east: float) -> Curve | None:
    major, ratio = entity.dxf.major_axis, float(entity.dxf.ratio)
    whole = abs(abs(entity.dxf.end_param - entity.dxf.start_param) - 2 * math.pi) < 1e-6
    if not (whole and ratio > 0 and 0 < major.magnitude < LARGEST_RADIUS_M):
        return None
    middle, axis = (entity.dxf.center.x - offset_east, entity.dxf.center.y), (major.x, major.y)
    shape = {"type": "ellipse", "center": list(middle), "major_axis": list(axis), "ratio": ratio}
    return Curve(ellipse_points(middle, axis, ratio), shape, True, entity.dxf.center.z)


def _spline(entity: Spline, offset_east: float) -> Curve | None:
    if not (entity.closed or entity.control_point_count()):
        return None
    control = [[point[0] - offset_east, point[1]] for point in entity.control_points]
    try:
        vertices = list(entity.flattening(SAGITTA_M))
    except (DXFError, ValueError, ArithmeticError, LookupError):
        # Knots and control points that make no curve.
        return None
    ring = np.array([(vertex.x - offset_east, vertex.y) for vertex in vertices], dtype=float)
    closed = gap_m(ring) <= ROUNDING_M
    shape = {
        "type": "spline",
        "degree": int(entity.dxf.degree),
        "control_points": control,
        "knots": [float(knot) for knot in entity.knots],
        "weights": [float(weight) for weight in entity.weights],
    }
    z = max((vertex.z for vertex in vertices), key=abs, default=0.0)
    return Curve(ring[:-1] if closed else ring, shape, closed, z)


def curve_of(entity: DXFEntity, offset_east: float) -> Curve | None:
    """Return an entity's curve, or None for what can't be an outline; `offset_east` metres are taken from x."""
    match entity:
        case LWPolyline():
            return _lwpolyline(entity, offset_east)
        case Polyline():
            return _old_polyline(entity, offset_east)
        case Ellipse():
            return _ellipse(entity, offset_east)
        case Spline():
            return _spline(entity, offset_east)
        case Circle() if entity.dxftype() == "CIRCLE":
            return _circle(entity, offset_east)
        case _:
            return None


def _open(entity: DXFEntity, curve: Curve) -> Issue:
    gap, first, last = gap_m(curve.ring), curve.ring[0], curve.ring[-1]
    hint = "请把多段线闭合（PEDIT → 闭合）"
    if gap <= PROPOSE_M:
        hint = f"首尾几乎相接：把末点移到 ({first[0]:.3f}, {first[1]:.3f}) 并闭合"
    return finding("E301", f"轮廓未闭合，缺口 {gap:.3f} m", hint, place_of(entity, (last[0], last[1])))


def _closed_shape(curve: Curve) -> dict[str, Any]:
    """Return the native shape; an open polyline that was closed for the drafter loses its last point, which nearly is its first."""
    if curve.closed or curve.shape["type"] != "lwpolyline":
        return curve.shape
    return {**curve.shape, "points": curve.shape["points"][:-1]}


def read_outline(entity: DXFEntity, offset_east: float) -> tuple[Outline | None, list[Issue]]:
    """Return the outline that an entity draws, None where it is refused, and what was found either way.

    Parameters
    ----------
    entity : DXFEntity
        Whatever lies on a layer for outlines.
    offset_east : float
        Metres to take from x (zone prefix).
    """
    curve = curve_of(entity, offset_east)
    if curve is None or len(curve.ring) == 0:
        hint = "请改画为闭合多段线（LWPOLYLINE）或圆"
        return None, [finding("E301", f"{entity.dxftype()} 不是闭合轮廓", hint, place_of(entity))]
    ring = curve.ring
    if not (np.all(np.isfinite(ring)) and np.all(np.abs(ring) < FARTHEST)):
        return None, [finding("E106", "坐标不是有效的数", "请删去该图元后重画", place_of(entity))]
    start = (ring[0][0], ring[0][1])
    issues = []
    if abs(curve.z) > ROUNDING_M:
        issues.append(
            finding("E108", f"图元高程 Z = {curve.z:.3f}，规范要求 0", "请把 Z 归零，高度写在标注块的属性里", place_of(entity, start))
        )
    if not curve.closed:
        if gap_m(ring) > AUTO_CLOSE_M or len(ring) < 4:
            return None, [*issues, _open(entity, curve)]
        issues.append(finding("W301", f"轮廓缺口 {gap_m(ring):.3f} m，已自动闭合", "请在图中闭合", place_of(entity, start)))
        ring = ring[:-1]
    crossing = self_crossing(ring)
    if crossing is not None:
        hint = "请在该处修改轮廓，使其不自相交、不重叠"
        return None, [*issues, finding("E302", "轮廓自相交", hint, place_of(entity, crossing))]
    return Outline(entity, layer_of(entity), ring, _closed_shape(curve), polygon(ring)), issues
