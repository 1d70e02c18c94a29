"""Readings out of packets: what was measured, when, over which period, in which state of the instrument."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.hj212.packet import Packet, moment, records
from feeds.hj212.tables import command, current_code

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
FACTOR = re.compile(r"[0-9A-Za-z]{1,16}")
AHEAD = timedelta(hours=1)
BEHIND = timedelta(days=3 * 366)
"""How far the clock of a logger may be off before what it says has no time: data of some years ago may be asked again."""
STATISTICS = {
    "value": ("Rtd", "Avg", "RS", "RT", "Data"),
    "low": ("Min",),
    "high": ("Max",),
    "total": ("Cou",),
    "zs_value": ("ZsRtd", "ZsAvg"),
    "zs_low": ("ZsMin",),
    "zs_high": ("ZsMax",),
}
"""Column → what HJ 212 calls it; the first that is there counts."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one instrument says of one factor at one time."""

    factor: str
    """By today's code."""
    period: str
    """rtd, minute, hour, day, furnace."""
    at: datetime
    """Moment, or beginning of the period."""
    value: float | None = None
    """Value or mean, in the unit that the code table has for the factor."""
    low: float | None = None
    high: float | None = None
    total: float | None = None
    """Amount over the period."""
    zs_value: float | None = None
    """Converted (折算) value or mean."""
    zs_low: float | None = None
    zs_high: float | None = None
    flag: str | None = None
    """HJ 212-2017, table 8."""
    eflag: str | None = None


def _number(values: Mapping[str, str], names: tuple[str, ...]) -> float | None:
    for name in names:
        if (text := values.get(name)) is not None:
            text = text.strip()
            number = float(text) if NUMBER.fullmatch(text) else math.nan
            return number if math.isfinite(number) else None
    return None


def _text(values: Mapping[str, str], name: str) -> str | None:
    return values.get(name, "").replace("\0", "").strip()[:8] or None


def _beginning(at: datetime, period: str) -> datetime:
    """Return the beginning of the period that a time lies in: loggers write seconds that mean nothing."""
    match period:
        case "minute" | "furnace":
            return at.replace(second=0, microsecond=0)
        case "hour":
            return at.replace(minute=0, second=0, microsecond=0)
        case "day":
            return at.replace(hour=0, minute=0, second=0, microsecond=0)
        case _:
            return at


def readings(packet: Packet, received: datetime) -> tuple[list[Reading], list[str]]:
    """Return what a packet of data says was measured, and what is wrong with it: `time`, `clock`, `factor`, `value`.

    Parameters
    ----------
    packet : Packet
        Whole, not a part of one.
    received : datetime
        When it came: what is dated far from it has no time.
    """
    known = command(packet.cn, "up")
    if known is None or known.period is None:
        return [], []
    found: dict[tuple[str, datetime], Reading] = {}
    faults: list[str] = []
    for record in records(packet.cp):
        at = moment(record.time)
        if at is None:
            faults.append("time")
            continue
        if not received - BEHIND <= at <= received + AHEAD:
            faults.append("clock")
            continue
        at = _beginning(at, known.period)
        for code, values in record.factors.items():
            numbers = {column: _number(values, names) for column, names in STATISTICS.items()}
            flag = _text(values, "Flag")
            if not FACTOR.fullmatch(code):
                faults.append("factor")
            elif flag is None and all(number is None for number in numbers.values()):
                faults.append("value")
            else:
                # One packet says a thing once; some loggers say it by its old code too.
                factor = current_code(code)
                reading = Reading(factor, known.period, at, **numbers, flag=flag, eflag=_text(values, "EFlag"))
                found.setdefault((factor, at), reading)
    return list(found.values()), faults
