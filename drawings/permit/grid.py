"""Ruled tables of a permit's copy, as they stand on a page or a worksheet: cells with their place, merged ones in all places they cover."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

RADICALS = re.compile("[\u2e80-\u2fdf]")
SUPPLEMENT = dict(
    zip("⺠⻁⻄⻅⻆⻉⻋⻒⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰", "民虎西见角贝车镸长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙", strict=True)
)
"""CJK Radicals Supplement → the character that looks so; Unicode itself says it of the Kangxi radicals alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands: on a page, or in a worksheet."""

    page: int | None = None
    """From 1."""
    box: Box | None = None
    """Points from the page's upper left corner."""
    sheet: str | None = None
    cell: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types, without what is not known."""
        box = [round(value, 1) for value in self.box] if self.box else None
        told = {"page": self.page, "box": box, "sheet": self.sheet, "cell": self.cell}
        return {name: value for name, value in told.items() if value is not None}

    def __str__(self) -> str:
        return f"{self.sheet}!{self.cell}" if self.sheet else f"第 {self.page} 页" if self.page else ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell."""

    lines: tuple[str, ...]
    place: Place
    confidence: float = 1.0
    """0 to 1: how sure it is that the text says this."""

    @property
    def text(self) -> str:
        """Its lines as one."""
        return joined(self.lines)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: rows of equal length, a merged cell in every place that it covers."""

    rows: tuple[tuple[Cell, ...], ...]
    place: Place
    edges: tuple[float, ...] = ()
    """Where its columns begin and end, points; empty of a worksheet."""
    headings: tuple[str, ...] = ()
    """Lines of text that stand between it and the table before, from above."""

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.rows[0]) if self.rows else 0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text outside of tables."""

    text: str
    place: Place
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Copy:
    """A permit's copy, taken apart: its tables in order, and what stands outside of them."""

    grids: tuple[Grid, ...]
    lines: tuple[Line, ...]
    form: str
    """`pdf`, `excel` or `scan`."""
    pages: int


def characters(text: str) -> str:
    """Return a text with characters for radicals: many programs print 水 as ⽔, which looks the same and is another letter.

    >>> characters("废⽔处理⻚")
    '废水处理页'
    """
    return RADICALS.sub(lambda found: SUPPLEMENT.get(found.group(), unicodedata.normalize("NFKC", found.group())), text)


def joined(lines: Sequence[str]) -> str:
    """Return lines that a narrow cell broke as the text that they were; a blank stays between Latin words.

    >>> joined(["颗粒", "物"]), joined(["GB 16297-", "1996"]), joined(["Noto", "Sans"])
    ('颗粒物', 'GB 16297-1996', 'Noto Sans')
    """
    text = ""
    for line in (line.strip() for line in lines):
        latin = text[-1:].isascii() and text[-1:].isalpha() and line[:1].isascii() and line[:1].isalpha()
        text += f" {line}" if latin else line
    return text
