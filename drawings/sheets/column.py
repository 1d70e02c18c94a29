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


def _blocks(blocks: Sequence[Sequence[Table]], box: Box, theme: Theme) -> list[Ink]:
    """Return rows of tables side by side, from above to below."""
    inks: list[Ink] = []
    y = box.top
    for block in blocks:
        shown = [table for table in block if table.rows]
        spare = (box.width - sum(table.width for table in shown)) / (len(shown) + 1)
        x, ends = box.left, [y]
        for table in shown:
            x += spare
            drawn, end = tables.drawn(table, x, y, theme)
            inks += drawn
            ends.append(end)
            x += table.width
        y = min(ends) - (GAP if shown else 0.0)
    if y < box.bottom - GAP - 0.01:
        raise NoSpace(f"{blocks[-1][-1].title}：{box.bottom - y:.1f} mm")
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

    Raises
    ------
    NoSpace
        The tables take more room than there is.
    """
    black = ink(theme)
    foot = Box(box.left, box.bottom, box.right, box.bottom + titleblock.height())
    key = Box(box.left, foot.top, box.right, foot.top + legend.height(len(entries), legend_columns))
    inks: list[Ink] = [framed(box, black, MEDIUM)]
    drawn, links = titleblock.title_block(stamp, foot, theme)
    inks += [*drawn, *legend.legend(entries, key, legend_columns, theme)]
    top, bottom = box.top, key.top + GAP
    if rose:
        inks += compass(Box(box.left, top - COMPASS, box.right, top), theme)
        top -= COMPASS
    lines = [line for index, note in enumerate(notes) for line in wrapped(f"{index + 1}. {note}", box.width - 12, TINY)]
    if lines:
        y = bottom + len(lines) * TINY * LEADING
        inks.append(Text("注：", (box.left + 1.5, y - TINY * LEADING / 2), TINY, weight="bold", colour=black))
        inks += [Text(line, (box.left + 7.5, y - (index + 0.5) * TINY * LEADING), TINY, colour=black) for index, line in enumerate(lines)]
        bottom = y + GAP
    room = Box(box.left, bottom, box.right, top - GAP / 2)
    try:
        return [*inks, *_blocks(blocks, room, theme)], links
    except NoSpace:
        # Smaller type, which still is more than 2 mm high, before nothing at all.
        smaller = [[replace(table, size=LEAST) for table in block] for block in blocks]
        return [*inks, *_blocks(smaller, room, theme)], links
