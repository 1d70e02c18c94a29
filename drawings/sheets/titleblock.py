"""The title block: what the sheet is, of whom, by whom, of when; a code that leads to the enterprise's page."""

from collections.abc import Sequence
from dataclasses import dataclass

import segno

from drawings.sheets.fonts import shortened, width, wrapped
from drawings.sheets.inks import FINE, MEDIUM, Ink, Link, Text, filled, framed, ink, stroke
from drawings.sheets.paper import NAME, TINY, TITLE, Box
from styles.palette import Theme

ROW = 5.4
HEADING = 17.0
LABEL = 16.5
"""Width of a field's name, mm."""
CODE = 21.0
"""Side of the QR code's cell, mm."""
Rows = tuple[tuple[tuple[str, str], ...], ...]
"""Name and value of each field, row by row."""
UNSIGNED = "（未签）"
"""Of a signature that nobody has given."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the title block says."""

    title: str
    """Name of the drawing."""
    enterprise: str
    source_code: str
    drawn: str
    checked: str
    approved: str
    day: str
    """Of the newest of the data shown."""
    scale: str
    crs: str
    permit: str
    revision: str
    number: str
    address: str
    """Of the enterprise's page."""

    @property
    def fields(self) -> "Rows":
        """Name and value of each field, row by row."""
        return (
            (("排污单位编码", self.source_code),),
            (("制图", self.drawn), ("审核", self.checked)),
            (("批准", self.approved), ("数据日期", self.day)),
            (("比例", self.scale), ("修订", self.revision)),
            (("坐标系", self.crs),),
            (("许可证版本", self.permit),),
            (("图号", self.number),),
        )


FIELDS = ("排污单位编码", "制图", "审核", "批准", "数据日期", "比例", "修订", "坐标系", "许可证版本", "图号")
"""Names of all fields."""


def height() -> float:
    """Return the height of a title block, mm."""
    return HEADING + 7 * ROW


def title_block(stamp: Stamp, box: Box, theme: Theme) -> tuple[list[Ink], list[Link]]:
    """Return the title block in a box, and the link of its code."""
    return block(stamp.title, stamp.enterprise, stamp.fields, stamp.address, box, theme)


def block(title: str, enterprise: str, rows: Rows, address: str, box: Box, theme: Theme) -> tuple[list[Ink], list[Link]]:  # noqa: PLR0917
    """Return a title block: enterprise and title above rows of fields, a code that leads to an address beside them; and its link."""
    black = ink(theme)
    inks: list[Ink] = [framed(box, black, MEDIUM)]
    top = box.top - HEADING
    code = Box(box.right - CODE, top - CODE, box.right, top)
    lines = wrapped(enterprise, box.width - 4, NAME, "bold", most=2)
    middle = (box.left + box.right) / 2
    if len(lines) == 1:
        inks.append(Text(lines[0], (middle, box.top - 4.8), NAME, "centre", weight="bold", colour=black))
        inks.append(Text(title, (middle, box.top - 11.8), TITLE, "centre", weight="bold", colour=black))
    else:
        inks += [
            Text(line, (middle, box.top - 3.2 - 4.4 * index), 3.4, "centre", weight="bold", colour=black)
            for index, line in enumerate(lines)
        ]
        inks.append(Text(title, (middle, box.top - 13.2), NAME, "centre", weight="bold", colour=black))
    inks.append(stroke(((box.left, top), (box.right, top)), black, FINE))
    inks += _fields(rows, Box(box.left, box.bottom, box.right, top), code, theme)
    inks += [stroke(((code.left, code.top), (code.left, code.bottom), (code.right, code.bottom)), black, FINE)]
    drawn, link = _qr(address, code, theme)
    return [*inks, *drawn], [link]


def _fields(rows: Sequence[Sequence[tuple[str, str]]], box: Box, code: Box, theme: Theme) -> list[Ink]:
    black = ink(theme)
    inks: list[Ink] = []
    for number, row in enumerate(rows):
        upper, lower = box.top - number * ROW, box.top - (number + 1) * ROW
        right = code.left if lower > code.bottom - ROW / 2 else box.right
        wide = (right - box.left) / len(row)
        for index, (name, value) in enumerate(row):
            left = box.left + index * wide
            y = (upper + lower) / 2
            room = wide - LABEL - 1.6
            size = TINY if width(value, TINY) <= room or width(value, TINY) > room * 1.08 else TINY * 0.96
            inks += [
                Text(name, (left + LABEL / 2, y), TINY, "centre", colour=black),
                Text(shortened(value, room, size), (left + LABEL + 0.9, y), size, colour=black),
                stroke(((left + LABEL, upper), (left + LABEL, lower)), black, FINE),
            ]
            if index:
                inks.append(stroke(((left, upper), (left, lower)), black, FINE))
        if lower > box.bottom + 1:
            inks.append(stroke(((box.left, lower), (right, lower)), black, FINE))
    return inks


def _qr(address: str, cell: Box, theme: Theme) -> tuple[list[Ink], Link]:
    """Return the code of an address, one dark run a row, and its link."""
    matrix = segno.make(address, error="m", micro=False, boost_error=False).matrix
    side = (cell.width - 4.0) / len(matrix)
    black = ink(theme)
    inks: list[Ink] = []
    for row, values in enumerate(matrix):
        begun: int | None = None
        for column, dark in enumerate((*values, 0)):
            if dark and begun is None:
                begun = column
            elif not dark and begun is not None:
                left, top = cell.left + 2.0 + begun * side, cell.top - 2.0 - row * side
                inks.append(filled(Box(left, top - side, left + (column - begun) * side, top), black))
                begun = None
    return inks, Link(cell, address)
