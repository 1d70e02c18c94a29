"""A printed sheet, read back from its PDF: runs of text and painted shapes, in millimetres from the lower left corner.

Nothing of what composed it is used: what is read here is what a person sees.
"""

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pdfplumber
import shapely
from pdfminer.layout import LTChar, LTCurve
from shapely.geometry.base import BaseGeometry

from drawings.sheets.canvas import POINT_MM
from drawings.sheets.paper import Box, Point

BELOW, ABOVE = 0.09, 0.82
"""How far type reaches from its baseline, of its size: a Chinese character, a little less than drawn."""
NEXT = 0.2
"""Two letters further apart than this, of the size, are two runs."""


@dataclass(frozen=True, slots=True)
class Run:
    """Letters that were written in one go."""

    text: str
    at: Point
    """Where its baseline begins, mm."""
    turn_deg: float
    size: float
    """Of the type (em), mm."""
    width: float

    @property
    def area(self) -> BaseGeometry:
        """What it covers."""
        turn = math.radians(self.turn_deg)
        along, up = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
        trim = 0.06 * self.size
        corners = ((trim, -BELOW), (self.width - trim, -BELOW), (self.width - trim, ABOVE), (trim, ABOVE))
        return shapely.Polygon(
            [(self.at[0] + u * along[0] + v * self.size * up[0], self.at[1] + u * along[1] + v * self.size * up[1]) for u, v in corners]
        )

    @property
    def middle(self) -> Point:
        """The middle of it."""
        centre = self.area.centroid
        return centre.x, centre.y


@dataclass(frozen=True, slots=True)
class Paint:
    """How a shape is painted: a stroke with its width and dash, or a fill."""

    stroke: bool
    colour: tuple[int, int, int]
    width: float
    dash: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """One painted path."""

    paint: Paint
    points: tuple[Point, ...]
    """Its corners, mm; of curves the control points."""

    @property
    def box(self) -> Box:
        """What it lies in."""
        xs, ys = [x for x, _ in self.points], [y for _, y in self.points]
        return Box(min(xs), min(ys), max(xs), max(ys))

    @property
    def measure(self) -> tuple[float, float]:
        """Area within its corners and length through them, mm² and mm: the same wherever it stands and however it is turned."""
        ring = [*self.points, self.points[0]]
        doubled = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))
        return abs(doubled) / 2, sum(math.dist(one, other) for one, other in pairwise(self.points))


@dataclass(frozen=True)
class Printed:
    """All that stands on a page."""

    runs: tuple[Run, ...]
    """In the order of writing."""
    shapes: tuple[Shape, ...]
    """In the order of painting."""

    @cached_property
    def text(self) -> str:
        """All that is written, in the order of writing, without blanks: a name broken over two lines is whole."""
        return "".join(run.text for run in self.runs).replace(" ", "")

    def within(self, box: Box) -> list[Run]:
        """Return the runs whose middle lies in a box."""
        return [run for run in self.runs if box.holds(run.middle)]

    def find(self, text: str) -> Run | None:
        """Return the first run that is a text, blanks aside."""
        return next((run for run in self.runs if run.text.replace(" ", "") == text), None)


def read_printed(source: Path | bytes) -> Printed:
    """Read the first page of a PDF."""
    return next(read_pages(source))


def read_pages(source: Path | bytes) -> Iterator[Printed]:
    """Read a PDF page by page."""
    opened = io.BytesIO(source) if isinstance(source, bytes) else source
    with pdfplumber.open(opened) as document:
        for page in document.pages:
            items = list(page.layout)
            letters = [item for item in items if isinstance(item, LTChar)]
            shapes = [shape for item in items if isinstance(item, LTCurve) for shape in _shapes(item)]
            yield Printed(tuple(_runs(letters)), tuple(shapes))


def _runs(letters: Sequence[LTChar]) -> Iterator[Run]:
    text, begun, end = "", None, (0.0, 0.0)
    turn = size = 0.0
    for letter in letters:
        a, b, _, _, x, y = letter.matrix
        new_size, new_turn = math.hypot(a, b), math.atan2(b, a)
        at = (x, y)
        joined = begun is not None and abs(new_size - size) < 1e-3 and abs(new_turn - turn) < 1e-6 and math.dist(at, end) < NEXT * size
        if not joined:
            if begun is not None:
                yield _run(text, begun, end, turn, size)
            text, begun, turn, size = "", at, new_turn, new_size
        text += letter.get_text()
        reach = letter.adv * size
        end = (x + reach * math.cos(turn), y + reach * math.sin(turn))
    if begun is not None:
        yield _run(text, begun, end, turn, size)


def _run(text: str, begun: Point, end: Point, turn: float, size: float) -> Run:
    at = begun[0] / POINT_MM, begun[1] / POINT_MM
    return Run(text, at, math.degrees(turn), size / POINT_MM, math.dist(begun, end) / POINT_MM)


def _rgb(colour: Any) -> tuple[int, int, int]:
    values = tuple(colour) if isinstance(colour, Sequence) else (colour,) * 3
    red, green, blue = values if len(values) == 3 else (values[0],) * 3
    return round(red * 255), round(green * 255), round(blue * 255)


def _dash(item: LTCurve) -> tuple[float, ...]:
    lengths: Any = item.dashing_style[0] if item.dashing_style else ()
    return tuple(round(float(value) / POINT_MM, 2) for value in lengths)


def _shapes(item: LTCurve) -> Iterator[Shape]:
    points = tuple((x / POINT_MM, y / POINT_MM) for x, y in item.pts)
    if item.stroke and item.stroking_color is not None:
        dash = _dash(item)
        yield Shape(Paint(True, _rgb(item.stroking_color), round(item.linewidth / POINT_MM, 2), dash), points)
    elif item.fill and item.non_stroking_color is not None:
        yield Shape(Paint(False, _rgb(item.non_stroking_color), 0.0, ()), points)
