"""The column at the right of a sheet: what stands at its top, tables, the legend, and the title block at its foot."""

from collections.abc import Sequence

from drawings.sheets import legend, tables, titleblock
from drawings.sheets.fonts import wrapped
from drawings.sheets.furniture import climate, north_arrow, wind_rose
from drawings.sheets.inks import MEDIUM, THIN, Ink, Link, Text, framed, ink
from drawings.sheets.legend import Entry
from drawings.sheets.paper import FRAME, LEADING, TINY, Box
from drawings.sheets.tables import Table
from drawings.sheets.titleblock import Stamp
from styles.palette import Theme

GAP = 2.0
"""Between parts of the column, mm."""
COMPASS = 38.0
"""Height of north arrow and wind rose, mm."""
ROSE = 11.5
"""Radius of the wind rose, mm."""


class NoSpace(Exception):
    """The tables do not fit; a narrower map, or fewer rows, would."""


def boxes(width: float) -> tuple[Box, Box]:
    """Return the box of the map and the box of the column, for a column of a width."""
    return Box(FRAME.left, FRAME.bottom, FRAME.right - width, FRAME.top), Box(FRAME.right - width, FRAME.bottom, FRAME.right, FRAME.top)


def compass(box: Box, theme: Theme) -> list[Ink]:
    """Return north arrow and wind rose in a box, with where the wind is from."""
    black, wind = ink(theme), climate()
    y = box.middle[1] + 2.0
    inks = [framed(box, black, THIN), *north_arrow((box.left + 14, y), theme)]
    centre = (box.left + box.width * 0.42, y)
    inks += wind_rose(wind, centre, ROSE, theme)
    left = centre[0] + ROSE + 5.5
    words = ["风向频率玫瑰（%）", f"静风 {wind.calm:.1f} %", "静风、逆温为主"]
    inks += [Text(word, (left, y + 5.0 - 4.2 * index), TINY, weight="bold" if index == 0 else "regular", colour=black) for index, word in enumerate(words)]
    for index, line in enumerate(wrapped(wind.label, box.right - left - 1.5, TINY, most=3)):
        inks.append(Text(line, (left, y - 7.6 - index * TINY * LEADING), TINY, colour=black))
    return inks


def _stacks(listed: Sequence[Sequence[Table]], lefts: Sequence[float], top: float, bottom: float, theme: Theme) -> list[Ink]:
    inks: list[Ink] = []
    spill: list[Table] = []
    for stack, left in zip(listed, lefts, strict=True):
        y = top
        for table in [*spill, *stack]:
            if not table.rows:
                continue
            spill = []
            fit, rest = tables.split(table, y - bottom)
            if fit.rows:
                drawn, y = tables.drawn(fit, left, y, theme)
                inks += drawn
                y -= GAP
            if rest:
                spill.append(rest)
    if spill:
        print("NOSPACE", spill[0].title, len(spill[0].rows))
    return inks


def column(
    box: Box,
    stamp: Stamp,
    entries: Sequence[Entry],
    stacks: Sequence[Sequence[Table]],
    notes: Sequence[str],
    theme: Theme,
    *,
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
    stacks : sequence of sequences of Table
        Side by side, each from above to below; a table that does not fit goes on in the next stack.
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
    wide = [max((table.width for table in stack), default=0.0) for stack in stacks]
    spare = (box.width - sum(wide)) / (len(wide) + 1)
    lefts = [box.left + spare * (index + 1) + sum(wide[:index]) for index in range(len(wide))]
    return [*inks, *_stacks(stacks, lefts, top - GAP / 2, bottom, theme)], links
