"""Drawing operations on a cairo context, and pictures of symbols made so."""

from collections.abc import Iterable
from typing import Any

import cairocffi
import numpy as np
from numpy.typing import NDArray

from styles.ops import MITER_LIMIT, Area, Op, Stroke, symbol_ops
from styles.palette import Theme
from styles.paths import Arc, Path, pieces
from styles.symbol import GRID, MARGIN, State, Symbol

SIDE = GRID + 2 * MARGIN
"""Units along a side of a picture."""


def trace(context: Any, path: Path) -> None:
    """Add a path to the context's current path; arcs stay arcs."""
    context.move_to(*path.vertices[0][:2])
    if any(vertex[2] for vertex in path.vertices):
        for piece in pieces(path):
            if isinstance(piece, Arc):
                draw = context.arc if piece.sweep > 0 else context.arc_negative
                draw(*piece.centre, piece.radius, piece.from_angle, piece.from_angle + piece.sweep)
            else:
                context.line_to(*piece.end)
    else:
        for x, y, _ in path.vertices[1:]:
            context.line_to(x, y)
    if path.closed:
        context.close_path()


def set_pen(context: Any, stroke: Stroke, dot_mm: float = 0.0) -> None:
    """Set width, ends, corners and dash of a stroke; a dot is drawn as a dash of `dot_mm`."""
    context.set_line_width(stroke.width_mm)
    context.set_line_cap(cairocffi.LINE_CAP_ROUND if stroke.rounded else cairocffi.LINE_CAP_BUTT)
    context.set_line_join(cairocffi.LINE_JOIN_ROUND if stroke.rounded else cairocffi.LINE_JOIN_MITER)
    context.set_dash([length or dot_mm for length in stroke.dash_mm])


def draw(context: Any, ops: Iterable[Op]) -> None:
    """Draw areas and strokes in order; `Words` are the caller's, who knows the feature and the type.

    Parameters
    ----------
    context : cairocffi.Context
        One user unit is a millimetre, y up.
    ops : iterable of Op
    """
    context.set_fill_rule(cairocffi.FILL_RULE_EVEN_ODD)
    context.set_miter_limit(MITER_LIMIT)
    for op in ops:
        if isinstance(op, Area):
            context.set_source_rgba(*(value / 255 for value in op.colour), op.opacity)
            for path in op.paths:
                trace(context, path)
            context.fill()
        elif isinstance(op, Stroke):
            context.set_source_rgb(*(value / 255 for value in op.colour))
            set_pen(context, op)
            trace(context, op.path)
            context.stroke()


def picture(symbol: Symbol, pixels: int, theme: Theme = "light", state: State = "normal") -> NDArray[np.uint8]:
    """Return a symbol with its margin as a square picture.

    Returns
    -------
    (pixels, pixels, 4) uint8
        Red, green, blue, alpha; straight (not premultiplied), the first row on top.
    """
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, pixels, pixels)
    context = cairocffi.Context(surface)
    context.set_antialias(cairocffi.ANTIALIAS_BEST)
    scale = pixels / SIDE
    context.translate((MARGIN + symbol.anchor[0]) * scale, pixels - (MARGIN + symbol.anchor[1]) * scale)
    context.scale(scale, -scale)
    draw(context, symbol_ops(symbol, theme, state, size_mm=GRID))
    surface.flush()
    return straight(surface)


def straight(surface: Any) -> NDArray[np.uint8]:
    """Return an ARGB32 surface as (height, width, 4) straight RGBA."""
    shape = (surface.get_height(), surface.get_stride() // 4, 4)
    bgra = np.frombuffer(surface.get_data(), np.uint8).reshape(shape)[:, : surface.get_width()].astype(np.uint16)
    alpha = bgra[..., 3:]
    colour = np.minimum((bgra[..., 2::-1] * 255 + alpha // 2) // np.maximum(alpha, 1), 255)
    rgba: NDArray[np.uint8] = np.concatenate([colour, alpha], axis=2).astype(np.uint8)
    return rgba
