"""Outlines drawn in pieces: lines, arcs and open polylines of one layer joined into rings, and what kept the others apart."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ezdxf.entities.dxfentity import DXFEntity
from numpy.typing import NDArray

from drawings.curves import Curve
from drawings.ledger import Ledger, finding, handle_of, layer_of, place_of
from drawings.outlines import Outline, still_open
from drawings.sorting import Item
from gis.geometry.chaining import Chains, Ring, chain
from gis.geometry.curves import polyline_points
from gis.geometry.joints import End, Gap
from gis.geometry.rings import polygon, self_crossing
from gis.issues import Issue

NAMED = 8
"""So many handles are named in one message."""
ENDS = {"start": "起点", "end": "终点", "along": "中段"}

Points = NDArray[np.float64]
Part = tuple[Item, Curve]


def _rows(entity: DXFEntity, curve: Curve) -> Points:
    """Return a curve as (n, 3) x, y, bulge."""
    if curve.shape["type"] != "lwpolyline":
        return np.column_stack([curve.line, np.zeros(len(curve.line))])
    rows = np.array(curve.shape["points"], dtype=float).reshape(-1, 3)
    sweep = 8 * math.atan(rows[0, 2])
    if entity.dxftype() != "ARC" or len(rows) != 3 or abs(sweep) > math.pi:
        return rows
    # An arc comes in two halves; where one bulge can say it, it is one edge.
    return np.array([[*rows[0, :2], math.tan(sweep / 4)], rows[2]])


@dataclass(frozen=True, slots=True)
class _Layer:
    """The curves that are joined, EPSG:4545 metres, and what came of it."""

    parts: Sequence[Part]
    found: Chains

    def entity(self, curve: int) -> DXFEntity:
        return self.parts[curve][0].entity

    def handle(self, curve: int) -> str:
        return handle_of(self.entity(curve))

    def tip(self, end: End) -> str:
        return f"图元 {self.handle(end.curve)} 的{ENDS[end.at]}"

    def named(self, curves: Sequence[int]) -> str:
        more = f" 等 {len(curves)} 个图元" if len(curves) > NAMED else ""
        return "、".join(self.handle(curve) for curve in curves[:NAMED]) + more

    def issue(self, code: str, message: str, hint: str, end: End) -> Issue:
        return finding(code, message, hint, place_of(self.entity(end.curve), end.xy))


def join(parts: Sequence[Part], ledger: Ledger) -> list[Outline]:
    """Join the open curves of one layer into outlines.

    What is in no ring is refused, and at least one issue of each set that hangs together says why, where, and how to mend it: E301 with
    the gap and both ends, and the exact move where the gap is small. W301 tells of what was closed or cut off, W305 of what is drawn twice.

    Parameters
    ----------
    parts : sequence of (Item, Curve)
        Open curves in EPSG:4545 metres that are to become the same thing.
    ledger : Ledger
        Takes the issues and what is refused or left out.
    """
    layer = _Layer(parts, chain([_rows(item.entity, curve) for item, curve in parts]))
    outlines: list[Outline] = []
    used: set[int] = set()
    for ring in layer.found.rings:
        outline = _outline(layer, ring, ledger)
        if outline is not None:
            outlines.append(outline)
            used.update(piece.curve for piece in ring.pieces)
    crossed = {piece.curve for ring in layer.found.rings for piece in ring.pieces} - used
    _closings(layer, ledger)
    _repeats(layer, used, ledger)
    _refuse(layer, used | {curve for curve, other in layer.found.repeats if other in used}, crossed, ledger)
    return outlines


def _outline(layer: _Layer, ring: Ring, ledger: Ledger) -> Outline | None:
    curves = sorted({piece.curve for piece in ring.pieces}, key=lambda curve: (len(layer.handle(curve)), layer.handle(curve)))
    entities = tuple(layer.entity(curve) for curve in curves)
    line = polyline_points(ring.points, closed=True)
    crossing = self_crossing(line)
    if crossing is not None:
        message = f"由 {layer.named(curves)} 围成的轮廓自相交"
        ledger.issues.append(finding("E302", message, "请在该处修改，使其不自相交、不重叠", place_of(entities[0], crossing)))
        return None
    shape = {"type": "lwpolyline", "points": ring.points.tolist(), "closed": True}
    making = layer.parts[curves[0]][0].making
    return Outline(entities[0], layer_of(entities[0]), line, shape, polygon(line), making, entities)


def _closings(layer: _Layer, ledger: Ledger) -> None:
    gaps = {frozenset(gap.ends): gap for ring in layer.found.rings for gap in ring.closings}
    for gap in gaps.values():
        message = f"轮廓缺口 {gap.size:.3f} m（{layer.tip(gap.ends[0])}与{layer.tip(gap.ends[1])}之间），已自动闭合"
        ledger.issues.append(layer.issue("W301", message, "请在图中闭合", gap.ends[0]))
    inside = {piece.curve for ring in layer.found.rings for piece in ring.pieces}
    for end in (*(one.end for one in layer.found.loose), *(end for gap in layer.found.proposals for end in gap.ends)):
        if end.curve in inside and end.at != "along":
            message = f"{layer.tip(end)}伸出轮廓之外，伸出的一段已略去"
            ledger.issues.append(layer.issue("W301", message, "请修剪到轮廓的转角", end))


def _repeats(layer: _Layer, used: set[int], ledger: Ledger) -> None:
    for curve, other in layer.found.repeats:
        if other in used:
            entity = layer.entity(curve)
            message = f"线重复，与图元 {layer.handle(other)} 相同"
            ledger.issues.append(finding("W305", message, "请删去一个（OVERKILL）", place_of(entity)))
            ledger.ignore(entity, "重复图元")


def _proposal(layer: _Layer, gap: Gap) -> Issue:
    first, last = gap.ends if gap.ends[0].at != "along" else gap.ends[::-1]
    message = f"轮廓未闭合，缺口 {gap.size:.3f} m（{layer.tip(first)}与{layer.tip(last)}之间）"
    hint = f"首尾几乎相接：把{layer.tip(first)}从 ({first.xy[0]:.3f}, {first.xy[1]:.3f}) 移到 ({last.xy[0]:.3f}, {last.xy[1]:.3f})"
    return layer.issue("E301", message, hint, first)


def _refuse(layer: _Layer, settled: set[int], crossed: set[int], ledger: Ledger) -> None:
    """Refuse the curves that are in no ring, and tell for each set that hangs together what keeps it open."""
    found = layer.found
    lost: defaultdict[int, list[int]] = defaultdict(list)
    for curve in range(len(layer.parts)):
        if curve not in settled:
            ledger.refused.add(layer.handle(curve))
            if curve not in crossed:
                lost[found.groups[curve]].append(curve)
    proposals: defaultdict[int, list[Gap]] = defaultdict(list)
    for gap in found.proposals:
        for group in {found.groups[end.curve] for end in gap.ends}:
            proposals[group].append(gap)
    told: set[Gap] = set()
    for group, curves in lost.items():
        ledger.issues += [_proposal(layer, gap) for gap in proposals[group] if gap not in told]
        told.update(proposals[group])
        if not proposals[group]:
            ledger.issues.append(_reason(layer, curves))


def _reason(layer: _Layer, curves: list[int]) -> Issue:
    """Return what keeps a set of curves open for which there is no small move."""
    found, inside = layer.found, set(curves)
    for knot in found.knots:
        if inside & set(knot.curves):
            names = layer.named(sorted(knot.curves))
            words = "在没有端点处相交" if knot.reason == "crossing" else "之间过窄"
            return finding(
                "E301", f"{names} {words}，轮廓不能确定", "请在交点处打断并修剪（TRIM）", place_of(layer.entity(curves[0]), knot.xy)
            )
    if len(curves) == 1 and curves[0] not in found.empty and len(layer.parts[curves[0]][1].line) > 2:
        return still_open(layer.entity(curves[0]), layer.parts[curves[0]][1])
    loose = [one for one in found.loose if one.end.curve in inside]
    if not loose:
        hint = "请把它们首尾相接，或删去多余的图元"
        return finding("E301", f"{layer.named(curves)} 不能围成轮廓", hint, place_of(layer.entity(curves[0])))
    nearest = min(loose, key=lambda one: one.gap)
    if nearest.nearest is None:
        return layer.issue("E301", f"轮廓未闭合：{layer.tip(nearest.end)}不与任何图元相接", "请补画缺少的边", nearest.end)
    message = f"轮廓未闭合，缺口 {nearest.gap:.3f} m（{layer.tip(nearest.end)}与{layer.tip(nearest.nearest)}之间）"
    return layer.issue("E301", message, "请补画缺少的边，或延伸两端使其相接", nearest.end)
