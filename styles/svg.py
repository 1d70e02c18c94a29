"""Symbols as SVG: plain ones for any program, and ones whose colour QGIS may change (`param(fill)`)."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

from styles.ops import MITER_LIMIT, Area, Op, Stroke, mark_ops, marks_mm, symbol_ops, tile_mm, tile_ops
from styles.palette import Theme, colour
from styles.paths import Arc, Path, pieces
from styles.symbol import GRID, MARGIN, Fill, Line, State, Symbol
from styles.tokens import Rgb

SIDE = GRID + 2 * MARGIN


def number(value: float) -> str:
    """Return a number with at most four decimals, without needless noughts.

    >>> number(3.0), number(0.33333), number(-0.00001)
    ('3', '0.3333', '0')
    """
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def data(path: Path) -> str:
    """Return a path's `d`; y is turned over, arcs stay arcs."""
    x, y, _ = path.vertices[0]
    parts = [f"M{number(x)} {number(-y)}"]
    for piece in pieces(path):
        end = f"{number(piece.end[0])} {number(-piece.end[1])}"
        if isinstance(piece, Arc):
            # No piece is longer than a half circle, save by a bulge over 1; y down turns counter-clockwise into sweep 0.
            large, sweep = int(abs(piece.sweep) > 3.1416), int(piece.sweep < 0)
            parts.append(f"A{number(piece.radius)} {number(piece.radius)} 0 {large} {sweep} {end}")
        else:
            parts.append(f"L{end}")
    return "".join([*parts, "Z" if path.closed else ""])


def elements(ops: Iterable[Op], changeable: Rgb | None = None) -> str:
    """Return areas and strokes as `<path>` elements, one a line.

    Parameters
    ----------
    ops : iterable of Op
    changeable : tuple of int, optional
        The colour that QGIS may change.
    """

    def paint(colour: Rgb) -> str:
        code = "#{:02x}{:02x}{:02x}".format(*colour)
        return f"param(fill) {code}" if colour == changeable else code

    lines = []
    for op in ops:
        if isinstance(op, Area):
            opacity = f' fill-opacity="{number(op.opacity)}"' if op.opacity < 1 else ""
            joined = "".join(data(path) for path in op.paths)
            lines.append(f'<path d="{joined}" fill="{paint(op.colour)}" fill-rule="evenodd"{opacity}/>')
        elif isinstance(op, Stroke):
            shape = ' stroke-linecap="round" stroke-linejoin="round"' if op.rounded else f' stroke-miterlimit="{number(MITER_LIMIT)}"'
            dash = f' stroke-dasharray="{" ".join(map(number, op.dash_mm))}"' if op.dash_mm else ""
            lines.append(
                f'<path d="{data(op.path)}" fill="none" stroke="{paint(op.colour)}" stroke-width="{number(op.width_mm)}"{shape}{dash}/>'
            )
    return "\n".join(lines)


def document(symbol: Symbol, theme: Theme = "light", state: State = "normal", changeable: bool = False) -> str:
    """Return a symbol as an SVG file of its sheet size, margin included.

    Parameters
    ----------
    symbol : Symbol
    theme, state
        See `styles.palette.Theme`, `styles.symbol.State`.
    changeable : bool
        Mark the main colour as `param(fill)`. Only QGIS and its kin understand that; to other programs it is no colour.
    """
    ops = symbol_ops(symbol, theme, state, size_mm=GRID)
    left, top = -MARGIN - symbol.anchor[0], -(GRID + MARGIN - symbol.anchor[1])
    content = elements(ops, colour(main_token(symbol), theme) if changeable else None)
    return _file(symbol.name_zh, (left, top, SIDE, SIDE), symbol.size_mm.sheet / GRID, content)


def tile(fill: Fill, theme: Theme = "light") -> str:
    """Return one tile of a fill's hatches and pattern, of its own size in millimetres; its ground and outline left out."""
    width, height = tile_mm(fill)
    return _file(fill.name_zh, (0.0, -height, width, height), 1.0, elements(tile_ops(fill, theme)))


def marks(line: Line, theme: Theme = "light") -> str:
    """Return what a line repeats, once, its middle on the line, +x in the line's direction; of its own size in millimetres."""
    width, height = marks_mm(line)
    return _file(line.name_zh, (-width / 2, -height / 2, width, height), 1.0, elements(mark_ops(line, theme)))


def _file(title: str, box: tuple[float, float, float, float], scale: float, content: str) -> str:
    width, height = number(box[2] * scale), number(box[3] * scale)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" viewBox="{" ".join(map(number, box))}">\n'
        f"<title>{escape(title)}</title>\n{content}\n</svg>\n"
    )


def main_token(symbol: Symbol) -> str:
    """Return the colour that says what a symbol is: the first one that is neither paper nor white nor black."""
    used = [token for mark in symbol.marks for token in (mark.fill, mark.stroke) if token]
    return next((token for token in used if token not in {"paper", "white", "black"}), used[0])


def file_name(symbol: Symbol, state: State = "normal") -> str:
    """Return the name of a symbol's file, without its extension: `outlet-air`, `outlet-air.alarm`."""
    return symbol.id if state == "normal" else f"{symbol.id}.{state}"
