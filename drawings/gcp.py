"""Ground control points: where points of a drawing lie in EPSG:4545, from a file or from `QJ_GCP` blocks."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from ezdxf.document import Drawing

from drawings.frames import Frame
from drawings.labels import number
from drawings.ledger import finding
from drawings.units import declared, settled_issues, unit_of
from gis.errors import GeometryError
from gis.geometry.similarity import fit, residuals, rms, straightness
from gis.issues import Issue, Place

WORST_RMS_M = 0.5
"""Largest root mean square residual, metres (norm, Georeference)."""
WORST_M = 1.0
"""Largest residual of one point, metres (norm, Georeference)."""
STRAIGHT = 0.01
"""Points flatter than this lie on a line, and tell nothing across it."""
SHIFTED = ("gcj", "bd09", "高德", "谷歌", "google", "amap", "百度", "baidu", "腾讯", "tencent")
"""Sources whose coordinates are shifted by about 500 m (GCJ-02) or 1.1 km (BD-09)."""
TRANSPLANTED = "transplanted"
"""Source of points that move a drawing to a place where it was not surveyed."""
COLUMNS = ("name", "x", "y", "E", "N")
HINT = "每行：name,x,y,E,N[,src]；x、y 为图中坐标，E、N 为 EPSG:4545 东、北坐标（米）"


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """One point known on both sides."""

    name: str
    drawn: tuple[float, float]
    """Drawing coordinates."""
    true: tuple[float, float]
    """Easting and northing, EPSG:4545, metres."""
    source: str = ""


def _fault(message: str, code: str = "E602", hint: str = HINT) -> Issue:
    return finding(code, message, hint, Place(field="GCP"))


def points_of(text: str) -> tuple[list[ControlPoint], list[Issue]]:
    """Return the control points of a CSV text with the header `name,x,y,E,N[,src]`, and its faults by line; `#` begins a comment."""
    lines = [(at, line) for at, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1) if line.strip() and not line.startswith("#")]
    rows = csv.reader(line for _, line in lines)
    header = [cell.strip() for cell in next(rows, [])]
    if any(column not in header for column in COLUMNS):
        return [], [_fault("控制点文件缺少表头 name,x,y,E,N")]
    found, issues = [], []
    for (at, _), cells in zip(lines[1:], rows, strict=True):
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        values = [number(row.get(column, "")) for column in COLUMNS[1:]]
        if any(value is None for value in values):
            issues.append(_fault(f"控制点文件第 {at} 行：坐标不是数"))
            continue
        x, y, east, north = (value for value in values if value is not None)
        found.append(ControlPoint(row.get("name", ""), (x, y), (east, north), row.get("src", "")))
    return found, issues


def drawn_points(document: Drawing) -> list[ControlPoint]:
    """Return the `QJ_GCP` blocks of a drawing whose E and N are numbers."""
    found = []
    for insert in document.modelspace().query('INSERT[name=="QJ_GCP"]i'):
        values: dict[str, str] = {attrib.dxf.tag.upper(): attrib.plain_text().strip() for attrib in getattr(insert, "attribs", ())}
        east, north = number(values.get("E", "")), number(values.get("N", ""))
        if east is not None and north is not None:
            at = insert.dxf.insert
            found.append(ControlPoint(values.get("NAME", insert.dxf.handle), (at.x, at.y), (east, north), values.get("SRC", "")))
    return found


def _shifted(points: Iterable[ControlPoint]) -> list[Issue]:
    hint = "请用测量成果或天地图（CGCS2000）坐标"
    named = [point for point in points if any(word in point.source.lower() for word in SHIFTED)]
    return [_fault(f"控制点 {point.name} 来自{point.source}，该类底图坐标有偏移，不能作控制点", "E611", hint) for point in named]


def _misfits(points: list[ControlPoint], lengths: list[float], root: float) -> list[Issue]:
    worst = int(np.argmax(lengths))
    if root <= WORST_RMS_M and lengths[worst] <= WORST_M:
        return []
    message = f"控制点中误差 {root:.3f} m，最大残差在 {points[worst].name}：{lengths[worst]:.3f} m（限 {WORST_RMS_M} m、{WORST_M} m）"
    return [_fault(message, hint=f"请先核对控制点 {points[worst].name} 的图上位置和坐标")]


def frame_by(points: list[ControlPoint], document: Drawing) -> Frame:
    """Return the frame that fits control points best: one scale, one turn, one shift.

    Its note holds scale, turn, root mean square and the residual of each point, metres. Where the points contradict each other, or come
    from a shifted map, the frame is not known and its issues say why.
    """
    issues = _shifted(points)
    drawn, true = np.array([point.drawn for point in points]), np.array([point.true for point in points])
    try:
        similarity = fit(drawn, true)
    except (GeometryError, ValueError):
        return Frame(known=False, issues=(*issues, _fault("控制点少于两个，或都在同一处", hint="请给出至少三个分散的控制点")))
    offsets = residuals(similarity, drawn, true)
    lengths = [float(length) for length in np.hypot(offsets[:, 0], offsets[:, 1])]
    root = rms(offsets)
    note: dict[str, Any] = {
        "scale": similarity.scale,
        "turn_deg": float(np.degrees(similarity.turn)),
        "rms_m": round(root, 4),
        "residuals_m": {point.name: round(length, 4) for point, length in zip(points, lengths, strict=True)},
        "transplanted": any(point.source == TRANSPLANTED for point in points),
    }
    issues += _misfits(points, lengths, root)
    if len(points) == 2:
        issues.append(finding("W612", "只有两个控制点，无法检核", "请再给一个控制点", Place(field="GCP")))
    elif straightness(drawn) < STRAIGHT:
        issues.append(finding("W612", "控制点几乎在一条直线上，垂直方向无法检核", "请在直线以外再给一个控制点", Place(field="GCP")))
    unit = unit_of(similarity.scale)
    if unit is None:
        message = f"控制点得出 1 图形单位 = {similarity.scale:.5f} m，不是任何常用单位"
        issues.append(_fault(message, hint="请核对控制点，或按比例缩放图形"))
    else:
        issues += settled_issues(declared(document), unit, "控制点")
    known = not any(issue.code.startswith("E") for issue in issues)
    return Frame(known=known, similarity=similarity, method="gcp", note=note, issues=tuple(issues))
