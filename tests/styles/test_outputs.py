"""Every output shows what the master shows: rasterised by its own engine, at 192 px."""

import base64
import hashlib
import io
import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import cairocffi
import ezdxf
import numpy as np
import pytest
import resvg_py
from ezdxf.addons.drawing import Frontend, RenderContext, layout
from ezdxf.addons.drawing.config import BackgroundPolicy, Configuration
from ezdxf.addons.drawing.svg import SVGBackend
from ezdxf.math import BoundingBox2d
from styles_pictures import SIDE, agreement, colour_distance, overlap

from gis.kinds import KINDS
from styles import dxf, sprite, svg
from styles.canvas import picture, straight
from styles.library import fills, lines, style_of, symbols, types_of
from styles.outputs import write_layers, write_maps, write_svg
from styles.palette import THEMES
from styles.rules import rules, shapes_of
from styles.symbol import GRID, MARGIN, STATES, Symbol

SIDES = (GRID + 2 * MARGIN) / GRID
"""Of the picture of a symbol, drawing units of its DXF block."""
ROOT = Path(__file__).parents[2]
VALIDATE = """
import { validateStyleMin } from '@maplibre/maplibre-gl-style-spec';
import { readFileSync } from 'node:fs';
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const said = (path) => validateStyleMin(read(path)).map((fault) => `${path}: ${fault.message}`);
console.log(JSON.stringify(process.argv.slice(1).flatMap(said)));
"""


def read_png(data: bytes) -> np.ndarray:
    return straight(cairocffi.ImageSurface.create_from_png(io.BytesIO(data)))


def test_there_are_enough_of_each() -> None:
    assert len(symbols()) >= 60
    assert len(lines()) >= 12
    assert len(fills()) >= 10


@pytest.mark.parametrize("theme", THEMES)
def test_svg_shows_the_master(theme: str) -> None:
    poor = []
    for symbol in symbols().values():
        for state in STATES if theme == "light" else ("normal",):
            drawn = read_png(bytes(resvg_py.svg_to_bytes(svg_string=svg.document(symbol, theme, state), width=SIDE, height=SIDE, dpi=2400)))  # type: ignore[arg-type]
            master = picture(symbol, SIDE, theme, state)  # type: ignore[arg-type]
            iou, distance = agreement(drawn, master), colour_distance(drawn, master)
            if iou < 0.97 or distance > 2:
                poor.append((symbol.id, state, round(iou, 3), round(distance, 1)))
    assert poor == []


def from_dxf(symbol: Symbol) -> np.ndarray:
    """Return a block of the DXF library as the drawing add-on of ezdxf shows it."""
    backend = SVGBackend()
    x, y = (-(MARGIN + place) / GRID for place in symbol.anchor)
    box = BoundingBox2d([(x, y), (x + SIDES, y + SIDES)])
    made = ezdxf.new("R2013")
    dxf.draw_symbol(made.blocks.new(dxf.block_name(symbol)), symbol)
    made.modelspace().add_blockref(dxf.block_name(symbol), (0, 0))
    sharp = Configuration(background_policy=BackgroundPolicy.OFF, max_flattening_distance=1e-4)
    Frontend(RenderContext(made), backend, config=sharp).draw_layout(made.modelspace())
    page = layout.Page(100, 100, layout.Units.mm, margins=layout.Margins.all(0))
    return read_png(bytes(resvg_py.svg_to_bytes(svg_string=backend.get_string(page, render_box=box), width=SIDE, height=SIDE, dpi=2400)))


def test_dxf_blocks_show_the_master() -> None:
    poor = []
    for symbol in symbols().values():
        drawn, master = from_dxf(symbol), picture(symbol, SIDE)
        iou, distance = agreement(drawn, master), colour_distance(drawn, master)
        if iou < 0.97 or distance > 2:
            poor.append((symbol.id, round(iou, 3), round(distance, 1)))
    assert poor == []


def test_the_dxf_library_holds_every_symbol_with_its_attributes() -> None:
    document = ezdxf.read(io.StringIO(dxf.library_bytes().decode("utf-8")))
    assert not document.audit().has_errors
    for symbol in symbols().values():
        block = document.blocks.get(dxf.block_name(symbol))
        assert [attdef.dxf.tag for attdef in block.query("ATTDEF")] == ["CODE", "NAME"]
        assert len(block) > 2
    shown = [insert.get_attrib_text("NAME") for insert in document.modelspace().query("INSERT")]
    assert shown == [symbol.name_zh for symbol in symbols().values()]


def test_what_qgis_may_change_is_the_main_colour() -> None:
    for symbol in symbols().values():
        assert "param(fill) #" in svg.document(symbol, changeable=True)


def test_sprites_show_the_master() -> None:
    icons = list(sprite.icons("wall-dark"))
    data, text = sprite.sheet(icons, 2)
    sheet, index = read_png(data), json.loads(text)
    assert len(index) == len(icons)
    for symbol in symbols().values():
        for state in STATES:
            box = index[svg.file_name(symbol, state)]
            cut = sheet[box["y"] : box["y"] + box["height"], box["x"] : box["x"] + box["width"]]
            master = picture(symbol, box["width"], "wall-dark", state)
            assert box["pixelRatio"] == 2
            assert agreement(cut, master) >= 0.97
            assert colour_distance(cut, master) <= 2


def test_icons_of_a_sheet_do_not_touch() -> None:
    for ratio in (1, 2):
        boxes = list(json.loads(sprite.sheet(list(sprite.icons("light")), ratio)[1]).values())
        taken: np.ndarray = np.zeros((max(box["y"] + box["height"] for box in boxes), sprite.WIDTH * ratio), bool)
        for box in boxes:
            place = taken[box["y"] : box["y"] + box["height"], box["x"] : box["x"] + box["width"]]
            assert not place.any()
            place[:] = True


def test_a_distance_field_has_the_outline_of_its_symbol() -> None:
    for icon in sprite.sdf_icons():
        field = icon.paint(2)[..., 3] >= sprite.SDF_EDGE
        pad = 2 * sprite.SDF_PAD
        inner = field[pad:-pad, pad:-pad]
        inked = picture(symbols()[icon.name], inner.shape[0], "print-bw")
        mask = (inked[..., 3] >= 128) & (inked[..., 0] < 250)
        assert overlap(inner, mask) >= 0.97, icon.name


def test_map_styles_are_valid_and_name_what_there_is(tmp_path: Path) -> None:
    write_maps(tmp_path, "http://127.0.0.1:8000")
    paths = sorted((tmp_path / "map").glob("*.style.json"))
    assert len(paths) == len(THEMES)
    node = [ROOT / ".ci" / "node", "node", "--input-type=module", "-e", VALIDATE, *paths]
    told = subprocess.run(node, check=True, capture_output=True, text=True, cwd=ROOT / "web", timeout=120)
    assert json.loads(told.stdout) == []
    style = json.loads(paths[0].read_text())
    icons = json.loads((tmp_path / "map" / "light.json").read_text())
    shown = {layer["source-layer"] for layer in style["layers"] if "source-layer" in layer}
    assert shown == {kind.name for kind in KINDS.values() if not kind.schematic}
    patterns = {layer["paint"]["fill-pattern"] for layer in style["layers"] if "fill-pattern" in layer.get("paint", {})}
    marks = {layer["layout"]["icon-image"] for layer in style["layers"] if ".marks." in layer["id"]}
    assert patterns | marks <= set(icons)


def test_every_kind_and_type_is_in_every_output() -> None:
    icons = {icon.name for icon in sprite.icons("light")}
    for kind in KINDS:
        for type_ in (None, *types_of(kind)):
            symbol = style_of(kind, type_).symbol
            assert {svg.file_name(symbol, state) for state in STATES} <= icons
            assert svg.document(symbol).startswith("<svg")


def test_layer_styles_of_other_programs_name_what_there_is(tmp_path: Path) -> None:
    pictures = {path.relative_to(tmp_path) for path in write_svg(tmp_path)}
    held = {base64.b64encode((tmp_path / path).read_bytes()).decode() for path in pictures}
    write_layers(tmp_path)
    for kind in KINDS:
        for shape in shapes_of(kind):
            name = kind if len(shapes_of(kind)) == 1 else f"{kind}.{shape}"
            text = (tmp_path / "sld" / "light" / f"{name}.sld").read_text()
            named = {Path(href) for href in re.findall(r'xlink:href="\.\./\.\./([^"]+)"', text)}
            assert named <= pictures
            assert named or shape == "line"
            root = ElementTree.parse(tmp_path / "qgis" / "light" / f"{name}.qml").getroot()  # noqa: S314 - our own
            embedded = {
                value.removeprefix("base64:") for option in root.iter("Option") if (value := option.get("value", "")).startswith("base64:")
            }
            assert embedded <= held
            if shape != "line":
                shown = [svg.document(style_of(kind, type_).symbol) for type_ in (None, *types_of(kind))]
                assert {base64.b64encode(text.encode()).decode() for text in shown} <= embedded
            filters = [rule.get("filter", "") for rule in root.iter("rule") if rule.get("label") != "符号"]
            assert len(filters) == len(set(filters)) == len(rules(kind, shape))


def test_the_same_source_is_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "other"):
        folder = tmp_path / name
        paths = sorted([*write_svg(folder), *write_layers(folder)], key=str)
        assert len(paths) > 1000
        files = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
        digests.append((files, sprite.sheet(list(sprite.icons("light")), 1)))
    assert digests[0] == digests[1]
