"""Ruled tables on a sheet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from drawings.sheets.fonts import wrapped
from drawings.sheets.inks import FINE, MEDIUM, Align, Ink, Text, framed, ink, stroke
from drawings.sheets.paper import BODY, LEADING, TINY, Box
from styles.palette import Theme

PAD = 0.9
"""Between a rule and text, mm."""
HEADING = 5.0
"""Height of a table's title, mm."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    width: float
    align: Align = "left"
    most: int = 3
    """Lines that a cell may have; a longer text ends in …."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    size: float = TINY
    spare: float = 0.0
    """Kept free at the right of each cell, mm: a closing mark may hang over there."""

    @property
    def width(self) -> float:
        """Its width, mm."""
        return sum(column.width for column in self.columns)


def _cells(table: Table, row: Sequence[str]) -> list[tuple[str, ...]]:
    return [
        wrapped(text, column.width - 2 * PAD - (table.spare if column.align == "left" else 0.0), table.size, most=column.most)
        for column, text in zip(table.columns, row, strict=True)
    ]


def row_height(lines: int, size: float) -> float:
    """Return the height of a row of so many lines, mm."""
    return size * LEADING * lines + 0.9


def heights(table: Table) -> list[float]:
    """Return the height of each row, the head first, mm."""
    head = row_height(1, table.size)
    return [head, *(row_height(max(map(len, _cells(table, row))), table.size) for row in table.rows)]


def height(table: Table) -> float:
    """Return the height of a table with its title, mm."""
    return HEADING + sum(heights(table))


def ending(table: Table, left_out: int) -> Table:
    """Return a table that says in a last row how many are left out; itself where none is."""
    if not left_out:
        return table
    widest = max(table.columns, key=lambda column: column.width)
    last = tuple(f"另有 {left_out} 行从略" if column is widest else "…" for column in table.columns)
    return replace(table, rows=(*table.rows, last))


def paired(table: Table) -> Table:
    """Return a table as two side by side, filled column by column."""
    half = -(-len(table.rows) // 2)
    empty = ("",) * len(table.columns)
    right = [*table.rows[half:], *([empty] * (2 * half - len(table.rows)))]
    rows = tuple((*one, *other) for one, other in zip(table.rows[:half], right, strict=True))
    return replace(table, columns=table.columns * 2, rows=rows)


def _blank(table: Table, cells: Sequence[tuple[str, ...]]) -> float:
    """Return how wide the empty cells are that a row begins with: what stands above goes on there, so no rule parts them."""
    empty = [not any(lines) for lines in cells]
    count = empty.index(False) if False in empty else len(empty)
    return sum(column.width for column in table.columns[:count])


def drawn(table: Table, left: float, top: float, theme: Theme) -> tuple[list[Ink], float]:
    """Return a table drawn down from a corner, and where it ends."""
    black = ink(theme)
    inks: list[Ink] = [Text(table.title, (left + table.width / 2, top - HEADING / 2), BODY, "centre", weight="bold", colour=black)]
    upper = y = top - HEADING
    head, *tall = heights(table)
    rows: list[tuple[list[tuple[str, ...]], float]] = [
        ([(column.title,) for column in table.columns], head),
        *((_cells(table, row), high) for row, high in zip(table.rows, tall, strict=True)),
    ]
    for number, (cells, high) in enumerate(rows):
        x = left
        for column, lines in zip(table.columns, cells, strict=True):
            align: Align = "centre" if number == 0 else column.align
            at = {"left": x + PAD, "centre": x + column.width / 2, "right": x + column.width - PAD}[align]
            middle = y - high / 2 + (len(lines) - 1) * table.size * LEADING / 2
            inks += [
                Text(
                    line,
                    (at, middle - index * table.size * LEADING),
                    table.size,
                    align,
                    weight="bold" if number == 0 else "regular",
                    colour=black,
                )
                for index, line in enumerate(lines)
                if line
            ]
            x += column.width
        y -= high
        if number < len(rows) - 1:
            inks.append(stroke(((left + _blank(table, rows[number + 1][0]), y), (left + table.width, y)), black, FINE))
    x = left
    for column in table.columns[:-1]:
        x += column.width
        inks.append(stroke(((x, upper), (x, y)), black, FINE))
    return [*inks, framed(Box(left, y, left + table.width, upper), black, MEDIUM)], y
