"""The class of surface water (水质类别) by GB 3838-2002. Pure: means in, class out. A class of an hour is not that of a month."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gis.facts import facts

WORSE = 6
"""劣Ⅴ."""


@dataclass(frozen=True, slots=True)
class WaterClass:
    """What water is."""

    number: int | None
    """1 … 5, `WORSE`; None where nothing that counts is known."""
    label: str
    """Ⅰ … Ⅴ, 劣Ⅴ."""
    deciding: tuple[str, ...]
    """定类因子: the factors that the class is due to, where it is not Ⅰ."""
    parts: Mapping[str, int]
    """Factor → its class."""
    exceeding: Mapping[str, float]
    """Factors that miss the target → how many times over its limit, less one; of pH and oxygen 0."""
    met: bool | None
    """Whether the target is met; None without a target or a class."""


@cache
def _said() -> Any:
    return facts("gis.rules", "water_quality.yaml")


@cache
def labels() -> dict[str, str]:
    """Return the factors that count, and what people call them."""
    return {code: row["label"] for group in ("range", "at_least", "at_most") for code, row in _said()[group].items()}


def label_of(number: int) -> str:
    """Return what people write for a class.

    >>> label_of(3), label_of(WORSE)
    ('Ⅲ', '劣Ⅴ')
    """
    return str(_said()["worse"] if number >= WORSE else _said()["classes"][number - 1])


def class_of(text: str | None) -> int | None:
    """Return the number of a class as people write it: Ⅲ, III, 3, Ⅲ类; None where it is none.

    >>> class_of("Ⅲ类"), class_of("III"), class_of("劣V类"), class_of("甲")
    (3, 3, 6, None)
    """
    said = (text or "").strip().removesuffix("类").upper()
    roman = {"Ⅰ": 1, "Ⅱ": 2, "Ⅲ": 3, "Ⅳ": 4, "Ⅴ": 5, "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "劣Ⅴ": WORSE, "劣V": WORSE, "劣5": WORSE}
    return roman.get(said) or (int(said) if said in {"1", "2", "3", "4", "5"} else None)


def _limits(factor: str, *, lake: bool) -> list[float]:
    row = _said()["at_most"][factor]
    return [float(limit) for limit in (row.get("lake") if lake else None) or row["limits"]]


def limit(factor: str, number: int, *, lake: bool = False) -> float | None:
    """Return the most that a class allows of a factor; None where it has no such limit."""
    return _limits(factor, lake=lake)[number - 1] if factor in _said()["at_most"] and number < WORSE else None


def factor_class(factor: str, value: float, *, lake: bool = False) -> int | None:
    """Return the class that one factor makes; None where it doesn't count.

    >>> factor_class("w21003", 0.9), factor_class("w01009", 4.0), factor_class("w01001", 9.4), factor_class("w21011", 0.06, lake=True)
    (3, 4, 6, 4)
    """
    said = _said()
    if not math.isfinite(value) or value < 0:
        return None
    if row := said["range"].get(factor):
        return 1 if row["low"] <= value <= row["high"] else WORSE
    if row := said["at_least"].get(factor):
        return next((number for number, limit in enumerate(row["limits"], 1) if value >= limit), WORSE)
    if factor in said["at_most"]:
        return next((number for number, limit in enumerate(_limits(factor, lake=lake), 1) if value <= limit), WORSE)
    return None


def _times_over(factor: str, value: float, target: int, *, lake: bool) -> float:
    """Return 超标倍数, which pH and oxygen don't have (环办〔2011〕22号)."""
    return round(value / _limits(factor, lake=lake)[target - 1] - 1, 2) if factor in _said()["at_most"] else 0.0


def classified(means: Mapping[str, float], target: int | None = None, *, lake: bool = False) -> WaterClass:
    """Return the class of water: the worst that a single factor makes.

    Parameters
    ----------
    means : mapping of str to float
        Factor → mean, in the unit that HJ 212 sends it in.
    target : int, optional
        The class that it should have.
    lake : bool
        A lake or reservoir: its limits of total phosphorus are others.
    """
    parts = {factor: number for factor, value in means.items() if (number := factor_class(factor, value, lake=lake)) is not None}
    if not parts:
        return WaterClass(None, "", (), {}, {}, None)
    worst = max(parts.values())
    deciding = tuple(factor for factor, number in parts.items() if number == worst) if worst > 1 else ()
    over = {factor: _times_over(factor, means[factor], target, lake=lake) for factor, number in parts.items() if target and number > target}
    return WaterClass(worst, label_of(worst), deciding, parts, over, worst <= target if target else None)
