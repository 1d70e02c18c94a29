"""Colour tokens: named once in `tokens.yaml`, read here by whoever draws."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from gis.facts import facts

Rgb = tuple[int, int, int]
Groups = dict[str, dict[str, str]]

ROUGHNESS = 0.85
"""Of painted steel, brick and concrete alike: nothing in a plant mirrors."""
BASE = "dark"
"""The theme that the groups themselves are; the others say what they do differently."""


@cache
def document() -> Mapping[str, Any]:
    """Return `tokens.yaml` as it stands."""
    read: Mapping[str, Any] = facts("styles", "tokens.yaml")
    return read


def themes() -> tuple[str, ...]:
    """Return the names of all themes, the base first."""
    return (BASE, *document()["themes"])


@cache
def tokens(theme: str = BASE) -> Groups:
    """Return a theme's token groups: group → name → `#rrggbb`.

    Raises
    ------
    KeyError
        Where the theme is not known, or overlays a group or a name that the base does not have.
    """
    groups: Groups = {group: dict(colours) for group, colours in document().items() if group != "themes"}
    for group, colours in overlay(theme).items():
        if unknown := colours.keys() - groups[group].keys():
            raise KeyError(f"themes.{theme}.{group}: {', '.join(sorted(unknown))}")
        groups[group].update(colours)
    return groups


def overlay(theme: str) -> Groups:
    """Return what a theme says of its own: nothing where it is the base."""
    own: Groups = {} if theme == BASE else document()["themes"][theme]
    return own


def rgb(colour: str) -> Rgb:
    """Return `#rrggbb` as three integers 0–255 (sRGB).

    >>> rgb("#e5372b")
    (229, 55, 43)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def linear(colour: Rgb) -> list[float]:
    """Return an sRGB colour as glTF's linear factors (IEC 61966-2-1), opaque.

    >>> linear((255, 0, 188))
    [1.0, 0.0, 0.502886, 1.0]
    """
    shares = [value / 255 for value in colour]
    return [*(round(one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4, 6) for one in shares), 1.0]


def scene_colour(kind: str, type_: str | None = None) -> Rgb:
    """Return the 3D material colour of a kind, or of one type of it where that has its own."""
    scene = tokens()["scene"]
    return rgb(scene.get(f"{kind}.{type_}") or scene[kind])


def part_colour(material: str) -> Rgb:
    """Return the colour of a material of 3D parts."""
    return rgb(tokens()["part"][material])
