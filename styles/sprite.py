"""Sprites of MapLibre: symbols in every state, the marks of lines, tiles of fills, and one-coloured symbols as distance fields.

Format: MapLibre Style Specification, Sprite. Sizes in pixels of 96 dpi at ratio 1.
"""

import io
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import cairocffi
import numpy as np
from numpy.typing import NDArray

from styles.canvas import SIDE, draw, picture, straight
from styles.library import fills, lines, symbols
from styles.ops import Op, mark_ops, marks_mm, tile_mm, tile_ops
from styles.palette import Theme
from styles.paths import Point
from styles.svg import file_name
from styles.symbol import GRID, STATES, Fill, Line, Look, State, Symbol

PX_MM = 96 / 25.4
"""Pixels in a millimetre of screen."""
WIDTH = 512
"""Of a sheet at ratio 1."""
GAP = 1
"""Between two icons, pixels at ratio 1, so that neighbours don't bleed."""
SDF_RADIUS = 8
"""Reach of a distance field, pixels at ratio 1 (what MapLibre's shader takes)."""
SDF_EDGE = 192
"""Value of a distance field on the outline."""
SDF_PAD = 3
SDF_FINE = 8
"""Samples of the outline in a pixel at ratio 1."""

Rgba = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Icon:
    """One picture of a sprite: made when its ratio is known."""

    name: str
    width: int
    height: int
    """Pixels at ratio 1."""
    paint: Callable[[int], Rgba]
    sdf: bool = False


def side_px(symbol: Symbol) -> int:
    """Return the side of a symbol's picture with its margin, pixels at ratio 1; even, so that its middle is a pixel's edge."""
    return 2 * round(symbol.size_mm.web * PX_MM * SIDE / GRID / 2)


def icons(theme: Theme) -> Iterator[Icon]:
    """Yield all icons of a theme: `<symbol>`, `<symbol>.<state>`, `line-<line>`, `fill-<fill>`."""
    for symbol in symbols().values():
        side = side_px(symbol)
        for state in STATES:
            yield Icon(file_name(symbol, state), side, side, partial(_symbol, symbol, side, theme, state))
    for line in lines().values():
        if line.repeats:
            box = marks_box(line)
            yield Icon(f"line-{line.id}", *box, partial(_marks, line, box, theme))
    for fill in fills().values():
        if fill.tiled:
            box = tile_px(fill)
            yield Icon(f"fill-{fill.id}", *box, partial(_tile, fill, box, theme))


def sdf_icons() -> Iterator[Icon]:
    """Yield the one-coloured symbols as distance fields: `<symbol>`."""
    for symbol in symbols().values():
        if symbol.sdf:
            side = side_px(symbol)
            yield Icon(symbol.id, side + 2 * SDF_PAD, side + 2 * SDF_PAD, partial(_field, symbol, side), sdf=True)


def _symbol(symbol: Symbol, side: int, theme: Theme, state: State, ratio: int) -> Rgba:
    return picture(symbol, side * ratio, theme, state)


def sheet(wanted: list[Icon], ratio: int) -> tuple[bytes, bytes]:
    """Return a sprite's PNG and JSON.

    Parameters
    ----------
    wanted : list of Icon
    ratio : int
        Device pixels in a pixel: 1 or 2.
    """
    places, height = _packed(wanted)
    surface = np.zeros((height * ratio, WIDTH * ratio, 4), np.uint8)
    index = {}
    for icon in wanted:
        x, y = places[icon.name]
        rows, columns = slice(y * ratio, (y + icon.height) * ratio), slice(x * ratio, (x + icon.width) * ratio)
        surface[rows, columns] = icon.paint(ratio)
        index[icon.name] = {
            "x": x * ratio, "y": y * ratio, "width": icon.width * ratio, "height": icon.height * ratio, "pixelRatio": ratio,
        } | ({"sdf": True} if icon.sdf else {})  # fmt: skip
    text = json.dumps(index, ensure_ascii=False, indent=1, sort_keys=True)
    return png(surface), f"{text}\n".encode()


def _packed(wanted: list[Icon]) -> tuple[dict[str, tuple[int, int]], int]:
    """Return where each icon goes, on shelves of like heights, and the height of the sheet; pixels at ratio 1."""
    places, x, y, shelf = {}, 0, 0, 0
    for icon in sorted(wanted, key=lambda icon: (-icon.height, icon.name)):
        if x + icon.width > WIDTH:
            x, y, shelf = 0, y + shelf + GAP, 0
        places[icon.name] = (x, y)
        x, shelf = x + icon.width + GAP, max(shelf, icon.height)
    return places, y + shelf


def png(rgba: Rgba) -> bytes:
    """Return straight RGBA, (height, width, 4) uint8, as a PNG."""
    height, width = rgba.shape[:2]
    alpha = rgba[..., 3:].astype(np.uint16)
    colour = (rgba[..., 2::-1] * alpha + 127) // 255
    premultiplied = np.ascontiguousarray(np.concatenate([colour, alpha], axis=2).astype(np.uint8))
    image = cairocffi.ImageSurface.create_for_data(
        memoryview(premultiplied.data).cast("B"), cairocffi.FORMAT_ARGB32, width, height, width * 4
    )
    buffer = io.BytesIO()
    image.write_to_png(buffer)
    return buffer.getvalue()


def _painted(ops: tuple[Op, ...], width: int, height: int, scale: float, origin: Point) -> Rgba:
    """Return operations in mm drawn with `origin` at the lower left corner; scale: pixels in a millimetre."""
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, width, height)
    context = cairocffi.Context(surface)
    context.set_antialias(cairocffi.ANTIALIAS_BEST)
    context.translate(-origin[0] * scale, height + origin[1] * scale)
    context.scale(scale, -scale)
    draw(context, ops)
    surface.flush()
    return straight(surface)


def marks_box(line: Line) -> tuple[int, int]:
    """Return the box of a line's repeated marks, centred on the line, pixels at ratio 1."""
    width, height = marks_mm(line)
    return 2 * math.ceil(width * PX_MM / 2), 2 * math.ceil(height * PX_MM / 2)


def _marks(line: Line, box: tuple[int, int], theme: Theme, ratio: int) -> Rgba:
    width, height = box
    scale = PX_MM * ratio
    return _painted(mark_ops(line, theme), width * ratio, height * ratio, scale, (-width * ratio / scale / 2, -height * ratio / scale / 2))


def tile_px(fill: Fill) -> tuple[int, int]:
    """Return the size of a fill's tile, whole pixels at ratio 1, so that tiles meet without a seam."""
    width, height = tile_mm(fill)
    return max(round(width * PX_MM), 1), max(round(height * PX_MM), 1)


def _tile(fill: Fill, box: tuple[int, int], theme: Theme, ratio: int) -> Rgba:
    """Return one tile: cut from the middle of a larger piece, stretched to whole pixels."""
    (width, height), (wide, high) = box, tile_mm(fill)
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, width * ratio, height * ratio)
    context = cairocffi.Context(surface)
    context.set_antialias(cairocffi.ANTIALIAS_BEST)
    context.translate(0, height * ratio)
    context.scale(width * ratio / wide, -height * ratio / high)
    draw(context, tile_ops(fill, theme))
    surface.flush()
    return straight(surface)


def _field(symbol: Symbol, side: int, ratio: int) -> Rgba:
    """Return a symbol's distance field: alpha `SDF_EDGE` on its outline, more inside; paper and white are outside."""
    look = Look(recolour={"*": "ink", "paper": "white", "white": "white"})
    plain = Symbol(
        id=symbol.id, name_zh="", name_en="", basis="", group="", anchor=symbol.anchor, size_mm=symbol.size_mm,
        marks=symbol.marks, states={"normal": look},
    )  # fmt: skip
    fine = picture(plain, side * SDF_FINE, "print-bw")
    pad = SDF_PAD * SDF_FINE
    inked = np.pad((fine[..., 3] >= 128) & (fine[..., 0] < 128), pad)
    reach = distances(inked, SDF_FINE // ratio) / SDF_FINE
    alpha = np.clip(np.round(SDF_EDGE + reach * (256 - SDF_EDGE) * 4 / SDF_RADIUS), 0, 255).astype(np.uint8)
    return np.dstack([np.zeros((*alpha.shape, 3), np.uint8), alpha])


def distances(inked: NDArray[np.bool_], step: int) -> NDArray[np.float64]:
    """Return, for the middle of each block of `step` × `step` cells, the signed distance to the outline, in cells; inside positive."""
    size = inked.shape[0]
    edge = np.zeros_like(inked)
    edge[:, 1:] |= inked[:, 1:] != inked[:, :-1]
    edge[1:, :] |= inked[1:, :] != inked[:-1, :]
    cells = np.arange(size)
    middles = (np.arange(size // step) + 0.5) * step
    columns = middles.astype(int)
    # In each row the nearest edge on either side; then over all rows the nearest of these (the distance is exact).
    left = np.maximum.accumulate(np.where(edge, cells, -4 * size), axis=1)[:, columns]
    right = np.minimum.accumulate(np.where(edge, cells, 5 * size)[:, ::-1], axis=1)[:, ::-1][:, columns]
    along = np.minimum(middles - left, right - middles) ** 2
    nearest = np.sqrt(np.stack([(along + ((cells - middle) ** 2)[:, None]).min(axis=0) for middle in middles]))
    return np.where(inked[np.ix_(columns, columns)], nearest, -nearest)
