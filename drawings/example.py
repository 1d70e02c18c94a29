"""The example drawing: one invented plant, drawn by the norm, byte for byte the same each time."""

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from ezdxf.document import Drawing

from drawings.composing import Caption, Composition, Curve, Symbol, Vertex, compose, drawing_of
from gis.crs import xy_to_lonlat
from gis.facts import facts

QUARTER = math.tan(math.radians(90) / 4)
"""Bulge of a quarter circle."""


@cache
def plant() -> dict[str, Any]:
    """Return the invented plant, local metres."""
    document: dict[str, Any] = facts("drawings", "plant.yaml")
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


def _placed(vertices: list[Vertex]) -> tuple[Vertex, ...]:
    return tuple((*place(u, v), bulge) for u, v, bulge in vertices)


def _symbol(layer: str, at: tuple[float, float], row: dict[str, Any]) -> Symbol:
    return Symbol(layer, row["block"], place(*at), row)


def _middle(vertices: list[Vertex]) -> tuple[float, float]:
    return sum(u for u, _, _ in vertices) / len(vertices), sum(v for _, v, _ in vertices) / len(vertices)


def _layer_of(row: dict[str, Any]) -> str:
    return {"QJ_BLDG": "QJ-A-BLDG", "QJ_TANK": "QJ-A-TANK", "QJ_UNDER": "QJ-A-UNDER"}.get(row["block"], "QJ-A-BLDG")


def _solid(row: dict[str, Any]) -> Iterator[Curve | Symbol]:
    layer = row.get("layer") or _layer_of(row)
    if "circle" in row:
        u, v, radius = row["circle"]
        yield Curve(layer, _placed([(u, v, 0.0)]), radius=radius)
        middle = (u, v)
    else:
        vertices = box(row["box"]) if "box" in row else ring(row["ring"])
        yield Curve(layer, _placed(vertices))
        middle = _middle(vertices)
    if "hole" in row:
        yield Curve(layer, _placed(box(row["hole"])))
    yield _symbol(layer, tuple(row.get("label", middle)), row)


def _plain(row: dict[str, Any]) -> Iterator[Curve]:
    for bounds in row.get("boxes", ()):
        yield Curve(row["layer"], _placed(box(bounds, row.get("fillet", 0.0))))
    for rows in row.get("rings", ()):
        yield Curve(row["layer"], _placed(ring(rows)))
    for rows in row.get("lines", ()):
        yield Curve(row["layer"], _placed(ring(rows)), closed=False)


def _caption(row: dict[str, Any]) -> Caption:
    rotation = plant()["site"]["turn_deg"] + (90 if row.get("upright") else 0)
    return Caption(row["text"], place(*row["at"]), row["height"], rotation)


def composition() -> Composition:
    """Return what stands on the site plan of the example plant."""
    facts = plant()
    things: list[Curve | Symbol | Caption] = [Curve("QJ-A-BOUND", _placed(ring(facts["boundary"])))]
    things += [thing for row in facts["plain"] for thing in _plain(row)]
    things += [thing for row in facts["solids"] for thing in _solid(row)]
    things += [thing for row in facts["areas"] for thing in _solid(row)]
    things += [_symbol(row["layer"], tuple(row["at"]), row) for row in facts["points"]]
    things += [_caption(row) for row in facts["texts"]]
    return Composition(things, facts["site"]["turn_deg"], place(*facts["north"]), whole=True)


def drawing() -> Drawing:
    """Return the site plan of the example plant, a drawing by the norm (EPSG:4545, metres)."""
    return drawing_of(composition())


def drawing_bytes() -> bytes:
    """Return the example drawing as the bytes of its DXF file (R2013, UTF-8)."""
    return compose(composition())


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
