"""Where on Earth a drawing lies: by control points, by a CRS that is stated, by the size of its coordinates, or by GEODATA."""

from dataclasses import replace

import numpy as np
from ezdxf.document import Drawing
from numpy.typing import NDArray

from drawings.frames import Frame
from drawings.gcp import contradiction, drawn_points, frame_by, points_of
from drawings.geodata import georeference_of
from drawings.ledger import finding
from drawings.region import ZONE_PREFIX, in_dazhou, inside, is_lonlat, middle_of
from drawings.registered import near_registered
from drawings.stated import frame_in, no_parameters, null_shift_issues, prefix_issue
from drawings.strays import stray_issues, strays
from drawings.units import EXTENT_M, METRE, NAMES, declared, norm_issues, settled_issues, unit_by_size, unit_of
from gis.crs import to_lonlat
from gis.errors import CoordinateError
from gis.geometry.similarity import Similarity
from gis.issues import Issue, Place

FAR_M = 100_000.0
"""Coordinates beyond this on both axes are a surveyor's, not a drafter's local ones, metres."""

Points = NDArray[np.float64]


def _refused(code: str, message: str, hint: str, at: tuple[float, float], unit: float = METRE) -> Frame:
    place = Place(xy=(round(at[0], 3), round(at[1], 3)))
    return Frame(known=False, similarity=Similarity(factor=complex(unit)), issues=(finding(code, message, hint, place),))


def _unplaced(x: float, y: float, unit: float) -> Frame:
    """Say why a point can't be placed; `unit` in metres tells a surveyor's coordinates from local ones."""
    at = (x, y)
    if in_dazhou(y, x) or in_dazhou(y - ZONE_PREFIX, x):
        hint = "CAD 中 X 应为东坐标、Y 应为北坐标，请对调后重新提交；或用 --crs EPSG:4545 指明坐标系，读取时交换"
        return _refused("E603", "X、Y 坐标对调：X 是北坐标、Y 是东坐标", hint, at)
    for scale, name in NAMES.items():
        if in_dazhou(x * scale, y * scale):
            hint = f"请整体缩放 {scale:g} 倍后重新提交；或用 --crs EPSG:4545 指明坐标系，读取时缩放"
            return _refused("E106", f"坐标以{name}为单位，规范要求 1 图形单位 = 1 米", hint, at, scale)
    if is_lonlat(x, y) or is_lonlat(y, x):
        hint = "请用 --crs EPSG:4490 指明是 CGCS2000 经纬度；取自高德、谷歌中国等底图的，用 --crs gcj02"
        return _refused("E601", "坐标像经纬度（度），不是 EPSG:4545 的东、北坐标", hint, at)
    if inside(x % 1_000_000, (200_000.0, 800_000.0)) and inside(y, (1_000_000.0, 6_000_000.0)):
        zone = int(x // 1_000_000)
        named = f"（带号 {zone}）" if zone else ""
        hint = "请核对中央经线是否为 108°E（EPSG:4545）、坐标是否为达州境内"
        return _refused("E603", f"坐标像国家投影坐标{named}，但不在达州范围内", hint, at)
    if abs(x) * unit > FAR_M and abs(y) * unit > FAR_M:
        hint = "请核对坐标系；测绘图要移到本地须用 --gcp 给出控制点，其他坐标系用 --crs 指明"
        return _refused("E603", "坐标像某个测量坐标系，但不在达州范围内", hint, at, unit)
    hint = "请按 CGCS2000 三度带中央经线 108°E 的真实坐标绘制，不平移、不旋转；或用 --gcp 给出控制点"
    return _refused("E601", "图纸没有真实坐标（不是 EPSG:4545 的东、北坐标）", hint, at, unit)


def frame_of(points: Points, unit: float = METRE) -> Frame:
    """Tell the frame of a drawing from the middle of its points.

    Parameters
    ----------
    points : (n, 2) float64
        Drawing coordinates of what is to be stored.
    unit : float
        Metres per drawing unit, so far as that is known: for drawings that can't be placed.
    """
    x, y = middle_of(points)
    if len(points) == 0 or in_dazhou(x, y):
        return Frame(known=True, method="norm")
    if in_dazhou(x - ZONE_PREFIX, y):
        return Frame(known=True, similarity=Similarity(source=(ZONE_PREFIX, 0.0)), method="norm", issues=(prefix_issue(x, y),))
    return _unplaced(x, y, unit)


def extent_issues(bounds: tuple[float, float, float, float]) -> list[Issue]:
    """Return an issue where a plant is implausibly small or large; bounds in metres."""
    side = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    if inside(side, EXTENT_M):
        return []
    place = Place(xy=(round(bounds[0], 3), round(bounds[1], 3)))
    return [finding("E106", f"厂区范围 {side:.1f} m，不在 20 m 至 10 km 之间", "请核对图形单位，或删去远处的散落图元", place)]


def _in_dazhou(frame: Frame, points: Points) -> Frame:
    """Refuse a frame that puts the middle of a drawing outside Dazhou, saying where it lies."""
    if len(points) == 0 or not frame.known:
        return frame
    at = np.array([middle_of(points)])
    try:
        if in_dazhou(*frame.xy(at)[0].tolist()):
            return frame
        words = _words(frame, at)
    except CoordinateError:
        issue = no_parameters(frame.note["crs"])
    else:
        hint = "请核对坐标系；测绘图要移到本地须用 --gcp 给出控制点"
        issue = finding("E603", f"{words}，不在达州范围内", hint, Place(field=frame.method.upper()))
    # Without its CRS: what is far from that CRS's own region has no coordinates in it at all.
    return replace(frame, known=False, source=None, issues=(*frame.issues, issue))


def _words(frame: Frame, at: Points) -> str:
    """Say where a point of a drawing lies."""
    inner = frame.similarity.points(at)
    if frame.source is None:
        return f"图纸中心在东 {inner[0, 0]:.0f}、北 {inner[0, 1]:.0f}（EPSG:4545）"
    lon, lat = to_lonlat(inner, frame.source)[0]
    by = "按图中 GEODATA 的" if frame.method == "geodata" else "按"
    return f"{by} {frame.source} 图纸中心在经度 {lon:.5f}、纬度 {lat:.5f}"


def _in_unit(document: Drawing, points: Points, unit: float) -> Frame:
    """Return the frame that the coordinates prove in a unit that somebody states."""
    issues = settled_issues(declared(document), unit, "对照文件")
    frame = frame_of(points * unit)
    if not frame.known:
        return replace(frame, issues=(*issues, *frame.issues), similarity=Similarity(factor=complex(unit)))
    east, north = frame.similarity.source
    return replace(frame, issues=(*issues, *frame.issues), similarity=Similarity((east / unit, north / unit), factor=complex(unit)))


def _by_coordinates(document: Drawing, points: Points, unit: float | None) -> Frame:
    """Return the frame that the coordinates prove, or what refuses them; the unit's faults included."""
    if unit is not None:
        return _in_unit(document, points, unit)
    said = declared(document)
    size = unit_by_size(np.delete(points, strays(points, Frame(known=False)), axis=0))
    frame = frame_of(points, size or said.metres or METRE)
    issues = norm_issues(said)
    if not frame.known and said.code == 0 and size not in (None, METRE):
        issues += settled_issues(said, size or METRE, "图形范围的大小")
    return replace(frame, issues=(*issues, *frame.issues))


def _by_geodata(document: Drawing, points: Points) -> tuple[Frame | None, list[Issue]]:
    georeference, faults = georeference_of(document)
    if georeference is None:
        return None, faults
    source, scale = georeference.source, georeference.similarity.scale
    issues = (*settled_issues(declared(document), unit_of(scale) or scale, " GEODATA "), *null_shift_issues(source))
    return Frame(True, georeference.similarity, source, middle_of(points), "geodata", {"crs": str(source)}, issues), []


def _found(document: Drawing, points: Points, crs: str | None, gcp: str | None, unit: float | None) -> Frame:
    if gcp is not None:
        control, faults = points_of(gcp)
        if faults:
            return Frame(known=False, method="gcp", issues=tuple(faults))
        return _in_dazhou(frame_by(control, document), points)
    if crs is not None:
        return _in_dazhou(frame_in(crs, points, declared(document)), points)
    frame = _by_coordinates(document, points, unit)
    drawn, faults = drawn_points(document)
    if frame.known:
        return replace(frame, issues=(*frame.issues, *contradiction(frame, drawn)))
    if drawn or faults:
        placed = frame_by(drawn, document)
        return _in_dazhou(replace(placed, known=placed.known and not faults, issues=(*faults, *placed.issues)), points)
    by_geodata, faults = _by_geodata(document, points)
    return _in_dazhou(by_geodata, points) if by_geodata else replace(frame, issues=(*faults, *frame.issues))


def place_drawing(
    document: Drawing,
    points: Points,
    *,
    crs: str | None = None,
    gcp: str | None = None,
    unit: float | None = None,
    registered: tuple[float, float] | None = None,
) -> Frame:
    """Return how a drawing's coordinates become EPSG:4545 metres; nothing is guessed: what is not proven is refused.

    Asked in this order: control points of a file, a CRS that is stated, the size of the coordinates themselves, `QJ_GCP` blocks, GEODATA.

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
    unit : float, optional
        Metres per drawing unit as somebody states it; else the header and the size of the plan decide.
    registered : tuple of float, optional
        Longitude and latitude (EPSG:4490, degrees) of the enterprise.
    """
    frame = _found(document, points, crs, gcp, unit)
    if not frame.known or len(points) == 0:
        return frame
    far = strays(points, frame)
    frame = replace(frame, issues=(*frame.issues, *stray_issues(points, far, frame)))
    return near_registered(frame, np.delete(points, far, axis=0), registered) if registered else frame
