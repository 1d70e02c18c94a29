"""Drawing B, the process flow: main processes in their order, materials and products, where pollution arises (F1 to F4)."""

from collections.abc import Sequence
from math import inf

from drawings.process import checks
from drawings.process.elk import LayoutFailed
from drawings.process.layout import Solve
from drawings.process.paths import arisings
from drawings.process.picture import LOOKS, MEDIA, Op, picture
from drawings.process.picture import Text as Words
from drawings.process.storing import layout_of
from drawings.process.words import NAME_MM, upgraded
from drawings.sheets import legend, tables, titleblock
from drawings.sheets.fonts import width, wrapped
from drawings.sheets.framing import frame
from drawings.sheets.inks import MEDIUM, THIN, Ink, Sheet, Text, filled, framed, ink
from drawings.sheets.legend import Entry
from drawings.sheets.paper import FRAME, LEADING, LEAST, TINY, TITLE, Box, Point
from drawings.sheets.plan import notes_of
from drawings.sheets.stamps import day_of, stamp
from drawings.sheets.tables import Column, Table
from gis.kinds import ENUMS
from gis.models.process import NodeType, PlacedNode, ProcessGraph, ProcessLayout, ProcessNode, ProcessStream, Route
from gis.models.sheet import TITLES, SheetFacts
from gis.pollutants import short_name
from styles.ops import Area, Stroke
from styles.palette import Theme
from styles.paths import placed

BLOCK_MM, KEY_MM = 124.0, 84.0
"""Widths of title block and legend, at the foot of the sheet."""
KEY_COLUMNS = 2
GAP = 2.0
MARGIN_MM = 5.0
LARGEST = 1.25
"""How much larger than it was laid out a small process is drawn."""
OVER = 2.0
"""How much wider than its symbol the name of a valve or an instrument may be, at the smallest type; else it covers what is beside."""
NOT_DRAWN = "生产流程工艺图未绘制"


def scaled(layout: ProcessLayout, room: Box) -> float:
    """Return the scale at which a picture fits a box, at most `LARGEST` times its usual type."""
    return min(LARGEST * NAME_MM / layout.text, room.width / layout.width, room.height / layout.height)


def inked(ops: Sequence[Op], at: Point, scale: float, theme: Theme) -> list[Ink]:
    """Return the operations of a picture on paper, its lower left corner at a point; no type is smaller than legible."""
    inks: list[Ink] = []
    for op in ops:
        if isinstance(op, Area):
            inks.append(Area(tuple(placed(path, at, scale) for path in op.paths), op.colour, op.opacity))
        elif isinstance(op, Stroke):
            dash = tuple(part * scale for part in op.dash_mm)
            inks.append(Stroke(placed(op.path, at, scale), op.colour, op.width_mm * scale, dash, round=op.round))
        else:
            inks += _worded(op, at, scale, theme)
    return inks


def _worded(words: Words, at: Point, scale: float, theme: Theme) -> list[Ink]:
    size = max(words.height_mm * scale, LEAST)
    x, y = at[0] + words.at[0] * scale, at[1] + words.at[1] * scale
    found: list[Ink] = []
    wide = width(words.text, size)
    across, high = (one * scale for one in words.room or (inf, inf))
    if wide > OVER * across or size > high:
        return []
    if words.halo or wide > across:
        half = wide / 2 + 0.3
        found.append(filled(Box(x - half, y - size * 0.5, x + half, y + size * 0.5), ink(theme, "paper")))
    return [*found, Text(words.text, (x, y), size, words.align, colour=words.colour)]


def stream_label(medium: str) -> str:
    """Return what the legend calls streams of a medium: on a flow sheet `sludge` is all that is solid waste, wire ends as well as sludge.

    >>> stream_label("sludge"), stream_label("gas")
    ('固废流', '废气流')
    """
    return "固废流" if medium == "sludge" else f"{ENUMS['pipe_medium'][medium]}流"


def entries(graph: ProcessGraph) -> list[Entry]:
    """Return what the legend must say of a graph: its types of nodes and the media of its streams."""
    types = {node.type for node in graph.nodes}
    media = {stream.medium if stream.medium in MEDIA else "process" for stream in graph.streams}
    names = ENUMS["node_type"] | {"pollution": "产污环节（突出标注）"}
    return [
        *(Entry("node", type_, names[type_]) for type_ in LOOKS if type_ in types),
        *(Entry("stream", medium, stream_label(medium)) for medium in MEDIA if medium in media),
    ]


def sample(one: Entry, box: Box, theme: Theme, scale: float, text: float) -> list[Ink]:
    """Return the sample of a line of the legend: drawn by the same hand and with the same pens as the picture."""
    wide, high = box.width / scale, 4.2 / scale
    graph, layout = ProcessGraph((), ()), ProcessLayout(wide, high, (), ())
    if one.how == "stream":
        stream = ProcessStream("", "", "", medium=one.style)
        graph, layout = ProcessGraph((), (stream,)), ProcessLayout(wide, high, (), (Route("", ((0.0, high / 2), (wide, high / 2))),), text)
    else:
        type_: NodeType = one.style  # type: ignore[assignment]
        side = (1.0, 1.0) if type_ == "junction" else (wide, high)
        graph = ProcessGraph((ProcessNode("", "", type_),), ())
        layout = ProcessLayout(wide, high, (PlacedNode("", wide / 2, high / 2, *side),), (), text)
    ops = [op for op in picture(graph, layout, theme) if not isinstance(op, Words)]
    return inked(ops, (box.left, box.middle[1] - 2.1), scale, theme)


def _treated(node: ProcessNode) -> str:
    """Return a treatment with what it was brought to."""
    return f"{node.unit_code or node.code} {node.name}{upgraded(node)}"


def pollution_table(graph: ProcessGraph, wide: float) -> Table:
    """Return where pollution arises, what treats it, whether that was upgraded, where it leaves."""
    columns = (
        Column("编号", 10.0, "centre"),
        Column("重点产污环节", 30.0, most=2),
        Column("污染物", 34.0, most=2),
        Column("治理设施（升级改造）", wide - 104.0, most=3),
        Column("去向", 30.0, most=2),
    )
    rows = tuple(
        (
            one.source.code,
            one.source.name,
            "、".join(short_name(pollutant) for pollutant in one.source.pollutants) or "—",
            "；".join(map(_treated, one.treatments)) or "无",
            "、".join(node.unit_code or node.name for node in one.ends) or "—",
        )
        for one in arisings(graph)
    )
    return Table("重点产污环节与治理设施", columns, rows)


def _listed(graph: ProcessGraph, type_: NodeType) -> str:
    names = [f"{node.name}（{node.amount}）" if node.amount else node.name for node in graph.nodes if node.type == type_]
    return "、".join(names) or "未填写"


def notes(facts: SheetFacts, layout: ProcessLayout | None) -> list[str]:
    """Return what stands below the table: materials, products, and the list of problems."""
    if facts.process is None:
        return [f"问题清单：{NOT_DRAWN}；画好后由 DXF 或工艺流程表导入。", *_invented(facts)]
    graph = facts.process.graph
    issues = [*checks.check(graph), *(checks.picture_issues(layout) if layout else [])]
    problems = [issue.message for issue in issues] + ([] if layout else ["流程无法排版，未能出图"])
    return [
        f"主要原辅料：{_listed(graph, 'material')}。",
        f"主要产品：{_listed(graph, 'product')}。",
        f"问题清单：{'；'.join(problems) or '无'}。",
        *_invented(facts),
    ]


def _invented(facts: SheetFacts) -> list[str]:
    # That nobody drew the boundary is no matter of this drawing.
    return [note for note in notes_of(facts) if not note.startswith("厂界")]


def _foot(table: Table | None, said: Sequence[str], listed: Sequence[Entry]) -> tuple[Box, list[str]]:
    """Return the band at the foot of the sheet, as high as what stands in it, and the lines of the notes."""
    wide = FRAME.width - BLOCK_MM - KEY_MM
    lines = [line for number, note in enumerate(said, 1) for line in wrapped(f"{number}. {note}", wide - 12, TINY)]
    below = len(lines) * TINY * LEADING + 2 * GAP
    rows = tables.height(table) + GAP if table and table.rows else 0.0
    high = max(titleblock.height(), legend.height(len(listed), KEY_COLUMNS), below + rows)
    return Box(FRAME.left, FRAME.bottom, FRAME.right, FRAME.bottom + high), lines


def _drawn(facts: SheetFacts, layout: ProcessLayout | None, room: Box, scale: float, theme: Theme) -> list[Ink]:
    """Return the picture in the middle of its room, or in words that there is none."""
    if facts.process is None or layout is None:
        words = NOT_DRAWN if facts.process is None else "流程无法排版，未能出图"
        return [Text(words, room.middle, TITLE, "centre", weight="bold", colour=ink(theme))]
    across, up = layout.width * scale, layout.height * scale
    at = (room.middle[0] - across / 2, room.middle[1] - up / 2)
    return inked(picture(facts.process.graph, layout, theme), at, scale, theme)


def _laid(facts: SheetFacts, solve: Solve) -> ProcessLayout | None:
    if facts.process is None:
        return None
    try:
        return layout_of(facts.process, solve)
    except LayoutFailed:
        return None


def flow(facts: SheetFacts, theme: Theme, base_url: str, solve: Solve) -> Sheet:
    """Return the process flow of an enterprise; of one without, a sheet that says so.

    Parameters
    ----------
    facts : SheetFacts
    theme : str
    base_url : str
    solve : callable
        As of `drawings.process.storing.layout_of`: asked only where the stored places do not stand.
    """
    layout = _laid(facts, solve)
    graph = facts.process.graph if facts.process and layout else None
    listed = entries(graph) if graph else []
    wide = FRAME.width - BLOCK_MM - KEY_MM - 2 * GAP
    table = pollution_table(graph, wide) if graph else None
    band, lines = _foot(table, notes(facts, layout), listed)
    room = Box(FRAME.left, band.top, FRAME.right, FRAME.top).inset(MARGIN_MM)
    scale, text = (scaled(layout, room), layout.text) if layout else (1.0, NAME_MM)
    block = Box(FRAME.right - BLOCK_MM, band.bottom, FRAME.right, band.bottom + titleblock.height())
    key = Box(block.left - KEY_MM, band.bottom, block.left, band.top)
    black = ink(theme)
    drawn, links = titleblock.title_block(stamp(facts, "B", None, base_url), block, theme)
    inks: list[Ink] = [*_drawn(facts, layout, room, scale, theme), framed(band, black, MEDIUM), *drawn]
    inks += legend.legend(listed, key, KEY_COLUMNS, theme, draw=lambda one, box, theme: sample(one, box, theme, scale, text))
    y = band.top - GAP / 2
    if table and table.rows:
        rows, y = tables.drawn(table, FRAME.left + GAP, y, theme)
        inks += rows
    inks.append(Text("注：", (FRAME.left + 1.5, y - GAP - TINY * LEADING / 2), TINY, weight="bold", colour=black))
    inks += [
        Text(line, (FRAME.left + 7.5, y - GAP - (index + 0.5) * TINY * LEADING), TINY, colour=black) for index, line in enumerate(lines)
    ]
    if block.top < band.top - 0.1:
        inks.append(framed(Box(block.left, block.top, block.right, band.top), black, THIN))
    return Sheet(
        (*frame(theme), *inks),
        tuple(links),
        f"{facts.enterprise.name}{TITLES['B']}",
        facts.enterprise.code or "",
        day_of(facts, "B"),
    )
