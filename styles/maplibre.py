"""The map's style for MapLibre: every kind of feature, as a function of theme and source.

A vector source has one layer a kind, named as the kind, with the properties `type` (the value of its type attribute), `code`, `name`,
`alarm_level` (absent where there is no open alarm), `offline` (true where a monitor has fallen silent) and, of outlines, `anchor`
(true in the one tile of those it reaches into where its symbol and name stand).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gis.kinds import DETAIL_ZOOM, KINDS, Kind
from styles.library import style_of, styles, types_of
from styles.palette import Theme, colour
from styles.sprite import PX_MM
from styles.symbol import GRID, Fill, Line, Symbol
from styles.tokens import Rgb

Layer = dict[str, Any]
NAMES = "quanjing"
"""Of the source."""
FONT = ["Noto Sans CJK SC Regular"]
YIELDING = frozenset({"built", "network", "grounds"})
"""Groups of kinds whose symbols give way to others where there is no room, unless there is an alarm."""
SPARSE_PX = 14
"""Distance that a symbol of a sparse kind keeps from others."""


def hexed(rgb: Rgb) -> str:
    """Return `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def map_style(theme: Theme, sprite: str, source: Mapping[str, Any], glyphs: str) -> dict[str, Any]:
    """Return a style document.

    Parameters
    ----------
    theme : str
    sprite : str
        Address of the sprite without its extension; the distance fields lie beside it as `<sprite>-sdf`, named `sdf:<symbol>`.
    source : mapping
        The vector source, as the style specification has it.
    glyphs : str
        Address of the glyphs, with `{fontstack}` and `{range}`.
    """
    kinds = list(dict.fromkeys(name.partition(".")[0] for name in styles()))
    shown = [kind for kind in kinds if not KINDS[kind].schematic]
    marked = [kind for kind in shown if KINDS[kind].geometry != "LineString"]
    layers = [
        *(layer for kind in shown for layer in _areas(kind, theme)),
        *(layer for kind in shown for layer in _lines(kind, theme)),
        # What lies above is placed first: a name keeps off every symbol, and gives way where there is no room.
        *(_name(kind, theme) for kind in marked),
        *(layer for kind in marked for layer in _symbols(kind)),
        # Among the details of a plant it is the plant's name that must not give way.
        *(_name(kind, theme, DETAIL_ZOOM) for kind in marked if _far(kind)),
    ]
    return {
        "version": 8,
        "name": f"quanjing {theme}",
        "metadata": {"quanjing:theme": theme},
        "sprite": [{"id": "default", "url": sprite}, {"id": "sdf", "url": f"{sprite}-sdf"}],
        "glyphs": glyphs,
        "sources": {NAMES: dict(source)},
        "layers": [{"id": "ground", "type": "background", "paint": {"background-color": hexed(colour("paper", theme))}}, *layers],
    }


def _base(kind: str, id_: str, type_: str) -> Layer:
    return {"id": id_, "type": type_, "source": NAMES, "source-layer": kind, "minzoom": KINDS[kind].zoom}


def by_type(values: Mapping[str | None, Any]) -> Any:
    """Return an expression that chooses by a feature's type; a plain value where all types have the same.

    >>> by_type({None: 1, "air": 2, "water": 1})
    ['match', ['get', 'type'], 'air', 2, 1]
    """
    rest = values[None]
    own = {type_: value for type_, value in values.items() if type_ is not None and value != rest}
    branches = [part for type_, value in own.items() for part in (type_, value)]
    return ["match", ["get", "type"], *branches, rest] if branches else rest


def _of_types(kind: str) -> tuple[str | None, ...]:
    return (None, *types_of(kind))


def _having(kind: str, types: list[str | None]) -> list[Any] | None:
    """Return a filter of some types, None where they are all; None among them stands for any other type."""
    every = _of_types(kind)
    if set(types) == set(every):
        return None
    named = [type_ for type_ in every if type_ is not None]
    if None in types:
        return ["!", ["in", ["get", "type"], ["literal", [type_ for type_ in named if type_ not in types]]]]
    return ["in", ["get", "type"], ["literal", types]]


def _grouped(kind: str, what: str) -> dict[str, tuple[Any, list[str | None]]]:
    """Return the lines or fills of a kind by id, with the types that have them."""
    found: dict[str, tuple[Any, list[str | None]]] = {}
    for type_ in _of_types(kind):
        item: Line | Fill | None = getattr(style_of(kind, type_), what)
        if item is not None:
            found.setdefault(item.id, (item, []))[1].append(type_)
    return found


def _filtered(layer: Layer, *conditions: Any) -> Layer:
    given = [condition for condition in conditions if condition is not None]
    if given:
        layer["filter"] = given[0] if len(given) == 1 else ["all", *given]
    return layer


POLYGON = ["==", ["geometry-type"], "Polygon"]


def _only_areas(kind: str) -> Any:
    return POLYGON if KINDS[kind].geometry == "Geometry" else None


def _areas(kind: str, theme: Theme) -> Iterator[Layer]:
    fill: Fill
    for id_, (fill, types) in _grouped(kind, "fill").items():
        conditions = (_only_areas(kind), _having(kind, types))
        if fill.ground:
            paint = {"fill-color": hexed(colour(fill.ground, theme)), "fill-opacity": fill.opacity}
            yield _filtered(_base(kind, f"{kind}.ground.{id_}", "fill") | {"paint": paint}, *conditions)
        if fill.tiled:
            yield _filtered(_base(kind, f"{kind}.hatch.{id_}", "fill") | {"paint": {"fill-pattern": f"fill-{id_}"}}, *conditions)


def _lines(kind: str, theme: Theme) -> Iterator[Layer]:
    line: Line
    for id_, (line, types) in _grouped(kind, "line").items():
        conditions = (_only_areas(kind), _having(kind, types))
        for number, pen in enumerate(line.pens):
            paint: Layer = {"line-color": hexed(colour(pen.colour, theme)), "line-width": round(max(pen.width_mm * PX_MM, 0.6), 2)}
            if pen.dash_mm:
                # Dashes are counted in widths of the line; round ends make a dot of one without length.
                paint["line-dasharray"] = [round(length / pen.width_mm, 2) for length in pen.dash_mm]
            layout = {"line-cap": "round" if pen.dotted else "butt", "line-join": "round" if pen.dotted else "miter"}
            yield _filtered(_base(kind, f"{kind}.line.{id_}.{number}", "line") | {"layout": layout, "paint": paint}, *conditions)
        if line.repeats:
            layout_marks = {
                "symbol-placement": "line",
                "symbol-spacing": round(max(line.repeats[0].every_mm * PX_MM, 1), 1),
                "icon-image": f"line-{id_}",
                "icon-allow-overlap": True,
                "icon-ignore-placement": True,
                "icon-keep-upright": False,
            }
            yield _filtered(_base(kind, f"{kind}.marks.{id_}", "symbol") | {"layout": layout_marks}, *conditions)


def offset_px(symbol: Symbol) -> list[float]:
    """Return how far a symbol's middle lies from its anchor, pixels, y down (`icon-offset`)."""
    unit = symbol.size_mm.web * PX_MM / GRID
    across, up = symbol.middle
    return [round(across * unit, 1) + 0.0, round(-up * unit, 1) + 0.0]


STATE = ["case", ["has", "alarm_level"], ".alarm", ["to-boolean", ["get", "offline"]], ".offline", ""]
"""The suffix of an icon's name by what a feature says of itself."""


def _once(kind: str) -> Any:
    return ["has", "anchor"] if KINDS[kind].areal else None


def _symbols(kind: str) -> Iterator[Layer]:
    row = KINDS[kind]
    found = {type_: style_of(kind, type_).symbol for type_ in _of_types(kind)}
    name = by_type({type_: symbol.id for type_, symbol in found.items()})
    offsets = {type_: ["literal", offset_px(symbol)] for type_, symbol in found.items()}
    layout = {
        "icon-image": ["concat", name, STATE],
        "icon-allow-overlap": True,
        "icon-padding": 0,
        # An alarm lies above what has none; with overlaps allowed the greater key is drawn later.
        "symbol-sort-key": ["-", 9, ["coalesce", ["get", "alarm_level"], 9]],
    }
    if any(offset[1] != [0.0, 0.0] for offset in offsets.values()):
        layout["icon-offset"] = by_type(offsets)
    if row.group not in YIELDING:
        yield _filtered(_base(kind, f"{kind}.symbol", "symbol") | {"layout": layout}, _once(kind))
        return
    alarmed = ["has", "alarm_level"]
    calm = layout | {"icon-allow-overlap": False}
    if row.sparse:
        # The tiles hold all of them from a zoom on: here the greatest is placed first and keeps others at a distance.
        calm |= {"icon-padding": SPARSE_PX, "symbol-sort-key": ["-", 0, ["to-number", ["get", row.sparse], 0]]}
    yield _filtered(_base(kind, f"{kind}.symbol", "symbol") | {"layout": calm}, _once(kind), ["!", alarmed])
    yield _filtered(_base(kind, f"{kind}.alarm.symbol", "symbol") | {"layout": layout}, _once(kind), alarmed)


def _far(kind: str) -> bool:
    """Whether it is a point that is named before the details of plants are shown."""
    return KINDS[kind].geometry == "Point" and KINDS[kind].named_zoom < DETAIL_ZOOM


def _caption(row: Kind) -> Any:
    said = ["get", row.caption]
    number = row.caption in {attribute.name for attribute in row.attributes if attribute.type == "number"}
    return ["to-string", ["/", ["round", ["*", said, 100]], 100] if number else said]


def _name(kind: str, theme: Theme, above: int | None = None) -> Layer:
    """Return the layer of a kind's names, of one named from afar until details come; `above`: from there on, over all symbols."""
    row = KINDS[kind]
    words = {
        "text-field": _caption(row) if row.caption else ["coalesce", ["get", "name"], ["get", "code"], ""],
        "text-font": FONT,
        "text-size": 12,
        "text-variable-anchor": ["top", "bottom", "left", "right"],
        "text-radial-offset": 1.3,
        "text-justify": "auto",
    }
    halo = {"text-color": hexed(colour("ink", theme)), "text-halo-color": hexed(colour("paper", theme)), "text-halo-width": 1.4}
    label = _base(kind, f"{kind}.{'above.' if above else ''}name", "symbol") | {"layout": words, "paint": halo}
    label["minzoom"] = above or row.named_zoom
    if _far(kind) and not above:
        label["maxzoom"] = DETAIL_ZOOM
    return _filtered(label, _once(kind))
