"""The drafting norm QJ-DN 1.0 as data: its layers and blocks, and which kinds of features they carry.

Kinds, their layers, label blocks and attribute tags come from `gis.kinds`; `norm.yaml` beside this file adds what only a drawing needs.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from gis.facts import facts
from gis.kinds import KINDS, Kind

APPID = "QJ_ID"
"""Application name of the XDATA that carries a feature's UUID through a CAD program."""
METRES = 6
"""$INSUNITS of a norm drawing (DXF reference, header variables)."""

Frame = Literal["circle", "north", "arrow"]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the norm."""

    name: str
    label: str
    width_mm: float
    token: str
    """Colour, `<group>.<name>` of `styles/tokens.yaml`."""
    dash: str | None = None
    kinds: tuple[Kind, ...] = ()
    """Kinds of features drawn on it; none: known, but nothing on it is stored."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One block of the norm: a unit symbol at its insertion point, with attributes."""

    name: str
    label: str
    tags: tuple[str, ...]
    frame: Frame | None = None
    """What it looks like where it has no kind, which has a symbol."""
    letter: str = ""
    code: str = ""
    """Letters that the code of such a thing begins with (HJ 608-2017), where there are any."""
    kind: Kind | None = None
    implies: tuple[tuple[str, str], ...] = ()
    """Attribute values of the kind that the block alone stands for."""
    layer: str | None = None
    """The layer that it belongs on, where its kind has several and does not say which."""


def tags_of(kind: Kind) -> tuple[str, ...]:
    """Return the ATTRIB tags of a kind: the common ones, heights, and those of its attributes."""
    own = tuple(attribute.tag for attribute in kind.attributes if attribute.tag)
    return tuple(dict.fromkeys(("CODE", "NAME", "HEIGHT", "BASE", *own)))


def _symbol(name: str, row: dict[str, Any]) -> Symbol:
    found = [(kind, block) for kind in KINDS.values() for block in kind.blocks if block.name == name]
    kind, implies = (found[0][0], found[0][1].implies) if found else (None, ())
    tags = tuple(row.pop("tags", ())) or (tags_of(kind) if kind else ("CODE", "NAME"))
    return Symbol(name=name, tags=tags, kind=kind, implies=implies, **row)


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = facts("drawings", "norm.yaml")
    return document


LAYERS: dict[str, Layer] = {
    name: Layer(name=name, kinds=tuple(kind for kind in KINDS.values() if name in kind.layers), **row)
    for name, row in _document()["layers"].items()
}
BLOCKS: dict[str, Symbol] = {name: _symbol(name, dict(row)) for name, row in _document()["blocks"].items()}
REQUIRED_LAYERS: dict[str, tuple[tuple[str, ...], ...]] = {
    kind: tuple(tuple(names) for names in groups) for kind, groups in _document()["required"].items()
}
"""Drawing kind → groups of layers, of each of which one has something on it."""
SOURCE_CODE = KINDS["enterprise"].code_pattern or ""
"""Pattern of the 22-character code of a source (HJ 608-2017, appendix A)."""


def blocks_on(layer: Layer) -> tuple[str, ...]:
    """Return the names of the blocks that belong on a layer."""
    return tuple(block.name for kind in layer.kinds for block in kind.blocks)
