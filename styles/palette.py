"""The symbols' colours: a token has one value a theme. Backends never see a colour that is not from here."""

from functools import cache
from typing import Literal, get_args

from gis.errors import Invalid
from gis.facts import facts
from styles.tokens import Rgb, rgb

Theme = Literal["light", "wall-dark", "print-bw"]
"""Paper and office screens; the dark wall and panorama; black-and-white print."""
THEMES: tuple[Theme, ...] = get_args(Theme)


@cache
def palette() -> dict[str, dict[Theme, str]]:
    """Return token → theme → `#rrggbb`."""
    document: dict[str, dict[Theme, str]] = facts("styles", "palette.yaml")
    return document


def theme_named(name: str) -> Theme:
    """Return the theme that somebody names; raises Invalid where there is none of that name."""
    chosen = next((theme for theme in THEMES if theme == name), None)
    if chosen is None:
        raise Invalid("theme", f"没有主题 {name}；可用的有 {'、'.join(THEMES)}")
    return chosen


def colour(token: str, theme: Theme) -> Rgb:
    """Return a token's colour in a theme, sRGB 0–255; KeyError where there is no such token.

    >>> colour("paper", "print-bw")
    (255, 255, 255)
    """
    return rgb(palette()[token][theme])
