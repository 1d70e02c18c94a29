"""Composing a drawing by the norm from placed things: template, outlines, lines, labels and texts; the same things give the same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ezdxf.filemanagement  # noqa: F401 — completes ezdxf before its parts are used
from ezdxf import zoom
from ezdxf.document import Drawing
from ezdxf.entities.insert import Insert
from ezdxf.enums import TextEntityAlignment
from ezdxf.layouts.layout import Modelspace

from drawings.norm import BLOCKS
from drawings.template import TEXT_STYLE, template
from styles.dxf import bytes_of, fixed_metadata

LABEL_SCALE = 4.0
"""Size of a symbol, metres: 4 mm on a 1:1000 sheet."""
NORTH_SCALE = 12.0

Point = tuple[float, float]
Vertex = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """An outline or a line; EPSG:4545 metres and bulges."""

    layer: str
    points: tuple[Vertex, ...]
    closed: bool = True
    radius: float = 0.0
    """Of a circle around the one point."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A label block, or a symbol that is a feature by itself."""

    layer: str
    block: str
    at: Point
    values: Mapping[str, str | int | float] = field(default_factory=dict)
    """Attribute tag → value; what the block has no tag for is left out."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A line of text."""

    text: str
    at: Point
    height: float
    turn_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Composition:
    """Everything on a drawing."""

    things: Sequence[Curve | Symbol | Caption]
    """In the order in which they are drawn."""
    turn_deg: float = 0.0
    """Of symbols."""
    north: Point | None = None
    whole: bool = False
    """With every block of the norm, for a drafter to go on with; else with those that are used."""


def add_curve(space: Modelspace, curve: Curve) -> None:
    """Draw an outline, a line or a circle."""
    if curve.radius:
        u, v, _ = curve.points[0]
        space.add_circle((u, v), curve.radius, dxfattribs={"layer": curve.layer})
    else:
        space.add_lwpolyline(curve.points, format="xyb", close=curve.closed, dxfattribs={"layer": curve.layer})


def text_of(value: object) -> str:
    """Return a value as the text of an attribute."""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def add_symbol(space: Modelspace, symbol: Symbol, turn_deg: float) -> Insert:
    """Put a block with all its attributes."""
    values = {tag: text_of(symbol.values.get(tag, "")) for tag in BLOCKS[symbol.block].tags}
    attributes = {"layer": symbol.layer, "xscale": LABEL_SCALE, "yscale": LABEL_SCALE, "rotation": turn_deg}
    return space.add_blockref(symbol.block, symbol.at, dxfattribs=attributes).add_auto_attribs(values)


def add_caption(space: Modelspace, caption: Caption) -> None:
    """Write a line of text around its place."""
    attributes = {"layer": "QJ-X-TEXT", "style": TEXT_STYLE}
    text = space.add_text(caption.text, height=caption.height, rotation=caption.turn_deg, dxfattribs=attributes)
    text.set_placement(caption.at, align=TextEntityAlignment.MIDDLE_CENTER)


def drawing_of(composition: Composition) -> Drawing:
    """Return a composition as a drawing by the norm (EPSG:4545, metres)."""
    used = {"QJ_NORTH", *(thing.block for thing in composition.things if isinstance(thing, Symbol))}
    document = template(blocks=None if composition.whole else used)
    space = document.modelspace()
    for thing in composition.things:
        match thing:
            case Curve():
                add_curve(space, thing)
            case Symbol():
                add_symbol(space, thing, composition.turn_deg)
            case Caption():
                add_caption(space, thing)
    if composition.north is not None:
        attributes = {"layer": "QJ-X-BASE", "xscale": NORTH_SCALE, "yscale": NORTH_SCALE}
        space.add_blockref("QJ_NORTH", composition.north, dxfattribs=attributes)
    zoom.extents(space)
    return document


def compose(composition: Composition) -> bytes:
    """Return a composition as the bytes of a DXF file (R2013, UTF-8)."""
    # A drawing gets its GUIDs as it is made, and its times as it is written.
    with fixed_metadata():
        return bytes_of(drawing_of(composition))
