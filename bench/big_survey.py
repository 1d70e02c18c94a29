"""A big survey: points, texts, wells, buildings, roads and pipes in the proportions of a real as-built survey, of any size."""

from pathlib import Path

from ezdxf.document import Drawing
from ezdxf.layouts.layout import Modelspace

from drawings.norm import BLOCKS
from drawings.template import template

EAST, NORTH = 449_000.0, 3_446_000.0
"""South-west corner, EPSG:4545 metres."""
CELL_M = 60.0
COLUMNS = 32
PER_CELL = 100
MAPPING = r"""
mapping: 1
name: 竣工测绘图
unit: m
rules:
  - {when: {layer: 高程, type: TEXT, text: '-?\d+[.,]\d+'}, kind: elevation_point, attributes: {elevation_m: '{text}', what: 地面}}
  - {when: {layer: 高程, type: POINT}, kind: elevation_point, attributes: {elevation_m: '{z}', what: 基础}}
  - {when: {layer: 井, type: CIRCLE}, kind: manhole, name: 雨水检查井, attributes: {medium: rain}}
  - {when: {layer: 管线}, kind: pipe, name: 雨水管线, attributes: {medium: rain, buried: true}}
"""
"""What the norm does not know is read by a mapping; buildings, roads, walls and greens are by the norm."""


def _building(space: Modelspace, x: float, y: float, code: str) -> None:
    corners = [(x, y), (x + 10, y), (x + 10, y + 7), (x, y + 7)]
    space.add_lwpolyline(corners, close=True, dxfattribs={"layer": "QJ-A-BLDG"})
    said = {"CODE": code, "NAME": "厂房", "HEIGHT": "9.5", "STOREYS": "2", "ROOF": "flat", "KIND": "生产"}
    values = {tag: said.get(tag, "") for tag in BLOCKS["QJ_BLDG"].tags}
    space.add_blockref("QJ_BLDG", (x + 5, y + 3.5), dxfattribs={"layer": "QJ-A-BLDG", "xscale": 4, "yscale": 4}).add_auto_attribs(values)


def _cell(space: Modelspace, number: int) -> None:
    """Draw 100 entities: 40 texts, 37 points, 12 polylines, 6 circles, 4 labels, a line."""
    x, y = EAST + CELL_M * (number % COLUMNS), NORTH + CELL_M * (number // COLUMNS)
    for index in range(40):
        at = (x + 1.3 * index, y + 2.0 + (index * 7 % 11) * 0.7)
        height = 300 + (number * 40 + index) % 997 / 100
        space.add_text(f"{height:.2f}", height=0.5, dxfattribs={"layer": "高程"}).set_placement((at[0] + 0.4, at[1] + 0.2))
        if index < 37:
            space.add_point((*at, height), dxfattribs={"layer": "高程"})
    for index in range(4):
        _building(space, x + 2 + 14 * index, y + 14, f"B{number:05d}{index}")
    for index in range(4):
        side = y + 26 + 3 * index
        points = [(x + 1, side, 0.0), (x + 20, side, 0.2), (x + 40, side + 1, 0.0), (x + 58, side, 0.0)]
        space.add_lwpolyline(points, format="xyb", dxfattribs={"layer": ("QJ-A-ROAD", "QJ-A-WALL")[index % 2]})
    for index in range(3):
        points = [(x + 2, y + 40 + 3 * index), (x + 30, y + 41 + 3 * index), (x + 56, y + 40 + 3 * index)]
        space.add_lwpolyline(points, dxfattribs={"layer": "管线"})
    space.add_lwpolyline(
        [(x + 2, y + 52), (x + 50, y + 52), (x + 50, y + 57), (x + 2, y + 57)], close=True, dxfattribs={"layer": "QJ-A-GREEN"}
    )
    for index in range(6):
        space.add_circle((x + 5 + 9 * index, y + 50), 0.4, dxfattribs={"layer": "井"})
    space.add_line((x + 2, y + 50), (x + 56, y + 50), dxfattribs={"layer": "管线"})


def _document() -> Drawing:
    document = template()
    for name in ("高程", "井", "管线"):
        document.layers.add(name)
    return document


def write(target: Path, entities: int) -> None:
    """Write a survey of so many entities, a multiple of 100, and a boundary around it."""
    document = _document()
    space, cells = document.modelspace(), entities // PER_CELL
    width, depth = CELL_M * min(cells, COLUMNS), CELL_M * -(-cells // COLUMNS)
    corners = [(EAST - 5, NORTH - 5), (EAST + width + 5, NORTH - 5), (EAST + width + 5, NORTH + depth + 5), (EAST - 5, NORTH + depth + 5)]
    space.add_lwpolyline(corners, close=True, dxfattribs={"layer": "QJ-A-BOUND"})
    for number in range(cells):
        _cell(space, number)
    document.saveas(target)
