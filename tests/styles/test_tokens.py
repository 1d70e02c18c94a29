"""Colours of the scene: one for each kind, told apart by eye."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from gis.kinds import ENUMS, KINDS
from styles.tokens import rgb, scene_colour, themes, tokens
from styles.web import css

TOLD_APART = 10.0
"""CIEDE2000 between two kinds that may stand in one legend."""
READABLE = 15.0
"""CIEDE2000 to the panel that a legend's swatch lies on."""
SHOWN = [kind.name for kind in KINDS.values() if kind.form != "none"]


def lab(colour: str) -> NDArray[np.float64]:
    """Return CIE L*a*b* (D65) of an sRGB colour (IEC 61966-2-1)."""
    share = np.array(rgb(colour)) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
    xyz = matrix @ linear / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: str, other: str) -> float:
    """Return the colour difference ΔE00 (ISO/CIE 11664-6:2022)."""
    (l1, a1, b1), (l2, a2, b2) = lab(one), lab(other)
    mean_c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1 + 0.5 * (1 - np.sqrt(mean_c**7 / (mean_c**7 + 25**7)))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    hue = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    terms = ((0.17, 1, -30), (-0.24, 2, 0), (-0.32, 3, 6), (0.20, 4, -63))
    t = 1 - sum(share * np.cos(np.radians(times * hue + shift)) for share, times, shift in terms)
    s_l = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    s_c, s_h = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    twist = 60 * np.exp(-(((hue - 275) / 25) ** 2))
    r_t = -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7)) * np.sin(np.radians(twist))
    d_l, d_c, d_h = (l2 - l1) / s_l, (c2 - c1) / s_c, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / s_h
    return float(np.sqrt(d_l**2 + d_c**2 + d_h**2 + r_t * d_c * d_h))


def test_the_measure_is_the_published_one() -> None:
    assert ciede2000("#ff0000", "#00ff00") == pytest.approx(86.608, abs=0.01)
    assert ciede2000("#ffffff", "#000000") == pytest.approx(100.0, abs=0.01)


def test_every_kind_that_is_shown_has_a_colour() -> None:
    assert {kind for kind in SHOWN if kind not in tokens()["scene"]} == set()


def test_kinds_are_told_apart_in_a_legend() -> None:
    scene = tokens()["scene"]
    close = {(one, other) for one, other in combinations(SHOWN, 2) if ciede2000(scene[one], scene[other]) < TOLD_APART}
    assert close == set()


@pytest.mark.parametrize("kind", SHOWN)
def test_types_of_a_kind_are_told_apart_and_exist(kind: str) -> None:
    scene, row = tokens()["scene"], KINDS[kind]
    types = {name.partition(".")[2]: colour for name, colour in scene.items() if name.startswith(f"{kind}.")}
    if types:
        assert row.type_attribute is not None
        assert types.keys() <= ENUMS[str(row.attribute(row.type_attribute).enum)].keys()
    assert all(ciede2000(one, other) >= TOLD_APART / 2 for one, other in combinations(types.values(), 2))


def test_swatches_are_readable_on_the_panel() -> None:
    panel = tokens()["ui"]["panel"]
    assert {name for name, colour in tokens()["scene"].items() if ciede2000(colour, panel) < READABLE} == set()


def test_the_browser_gets_every_theme() -> None:
    text = css()
    assert all(f'[data-theme="{theme}"]' in text for theme in themes()[1:])
    assert "@media (prefers-color-scheme: light)" in text
    assert text.count("--scene-building:") == 1


def test_a_type_without_a_colour_has_that_of_its_kind() -> None:
    assert scene_colour("pipe", "other") == scene_colour("pipe") == rgb(tokens()["scene"]["pipe"])
    assert scene_colour("pipe", "rain") != scene_colour("pipe")
