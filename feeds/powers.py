"""What power loggers measure, invented: shifts of production, treatment that starts before and stops after, and now and then does not."""

import math
from datetime import date, datetime, timedelta
from enum import StrEnum

from feeds.plants import Device, smooth
from gis.clock import BEIJING

ROUND_THE_CLOCK = 0.55
"""Share of plants that never stop of an evening."""
LEAD_H = 0.25
"""Treatment runs so long before and after production, hours."""


class Lapse(StrEnum):
    """What goes wrong with a treatment on a day."""

    OFF = "off"
    LATE = "late"
    IDLE = "idle"


CHANCES = {Lapse.OFF: 0.012, Lapse.LATE: 0.02, Lapse.IDLE: 0.012}


def _shift(device: Device, day: date) -> tuple[float, float]:
    """Return the hours between which production runs on a day."""
    if device.chance("round the clock") < ROUND_THE_CLOCK:
        return 0.0, 24.0
    if day.weekday() == 6 and device.chance("sundays") < 0.5:
        return 0.0, 0.0
    begin = 7.0 + device.chance("begin")
    return begin, begin + 9.0 + 5.0 * device.chance("length")


def _lapse(device: Device, day: date) -> tuple[Lapse, float, float] | None:
    """Return what goes wrong on a day, and between which hours."""
    begin, end = _shift(device, day)
    for lapse, likely in CHANCES.items():
        if end > begin and device.chance(lapse, day) < likely:
            first = begin if lapse is Lapse.LATE else begin + (end - begin) * 0.6 * device.chance(lapse, day, "at")
            return lapse, first - LEAD_H, min(end, first + 0.7 + 2.5 * device.chance(lapse, day, "long"))
    return None


def load(device: Device, code: str, rated: float, at: datetime) -> float:
    """Return the load of a channel at a time: codes d2… are of production, d3… of treatment."""
    local = at.astimezone(BEIJING)
    hour = local.hour + local.minute / 60
    begin, end = _shift(device, local.date())
    noise = 1 + 0.05 * smooth(device, code, at, timedelta(hours=1)) + 0.02 * smooth(device, code, at, timedelta(minutes=5))
    if code.startswith("d2"):
        return rated * (noise if begin <= hour < end else 0.02)
    running = end > begin and begin - LEAD_H <= hour < end + LEAD_H
    lapse = _lapse(device, local.date())
    if running and lapse and lapse[1] <= hour < lapse[2]:
        return rated * (0.22 * noise if lapse[0] is Lapse.IDLE else 0.01)
    return rated * (noise if running else 0.015)


def rated(device: Device, code: str) -> float:
    """Return the load at which a channel's device runs, A.

    >>> rated(Device("1", "44", ()), "d20401") == rated(Device("1", "44", ()), "d20401")
    True
    """
    least, most = (60.0, 900.0) if code.startswith("d2") else (25.0, 300.0)
    return round(math.exp(math.log(least) + math.log(most / least) * device.chance(code, "rated")))
