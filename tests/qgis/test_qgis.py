"""What QGIS draws with our layer styles is what the master draws: `make test-qgis`."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cairocffi
import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from styles_pictures import SIDE, agreement, colour_distance, lab

from gis.kinds import KINDS
from styles import svg
from styles.canvas import draw, picture, straight
from styles.geopackage import embed
from styles.library import style_of, types_of
from styles.ops import Op, fill_ops, line_ops
from styles.outputs import build
from styles.rules import shapes_of
from styles.symbol import GRID, Fill, Line

pytestmark = pytest.mark.qgis
PYTHON = Path("/usr/bin/python3")
RENDER = Path(__file__).with_name("render.py")
PX_MM = 10
"""Pixels in a millimetre of the pictures of lines and areas."""
BOX_MM = (96, 48)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("styles")
    build(folder)
    return folder


OPEN = """
import json, os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import QgsApplication, QgsVectorLayer
application = QgsApplication([], False)
application.initQgis()
layer = QgsVectorLayer(sys.argv[1] + "|layername=outlet", "test", "ogr")
renderer = layer.renderer()
print(json.dumps([renderer.type(), renderer.rootRule().children()[0].label()]))
sys.stdout.flush()
os._exit(0)
"""


def rendered(jobs: Sequence[dict[str, Any]]) -> list[np.ndarray]:
    told = subprocess.run([PYTHON, RENDER], input=json.dumps(jobs), text=True, capture_output=True, check=True, timeout=1200)
    assert set(json.loads(told.stdout)) == {""}
    return [straight(cairocffi.ImageSurface.create_from_png(job["png"])) for job in jobs]


def style_file(folder: Path, form: str, kind: str, shape: str) -> Path:
    name = kind if len(shapes_of(kind)) == 1 else f"{kind}.{shape}"
    return folder / ("qgis" if form == "qml" else "sld") / "light" / f"{name}.{form}"


def magnified(path: Path, factor: float, out: Path) -> Path:
    """Write an SLD whose sizes, pixels of 0.28 mm, are so many times as large; pictures by their whole path.

    QGIS 3.22 takes a displacement's y downwards, the standard upwards (OGC 05-077r4, 11.3.2): it is turned over for this reader.
    """
    text = path.read_text(encoding="utf-8")

    def sizes(found: re.Match[str]) -> str:
        scale = -factor if found[1] == "<se:DisplacementY>" else factor
        return found[1] + " ".join(repr(float(size) * scale) for size in found[2].split())

    text = re.sub(r"(<se:(?:Size|DisplacementX|DisplacementY|Gap|InitialGap)>)([^<]+)", sizes, text)
    # QGIS 3.22 reads no pictures along a line from an SLD (QgsSymbolLayerUtils::needMarkerLine): its pens are compared.
    text = re.sub(r"<se:LineSymbolizer>\s*<se:Stroke>\s*<se:GraphicStroke>.*?</se:LineSymbolizer>", "", text, flags=re.DOTALL)
    text = re.sub(r'(name="stroke-(?:width|dasharray)">)([^<]+)', sizes, text)
    out.write_text(text.replace("../../", f"{path.parents[2]}/"), encoding="utf-8")
    return out


def values_of(kind: str, type_: str | None) -> dict[str, str]:
    attribute = KINDS[kind].type_attribute
    return {attribute: type_} if attribute and type_ else {}


@pytest.mark.parametrize("form", ["qml", "sld"])
def test_symbols(written: Path, tmp_path: Path, form: str) -> None:
    jobs, masters = [], []
    for kind in KINDS:
        if "point" not in shapes_of(kind):
            continue
        for type_ in (None, *types_of(kind)):
            for state in ("normal", "alarm"):
                symbol = style_of(kind, type_).symbol
                side_mm = symbol.size_mm.sheet * svg.SIDE / GRID
                path = style_file(written, form, kind, "point")
                if form == "sld":
                    path = magnified(path, SIDE / (side_mm / 0.28), tmp_path / f"{len(jobs)}.sld")
                # The anchor lies on the feature: the box is laid so that the picture fills it.
                unit = side_mm / svg.SIDE
                x, y = (GRID / 2 - symbol.anchor[0]) * unit, (GRID / 2 - symbol.anchor[1]) * unit
                box = [x - side_mm / 2, y - side_mm / 2, x + side_mm / 2, y + side_mm / 2]
                values = values_of(kind, type_) | ({"alarm_level": "1"} if state == "alarm" else {})
                jobs.append({
                    "type": "Point", "wkt": "POINT (0 0)", "values": values, "style": str(path), "kind": kind, "box": box,
                    "dpi": SIDE / side_mm * 25.4 if form == "qml" else 96, "size": [SIDE, SIDE], "png": str(tmp_path / f"{len(jobs)}.png"),
                })  # fmt: skip
                masters.append(picture(symbol, SIDE, "light", state))  # type: ignore[arg-type]
    poor = []
    for job, drawn, master in zip(jobs, rendered(jobs), masters, strict=True):
        iou, distance = agreement(drawn, master), colour_distance(drawn, master)
        if iou < 0.97 or distance > 2:
            poor.append((job["kind"], job["values"], round(iou, 3), round(distance, 1)))
    assert len(jobs) > 60
    assert poor == []


def painted(ops: tuple[Op, ...]) -> np.ndarray:
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, BOX_MM[0] * PX_MM, BOX_MM[1] * PX_MM)
    context = cairocffi.Context(surface)
    context.translate(0, BOX_MM[1] * PX_MM)
    context.scale(PX_MM, -PX_MM)
    draw(context, ops)
    surface.flush()
    return straight(surface)


def tone(rgba: np.ndarray, opaque: bool) -> tuple[float, np.ndarray]:
    """Return the inked share of a picture, and the mean colour of what is inked, CIELAB: as seen on white where it is not opaque."""
    alpha = rgba[..., 3:].astype(float) / 255
    if opaque:
        # What is less than that is an edge, which each engine lays in its own way.
        seen, weight = rgba[..., :3].astype(float), alpha**2
    else:
        seen, weight = rgba[..., :3] * alpha + 255 * (1 - alpha), np.ones_like(alpha)
    colour = (seen * weight).sum(axis=(0, 1)) / max(float(weight.sum()), 1e-9)
    return float(alpha.mean()), lab(colour[None])[0]


@pytest.mark.parametrize("form", ["qml", "sld"])
@pytest.mark.parametrize("shape", ["line", "area"])
def test_lines_and_areas(written: Path, tmp_path: Path, form: str, shape: str) -> None:
    jobs, masters = [], []
    wide, high = BOX_MM
    # A piece that reaches over the picture: only the style's own rhythm is seen in it.
    ring = [(-wide, -high), (2 * wide, -high), (2 * wide, 2 * high), (-wide, 2 * high)]
    for kind in KINDS:
        if shape not in shapes_of(kind):
            continue
        for type_ in (None, *types_of(kind)):
            style = style_of(kind, type_)
            path = style_file(written, form, kind, shape)
            if form == "sld":
                path = magnified(path, PX_MM * 0.28, tmp_path / f"{len(jobs)}.sld")
            wkt = f"LINESTRING (0 {high / 2}, {wide} {high / 2})"
            if shape == "area":
                wkt = f"POLYGON (({', '.join(f'{x} {y}' for x, y in [*ring, ring[0]])}))"
            # Metres stand for millimetres of paper, a thousandfold, so that no scale switches symbols on.
            box = [0, 0, wide * 1000, high * 1000]
            wkt = re.sub(r"-?\d+(?:\.\d+)?", lambda found: repr(float(found[0]) * 1000), wkt)
            opaque = shape == "line" or not (style.fill and style.fill.ground)
            jobs.append({
                "opaque": opaque, "type": "LineString" if shape == "line" else "Polygon", "wkt": wkt, "values": values_of(kind, type_),
                "style": str(path), "kind": kind, "box": box, "dpi": PX_MM * 25.4 if form == "qml" else 96,
                "size": [wide * PX_MM, high * PX_MM],
                "png": str(tmp_path / f"{len(jobs)}.png"),
            })  # fmt: skip
            master: tuple[Op, ...] = ()
            if shape == "line" and isinstance(style.line, Line):
                line = replace(style.line, repeats=()) if form == "sld" else style.line
                master = line_ops(line, [(0.0, high / 2), (float(wide), high / 2)])
            if shape == "area" and isinstance(style.fill, Fill):
                master = fill_ops(style.fill, [ring])
            masters.append(painted(master))
    poor = []
    for job, drawn, wanted in zip(jobs, rendered(jobs), masters, strict=True):
        (share, colour), (goal, meant) = tone(drawn, job["opaque"]), tone(wanted, job["opaque"])
        distance = float(np.linalg.norm(colour - meant)) if goal else 0.0
        if abs(share - goal) > 0.03 * goal + 0.002 or distance > 2:
            poor.append((job["kind"], job["values"], round(share, 4), round(goal, 4), round(distance, 1)))
    assert poor == []


def test_a_geopackage_opens_with_its_style(tmp_path: Path) -> None:
    path = tmp_path / "city.gpkg"
    frame = geopandas.GeoDataFrame({"medium": ["air"], "alarm_level": [None]}, geometry=[shapely.Point(107.5, 31.2)], crs="EPSG:4490")
    pyogrio.write_dataframe(frame, path, layer="outlet", driver="GPKG")
    embed(path)
    told = subprocess.run([PYTHON, "-c", OPEN, path], text=True, capture_output=True, check=True, timeout=300)
    assert json.loads(told.stdout) == ["RuleRenderer", "排放口：废气"]
