"""An empty drawing by the norm: units, layers, line types, one text style, and every block with its attributes."""

from collections.abc import Collection
from typing import Any

import ezdxf.filemanagement
from ezdxf.document import Drawing
from ezdxf.enums import TextEntityAlignment
from ezdxf.layouts.blocklayout import BlockLayout

from drawings.norm import APPID, BLOCKS, LAYERS, METRES, Frame, Layer, Symbol
from styles.dxf import draw_symbol, nearest_aci
from styles.library import style_of
from styles.symbol import GRID
from styles.symbol import Symbol as Graphic
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
    "arrow": [(-0.5, -0.25), (0.5, 0.0), (-0.5, 0.25)],
    "north": [(-0.25, -0.5), (0.0, -0.3), (0.25, -0.5), (0.0, 0.5)],
}
BESIDE = 0.35
"""Of the middle of code and name, from the edge of the symbol."""
_BYBLOCK = {"color": 0, "layer": "0"}
_TEXT = {**_BYBLOCK, "style": TEXT_STYLE}


def layer_rgb(layer: Layer) -> Rgb:
    """Return the colour of a layer of the norm."""
    group, _, name = layer.token.partition(".")
    return rgb(tokens()[group][name])


def graphic(symbol: Symbol) -> Graphic | None:
    """Return the symbol that a block of the norm shows: that of its kind, or of the type of it that the block stands for."""
    if symbol.kind is None:
        return None
    return style_of(symbol.kind.name, dict(symbol.implies).get(symbol.kind.type_attribute or "")).symbol


def _plain(block: BlockLayout, symbol: Symbol) -> None:
    """Draw what has no symbol of a kind."""
    if symbol.frame == "circle":
        block.add_circle((0, 0), 0.5, dxfattribs=_BYBLOCK)
    elif symbol.frame:
        block.add_lwpolyline(_FRAMES[symbol.frame], close=True, dxfattribs=_BYBLOCK)
    if symbol.letter:
        block.add_text(symbol.letter, height=0.5, dxfattribs=_TEXT).set_placement((0, 0.72), align=TextEntityAlignment.MIDDLE_CENTER)


def _draw(block: BlockLayout, symbol: Symbol) -> None:
    """Draw the unit symbol and hang its attributes on it: code above, name below, the rest invisible."""
    shown = graphic(symbol)
    top, foot = 0.5, -0.5
    if shown is None:
        _plain(block, symbol)
    else:
        draw_symbol(block, shown)
        top, foot = 1 - shown.anchor[1] / GRID, -shown.anchor[1] / GRID
    places = {"CODE": top + BESIDE, "NAME": foot - BESIDE}
    for row, tag in enumerate(symbol.tags):
        place = (0, places.get(tag, foot - BESIDE - 0.6 * row))
        attdef = block.add_attdef(tag, place, height=0.42, dxfattribs={**_TEXT, "prompt": label_of(symbol, tag)})
        attdef.set_placement(place, align=TextEntityAlignment.MIDDLE_CENTER)
        attdef.is_invisible = tag not in places


COMMON = {
    "CODE": "编号",
    "NAME": "名称",
    "HEIGHT": "高度",
    "BASE": "底标高（相对地面，地下为负）",
    "E": "东坐标",
    "N": "北坐标",
    "SRC": "来源",
}
"""Tags that no attribute of a kind stands for → what a CAD program asks for."""


PLAIN = str.maketrans("²³", "23")
"""GBK, which drawings may be saved in, has no raised figures."""


def label_of(symbol: Symbol, tag: str) -> str:
    """Return what a tag of a block means, Chinese.

    >>> label_of(BLOCKS["QJ_DA"], "WAY"), label_of(BLOCKS["QJ_DA"], "CODE")
    ('排放去向', '编号')
    """
    found = next((one for one in symbol.kind.attributes if one.tag == tag), None) if symbol.kind else None
    if found is None:
        return COMMON.get(tag, tag)
    return f"{found.label} {found.unit.translate(PLAIN)}" if found.unit else found.label


def _add_layer(document: Drawing, layer: Layer) -> None:
    colour = layer_rgb(layer)
    attributes: dict[str, Any] = {"lineweight": round(layer.width_mm * 100), "linetype": layer.dash or "CONTINUOUS"}
    entry = document.layers.add(layer.name, color=nearest_aci(colour), **attributes)
    if document.dxfversion >= "AC1018":
        entry.rgb = colour
    entry.description = layer.label


def template(version: str = "R2013", blocks: Collection[str] | None = None) -> Drawing:
    """Return an empty drawing by the norm.

    Parameters
    ----------
    version : str
        DXF version as ezdxf names it, R2000 or newer; true colours need R2004.
    blocks : collection of str, optional
        The blocks that it needs; all where not given.
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
        if blocks is None or symbol.name in blocks:
            _draw(document.blocks.new(symbol.name), symbol)
    return document
