"""Rules that hold for a time: which of them is in force on a day."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol, TypeVar


class Dated(Protocol):
    """Something that is in force from a day to another, both included."""

    @property
    def begin(self) -> date:
        """First day."""

    @property
    def end(self) -> date | None:
        """Last day; None: until further notice."""


Rule = TypeVar("Rule", bound=Dated)


def in_force(rules: Sequence[Rule], day: date) -> Rule:
    """Return the rule of a day, of several the last one; where none holds yet, the first."""
    holding = [rule for rule in rules if rule.begin <= day and (rule.end is None or day <= rule.end)]
    return holding[-1] if holding else rules[0]
