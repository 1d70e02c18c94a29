"""What the rules look at: things on the map, from a drawing or from the store, and what they find."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shapely.geometry.base import BaseGeometry

from gis.issues import CODES, Issue, Place
from gis.kinds import KINDS

LIST = re.compile(r"[、，,;；/\s]+")


@dataclass(frozen=True, slots=True)
class Thing:
    """One feature, wherever it came from."""

    kind: str
    code: str | None
    name: str
    xy: BaseGeometry
    """EPSG:4545 metres."""
    attributes: Mapping[str, Any]
    feature_id: UUID | None = None
    """None: it was never stored."""
    place: Place = field(default_factory=Place)
    """In the drawing, where it comes from one."""

    @property
    def title(self) -> str:
        """What people call it: its code and name."""
        return f"{self.code} {self.name}" if self.code else self.name

    @property
    def subject(self) -> str:
        """What names it among the things of an enterprise."""
        return f"{self.kind} {self.code or self.feature_id or self.name}"


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of a rule."""

    code: str
    subject: str
    """What it is about; one rule finds one thing of a subject."""
    message: str
    hint: str = ""
    """Empty: the hint of the code."""
    thing: Thing | None = None

    def issue(self) -> Issue:
        """Return it as an issue of the drawing that the thing comes from."""
        place = self.thing.place if self.thing else Place()
        return Issue(self.code, CODES[self.code].severity, self.message, self.hint or CODES[self.code].hint, place)


def found(code: str, thing: Thing, message: str, hint: str = "") -> Found:
    """Return a finding about a thing."""
    return Found(code, thing.subject, message, hint, thing)


def codes_in(text: object) -> tuple[str, ...]:
    """Return the codes that a list in an attribute names.

    >>> codes_in("TA001、TA002")
    ('TA001', 'TA002')
    """
    return tuple(part.upper() for part in LIST.split(str(text or "")) if part)


def label(kind: str) -> str:
    """Return what a kind is called."""
    return KINDS[kind].label
