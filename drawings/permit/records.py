"""Rows of the known tables of a copy, whole again: over page breaks, repeated headings and merged cells; and all that is none of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from drawings.permit.grid import Cell, Copy, Grid, Line, Place
from drawings.permit.headings import NUMBERING, Columns, Form, bare, headed, labels, plain

SHIFT = 4.0
"""How far the columns of a table may lie from where they lay on the page before, points."""
INHERITED, CONTINUED = 0.9, 0.8
"""How sure a value is that was taken from the row above, or put together over a page break."""
EMPTY = ("", "/", "-", "—", "--", "无")


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a known table."""

    form: Form
    cells: Mapping[str, Cell]
    """Field → its cell; empty ones are left out."""
    units: Mapping[str, str]
    """Field → unit in its heading."""
    section: str
    """The last line that stood across the table, or above it."""
    place: Place

    def text(self, name: str) -> str:
        """Return what stands in a field, empty where nothing does."""
        cell = self.cells.get(name)
        return cell.text.strip() if cell else ""


@dataclass(frozen=True, slots=True)
class Left:
    """What was not taken into the permit."""

    what: str
    """`table`, `row`, `column` or `text`."""
    text: str
    place: Place


@dataclass
class Records:
    """What a copy holds."""

    records: list[Record] = field(default_factory=list)
    basic: list[tuple[str, Cell]] = field(default_factory=list)
    """Field of the permit → where it stands."""
    left: list[Left] = field(default_factory=list)


def is_empty(text: str) -> bool:
    """Return whether a cell says nothing: blank, a stroke, 无."""
    return text.strip() in EMPTY


def _distinct(cells: tuple[Cell, ...]) -> Iterator[Cell]:
    seen: set[int] = set()
    for cell in cells:
        if id(cell) not in seen:
            seen.add(id(cell))
            yield cell


@dataclass
class _Reader:
    """Goes through the tables of a copy in their order."""

    found: Records = field(default_factory=Records)
    columns: Columns | None = None
    edges: tuple[float, ...] = ()
    section: str = ""
    aside: dict[str, list[tuple[str, Place]]] = field(default_factory=dict)

    def grid(self, grid: Grid) -> None:
        if not (self._goes_on(grid) and self.columns):
            self._end()
        row, fresh = 0, True
        if grid.headings and self.columns is None:
            self.section = grid.headings[-1]
        while row < len(grid.rows):
            columns = headed(grid, row)
            if columns is not None:
                if self.columns is None or columns.titles != self.columns.titles:
                    self._end()
                    self.columns = columns
                    fresh = False
                row += columns.depth
                continue
            if self.columns is None:
                row += self._outside(grid, row)
                continue
            self._row(grid.rows[row], fresh)
            fresh = False
            row += 1
        self.edges = grid.edges

    def _goes_on(self, grid: Grid) -> bool:
        """Return whether a grid has the columns of the one before."""
        same = len(grid.edges) == len(self.edges) > 0
        return same and all(abs(one - other) <= SHIFT for one, other in zip(grid.edges, self.edges, strict=True))

    def _end(self) -> None:
        """Say what stood in columns that nobody asks for, one line a column."""
        for title, said in self.aside.items():
            texts = list(dict.fromkeys(text for text, _ in said))
            form = self.columns.form.title if self.columns else ""
            self.found.left.append(Left("column", f"{form}·{title}：{'；'.join(texts)}", said[0][1]))
        self.aside, self.columns = {}, None

    def _outside(self, grid: Grid, row: int) -> int:
        """Take a row that is in no known table: labels with values beside them, a title, or nothing that is known."""
        cells = list(_distinct(grid.rows[row]))
        said = [cell for cell in cells if cell.text.strip()]
        if len(said) == 1 and plain(said[0].text) not in labels():
            self.section = said[0].text
            self.found.left.append(Left("text", said[0].text, said[0].place))
            return 1
        rest: list[str] = []
        at = 0
        while at < len(cells):
            label = plain(cells[at].text)
            name = labels().get(label) or labels().get(bare(label))
            if name and at + 1 < len(cells):
                self.found.basic.append((name, cells[at + 1]))
                at += 2
                continue
            if cells[at].text.strip():
                rest.append(cells[at].text)
            at += 1
        if rest:
            self.found.left.append(Left("row", " | ".join(rest), cells[0].place))
        return 1

    def _row(self, cells: tuple[Cell, ...], continued: bool) -> None:
        columns = self.columns
        assert columns is not None, "asked for with columns alone"  # noqa: S101
        distinct = [cell for cell in _distinct(cells) if cell.text.strip()]
        if not distinct:
            return
        if len(distinct) == 1 and sum(cell is distinct[0] for cell in cells) > max(1, len(cells) // 2):
            self.section = distinct[0].text
            return
        named: dict[str, Cell] = {}
        for number, (name, cell) in enumerate(zip(columns.fields, cells, strict=True)):
            if name is None:
                title = columns.titles[number]
                if bare(title) not in NUMBERING and not is_empty(cell.text):
                    self.aside.setdefault(title, []).append((cell.text, cell.place))
            elif name not in named and cell.text.strip():
                named[name] = cell
        own = any(name in named for name in columns.form.own)
        last = self.found.records[-1] if self.found.records and self.found.records[-1].form is columns.form else None
        if not own and last is not None and continued:
            self.found.records[-1] = replace(last, cells=_continued(last.cells, named))
            return
        if not own and "code" not in named and "pollutant" not in named:
            self.found.left.append(Left("row", " | ".join(cell.text for cell in distinct), distinct[0].place))
            return
        if last is not None and not (columns.form.carry & named.keys() & {"code", "unit_code", "place", "outlet", "source"}):
            inherited = {name: cell for name, cell in last.cells.items() if name in columns.form.carry and name not in named}
            named |= {name: replace(cell, confidence=min(cell.confidence, INHERITED)) for name, cell in inherited.items()}
        units = {name: columns.units[number] for number, name in enumerate(columns.fields) if name and columns.units[number]}
        self.found.records.append(Record(columns.form, named, units, self.section, distinct[0].place))


def _continued(before: Mapping[str, Cell], more: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return the cells of a row that a page break cut: the lines of the second part after those of the first."""
    whole = dict(before)
    for name, cell in more.items():
        if name in whole:
            sure = min(whole[name].confidence, cell.confidence, CONTINUED)
            whole[name] = replace(whole[name], lines=(*whole[name].lines, *cell.lines), confidence=sure)
        else:
            whole[name] = cell
    return whole


def _lines(lines: tuple[Line, ...], found: Records) -> None:
    """Take values from the lines outside of tables: `单位名称：…`."""
    for line in lines:
        label, colon, value = line.text.replace("：", ":").partition(":")
        name = labels().get(plain(label)) or labels().get(bare(label))
        if name and colon and value.strip():
            found.basic.append((name, Cell((value.strip(),), line.place, line.confidence)))
        else:
            found.left.append(Left("text", line.text, line.place))


def records(copy: Copy) -> Records:
    """Return what a copy holds: rows of known tables, single values, and what is left."""
    reader = _Reader()
    for grid in copy.grids:
        reader.grid(grid)
    reader._end()
    _lines(copy.lines, reader.found)
    return reader.found
