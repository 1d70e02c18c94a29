"""Contrasts that docs/design.zh.md states (WCAG 2.2, success criteria 1.4.3 and 1.4.11), in each theme of the screen."""

import re
from pathlib import Path

import pytest

from styles.tokens import rgb, themes, tokens

ROOT = Path(__file__).parents[2]
LEVELS = ["1", "2", "3", "4"]
SURFACES = ["ground", "panel", "panel-raised"]


def luminance(colour: str) -> float:
    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(value) for value in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, share: float, other: str) -> str:
    """Return what the browser makes of `color-mix(in srgb, colour share, other)`."""
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in zip(rgb(colour), rgb(other), strict=True))


@pytest.fixture(params=themes())
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(("text", "least"), [("text", 7.0), ("text-soft", 4.5), ("accent", 4.5), ("good", 4.5), ("edge", 3.0)])
@pytest.mark.parametrize("ground", SURFACES)
def test_what_is_written_or_drawn_can_be_read(theme: str, text: str, ground: str, least: float) -> None:
    colours = tokens(theme)["ui"]
    assert contrast(colours[text], colours[ground]) >= least


@pytest.mark.parametrize(("ink", "ground"), [("accent-ink", "accent"), ("select-ink", "select")])
def test_ink_can_be_read_on_its_colour(theme: str, ink: str, ground: str) -> None:
    colours = tokens(theme)["ui"]
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("level", LEVELS)
def test_numerals_of_alarms_can_be_read(theme: str, level: str) -> None:
    colours = tokens(theme)
    tone, ui = colours["alarm"][level], colours["ui"]
    assert contrast(tone, ui["alarm-ink"]) >= 4.5
    # As base.css, card.css and scene.css mix them: numeral of a chip, words in an alarm's tone, the name on an alarm's plate.
    assert contrast(mixed(tone, 0.35, ui["text"]), mixed(tone, 0.26, ui["panel"])) >= 4.5
    assert contrast(mixed(tone, 0.45, ui["text"]), ui["panel"]) >= 4.5
    assert contrast(mixed(tone, 0.45, ui["text"]), mixed(tone, 0.13, ui["panel"])) >= 4.5
    assert contrast(ui["text"], mixed(tone, 0.24, ui["ground"])) >= 4.5


def test_a_theme_overlays_only_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):
        tokens("unknown")
    monkeypatch.setattr("styles.tokens.document", lambda: {"ui": {"text": "#000000"}, "themes": {"odd": {"ui": {"txet": "#ffffff"}}}})
    tokens.cache_clear()
    with pytest.raises(KeyError, match="txet"):
        tokens("odd")
    tokens.cache_clear()


def test_pages_name_no_colour_of_their_own() -> None:
    named = re.compile(
        r"#[0-9a-f]{6}\b|#[0-9a-f]{3}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch)a?\(|:\s*(?:white|black|red|green|blue|gr[ae]y|orange|yellow)\b",
        re.IGNORECASE,
    )
    pages = [path for path in (ROOT / "web/src").rglob("*") if path.suffix in {".css", ".ts", ".vue"} and "generated" not in path.parts]
    assert pages
    found = {
        f"{path.relative_to(ROOT)}: {line.strip()}" for path in pages for line in path.read_text("utf-8").splitlines() if named.search(line)
    }
    assert found == set()
