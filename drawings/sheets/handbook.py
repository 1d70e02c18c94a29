"""The symbol handbook: a legend of everything, then each symbol, line and fill in its themes and states, with code, kind and block."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from drawings.homes import block_for, layer_for
from drawings.sheets.canvas import bound_pages
from drawings.sheets.fonts import shortened
from drawings.sheets.framing import frame
from drawings.sheets.inks import FINE, MEDIUM, Ink, Sheet, Text, filled, framed, ink, stroke
from drawings.sheets.legend import Entry, height, inked, label_of, legend, sample
from drawings.sheets.paper import BODY, FRAME, LEAST, TINY, TITLE, Box
from gis.kinds import KINDS
from styles.library import fills, lines, styles, symbols
from styles.ops import symbol_ops
from styles.palette import Theme
from styles.symbol import GRID, State, Symbol

HANDBOOK = "全景制图符号手册"
DAY = "2026-11-25"
"""Of the file: no clock makes the same source another file."""
HEAD, ROW, FOOT = 14.0, 9.6, 6.0
SYMBOL_MM = 7.2
LOOKS: tuple[tuple[str, Theme, State], ...] = (
    ("浅色", "light", "normal"),
    ("报警", "light", "alarm"),
    ("离线", "light", "offline"),
    ("选中", "light", "selected"),
    ("黑白", "print-bw", "normal"),
    ("深色", "wall-dark", "normal"),
)
"""Title, theme and state of each sample of a symbol."""
STRIPES: tuple[tuple[str, Theme], ...] = (("浅色", "light"), ("黑白", "print-bw"), ("深色", "wall-dark"))
LEGEND_COLUMNS = 4

Draw = Callable[[Box], list[Ink]]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the handbook: samples, then cells of one or two lines of text; a heading has neither."""

    samples: tuple[Draw, ...] = ()
    cells: tuple[tuple[str, str], ...] = ()
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The columns of a part: widths of samples and cells, and their titles."""

    sample_mm: float
    samples: tuple[str, ...]
    cells: tuple[tuple[str, float], ...]


SYMBOLS = Form(9.4, tuple(title for title, _, _ in LOOKS), (("名称", 34.0), ("编号、依据", 42.0), ("要素", 32.0), ("图块、图层", 29.0)))
STROKES = Form(24.0, tuple(title for title, _ in STRIPES), (("名称", 34.0), ("编号、依据", 50.0), ("要素", 36.0)))


def kinds_of(part: str, style: str) -> list[tuple[str, str | None]]:
    """Return the kinds, or types of them, that a symbol, line or fill stands for, as `styles/kinds.yaml` says."""
    found = []
    for name, one in styles().items():
        drawn = getattr(one, part)
        if drawn is not None and drawn.id == style:
            kind, _, type_ = name.partition(".")
            found.append((kind, type_ or None))
    return found


def _kinds(listed: Sequence[tuple[str, str | None]]) -> tuple[str, str]:
    """Return kinds as two lines of text: what they are called, and their names."""
    if not listed:
        return "—", ""
    more = f" 等 {len(listed)} 种" if len(listed) > 1 else ""
    kind, type_ = listed[0]
    return f"{label_of(kind, type_)}{more}", f"{kind}.{type_}" if type_ else kind


def _basis(basis: str) -> str:
    return "自定" if basis == "own" else basis


def _block(listed: Sequence[tuple[str, str | None]]) -> tuple[str, str]:
    """Return block and layer of the drafting norm of the first of some kinds."""
    for name, type_ in listed:
        kind = KINDS[name]
        if kind.layers:
            attributes = {kind.type_attribute: type_} if kind.type_attribute and type_ else {}
            block = block_for(kind, attributes) if kind.blocks else None
            return block.name if block else "—", layer_for(kind, attributes, block, None)
    return "—", ""


def _sign(symbol: Symbol, theme: Theme, state: State) -> Draw:
    def draw(box: Box) -> list[Ink]:
        ground = [filled(box.inset(0.3), ink(theme, "paper"))] if theme == "wall-dark" else []
        x, y = box.middle
        # The anchor lies on the feature; in the handbook the middle of the grid lies in the middle of the cell.
        side = SYMBOL_MM / GRID
        at = (x - symbol.middle[0] * side, y - symbol.middle[1] * side)
        return [*ground, *inked(symbol_ops(symbol, theme, state, at=at, size_mm=SYMBOL_MM))]

    return draw


def _stripe(one: Entry, theme: Theme) -> Draw:
    def draw(box: Box) -> list[Ink]:
        ground = [filled(box.inset(0.3), ink(theme, "paper"))] if theme == "wall-dark" else []
        return [*ground, *sample(one, Box(box.left + 2, box.bottom, box.right - 2, box.top), theme)]

    return draw


def symbol_rows() -> Iterator[Row]:
    """Yield the symbols by group, each with all its looks."""
    ordered = sorted(symbols().values(), key=lambda symbol: symbol.group)
    for group, listed in groupby(ordered, key=lambda symbol: symbol.group):
        yield Row(heading=group)
        for symbol in listed:
            kinds = kinds_of("symbol", symbol.id)
            yield Row(
                tuple(_sign(symbol, theme, state) for _, theme, state in LOOKS),
                ((symbol.name_zh, symbol.name_en), (symbol.id, _basis(symbol.basis)), _kinds(kinds), _block(kinds)),
            )


def stroke_rows() -> Iterator[Row]:
    """Yield the lines, then the fills, in all themes."""
    yield Row(heading="线型")
    for line in lines().values():
        entry = Entry("line", line.id, line.name_zh)
        yield Row(
            tuple(_stripe(entry, theme) for _, theme in STRIPES),
            ((line.name_zh, line.name_en), (line.id, _basis(line.basis)), _kinds(kinds_of("line", line.id))),
        )
    yield Row(heading="填充")
    for fill in fills().values():
        entry = Entry("fill", fill.id, fill.name_zh)
        yield Row(
            tuple(_stripe(entry, theme) for _, theme in STRIPES),
            ((fill.name_zh, fill.name_en), (fill.id, _basis(fill.basis)), _kinds(kinds_of("fill", fill.id))),
        )


def _titles(form: Form, box: Box) -> list[Ink]:
    black = ink("light")
    x = box.left
    inks: list[Ink] = []
    for title in form.samples:
        inks.append(Text(title, (x + form.sample_mm / 2, box.middle[1]), LEAST, "centre", weight="bold", colour=black))
        x += form.sample_mm
    for title, wide in form.cells:
        inks.append(Text(title, (x + 1.0, box.middle[1]), LEAST, weight="bold", colour=black))
        x += wide
    return [*inks, stroke(((box.left, box.bottom), (box.right, box.bottom)), black, MEDIUM)]


def _row(row: Row, form: Form, box: Box) -> list[Ink]:
    black, soft = ink("light"), ink("light", "ink.soft")
    if row.heading:
        return [
            filled(box, ink("light", "base"), 0.18),
            Text(row.heading, (box.left + 2.0, box.middle[1]), BODY, weight="bold", colour=black),
        ]
    inks: list[Ink] = []
    x = box.left
    for draw in row.samples:
        inks += draw(Box(x, box.bottom, x + form.sample_mm, box.top))
        x += form.sample_mm
    for (upper, lower), (_, wide) in zip(row.cells, form.cells, strict=True):
        y = box.middle[1]
        inks.append(Text(shortened(upper, wide - 1.5, TINY), (x + 1.0, y + 1.7 if lower else y), TINY, colour=black))
        if lower:
            inks.append(Text(shortened(lower, wide - 1.5, LEAST), (x + 1.0, y - 1.7), LEAST, colour=soft))
        x += wide
    return [*inks, stroke(((box.left, box.bottom), (box.right, box.bottom)), ink("light", "base"), FINE)]


def _page(title: str, number: int, inks: Sequence[Ink]) -> Sheet:
    black = ink("light")
    head = Text(f"{HANDBOOK} · {title}", (FRAME.middle[0], FRAME.top - HEAD / 2), TITLE, "centre", weight="bold", colour=black)
    foot = Text(f"第 {number} 页", (FRAME.right - 3, FRAME.bottom + FOOT / 2), TINY, "right", colour=black)
    return Sheet((*frame("light"), head, foot, *inks), (), HANDBOOK, title, DAY)


def overview(number: int) -> Sheet:
    """Return the legend sheet: every symbol, line and fill with its name."""
    listed = [
        *(Entry("symbol", symbol.id, symbol.name_zh) for symbol in sorted(symbols().values(), key=lambda symbol: symbol.group)),
        *(Entry("line", line.id, line.name_zh) for line in lines().values()),
        *(Entry("fill", fill.id, fill.name_zh) for fill in fills().values()),
    ]
    top = FRAME.top - HEAD
    box = Box(FRAME.left + 4, top - height(len(listed), LEGEND_COLUMNS), FRAME.right - 4, top)
    return _page("图例", number, legend(listed, box, LEGEND_COLUMNS, "light"))


def tables(rows: Sequence[Row], form: Form, title: str, first: int) -> list[Sheet]:
    """Return rows on as many pages as they take, two columns a page; a heading does not stand at the foot of a column."""
    top, bottom = FRAME.top - HEAD, FRAME.bottom + FOOT
    wide = len(form.samples) * form.sample_mm + sum(width for _, width in form.cells)
    lefts = [FRAME.left + (FRAME.width / 2 - wide) / 2 + half * FRAME.width / 2 for half in (0, 1)]
    most = int((top - bottom) // ROW) - 1
    columns: list[list[Row]] = [[]]
    for index, row in enumerate(rows):
        last_place = len(columns[-1]) == most - 1 and row.heading and index < len(rows) - 1
        if len(columns[-1]) == most or last_place:
            columns.append([])
        columns[-1].append(row)
    pages = []
    for number, start in enumerate(range(0, len(columns), 2)):
        inks: list[Ink] = []
        for left, listed in zip(lefts, columns[start : start + 2], strict=False):
            inks += _titles(form, Box(left, top - ROW * 0.7, left + wide, top))
            for place, row in enumerate(listed):
                upper = top - ROW * 0.7 - place * ROW
                inks += _row(row, form, Box(left, upper - ROW, left + wide, upper))
            inks.append(framed(Box(left, top - ROW * 0.7 - len(listed) * ROW, left + wide, top), ink("light"), FINE))
        pages.append(_page(title, first + number, inks))
    return pages


def pages() -> list[Sheet]:
    """Return the handbook, page by page."""
    found = [overview(1)]
    found += tables(list(symbol_rows()), SYMBOLS, "符号", len(found) + 1)
    found += tables(list(stroke_rows()), STROKES, "线型与填充", len(found) + 1)
    return found


def handbook() -> bytes:
    """Return the handbook as a PDF, A3 lying; the same source gives the same bytes."""
    return bound_pages(pages())
