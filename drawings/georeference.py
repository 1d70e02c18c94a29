"""Where on Earth a drawing lies: by control points, by a CRS that is given, by GEODATA, or by the size of its coordinates."""

from dataclasses import replace

import numpy as np
from ezdxf.document import Drawing
from numpy.typing import NDArray

from drawings.frames import Frame
from drawings.gcp import drawn_points, frame_by, points_of
from drawings.geodata import georeference_of
from drawings.ledger import finding
from drawings.units import EXTENT_M, declared, norm_issues
from gis.crs import lonlat_to_xy, source_of, to_lonlat
from gis.errors import CoordinateError
from gis.geometry.similarity import Similarity
from gis.issues import Issue, Place

EASTING = (360_000.0, 560_000.0)
"""Eastings of Dazhou in EPSG:4545, with a margin, metres."""
NORTHING = (3_370_000.0, 3_580_000.0)
"""Northings of Dazhou in EPSG:4545, with a margin, metres."""
ZONE_PREFIX = 36_000_000.0
"""What zone-prefixed eastings (EPSG:4524, zone 36) carry on top, metres."""

FAR_M = 100_000.0
"""Coordinates beyond this on both axes are a surveyor's, not a drafter's local ones."""

Points = NDArray[np.float64]


def _inside(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _is_dazhou(x: float, y: float) -> bool:
    return _inside(x, EASTING) and _inside(y, NORTHING)


def _refused(code: str, message: str, hint: str, at: tuple[float, float]) -> Frame:
    return Frame(known=False, issues=(finding(code, message, hint, Place(xy=at)),))


def _unplaced(x: float, y: float) -> Frame:
    """Say why a point can't be placed."""
    at = (round(x, 3), round(y, 3))
    if _is_dazhou(y, x) or _is_dazhou(y - ZONE_PREFIX, x):
        return _refused("E603", "X、Y 坐标对调：X 是北坐标、Y 是东坐标", "CAD 中 X 应为东坐标、Y 应为北坐标，请对调后重新提交", at)
    for scale, unit in ((0.001, "毫米"), (0.01, "厘米"), (1000.0, "千米")):
        if _is_dazhou(x * scale, y * scale):
            return _refused("E106", f"坐标以{unit}为单位，规范要求 1 图形单位 = 1 米", f"请整体缩放 {scale:g} 倍后重新提交", at)
    if _inside(x % 1_000_000, (200_000.0, 800_000.0)) and _inside(y, (1_000_000.0, 6_000_000.0)):
        zone = int(x // 1_000_000)
        named = f"（带号 {zone}）" if zone else ""
        hint = "请核对中央经线是否为 108°E（EPSG:4545）、坐标是否为达州境内"
        return _refused("E603", f"坐标像国家投影坐标{named}，但不在达州范围内", hint, at)
    if abs(x) > FAR_M and abs(y) > FAR_M:
        hint = "请核对坐标系；测绘图要移到本地须用 --gcp 给出控制点，其他坐标系用 --crs 指明"
        return _refused("E603", "坐标像某个测量坐标系，但不在达州范围内", hint, at)
    return _refused(
        "E601", "图纸没有真实坐标（不是 EPSG:4545 的东、北坐标）", "请按 CGCS2000 三度带中央经线 108°E 的真实坐标绘制，不平移、不旋转", at
    )


def frame_of(points: Points) -> Frame:
    """Tell the frame of a drawing from the middle of its points.

    The median is asked, so that one stray entity does not move the answer.

    Parameters
    ----------
    points : (n, 2) float64
        Drawing coordinates of what is to be stored.
    """
    if len(points) == 0:
        return Frame(known=True, method="norm")
    x, y = (float(value) for value in np.median(points, axis=0))
    at = (round(x, 3), round(y, 3))
    if _is_dazhou(x, y):
        return Frame(known=True, method="norm")
    if _is_dazhou(x - ZONE_PREFIX, y):
        issue = finding(
            "W603", "横坐标带 36 带带号（EPSG:4524），已减去 36 000 000 m 按 EPSG:4545 读取", "下次出图请用不带带号的坐标", Place(xy=at)
        )
        return Frame(known=True, similarity=Similarity(source=(ZONE_PREFIX, 0.0)), method="norm", issues=(issue,))
    return _unplaced(x, y)


def extent_issues(bounds: tuple[float, float, float, float]) -> list[Issue]:
    """Return an issue where a plant is implausibly small or large; bounds in metres."""
    side = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    if _inside(side, EXTENT_M):
        return []
    place = Place(xy=(round(bounds[0], 3), round(bounds[1], 3)))
    return [finding("E106", f"厂区范围 {side:.1f} m，不在 20 m 至 10 km 之间", "请核对图形单位，或删去远处的散落图元", place)]


REGISTERED_REACH_M = 2_000.0
"""How far a plan may lie from its enterprise's registered point, metres (norm, Georeference)."""


def _in_dazhou(frame: Frame, points: Points) -> Frame:
    """Refuse a frame that puts the middle of a drawing outside Dazhou, saying where it lies."""
    if len(points) == 0 or not frame.known:
        return frame
    try:
        middle = frame.xy(np.median(points, axis=0)[None])
    except CoordinateError as error:
        return replace(frame, known=False, issues=(*frame.issues, _unusable(str(error))))
    if not np.all(np.isfinite(middle)) or not _is_dazhou(float(middle[0, 0]), float(middle[0, 1])):
        hint = "请核对坐标系；测绘图要移到本地须用 --gcp 给出控制点"
        issue = finding("E603", f"{_words(frame, points)}，不在达州范围内", hint, Place(field=frame.method.upper()))
        return replace(frame, known=False, issues=(*frame.issues, issue))
    return frame


def _words(frame: Frame, points: Points) -> str:
    """Say where the middle of a drawing lies."""
    inner = frame.similarity.points(np.median(points, axis=0)[None])
    if frame.source is None:
        return f"图纸中心在东 {inner[0, 0]:.0f}、北 {inner[0, 1]:.0f}（EPSG:4545）"
    lon, lat = to_lonlat(inner, frame.source)[0]
    return f"按 {frame.source} 图纸中心在经度 {lon:.5f}、纬度 {lat:.5f}"


def _unusable(why: str) -> Issue:
    hint = "西安80、北京54 等需要测绘部门的转换参数；请先转换到 CGCS2000"
    return finding("E610", f"坐标系不能采用：{why}", hint, Place(field="CRS"))


def _by_crs(crs: str, points: Points) -> Frame:
    try:
        source = source_of(crs)
        middle = np.median(points, axis=0) if len(points) else np.zeros(2)
        to_lonlat(middle[None], source)
    except CoordinateError as error:
        return Frame(known=False, method="crs", issues=(_unusable(str(error)),))
    at = (float(middle[0]), float(middle[1]))
    return Frame(known=True, source=source, middle=at, method="crs", note={"crs": str(source)})


def _near_registered(frame: Frame, points: Points, registered: tuple[float, float]) -> Frame:
    """Refuse a frame that puts a plan far from the registered point of its enterprise."""
    if not frame.known or len(points) == 0:
        return frame
    there = lonlat_to_xy(np.array([registered]))[0]
    distance = float(np.min(np.hypot(*(frame.xy(points) - there).T)))
    if distance <= REGISTERED_REACH_M:
        return frame
    hint = "请核对图纸属于哪个企业，或改正企业的登记位置"
    issue = finding("E603", f"图纸距企业登记位置 {distance / 1000:.1f} km（限 2 km）", hint, Place())
    return replace(frame, known=False, issues=(*frame.issues, issue))


def _found(document: Drawing, points: Points, crs: str | None, gcp: str | None) -> Frame:
    if gcp is not None:
        control, faults = points_of(gcp)
        if faults:
            return Frame(known=False, method="gcp", issues=tuple(faults))
        return _in_dazhou(frame_by(control, document), points)
    if crs is not None:
        return _in_dazhou(_by_crs(crs, points), points)
    drawn = drawn_points(document)
    if drawn:
        return _in_dazhou(frame_by(drawn, document), points)
    georeference, faults = georeference_of(document)
    if georeference is not None:
        middle = (float(np.median(points[:, 0])), float(np.median(points[:, 1]))) if len(points) else (0.0, 0.0)
        note = {"crs": str(georeference.source)}
        return _in_dazhou(Frame(True, georeference.similarity, georeference.source, middle, "geodata", note), points)
    frame = frame_of(points)
    return replace(frame, issues=(*norm_issues(declared(document)), *faults, *frame.issues))


def place_drawing(
    document: Drawing, points: Points, *, crs: str | None = None, gcp: str | None = None, registered: tuple[float, float] | None = None
) -> Frame:
    """Return how a drawing's coordinates become EPSG:4545 metres; nothing is guessed: what is not proven is refused.

    Asked in this order: control points of a file, a CRS that is given, `QJ_GCP` blocks, GEODATA, the size of the coordinates themselves.

    Parameters
    ----------
    document : Drawing
        As read.
    points : (n, 2) float64
        Drawing coordinates of what is to be stored.
    crs : str, optional
        What the coordinates are in (see `gis.crs.source_of`).
    gcp : str, optional
        CSV text of control points (see `drawings.gcp`).
    registered : tuple of float, optional
        Longitude and latitude (EPSG:4490, degrees) of the enterprise.
    """
    frame = _found(document, points, crs, gcp)
    return _near_registered(frame, points, registered) if registered else frame
