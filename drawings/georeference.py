"""Where on Earth a drawing lies, told by the size of its coordinates: EPSG:4545, zone-prefixed EPSG:4524, or not usable as it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drawings.ledger import finding
from drawings.norm import METRES
from gis.issues import Issue, Place

EASTING = (360_000.0, 560_000.0)
"""Eastings of Dazhou in EPSG:4545, with a margin, metres."""
NORTHING = (3_370_000.0, 3_580_000.0)
"""Northings of Dazhou in EPSG:4545, with a margin, metres."""
ZONE_PREFIX = 36_000_000.0
"""What zone-prefixed eastings (EPSG:4524, zone 36) carry on top, metres."""
EXTENT_M = (20.0, 10_000.0)
"""Smallest and largest plausible side of a plant, metres."""
UNITS = {1: "英寸", 2: "英尺", 4: "毫米", 5: "厘米", 7: "千米"}
"""$INSUNITS codes people meet (DXF reference, header variables)."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """How drawing coordinates become EPSG:4545 metres."""

    known: bool
    """False: the place is unknown, nothing may be stored."""
    offset_east: float = 0.0
    """To subtract from x, metres."""
    issues: tuple[Issue, ...] = ()


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
        return Frame(known=True)
    x, y = (float(value) for value in np.median(points, axis=0))
    at = (round(x, 3), round(y, 3))
    if _is_dazhou(x, y):
        return Frame(known=True)
    if _is_dazhou(x - ZONE_PREFIX, y):
        issue = finding(
            "W603", "横坐标带 36 带带号（EPSG:4524），已减去 36 000 000 m 按 EPSG:4545 读取", "下次出图请用不带带号的坐标", Place(xy=at)
        )
        return Frame(known=True, offset_east=ZONE_PREFIX, issues=(issue,))
    return _unplaced(x, y)


def unit_issues(insunits: int) -> list[Issue]:
    """Return what is wrong with the unit a drawing declares; 0 (none declared) is left to the coordinates."""
    if insunits in (0, METRES):
        return []
    unit = UNITS.get(insunits, f"代码 {insunits}")
    return [finding("E106", f"图形单位声明为{unit}，规范要求米", "请在 UNITS 中改为“米”（$INSUNITS=6）", Place(field="$INSUNITS"))]


def extent_issues(bounds: tuple[float, float, float, float]) -> list[Issue]:
    """Return an issue where a plant is implausibly small or large; bounds in metres."""
    side = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    if _inside(side, EXTENT_M):
        return []
    place = Place(xy=(round(bounds[0], 3), round(bounds[1], 3)))
    return [finding("E106", f"厂区范围 {side:.1f} m，不在 20 m 至 10 km 之间", "请核对图形单位，或删去远处的散落图元", place)]
