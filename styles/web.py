"""The browser's copy of the tokens: a style sheet of custom properties and a TypeScript module."""

import json
from pathlib import Path

from styles.tokens import tokens

HEADER = "Generated from styles/tokens.yaml by `quanjing style build`; edit that file."


def css() -> str:
    """Return `:root` custom properties, `--<group>-<name>`, with a comma-separated twin `-rgb` for alpha."""
    lines = [f"/* {HEADER} */", ":root {"]
    for group, colours in tokens().items():
        for name, colour in colours.items():
            slug = f"{group}-{name}".replace(".", "-")
            lines.append(f"  --{slug}: {colour};")
    return "\n".join([*lines, "}", ""])


def typescript() -> str:
    """Return the same tokens as a typed constant."""
    body = json.dumps(tokens(), indent=2, ensure_ascii=False)
    return f"// {HEADER}\nexport const tokens = {body} as const;\n"


def build(folder: Path) -> list[Path]:
    """Write `tokens.css` and `tokens.ts` into `folder`; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in (("tokens.css", css()), ("tokens.ts", typescript())):
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
