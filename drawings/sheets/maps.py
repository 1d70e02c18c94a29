"""A map on a sheet: what is drawn in a window, what the legend must say of it, and its labels."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import shapely
from shapely.geometry.base import BaseGeometry

from drawings.sheets.ground import Thing
from drawings.sheets.inks import FINE, Ink, Text, filled, ink, path, stroke
from drawings.sheets.labels import Placed, Placing, Wanted, area_of, place
from drawings.sheets.legend import Entry, inked, label_of, outline_of, symbol_size
from drawings.sheets.paper import LEADING, Box, Point
from drawings.sheets.window import Window
from styles.library import fills, lines, style_of, symbols
from styles.ops import Area, Stroke, fill_ops, line_ops, symbol_ops
from styles.palette import Theme
from styles.symbol import Fill, Symbol

Ring = tuple[Point, ...]
LEAST_MM = 0.4
"""What is smaller on paper is not drawn."""


@dataclass(slots=True)
class Map:
    """A map being drawn."""

    window: Window
    theme: Theme
    inks: list[Ink] = field(default_factory=list)
    signs: list[Ink] = field(default_factory=list)
    """Symbols: they lie above everything else."""
    entries: dict[tuple[str, str, str], Entry] = field(default_factory=dict)
    hard: list[BaseGeometry] = field(default_factory=list)
    soft: list[BaseGeometry] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    taken: list[tuple[float, float, float]] = field(default_factory=list)
    """Middle and half size of every symbol."""

    def shown(self, shape: BaseGeometry) -> BaseGeometry:
        """Return what of a shape on the ground the window shows, on paper."""
        box = self.window.box
        found: BaseGeometry = shapely.clip_by_rect(self.window.on_paper(shape), box.left, box.bottom, box.right, box.top)
        return found

    def note(self, entry: Entry) -> None:
        """Note that the legend must explain a style."""
        self.entries.setdefault((entry.how, entry.style, entry.label), entry)

    def area(self, thing: Thing, label: str | None = None, *, soft: bool = True) -> BaseGeometry | None:
        """Draw an outline with its fill; returns it on paper, None where the window shows nothing of it."""
        style = style_of(thing.kind, thing.type).fill
        return self.fill(self.shown(thing.xy), style.id, label or label_of(thing.kind, thing.type), soft=soft) if style else None

    def fill(self, shape: BaseGeometry, style: str, label: str, *, soft: bool = True) -> BaseGeometry | None:
        """Draw an outline on paper with a fill of the library; returns it, None where it is too small to be seen."""
        fill = fills()[style]
        outline = outline_of(fill)
        drawn = False
        for polygon in _polygons(shape):
            rings = [_ring(ring) for ring in (polygon.exterior, *polygon.interiors)]
            ops = fill_ops(fill, rings, self.theme)
            if fill.hatches and not any(isinstance(op, Stroke) for op in ops):
                ops = fill_ops(_hatched_through(fill, polygon.centroid), rings, self.theme)
            self.inks += inked(ops)
            for ring in rings if outline else ():
                self.inks += inked(line_ops(outline, ring, self.theme, closed=True))  # type: ignore[arg-type]
            if soft:
                self.soft.append(polygon.boundary)
            drawn = True
        if drawn:
            self.note(Entry("fill", fill.id, label))
        return shape if drawn else None

    def line(self, shape: BaseGeometry, style: str, label: str, *, closed: bool = False, bare_mm: float = 0.0) -> BaseGeometry | None:
        """Draw a line (EPSG:4545) in a style of the library; returns what the window shows of it.

        A piece shorter than `bare_mm` on paper has none of the style's marks.
        """
        found = self.shown(shape)
        drawn = False
        for piece in _lines(found):
            if piece.length < LEAST_MM:
                continue
            whole = closed and piece.is_ring
            points = _ring(piece) if whole else tuple(map(tuple, shapely.get_coordinates(piece).tolist()))
            pens = lines()[style] if piece.length >= bare_mm else replace(lines()[style], repeats=())
            self.inks += inked(line_ops(pens, points, self.theme, closed=whole))
            self.soft.append(piece)
            drawn = True
        if drawn:
            self.note(Entry("line", style, label))
        return found if drawn else None

    def sign(self, symbol: Symbol, at: Point, label: str, *, turn_deg: float = 0.0) -> tuple[Point, float]:
        """Draw a symbol on paper, beside its place where another stands there; returns where it stands and half its size, mm."""
        size = symbol_size(symbol)
        stands = self._free_place(at, size)
        if stands != at:
            self.signs.append(stroke((at, stands), ink(self.theme), FINE))
        self.signs += inked(symbol_ops(symbol, self.theme, at=stands, size_mm=size, turn_deg=turn_deg))
        self.note(Entry("symbol", symbol.id, label))
        self.taken.append((*stands, size / 2))
        self.hard.append(shapely.Point(stands).buffer(size / 2, quad_segs=4))
        return stands, size / 2

    def _free_place(self, at: Point, size: float) -> Point:
        """Return the nearest place for a symbol at which none stands."""
        turns = [index * math.pi / 6 for index in range(12)]
        reaches = [size * share for share in (0.75, 1.1, 1.6, 2.2)]
        tries = [at, *((at[0] + reach * math.cos(turn), at[1] + reach * math.sin(turn)) for reach in reaches for turn in turns)]
        for x, y in tries:
            if all(math.hypot(x - other_x, y - other_y) > half + size * 0.48 for other_x, other_y, half in self.taken):
                return x, y
        return at

    def symbol(self, thing: Thing, at: Point | None = None, label: str | None = None) -> tuple[Point, float]:
        """Draw a thing's symbol at its place, or at another on paper; returns where it stands and half its size, mm."""
        if at is None:
            middle = shapely.get_coordinates(thing.xy if thing.xy.geom_type == "Point" else thing.xy.representative_point())[0]
            at = self.window.point(*middle.tolist())
        return self.sign(style_of(thing.kind, thing.type).symbol, at, label or label_of(thing.kind, thing.type))

    def place(self, box: Box | None = None) -> Placing:
        """Place all wanted labels."""
        return place(self.wanted, box or self.window.box.inset(1.0), self.hard, self.soft)


def symbol_named(name: str) -> Symbol:
    """Return a symbol of the library."""
    return symbols()[name]


def lettered(placed: Iterable[Placed], theme: Theme) -> Iterator[Ink]:
    """Yield placed labels: leaders, then each text on a ground of paper."""
    black, paper = ink(theme), ink(theme, "paper")
    listed = list(placed)
    for label in listed:
        if label.leader:
            yield stroke(label.leader, black, FINE)
    for label in listed:
        (x, y), high = label.centre, label.size * LEADING
        if label.turn_deg == 0:
            yield filled(
                Box(x - label.width / 2 - 0.2, y - label.height / 2 - 0.1, x + label.width / 2 + 0.2, y + label.height / 2 + 0.1), paper
            )
        else:
            yield from _turned_ground(label, paper)
        first = (len(label.lines) - 1) * high / 2
        for index, line in enumerate(label.lines):
            yield Text(line, _beside(label, first - index * high), label.size, "centre", label.turn_deg, label.weight, black)


def _beside(label: Placed, up: float) -> Point:
    turn = math.radians(label.turn_deg)
    return label.centre[0] - up * math.sin(turn), label.centre[1] + up * math.cos(turn)


def _turned_ground(label: Placed, paper: tuple[int, int, int]) -> Iterator[Ink]:
    corners = shapely.get_coordinates(area_of(label.centre, label.width + 0.4, label.height + 0.2, label.turn_deg))[:4]
    yield Area((path([(float(x), float(y)) for x, y in corners], True),), paper)


def _polygons(shape: BaseGeometry) -> list[shapely.Polygon]:
    return [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon" and part.area > LEAST_MM**2]


def _hatched_through(fill: Fill, middle: shapely.Point) -> Fill:
    """Return a fill whose hatch lines meet a point: what lies between two lines of the hatch would not show it."""
    moved = []
    for hatch in fill.hatches:
        turn = math.radians(hatch.angle_deg)
        moved.append(replace(hatch, shift_mm=(middle.y * math.cos(turn) - middle.x * math.sin(turn)) % hatch.step_mm))
    return replace(fill, hatches=tuple(moved))


def _lines(shape: BaseGeometry) -> list[BaseGeometry]:
    return [part for part in getattr(shape, "geoms", [shape]) if part.geom_type in ("LineString", "LinearRing")]


def _ring(ring: BaseGeometry) -> Ring:
    return tuple((x, y) for x, y in shapely.get_coordinates(ring).tolist()[:-1])


def joined(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return directed lines joined end to start where they meet, so that a run has its arrows at even distances."""
    lines_ = [part for shape in shapes for part in getattr(shape, "geoms", [shape]) if part.geom_type == "LineString"]
    found: BaseGeometry = shapely.line_merge(shapely.MultiLineString(lines_), directed=True)
    return found
