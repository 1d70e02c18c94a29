"""Which table of a permit's copy a grid is: its columns told by the words of their headings, on one to three levels."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from drawings.permit.grid import Cell, Grid
from gis.facts import facts

DEEPEST = 3
NUMBERING = ("序号", "编号", "")
"""Headings of columns that only count."""
UNIT = re.compile(r"\(([^()]*)\)$")
LEAST = 2
"""Columns that must be known for a table to be taken for a form."""


@dataclass(frozen=True, slots=True)
class Form:
    """One table of the copy."""

    name: str
    title: str
    required: frozenset[str]
    own: tuple[str, ...]
    carry: frozenset[str]
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Columns:
    """A grid's columns as those of a form."""

    form: Form
    fields: tuple[str | None, ...]
    """Of each column; None of one that the form does not know."""
    titles: tuple[str, ...]
    units: tuple[str, ...]
    """What stands in brackets at the end of a heading."""
    depth: int
    """Rows of the heading."""


def plain(text: str) -> str:
    """Return a heading for comparing: one width of letters, no blanks.

    >>> plain("许可年排放量限值（t/a）")
    '许可年排放量限值(t/a)'
    """
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).rstrip(":").lstrip("*")


def bare(text: str) -> str:
    """Return a heading without the unit in brackets at its end.

    >>> bare("排气筒高度(m)"), bare("产品(中间产品)名称")
    ('排气筒高度', '产品(中间产品)名称')
    """
    return UNIT.sub("", plain(text))


@cache
def forms() -> tuple[Form, ...]:
    """Return all tables that are known."""
    rows = facts("drawings.permit", "forms.yaml")["tables"]
    return tuple(
        Form(
            name,
            row["title"],
            frozenset(row["required"]),
            tuple(row["own"]),
            frozenset(row.get("carry", ())),
            {field: tuple(said) for field, said in row["columns"].items()},
        )
        for name, row in rows.items()
    )


@cache
def labels() -> Mapping[str, str]:
    """Return what stands beside the values of the first table → field of the permit."""
    found: dict[str, str] = facts("drawings.permit", "forms.yaml")["basic"]
    return found


def _levels(column: Sequence[Cell]) -> tuple[str, ...]:
    """Return the headings over a column, from above, each merged one once."""
    found: list[str] = []
    before: Cell | None = None
    for cell in column:
        if cell is not before and cell.text.strip():
            found.append(plain(cell.text))
        before = cell
    return tuple(found)


def _fits(said: str, levels: Sequence[str]) -> bool:
    above, _, last = said.rpartition(">")
    ends = {levels[-1], UNIT.sub("", levels[-1])}
    return last in ends and (not above or any(above in level for level in levels[:-1]))


def _field(form: Form, levels: tuple[str, ...], taken: set[str]) -> str | None:
    if not levels:
        return None
    # A heading of two levels says more than its last word.
    for deep in (True, False):
        for field, said in form.columns.items():
            if field not in taken and any(_fits(one, levels) for one in said if (">" in one) is deep):
                return field
    return None


def _columns(form: Form, grid: Grid, row: int, depth: int) -> Columns | None:
    taken: set[str] = set()
    fields: list[str | None] = []
    titles: list[str] = []
    before: tuple[Cell, ...] = ()
    for column in range(grid.width):
        cells = tuple(grid.rows[row + level][column] for level in range(depth))
        if cells == before:
            # One heading over several columns of the grid: those of another row.
            fields.append(fields[-1])
            titles.append(titles[-1])
            continue
        levels = _levels(cells)
        field = _field(form, levels, taken)
        fields.append(field)
        taken |= {field} if field else set()
        titles.append("·".join(levels))
        before = cells
    if not form.required <= taken or len(taken) < LEAST:
        return None
    units = tuple(found.group(1) if (found := UNIT.search(title)) else "" for title in titles)
    return Columns(form, tuple(fields), tuple(titles), units, depth)


def headed(grid: Grid, row: int) -> Columns | None:
    """Return the columns that the heading at a row makes, None where none begins there.

    Of several forms the one of which most columns are known is taken; of one form the heading of fewest rows.
    """
    if len({id(cell) for cell in grid.rows[row] if cell.text.strip()}) < LEAST:
        return None
    most, best = 0, None
    for form in forms():
        for depth in range(1, min(DEEPEST, len(grid.rows) - row) + 1):
            if depth > 1 and all(cell is above for cell, above in zip(grid.rows[row + depth - 1], grid.rows[row + depth - 2], strict=True)):
                continue
            found = _columns(form, grid, row, depth)
            known = len({field for field in found.fields if field}) if found else 0
            if found and known > most:
                most, best = known, found
    return best
