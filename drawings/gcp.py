"""Ground control points: where points of a drawing lie in EPSG:4545, from a file or from `QJ_GCP` blocks."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ezdxf.document import Drawing
from ezdxf.entities.insert import Insert
from numpy.typing import NDArray

from drawings.frames import Frame
from drawings.labels import number
from drawings.ledger import finding, handle_of, place_of, printable
from drawings.region import ZONE_PREFIX, in_dazhou
from drawings.stated import prefix_issue
from drawings.units import declared, settled_issues, unit_of
from gis.errors import GeometryError
from gis.geometry.similarity import Similarity, fit, residuals, rms, straightness
from gis.issues import Issue, Place

WORST_RMS_M = 0.5
"""Largest root mean square residual, metres (norm, Georeference)."""
WORST_M = 1.0
"""Largest residual of one point, metres (norm, Georeference)."""
STRAIGHT = 0.01
"""Points flatter than this lie on a line, and tell nothing across it."""
SHIFTED = ("gcj", "bd09", "bd-09", "高德", "谷歌", "google", "amap", "百度", "baidu", "腾讯", "tencent", "火星")
"""Sources whose coordinates are shifted by about 500 m (GCJ-02) or 1.1 km (BD-09)."""
TRANSPLANTED = "transplanted"
"""Source of points that move a drawing to a place where it was not surveyed."""
COLUMNS = ("name", "x", "y", "E", "N")
HINT = "每行：name,x,y,E,N[,src]；x、y 为图中坐标，E、N 为 EPSG:4545 东、北坐标（米）；# 开头的行是注释"

Points = NDArray[np.float64]


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


def _row(at: int, row: dict[str, str]) -> ControlPoint | Issue:
    values = {column: number(row.get(column.lower(), "")) for column in COLUMNS[1:]}
    wrong = [column for column, value in values.items() if value is None]
    if wrong:
        return _fault(f"控制点文件第 {at} 行：{'、'.join(wrong)} 不是数")
    x, y, east, north = (value for value in values.values() if value is not None)
    return ControlPoint(row.get("name") or f"第 {at} 行", (x, y), (east, north), row.get("src", ""))


def points_of(text: str) -> tuple[list[ControlPoint], list[Issue]]:
    """Return the control points of a CSV text with the header `name,x,y,E,N[,src]`, and its faults by line; `#` begins a comment."""
    lines = [(at, line) for at, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1) if line.strip() and not line.startswith("#")]
    # A line is a row: an unpaired quotation mark must not swallow the lines after it.
    rows = [(at, [cell.strip() for cell in next(csv.reader([line]))]) for at, line in lines]
    header = [cell.lower() for cell in rows[0][1]] if rows else []
    missing = [column for column in COLUMNS if column.lower() not in header]
    if missing:
        return [], [_fault(f"控制点文件的表头缺少 {'、'.join(missing)}")]
    found: dict[str, ControlPoint] = {}
    issues = []
    for at, cells in rows[1:]:
        point = _row(at, dict(zip(header, cells, strict=False)))
        if isinstance(point, Issue):
            issues.append(point)
        elif point.name in found:
            issues.append(_fault(f"控制点文件第 {at} 行：点名 {printable(point.name)} 重复", hint="每个控制点只写一行，点名不重复"))
        else:
            found[point.name] = point
    return list(found.values()), issues


def _drawn(insert: Insert) -> ControlPoint | Issue:
    values = {attrib.dxf.tag.upper(): attrib.plain_text().strip() for attrib in insert.attribs}
    at = insert.ocs().to_wcs(insert.dxf.insert)
    east, north = number(values.get("E", "")), number(values.get("N", ""))
    if east is None or north is None:
        hint = "请在块属性 E、N 中填写 EPSG:4545 东、北坐标（米）"
        return finding("E602", "控制点块 QJ_GCP 的 E、N 不是数", hint, place_of(insert, (at.x, at.y)))
    return ControlPoint(values.get("NAME") or handle_of(insert), (at.x, at.y), (east, north), values.get("SRC", ""))


def drawn_points(document: Drawing) -> tuple[list[ControlPoint], list[Issue]]:
    """Return the `QJ_GCP` blocks of a drawing, and those whose E and N are no numbers."""
    inserts = (entity for entity in document.modelspace() if isinstance(entity, Insert))
    found = [_drawn(insert) for insert in inserts if str(insert.dxf.get("name")).upper() == "QJ_GCP"]
    return [one for one in found if isinstance(one, ControlPoint)], [one for one in found if isinstance(one, Issue)]


def _shifted(points: Iterable[ControlPoint]) -> list[Issue]:
    hint = "请用测量成果或天地图（CGCS2000）坐标"
    named = [point for point in points if any(word in point.source.lower() for word in SHIFTED)]
    return [
        _fault(f"控制点 {printable(point.name)} 来自{printable(point.source)}，该类底图坐标有偏移，不能作控制点", "E611", hint)
        for point in named
    ]


def _without_prefix(points: list[ControlPoint]) -> tuple[list[ControlPoint], list[Issue]]:
    """Take the zone prefix off true eastings, where all of them carry it."""
    if not points or not all(in_dazhou(point.true[0] - ZONE_PREFIX, point.true[1]) for point in points):
        return points, []
    plain = [replace(point, true=(point.true[0] - ZONE_PREFIX, point.true[1])) for point in points]
    return plain, [prefix_issue(*points[0].true)]


def _agree(offsets: Points) -> bool:
    return rms(offsets) <= WORST_RMS_M and float(np.hypot(*offsets.T).max()) <= WORST_M


def _fits(drawn: Points, true: Points, *, mirrored: bool = False) -> bool:
    """Tell whether points agree on a frame in a known unit."""
    try:
        similarity = fit(drawn, true, mirrored=mirrored)
    except GeometryError:
        return False
    return unit_of(similarity.scale) is not None and _agree(residuals(similarity, drawn, true))


def _suspects(points: list[ControlPoint], drawn: Points, true: Points) -> list[str]:
    """Return the names of the points without which the others agree."""
    rest = [np.arange(len(points)) != index for index in range(len(points))]
    return [printable(point.name) for point, keep in zip(points, rest, strict=True) if _fits(drawn[keep], true[keep])]


def _misfits(points: list[ControlPoint], drawn: Points, true: Points, offsets: Points) -> list[Issue]:
    if _agree(offsets):
        return []
    lengths = np.hypot(*offsets.T)
    worst = int(lengths.argmax())
    name = printable(points[worst].name)
    message = f"控制点中误差 {rms(offsets):.3f} m，最大残差在 {name}：{lengths[worst]:.3f} m（限 {WORST_RMS_M} m、{WORST_M} m）"
    suspects = _suspects(points, drawn, true)
    if _fits(drawn, true, mirrored=True):
        hint = "图纸是镜像的，或 x 与 y（E 与 N）对调：请核对后改正，不按镜像读取"
    elif suspects:
        hint = f"去掉 {' 或 '.join(suspects)} 后其余各点相符：请先核对它的图上位置和坐标"
    else:
        hint = f"请先核对控制点 {name} 的图上位置和坐标"
    return [_fault(message, hint=hint)]


def _unproven(points: list[ControlPoint], drawn: Points) -> list[Issue]:
    """Return a warning where nothing checks the points."""
    if len(points) == 2:
        return [finding("W612", "只有两个控制点，无法检核", "请再给一个控制点", Place(field="GCP"))]
    if straightness(drawn) < STRAIGHT:
        return [finding("W612", "控制点几乎在一条直线上，垂直方向无法检核", "请在直线以外再给一个控制点", Place(field="GCP"))]
    return []


def _note(points: list[ControlPoint], similarity: Similarity, offsets: Points) -> dict[str, Any]:
    lengths = np.hypot(*offsets.T).tolist()
    return {
        "scale": similarity.scale,
        "turn_deg": float(np.degrees(similarity.turn)),
        "unit_m": unit_of(similarity.scale),
        "rms_m": round(rms(offsets), 4),
        "residuals_m": {printable(point.name): round(length, 4) for point, length in zip(points, lengths, strict=True)},
        "transplanted": any(point.source.lower() == TRANSPLANTED for point in points),
    }


def frame_by(points: list[ControlPoint], document: Drawing) -> Frame:
    """Return the frame that fits control points best: one scale, one turn, one shift.

    Its note holds scale, turn, root mean square and the residual of each point, metres. Where the points contradict each other, or come
    from a shifted map, the frame is not known and its issues say why.
    """
    points, issues = _without_prefix(points)
    issues += _shifted(points)
    drawn = np.array([point.drawn for point in points], dtype=float).reshape(-1, 2)
    true = np.array([point.true for point in points], dtype=float).reshape(-1, 2)
    try:
        similarity = fit(drawn, true)
    except GeometryError:
        fault = _fault("控制点少于两个，或都在同一处", hint="请给出至少三个分散的控制点")
        return Frame(known=False, method="gcp", issues=(*issues, fault))
    offsets = residuals(similarity, drawn, true)
    misfits = _misfits(points, drawn, true, offsets)
    issues += [*misfits, *_unproven(points, drawn)]
    unit = unit_of(similarity.scale)
    if unit is not None:
        issues += settled_issues(declared(document), unit, "控制点")
    elif not misfits:
        message = f"控制点得出 1 图形单位 = {similarity.scale:.5g} m，不是任何常用单位"
        issues.append(_fault(message, hint="请核对控制点，或按比例缩放图形"))
    note = _note(points, similarity, offsets)
    if note["transplanted"]:
        hint = "仅用于示范；正式资料请用实测控制点"
        issues.append(finding("W604", "移植：控制点把图纸移到了别处，不是它的原址", hint, Place(field="GCP")))
    known = not any(issue.code.startswith("E") for issue in issues)
    return Frame(known=known, similarity=similarity, method="gcp", note=note, issues=tuple(issues))


def contradiction(frame: Frame, points: list[ControlPoint]) -> list[Issue]:
    """Return an issue where control points of a drawing in true coordinates lie elsewhere than they say."""
    plain, _ = _without_prefix(points)
    if not plain:
        return []
    drawn = np.array([point.drawn for point in plain])
    lengths = np.hypot(*(np.array([point.true for point in plain]) - frame.xy(drawn)).T)
    worst = int(lengths.argmax())
    if lengths[worst] <= WORST_M:
        return []
    message = f"图纸是真实坐标，但控制点 {printable(plain[worst].name)} 与其标注的坐标相差 {lengths[worst]:.3f} m（限 {WORST_M} m）"
    return [_fault(message, hint="请核对该控制点，或核对图纸是否平移过")]
