"""All that is generated of the one source, as files: SVG, DXF blocks, sprites, styles of MapLibre, QGIS and OGC servers, and glTF."""

import json
from pathlib import Path

from gis.kinds import KINDS
from styles import dxf, gltf, maplibre, qml, sld, sprite, svg
from styles.library import fills, lines, symbols
from styles.palette import THEMES
from styles.rules import shapes_of
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
    """Write `svg/<theme>/<symbol>[.<state>].svg`, marks of lines and tiles of fills; `svg/qgis/<symbol>.svg`: in a colour for QGIS."""
    written = []
    for symbol in symbols().values():
        for theme in THEMES:
            for state in STATES:
                name = f"{svg.file_name(symbol, state)}.svg"
                written.append(_write(folder / "svg" / theme / name, svg.document(symbol, theme, state)))
        written.append(_write(folder / "svg" / "qgis" / f"{symbol.id}.svg", svg.document(symbol, changeable=True)))
    for theme in THEMES:
        parts = {f"line-{line.id}": svg.marks(line, theme) for line in lines().values() if line.repeats}
        parts |= {f"fill-{fill.id}": svg.tile(fill, theme) for fill in fills().values() if fill.tiled}
        written += [_write(folder / "svg" / theme / f"{name}.svg", text) for name, text in parts.items()]
    return written


def write_layers(folder: Path) -> list[Path]:
    """Write `qgis/<theme>/<kind>[.<shape>].qml` and `sld/<theme>/<kind>[.<shape>].sld`: a style a layer, as `layer export` names layers."""
    written = []
    for theme in THEMES:
        for kind in KINDS:
            shapes = shapes_of(kind)
            for shape in shapes:
                name = kind if len(shapes) == 1 else f"{kind}.{shape}"
                written.append(_write(folder / "qgis" / theme / f"{name}.qml", qml.document(kind, shape, theme)))
                written.append(_write(folder / "sld" / theme / f"{name}.sld", sld.document(kind, shape, theme)))
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


def write_models(folder: Path) -> list[Path]:
    """Write `3d/materials.gltf` and `3d/billboards.<theme>.gltf` with its texture."""
    return [_write(folder / "3d" / name, content) for name, content in gltf.files(THEMES)]


def build(folder: Path, base: str = "") -> list[Path]:
    """Write everything; the same source gives the same bytes."""
    blocks = _write(folder / "dxf" / "symbols.dxf", dxf.library_bytes())
    return [*write_svg(folder), blocks, *write_layers(folder), *write_maps(folder, base), *write_models(folder)]
