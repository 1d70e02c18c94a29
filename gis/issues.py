"""Findings about users' data: collected as lists, all at once, never raised."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much an issue weighs."""

    ERROR = "error"
    """制图错误: blocks publishing."""
    WARNING = "warning"
    """Publishes; someone should look."""
    VIOLATION = "violation"
    """监管问题: publishes and goes on the enterprise's problem list."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the user's data an issue lies; every part is optional."""

    file: str | None = None
    layer: str | None = None
    handle: str | None = None
    xy: tuple[float, float] | None = None
    """Drawing coordinates, metres (EPSG:4545 where georeferenced)."""
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: what is wrong, where, and how to mend it."""

    code: str
    severity: Severity
    message: str
    hint: str = ""
    place: Place = field(default_factory=Place)

    def as_json(self) -> dict[str, Any]:
        """Return the issue as plain JSON types, without empty places."""
        row = asdict(self)
        row["place"] = {key: value for key, value in row["place"].items() if value is not None}
        return row


def blocking(issues: Iterable[Issue]) -> list[Issue]:
    """Return the issues that forbid publishing."""
    return [issue for issue in issues if issue.severity is Severity.ERROR]
