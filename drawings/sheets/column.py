"""The column at the right of a sheet: what stands at its top, tables, the legend, and the title block at its foot."""

from collections.abc import Sequence
from dataclasses import replace

from drawings.sheets import legend, tables, titleblock
from drawings.sheets.fonts import wrapped
from drawings.sheets.furniture import climate, north_arrow, wind_rose
from drawings.sheets.inks import MEDIUM, THIN, Ink, Link, Text, framed, ink
from drawings.sheets.legend import Entry
from drawings.sheets.paper import FRAME, LEADING, LEAST, TINY, Box
from drawings.sheets.tables import Table
from drawings.sheets.titleblock import Stamp
from gis.errors import QuanjingError
from styles.palette import Theme

GAP = 2.0
"""Between parts of the column, mm."""
COMPASS = 32.0
"""Height of north arrow and wind rose, mm."""
ROSE = 9.5
"""Radius of the wind rose, mm."""


class NoSpace(QuanjingError):
    """The tables of a sheet take more room than it has."""


def boxes(width: float) -> tuple[Box, Box]:
    """Return the box of the map and the box of the column, for a column of a width."""
    return Box(FRAME.left, FRAME.bottom, FRAME.right - width, FRAME.top), Box(FRAME.right - width, FRAME.bottom, FRAME.right, FRAME.top)


def compass(box: Box, theme: Theme) -> list[Ink]:
    """Return north arrow and wind rose in a box, with where the wind is from."""
    black, wind = ink(theme), climate()
    y = box.middle[1]
    inks = [framed(box, black, THIN), *north_arrow((box.left + 14, y), theme)]
    centre = (box.left + box.width * 0.42, y)
    inks += wind_rose(wind, centre, ROSE, theme)
    left = centre[0] + ROSE + 5.5
    words = ["风向频率玫瑰（%）", f"静风 {wind.calm:.1f} %", "静风、逆温为主"]
    inks += [
        Text(word, (left, y + 6.0 - 4.0 * index), TINY, weight="bold" if index == 0 else "regular", colour=black)
        for index, word in enumerate(words)
    ]
    for index, line in enumerate(wrapped(wind.label, box.right - left - 1.5, TINY, most=3)):
        inks.append(Text(line, (left, y - 7.2 - index * TINY * LEADING), TINY, colour=black))
    return inks


def _heights(blocks: Sequence[Sequence[Table]]) -> list[float]:
    return [max(tables.height(table) for table in block) for block in blocks]


def _fits(blocks: Sequence[Sequence[Table]], room: Box) -> bool:
    return sum(_heights(blocks)) + GAP * max(len(blocks) - 1, 0) <= room.height + 0.01


def _shortened(blocks: Sequence[Sequence[Table]], room: Box) -> Sequence[Sequence[Table]]:
    """Return rows of tables without the last rows of the tallest, which says so: a sheet that can't show all is better than none."""
    kept = [list(block) for block in blocks]
    left_out: dict[tuple[int, int], int] = {}
    shown = kept
    while not _fits(shown, room):
        tall = _heights(shown)
        row = tall.index(max(tall))
        place = max(range(len(kept[row])), key=lambda index: tables.height(shown[row][index]))
        table = kept[row][place]
        if not table.rows:
            break
        left_out[row, place] = left_out.get((row, place), 0) + 1
        kept[row][place] = replace(table, rows=table.rows[:-1])
        shown = [
            [tables.ending(table, left_out.get((row, index), 0)) for index, table in enumerate(block)] for row, block in enumerate(kept)
        ]
    return shown


def _blocks(blocks: Sequence[Sequence[Table]], box: Box, theme: Theme) -> list[Ink]:
    """Return rows of tables side by side, from above to below."""
    inks: list[Ink] = []
    y = box.top
    for block in blocks:
        spare = (box.width - sum(table.width for table in block)) / (len(block) + 1)
        x, ends = box.left, [y]
        for table in block:
            x += spare
            drawn, end = tables.drawn(table, x, y, theme)
            inks += drawn
            ends.append(end)
            x += table.width
        y = min(ends) - GAP
    return inks


def column(
    box: Box,
    stamp: Stamp,
    entries: Sequence[Entry],
    blocks: Sequence[Sequence[Table]],
    notes: Sequence[str],
    *,
    theme: Theme,
    legend_columns: int = 3,
    rose: bool = True,
    whole: bool = False,
) -> tuple[list[Ink], list[Link]]:
    """Return the column of a sheet.

    Parameters
    ----------
    box : Box
        The whole column.
    stamp, entries, notes
        What title block, legend and notes say.
    blocks : sequence of sequences of Table
        From above to below, those of a block side by side.
    legend_columns : int
    rose : bool
        Whether north arrow and wind rose stand at the top.
    whole : bool
        Whether no row may be left out.

    Where the tables take more room than there is, their type is smaller, which still is more than 2 mm high, then the legend is wider and
    lower; where that is not enough the last rows of the longest table are left out, and it says how many.

    Raises
    ------
    NoSpace
        It is not enough, and no row may be left out.
    """
    black = ink(theme)
    foot = Box(box.left, box.bottom, box.right, box.bottom + titleblock.height())
    inks: list[Ink] = [framed(box, black, MEDIUM)]
    drawn, links = titleblock.title_block(stamp, foot, theme)
    inks += drawn
    top = box.top
    if rose:
        inks += compass(Box(box.left, top - COMPASS, box.right, top), theme)
        top -= COMPASS
    lines = [line for index, note in enumerate(notes) for line in wrapped(f"{index + 1}. {note}", box.width - 12, TINY)]
    noted = len(lines) * TINY * LEADING

    def room(columns: int) -> Box:
        bottom = foot.top + legend.height(len(entries), columns) + GAP + (noted + GAP if lines else 0.0)
        return Box(box.left, bottom, box.right, top - GAP / 2)

    full = [some for block in blocks if (some := [table for table in block if table.rows])]
    smaller = [[replace(table, size=LEAST) for table in block] for block in full]
    tries = ((full, legend_columns), (smaller, legend_columns), (smaller, legend_columns + 1))
    shown: Sequence[Sequence[Table]] | None
    shown, columns = next(((rows, wide) for rows, wide in tries if _fits(rows, room(wide))), (None, legend_columns + 1))
    if shown is None:
        if whole:
            raise NoSpace(f"{full[-1][-1].title}：{sum(_heights(smaller)):.1f} mm")
        shown = _shortened(smaller, room(columns))
    key = Box(box.left, foot.top, box.right, foot.top + legend.height(len(entries), columns))
    inks += legend.legend(entries, key, columns, theme)
    if lines:
        y = key.top + GAP + noted
        inks.append(Text("注：", (box.left + 1.5, y - TINY * LEADING / 2), TINY, weight="bold", colour=black))
        inks += [Text(line, (box.left + 7.5, y - (index + 0.5) * TINY * LEADING), TINY, colour=black) for index, line in enumerate(lines)]
    return [*inks, *_blocks(shown, room(columns), theme)], links
