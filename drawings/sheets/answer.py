"""What somebody asked of the map, as sheets: a map on A4 or A3 with legend, scale and north arrow, then the table of what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import shapely
from shapely.geometry.base import BaseGeometry

from drawings.sheets import tables
from drawings.sheets.canvas import bound_pages
from drawings.sheets.fonts import shortened
from drawings.sheets.framing import frame
from drawings.sheets.furniture import north_arrow, scale_bar
from drawings.sheets.ground import Thing, things
from drawings.sheets.inks import FINE, Ink, Sheet, Text, filled, framed, ink
from drawings.sheets.labels import Wanted
from drawings.sheets.legend import Entry, height, inked, label_of, legend, merged, symbol_size
from drawings.sheets.maps import Map, lettered
from drawings.sheets.paper import A3, A4, A4_FRAME, FRAME, HEAD, SMALL, TINY, TITLE, Box
from drawings.sheets.tables import Column, Table
from drawings.sheets.window import SCALES, around, grid
from gis.models.feature import Feature
from styles.library import style_of
from styles.ops import symbol_ops
from styles.palette import Theme

Size = Literal["A3", "A4"]
PAPERS: dict[Size, tuple[Box, Box]] = {"A3": (A3, FRAME), "A4": (A4, A4_FRAME)}
WIDER = (*SCALES, 75_000, 100_000, 150_000, 200_000, 250_000, 300_000, 400_000, 500_000, 600_000, 1_000_000, 1_500_000, 2_000_000)
BAND_MM, FOOT_MM = 17.0, 6.0
LEGEND_COLUMN_MM = 44.0
MARGIN_MM = 12.0
LEAST_M = 25.0
"""Half the ground that is shown of a single point, metres."""
MOST_LABELS = 150
"""Things beyond which only the table names them."""
MOST_PARTED = 300
"""Symbols beyond which each stands at its place, over another where it must."""
WIDE = ("river", "county")
CRS_TEXT = "CGCS2000 / 3° 高斯-克吕格，中央经线 108°E（EPSG:4545）"
PAGE_MARGIN = 4.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands on the sheets beside the map."""

    title: str
    said: str
    """The question's parameters in words."""
    day: str
    """Of the answer, YYYY-MM-DD."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Of the table, each beginning with the number that the map shows."""


def _base(drawing: Map, base: Mapping[str, Sequence[Thing]]) -> None:
    """Draw where one is: counties' boundaries and rivers."""
    for thing in base.get("county", ()):
        style = style_of("county").line
        for part in getattr(thing.xy, "geoms", [thing.xy]):
            if style and part.geom_type == "Polygon":
                drawing.line(part.exterior, style.id, "区县界", closed=True)
    for thing in base.get("river", ()):
        drawing.line(thing.xy, "river", "河流及流向")


def _draw(drawing: Map, thing: Thing, *, parted: bool) -> tuple[BaseGeometry, float] | None:
    """Draw a thing in its style; returns where its label goes (on paper) and half its size; None where the window shows nothing of it."""
    style, label = style_of(thing.kind, thing.type), label_of(thing.kind, thing.type)
    kind = thing.xy.geom_type
    if kind in ("Point", "MultiPoint"):
        at = drawing.window.point(*shapely.get_coordinates(thing.xy)[0].tolist())
        if not drawing.window.box.holds(at):
            return None
        if parted:
            stands, half = drawing.sign(style.symbol, at, label)
            return shapely.Point(stands), half
        drawing.signs += inked(symbol_ops(style.symbol, drawing.theme, at=at, size_mm=symbol_size(style.symbol)))
        drawing.note(Entry("symbol", style.symbol.id, label))
        return shapely.Point(at), symbol_size(style.symbol) / 2
    found: BaseGeometry | None = None
    if kind in ("LineString", "MultiLineString"):
        found = drawing.line(thing.xy, style.line.id, label) if style.line else None
    elif style.fill is not None and thing.kind not in ("site_boundary", "county"):
        found = drawing.area(thing, label)
    elif style.line is not None:
        rings = [part.exterior for part in getattr(thing.xy, "geoms", [thing.xy]) if part.geom_type == "Polygon"]
        shown = [drawing.line(ring, style.line.id, label, closed=True) for ring in rings]
        found = drawing.shown(thing.xy) if any(one is not None for one in shown) else None
    if found is None or found.is_empty:
        # Smaller than a pen at this scale: its symbol stands for it.
        middle = drawing.window.point(*shapely.get_coordinates(thing.xy.representative_point())[0].tolist())
        if not drawing.window.box.holds(middle):
            return None
        stands, half = drawing.sign(style.symbol, middle, label) if parted else (middle, 1.0)
        return shapely.Point(stands), half
    return found.representative_point(), 1.0


def _map(found: Sequence[tuple[int, Feature]], base: Mapping[str, Sequence[Feature]], box: Box, theme: Theme) -> tuple[Map, list[Ink]]:
    placed = things([feature for _, feature in found])
    # What crosses half the city would make all else a dot: it is cut off where anything else was found.
    near = [thing for thing in placed if thing.kind not in WIDE] or placed
    shapes = [thing.xy if thing.xy.envelope.area else thing.xy.buffer(LEAST_M) for thing in near]
    drawing = Map(around(shapes, box, MARGIN_MM, WIDER), theme)
    kinds = {thing.kind for thing in placed}
    _base(drawing, {kind: things(features) for kind, features in base.items() if kind not in kinds})
    drawing.soft.clear()
    parted = len(placed) <= MOST_PARTED
    numbers = [number for number, _ in found]
    # Large areas first: what lies on them stays seen.
    for number, thing in sorted(zip(numbers, placed, strict=True), key=lambda row: (-row[1].xy.area, row[0])):
        shown = _draw(drawing, thing, parted=parted)
        if shown is not None and len(placed) <= MOST_LABELS:
            named = thing.name or thing.code
            forms = ((f"{number} {named}",), (str(number),)) if named else ((str(number),),)
            drawing.wanted.append(Wanted(f"{number:05d}", forms, shown[0], "point", shown[1], 0, SMALL))
    ticks, taken = grid(drawing.window, ink(theme, "base"), ink(theme), ink(theme, "paper"))
    bar, bar_box = scale_bar(drawing.window.scale, (box.left + 8, box.bottom + 7), theme)
    compass = Box(box.right - 18, box.top - 24, box.right - 2, box.top - 2)
    arrow: list[Ink] = [filled(compass, ink(theme, "paper")), *north_arrow(compass.middle, theme)]
    drawing.hard += [shapely.box(one.left, one.bottom, one.right, one.top) for one in (bar_box, compass, *taken)]
    labels = lettered(drawing.place().placed, theme)
    return drawing, [*drawing.inks, *ticks, *drawing.signs, *labels, *bar, *arrow, framed(box, ink(theme), FINE)]


def _table_pages(asked: Asked, paper: Box, edge: Box, theme: Theme) -> list[list[Ink]]:
    """Return the pages of the table."""
    room = edge.inset(PAGE_MARGIN)
    wide = _widths(asked, room.width)
    pages: list[list[Ink]] = []
    left = list(asked.rows)
    while left:
        table, count = Table(asked.title, wide, ()), 0
        high = tables.HEADING + tables.heights(table)[0]
        for row in left:
            high += tables.heights(Table("", wide, (row,)))[1]
            if high > room.height:
                break
            count += 1
        count = max(1, count)
        drawn, _ = tables.drawn(Table(asked.title, wide, tuple(left[:count])), room.left, room.top, theme)
        pages.append([*frame(theme, paper, edge), *drawn])
        left = left[count:]
    return pages


def _widths(asked: Asked, room: float) -> tuple[Column, ...]:
    """Return the columns, as wide as what stands in them wants, together as wide as the page."""
    shown = [asked.head, *asked.rows[:200]]
    wanted = [min(70.0, max(9.0, 4.0 + max(Text(row[place], (0, 0), TINY).width for row in shown))) for place in range(len(asked.head))]
    share = room / sum(wanted)
    return tuple(Column(name, width * share, most=3) for name, width in zip(asked.head, wanted, strict=True))


def answer_sheets(
    asked: Asked,
    found: Sequence[tuple[int, Feature]],
    base: Mapping[str, Sequence[Feature]],
    size: Size = "A4",
    theme: Theme = "light",
) -> bytes:
    """Return the sheets as one PDF.

    Parameters
    ----------
    asked : Asked
        Title, question, table.
    found : sequence of tuple of int and Feature
        Number in the table, and the feature (EPSG:4490).
    base : mapping
        `river` and `county`: what is drawn below, but where it is itself what was found.
    size : str
        A3 lies, A4 stands.
    theme : str
        `light` in colour, `print-bw` in black and white.
    """
    paper, edge = PAPERS[size]
    black = ink(theme)
    columns = max(1, int(edge.width // LEGEND_COLUMN_MM))
    pages: list[list[Ink]] = []
    if found:
        # How many entries the legend has is known when the map is drawn, whose room hangs on it: the second time it fits.
        low = edge.bottom + FOOT_MM + height(columns, columns)
        for _ in range(2):
            box = Box(edge.left, low, edge.right, edge.top - BAND_MM)
            drawing, inks = _map(found, base, box, theme)
            entries = merged(drawing.entries.values())
            low = edge.bottom + FOOT_MM + height(len(entries), columns)
        key = Box(edge.left, edge.bottom + FOOT_MM, edge.right, box.bottom)
        foot = f"1:{drawing.window.scale}    {CRS_TEXT}    数据日期 {asked.day}    共 {len(asked.rows)} 个"
        pages.append(
            [
                *frame(theme, paper, edge),
                Text(
                    shortened(asked.title, edge.width - 8, TITLE),
                    (edge.middle[0], edge.top - 6),
                    TITLE,
                    "centre",
                    weight="bold",
                    colour=black,
                ),
                Text(shortened(asked.said, edge.width - 8, SMALL), (edge.middle[0], edge.top - 13), SMALL, "centre", colour=black),
                *inks,
                *legend(entries, key, columns, theme),
                Text(shortened(foot, edge.width - 6, TINY), (edge.left + 3, edge.bottom + FOOT_MM / 2), TINY, colour=black),
            ]
        )
    pages += _table_pages(asked, paper, edge, theme)
    if not pages:
        words = Text(f"{asked.title}：没有找到", edge.middle, HEAD, "centre", colour=black)
        pages = [[*frame(theme, paper, edge), words]]
    return bound_pages([Sheet(tuple(page), (), asked.title, asked.said, asked.day, paper) for page in pages])
