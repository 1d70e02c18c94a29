"""Symbols as DXF blocks: solid hatches and polylines with a width, arcs as bulges, so that a block scales as a whole in any CAD program.

A block's grid is one drawing unit wide and its anchor the insertion point. Colours are true colours of the light theme, with the nearest
AutoCAD colour index beside them for programs and versions that know no others.
"""

import io
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import ezdxf.filemanagement
from ezdxf._options import options
from ezdxf.colors import DXF_DEFAULT_COLORS, int2rgb
from ezdxf.document import Drawing
from ezdxf.layouts.base import BaseLayout

from styles.library import symbols
from styles.ops import Area, Op, Stroke, symbol_ops
from styles.palette import Theme
from styles.paths import Path, Point, circle
from styles.symbol import Symbol
from styles.tokens import Rgb

METRES = 6
"""$INSUNITS (DXF reference, header variables)."""
PITCH = 2.0
"""Between symbols of the library's sheet, drawing units."""
COLUMNS = 12


@lru_cache(1024)
def nearest_aci(colour: Rgb) -> int:
    """Return the AutoCAD colour index (1–255) nearest to a colour, for programs that know no true colours."""

    def distance(index: int) -> int:
        return sum((a - b) ** 2 for a, b in zip(int2rgb(DXF_DEFAULT_COLORS[index]), colour, strict=True))

    return min(range(1, 256), key=distance)


def _paint(colour: Rgb) -> dict[str, object]:
    red, green, blue = colour
    return {"layer": "0", "color": nearest_aci(colour), "true_color": red << 16 | green << 8 | blue}


def _polyline(layout: BaseLayout, path: Path, width: float, colour: Rgb) -> None:
    line = layout.add_lwpolyline(path.vertices, format="xyb", close=path.closed, dxfattribs=_paint(colour))
    line.dxf.const_width = width


def _dot(layout: BaseLayout, at: Point, width: float, colour: Rgb) -> None:
    """Draw a disc: a ring as wide as its radius, which every CAD program fills."""
    _polyline(layout, circle(at, width / 4), width / 2, colour)


def _corners(path: Path) -> Iterable[Point]:
    """Return where pieces of a path meet, and its ends, each once."""
    return dict.fromkeys((round(x, 9), round(y, 9)) for x, y, _ in path.vertices)


def draw(layout: BaseLayout, ops: Iterable[Op]) -> None:
    """Draw areas and strokes in order; `Words` become attributes, which are the caller's.

    Parameters
    ----------
    layout : BaseLayout
        A block or the model space.
    ops : iterable of Op
        Millimetres are drawing units.
    """
    for op in ops:
        if isinstance(op, Area):
            hatch = layout.add_hatch(dxfattribs=_paint(op.colour))
            for path in op.paths:
                hatch.paths.add_polyline_path(path.vertices, is_closed=True)
            if op.opacity < 1:
                hatch.transparency = 1 - op.opacity
        elif isinstance(op, Stroke):
            _polyline(layout, op.path, op.width_mm, op.colour)
            for at in _corners(op.path) if op.round else ():
                _dot(layout, at, op.width_mm, op.colour)


def draw_symbol(layout: BaseLayout, symbol: Symbol, theme: Theme = "light") -> None:
    """Draw a symbol with its anchor at (0, 0), its grid one drawing unit wide."""
    draw(layout, symbol_ops(symbol, theme, size_mm=1.0))


def block_name(symbol: Symbol) -> str:
    """Return what the block of a symbol is called: capital letters, digits and underlines, which R12 takes too.

    >>> from styles.library import symbols
    >>> block_name(symbols()["outlet-air"])
    'QJS_OUTLET_AIR'
    """
    return f"QJS_{symbol.id.upper().replace('-', '_')}"


def library() -> Drawing:
    """Return a drawing that holds every symbol as a block, each with CODE and NAME, and shows them in rows."""
    document = ezdxf.filemanagement.new("R2013", units=METRES)
    space = document.modelspace()
    for number, symbol in enumerate(symbols().values()):
        block = document.blocks.new(block_name(symbol))
        draw_symbol(block, symbol)
        for tag, y in (("CODE", 0.7), ("NAME", -0.8)):
            block.add_attdef(tag, (-0.5, y), dxfattribs={"height": 0.2, "layer": "0", "prompt": tag})
        row, column = divmod(number, COLUMNS)
        at = (column * PITCH, -row * PITCH)
        space.add_blockref(block.name, at).add_auto_attribs({"CODE": symbol.id, "NAME": symbol.name_zh})
    rows = math.ceil(len(symbols()) / COLUMNS)
    document.set_modelspace_vport(rows * PITCH, ((COLUMNS - 1) * PITCH / 2, -(rows - 1) * PITCH / 2))
    return document


@contextmanager
def fixed_metadata() -> Iterator[None]:
    """Write constant times and GUIDs, so that equal drawings are equal bytes."""
    before = options.write_fixed_meta_data_for_testing
    options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before


def bytes_of(document: Drawing) -> bytes:
    """Return a drawing that was made under `fixed_metadata`, and is still, as the bytes of a DXF file (UTF-8)."""
    text = io.StringIO()
    # ezdxf adds the classes in use from a set as it writes, in the order of the day; added before, their order is fixed.
    for name in sorted(document.entitydb.dxf_types_in_use()):
        document.classes.add_class(name)
    document.write(text)
    return text.getvalue().encode("utf-8")


def library_bytes() -> bytes:
    """Return the library as the bytes of a DXF file (R2013, UTF-8); the same symbols give the same bytes."""
    with fixed_metadata():
        return bytes_of(library())
