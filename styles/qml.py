"""QGIS layer styles (QML): rules, names, Chinese field names and code lists; pictures are inside, so that one file is enough.

QGIS reads what its own classes write; the structure follows QgsRuleBasedRenderer and the symbol layers of QGIS 3.22 (Option maps).
"""

import base64
from collections.abc import Iterator, Mapping
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gis.kinds import COMMON_LABELS, ENUMS, KINDS
from styles import svg
from styles.ops import marks_mm, tile_mm
from styles.palette import Theme, colour
from styles.rules import NAME_SCALE, SYMBOL_SCALE, Rule, Shape, rules
from styles.symbol import GRID, Fill, Line, State, Symbol
from styles.tokens import Rgb

VERSION = "3.22.0"
"""Of QGIS, whose form this is; later ones read it."""
DOT_MM = 0.01
"""What a dot is as a stroke: QGIS leaves out strokes without length."""
_TYPES = {"point": "marker", "line": "line", "area": "fill"}

Layers = Iterator[tuple[str, Mapping[str, object]]]
"""Symbol layers: class and options."""


def _rgba(rgb: Rgb, opacity: float = 1.0) -> str:
    return ",".join(str(part) for part in (*rgb, round(opacity * 255)))


def _embedded(picture: str) -> str:
    return f"base64:{base64.b64encode(picture.encode()).decode()}"


def _options(parent: Element, values: Mapping[str, object]) -> None:
    table = SubElement(parent, "Option", type="Map")
    for name, value in values.items():
        SubElement(table, "Option", name=name, value=str(value), type="QString")


def _symbol(parent: Element, name: str, type_: str, layers: Layers) -> None:
    symbol = SubElement(parent, "symbol", name=name, type=type_, alpha="1", clip_to_extent="1", force_rhr="0")
    for number, (class_, options) in enumerate(layers):
        layer = SubElement(symbol, "layer", {"class": class_, "enabled": "1", "locked": "0", "pass": "0"})
        inner = options.get("sub")
        _options(layer, {key: value for key, value in options.items() if key != "sub"})
        if isinstance(inner, dict):
            _symbol(layer, f"@{name}@{number}", "marker", iter([("SvgMarker", inner)]))


def _marker(symbol: Symbol, theme: Theme, state: State) -> dict[str, object]:
    unit = symbol.size_mm.sheet / GRID
    # The picture's middle goes where the anchor lies; y points down.
    offset = (symbol.middle[0] * unit, -symbol.middle[1] * unit)
    return {
        "name": _embedded(svg.document(symbol, theme, state)),
        "size": svg.number(svg.SIDE * unit),
        "size_unit": "MM",
        "offset": ",".join(svg.number(part) for part in offset),
        "offset_unit": "MM",
        "scale_method": "diameter",
    }


def _strokes(line: Line, theme: Theme) -> Layers:
    for pen in line.pens:
        yield (
            "SimpleLine",
            {
                "line_color": _rgba(colour(pen.colour, theme)),
                "line_width": pen.width_mm,
                "line_width_unit": "MM",
                "capstyle": "round" if pen.dotted else "flat",
                "joinstyle": "round" if pen.dotted else "miter",
                "use_custom_dash": int(bool(pen.dash_mm)),
                "customdash": ";".join(str(length or DOT_MM) for length in pen.dash_mm),
                "customdash_unit": "MM",
            },
        )
    if line.repeats:
        every = line.repeats[0].every_mm
        picture = {
            "name": _embedded(svg.marks(line, theme)),
            "size": svg.number(marks_mm(line)[0]),
            "size_unit": "MM",
            "scale_method": "diameter",
        }
        yield (
            "MarkerLine",
            {
                "placement": "interval",
                "interval": every,
                "interval_unit": "MM",
                "offset_along_line": every / 2,
                "offset_along_line_unit": "MM",
                "rotate": 1,
                "sub": picture,
            },
        )


def _ground(fill: Fill, theme: Theme) -> Layers:
    if fill.ground:
        yield "SimpleFill", {"color": _rgba(colour(fill.ground, theme), fill.opacity), "style": "solid", "outline_style": "no"}
    if fill.tiled:
        yield "SVGFill", {"svgFile": _embedded(svg.tile(fill, theme)), "width": svg.number(tile_mm(fill)[0]), "pattern_width_unit": "MM"}
    if not fill.ground and not fill.tiled:
        # An area that shows nothing inside is still one that can be clicked.
        yield "SimpleFill", {"color": "0,0,0,0", "style": "no", "outline_style": "no"}


def _layers(rule: Rule, shape: Shape, theme: Theme) -> Layers:
    style = rule.style
    if shape == "point":
        yield "SvgMarker", _marker(style.symbol, theme, rule.state)
    if shape == "area" and style.fill:
        yield from _ground(style.fill, theme)
    if shape != "point" and style.line:
        yield from _strokes(style.line, theme)


def expression(rule: Rule, shape: Shape) -> str:
    """Return the QGIS expression of the features that a rule takes; empty: all."""
    parts = []
    listed = ", ".join(f"'{type_}'" for type_ in rule.types or rule.others)
    if rule.types:
        parts.append(f'"{rule.attribute}" = {listed}' if len(rule.types) == 1 else f'"{rule.attribute}" IN ({listed})')
    elif rule.others:
        parts.append(f'("{rule.attribute}" IS NULL OR "{rule.attribute}" NOT IN ({listed}))')
    if shape == "point":
        parts.append(f'"alarm_level" IS {"NOT " if rule.state == "alarm" else ""}NULL')
    return " AND ".join(parts)


def _renderer(root: Element, kind: str, shape: Shape, theme: Theme) -> None:
    renderer = SubElement(root, "renderer-v2", type="RuleRenderer", forceraster="0", enableorderby="0", symbollevels="0")
    every = rules(kind, shape)

    def key(name: str) -> str:
        return f"{{{uuid5(NAMESPACE_URL, f'quanjing:{kind}:{shape}:{name}')}}}"

    table = SubElement(renderer, "rules", key=key(""))
    symbols = SubElement(renderer, "symbols")
    for number, rule in enumerate(every):
        row = SubElement(table, "rule", key=key(str(number)), symbol=str(number), label=rule.title)
        if chosen := expression(rule, shape):
            row.set("filter", chosen)
        _symbol(symbols, str(number), _TYPES[shape], _layers(rule, shape, theme))
        if shape == "area":
            # Near by, the symbol stands in the middle, as it does on the map.
            near = SubElement(row, "rule", key=key(f"{number}-symbol"), symbol=f"{number}s", label="符号", checkstate="1")
            near.set("scalemindenom", "1")
            near.set("scalemaxdenom", str(SYMBOL_SCALE))
            middle = {"point_on_surface": 1, "clip_points": 0, "sub": _marker(rule.style.symbol, theme, "normal")}
            _symbol(symbols, f"{number}s", "fill", iter([("CentroidFill", middle)]))


def _names(root: Element, theme: Theme) -> None:
    settings = SubElement(SubElement(root, "labeling", type="simple"), "settings", calloutType="simple")
    text = SubElement(settings, "text-style", fieldName='coalesce("name", "code")', isExpression="1", fontFamily="Noto Sans CJK SC")
    text.attrib |= {"fontSize": "8", "fontSizeUnit": "Point", "textColor": _rgba(colour("ink", theme)), "namedStyle": "Regular"}
    halo = {"bufferDraw": "1", "bufferSize": "0.6", "bufferSizeUnits": "MM", "bufferColor": _rgba(colour("paper", theme))}
    SubElement(text, "text-buffer", halo)
    SubElement(settings, "placement", placement="0", dist="2", distUnits="MM")
    SubElement(settings, "rendering", scaleVisibility="1", scaleMin=str(NAME_SCALE), scaleMax="1", obstacle="1")


def _fields(root: Element, kind: str) -> None:
    aliases = SubElement(root, "aliases")
    configured = SubElement(root, "fieldConfiguration")
    labels = {name: COMMON_LABELS[name] for name in ("name", "code")} | {one.name: one.label for one in KINDS[kind].attributes}
    for number, (name, label) in enumerate(labels.items()):
        SubElement(aliases, "alias", field=name, index=str(number), name=label)
    for attribute in KINDS[kind].attributes:
        if attribute.enum:
            widget = SubElement(
                SubElement(configured, "field", name=attribute.name, configurationFlags="None"), "editWidget", type="ValueMap"
            )
            table = SubElement(SubElement(SubElement(widget, "config"), "Option", type="Map"), "Option", name="map", type="List")
            for value, label in ENUMS[attribute.enum].items():
                _options(table, {label: value})


def document(kind: str, shape: Shape, theme: Theme = "light") -> str:
    """Return the QML of a layer.

    Parameters
    ----------
    kind : str
        A name of `gis.kinds.KINDS`.
    shape : str
        One of `styles.rules.shapes_of`.
    theme : str
    """
    root = Element("qgis", version=VERSION, styleCategories="Symbology|Labeling|Fields|Forms", labelsEnabled="1")
    _renderer(root, kind, shape, theme)
    _names(root, theme)
    _fields(root, kind)
    indent(root, " ")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{tostring(root, encoding='unicode')}\n"
