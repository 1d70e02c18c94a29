"""What a sheet is made of: the drawing operations of `styles.ops`, and text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from drawings.sheets.fonts import Weight, width
from drawings.sheets.paper import A3, BODY, Box, Point
from styles.ops import Area, Stroke
from styles.palette import Theme, colour
from styles.paths import Path
from styles.tokens import Rgb

Align = Literal["left", "centre", "right"]
FINE, THIN, MEDIUM, THICK = 0.13, 0.18, 0.35, 0.70
"""Pens, mm (GB/T 17450-1998)."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text."""

    text: str
    at: Point
    """At the middle of its height: its left end, centre or right end."""
    size: float = BODY
    """Size of type (em), mm."""
    align: Align = "left"
    turn_deg: float = 0.0
    weight: Weight = "regular"
    colour: Rgb = (0, 0, 0)

    @property
    def width(self) -> float:
        """Its width, mm."""
        return width(self.text, self.size, self.weight)


Ink = Area | Stroke | Text


@dataclass(frozen=True, slots=True)
class Link:
    """A place on the sheet that leads to an address."""

    box: Box
    address: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A composed sheet, ready to be printed."""

    inks: tuple[Ink, ...]
    """From below to above."""
    links: tuple[Link, ...]
    title: str
    subject: str
    day: str
    """The day that the file says it is of, YYYY-MM-DD."""
    paper: Box = A3


def path(points: Sequence[Point], closed: bool = False) -> Path:
    """Return a path of straight pieces."""
    return Path(tuple((x, y, 0.0) for x, y in points), closed)


@cache
def ink(theme: Theme, name: str = "ink") -> Rgb:
    """Return the colour of a token in a theme."""
    return colour(name, theme)


def stroke(points: Sequence[Point], rgb: Rgb, width_mm: float = THIN, dash_mm: tuple[float, ...] = (), closed: bool = False) -> Stroke:
    """Return a line along points."""
    return Stroke(path(points, closed), rgb, width_mm, dash_mm)


def framed(box: Box, rgb: Rgb, width_mm: float = THIN) -> Stroke:
    """Return the outline of a box."""
    return stroke(box.corners, rgb, width_mm, closed=True)


def filled(box: Box, rgb: Rgb, opacity: float = 1.0) -> Area:
    """Return a box filled."""
    return Area((path(box.corners, True),), rgb, opacity)
