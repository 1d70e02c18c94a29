"""The registered point of an enterprise as a witness: its plan lies there, or else where a shifted map would put it."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from drawings.frames import Frame
from drawings.ledger import finding
from drawings.region import middle_of
from gis.crs import CGCS2000, Shift, Source, lonlat_to_xy, to_lonlat, xy_to_lonlat
from gis.issues import Issue, Place

REACH_M = 2_000.0
"""How far a plan may lie from its enterprise's registered point, metres (norm, Georeference)."""
SHIFTS: dict[Shift, tuple[str, float, float]] = {
    "gcj02": ("GCJ-02（火星坐标）", 400.0, 560.0),
    "bd09": ("BD-09（百度坐标）", 1_000.0, 1_300.0),
}
"""Shifted maps: label, smallest and largest shift around Dazhou, metres (measured with the formula: 446 to 521; 1 136)."""
MATCH_M = 100.0
"""How near to the registered point the middle of a plan comes once such a shift is undone, metres."""

Points = NDArray[np.float64]


def _suspicion(points: Points, there: Points) -> Issue | None:
    """Return an issue where a plan lies beside the registered point just as a shifted map would show it.

    A plan that reaches around the point is not suspected: there the point may be any corner of the plant.
    """
    if np.all((points.min(axis=0) <= there) & (there <= points.max(axis=0))):
        return None
    middle = np.array([middle_of(points)])
    offset = (middle - there)[0]
    distance, bearing = math.hypot(*offset), math.degrees(math.atan2(*offset)) % 360
    for shift, (label, nearest, farthest) in SHIFTS.items():
        undone = lonlat_to_xy(to_lonlat(xy_to_lonlat(middle), Source(CGCS2000, shift)))
        left = math.hypot(*(undone - there)[0])
        if nearest <= distance <= farthest and left <= MATCH_M:
            message = f"坐标疑为 {label}：图纸中心距企业登记位置 {distance:.0f} m、方位 {bearing:.0f}°，去掉偏移后只差 {left:.0f} m"
            hint = f"请改用 CGCS2000 坐标，或用 --crs {shift}+EPSG:4545 指明；坐标确实无误的，用 --crs EPSG:4545 指明"
            return finding("E603", message, hint, Place(xy=(round(middle[0, 0], 3), round(middle[0, 1], 3))))
    return None


def near_registered(frame: Frame, points: Points, registered: tuple[float, float]) -> Frame:
    """Refuse a frame that puts a plan far from the registered point of its enterprise, or where a shifted map would show it.

    Parameters
    ----------
    frame : Frame
        A known one.
    points : (n, 2) float64
        Drawing coordinates, without strays; at least one.
    registered : tuple of float
        Longitude, latitude (EPSG:4490, degrees).
    """
    there, xy = lonlat_to_xy(np.array([registered]))[0], frame.xy(points)
    distance = float(np.min(np.hypot(*(xy - there).T)))
    issue = None
    if distance > REACH_M:
        hint = "请核对图纸属于哪个企业，或改正企业的登记位置"
        issue = finding("E603", f"图纸距企业登记位置 {distance / 1000:.1f} km（限 2 km）", hint, Place())
    elif frame.method != "crs":
        # Who states the CRS answers for it.
        issue = _suspicion(xy, there)
    return frame if issue is None else replace(frame, known=False, issues=(*frame.issues, issue))
