"""What differs between two versions of a production process, as one picture: what both show in grey, each change in its own manner."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import dist, inf

import shapely

from drawings.process.elk import LayoutFailed
from drawings.process.layout import Solve, laid_out
from drawings.process.picture import Op, picture
from drawings.process.picture import Text as Words
from drawings.sheets.flow import inked, scaled
from drawings.sheets.fonts import width
from drawings.sheets.inks import Ink, Text, filled, ink
from drawings.sheets.legend import Entry
from drawings.sheets.legend import inked as plain
from drawings.sheets.maps import Map
from drawings.sheets.paper import SMALL, TITLE, Box, Point
from drawings.sheets.window import Window
from gis.models.feature import Feature
from gis.models.process import ProcessGraph
from gis.models.version import CHANGES, Difference
from gis.store.process import node_of, stream_of
from styles.library import lines
from styles.ops import Area, Stroke, line_ops
from styles.palette import Theme

NODE, STREAM = "process_node", "process_stream"


def united(difference: Difference) -> ProcessGraph:
    """Return the process that holds what either version shows, in its order; what both show is as the later one has it."""
    shown: dict[tuple[str, str], Feature] = {}
    for feature in (*difference.same, *(one.feature for one in difference.changes)):
        if feature.code:
            shown.setdefault((feature.kind, feature.code), feature)
    ordered = sorted(shown.values(), key=lambda feature: (feature.attributes.get("seq") or inf, feature.code or ""))
    told = [(one.kind, {**one.attributes, "code": one.code, "name": one.name, "feature_id": one.feature_id}) for one in ordered]
    nodes = tuple(node_of(row) for kind, row in told if kind == NODE)
    codes = {node.code for node in nodes}
    streams = (stream_of(row) for kind, row in told if kind == STREAM)
    return ProcessGraph(nodes, tuple(one for one in streams if {one.source, one.target} <= codes))


def _greyed(ops: tuple[Op, ...], theme: Theme) -> Iterator[Op]:
    grey, paper, sign = ink(theme, "base"), ink("light", "paper"), ink("light", "danger.red")
    for op in ops:
        if isinstance(op, Stroke):
            yield replace(op, colour=grey)
        elif isinstance(op, Area) and op.opacity == 1 and op.colour != sign:
            yield replace(op, colour=ink(theme, "paper") if op.colour == paper else grey)


def _numbered(number: int, at: Point, theme: Theme) -> list[Ink]:
    said, half = str(number), width(str(number), SMALL, "bold") / 2 + 0.4
    ground = Box(at[0] - half, at[1] - SMALL * 0.55, at[0] + half, at[1] + SMALL * 0.55)
    return [filled(ground, ink(theme, "paper")), Text(said, at, SMALL, "centre", weight="bold", colour=ink(theme))]


def drawn(difference: Difference, room: Box, theme: Theme, solve: Solve) -> tuple[list[Ink], list[Entry]]:
    """Return the picture in the middle of its room, each change with its number of the list, and what the legend must say of it."""
    graph = united(difference)
    try:
        layout = laid_out(graph, solve)
    except LayoutFailed:
        return [Text("流程无法排版，差异见表", room.middle, TITLE, "centre", weight="bold", colour=ink(theme))], []
    scale = scaled(layout, room)
    at = (room.middle[0] - layout.width * scale / 2, room.middle[1] - layout.height * scale / 2)

    def on_paper(point: Point) -> Point:
        return at[0] + point[0] * scale, at[1] + point[1] * scale

    ops = picture(graph, layout, "light")
    # Nothing warns here but the changes.
    words = [replace(op, colour=ink(theme)) for op in ops if isinstance(op, Words) and op.text != "!"]
    sheet = Map(Window(room, 1, (0.0, 0.0)), theme)
    sheet.inks += inked(tuple(_greyed(ops, theme)), at, scale, theme)
    sheet.note(Entry("line", "change-same", "未变的节点、物流"))
    boxes, ways = {box.code: box for box in layout.nodes}, {way.code: way.points for way in layout.routes}
    numbers: list[Ink] = []
    changed = []
    for number, one in enumerate(difference.changes, 1):
        code, label = one.feature.code or "", CHANGES[one.change]
        if one.feature.kind == NODE and code in boxes:
            box = boxes[code]
            (left, low), (right, high) = (on_paper((box.x + side * box.width / 2, box.y + side * box.height / 2)) for side in (-1, 1))
            sheet.fill(shapely.box(left, low, right, high), f"change-{one.change}", label)
            numbers += _numbered(number, (left + 1.0, high + SMALL * 0.75), theme)
            changed.append(box)
        elif one.feature.kind == STREAM and len(ways.get(code, ())) > 1:
            way = [on_paper(point) for point in ways[code]]
            sheet.inks += plain(line_ops(lines()[f"change-{one.change}"], way, theme))
            sheet.note(Entry("line", f"change-{one.change}", f"{label}（物流）"))
            (x0, y0), (x1, y1) = max(pairwise(way), key=lambda piece: dist(*piece))
            numbers += _numbered(number, ((x0 + x1) / 2, (y0 + y1) / 2), theme)
    for op in words:
        inside = any(abs(op.at[0] - box.x) <= box.width / 2 and abs(op.at[1] - box.y) <= box.height / 2 for box in changed)
        sheet.inks += inked((replace(op, halo=ink(theme, "paper")) if inside else op,), at, scale, theme)
    return [*sheet.inks, *numbers], list(sheet.entries.values())
