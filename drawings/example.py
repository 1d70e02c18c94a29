"""The example drawing: one invented plant, drawn by the norm, byte for byte the same each time."""

import io
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import ezdxf.filemanagement  # noqa: F401 — completes ezdxf before its parts are used
import numpy as np
import yaml
from ezdxf import zoom
from ezdxf._options import options
from ezdxf.document import Drawing
from ezdxf.entities.insert import Insert
from ezdxf.enums import TextEntityAlignment
from ezdxf.layouts.layout import Modelspace

from drawings.norm import BLOCKS
from drawings.template import TEXT_STYLE, template
from gis.crs import xy_to_lonlat

Vertex = tuple[float, float, float]
LABEL_SCALE = 4.0
"""Size of a symbol, metres: 4 mm on a 1:1000 sheet."""
QUARTER = math.tan(math.radians(90) / 4)
"""Bulge of a quarter circle."""


@cache
def plant() -> dict[str, Any]:
    """Return the invented plant, local metres."""
    document: dict[str, Any] = yaml.safe_load(files("drawings").joinpath("plant.yaml").read_text(encoding="utf-8"))
    return document


def place(u: float, v: float) -> tuple[float, float]:
    """Return easting and northing (EPSG:4545, whole millimetres) of local metres."""
    site = plant()["site"]
    turn = math.radians(site["turn_deg"])
    east = site["east"] + u * math.cos(turn) - v * math.sin(turn)
    north = site["north"] + u * math.sin(turn) + v * math.cos(turn)
    return round(east, 3), round(north, 3)


def box(bounds: list[float], fillet: float = 0.0) -> list[Vertex]:
    """Return the ring of a box `[u0, v0, u1, v1]`, anticlockwise, its corners rounded by a radius."""
    u0, v0, u1, v1 = bounds
    if not fillet:
        return [(u0, v0, 0.0), (u1, v0, 0.0), (u1, v1, 0.0), (u0, v1, 0.0)]
    r = fillet
    return [
        (u0 + r, v0, 0.0), (u1 - r, v0, QUARTER), (u1, v0 + r, 0.0), (u1, v1 - r, QUARTER),
        (u1 - r, v1, 0.0), (u0 + r, v1, QUARTER), (u0, v1 - r, 0.0), (u0, v0 + r, QUARTER),
    ]  # fmt: skip


def ring(rows: list[list[float]]) -> list[Vertex]:
    """Return vertices of rows `[u, v]` or `[u, v, bulge]`."""
    return [(row[0], row[1], row[2] if len(row) > 2 else 0.0) for row in rows]


def _polyline(space: Modelspace, layer: str, vertices: list[Vertex], *, close: bool = True) -> None:
    points = [(*place(u, v), bulge) for u, v, bulge in vertices]
    space.add_lwpolyline(points, format="xyb", close=close, dxfattribs={"layer": layer})


def _text_of(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _symbol(space: Modelspace, layer: str, at: tuple[float, float], row: dict[str, Any]) -> Insert:
    values = {tag: _text_of(row.get(tag, "")) for tag in BLOCKS[row["block"]].tags}
    attributes = {"layer": layer, "xscale": LABEL_SCALE, "yscale": LABEL_SCALE, "rotation": plant()["site"]["turn_deg"]}
    return space.add_blockref(row["block"], place(*at), dxfattribs=attributes).add_auto_attribs(values)


def _middle(vertices: list[Vertex]) -> tuple[float, float]:
    return sum(u for u, _, _ in vertices) / len(vertices), sum(v for _, v, _ in vertices) / len(vertices)


def _layer_of(row: dict[str, Any]) -> str:
    return {"QJ_BLDG": "QJ-A-BLDG", "QJ_TANK": "QJ-A-TANK", "QJ_UNDER": "QJ-A-UNDER"}.get(row["block"], "QJ-A-BLDG")


def _solid(space: Modelspace, row: dict[str, Any]) -> None:
    layer = _layer_of(row)
    if "circle" in row:
        u, v, radius = row["circle"]
        space.add_circle(place(u, v), radius, dxfattribs={"layer": layer})
        middle = (u, v)
    else:
        vertices = box(row["box"]) if "box" in row else ring(row["ring"])
        _polyline(space, layer, vertices)
        middle = _middle(vertices)
    if "hole" in row:
        _polyline(space, layer, box(row["hole"]))
    _symbol(space, layer, tuple(row.get("label", middle)), row)


def _plain(space: Modelspace, row: dict[str, Any]) -> None:
    for bounds in row.get("boxes", ()):
        _polyline(space, row["layer"], box(bounds, row.get("fillet", 0.0)))
    for rows in row.get("rings", ()):
        _polyline(space, row["layer"], ring(rows))
    for rows in row.get("lines", ()):
        _polyline(space, row["layer"], ring(rows), close=False)


def _text(space: Modelspace, row: dict[str, Any]) -> None:
    rotation = plant()["site"]["turn_deg"] + (90 if row.get("upright") else 0)
    text = space.add_text(row["text"], height=row["height"], rotation=rotation, dxfattribs={"layer": "QJ-X-TEXT", "style": TEXT_STYLE})
    text.set_placement(place(*row["at"]), align=TextEntityAlignment.MIDDLE_CENTER)


def drawing() -> Drawing:
    """Return the site plan of the example plant, a drawing by the norm (EPSG:4545, metres)."""
    document = template()
    space = document.modelspace()
    facts = plant()
    _polyline(space, "QJ-A-BOUND", ring(facts["boundary"]))
    for row in facts["plain"]:
        _plain(space, row)
    for row in facts["solids"]:
        _solid(space, row)
    for row in facts["points"]:
        _symbol(space, row["layer"], tuple(row["at"]), row)
    for row in facts["texts"]:
        _text(space, row)
    space.add_blockref("QJ_NORTH", place(*facts["north"]), dxfattribs={"layer": "QJ-X-BASE", "xscale": 12, "yscale": 12})
    zoom.extents(space)
    return document


@contextmanager
def _fixed_metadata() -> Iterator[None]:
    """Write constant times and GUIDs, so that equal drawings are equal bytes."""
    before = options.write_fixed_meta_data_for_testing
    options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before


def drawing_bytes() -> bytes:
    """Return the example drawing as the bytes of its DXF file (R2013, UTF-8)."""
    with _fixed_metadata():
        text, document = io.StringIO(), drawing()
        # ezdxf adds the classes in use from a set as it writes, in the order of the day; added before, their order is fixed.
        for name in sorted(document.entitydb.dxf_types_in_use()):
            document.classes.add_class(name)
        document.write(text)
    return text.getvalue().encode("utf-8")


def enterprise() -> dict[str, Any]:
    """Return the facts about the example enterprise, with the place of its middle (EPSG:4490, degrees)."""
    middle = _middle(ring(plant()["boundary"]))
    lon, lat = xy_to_lonlat(np.array([place(*middle)]))[0]
    return {**plant()["enterprise"], "lon": round(float(lon), 7), "lat": round(float(lat), 7)}


def example_files() -> dict[str, bytes]:
    """Return the example as file name → bytes."""
    facts = enterprise()
    return {
        f"{facts['source_code']}_A_v01.dxf": drawing_bytes(),
        "enterprise.json": (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode("utf-8"),
    }


def write_example(folder: Path) -> list[Path]:
    """Write the example into a folder, made where missing; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, data in example_files().items():
        path = folder / name
        path.write_bytes(data)
        written.append(path)
    return written
