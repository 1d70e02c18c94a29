"""Marks of discharging units, and what a value is worth under them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from gis.clock import BEIJING
from gis.facts import facts
from gis.transmission import rule_on

Effect = Literal["invalid", "exempt"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mark."""

    name: str
    label: str
    group: Literal["condition", "device"]
    effect: Effect


@cache
def kinds() -> dict[str, Kind]:
    """Return the kinds of marks by name."""
    return {name: Kind(name, **row) for name, row in facts("gis.rules", "marks.yaml").items()}


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark."""

    kind: Kind
    factor: str | None
    """None: of all factors."""
    begin: datetime
    end: datetime
    declared: datetime
    refused: bool

    def covers(self, factor: str, at: datetime) -> bool:
        """Tell whether it holds for a value: made in time, not refused."""
        if self.refused or not self.begin <= at < self.end or self.factor not in (None, factor):
            return False
        return self.declared <= at + timedelta(days=rule_on(at.astimezone(BEIJING).date()).repair_days)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a value is worth."""

    valid: bool
    judged: bool
    """Whether a limit is held against it."""
    why: str
    """A flag, the name of a mark, or `-` for no number; empty where nothing is wrong."""


FULL = Worth(valid=True, judged=True, why="")


def worth(factor: str, at: datetime, number: float | None, flag: str | None, marks: Iterable[Mark] = ()) -> Worth:
    """Return what a value is worth: by its number, the marks of the unit, its flag.

    Parameters
    ----------
    factor : str
    at : datetime
        Beginning of the period.
    number : float, optional
    flag : str, optional
        HJ 212-2017, table 8.
    marks : iterable of Mark
    """
    if number is None:
        return Worth(valid=False, judged=False, why="-")
    exempt = ""
    for mark in marks:
        if mark.covers(factor, at):
            if mark.kind.effect == "invalid":
                return Worth(valid=False, judged=False, why=mark.kind.name)
            exempt = exempt or mark.kind.name
    rule = rule_on(at.astimezone(BEIJING).date())
    if not (flag in rule.valid_flags if flag else rule.without_flag):
        return Worth(valid=False, judged=False, why=str(flag))
    return Worth(valid=True, judged=False, why=exempt) if exempt else FULL
