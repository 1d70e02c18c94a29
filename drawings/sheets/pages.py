"""Reports on A4: pages that are filled from the top, in the sheets' type; the same bytes for the same words."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import cairocffi

from drawings.sheets.canvas import CREATOR, POINT_MM
from drawings.sheets.fonts import PLAIN, Weight, face, width, wrapped
from drawings.sheets.paper import A4
from styles.tokens import Rgb, rgb, tokens

MARGIN = 16.0
FOOT = 14.0
"""From the lower edge to the page number, mm."""
SIZES = {"title": 6.0, "head": 4.2, "text": 3.0, "small": 2.5}
"""Of type, mm."""
LEADING = 1.5
PAPER = tokens("light")
"""Colours that can be read on white."""
BLACK, GREY, LINE = (rgb(PAPER["ui"][name]) for name in ("text", "text-soft", "line"))


@dataclass(frozen=True, slots=True)
class Words:
    """One line of a cell, as wide as it is."""

    text: str
    size: str = "text"
    colour: Rgb = BLACK
    weight: Weight = "regular"


class Pages:
    """Pages that are filled from the top; what does not fit begins a new one. Millimetres, y down.

    Parameters
    ----------
    foot : str
        On each page, and the file's title.
    created : date
        Of the file.
    total : int
        How many pages there are in all; 0 where that is not known yet.
    """

    def __init__(self, foot: str, created: date, total: int) -> None:
        self.buffer = io.BytesIO()
        self.surface = cairocffi.PDFSurface(self.buffer, A4.width * POINT_MM, A4.height * POINT_MM)
        stamp = f"{created.isoformat()}T00:00:00"
        for name, value in (("TITLE", foot), ("CREATOR", CREATOR), ("CREATE_DATE", stamp), ("MOD_DATE", stamp)):
            self.surface.set_metadata(getattr(cairocffi, f"PDF_METADATA_{name}"), value)
        self.context: Any = cairocffi.Context(self.surface)
        self.context.scale(POINT_MM, POINT_MM)
        self.context.set_font_options(cairocffi.FontOptions(hint_style=cairocffi.HINT_STYLE_NONE, hint_metrics=cairocffi.HINT_METRICS_OFF))
        self.foot, self.total = foot, total
        self.page, self.y = 0, 0.0
        self._turn()

    def _turn(self) -> None:
        if self.page:
            self.surface.show_page()
        self.page += 1
        self.y = MARGIN
        self.text(MARGIN, A4.top - FOOT, self.foot, "small")
        number = f"第 {self.page} 页" + (f" 共 {self.total} 页" if self.total else "")
        self.text(A4.right - MARGIN - width(number, SIZES["small"]), A4.top - FOOT, number, "small")

    def room(self, height: float) -> None:
        """Begin a new page where so much, mm, does not fit."""
        if self.y + height > A4.top - FOOT - 6:
            self._turn()

    def text(self, x: float, y: float, text: str, size: str, *, weight: Weight = "regular", colour: Rgb = BLACK) -> None:
        """Write a line from its baseline's left end."""
        self.context.set_font_face(face(weight))
        self.context.set_font_size(SIZES[size])
        self.context.set_source_rgb(*(value / 255 for value in colour))
        self.context.move_to(x, y)
        self.context.show_text(text.translate(PLAIN))

    def rule(self, weight: float = 0.1) -> None:
        """Draw a line across the page."""
        self.context.set_source_rgb(*(value / 255 for value in LINE))
        self.context.set_line_width(weight)
        self.context.move_to(MARGIN, self.y)
        self.context.line_to(A4.right - MARGIN, self.y)
        self.context.stroke()

    def paragraph(self, text: str, size: str, *, weight: Weight = "regular") -> None:
        """Write text across the page."""
        step = SIZES[size] * LEADING
        for line in wrapped(text, A4.width - 2 * MARGIN, SIZES[size], weight):
            self.room(step)
            self.y += step
            self.text(MARGIN, self.y - step * 0.25, line, size, weight=weight)

    def row(self, cells: Sequence[tuple[float, Sequence[Words]]]) -> None:
        """Write a row of a table, a line below it: cells with their left edge and lines."""
        height = max(sum(SIZES[line.size] * LEADING for line in lines) for _, lines in cells) + 1.6
        self.room(height)
        for x, lines in cells:
            y = self.y + 0.8
            for line in lines:
                step = SIZES[line.size] * LEADING
                y += step
                self.text(x, y - step * 0.25, line.text, line.size, weight=line.weight, colour=line.colour)
        self.y += height
        self.rule()

    def done(self) -> bytes:
        """Return the file."""
        self.surface.finish()
        return self.buffer.getvalue()


def broken(text: str, room: float, size: str = "text", colour: Rgb = BLACK) -> list[Words]:
    """Return text as the lines of a cell that is `room` mm wide."""
    return [Words(line, size, colour) for line in wrapped(text, room, SIZES[size])]
