"""A spill into a river: when its peak passes a place downstream, and how strong it is. Screening only.

Source: the one-dimensional solution for a sudden release in HJ 2.3-2018, annex E (瞬时排放), also H. B. Fischer et al., Mixing in Inland
and Coastal Waters (1979), eq. 2.28 and, for the spreading along the river, 5.17.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.errors import Invalid

Floats = NDArray[np.float64]
GRAVITY = 9.81
MOST_KG = 1e8


@dataclass(frozen=True, slots=True)
class River:
    """A reach as it is reckoned with, the same all along."""

    flow_m3_s: float = 50.0
    width_m: float = 60.0
    depth_m: float = 2.0
    slope: float = 0.0005
    decay_1_d: float = 0.0
    """Share that goes a day; 0: nothing does, the worst case."""

    @property
    def area_m2(self) -> float:
        """Of the cross-section."""
        return self.width_m * self.depth_m

    @property
    def speed(self) -> float:
        """Mean, m/s."""
        return self.flow_m3_s / self.area_m2

    @property
    def spreading(self) -> float:
        """Coefficient of longitudinal dispersion, m²/s."""
        shear = np.sqrt(GRAVITY * self.depth_m * self.slope)
        return float(0.011 * self.speed**2 * self.width_m**2 / (self.depth_m * shear))


def checked(river: River) -> River:
    """Return a river as it is; raises Invalid that names what is none."""
    for name, label, most in (("flow_m3_s", "流量", 1e5), ("width_m", "河宽", 5e3), ("depth_m", "水深", 200.0), ("slope", "比降", 0.2)):
        if not 0 < getattr(river, name) <= most:
            raise Invalid(name, f"{label}应大于 0，不超过 {most:g}")
    if not 0 <= river.decay_1_d <= 100:
        raise Invalid("decay_1_d", "衰减系数应在 0 到 100 d⁻¹ 之间")
    return river


def passing(amount_kg: float, river: River, x_m: Floats, t_s: Floats) -> Floats:
    """Return the concentration at a distance downstream and a time after the spill, mg/l, mixed over the cross-section.

    Parameters
    ----------
    amount_kg : float
    river : River
    x_m, t_s : ndarray
        Of one shape, or such that they broadcast; times above 0.
    """
    x, t = np.asarray(x_m, float), np.asarray(t_s, float)
    width = 4 * river.spreading * t
    kept = np.exp(-river.decay_1_d / 86_400 * t)
    found: Floats = 1000.0 * amount_kg / (river.area_m2 * np.sqrt(np.pi * width)) * np.exp(-((x - river.speed * t) ** 2) / width) * kept
    return found


def peak(amount_kg: float, river: River, x_m: float) -> tuple[float, float]:
    """Return when the peak comes to a place, hours after the spill, and its concentration, mg/l."""
    t = x_m / river.speed
    return t / 3600, float(passing(amount_kg, river, np.array(x_m), np.array(t)))


def checked_amount(amount_kg: float) -> float:
    """Return what was spilt as it is; raises Invalid."""
    if not 0 < amount_kg <= MOST_KG:
        raise Invalid("amount", f"泄漏量应大于 0，不超过 {MOST_KG:.0f} kg")
    return amount_kg


def assumptions(river: River) -> list[str]:
    """Return all that was assumed, Chinese, to be printed with the result."""
    return [
        "一维瞬时排放筛查模式（HJ 2.3-2018 附录 E），仅供应急初判，不能代替监测",
        (
            f"全程流量 {river.flow_m3_s:g} m³/s，河宽 {river.width_m:g} m，水深 {river.depth_m:g} m，比降 {river.slope:g}，"
            f"流速 {river.speed:.2f} m/s，纵向离散系数 {river.spreading:.0f} m²/s，衰减 {river.decay_1_d:g} d⁻¹；支流汇入、闸坝未考虑"
        ),
        "投入即在断面混合均匀；峰值到达时间按平均流速计算",
    ]
