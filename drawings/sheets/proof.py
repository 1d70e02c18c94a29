"""Checking a printed sheet: E701 to E705 of the drafting norm, read from the PDF alone."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shapely import STRtree

from drawings.ledger import finding
from drawings.sheets import fonts
from drawings.sheets.inks import FINE, MEDIUM, THICK, THIN, ink
from drawings.sheets.paper import FRAME, Box
from drawings.sheets.printed import Paint, Printed, Run, Shape
from drawings.sheets.titleblock import FIELDS
from gis.issues import CODES, Issue, Place
from styles.palette import Theme

LEAST_MM = 2.0
"""Least height of a Chinese character on paper (norm, E702)."""
CHARACTER = 0.92
"""Height of a Chinese character of Noto Sans CJK, of the type's size."""
TOUCH_MM2 = 0.02
NEAR = 0.06
"""How far two measures of one shape may differ, mm or mm²: the file's rounding."""
SYMBOL_MM = 5.6
"""A sample no larger than this is a symbol."""
KEY_ROW_MM, KEY_SAMPLE_MM, KEY_LINE_MM = 5.4, 14.8, 2.7
"""Of the legend: from row to row, the sample with what is left of it, and more than from line to line of one label but less than from
the last line of one label to the first of the next."""
PENS = (FINE, THIN, MEDIUM, 0.5, THICK)


def issue(code: str, message: str, hint: str = "") -> Issue:
    """Return a fault of a sheet; its hint, where none fits better, is that of the code."""
    return finding(code, message, hint or CODES[code].hint, Place())


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a printed legend."""

    label: str
    shapes: tuple[Shape, ...]

    @property
    def is_symbol(self) -> bool:
        """Whether its sample is a symbol: small, and the same on the map."""
        return all(shape.box.width <= SYMBOL_MM and shape.box.height <= SYMBOL_MM for shape in self.shapes)


@dataclass(frozen=True, slots=True)
class Parts:
    """Where what stands on a sheet."""

    map: Box
    legend: Box
    block: Box


def parts(page: Printed) -> Parts | None:
    """Return the parts of a sheet: legend and title block by their frames; None where they are not found."""
    heading = page.find("图例")
    if heading is None:
        return None
    frames = [shape.box for shape in page.shapes if shape.paint.stroke and len(shape.points) in (4, 5) and shape.box.holds(heading.middle)]
    frames = [box for box in frames if box.width < 200 and box.height < 150]
    if not frames:
        return None
    legend = min(frames, key=lambda box: box.width * box.height)
    if legend.bottom > FRAME.bottom + 1:
        # A column at the right of a map: the title block below the legend.
        block = Box(legend.left, FRAME.bottom, legend.right, legend.bottom)
        return Parts(Box(FRAME.left, FRAME.bottom, legend.left, FRAME.top), legend, block)
    # A band at the foot of a picture: the title block beside the legend.
    return Parts(Box(FRAME.left, legend.top, FRAME.right, FRAME.top), legend, Box(legend.right, FRAME.bottom, FRAME.right, legend.top))


def overlaps(page: Printed) -> list[Issue]:
    """Return E701 for each pair of texts that touch."""
    areas = [run.area for run in page.runs]
    pairs = STRtree(areas).query(areas, predicate="intersects").T if areas else []
    found = []
    for one, other in pairs:
        if one < other and areas[one].intersection(areas[other]).area > TOUCH_MM2:
            texts = f"“{page.runs[one].text}”与“{page.runs[other].text}”"
            found.append(issue("E701", f"注记压盖：{texts}"))
    return found


def small(page: Printed) -> list[Issue]:
    """Return E702 for each size of type that is too small."""
    sizes = Counter(round(run.size * CHARACTER, 2) for run in page.runs if run.size * CHARACTER < LEAST_MM)
    return [issue("E702", f"字高 {height} mm，小于 {LEAST_MM:.1f} mm（{count} 处）") for height, count in sorted(sizes.items())]


def glyphs(page: Printed) -> list[Issue]:
    """Return E703 for characters that the font does not have: they are printed as boxes."""
    lost = fonts.missing("".join(run.text for run in page.runs))
    return [issue("E703", f"缺字：{' '.join(lost)}")] if lost else []


def rows(page: Printed, legend: Box) -> list[Row]:
    """Return the lines of a printed legend: each label with the shapes of its sample."""
    labels: list[list[Run]] = []
    for run in page.within(legend):
        if run.text.replace(" ", "") == "图例":
            continue
        last = labels[-1][-1] if labels else None
        if last and abs(last.at[0] - run.at[0]) < 0.2 and 0 < last.at[1] - run.at[1] < KEY_LINE_MM:
            labels[-1].append(run)
        else:
            labels.append([run])
    inside = [shape for shape in page.shapes if shape.box.width < legend.width - 1 and legend.holds(shape.box.middle)]
    found = []
    for runs in labels:
        left = runs[0].at[0]
        y = sum(run.middle[1] for run in runs) / len(runs)
        sample = Box(left - KEY_SAMPLE_MM, y - KEY_ROW_MM / 2, left - 0.6, y + KEY_ROW_MM / 2)
        found.append(Row("".join(run.text for run in runs), tuple(shape for shape in inside if sample.holds(shape.box.middle))))
    return found


def _same(one: Shape, other: Shape) -> bool:
    if one.paint != other.paint or len(one.points) != len(other.points):
        return False
    return all(abs(a - b) <= NEAR + 0.01 * b for a, b in zip(one.measure, other.measure, strict=True))


def places(row: Row, shapes: Sequence[Shape]) -> list[int]:
    """Return where in a sequence of shapes a symbol begins that looks as a line of the legend does."""
    count = len(row.shapes)
    return [
        start
        for start in range(len(shapes) - count + 1)
        if _same(shapes[start], row.shapes[0]) and all(_same(shapes[start + step], row.shapes[step]) for step in range(1, count))
    ]


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a legend the map shows."""

    counts: dict[str, int]
    """Label → how often its symbol stands on the map, or how many shapes have its paint."""
    unexplained: tuple[Shape, ...]
    """Shapes of the map that no line of the legend explains."""


def _furniture(theme: Theme) -> set[Paint]:
    """Return the paints of what needs no explanation: grid, leaders, frames, the ground below texts, the scale bar."""
    black, grey, paper = ink(theme), ink(theme, "base"), ink(theme, "paper")
    pens = {Paint(True, black, round(pen, 2), ()) for pen in PENS}
    return pens | {Paint(True, grey, FINE, ()), Paint(False, paper, 0.0, ()), Paint(False, black, 0.0, ())}


def shown(page: Printed, where: Parts, theme: Theme) -> Shown:
    """Return how often the map shows what each line of the legend says, and what the legend does not say."""
    area = where.map.inset(-0.1)
    on_map = [
        shape for shape in page.shapes if area.holds((shape.box.left, shape.box.bottom)) and area.holds((shape.box.right, shape.box.top))
    ]
    on_map = [shape for shape in on_map if not (shape.box.width > where.map.width - 1 and shape.box.height > where.map.height - 1)]
    counts: dict[str, int] = {}
    explained: set[int] = set()
    paints = _furniture(theme)
    for row in rows(page, where.legend):
        if row.shapes and row.is_symbol:
            starts = places(row, on_map)
            counts[row.label] = len(starts)
            explained |= {start + step for start in starts for step in range(len(row.shapes))}
        else:
            own = {shape.paint for shape in row.shapes}
            paints |= own
            seen = Counter(shape.paint for shape in on_map)
            # A sample of which one paint is nowhere on the map stands for nothing there.
            counts[row.label] = min((seen[paint] for paint in own), default=0)
    rest = [shape for index, shape in enumerate(on_map) if index not in explained and shape.paint not in paints]
    return Shown(counts, tuple(rest))


def legend(page: Printed, theme: Theme) -> list[Issue]:
    """Return E704 for each line of the legend that the map does not show, and for what the map shows without a line."""
    where = parts(page)
    if where is None:
        return [issue("E704", "没有图例", "补图例")]
    found = shown(page, where, theme)
    faults = [issue("E704", f"图例“{label}”图上没有", "从图例删去") for label, count in found.counts.items() if not count]
    paints = Counter(shape.paint for shape in found.unexplained)
    for paint, count in paints.items():
        what = f"线（{paint.width} mm）" if paint.stroke else "填充"
        faults.append(issue("E704", f"图上有图例没有的{what}，颜色 {paint.colour}，{count} 处", "补图例"))
    return faults


def fields(page: Printed) -> dict[str, str]:
    """Return what the title block says: name of a field → value, empty where nothing stands."""
    where = parts(page)
    runs = page.within(where.block) if where else []
    found = {}
    for name in FIELDS:
        label = next((run for run in runs if run.text == name), None)
        if label is None:
            continue
        row = [run for run in runs if abs(run.middle[1] - label.middle[1]) < 1.5 and run.at[0] > label.at[0]]
        row.sort(key=lambda run: run.at[0])
        value = row[0].text if row and row[0].text not in FIELDS else ""
        found[name] = value
    return found


def block(page: Printed) -> list[Issue]:
    """Return E705 for each field of the title block that is missing or empty."""
    said = fields(page)
    return [issue("E705", f"标题栏“{name}”为空") for name in FIELDS if not re.sub(r"\s", "", said.get(name, ""))]


def proof(page: Printed, theme: Theme) -> list[Issue]:
    """Return all faults of a printed sheet.

    Parameters
    ----------
    page : Printed
        As `drawings.sheets.printed.read_printed` reads it.
    theme : str
        That it was printed in.
    """
    return [*overlaps(page), *small(page), *glyphs(page), *legend(page, theme), *block(page)]
