"""A4 sheets that a person reads and files: a frame, tables that go on over pages, a title block on the first and a strip on the others."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from drawings.sheets import tables, titleblock
from drawings.sheets.fonts import shortened, wrapped
from drawings.sheets.framing import frame
from drawings.sheets.inks import MEDIUM, Align, Ink, Link, Sheet, Text, framed, ink, stroke
from drawings.sheets.paper import A4, A4_FRAME, BODY, LEADING, Box
from drawings.sheets.tables import Column, Table
from drawings.sheets.titleblock import HEADING, ROW, Rows
from styles.palette import Theme

SIDE = 3.0
"""Between frame and tables, mm."""
GAP = 3.0
"""Between tables, mm."""
STRIP = 7.0
WIDTH = A4_FRAME.width - 2 * SIDE
"""What a table may be wide, mm."""
LINES = 8
"""That a cell may have."""
NEXT = "（续）"


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on every sheet of one document."""

    title: str
    enterprise: str
    rows: Rows
    """Of the title block."""
    address: str
    """Where its code leads."""
    code: str
    day: str
    """The day that the file says it is of, YYYY-MM-DD."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture under a title."""

    title: str
    width: float
    height: float
    draw: Callable[[Box], list[Ink]]
    """Returns what stands in a box."""


@dataclass
class _Page:
    inks: list[Ink]
    y: float
    floor: float
    """Down to which it may be filled."""


@dataclass
class _Pages:
    """Sheets as they fill."""

    foot: float
    """Height of the title block."""
    done: list[_Page] = field(default_factory=list)

    @property
    def last(self) -> _Page:
        return self.done[-1] if self.done else self.turned()

    def turned(self) -> _Page:
        floor = A4_FRAME.bottom + (STRIP if self.done else self.foot) + GAP
        self.done.append(_Page([], A4_FRAME.top - GAP, floor))
        return self.done[-1]

    def table(self, table: Table, theme: Theme) -> None:
        rest: Table | None = table if table.rows else None
        while rest is not None:
            page = self.last
            fits, rest = _cut(rest, page.y - page.floor)
            if fits is not None:
                drawn, page.y = tables.drawn(fits, A4_FRAME.left + SIDE, page.y, theme)
                page.inks += drawn
                page.y -= GAP
            if rest is not None:
                self.turned()

    def figure(self, figure: Figure, theme: Theme) -> None:
        page = self.last
        if page.y - page.floor < figure.height + tables.HEADING:
            page = self.turned()
        top, left = page.y - tables.HEADING, A4_FRAME.left + SIDE
        middle = left + figure.width / 2, page.y - tables.HEADING / 2
        page.inks.append(Text(figure.title, middle, BODY, "centre", weight="bold", colour=ink(theme)))
        page.inks += figure.draw(Box(left, top - figure.height, left + figure.width, top))
        page.y = top - figure.height - GAP

    def line(self, text: str, theme: Theme) -> None:
        page = self.last
        if page.y - page.floor < BODY * LEADING:
            page = self.turned()
        page.y -= BODY * LEADING
        page.inks.append(Text(text, (A4_FRAME.left + SIDE, page.y + BODY * LEADING / 2), BODY, colour=ink(theme)))


def wide_table(title: str, columns: str, rows: Iterable[tuple[str, ...]]) -> Table:
    """Return a table over the whole width.

    Parameters
    ----------
    title : str
    columns : str
        `编号 12c|名称 28|能力 20r`: head, share of the width, and where it is not at the left c for the middle or r for the right.
    rows : iterable of tuples of str
    """
    aligns: dict[str, Align] = {"c": "centre", "r": "right"}
    said = [one.rpartition(" ") for one in columns.split("|")]
    shares = [float(share.rstrip("cr")) for _, _, share in said]
    made = [
        Column(name, WIDTH * share / sum(shares), aligns.get(how[-1], "left"), LINES)
        for (name, _, how), share in zip(said, shares, strict=True)
    ]
    return Table(title, tuple(made), tuple(rows), BODY, BODY * 0.8)


def _cut(table: Table, room: float) -> tuple[Table | None, Table | None]:
    """Return what of a table fits into a height, and the rest; None for nothing."""
    head, *rows = tables.heights(table)
    used, count = tables.HEADING + head, 0
    for high in rows:
        if used + high > room:
            break
        used, count = used + high, count + 1
    if count == len(rows):
        return table, None
    if count == 0:
        return None, table
    title = table.title if table.title.endswith(NEXT) else table.title + NEXT
    return replace(table, rows=table.rows[:count]), replace(table, title=title, rows=table.rows[count:])


def _tall(rows: Rows) -> float:
    return HEADING + len(rows) * ROW


def _strip(paper: Paper, number: int, total: int, theme: Theme) -> list[Ink]:
    """Return what stands at the foot of the second and later sheets."""
    black = ink(theme)
    box = Box(A4_FRAME.left, A4_FRAME.bottom, A4_FRAME.right, A4_FRAME.bottom + STRIP)
    y = box.middle[1]
    said = shortened(f"{paper.enterprise}　{paper.code}", box.width - 70, BODY)
    return [
        stroke(((box.left, box.top), (box.right, box.top)), black, MEDIUM),
        Text(said, (box.left + SIDE, y), BODY, colour=black),
        Text(f"{paper.title}　第 {number} 张，共 {total} 张", (box.right - SIDE, y), BODY, "right", colour=black),
    ]


def flowed(paper: Paper, listed: Sequence[Table | Figure], notes: Sequence[str], theme: Theme) -> list[Sheet]:
    """Return the sheets that tables and notes fill, in their order; a table that does not fit goes on with its heading on the next.

    Parameters
    ----------
    paper : Paper
        What the sheets are.
    listed : sequence of Table or Figure
        Each at most `WIDTH` wide; tables without rows are left out.
    notes : sequence of str
        Below the last table.
    theme : str
    """
    pages = _Pages(_tall(paper.rows))
    for one in listed:
        if isinstance(one, Figure):
            pages.figure(one, theme)
        else:
            pages.table(one, theme)
    for number, note in enumerate(notes, 1):
        for line in wrapped(f"注 {number}：{note}", WIDTH, BODY):
            pages.line(line, theme)
    return [_sheet(paper, page, number, len(pages.done), theme) for number, page in enumerate(pages.done or [pages.last], 1)]


def _sheet(paper: Paper, page: _Page, number: int, total: int, theme: Theme) -> Sheet:
    links: list[Link] = []
    if number == 1:
        box = Box(A4_FRAME.left, A4_FRAME.bottom, A4_FRAME.right, A4_FRAME.bottom + _tall(paper.rows))
        rows = (*paper.rows[:-1], (*paper.rows[-1], ("张次", f"第 1 张，共 {total} 张")))
        foot, links = titleblock.block(paper.title, paper.enterprise, rows, paper.address, box, theme)
        foot.append(framed(box, ink(theme), MEDIUM))
    else:
        foot = _strip(paper, number, total, theme)
    every = (*frame(theme, A4, A4_FRAME), *page.inks, *foot)
    return Sheet(every, tuple(links), f"{paper.enterprise}{paper.title}", paper.code, paper.day, A4)
