"""What a drawing shows that is not in its file, or is far more than it seems: external references, images, dense hatches."""

import math
from collections.abc import Iterable, Iterator

from ezdxf.document import Drawing
from ezdxf.entities.hatch import Hatch
from ezdxf.entities.mpolygon import MPolygon

from drawings.guard import MAX_PATTERN_LINES
from drawings.ledger import finding, place_of
from gis.issues import Issue, Place

XREF, OVERLAY = 4, 8
"""Flags of BLOCK (DXF reference, BLOCK, code 70)."""
_DEFINITIONS = {"IMAGEDEF": "图像", "PDFDEFINITION": "PDF 底图", "DWFDEFINITION": "DWF 底图", "DGNDEFINITION": "DGN 底图"}
MAX_NAMED = 20
"""Findings of one kind that are named one by one."""


def _attached(document: Drawing) -> Iterator[tuple[str, str, Place]]:
    for block in document.blocks:
        head = block.block
        if head is not None and int(head.dxf.get("flags", 0)) & (XREF | OVERLAY):
            yield "外部参照", str(head.dxf.get("xref_path", "")) or block.name, Place(handle=head.dxf.get("handle"), field=block.name)
    for entity in document.objects:
        label = _DEFINITIONS.get(entity.dxftype())
        if label:
            yield label, str(entity.dxf.get("filename", "")), Place(handle=entity.dxf.get("handle"))


def xref_issues(document: Drawing) -> list[Issue]:
    """Return a warning for each file that the drawing refers to and that did not come with it."""
    hint = "请在 CAD 中“绑定”外部参照（XREF → 绑定）后另存；图像不影响入库"
    return [finding("W110", f"{label}未随图提交：{path}", hint, place) for label, path, place in _attached(document)]


def _points(hatch: Hatch | MPolygon) -> Iterator[tuple[float, float]]:
    """Yield points that span the boundary, a circle by the corners around it."""
    for path in hatch.paths:
        for vertex in getattr(path, "vertices", ()):
            yield vertex[0], vertex[1]
        for edge in getattr(path, "edges", ()):
            for name in ("start", "end", "center"):
                point = getattr(edge, name, None)
                if point is not None and not isinstance(point, bool):
                    yield point[0], point[1]
            radius = getattr(edge, "radius", 0.0)
            if radius:
                yield edge.center[0] - radius, edge.center[1] - radius
                yield edge.center[0] + radius, edge.center[1] + radius
            for point in getattr(edge, "control_points", ()):
                yield point[0], point[1]


def pattern_lines(hatch: Hatch | MPolygon) -> float:
    """Return about how many lines the pattern of a hatch draws: the diagonal of its boundary over the spacing of each line family."""
    if hatch.pattern is None or not hatch.pattern.lines:
        return 0.0
    points = [point for point in _points(hatch) if all(map(math.isfinite, point))]
    if not points:
        return 0.0
    xs, ys = zip(*points, strict=True)
    diagonal = math.hypot(max(xs) - min(xs), max(ys) - min(ys))
    total = 0.0
    for line in hatch.pattern.lines:
        angle = math.radians(line.angle)
        spacing = abs(line.offset.y * math.cos(angle) - line.offset.x * math.sin(angle))
        total += diagonal / spacing if spacing > 0 else 1.0
    return total


def _hatches(document: Drawing) -> Iterable[Hatch | MPolygon]:
    return (entity for entity in document.entitydb.values() if isinstance(entity, Hatch | MPolygon) and entity.is_alive)


def hatch_issues(document: Drawing) -> list[Issue]:
    """Return an issue for each hatch whose pattern is too dense to be drawn (norm, E306)."""
    dense = [(entity, count) for entity in _hatches(document) if (count := pattern_lines(entity)) > MAX_PATTERN_LINES]
    hint = "请加大填充比例（HPSCALE），或改用实心填充"
    issues = []
    for entity, count in dense[:MAX_NAMED]:
        shown = f"约 {count:.3g}" if math.isfinite(count) else "无数"
        message = f"填充过密：{shown} 条图案线，超过 {MAX_PATTERN_LINES} 条"
        issues.append(finding("E306", message, hint, place_of(entity)))
    if len(dense) > MAX_NAMED:
        issues.append(finding("E306", f"另有 {len(dense) - MAX_NAMED} 个填充过密", hint, Place()))
    return issues
