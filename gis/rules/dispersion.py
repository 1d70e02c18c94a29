"""Gaussian plume: what a steady release near the ground makes of the air downwind. Screening only.

Sources: the plume equation with reflection at ground and lid in D. B. Turner, Workbook of Atmospheric Dispersion Estimates (US EPA AP-26,
1970), eq. 3.1 and 5.8; spread by G. A. Briggs (1973), as in S. R. Hanna, G. A. Briggs and R. P. Hosker, Handbook on Atmospheric Diffusion
(DOE/TIC-11223, 1982), table 4.5.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gis.errors import Invalid

Floats = NDArray[np.float64]
Stability = Literal["A", "B", "C", "D", "E", "F"]
STABILITIES: tuple[Stability, ...] = get_args(Stability)
LEAST_WIND = 0.5
"""m/s. Below it the air is calm: the wind has no direction, and the plume equation no meaning; its speed is taken as this."""
NEAREST_M, FARTHEST_M = 10.0, 10_000.0
"""Where the spreads are used; they were fitted from 100 m to 10 km."""
REFLECTIONS = 4
"""Of the plume at ground and lid, to either side."""
CALM_AND_INVERSION: Stability = "F"


@dataclass(frozen=True, slots=True)
class Air:
    """The weather of a release. By default a calm night under an inversion, as is usual in narrow valleys."""

    wind_m_s: float = 0.0
    """At the height of the release."""
    from_deg: float | None = None
    """Where the wind comes from, degrees clockwise from north."""
    stability: Stability = CALM_AND_INVERSION
    urban: bool = False
    """Whether it blows over a town, whose roughness mixes more."""
    lid_m: float = 200.0
    """Height of the inversion that nothing passes."""

    @property
    def calm(self) -> bool:
        """Whether the plume may go anywhere."""
        return self.wind_m_s < LEAST_WIND or self.from_deg is None

    @property
    def speed(self) -> float:
        """The wind that is reckoned with, m/s."""
        return max(self.wind_m_s, LEAST_WIND)


def checked(air: Air) -> Air:
    """Return the weather as it is; raises Invalid that names what is no weather."""
    if not 0 <= air.wind_m_s <= 60:
        raise Invalid("wind", "风速应在 0 到 60 m/s 之间")
    if air.from_deg is not None and not 0 <= air.from_deg <= 360:
        raise Invalid("from", "风向应在 0 到 360 度之间（来向，正北为 0）")
    if air.stability not in STABILITIES:
        raise Invalid("stability", f"大气稳定度应为 {'、'.join(STABILITIES)} 之一")
    if not 10 <= air.lid_m <= 5000:
        raise Invalid("lid", "逆温层高度应在 10 到 5000 m 之间")
    return air


def spread(x_m: Floats, air: Air) -> tuple[Floats, Floats]:
    """Return the standard deviations of the plume across and upward at distances downwind, metres."""
    x = np.asarray(x_m, float)
    if air.urban:
        across, up = {
            "A": (0.32, 0.24 * x * np.sqrt(1 + 0.001 * x)),
            "B": (0.32, 0.24 * x * np.sqrt(1 + 0.001 * x)),
            "C": (0.22, 0.20 * x),
            "D": (0.16, 0.14 * x / np.sqrt(1 + 0.0003 * x)),
            "E": (0.11, 0.08 * x / np.sqrt(1 + 0.0015 * x)),
            "F": (0.11, 0.08 * x / np.sqrt(1 + 0.0015 * x)),
        }[air.stability]
        return across * x / np.sqrt(1 + 0.0004 * x), up
    across, up = {
        "A": (0.22, 0.20 * x),
        "B": (0.16, 0.12 * x),
        "C": (0.11, 0.08 * x / np.sqrt(1 + 0.0002 * x)),
        "D": (0.08, 0.06 * x / np.sqrt(1 + 0.0015 * x)),
        "E": (0.06, 0.03 * x / (1 + 0.0003 * x)),
        "F": (0.04, 0.016 * x / (1 + 0.0003 * x)),
    }[air.stability]
    return across * x / np.sqrt(1 + 0.0001 * x), up


def concentration(
    rate_g_s: float,
    wind_m_s: float,
    spreads_m: tuple[Floats, Floats],
    y_m: Floats | float = 0.0,
    *,
    height_m: float = 0.0,
    lid_m: float = np.inf,
) -> Floats:
    """Return the concentration at the ground, g/m³.

    Parameters
    ----------
    rate_g_s : float
        What escapes, g/s, without end.
    wind_m_s : float
    spreads_m : tuple of ndarray
        Standard deviations of the plume at the places, across and upward.
    y_m : ndarray or float
        Distance of the places from the plume's axis.
    height_m : float
        Of the release.
    lid_m : float
        Of the inversion.
    """
    across_m, up_m = spreads_m
    folds = np.arange(-REFLECTIONS, REFLECTIONS + 1) if np.isfinite(lid_m) else np.zeros(1)
    heights = height_m + 2 * folds * (lid_m if np.isfinite(lid_m) else 0.0)
    upward = 2 * np.exp(-0.5 * (heights / np.asarray(up_m)[..., None]) ** 2).sum(axis=-1)
    found: Floats = rate_g_s / (2 * np.pi * wind_m_s * across_m * up_m) * np.exp(-0.5 * (np.asarray(y_m) / across_m) ** 2) * upward
    return found


def on_axis(rate_g_s: float, air: Air, x_m: Floats, height_m: float = 0.0) -> Floats:
    """Return the concentration under the plume's axis at distances downwind, mg/m³."""
    found: Floats = 1000.0 * concentration(rate_g_s, air.speed, spread(x_m, air), height_m=height_m, lid_m=air.lid_m)
    return found


def outline(rate_g_s: float, air: Air, limit_mg_m3: float, height_m: float = 0.0) -> Floats | None:
    """Return where the air at the ground has at least a concentration.

    Returns
    -------
    (n, 2) float64 or None
        Distance downwind and half of the width there, metres, from the release to where the zone ends; None where nowhere.
    """
    x = np.geomspace(NEAREST_M, FARTHEST_M, 400)
    peak = on_axis(rate_g_s, air, x, height_m)
    inside = np.flatnonzero(peak >= limit_mg_m3)
    if not len(inside):
        return None
    first, last = inside[0], inside[-1]
    across, _ = spread(x, air)
    half = across[first : last + 1] * np.sqrt(2 * np.log(np.maximum(peak[first : last + 1], limit_mg_m3) / limit_mg_m3))
    line = np.column_stack([x[first : last + 1], half])
    if last + 1 < len(x):
        # Between two steps the peak falls as a power of the distance.
        share = np.log(peak[last] / limit_mg_m3) / np.log(peak[last] / peak[last + 1])
        line = np.vstack([line, [x[last] * (x[last + 1] / x[last]) ** share, 0.0]])
    return line
