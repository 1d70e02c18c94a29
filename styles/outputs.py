"""All that is generated of the one source, as files: SVG, DXF blocks, sprites, styles of MapLibre, QGIS and OGC servers, and glTF."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gis.kinds import KINDS
from styles import dxf, gltf, maplibre, qml, sld, sprite, svg
from styles.library import fills, lines, symbols
from styles.palette import THEMES, Theme
from styles.rules import layer_name, shapes_of
from styles.symbol import STATES

RATIOS = {1: "", 2: "@2x"}
"""Device pixels in a pixel → the end of a sprite's name (MapLibre Style Specification, Sprite)."""
GLYPHS = "/fonts/{fontstack}/{range}.pbf"
TILES = "/tiles/{z}/{x}/{y}.mvt"


def _write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def pictures(theme: Theme) -> dict[str, Callable[[], str]]:
    """Return what writes each SVG of a theme, by name: `<symbol>[.<state>]`, `line-<line>`, `fill-<fill>`."""
    found: dict[str, Callable[[], str]] = {
        svg.file_name(symbol, state): partial(svg.document, symbol, theme, state) for symbol in symbols().values() for state in STATES
    }
    found |= {f"line-{line.id}": partial(svg.marks, line, theme) for line in lines().values() if line.repeats}
    return found | {f"fill-{fill.id}": partial(svg.tile, fill, theme) for fill in fills().values() if fill.tiled}


def write_svg(folder: Path) -> list[Path]:
    """Write `svg/<theme>/<name>.svg` of `pictures`; `svg/qgis/<symbol>.svg`: in a colour for QGIS."""
    written = [_write(folder / "svg" / theme / f"{name}.svg", draw()) for theme in THEMES for name, draw in pictures(theme).items()]
    return [
        *written,
        *(_write(folder / "svg" / "qgis" / f"{symbol.id}.svg", svg.document(symbol, changeable=True)) for symbol in symbols().values()),
    ]


def write_layers(folder: Path) -> list[Path]:
    """Write `qgis/<theme>/<kind>[.<shape>].qml` and `sld/<theme>/<kind>[.<shape>].sld`: a style a layer, as `layer export` names layers."""
    written = []
    for theme in THEMES:
        for kind in KINDS:
            for shape in shapes_of(kind):
                name = layer_name(kind, shape)
                written.append(_write(folder / "qgis" / theme / f"{name}.qml", qml.document(kind, shape, theme)))
                written.append(_write(folder / "sld" / theme / f"{name}.sld", sld.document(kind, shape, theme)))
    return written


def write_sprites(folder: Path, theme: Theme) -> list[Path]:
    """Write a theme's sprite in both ratios, `<theme>[@2x].png` and `.json`, and the distance fields beside it, `<theme>-sdf`."""
    written = []
    for which, icons in {"": list(sprite.icons(theme)), "-sdf": list(sprite.sdf_icons())}.items():
        for ratio, end in RATIOS.items():
            picture, index = sprite.sheet(icons, ratio)
            written += [_write(folder / f"{theme}{which}{end}.png", picture), _write(folder / f"{theme}{which}{end}.json", index)]
    return written


def map_document(theme: Theme, base: str, sprites: str) -> dict[str, Any]:
    """Return the style of a map server.

    Parameters
    ----------
    theme : str
    base : str
        Address of the server.
    sprites : str
        Path of the folder of `write_sprites` on it.
    """
    source = {"type": "vector", "tiles": [f"{base}{TILES}"], "minzoom": 0, "maxzoom": 16}
    return maplibre.map_style(theme, f"{base}{sprites}/{theme}", source, f"{base}{GLYPHS}")


def write_maps(folder: Path, base: str = "") -> list[Path]:
    """Write for each theme `map/<theme>.style.json` and its sprites.

    Parameters
    ----------
    folder : Path
        Is made.
    base : str
        Address under which the folder is served.
    """
    written = []
    for theme in THEMES:
        written += write_sprites(folder / "map", theme)
        style = map_document(theme, base, "/map")
        written.append(_write(folder / "map" / f"{theme}.style.json", json.dumps(style, ensure_ascii=False, indent=1) + "\n"))
    return written


def write_models(folder: Path) -> list[Path]:
    """Write `3d/materials.gltf` and `3d/billboards.<theme>.gltf` with its texture."""
    return [_write(folder / "3d" / name, content) for name, content in gltf.files(THEMES)]


def build(folder: Path, base: str = "") -> list[Path]:
    """Write everything; the same source gives the same bytes."""
    blocks = _write(folder / "dxf" / "symbols.dxf", dxf.library_bytes())
    return [*write_svg(folder), blocks, *write_layers(folder), *write_maps(folder, base), *write_models(folder)]
