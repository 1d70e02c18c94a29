"""The contact sheet: every plant of a city from above, small, in one picture."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from demo.plant import Plant, Thing, Vertex
from drawings.norm import LAYERS
from drawings.template import layer_rgb
from gis.geometry.curves import polyline_points

FILL = {
    "QJ-A-BOUND": 0.04, "QJ-A-GREEN": 0.55, "QJ-A-BLDG": 0.75, "QJ-A-TANK": 0.8, "QJ-A-UNDER": 0.35, "QJ-A-UNIT": 0.35,
    "QJ-A-TREAT": 0.5, "QJ-A-STORE": 0.2, "QJ-A-HW": 0.6, "QJ-A-EMERG": 0.45,
}  # fmt: skip
"""Layers that are filled, and how much; the others are lines and points."""
WATER = "#7fb2d6"
"""Of ponds, which lie on the layer of the buildings."""
ORDER = ("QJ-A-BOUND", "QJ-A-GREEN", "QJ-A-ROAD", "QJ-A-STORE", "QJ-A-BLDG", "QJ-A-TANK")
TILE = (320, 250)
"""Width and height of one plant's picture, pixels."""
CAPTION = 34
SAGITTA_M = 0.1


def _colour(layer: str) -> str:
    return "#{:02x}{:02x}{:02x}".format(*layer_rgb(LAYERS[layer]))


def _path(points: Sequence[Vertex], *, closed: bool) -> str:
    line = polyline_points(np.array(points, dtype=float), closed=closed, sagitta=SAGITTA_M)
    return "M" + "L".join(f"{u:.1f} {-v:.1f}" for u, v in line) + ("Z" if closed else "")


def _thing(thing: Thing) -> str:
    colour = WATER if thing.block == "QJ_POND" else _colour(thing.layer)
    fill = FILL.get(thing.layer)
    style = f'fill="{colour}" fill-opacity="{fill}" stroke="{colour}"' if fill else f'fill="none" stroke="{colour}"'
    match thing.form:
        case "circle":
            u, v, _ = thing.points[0]
            return f'<circle cx="{u:.1f}" cy="{-v:.1f}" r="{thing.radius:.1f}" {style}/>'
        case "point":
            u, v, _ = thing.points[0]
            return f'<circle cx="{u:.1f}" cy="{-v:.1f}" r="1.1" fill="{colour}"/>'
        case form:
            holes = "".join(_path(hole, closed=True) for hole in thing.holes)
            return f'<path d="{_path(thing.points, closed=form == "ring")}{holes}" fill-rule="evenodd" {style}/>'


def _depth(thing: Thing) -> int:
    return ORDER.index(thing.layer) if thing.layer in ORDER else len(ORDER)


def picture(plant: Plant) -> str:
    """Return the drawing of a plant as the inside of an SVG group, metres, north up."""
    return "".join(_thing(thing) for thing in sorted(plant.things, key=_depth))


def sheet(plants: Iterable[tuple[str, Plant]], columns: int = 10) -> str:
    """Return one SVG of many plants.

    Parameters
    ----------
    plants : iterable of (str, Plant)
        Caption and plant.
    columns : int
        Pictures in a row.
    """
    listed = list(plants)
    wide, high = TILE
    rows = -(-len(listed) // columns)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * wide} {rows * (high + CAPTION)}" '
        f'width="{columns * wide}" height="{rows * (high + CAPTION)}" font-family="Noto Sans SC, Noto Sans CJK SC, sans-serif">'
        '<rect width="100%" height="100%" fill="#ffffff"/>'
    )
    parts = [head]
    for number, (caption, plant) in enumerate(listed):
        us, vs = [u for u, _, _ in plant.boundary], [v for _, v, _ in plant.boundary]
        scale = min((wide - 16) / (max(us) - min(us)), (high - 16) / (max(vs) - min(vs)))
        x, y = number % columns * wide + wide / 2, number // columns * (high + CAPTION) + high / 2
        body = (
            f'<g transform="translate({x:.1f} {y:.1f}) scale({scale:.4f})" stroke-width="{0.8 / scale:.2f}">{picture(plant)}</g>'
            f'<text x="{x:.1f}" y="{y + high / 2 + 20:.1f}" font-size="15" text-anchor="middle" fill="#1f2933">{escape(caption)}</text>'
        )
        parts.append(body)
    return "".join([*parts, "</svg>"])
