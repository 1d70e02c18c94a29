"""All that is generated of the one source, as files: SVG, sprites, map styles."""

import json
from pathlib import Path

from styles import maplibre, sprite, svg
from styles.library import symbols
from styles.palette import THEMES
from styles.symbol import STATES

RATIOS = {1: "", 2: "@2x"}
"""Device pixels in a pixel → the end of a sprite's name (MapLibre Style Specification, Sprite)."""
GLYPHS = "/fonts/{fontstack}/{range}.pbf"
TILES = "/tiles/{z}/{x}/{y}.mvt"


def _write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_svg(folder: Path) -> list[Path]:
    """Write `svg/<theme>/<symbol>[.<state>].svg`, and `svg/qgis/<symbol>.svg` whose main colour QGIS may change."""
    written = []
    for symbol in symbols().values():
        for theme in THEMES:
            for state in STATES:
                name = f"{svg.file_name(symbol, state)}.svg"
                written.append(_write(folder / "svg" / theme / name, svg.document(symbol, theme, state)))
        written.append(_write(folder / "svg" / "qgis" / f"{symbol.id}.svg", svg.document(symbol, changeable=True)))
    return written


def write_maps(folder: Path, base: str = "") -> list[Path]:
    """Write for each theme `map/<theme>.json`, its sprite in both ratios, and the distance fields beside it.

    Parameters
    ----------
    folder : Path
        Is made.
    base : str
        Address under which the folder is served.
    """
    written = []
    for theme in THEMES:
        name = folder / "map" / theme
        sheets = {"": list(sprite.icons(theme)), "-sdf": list(sprite.sdf_icons())}
        for which, icons in sheets.items():
            for ratio, end in RATIOS.items():
                picture, index = sprite.sheet(icons, ratio)
                written += [
                    _write(name.with_name(f"{theme}{which}{end}.png"), picture),
                    _write(name.with_name(f"{theme}{which}{end}.json"), index),
                ]
        source = {"type": "vector", "tiles": [f"{base}{TILES}"], "minzoom": 0, "maxzoom": 16}
        style = maplibre.map_style(theme, f"{base}/map/{theme}", source, f"{base}{GLYPHS}")
        written.append(_write(name.with_name(f"{theme}.style.json"), json.dumps(style, ensure_ascii=False, indent=1) + "\n"))
    return written


def build(folder: Path, base: str = "") -> list[Path]:
    """Write everything; the same source gives the same bytes."""
    return [*write_svg(folder), *write_maps(folder, base)]
