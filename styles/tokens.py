"""Colour tokens: named once in `tokens.yaml`, read here by whoever draws."""

from functools import cache
from importlib.resources import files

import yaml

Rgb = tuple[int, int, int]


@cache
def tokens() -> dict[str, dict[str, str]]:
    """Return the token groups: group → name → `#rrggbb`."""
    document: dict[str, dict[str, str]] = yaml.safe_load(files("styles").joinpath("tokens.yaml").read_text(encoding="utf-8"))
    return document


def rgb(colour: str) -> Rgb:
    """Return `#rrggbb` as three integers 0–255 (sRGB).

    >>> rgb("#e5372b")
    (229, 55, 43)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def scene_colour(kind: str, type_: str | None = None) -> Rgb:
    """Return the 3D material colour of a kind, or of one type of it where that has its own."""
    scene = tokens()["scene"]
    return rgb(scene.get(f"{kind}.{type_}") or scene[kind])
