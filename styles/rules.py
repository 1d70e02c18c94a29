"""How a layer of one kind is drawn, as rules: what programs with rules (QGIS, an OGC Styled Layer Descriptor) take.

>>> [rule.title for rule in rules("emergency_facility", "point")][:2]
['应急设施', '应急设施（报警）']
"""

from dataclasses import dataclass
from typing import Literal

from gis.kinds import KINDS
from styles.library import style_of, type_labels
from styles.symbol import State, Style

Shape = Literal["point", "line", "area"]
SYMBOL_SCALE = 2500
"""Denominator of the scale from which on an area also carries its symbol."""
NAME_SCALE = 5000
"""The same for names."""
_SHAPES: dict[str, tuple[Shape, ...]] = {"Point": ("point",), "LineString": ("line",), "Geometry": ("point", "area")}


@dataclass(frozen=True, slots=True)
class Rule:
    """One way of drawing some features of a layer."""

    title: str
    attribute: str | None
    """The type attribute; None where the kind has no types."""
    types: tuple[str, ...]
    """Its values that this rule takes; none: all that are not in `others`."""
    others: tuple[str, ...]
    """The values that other rules take."""
    style: Style
    state: State = "normal"


def shapes_of(kind: str) -> tuple[Shape, ...]:
    """Return the shapes that features of a kind may have: a layer of another program holds one of them."""
    return _SHAPES.get(KINDS[kind].geometry, ("area",))


def layer_name(kind: str, shape: Shape) -> str:
    """Return what a layer of one shape is called: as its kind, with the shape where the kind has several."""
    return kind if len(shapes_of(kind)) == 1 else f"{kind}.{shape}"


def rules(kind: str, shape: Shape) -> tuple[Rule, ...]:
    """Return the rules of a layer: its types that are drawn apart, then all the others; points in alarm apart."""
    row = KINDS[kind]
    labels, common = type_labels(kind), style_of(kind)
    apart = {type_: style_of(kind, type_) for type_ in labels if style_of(kind, type_) != common}
    named = tuple(apart)
    attribute = row.type_attribute if named else None
    found = [Rule(f"{row.label}：{labels[type_]}", attribute, (type_,), (), style) for type_, style in apart.items()]
    found.append(Rule(row.label, attribute, (), named, common))
    if shape != "point":
        return tuple(found)
    alarmed = (Rule(f"{rule.title}（报警）", rule.attribute, rule.types, rule.others, rule.style, "alarm") for rule in found)
    return tuple(rule for pair in zip(found, alarmed, strict=True) for rule in pair)
