"""Drawing operations: what a backend must be able to draw, and the pure functions that turn symbols, lines and fills into it.

All coordinates are millimetres, y up; colours are sRGB 0–255 of one theme. A backend draws three things: `Area` (fill, even-odd),
`Stroke` (butt ends and mitred corners, or round ones), `Words`.

>>> from styles.library import style_of
>>> ops = symbol_ops(style_of("outlet", "water").symbol, theme="print-bw")
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from styles.palette import Theme, colour
from styles.paths import Path, Point, flat, placed
from styles.symbol import GRID, Align, Fill, Hatch, Line, Look, Mark, Pattern, Repeat, State, Symbol
from styles.tokens import Rgb

MITER_LIMIT = 4.0
"""Of mitred corners: beyond it a corner is cut, in every backend."""


@dataclass(frozen=True, slots=True)
class Area:
    """A filled area: the paths together, by the even-odd rule."""

    paths: tuple[Path, ...]
    colour: Rgb
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Stroke:
    """A stroked path."""

    path: Path
    colour: Rgb
    width_mm: float
    dash_mm: tuple[float, ...] = ()
    """Stroke, gap, … ; a stroke of 0 is a dot (round)."""
    round: bool = False
    """Round ends and corners; else butt ends and mitred corners (`MITER_LIMIT`)."""

    @property
    def rounded(self) -> bool:
        """Whether ends and corners are round: as wanted, or because a dash has dots."""
        return self.round or 0 in self.dash_mm[::2]


@dataclass(frozen=True, slots=True)
class Words:
    """Where the value of an attribute is to be written."""

    attribute: str
    at: Point
    """Middle of the text's height, at its left, centre or right."""
    height_mm: float
    align: Align
    colour: Rgb


Op = Area | Stroke | Words


def symbol_ops(
    symbol: Symbol,
    theme: Theme = "light",
    state: State = "normal",
    *,
    size_mm: float | None = None,
    at: Point = (0.0, 0.0),
    turn_deg: float = 0.0,
) -> tuple[Op, ...]:
    """Return the operations that draw a symbol.

    Parameters
    ----------
    symbol : Symbol
    theme, state
        See `styles.palette.Theme`, `styles.symbol.State`.
    size_mm : float, optional
        Side of the 24 × 24 grid on paper; the symbol's own sheet size where not given.
    at : Point
        Where its anchor lies, mm.
    turn_deg : float
        Turned about the anchor, counter-clockwise.

    Returns
    -------
    tuple of Op
        From below to above; `Words` last.
    """
    scale = (size_mm or symbol.size_mm.sheet) / GRID
    look = symbol.states.get(state, Look())
    turned = _Place(at, scale, turn_deg, theme, symbol.anchor)
    # State marks stay upright: a badge is read, whatever way the symbol points.
    upright = _Place(at, scale, 0.0, theme, symbol.anchor)
    swap = look.recolour
    drawn = [
        *(op for mark in look.under for op in upright.mark(mark)),
        *(op for mark in symbol.marks for op in turned.mark(_recoloured(mark, swap))),
        *(op for mark in look.over for op in upright.mark(mark)),
    ]
    words = (
        Words(item.attribute, turned.point(item.at), item.height * scale, item.align, colour(_swapped(item.colour, swap) or "ink", theme))
        for item in symbol.captions
    )
    return (*drawn, *words)


@dataclass(frozen=True, slots=True)
class _Place:
    at: Point
    scale: float
    turn_deg: float
    theme: Theme
    anchor: Point = (0.0, 0.0)

    def path(self, path: Path) -> Path:
        return placed(placed(path, (-self.anchor[0], -self.anchor[1])), self.at, self.scale, self.turn_deg)

    def point(self, point: Point) -> Point:
        return self.path(Path(((*point, 0.0),))).vertices[0][:2]

    def mark(self, mark: Mark) -> Iterator[Area | Stroke]:
        path = self.path(mark.path)
        if mark.fill:
            yield Area((path,), colour(mark.fill, self.theme))
        if mark.stroke:
            yield Stroke(path, colour(mark.stroke, self.theme), mark.width * self.scale, round=mark.round)


def _swapped(token: str | None, swap: object) -> str | None:
    if token is None or not isinstance(swap, dict):
        return token
    return swap.get(token, swap.get("*", token))


def _recoloured(mark: Mark, swap: object) -> Mark:
    return Mark(mark.path, _swapped(mark.fill, swap), _swapped(mark.stroke, swap), mark.width, mark.round)


def line_ops(line: Line, points: Sequence[Point], theme: Theme = "light", closed: bool = False) -> tuple[Op, ...]:
    """Return the operations that draw a line style along points (mm): its pens from below to above, then what is repeated.

    What is repeated every so many millimetres is centred on the line, so that a short line still has one.
    """
    corners = [*points, points[0]] if closed else list(points)
    path = Path(tuple((x, y, 0.0) for x, y in points), closed)
    pens = (Stroke(path, colour(pen.colour, theme), pen.width_mm, pen.dash_mm) for pen in line.pens)
    return (*pens, *(op for repeat in line.repeats for op in _repeated(repeat, corners, theme)))


def _repeated(repeat: Repeat, points: Sequence[Point], theme: Theme) -> Iterator[Area | Stroke]:
    lengths = [math.dist(one, other) for one, other in pairwise(points)]
    total = sum(lengths)
    count = max(int(total // repeat.every_mm), 1)
    first = (total - (count - 1) * repeat.every_mm) / 2
    passed, index = 0.0, 0
    for number in range(count if total else 0):
        where = first + number * repeat.every_mm
        while index < len(lengths) - 1 and passed + lengths[index] < where:
            passed += lengths[index]
            index += 1
        (x1, y1), (x2, y2) = points[index], points[index + 1]
        share = (where - passed) / lengths[index] if lengths[index] else 0.0
        turn = math.degrees(math.atan2(y2 - y1, x2 - x1))
        place = _Place((x1 + share * (x2 - x1), y1 + share * (y2 - y1)), 1.0, turn, theme)
        for mark in repeat.marks:
            yield from place.mark(mark)


def mark_ops(line: Line, theme: Theme = "light") -> tuple[Op, ...]:
    """Return the operations that draw what a line repeats, once, at (0, 0) and along +x."""
    place = _Place((0.0, 0.0), 1.0, 0.0, theme)
    return tuple(op for repeat in line.repeats for mark in repeat.marks for op in place.mark(mark))


def marks_mm(line: Line) -> Point:
    """Return the width and height of the box around what a line repeats, centred on the line, mm."""
    points = [point for repeat in line.repeats for mark in repeat.marks for point in flat(mark.path)]
    pen = max(mark.width for repeat in line.repeats for mark in repeat.marks)
    return 2 * max(abs(x) for x, _ in points) + pen, 2 * max(abs(y) for _, y in points) + pen


def tile_mm(fill: Fill) -> Point:
    """Return the width and height after which a fill's hatches and pattern repeat, mm."""
    if fill.pattern:
        return fill.pattern.cell_mm
    width = height = 0.0
    for hatch in fill.hatches:
        dash = sum(hatch.pen.dash_mm)
        sin, cos = abs(math.sin(math.radians(hatch.angle_deg))), abs(math.cos(math.radians(hatch.angle_deg)))
        width = max(width, hatch.step_mm / sin if sin > 1e-9 else dash or hatch.step_mm)
        height = max(height, hatch.step_mm / cos if cos > 1e-9 else dash or hatch.step_mm)
    return width, height


def tile_ops(fill: Fill, theme: Theme = "light") -> tuple[Op, ...]:
    """Return the operations that draw hatches and pattern over a tile from (0, 0) to `tile_mm`, and beyond its edges."""
    width, height = tile_mm(fill)
    piece = [(-2 * width, -2 * height), (3 * width, -2 * height), (3 * width, 3 * height), (-2 * width, 3 * height)]
    return fill_ops(replace(fill, ground=None), [piece], theme)


def fill_ops(fill: Fill, rings: Sequence[Sequence[Point]], theme: Theme = "light") -> tuple[Op, ...]:
    """Return the operations that draw a fill style inside rings (mm, outer and holes, first point not repeated), its outline left out.

    Hatch lines are cut at the rings; a pattern's marks are set where they lie wholly inside. Both are anchored at (0, 0), so that
    neighbours' hatches meet.
    """
    paths = tuple(Path(tuple((x, y, 0.0) for x, y in ring), closed=True) for ring in rings)
    ground = (Area(paths, colour(fill.ground, theme), fill.opacity),) if fill.ground else ()
    hatches = (op for hatch in fill.hatches for op in _hatched(hatch, rings, theme))
    return (*ground, *hatches, *(_patterned(fill.pattern, rings, theme) if fill.pattern else ()))


def _hatched(hatch: Hatch, rings: Sequence[Sequence[Point]], theme: Theme) -> Iterator[Stroke]:
    cos, sin = math.cos(math.radians(hatch.angle_deg)), math.sin(math.radians(hatch.angle_deg))
    turned = [[(x * cos + y * sin, y * cos - x * sin) for x, y in ring] for ring in rings]
    across = [v for ring in turned for _, v in ring]
    ink = colour(hatch.pen.colour, theme)
    for number in range(
        math.ceil((min(across) - hatch.shift_mm) / hatch.step_mm), math.floor((max(across) - hatch.shift_mm) / hatch.step_mm) + 1
    ):
        v = number * hatch.step_mm + hatch.shift_mm
        cuts = crossings(turned, v)
        for start, end in zip(cuts[::2], cuts[1::2], strict=False):
            ends = ((start * cos - v * sin, start * sin + v * cos, 0.0), (end * cos - v * sin, end * sin + v * cos, 0.0))
            yield Stroke(Path(ends), ink, hatch.pen.width_mm, hatch.pen.dash_mm)


def crossings(rings: Sequence[Sequence[Point]], v: float) -> list[float]:
    """Return where the horizontal line y = v crosses rings, in order; inside is between the first and the second, and so on."""
    found = []
    for ring in rings:
        for (x1, y1), (x2, y2) in pairwise([*ring, ring[0]]):
            if (y1 <= v) != (y2 <= v):
                found.append(x1 + (v - y1) * (x2 - x1) / (y2 - y1))
    return sorted(found)


def inside(rings: Sequence[Sequence[Point]], point: Point) -> bool:
    """Return whether a point lies inside rings, by the even-odd rule."""
    return _within(rings, *point, {})


def _patterned(pattern: Pattern, rings: Sequence[Sequence[Point]], theme: Theme) -> Iterator[Area | Stroke]:
    xs, ys = [x for ring in rings for x, _ in ring], [y for ring in rings for _, y in ring]
    width, height = pattern.cell_mm
    for row in range(math.floor(min(ys) / height), math.ceil(max(ys) / height)):
        # The marks of a row cross the rings at the same few heights.
        cuts: dict[float, list[float]] = {}
        for column in range(math.floor(min(xs) / width), math.ceil(max(xs) / width)):
            left, bottom = column * width, row * height
            place = _Place((left, bottom), 1.0, 0.0, theme)
            for mark in pattern.marks:
                if all(_within(rings, left + x, bottom + y, cuts) for x, y, _ in mark.path.vertices):
                    yield from place.mark(mark)


def _within(rings: Sequence[Sequence[Point]], x: float, y: float, cuts: dict[float, list[float]]) -> bool:
    """Return whether a point lies inside rings, with the crossings of its height remembered."""
    if y not in cuts:
        cuts[y] = crossings(rings, y)
    return bisect_left(cuts[y], x) % 2 == 1
