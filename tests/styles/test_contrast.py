"""Contrasts that docs/design.zh.md states (WCAG 2.2, success criterion 1.4.3)."""

import pytest

from styles.tokens import rgb, tokens


def luminance(colour: str) -> float:
    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(value) for value in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("text", "least"), [("text", 7.0), ("text-soft", 4.5), ("accent", 4.5)])
@pytest.mark.parametrize("ground", ["ground", "panel", "panel-raised"])
def test_text_can_be_read(text: str, ground: str, least: float) -> None:
    colours = tokens()["ui"]
    assert contrast(colours[text], colours[ground]) >= least


@pytest.mark.parametrize("level", ["1", "2", "3", "4"])
def test_numerals_of_alarms_can_be_read(level: str) -> None:
    assert contrast(tokens()["alarm"][level], tokens()["ui"]["ground"]) >= 3.0
