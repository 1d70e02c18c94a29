"""Printing a composed sheet: one PDF, SVG or PNG, the same bytes for the same sheet."""

import io
import math
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

import cairocffi

from drawings.sheets.fonts import PLAIN, face
from drawings.sheets.inks import Ink, Sheet, Text
from styles.canvas import set_pen, trace
from styles.ops import MITER_LIMIT, Area, Stroke

Format = Literal["pdf", "svg", "png"]
POINT_MM = 72 / 25.4
"""Points in a millimetre."""
DPI = 150
"""Of a PNG."""
BASELINE = 0.37
"""From the middle of a line's height down to its baseline, of the type's size: the middle of a Chinese character."""
DOT_MM = 0.02
"""Length of a dot of a dash pattern: a dot of no length at all is left out by some viewers."""
CREATOR = "quanjing"


def printed(sheet: Sheet, format_: Format) -> bytes:
    """Return a sheet as a file.

    Parameters
    ----------
    sheet : Sheet
        As composed.
    format_ : str
        PDF has searchable text and links; SVG has its text as outlines; PNG has `DPI` dots an inch.
    """
    buffer = io.BytesIO()
    if format_ == "png":
        scale = DPI / 25.4
        image = cairocffi.ImageSurface(cairocffi.FORMAT_RGB24, round(sheet.paper.width * scale), round(sheet.paper.height * scale))
        context = cairocffi.Context(image)
        context.set_source_rgb(1, 1, 1)
        context.paint()
        _draw(context, sheet, scale)
        image.write_to_png(buffer)
        return buffer.getvalue()
    make = cairocffi.PDFSurface if format_ == "pdf" else cairocffi.SVGSurface
    surface = make(buffer, sheet.paper.width * POINT_MM, sheet.paper.height * POINT_MM)
    if format_ == "pdf":
        _describe(surface, sheet)
    context = cairocffi.Context(surface)
    _draw(context, sheet, POINT_MM, links=format_ == "pdf")
    surface.finish()
    return buffer.getvalue()


def bound_pages(sheets: Sequence[Sheet]) -> bytes:
    """Return sheets of one paper as the pages of one PDF; its title and day are those of the first."""
    buffer = io.BytesIO()
    first = sheets[0].paper
    surface = cairocffi.PDFSurface(buffer, first.width * POINT_MM, first.height * POINT_MM)
    _describe(surface, sheets[0])
    for sheet in sheets:
        _draw(cairocffi.Context(surface), sheet, POINT_MM, links=True)
        surface.show_page()
    surface.finish()
    return buffer.getvalue()


def _describe(surface: Any, sheet: Sheet) -> None:
    day = f"{date.fromisoformat(sheet.day).isoformat()}T00:00:00"
    for name, value in (
        ("TITLE", sheet.title), ("SUBJECT", sheet.subject), ("CREATOR", CREATOR), ("CREATE_DATE", day), ("MOD_DATE", day),
    ):  # fmt: skip
        surface.set_metadata(getattr(cairocffi, f"PDF_METADATA_{name}"), value)


def _draw(context: Any, sheet: Sheet, scale: float, *, links: bool = False) -> None:
    context.scale(scale, -scale)
    context.translate(0, -sheet.paper.height)
    context.set_fill_rule(cairocffi.FILL_RULE_EVEN_ODD)
    context.set_miter_limit(MITER_LIMIT)
    options = cairocffi.FontOptions(hint_style=cairocffi.HINT_STYLE_NONE, hint_metrics=cairocffi.HINT_METRICS_OFF)
    context.set_font_options(options)
    for ink in sheet.inks:
        _ink(context, ink)
    if links:
        for link in sheet.links:
            box = link.box
            # The rectangle of a link is in the surface's points, from its upper left corner.
            left, top = box.left * scale, (sheet.paper.height - box.top) * scale
            where = f"rect=[{left:.2f} {top:.2f} {box.width * scale:.2f} {box.height * scale:.2f}]"
            context.tag_begin("Link", f"{where} uri='{link.address}'")
            context.tag_end("Link")


def _ink(context: Any, ink: Ink) -> None:
    red, green, blue = (value / 255 for value in ink.colour)
    if isinstance(ink, Area) and ink.opacity < 1:
        context.set_source_rgba(red, green, blue, ink.opacity)
    else:
        context.set_source_rgb(red, green, blue)
    if isinstance(ink, Text):
        _text(context, ink)
    elif isinstance(ink, Stroke):
        trace(context, ink.path)
        set_pen(context, ink, DOT_MM)
        context.stroke()
    else:
        for path in ink.paths:
            trace(context, path)
        context.fill()


def _text(context: Any, text: Text) -> None:
    context.set_font_face(face(text.weight))
    shift = {"left": 0.0, "centre": 0.5, "right": 1.0}[text.align] * text.width
    turn = math.radians(text.turn_deg)
    cos, sin = math.cos(turn), math.sin(turn)
    down = BASELINE * text.size
    # Type is drawn upright on paper whose y points up.
    context.set_font_matrix(cairocffi.Matrix(text.size * cos, text.size * sin, text.size * sin, -text.size * cos))
    context.move_to(text.at[0] - shift * cos + down * sin, text.at[1] - shift * sin - down * cos)
    context.show_text(text.text.translate(PLAIN))
