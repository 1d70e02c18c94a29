"""Readings out of packets: what was measured, when, over which period, in which state of the instrument."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

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
PLACES = {name: (place, rank) for place, names in enumerate(STATISTICS.values()) for rank, name in enumerate(names)}
"""What HJ 212 calls it → its column's place, and how many names go before it."""
NOTHING = (None,) * len(STATISTICS)


class Reading(NamedTuple):
    """What one instrument says of one factor at one time, in the order of the store's columns."""

    period: str
    """rtd, minute, hour, day, furnace."""
    factor: str
    """By today's code."""
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


def _number(text: str) -> float | None:
    text = text.strip()
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else None


def _numbers(values: Mapping[str, str]) -> tuple[float | None, ...]:
    """Return what a packet says of a factor, by `STATISTICS`."""
    found: list[float | None] = [*NOTHING]
    ranks: dict[int, int] = {}
    for name, text in values.items():
        if (known := PLACES.get(name)) is not None:
            place, rank = known
            if rank < ranks.get(place, len(PLACES)):
                ranks[place] = rank
                found[place] = _number(text)
    return tuple(found)


@lru_cache(maxsize=10_000)
def _factor(code: str) -> str | None:
    """Return the code that a factor has today; None where it can be none. Others' inventions are kept in a bounded number."""
    return current_code(code) if FACTOR.fullmatch(code) else None


def _text(values: Mapping[str, str], name: str) -> str | None:
    text = values.get(name)
    return text.replace("\0", "").strip()[:8] or None if text else None


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
            numbers = _numbers(values)
            flag = _text(values, "Flag")
            factor = _factor(code)
            if factor is None:
                faults.append("factor")
            elif flag is None and numbers == NOTHING:
                faults.append("value")
            else:
                # One packet says a thing once; some loggers say it by its old code too.
                told = (known.period, factor, at, *numbers, flag, _text(values, "EFlag"))
                found.setdefault((factor, at), Reading._make(told))
    return list(found.values()), faults
