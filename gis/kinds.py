"""The kinds of features: tables, DXF layers and blocks, tile attributes, API schemas and legends derive from this registry.

The facts themselves stand in `kinds.yaml` beside this file; adding an attribute there is the only edit a new attribute needs.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

Type = Literal["text", "integer", "number", "boolean", "date", "enum"]
GeometryType = Literal["Point", "Polygon"]


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
    table: str
    """English, plural: `buildings`; its view is `<name>_view`, its history `<table>_history`."""
    geometry: GeometryType
    layers: tuple[str, ...]
    """DXF layers of the norm."""
    blocks: tuple[Block, ...]
    """Label blocks (for outlines), or the point symbols themselves."""
    attributes: tuple[Attribute, ...]
    code_pattern: str | None = None
    """Regular expression that a code must match (HJ 608-2017 where it is an official code)."""
    type_attribute: str | None = None
    """The attribute that says which sort of this kind it is."""

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
    return Kind(name=name, layers=tuple(row.pop("layers", ())), blocks=blocks, attributes=attributes, **row)


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(files("gis").joinpath("kinds.yaml").read_text(encoding="utf-8"))
    return document


def load(document: dict[str, Any]) -> dict[str, Kind]:
    """Build the registry from a document of the form of `kinds.yaml`."""
    return {name: _kind(name, dict(row)) for name, row in document["kinds"].items()}


KINDS: dict[str, Kind] = load(_document())
ENUMS: dict[str, dict[str, str]] = _document()["enums"]
"""Code lists: enum name → code → Chinese label."""
COMMON_LABELS: dict[str, str] = _document()["common"]
"""Chinese labels of the columns that every kind has."""
