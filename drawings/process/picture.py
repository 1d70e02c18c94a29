"""A process graph drawn: its layout as drawing operations (`styles.ops`) and as SVG, pollution steps highlighted.

Operations are in layout units (millimetres where the graph was laid out here), y up, origin at the lower left of the drawn part.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from drawings.process.words import LEADING, NAME_MM, SMALL_MM, Line, columns, lines_of
from gis.models.process import NodeType, PlacedNode, ProcessGraph, ProcessLayout, ProcessNode
from styles.ops import Area, Stroke
from styles.palette import Theme, colour
from styles.paths import Path, Point
from styles.tokens import Rgb

FONT = "Noto Sans CJK SC, Source Han Sans SC, SimHei, sans-serif"
MAIN_MM, EDGE_MM, THIN_MM = 0.7, 0.4, 0.25
"""Pens: main flow, boxes, the rest (ISO 10628-1 has 1.0, 0.5 and 0.25 on sheets of A1)."""
ARROW_MM = 2.6
SIGN_MM = 4.6
"""Side of the warning triangle of a pollution step."""
LEAST_SHARE = 0.4
"""Words that a symbol of somebody's drawing has less room for are left out."""
MEDIA = {
    "process": "ink",
    "gas": "gas",
    "sewage": "sewage",
    "rain": "rain",
    "sludge": "sludge",
    "reuse": "reuse",
    "water": "supply",
    "fuel": "fuel",
}
"""Medium of a stream → colour token."""
DASHES: dict[str, tuple[float, ...]] = {"gas": (2.4, 1.2), "sludge": (0.9, 0.9)}


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    text: str
    at: Point
    """Middle of the text's height, at its left or centre."""
    height_mm: float
    """Of a full-width character."""
    align: Literal["left", "centre"]
    colour: Rgb
    halo: Rgb | None = None
    """What they stand on where they stand on a line: a backend clears it below them."""
    room: tuple[float, float] | None = None
    """How wide and high the symbol is that they name, where they may be left out rather than cover it."""


Op = Area | Stroke | Text


@dataclass(frozen=True, slots=True)
class Look:
    """How nodes of a type look."""

    fill: str
    """Colour token."""
    stroke: str
    width_mm: float = EDGE_MM
    shape: Literal["box", "pill", "flag", "none"] = "box"
    tint: float = 1.0
    """Opacity of the fill."""


LOOKS: dict[NodeType, Look] = {
    "material": Look("paper", "flow", EDGE_MM, "flag"),
    "step": Look("paper", "ink", 0.5),
    "pollution": Look("warn.yellow", "danger.red", 0.6, tint=0.35),
    "treatment": Look("treatment", "treatment", 0.5, tint=0.16),
    "outlet": Look("env.green", "env.green", EDGE_MM, "pill", tint=0.1),
    "product": Look("flow", "flow", EDGE_MM, "pill", tint=0.14),
    "disposal": Look("paper", "base", THIN_MM, "pill"),
    "device": Look("paper", "ink", THIN_MM, "pill"),
    "junction": Look("ink", "ink", THIN_MM),
}


def _outline(box: PlacedNode, shape: str) -> Path:
    left, right = box.x - box.width / 2, box.x + box.width / 2
    low, high = box.y - box.height / 2, box.y + box.height / 2
    if shape == "flag":
        # A raw material points into the process; the arrow starts at its tip.
        nose = min(3.0, box.width / 4)
        corners = [(left, low), (right - nose, low), (right, box.y), (right - nose, high), (left, high)]
        return Path(tuple((x, y, 0.0) for x, y in corners), closed=True)
    if shape == "pill":
        turn = math.tan(math.pi / 8)
        r = min(box.height, box.width) / 2 * 0.7
        return Path(
            (
                (left + r, low, 0.0), (right - r, low, turn), (right, low + r, 0.0), (right, high - r, turn),
                (right - r, high, 0.0), (left + r, high, turn), (left, high - r, 0.0), (left, low + r, turn),
            ),
            closed=True,
        )  # fmt: skip
    return Path(tuple((x, y, 0.0) for x, y in ((left, low), (right, low), (right, high), (left, high))), closed=True)


def _sign(middle: Point, side: float, theme: Theme) -> Iterator[Op]:
    """Yield the warning sign: a triangle with a mark in it."""
    x, y = middle
    high = side * math.sqrt(3) / 2
    corners = ((x - side / 2, y - high / 2, 0.0), (x + side / 2, y - high / 2, 0.0), (x, y + high / 2, 0.0))
    yield Area((Path(corners, closed=True),), colour("danger.red", theme))
    yield Text("!", (x, y - side * 0.1), side * 0.72, "centre", colour("white", theme))


def _written(lines: Sequence[Line], middle: Point, scale: float, theme: Theme, room: tuple[float, float] | None) -> Iterator[Text]:
    heights = [line.height * scale for line in lines]
    y = middle[1] + sum(heights) * LEADING / 2
    for line, height in zip(lines, heights, strict=True):
        y -= height * LEADING / 2
        token = "ink.soft" if line.tone == "code" else "ink"
        yield Text(line.text, (round(middle[0], 2), round(y, 2)), round(height, 2), "centre", colour(token, theme), room=room)
        y -= height * LEADING / 2


def _node(node: ProcessNode, box: PlacedNode, scale: float, theme: Theme) -> Iterator[Op]:
    look = LOOKS[node.type]
    path = _outline(box, look.shape)
    yield Area((path,), colour("paper", theme))
    if look.fill != "paper":
        yield Area((path,), colour(look.fill, theme), look.tint)
    yield Stroke(path, colour(look.stroke, theme), look.width_mm * scale)
    middle = (box.x, box.y)
    if node.type == "pollution":
        yield from _sign((box.x - box.width / 2 + 3.6 * scale, box.y), SIGN_MM * scale, theme)
        middle = (box.x + 2.6 * scale, box.y)
    elif look.shape == "flag":
        middle = (box.x - 0.8 * scale, box.y)
    lines = lines_of(node)
    if (share := _room(lines, box, scale)) >= LEAST_SHARE:
        yield from _written(lines, middle, scale * share, theme, (box.width, box.height) if node.type == "device" else None)


def _room(lines: Sequence[Line], box: PlacedNode, scale: float) -> float:
    """Return how much of their size words have room for in a box, at most 1; a box made for its words has all of it."""
    wide = max((columns(line.text) * line.height for line in lines), default=0.0) * scale
    high = sum(line.height * LEADING for line in lines) * scale
    return min(1.0, box.width / wide, box.height / high) if lines else 1.0


def _arrow(points: Sequence[Point], size: float, ink: Rgb) -> Area:
    """Return the head at the end of a route."""
    (x1, y1), (x, y) = points[-2], points[-1]
    length = math.dist((x1, y1), (x, y)) or 1.0
    u, v = (x - x1) / length, (y - y1) / length
    back = (x - u * size, y - v * size)
    half = size * 0.32
    corners = ((x, y, 0.0), (back[0] - v * half, back[1] + u * half, 0.0), (back[0] + v * half, back[1] - u * half, 0.0))
    return Area((Path(corners, closed=True),), ink)


def picture(graph: ProcessGraph, layout: ProcessLayout, theme: Theme = "light") -> tuple[Op, ...]:
    """Return the operations that draw a graph, from below to above.

    Parameters
    ----------
    graph : ProcessGraph
    layout : ProcessLayout
        Of that graph: nodes and routes in its order.
    theme : Theme

    Returns
    -------
    tuple of Area, Stroke and Text
        Layout units, y up, within (0, 0) and (`layout.width`, `layout.height`).
    """
    scale = layout.text / NAME_MM
    ops: list[Op] = []
    words: list[Op] = []
    for stream, route in zip(graph.streams, layout.routes, strict=True):
        ink = colour(MEDIA.get(stream.medium, "ink"), theme)
        width = (MAIN_MM if stream.medium == "process" else EDGE_MM) * scale
        dash = tuple(part * scale for part in DASHES.get(stream.medium, ()))
        if len(route.points) >= 2:
            ops.append(Stroke(Path(tuple((x, y, 0.0) for x, y in route.points)), ink, width, dash))
            ops.append(_arrow(route.points, ARROW_MM * scale, ink))
        if stream.carries and route.label:
            height = SMALL_MM * scale
            words.append(Text(stream.carries, route.label, height, "centre", ink, colour("paper", theme)))
    for node, box in zip(graph.nodes, layout.nodes, strict=True):
        ops += _node(node, box, scale, theme)
    return (*ops, *words)


def _hex(ink: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*ink)


def _svg_path(path: Path, top: float) -> str:
    rows = list(path.vertices)
    said = [f"M{rows[0][0]:.2f} {top - rows[0][1]:.2f}"]
    ends = [*rows[1:], rows[0]] if path.closed else rows[1:]
    for (x1, y1, bulge), (x2, y2, _) in zip(rows, ends, strict=False):
        if bulge:
            radius = math.dist((x1, y1), (x2, y2)) * (1 + bulge**2) / (4 * abs(bulge))
            said.append(f"A{radius:.2f} {radius:.2f} 0 0 {0 if bulge > 0 else 1} {x2:.2f} {top - y2:.2f}")
        else:
            said.append(f"L{x2:.2f} {top - y2:.2f}")
    return "".join(said) + ("Z" if path.closed else "")


def _svg_op(op: Op, top: float) -> str:
    if isinstance(op, Area):
        opacity = f' fill-opacity="{op.opacity:g}"' if op.opacity < 1 else ""
        return f'<path d="{"".join(_svg_path(path, top) for path in op.paths)}" fill="{_hex(op.colour)}"{opacity} fill-rule="evenodd"/>'
    if isinstance(op, Stroke):
        dash = f' stroke-dasharray="{" ".join(f"{part:.2f}" for part in op.dash_mm)}"' if op.dash_mm else ""
        return f'<path d="{_svg_path(op.path, top)}" fill="none" stroke="{_hex(op.colour)}" stroke-width="{op.width_mm:.2f}"{dash}/>'
    anchor = "middle" if op.align == "centre" else "start"
    halo = f' stroke="{_hex(op.halo)}" stroke-width="{op.height_mm * 0.35:.2f}" paint-order="stroke"' if op.halo else ""
    # Seven parts of twenty of the height lie below the middle line of a full-width character's ink.
    at = f'x="{op.at[0]:.2f}" y="{top - op.at[1] + op.height_mm * 0.36:.2f}"'
    return f'<text {at} font-size="{op.height_mm:.2f}" text-anchor="{anchor}" fill="{_hex(op.colour)}"{halo}>{escape(op.text)}</text>'


def svg(graph: ProcessGraph, layout: ProcessLayout, theme: Theme = "light", *, ground: bool = True) -> str:
    """Return a graph as SVG, millimetres; without `ground` what lies below it is seen."""
    width, height = layout.width, layout.height
    drawn = "\n".join(_svg_op(op, height) for op in picture(graph, layout, theme))
    paper = f'<rect width="100%" height="100%" fill="{_hex(colour("paper", theme))}"/>' if ground else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.2f}mm" height="{height:.2f}mm" viewBox="0 0 {width:.2f} {height:.2f}"'
        f' font-family="{FONT}">{paper}\n{drawn}\n</svg>\n'
    )
