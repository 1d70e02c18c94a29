"""Findings about users' data: collected as lists, all at once, never raised."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from gis.facts import facts


class Severity(StrEnum):
    """How much an issue weighs."""

    ERROR = "error"
    """制图错误: blocks publishing."""
    WARNING = "warning"
    """Publishes; someone should look."""
    VIOLATION = "violation"
    """监管问题: publishes and goes on the enterprise's problem list."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code of the list `codes.yaml` beside this file."""

    code: str
    label: str
    """What it means, Chinese."""
    hint: str
    """How a drafter mends it, Chinese."""
    where: str
    """Drawing kinds it is looked for on (`ABCD`), or set, permit, layer, sheet."""
    severity: Severity


def _code(code: str, label: str, hint: str, where: str, level: str | None = None) -> Code:
    return Code(code, label, hint, where, Severity(level) if level else Severity.WARNING if code.startswith("W") else Severity.ERROR)


_document: dict[str, Any] = facts("gis", "codes.yaml")
CODES: dict[str, Code] = {code: _code(code, **row) for code, row in _document["codes"].items()}
GROUPS: dict[str, str] = _document["groups"]
"""E and the first digit of a code → what such codes are about, Chinese."""


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
