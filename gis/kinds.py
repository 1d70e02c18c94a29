"""The kinds of features: tables, DXF layers and blocks, tile attributes, API schemas and legends derive from this registry.

The facts themselves stand in `kinds.yaml` beside this file; adding an attribute there is the only edit a new attribute needs.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from gis.facts import facts

Type = Literal["text", "integer", "number", "boolean", "date", "enum"]
GeometryType = Literal["Point", "LineString", "Polygon", "PolygonZ", "MultiPolygon", "Geometry"]
Form = Literal["solid", "surface", "line", "pipe", "marker", "none"]
DETAIL_ZOOM = 14
"""From which a web map shows what is in a plant; `NAMED_ZOOM`: from which it names it."""
NAMED_ZOOM = 16


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a kind, beside the common ones (code, name, heights, times)."""

    name: str
    label: str
    type: Type
    unit: str | None = None
    enum: str | None = None
    """Name of the code list in `ENUMS`, where type is enum."""
    tag: str | None = None
    """DXF ATTRIB tag of the norm, upper case."""
    required: bool = False
    in_tile: bool = False
    """Carried in the property table of 3D tiles."""


@dataclass(frozen=True, slots=True)
class Block:
    """A label block of the drafting norm and the attribute values that it stands for."""

    name: str
    implies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of feature."""

    name: str
    """English, singular: `building`."""
    label: str
    group: str
    """Of a layer panel: a name out of `GROUPS`."""
    table: str
    """English, plural: `buildings`; its view is `<name>_view`, its history `<table>_history`."""
    geometry: GeometryType
    """`Geometry`: a point or an outline, as drawn."""
    form: Form
    """How a scene shows it: a body with a top and a bottom, a patch of ground, a line on it, a pipe, a marker, not at all."""
    layers: tuple[str, ...]
    """DXF layers of the norm."""
    layer_implies: dict[str, tuple[tuple[str, Any], ...]]
    """Layer → attribute values that lying on it stands for."""
    blocks: tuple[Block, ...]
    """Label blocks (for outlines), or the point symbols themselves."""
    attributes: tuple[Attribute, ...]
    code_pattern: str | None = None
    """Regular expression that a code must match (HJ 608-2017 where it is an official code)."""
    type_attribute: str | None = None
    """The attribute that says which sort of this kind it is."""
    zoom: int = DETAIL_ZOOM
    """Of a web map (WebMercatorQuad), from which it is shown."""
    schematic: bool = False
    """Drawn on a process flow, which is no map: it has a `shape` in sheet units and no `geom`."""
    caption: str | None = None
    """What a web map writes beside it; None for its name, else its code."""
    sparse: str | None = None
    """Lies so close that a web map shows one of a crowd: the attribute (a number, `in_tile`) whose greatest value stays."""

    @property
    def solid(self) -> bool:
        """Whether it is an area, so that a height, a bottom and a top may be said of it."""
        return self.geometry in ("Polygon", "PolygonZ", "Geometry")

    @property
    def flat(self) -> bool:
        """Whether its shape lies in the plane, as a map program draws it; else it comes from drawings alone."""
        return self.geometry != "PolygonZ"

    @property
    def areal(self) -> bool:
        """Whether it has an outline, which tiles of a map cut into pieces."""
        return self.geometry not in ("Point", "LineString")

    @property
    def named_zoom(self) -> int:
        """The zoom from which a map writes its name beside it."""
        return self.zoom + 1 if self.zoom < DETAIL_ZOOM else NAMED_ZOOM

    def attribute(self, name: str) -> Attribute:
        """Return the attribute of that name; raises KeyError."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute
        raise KeyError(name)


def _attribute(name: str, row: dict[str, Any]) -> Attribute:
    return Attribute(name=name, **row)


def _kind(name: str, row: dict[str, Any]) -> Kind:
    blocks = tuple(Block(block, tuple(sorted((implies or {}).items()))) for block, implies in (row.pop("blocks", None) or {}).items())
    attributes = tuple(_attribute(key, value) for key, value in (row.pop("attributes", None) or {}).items())
    listed = row.pop("layers", None) or {}
    layers: dict[str, Any] = listed if isinstance(listed, dict) else {layer: {} for layer in listed}
    implies = {layer: tuple(sorted(values.items())) for layer, values in layers.items()}
    return Kind(name=name, layers=tuple(layers), layer_implies=implies, blocks=blocks, attributes=attributes, **row)


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = facts("gis", "kinds.yaml")
    return document


def load(document: dict[str, Any]) -> dict[str, Kind]:
    """Build the registry from a document of the form of `kinds.yaml`."""
    return {name: _kind(name, dict(row)) for name, row in document["kinds"].items()}


KINDS: dict[str, Kind] = load(_document())
ENUMS: dict[str, dict[str, str]] = _document()["enums"]
"""Code lists: enum name → code → Chinese label."""
GROUPS: dict[str, str] = _document()["groups"]
"""Groups of kinds, in the order of a layer panel: name → Chinese label."""
COMMON_LABELS: dict[str, str] = _document()["common"]
"""Chinese labels of the columns that every kind has."""
