"""An accident as it is screened: zones of the air, what to advise to whom, and all that was assumed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gis.crs import lonlat_to_xy, xy_to_lonlat
from gis.errors import Invalid
from gis.rules.dispersion import FARTHEST_M, LEAST_WIND, NEAREST_M, Air, outline
from gis.rules.substances import LEVELS, Substance

CIRCLE_SEGMENTS = 64
QUARTERS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")
MOST_KG = 1e7
NARROW_M = 5.0
"""Least half width of a zone as drawn, metres: the place itself is in it."""


@dataclass(frozen=True, slots=True)
class Release:
    """What escapes, and where."""

    at: tuple[float, float]
    """Longitude, latitude (EPSG:4490, degrees)."""
    substance: Substance
    rate_kg_s: float
    height_m: float = 0.0
    minutes: float | None = None
    """How long, where an amount was given; None: without end."""


def release(
    at: tuple[float, float], substance: Substance, *, rate_kg_s: float | None = None, amount_kg: float | None = None,
    minutes: float = 10.0, height_m: float = 0.0,
) -> Release:  # fmt: skip
    """Return a release of which either the rate or the amount is known; raises Invalid.

    Parameters
    ----------
    at : tuple of float
        Longitude, latitude (EPSG:4490, degrees).
    substance : Substance
    rate_kg_s, amount_kg : float, optional
        One of them.
    minutes : float
        In which an amount escapes (HJ 169-2018, 8.2.2: 10 min where a leak is closed by itself, else 30 min).
    height_m : float
        Over the ground.
    """
    lon, lat = at
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Invalid("at", "应为经度,纬度（度）")
    if (rate_kg_s is None) == (amount_kg is None):
        raise Invalid("rate", "泄漏速率（rate，kg/s）和泄漏量（amount，kg）给出其一")
    if not 0.1 <= minutes <= 1440:
        raise Invalid("minutes", "泄漏历时应在 0.1 到 1440 分钟之间")
    if not 0 <= height_m <= 500:
        raise Invalid("height", "泄漏高度应在 0 到 500 m 之间")
    value, name = (rate_kg_s, "rate") if rate_kg_s is not None else (amount_kg, "amount")
    if value is None or not 0 < value <= MOST_KG:
        raise Invalid(name, f"应大于 0，不超过 {MOST_KG:.0f}")
    rate = rate_kg_s if rate_kg_s is not None else value / (minutes * 60)
    return Release(at, substance, rate, height_m, None if rate_kg_s is not None else minutes)


@dataclass(frozen=True, slots=True)
class Zone:
    """Where the air is as bad as a level's limit, or worse."""

    level: int
    limit_mg_m3: float
    reach_m: float
    """Farthest distance of it from the release."""
    cut: bool
    """Whether it goes on beyond what is reckoned."""
    shape: shapely.Polygon
    """EPSG:4490."""

    @property
    def label(self) -> str:
        """What it means, Chinese."""
        return LEVELS[self.level]


def zones(release: Release, air: Air) -> list[Zone]:
    """Return the zones of a release, the worst first; where the air is calm they lie all around it."""
    found = []
    origin = lonlat_to_xy(np.array([release.at]))[0]
    for level in LEVELS:
        limit = release.substance.limit_mg_m3(level)
        line = None if limit is None else outline(1000 * release.rate_kg_s, air, limit, release.height_m)
        if limit is None or line is None:
            continue
        reach = float(line[-1, 0])
        if air.calm:
            shape = shapely.Point(origin).buffer(reach, quad_segs=CIRCLE_SEGMENTS // 4)
        else:
            half = np.maximum(line[:, 1], 0.0)
            start = [[0.0, NARROW_M]] if line[0, 0] <= 2 * NEAREST_M else []
            side = np.vstack([*start, np.column_stack([line[:, 0], half])])
            along = np.vstack([side, side[::-1] * [1, -1]])
            shape = shapely.make_valid(shapely.Polygon(_downwind(along, air) + origin))
        found.append(Zone(level, limit, reach, reach >= FARTHEST_M * 0.999, shapely.transform(shape, xy_to_lonlat)))
    return found


def _downwind(along: np.ndarray, air: Air) -> np.ndarray:
    """Return places given along and across the plume as east and north of the release."""
    to = np.radians((air.from_deg or 0.0) + 180.0)
    forward, left = np.array([np.sin(to), np.cos(to)]), np.array([-np.cos(to), np.sin(to)])
    east_north: np.ndarray = along[:, :1] * forward + along[:, 1:] * left
    return east_north


def quarter(bearing_deg: float) -> str:
    """Return a bearing as one of eight quarters, Chinese.

    >>> quarter(350.0), quarter(46.0)
    ('北', '东北')
    """
    return QUARTERS[round(bearing_deg / 45) % 8]


def away(bearing_deg: float, air: Air) -> str:
    """Return where people should go, who are at a bearing from the release: across the wind on their side, or away from it in calm air."""
    if air.calm or air.from_deg is None:
        return quarter(bearing_deg)
    axis = air.from_deg + 180.0
    side = (bearing_deg - axis + 180.0) % 360.0 - 180.0
    return quarter((axis + (90.0 if side >= 0 else -90.0)) % 360.0)


ADVICE = {
    3: "立即撤离，向{away}方向；佩戴湿毛巾等简易防护，不得经过泄漏点下风向",
    2: "撤离，向{away}方向；老人、儿童、病人优先",
    1: "就地避险：关闭门窗，停用通风空调；做好向{away}方向撤离的准备",
}


def advice(level: int, bearing_deg: float, air: Air) -> str:
    """Return what to advise to people in a zone (疏散建议); the government orders it."""
    return ADVICE[level].format(away=away(bearing_deg, air))


def assumptions(release: Release, air: Air, cut: Sequence[Zone] = ()) -> list[str]:
    """Return all that was assumed, Chinese, to be printed with the result."""
    one = release.substance
    limits = "，".join(f"{label} {limit:.3g} mg/m³" for level, label in LEVELS.items() if (limit := one.limit_mg_m3(level)) is not None)
    weather = (
        f"静风（按 {air.speed:g} m/s 计算，风向不定，范围按圆）"
        if air.calm
        else f"风速 {air.wind_m_s:g} m/s，来自 {air.from_deg:g}°（{quarter(air.from_deg or 0.0)}风）"
    )
    said = [
        "高斯烟羽筛查模式，仅供应急初判，不能代替监测和 SLAB、AFTOX 等模型（HJ 169-2018）；疏散由政府决定和组织，此处为疏散建议",
        f"气象：{weather}，稳定度 {air.stability}，逆温层高 {air.lid_m:g} m，{'城区' if air.urban else '乡村'}地面，未考虑地形",
        f"泄漏：{one.name} {release.rate_kg_s:g} kg/s，"
        + ("持续泄漏" if release.minutes is None else f"历时 {release.minutes:g} min（按持续泄漏计算，偏于安全）")
        + f"，离地 {release.height_m:g} m",
        f"浓度限值：AEGL（暴露 1 小时，25 °C）：{limits}",
        f"扩散参数：Briggs（1973），适用 100 m 至 {FARTHEST_M / 1000:g} km；{NEAREST_M:g} m 以内不计算",
    ]  # fmt: skip
    if one.heavy:
        said.append(f"{one.name}大量泄漏时形成重气云，沿地面和低洼处蔓延，实际范围在近处可能更宽")
    if cut:
        said.append(f"{'、'.join(zone.label for zone in cut)}区超出 {FARTHEST_M / 1000:g} km，图上到此为止")
    if air.calm and air.wind_m_s >= LEAST_WIND:
        said.append("未给出风向，范围按圆")
    return said
