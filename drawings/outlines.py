"""Outlines and lines: from the drawing's own curves to EPSG:4545 metres, with what stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from ezdxf.entities.dxfentity import DXFEntity
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon

from drawings.curves import ROUNDING_M, Curve, curve_of
from drawings.frames import Frame
from drawings.ledger import Ledger, finding, handle_of, layer_of, place_of
from drawings.native import FARTHEST
from drawings.sorting import Item, Making
from gis.geometry.curves import SAGITTA_M
from gis.geometry.rings import CLOSE_M, PROPOSE_M, gap_m, polygons, self_crossing
from gis.issues import Issue

AT_ONCE = 1000
"""Curves that are placed together: many points at a time, and never a second set of all."""

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


def read_curves(items: Sequence[Item], frame: Frame, issues: list[Issue]) -> list[Curve | None]:
    """Return the curve of each entity in EPSG:4545 metres, None where it has none, and collect what is wrong with it."""
    pieces = (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
    return [curve for piece in pieces for curve in _read(piece, frame, issues)]


def _read(items: Sequence[Item], frame: Frame, issues: list[Issue]) -> list[Curve | None]:
    sagitta = SAGITTA_M / frame.scale
    found: list[Curve | None] = []
    for item in items:
        curve = curve_of(item.entity, sagitta)
        if curve is None or len(curve.line) == 0:
            hint = "请改画为多段线（LWPOLYLINE）或圆"
            issues.append(finding("E301", f"{item.entity.dxftype()} 不是轮廓或线", hint, place_of(item.entity)))
            curve = None
        found.append(curve)
    drawn = [index for index, curve in enumerate(found) if curve is not None]
    lines = [curve.line for curve in found if curve is not None]
    for index, line in zip(drawn, _placed(lines, frame), strict=True):
        item, curve = items[index], found[index]
        assert curve is not None, "it is drawn"  # noqa: S101
        if line is None:
            issues.append(finding("E106", "坐标不是有效的数", "请删去该图元后重画", place_of(item.entity)))
            found[index] = None
            continue
        if abs(curve.z) > ROUNDING_M and item.making.rule is None:
            start = (line[0][0], line[0][1])
            message = f"图元高程 Z = {curve.z:.3f}，规范要求 0"
            issues.append(finding("E108", message, "请把 Z 归零，高度写在标注块的属性里", place_of(item.entity, start)))
        found[index] = Curve(line, frame.shape(curve.shape), curve.closed, curve.z)
    return found


def _placed(lines: Sequence[Points], frame: Frame) -> Sequence[Points | None]:
    """Return lines in EPSG:4545 metres, None for one that has a coordinate which is no place."""
    if not lines:
        return ()
    points, ends = np.concatenate(lines), np.cumsum([len(line) for line in lines])[:-1]
    # All at once, as hardly a drawing has a coordinate that is none.
    if np.abs(points).max() < FARTHEST and frame.holds(points):
        return np.split(frame.xy(points), ends)
    return [frame.xy(line) if np.abs(line).max() < FARTHEST and frame.holds(line) else None for line in lines]


def outlines_of(drawn: Sequence[tuple[Item, Curve]], ledger: Ledger) -> list[Outline]:
    """Return the outlines that curves draw which close or nearly do; one that crosses itself is refused."""
    curves = [_closed(item.entity, curve, ledger.issues) for item, curve in drawn]
    outlines = []
    for (item, _), curve, shape in zip(drawn, curves, polygons([curve.line for curve in curves]), strict=True):
        crossing = None if shape.area > 0 and shape.is_valid else self_crossing(curve.line)
        if crossing is None:
            outlines.append(Outline(item.entity, layer_of(item.entity), curve.line, curve.shape, shape, item.making))
        else:
            hint = "请在该处修改轮廓，使其不自相交、不重叠"
            ledger.refuse([handle_of(item.entity)], finding("E302", "轮廓自相交", hint, place_of(item.entity, crossing)))
    return outlines


def _closed(entity: DXFEntity, curve: Curve, issues: list[Issue]) -> Curve:
    """Return a curve that nearly closes closed, and say so."""
    if curve.closed:
        return curve
    line, shape = curve.line, curve.shape
    message = f"轮廓缺口 {gap_m(line):.3f} m，已自动闭合"
    issues.append(finding("W301", message, "请在图中闭合", place_of(entity, (line[0][0], line[0][1]))))
    if shape["type"] == "lwpolyline":
        # Its last point nearly is its first.
        shape = {**shape, "points": shape["points"][:-1], "closed": True}
    return Curve(line[:-1], shape, True, curve.z)


def lines_of(drawn: Sequence[tuple[Item, Curve]], ledger: Ledger) -> list[LineString | None]:
    """Return the line that each curve draws; one without length is refused, and None."""
    rings = [np.vstack([curve.line, curve.line[:1]]) if curve.closed else curve.line for _, curve in drawn]
    for (item, _), line in zip(drawn, rings, strict=True):
        if len(line) < 2:
            issue = finding("E302", "线的长度为零", "请删去", place_of(item.entity, (line[0][0], line[0][1])))
            ledger.refuse([handle_of(item.entity)], issue)
    whole = [line for line in rings if len(line) > 1]
    owners = np.repeat(np.arange(len(whole)), [len(line) for line in whole])
    made = iter(shapely.linestrings(np.concatenate(whole), indices=owners).tolist() if whole else ())
    return [next(made) if len(line) > 1 else None for line in rings]
