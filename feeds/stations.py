"""What stations of air and water measure, invented: season, hour, weather that comes and goes, and what the river carries."""

import math
from datetime import datetime, timedelta

from feeds.plants import Device, smooth
from gis.clock import BEIJING

AIR: dict[str, float] = {"a34004": 38.0, "a34002": 62.0, "a21026": 9.0, "a21004": 24.0, "a05024": 70.0, "a21005": 0.8}
"""About what a station in a valley town has over the year, µg/m³, CO mg/m³."""
WATER: dict[str, float] = {"w01001": 7.6, "w01009": 7.8, "w01010": 18.0, "w01019": 0.55, "w21003": 0.4, "w21011": 0.55}
"""About what a section has; the last three as shares of what its target class allows."""
WINTER = frozenset({"a34004", "a34002", "a21026", "a21004", "a21005"})
"""What collects under the inversions of winter; ozone comes with the sun."""
FEW_DAYS = timedelta(days=4)
DAY_OF_WINTER = 15
"""Of the year: when the air stands most."""


def level(device: Device, code: str, about: float, at: datetime) -> float:
    """Return what a station measures of a factor at a time."""
    local = at.astimezone(BEIJING)
    year = math.cos((local.timetuple().tm_yday - DAY_OF_WINTER) / 365.25 * math.tau)
    sun = math.sin((local.hour + local.minute / 60 - 9) / 24 * math.tau)
    weather, noise = smooth(device, code[0], at, FEW_DAYS), smooth(device, code, at, timedelta(hours=2))
    if code == "a05024":
        return max(4.0, about * (1 - 0.45 * year) * (1 + 0.75 * sun + 0.25 * weather + 0.08 * noise))
    if code in WINTER:
        return max(0.02 * about, about * (1 + 0.45 * year) * math.exp(0.55 * weather + 0.1 * noise) * (1 - 0.12 * sun))
    if code == "w01010":
        return about - 9 * year + 0.6 * sun + noise
    if code in {"w01001", "w01009"}:
        return about * (1 + (0.03 if code == "w01001" else 0.12) * (0.5 * sun + 0.5 * noise - 0.3 * weather))
    # Storms wash in what lies on the fields.
    return about * math.exp(0.3 * weather + 0.05 * noise)
