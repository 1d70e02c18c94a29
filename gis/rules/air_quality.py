"""The air quality index (AQI) of an hour and of a day. Pure: concentrations in, indices out; never an alarm level."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any, Literal

from gis.facts import facts
from gis.rules.dated import in_force

Averaging = Literal["hour", "day"]
OZONE = "a05024"
EIGHT = 8


@dataclass(frozen=True, slots=True)
class Scale:
    """The concentrations at which a factor's index bends."""

    at: tuple[float, ...]
    above: int | None
    """Index above the last one; None: the standard has none there, another averaging time decides."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds on the days of a time."""

    begin: date
    end: date | None
    source: str
    hours: int
    """Hours that a day's mean needs."""
    of_eight: int
    """Hours that an 8-hour mean needs."""
    eights: int
    """8-hour means that a day's highest one needs."""
    scales: Mapping[Averaging, Mapping[str, Scale]]


@dataclass(frozen=True, slots=True)
class Part:
    """One factor's part."""

    concentration: float | None
    """µg/m³, CO mg/m³; None where too few hours came."""
    index: int | None
    """IAQI."""


@dataclass(frozen=True, slots=True)
class AirQuality:
    """The index of an hour or a day."""

    index: int | None
    """AQI, the highest of the parts; None where no part is known."""
    grade: int | None
    """1 (优) … 6 (严重污染)."""
    label: str
    primary: tuple[str, ...]
    """首要污染物: the factors that decide, where the index is above 50."""
    parts: Mapping[str, Part]
    missing: tuple[str, ...]
    """Factors without a part: an index without them may be too low."""


def _scale(row: Mapping[str, Sequence[float]], indices: Sequence[int]) -> Scale:
    at = tuple(map(float, row["at"]))
    above = row.get("above", indices[-1]) if len(at) < len(indices) else indices[-1]
    return Scale(at, above if above is None else int(str(above)))


@cache
def _said() -> Any:
    return facts("gis.rules", "air_quality.yaml")


@cache
def rules() -> tuple[Rule, ...]:
    """Return the dated rules, in order."""
    said = _said()
    found = []
    for row in said["rules"]:
        least = row["least"]
        scales: dict[Averaging, dict[str, Scale]] = {
            "hour": {factor: _scale(one, said["indices"]) for factor, one in row["hour"].items()},
            "day": {factor: _scale(one, said["indices"]) for factor, one in row["day"].items()},
        }
        found.append(Rule(row["from"], row["to"], row["source"], least["hours"], least["of_eight"], least["eights"], scales))
    return tuple(found)


@cache
def names() -> dict[str, str]:
    """Return the factors that count, and what people call them."""
    return {factor: row["label"] for factor, row in _said()["factors"].items()}


@cache
def units() -> dict[str, str]:
    """Return the units that ambient stations send their factors in."""
    return {factor: row["unit"] for factor, row in _said()["factors"].items()}


@cache
def per_sent() -> dict[str, float]:
    """Return what a value that a station sends is multiplied by to be in the units of the rules."""
    return {factor: float(row["per"]) for factor, row in _said()["factors"].items()}


def rule_on(day: date) -> Rule:
    """Return the rule of a day; before the first one the first holds."""
    return in_force(rules(), day)


def part_index(concentration: float, scale: Scale) -> int | None:
    """Return the index of one factor (IAQI), rounded up (HJ 633-2012, 4.3); None where the standard has none.

    >>> part_index(54.0, rule_on(date(2025, 1, 1)).scales["day"]["a34004"])
    74
    """
    if concentration < 0 or not math.isfinite(concentration):
        return None
    indices: list[int] = _said()["indices"]
    for (low, high), (below, upto) in zip(pairwise(scale.at), pairwise(indices), strict=False):
        if concentration <= high:
            # Rounded to what the arithmetic is exact to, so that 75 is 100 and not 101.
            return math.ceil(round(below + (upto - below) * (concentration - low) / (high - low), 9))
    return scale.above


def grade_of(index: int) -> tuple[int, str]:
    """Return grade and label of an index.

    >>> grade_of(74), grade_of(201)
    ((2, '良'), (5, '重度污染'))
    """
    for number, row in enumerate(_said()["grades"], 1):
        if row["upto"] is None or index <= row["upto"]:
            return number, row["label"]
    raise AssertionError("the last grade has no end")


def _put_together(concentrations: Mapping[str, float | None], scales: Mapping[str, Scale]) -> AirQuality:
    parts = {}
    for factor in names():
        value = concentrations.get(factor)
        parts[factor] = Part(value, None if value is None else part_index(value, scales[factor]))
    known = {factor: part.index for factor, part in parts.items() if part.index is not None}
    missing = tuple(factor for factor, part in parts.items() if part.concentration is None)
    if not known:
        return AirQuality(None, None, "", (), parts, missing)
    index = max(known.values())
    grade, label = grade_of(index)
    # No pollutant is the primary one as long as the air is good (HJ 633-2012, 4.4).
    primary = tuple(factor for factor, one in known.items() if one == index) if grade > 1 else ()
    return AirQuality(index, grade, label, primary, parts, missing)


def of_hour(concentrations: Mapping[str, float | None], day: date) -> AirQuality:
    """Return the index of an hour's means: factor → µg/m³ (CO mg/m³)."""
    return _put_together(concentrations, rule_on(day).scales["hour"])


def _mean(values: Sequence[float | None], least: int) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) >= least else None


def day_concentration(hours: Sequence[float | None], factor: str, rule: Rule) -> float | None:
    """Return what of a day's hours counts: the mean, of ozone the highest 8-hour mean; None where too few hours came.

    Parameters
    ----------
    hours : sequence of float or None
        24, from 0:00 on; µg/m³, CO mg/m³.
    factor : str
    rule : Rule
        Of the day.
    """
    if factor != OZONE:
        return _mean(hours, rule.hours)
    # 8-hour means end at 8:00 … 24:00 of the day (GB 3095-2012, 3.8).
    eights = [_mean(hours[last - EIGHT : last], rule.of_eight) for last in range(EIGHT, len(hours) + 1)]
    known = [one for one in eights if one is not None]
    if not known:
        return None
    highest = max(known)
    # Too few of them still prove what is above the limit (GB 3095-2012, table 4, note).
    return highest if len(known) >= rule.eights or highest > rule.scales["day"][OZONE].at[2] else None


def of_day(hours: Mapping[str, Sequence[float | None]], day: date) -> AirQuality:
    """Return the index of a day: factor → its 24 hourly means."""
    rule = rule_on(day)
    means = {factor: day_concentration(values, factor, rule) for factor, values in hours.items() if factor in names()}
    return _put_together(means, rule.scales["day"])
