"""The legend: a sample and a name for each style that the sheet shows, no more and no fewer."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from drawings.sheets.fonts import width, wrapped
from drawings.sheets.inks import Ink, Text, framed, ink
from drawings.sheets.paper import HEAD, LEAST, TINY, Box
from gis.kinds import KINDS
from styles.library import fills, lines, symbols, type_labels
from styles.ops import Area, Op, Stroke, fill_ops, line_ops, symbol_ops
from styles.palette import Theme
from styles.symbol import Fill, Line, Symbol

Draw = Callable[["Entry", Box, Theme], list[Ink]]
How = Literal["symbol", "line", "fill", "node", "stream"]
ROW = 5.4
HEADING = 7.0
SAMPLE = 10.5
"""Width of a sample, mm."""
SIZE_MM = 5.0
"""Greatest size of a symbol on a sheet, mm: a legend shows it as large as the map does."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a legend."""

    how: How
    style: str
    """Id of the symbol, line or fill in `styles.library`; of a process flow, type of the node or medium of the stream."""
    label: str


def label_of(kind: str, type_: str | None = None) -> str:
    """Return what a kind, or one type of it, is called.

    >>> label_of("outlet", "air"), label_of("site_boundary")
    ('废气', '厂界')
    """
    return type_labels(kind).get(type_ or "", KINDS[kind].label)


def inked(ops: Sequence[Op]) -> list[Ink]:
    """Return the operations that need no attribute of a feature."""
    return [op for op in ops if isinstance(op, Area | Stroke)]


def symbol_size(symbol: Symbol) -> float:
    """Return the size that a symbol has on sheets, mm."""
    return min(symbol.size_mm.sheet, SIZE_MM)


def outline_of(fill: Fill) -> Line | None:
    """Return the line style of a fill's outline."""
    return lines()[fill.outline] if fill.outline else None


def sample(one: Entry, box: Box, theme: Theme) -> list[Ink]:
    """Return the sample of a line of the legend, drawn as on the map."""
    x, y = box.middle
    if one.how == "symbol":
        symbol = symbols()[one.style]
        return inked(symbol_ops(symbol, theme, at=(x, y), size_mm=symbol_size(symbol)))
    if one.how == "line":
        return inked(line_ops(lines()[one.style], ((box.left, y), (box.right, y)), theme))
    fill = fills()[one.style]
    inner = Box(box.left + 0.8, y - 1.9, box.right - 0.8, y + 1.9)
    outline = outline_of(fill)
    inks = inked(fill_ops(fill, [inner.corners], theme))
    return inks + (inked(line_ops(outline, inner.corners, theme, closed=True)) if outline else [])


def merged(entries: Iterable[Entry]) -> list[Entry]:
    """Return the lines of a legend with those that look the same as one.

    >>> merged([Entry("fill", "tank", "储罐"), Entry("fill", "tank", "筒仓"), Entry("fill", "pond", "水池")])
    [Entry(how='fill', style='tank', label='储罐、筒仓'), Entry(how='fill', style='pond', label='水池')]
    """
    labels: dict[tuple[How, str], list[str]] = {}
    for one in entries:
        listed = labels.setdefault((one.how, one.style), [])
        if one.label not in listed:
            listed.append(one.label)
    return [Entry(how, style, "、".join(listed)) for (how, style), listed in labels.items()]


def _broken(label: str, room: float) -> tuple[str, ...]:
    """Return a label on one line or two, broken between two names where that fits."""
    names = label.split("、")
    for count in range(len(names), 0, -1):
        lines_ = ("、".join(names[:count]) + ("、" if count < len(names) else ""), "、".join(names[count:]))
        if all(width(line, TINY if count == len(names) else LEAST) <= room for line in lines_):
            return tuple(line for line in lines_ if line)
    return wrapped(label, room, LEAST, most=2)


def rows_in(count: int, columns: int) -> int:
    """Return how many rows so many entries take."""
    return -(-count // columns)


def height(count: int, columns: int) -> float:
    """Return the height of a legend, mm."""
    return HEADING + rows_in(count, columns) * ROW + 1.0


def legend(entries: Sequence[Entry], box: Box, columns: int, theme: Theme, *, draw: Draw = sample) -> list[Ink]:
    """Return the legend in a box, filled column by column, each sample drawn in a box of its own."""
    black = ink(theme)
    inks: list[Ink] = [
        framed(box, black),
        Text("图  例", (box.middle[0], box.top - HEADING / 2), HEAD, "centre", weight="bold", colour=black),
    ]
    rows, wide = rows_in(len(entries), columns), box.width / columns
    for index, one in enumerate(entries):
        column, row = divmod(index, rows)
        left, y = box.left + column * wide, box.top - HEADING - (row + 0.5) * ROW
        inks += draw(one, Box(left + 2.0, y - ROW / 2, left + 2.0 + SAMPLE, y + ROW / 2), theme)
        room = wide - SAMPLE - 5.0
        lines_ = _broken(one.label, room)
        size = TINY if len(lines_) == 1 and width(lines_[0], TINY) <= room else LEAST
        inks += [
            Text(line, (left + SAMPLE + 3.8, y + (len(lines_) - 1 - 2 * number) * LEAST * 0.55), size, colour=black)
            for number, line in enumerate(lines_)
        ]
    return inks
