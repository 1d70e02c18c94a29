"""The browser's copy of the tokens: a style sheet of custom properties and a TypeScript module."""

import json
from collections.abc import Iterator
from pathlib import Path

from styles.tokens import BASE, Groups, overlay, themes, tokens

HEADER = "Generated from styles/tokens.yaml by `quanjing style build`; edit that file."
SCHEMES = {"dark": "dark", "light": "light"}
"""Themes that follow the system's `prefers-color-scheme` until the page says otherwise."""


def _rule(selector: str, groups: Groups, scheme: str | None) -> Iterator[str]:
    yield f"{selector} {{"
    if scheme:
        yield f"  color-scheme: {scheme};"
    for group, colours in groups.items():
        for name, colour in colours.items():
            yield f"  --{f'{group}-{name}'.replace('.', '-')}: {colour};"
    yield "}"


def css() -> str:
    """Return custom properties `--<group>-<name>`: the base on `:root`, what a theme differs in on `:root[data-theme]`."""
    lines = [f"/* {HEADER} */", *_rule(":root", tokens(), SCHEMES[BASE])]
    for theme in themes()[1:]:
        scheme = SCHEMES.get(theme)
        if scheme:
            lines += [f"@media (prefers-color-scheme: {scheme}) {{", *_rule(":root:not([data-theme])", overlay(theme), scheme), "}"]
        lines += _rule(f':root[data-theme="{theme}"]', overlay(theme), scheme)
    return "\n".join([*lines, ""])


def typescript() -> str:
    """Return the tokens of all themes as one typed constant."""
    body = json.dumps({theme: tokens(theme) for theme in themes()}, indent=2, ensure_ascii=False)
    return f"// {HEADER}\nexport const themes = {body} as const;\nexport const tokens = themes.{BASE};\n"


def build(folder: Path) -> list[Path]:
    """Write `tokens.css` and `tokens.ts` into `folder`; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in (("tokens.css", css()), ("tokens.ts", typescript())):
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
