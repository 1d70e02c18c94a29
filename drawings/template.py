"""An empty drawing by the norm: units, layers, line types, one text style, and every block with its attributes."""

from typing import Any

import ezdxf.filemanagement
from ezdxf.colors import DXF_DEFAULT_COLORS, int2rgb
from ezdxf.document import Drawing
from ezdxf.enums import TextEntityAlignment
from ezdxf.layouts.blocklayout import BlockLayout

from drawings.norm import APPID, BLOCKS, LAYERS, METRES, Frame, Layer, Symbol
from styles.tokens import Rgb, rgb, tokens

TEXT_STYLE = "QJ_TEXT"
FONT = "simhei.ttf"
"""黑体, which plates and drawings use (环办[2003]95号)."""
DASHES = {
    "QJ_DASHDOTDOT": ("厂界 __ . . __", [9.0, 6.0, -1.0, 0.0, -1.0, 0.0, -1.0]),
    "QJ_DASHED": ("地下 __ __", [3.0, 2.0, -1.0]),
}
"""Line types: description, then pattern length and its strokes, gaps (negative) and dots, drawing units (metres)."""

_FRAMES: dict[Frame, list[tuple[float, float]]] = {
    "diamond": [(0.0, -0.5), (0.5, 0.0), (0.0, 0.5), (-0.5, 0.0)],
    "square": [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)],
    "triangle": [(-0.5, -0.433), (0.5, -0.433), (0.0, 0.433)],
    "arrow": [(-0.5, -0.25), (0.5, 0.0), (-0.5, 0.25)],
    "north": [(-0.25, -0.5), (0.0, -0.3), (0.25, -0.5), (0.0, 0.5)],
}
_BYBLOCK = {"color": 0, "layer": "0"}
_TEXT = {**_BYBLOCK, "style": TEXT_STYLE}


def layer_rgb(layer: Layer) -> Rgb:
    """Return the colour of a layer of the norm."""
    group, _, name = layer.token.partition(".")
    return rgb(tokens()[group][name])


def nearest_aci(colour: Rgb) -> int:
    """Return the AutoCAD colour index (1–255) nearest to a colour, for programs that know no true colours."""

    def distance(index: int) -> int:
        return sum((a - b) ** 2 for a, b in zip(int2rgb(DXF_DEFAULT_COLORS[index]), colour, strict=True))

    return min(range(1, 256), key=distance)


def _draw(block: BlockLayout, symbol: Symbol) -> None:
    """Draw the unit symbol and hang its attributes on it: code above, name below, the rest invisible."""
    if symbol.frame == "circle":
        block.add_circle((0, 0), 0.5, dxfattribs=_BYBLOCK)
    else:
        block.add_lwpolyline(_FRAMES[symbol.frame], close=True, dxfattribs=_BYBLOCK)
    if symbol.frame == "diamond":
        block.add_circle((0, 0), 0.12, dxfattribs=_BYBLOCK)
    if symbol.letter:
        middle = (0, 0.72) if symbol.frame == "north" else (0, 0)
        block.add_text(symbol.letter, height=0.5, dxfattribs=_TEXT).set_placement(middle, align=TextEntityAlignment.MIDDLE_CENTER)
    for row, tag in enumerate(symbol.tags):
        shown = {"CODE": 0.85, "NAME": -0.85}.get(tag)
        place = (0, shown if shown is not None else -0.85 - 0.6 * row)
        attdef = block.add_attdef(tag, place, height=0.42, dxfattribs={**_TEXT, "prompt": tag})
        attdef.set_placement(place, align=TextEntityAlignment.MIDDLE_CENTER)
        attdef.is_invisible = shown is None


def _add_layer(document: Drawing, layer: Layer) -> None:
    colour = layer_rgb(layer)
    attributes: dict[str, Any] = {"lineweight": round(layer.width_mm * 100), "linetype": layer.dash or "CONTINUOUS"}
    entry = document.layers.add(layer.name, color=nearest_aci(colour), **attributes)
    if document.dxfversion >= "AC1018":
        entry.rgb = colour
    entry.description = layer.label


def template(version: str = "R2013") -> Drawing:
    """Return an empty drawing by the norm.

    Parameters
    ----------
    version : str
        DXF version as ezdxf names it, R2000 or newer; true colours need R2004.
    """
    document = ezdxf.filemanagement.new(version, units=METRES)
    document.header["$MEASUREMENT"] = 1
    document.header["$LTSCALE"] = 1.0
    document.appids.add(APPID)
    document.styles.add(TEXT_STYLE, font=FONT)
    document.header["$TEXTSTYLE"] = TEXT_STYLE
    for name, (description, pattern) in DASHES.items():
        document.linetypes.add(name, pattern=pattern, description=description)
    for layer in LAYERS.values():
        _add_layer(document, layer)
    for symbol in BLOCKS.values():
        _draw(document.blocks.new(symbol.name), symbol)
    return document
