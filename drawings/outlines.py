"""Outlines and lines: from the drawing's own curves to EPSG:4545 metres, with what stands in the way."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ezdxf.entities.dxfentity import DXFEntity
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon

from drawings.curves import ROUNDING_M, Curve, curve_of
from drawings.frames import Frame
from drawings.ledger import finding, handle_of, layer_of, place_of
from drawings.sorting import Item, Making
from gis.geometry.curves import SAGITTA_M
from gis.geometry.rings import CLOSE_M, PROPOSE_M, gap_m, polygon, self_crossing
from gis.issues import Issue

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed, simple outline."""

    entity: DXFEntity
    layer: str
    ring: Points
    shape: dict[str, Any]
    polygon: Polygon
    making: Making
    parts: tuple[DXFEntity, ...] = ()
    """The entities it was joined of, `entity` the first; none where it is one entity."""

    @property
    def handles(self) -> list[str]:
        """The handles of all entities that it is made of."""
        return [handle_of(entity) for entity in self.parts] or [self.handle]

    @property
    def handle(self) -> str:
        """The entity's handle."""
        return handle_of(self.entity)


def is_open(curve: Curve) -> bool:
    """Say whether a curve needs others to close it."""
    return not curve.closed and (gap_m(curve.line) > CLOSE_M or len(curve.line) < 4)


def still_open(entity: DXFEntity, curve: Curve) -> Issue:
    """Return what is to be said of a curve that should be an outline and does not close."""
    gap, first, last = gap_m(curve.line), curve.line[0], curve.line[-1]
    hint = "请把多段线闭合（PEDIT → 闭合）"
    if gap <= PROPOSE_M:
        hint = f"首尾几乎相接：把末点移到 ({first[0]:.3f}, {first[1]:.3f}) 并闭合"
    return finding("E301", f"轮廓未闭合，缺口 {gap:.3f} m", hint, place_of(entity, (last[0], last[1])))


def read_curve(item: Item, frame: Frame, ledger: list[Issue]) -> Curve | None:
    """Return an entity's curve in EPSG:4545 metres, None where it has none, and collect what is wrong with it."""
    entity = item.entity
    curve = curve_of(entity, SAGITTA_M / frame.scale)
    if curve is None or len(curve.line) == 0:
        hint = "请改画为多段线（LWPOLYLINE）或圆"
        ledger.append(finding("E301", f"{entity.dxftype()} 不是轮廓或线", hint, place_of(entity)))
        return None
    if not (curve.sound and frame.holds(curve.line)):
        ledger.append(finding("E106", "坐标不是有效的数", "请删去该图元后重画", place_of(entity)))
        return None
    line = frame.xy(curve.line)
    if abs(curve.z) > ROUNDING_M and item.making.rule is None:
        start = (line[0][0], line[0][1])
        ledger.append(
            finding("E108", f"图元高程 Z = {curve.z:.3f}，规范要求 0", "请把 Z 归零，高度写在标注块的属性里", place_of(entity, start))
        )
    return Curve(line, frame.shape(curve.shape), curve.closed, curve.z)


def outline_of(item: Item, curve: Curve, issues: list[Issue]) -> Outline | None:
    """Return the outline that a curve draws which closes or nearly does, None where it crosses itself, and collect what was found."""
    entity, ring, shape = item.entity, curve.line, curve.shape
    if not curve.closed:
        place = place_of(entity, (ring[0][0], ring[0][1]))
        issues.append(finding("W301", f"轮廓缺口 {gap_m(ring):.3f} m，已自动闭合", "请在图中闭合", place))
        ring = ring[:-1]
        if shape["type"] == "lwpolyline":
            # Its last point nearly is its first.
            shape = {**shape, "points": shape["points"][:-1], "closed": True}
    drawn = polygon(ring) if len(ring) > 2 else Polygon()
    crossing = None if drawn.area > 0 and drawn.is_valid else self_crossing(ring)
    if crossing is not None:
        hint = "请在该处修改轮廓，使其不自相交、不重叠"
        issues.append(finding("E302", "轮廓自相交", hint, place_of(entity, crossing)))
        return None
    return Outline(entity, layer_of(entity), ring, shape, drawn, item.making)


def read_line(item: Item, frame: Frame) -> tuple[tuple[LineString, dict[str, Any]] | None, list[Issue]]:
    """Return the line that an entity draws with its native shape, None where it is refused, and what was found either way."""
    issues = list[Issue]()
    curve = read_curve(item, frame, issues)
    if curve is None:
        return None, issues
    line = np.vstack([curve.line, curve.line[:1]]) if curve.closed else curve.line
    if len(line) < 2:
        return None, [*issues, finding("E302", "线的长度为零", "请删去", place_of(item.entity, (line[0][0], line[0][1])))]
    return (LineString(line), curve.shape), issues
