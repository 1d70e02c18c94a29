"""What plants discharge, invented: the rhythm of days and weeks, drift, calibration, faults, stops, exceedances, lost lines.

Everything follows from a seed, a device's number and the time, so that the same minute always says the same, live or asked for again.
"""

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from feeds.hj212.packet import Edition, Packet, stamp
from feeds.hj212.requests import VERSION
from feeds.hj212.tables import factors
from gis.clock import BEIJING

SAMPLE = timedelta(minutes=5)
"""Between the samples that a mean is made of."""
CYCLE = timedelta(hours=2)
"""Analysers of water measure once in so long (HJ 355-2019 asks for it at least)."""
ANALYSED = frozenset({"w01018", "w21003", "w21011", "w21001"})
AMBIENT = {
    "w00000": 22.0,
    "w01001": 7.4,
    "w01010": 19.0,
    "a00000": 38.0,
    "a19001": 9.5,
    "a01011": 11.0,
    "a01012": 96.0,
    "a01013": -0.12,
    "a01014": 8.0,
}
"""What goes with every outlet, and about how much of it."""
BESIDE = {"32": ("w00000", "w01001", "w01010"), "31": ("a00000", "a19001", "a01011", "a01012", "a01013", "a01014")}
OXYGEN_BASE = 6.0
"""Oxygen that converted concentrations refer to, % (as many standards for boilers and kilns have it)."""
CONVERSION = (21 - OXYGEN_BASE) / (21 - AMBIENT["a19001"])
"""From measured to converted at the usual oxygen: limits hold for what is converted, and a plant in ordinary duty keeps them."""


class Event(StrEnum):
    """What happens to a device now and then."""

    CALIBRATION = "calibration"
    MAINTENANCE = "maintenance"
    FAULT = "fault"
    STOP = "stop"
    EXCEEDANCE = "exceedance"
    CONSTANT = "constant"
    LINE_LOST = "line_lost"


FLAGS = {Event.CALIBRATION: "C", Event.MAINTENANCE: "M", Event.FAULT: "D", Event.STOP: "F"}
CHANCES: dict[Event, tuple[float, float, float]] = {
    Event.CALIBRATION: (1.0, 0.1, 0.22),
    Event.MAINTENANCE: (0.1, 0.7, 2.0),
    Event.FAULT: (0.01, 1.5, 9.0),
    Event.STOP: (0.01, 8.0, 23.9),
    Event.EXCEEDANCE: (0.02, 1.2, 5.0),
    Event.CONSTANT: (0.01, 5.0, 11.0),
    Event.LINE_LOST: (0.025, 0.6, 7.0),
}
"""Event → how likely on a day, shortest and longest, hours. Zero and span of gas take so few minutes that the hour stays valid."""
WEEKLY = 1 / 7
"""Analysers of water are checked once in so many days: the whole hour is lost by it."""


@dataclass(frozen=True, slots=True)
class Device:
    """One data logger of the simulation."""

    mn: str
    st: str
    """31 air, 32 water; 21 and 22 stations, 44 power."""
    factors: tuple[tuple[str, float], ...]
    """Code and permitted concentration of each, in the factor's unit; of a station its usual value, of a power channel its rated load."""
    edition: Edition = Edition.HJ_2017
    seed: int = 1

    def chance(self, *what: object) -> float:
        """Return a number in [0, 1) that belongs to this device and whatever is named."""
        return zlib.crc32(repr((self.seed, self.mn, *what)).encode()) / 2**32


@lru_cache(maxsize=20_000)
def _events(device: Device, day: date) -> tuple[tuple[Event, datetime, datetime, float], ...]:
    begin = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    found = []
    for event, (likely, shortest, longest) in CHANCES.items():
        rare = WEEKLY if event is Event.CALIBRATION and device.st == "32" else 1.0
        if device.chance(event, day) >= likely * rare:
            continue
        hours = shortest + (longest - shortest) * device.chance(event, day, "long")
        at = begin + timedelta(hours=(24 - hours) * device.chance(event, day, "at"))
        found.append((event, at, at + timedelta(hours=hours), device.chance(event, day, "how")))
    return tuple(found)


def happening(device: Device, at: datetime) -> dict[Event, float]:
    """Return what happens to a device at a time, and how strongly, from 0 to 1."""
    local = at.astimezone(BEIJING)
    return {event: how for event, begin, end, how in _events(device, local.date()) if begin <= local < end}


def smooth(device: Device, code: str, at: datetime, width: timedelta) -> float:
    """Return noise from -1 to 1 that moves over some width."""
    place = at.timestamp() / width.total_seconds()
    cell, part = math.floor(place), place % 1.0
    left, right = (2 * device.chance(code, width, cell + step) - 1 for step in (0, 1))
    part = part * part * (3 - 2 * part)
    return left + (right - left) * part


def _level(device: Device, code: str, permitted: float, at: datetime) -> float:
    """Return what a factor would be without events."""
    if code in ANALYSED:
        at = datetime.fromtimestamp(at.timestamp() // CYCLE.total_seconds() * CYCLE.total_seconds(), BEIJING)
    local = at.astimezone(BEIJING)
    hour = local.hour + local.minute / 60
    rhythm = 0.14 * math.sin((hour - 4 - 8 * device.chance(code, "phase")) / 24 * math.tau)
    weekend = -0.12 if local.weekday() >= 5 and device.chance("weekend") < 0.4 else 0.0
    drift = 0.12 * smooth(device, code, at, timedelta(days=23))
    noise = 0.09 * smooth(device, code, at, timedelta(minutes=40)) + 0.03 * smooth(device, code, at, SAMPLE)
    if code in AMBIENT:
        return AMBIENT[code] * (1 + (0.15 if code != "w01001" else 0.04) * (rhythm + drift + noise + weekend) / 0.3)
    share = (0.28 + 0.32 * device.chance(code, "share")) / (CONVERSION if device.st == "31" else 1.0)
    return permitted * share * (1 + rhythm + drift + noise + weekend)


def sample(device: Device, code: str, permitted: float, at: datetime) -> tuple[float, str]:
    """Return value and flag of a factor at a time."""
    events = happening(device, at)
    flag = next((FLAGS[event] for event in FLAGS if event in events), "N")
    if Event.CONSTANT in events:
        start = next(begin for event, begin, _, _ in _events(device, at.astimezone(BEIJING).date()) if event is Event.CONSTANT)
        at = start
    value = _level(device, code, permitted, at)
    if Event.STOP in events:
        return (value if code in ("w01001", "w01010") else value * 0.01), flag
    if Event.FAULT in events:
        return 0.0, flag
    if Event.CALIBRATION in events and code not in AMBIENT:
        return (0.0 if events[Event.CALIBRATION] < 0.5 else permitted * 0.8), flag
    if Event.EXCEEDANCE in events and code not in AMBIENT and device.chance(code, at.date(), "which") < 0.4:
        value *= 1.6 + 4.0 * events[Event.EXCEEDANCE]
    return value, flag


def _digits(code: str, value: float) -> str:
    return f"{value:.{2 if abs(value) >= 10 or code == 'w01001' else 3}f}"


def _all(device: Device) -> Iterator[tuple[str, float]]:
    for code in BESIDE[device.st]:
        yield code, 0.0
    yield from device.factors


def _name(device: Device, code: str) -> str:
    return factors()[code].old_code or code if device.edition is Edition.HJT_2005 else code


def converted(device: Device, value: float, at: datetime) -> float:
    """Return a concentration of flue gas converted to the oxygen that it is judged at: c × (21 - base) / (21 - O₂)."""
    oxygen = min(18.0, sample(device, "a19001", 0.0, at)[0])
    return value * (21 - OXYGEN_BASE) / (21 - oxygen)


def moment_items(device: Device, at: datetime) -> list[str]:
    """Return the parameters of real-time data (2011)."""
    items = [f"DataTime={stamp(at)}"]
    for code, permitted in _all(device):
        value, flag = sample(device, code, permitted, at)
        name = _name(device, code)
        parts = [f"{name}-Rtd={_digits(code, value)}"]
        if device.st == "31" and code not in AMBIENT and device.edition is not Edition.HJT_2005:
            parts.append(f"{name}-ZsRtd={_digits(code, converted(device, value, at))}")
        items.append(",".join([*parts, f"{name}-Flag={flag}"]))
    return items


def _flag(device: Device, flags: Sequence[str]) -> str:
    """Return the flag of a mean: for gas normal where three quarters are, for water where all are (HJ 212-2017, tables C.16 and C.17)."""
    normal = flags.count("N") / len(flags)
    if normal >= (0.75 if device.st == "31" else 1.0):
        return "N"
    wrong = [flag for flag in flags if flag != "N"]
    return max(set(wrong), key=wrong.count)


def period_items(device: Device, begin: datetime, span: timedelta) -> list[str]:
    """Return the parameters of minute, hour and day data (2051, 2061, 2031): mean, least, most, amount, flag."""
    count = min(12, max(2, round(span / SAMPLE)))
    times = [begin + span * (number + 0.5) / count for number in range(count)]
    flow = [sample(device, BESIDE[device.st][0], 0.0, at)[0] for at in times]
    volume = sum(flow) / count * span.total_seconds() * (0.001 if device.st == "32" else 1.0)
    items = [f"DataTime={stamp(begin)}"]
    for code, permitted in _all(device):
        samples = [sample(device, code, permitted, at) for at in times]
        values = [value for value, _ in samples]
        name, mean = _name(device, code), sum(values) / count
        parts = [
            f"{name}-Min={_digits(code, min(values))}",
            f"{name}-Avg={_digits(code, mean)}",
            f"{name}-Max={_digits(code, max(values))}",
        ]
        if device.st == "31" and code not in AMBIENT and device.edition is not Edition.HJT_2005:
            parts.append(f"{name}-ZsAvg={_digits(code, converted(device, mean, times[count // 2]))}")
        if code in ("w00000", "a00000"):
            parts.append(f"{name}-Cou={volume:.2f}")
        elif code not in AMBIENT:
            parts.append(f"{name}-Cou={mean * volume / (1e6 if device.st == '31' else 1e3):.4f}")
        items.append(",".join([*parts, f"{name}-Flag={_flag(device, [flag for _, flag in samples])}"]))
    return items


def packet(device: Device, cn: str, qn: str) -> Packet:
    """Return a packet of a device without its parameters; it wants an answer."""
    return Packet(qn=qn, st=device.st, cn=cn, pw="123456", mn=device.mn, flag=VERSION[device.edition] << 2 | 1)
