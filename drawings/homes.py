"""Where a stored feature belongs on a drawing by the norm: drawing kind, layer, label block, and what its label says."""

from collections.abc import Mapping
from typing import Any

from drawings.norm import BLOCKS
from gis.kinds import KINDS, Block, Kind
from gis.models.drawn import Drawn

DRAWINGS = {"QJ-A": "A", "QJ-P": "A", "QJ-F": "B", "QJ-M": "C", "QJ-R": "D"}
"""Beginning of a layer's name → the drawing kind that it is of first of all."""
HOME_OF: dict[str, str] = {kind.name: DRAWINGS[kind.layers[0][:4]] for kind in KINDS.values() if kind.layers}
"""Kind → drawing kind that one which no drawing shows belongs on; kinds that the norm does not draw are left out."""


def block_for(kind: Kind, attributes: Mapping[str, Any]) -> Block | None:
    """Return the label block that stands for most of what a feature is, None where its kind has no blocks.

    >>> block_for(KINDS["structure"], {"structure_type": "tank"}).name
    'QJ_TANK'
    """

    def agrees(block: Block) -> tuple[int, int]:
        wrong = sum(attributes.get(name) != value for name, value in block.implies)
        return wrong, -len(block.implies)

    other = [block for block in kind.blocks if dict(block.implies).get(kind.type_attribute or "") == "other"]
    best = min(kind.blocks, key=agrees, default=None)
    return best if best is None or not agrees(best)[0] or not other else other[0]


def layer_for(kind: Kind, attributes: Mapping[str, Any], block: Block | None, drawn_on: str | None) -> str:
    """Return the layer of the norm for a feature: the one it was drawn on, else its block's own, else the one that says most of it.

    >>> layer_for(KINDS["pipe"], {"medium": "gas"}, None, "0")
    'QJ-P-GAS'
    """
    if drawn_on in kind.layers:
        return drawn_on
    own = BLOCKS[block.name].layer if block else None
    if own:
        return own

    def disagrees(layer: str) -> int:
        return sum(attributes.get(name) != value for name, value in kind.layer_implies[layer])

    return min(kind.layers, key=disagrees)


def _heights(feature: Drawn) -> dict[str, float]:
    """Return BASE, HEIGHT and DEPTH as `drawings.interpret.heights` would read them back."""
    height, bottom, top = feature.height_m, feature.z_min_m, feature.z_max_m
    if feature.kind == "underground_structure":
        depth = height if height is not None else None if top is None or bottom is None else top - bottom
        return {tag: value for tag, value in (("BASE", top), ("DEPTH", depth)) if value is not None}
    if feature.attributes.get("structure_type") == "pond":
        base = None if top is None else top - (height or 0.0)
        depth = None if base is None or bottom is None else base - bottom
        return {tag: value for tag, value in (("BASE", base), ("HEIGHT", height), ("DEPTH", depth)) if value is not None}
    return {tag: value for tag, value in (("BASE", bottom), ("HEIGHT", height)) if value is not None}


def words(value: Any) -> str:
    """Return a value as a text from which it is read back exactly.

    >>> words(0.1 + 0.2), words(12.0), words(None)
    ('0.3', '12', '')
    """
    if value is None:
        return ""
    return f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def label_values(feature: Drawn, block: Block) -> dict[str, str]:
    """Return what the label of a feature says: tag → text, for every tag of the block."""
    values: dict[str, Any] = {"CODE": feature.code, "NAME": feature.name, **_heights(feature)}
    for attribute in KINDS[feature.kind].attributes:
        if attribute.tag and feature.attributes.get(attribute.name) is not None:
            values.setdefault(attribute.tag, feature.attributes[attribute.name])
    # A base on the ground is what the norm takes a missing one for.
    if not values.get("BASE"):
        values.pop("BASE", None)
    return {tag: words(values.get(tag)) for tag in BLOCKS[block.name].tags}
