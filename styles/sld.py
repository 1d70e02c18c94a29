"""OGC Styled Layer Descriptor 1.1 with Symbology Encoding 1.1 (OGC 05-078r4, 05-077r4), for GeoServer, ArcGIS, QGIS and their like.

Pictures are named, not held: `svg/<theme>/…` beside the document's folder, as `styles.outputs` writes them. Sizes are in pixels of 0.28 mm
(05-077r4, 11.1.4).
"""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from gis.kinds import KINDS
from styles import svg
from styles.library import styles
from styles.maplibre import hexed
from styles.ops import marks_mm, tile_mm
from styles.palette import Theme, colour
from styles.rules import NAME_SCALE, SYMBOL_SCALE, Rule, Shape, layer_name, rules, shapes_of
from styles.symbol import GRID, Fill, Line, Pen, State, Symbol

PX_MM = 1 / 0.28
"""Pixels in a millimetre."""
DOT_MM = 0.01
"""What a dot is as a stroke, mm: some programs leave out strokes without length."""
SPACES = {
    "": "http://www.opengis.net/sld",
    "se": "http://www.opengis.net/se",
    "ogc": "http://www.opengis.net/ogc",
    "xlink": "http://www.w3.org/1999/xlink",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
SCHEMA = "http://www.opengis.net/sld http://schemas.opengis.net/sld/1.1.0/StyledLayerDescriptor.xsd"


def _q(name: str) -> str:
    space, _, local = name.rpartition(":")
    return f"{{{SPACES[space]}}}{local}"


def _add(parent: Element, name: str, text: str | None = None, /, **attributes: str) -> Element:
    child = SubElement(parent, _q(name), attributes)
    child.text = text
    return child


def _px(mm: float) -> str:
    return svg.number(mm * PX_MM)


def _graphic(parent: Element, href: str, height_mm: float, offset_mm: tuple[float, float] = (0.0, 0.0)) -> None:
    graphic = _add(parent, "se:Graphic")
    outside = _add(graphic, "se:ExternalGraphic")
    SubElement(outside, _q("se:OnlineResource"), {_q("xlink:type"): "simple", _q("xlink:href"): href})
    _add(outside, "se:Format", "image/svg+xml")
    _add(graphic, "se:Size", _px(height_mm))
    if offset_mm != (0.0, 0.0):
        moved = _add(graphic, "se:Displacement")
        _add(moved, "se:DisplacementX", _px(offset_mm[0]))
        _add(moved, "se:DisplacementY", _px(offset_mm[1]))


def _point(parent: Element, symbol: Symbol, theme: Theme, state: State) -> None:
    unit = symbol.size_mm.sheet / GRID
    offset = (symbol.middle[0] * unit, symbol.middle[1] * unit)
    href = f"../../svg/{theme}/{svg.file_name(symbol, state)}.svg"
    _graphic(_add(parent, "se:PointSymbolizer"), href, svg.SIDE * unit, offset)


def _parameters(parent: Element, values: dict[str, str]) -> None:
    for name, value in values.items():
        _add(parent, "se:SvgParameter", value, name=name)


def _pen(pen: Pen, theme: Theme) -> dict[str, str]:
    values = {
        "stroke": hexed(colour(pen.colour, theme)),
        "stroke-width": _px(pen.width_mm),
        "stroke-linejoin": "round" if pen.dotted else "mitre",
        "stroke-linecap": "round" if pen.dotted else "butt",
    }
    if pen.dash_mm:
        values["stroke-dasharray"] = " ".join(_px(length or DOT_MM) for length in pen.dash_mm)
    return values


def _line(parent: Element, line: Line, theme: Theme) -> None:
    for pen in line.pens:
        _parameters(_add(_add(parent, "se:LineSymbolizer"), "se:Stroke"), _pen(pen, theme))
    if line.repeats:
        width, height = marks_mm(line)
        drawn = _add(_add(_add(parent, "se:LineSymbolizer"), "se:Stroke"), "se:GraphicStroke")
        _graphic(drawn, f"../../svg/{theme}/line-{line.id}.svg", height)
        _add(drawn, "se:InitialGap", _px((line.repeats[0].every_mm - width) / 2))
        _add(drawn, "se:Gap", _px(line.repeats[0].every_mm - width))


def _area(parent: Element, fill: Fill, theme: Theme) -> None:
    if fill.ground:
        paint = {"fill": hexed(colour(fill.ground, theme)), "fill-opacity": svg.number(fill.opacity)}
        _parameters(_add(_add(parent, "se:PolygonSymbolizer"), "se:Fill"), paint)
    if fill.tiled:
        drawn = _add(_add(_add(parent, "se:PolygonSymbolizer"), "se:Fill"), "se:GraphicFill")
        _graphic(drawn, f"../../svg/{theme}/fill-{fill.id}.svg", tile_mm(fill)[1])


def _compared(parent: Element, attribute: str, value: str) -> None:
    equal = _add(parent, "ogc:PropertyIsEqualTo")
    _add(equal, "ogc:PropertyName", attribute)
    _add(equal, "ogc:Literal", value)


def _null(parent: Element, attribute: str) -> None:
    _add(_add(parent, "ogc:PropertyIsNull"), "ogc:PropertyName", attribute)


def _filter(parent: Element, rule: Rule, shape: Shape) -> None:
    count = int(bool(rule.types or rule.others)) + (shape == "point")
    if not count:
        return
    top = _add(parent, "ogc:Filter")
    top = _add(top, "ogc:And") if count > 1 else top
    attribute = rule.attribute or ""
    if rule.types:
        every = _add(top, "ogc:Or") if len(rule.types) > 1 else top
        for type_ in rule.types:
            _compared(every, attribute, type_)
    elif rule.others:
        either = _add(top, "ogc:Or")
        _null(either, attribute)
        other = _add(either, "ogc:Not")
        every = _add(other, "ogc:Or") if len(rule.others) > 1 else other
        for type_ in rule.others:
            _compared(every, attribute, type_)
    if shape == "point":
        _null(_add(top, "ogc:Not") if rule.state == "alarm" else top, "alarm_level")


def _rule(parent: Element, name: str, rule: Rule, shape: Shape, theme: Theme) -> None:
    row = _add(parent, "se:Rule")
    _add(row, "se:Name", name)
    _add(_add(row, "se:Description"), "se:Title", rule.title)
    _filter(row, rule, shape)
    if shape == "point":
        _point(row, rule.style.symbol, theme, rule.state)
    if shape == "area" and rule.style.fill:
        _area(row, rule.style.fill, theme)
    if shape != "point" and rule.style.line:
        _line(row, rule.style.line, theme)


def _near(parent: Element, name: str, rule: Rule, theme: Theme) -> None:
    """Near by, an area carries its symbol in its middle, as it does on the map."""
    row = _add(parent, "se:Rule")
    _add(row, "se:Name", name)
    _filter(row, rule, "area")
    _add(row, "se:MaxScaleDenominator", str(SYMBOL_SCALE))
    _point(row, rule.style.symbol, theme, "normal")


def _names(parent: Element, kind: str, theme: Theme) -> None:
    row = _add(parent, "se:Rule")
    _add(row, "se:Name", f"{kind}-names")
    _add(row, "se:MaxScaleDenominator", str(NAME_SCALE))
    text = _add(row, "se:TextSymbolizer")
    _add(_add(text, "se:Label"), "ogc:PropertyName", "name")
    _parameters(_add(text, "se:Font"), {"font-family": "Noto Sans CJK SC", "font-size": _px(2.8)})
    halo = _add(text, "se:Halo")
    _add(halo, "se:Radius", _px(0.5))
    _parameters(_add(halo, "se:Fill"), {"fill": hexed(colour("paper", theme))})
    _parameters(_add(text, "se:Fill"), {"fill": hexed(colour("ink", theme))})


def _named(root: Element, name: str, kind: str, shape: Shape, theme: Theme) -> None:
    layer = _add(root, "NamedLayer")
    _add(layer, "se:Name", name)
    style = _add(layer, "UserStyle")
    _add(style, "se:Name", f"{kind}-{shape}-{theme}")
    _add(_add(style, "se:Description"), "se:Title", KINDS[kind].label)
    features = _add(style, "se:FeatureTypeStyle")
    every = rules(kind, shape)
    for number, rule in enumerate(every):
        _rule(features, f"{kind}-{shape}-{number}", rule, shape, theme)
    for number, rule in enumerate(every if shape == "area" else ()):
        _near(features, f"{kind}-symbol-{number}", rule, theme)
    _names(features, kind, theme)


def _written(layers: Iterable[tuple[str, str, Shape]], theme: Theme) -> str:
    for prefix, space in SPACES.items():
        register_namespace(prefix, space)
    root = Element(_q("StyledLayerDescriptor"), {"version": "1.1.0", _q("xsi:schemaLocation"): SCHEMA})
    for name, kind, shape in layers:
        _named(root, name, kind, shape, theme)
    indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def document(kind: str, shape: Shape, theme: Theme = "light") -> str:
    """Return the SLD of a layer; see `styles.qml.document` for the parameters."""
    return _written([(kind, kind, shape)], theme)


def whole(theme: Theme = "light") -> str:
    """Return the SLD of all layers that lie on a map, from below to above, named as `layer export` names layers."""
    kinds = dict.fromkeys(name.partition(".")[0] for name in styles())
    return _written(
        [(layer_name(kind, shape), kind, shape) for kind in kinds if not KINDS[kind].schematic for shape in shapes_of(kind)], theme
    )
