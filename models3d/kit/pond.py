"""Pond 水池（矩形，敞口）."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import shapely

from models3d.kit.fittings import handrail
from models3d.kit.piece import Detail, Piece
from models3d.mesh import Mesh, concatenate
from models3d.parts.basin import FREEBOARD_M, WALL_M
from models3d.parts.caps import cap
from models3d.parts.walls import wall


def open_box(outer: shapely.Polygon, thick_m: float, low_m: float, floor_m: float, rim_m: float) -> Mesh:
    """Return walls and floor of an open box as one closed solid; the walls stand inside the outline."""
    inner = outer.buffer(-thick_m, join_style="mitre")
    out, within = np.array([outer], object), np.array([inner], object)
    rim = np.array([outer.difference(inner)], object)
    return concatenate(
        [
            cap(out, low_m, up=False), wall(out, low_m, rim_m), cap(rim, rim_m, up=True),
            wall(within, floor_m, rim_m, inward=True), cap(within, floor_m, up=True),
        ]
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pond:
    """An open tank with cells side by side: equalisation, aeration, emergency."""

    LABEL: ClassVar[str] = "水池"
    length_m: float = 20.0
    width_m: float = 10.0
    rim_m: float = 1.0
    depth_m: float = 3.5
    cells: int = 2

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height, from the floor to the rim."""
        return self.length_m, self.width_m, self.rim_m + self.depth_m

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the walls and the water; partitions; handrail."""
        x, y = self.length_m / 2, self.width_m / 2
        thick = min(WALL_M, self.width_m / 10)
        level = self.rim_m - min(FREEBOARD_M, self.rim_m / 2)
        basin = open_box(shapely.box(-x, -y, x, y), thick, -self.depth_m, -self.depth_m + thick, self.rim_m)
        inner = shapely.box(-x + thick, -y + thick, x - thick, y - thick).bounds
        water = cap(np.array([shapely.box(*inner)], object), level, up=True)
        under = cap(np.array([shapely.box(*inner)], object), level - 0.2, up=False)
        sheet = concatenate([water, under, wall(np.array([shapely.box(*inner)], object), level - 0.2, level)])
        found = [Piece(basin), Piece(sheet, "water")]
        if detail >= 1:
            places = np.linspace(-x, x, self.cells + 1)[1:-1].tolist()
            found += [Piece(_partition(place, y - thick, thick, self), "concrete") for place in places]
        if detail == 2:
            corners = [(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)]
            found += handrail([(a * 0.99, b * 0.99, self.rim_m) for a, b in corners])
        return tuple(found)


def _partition(x: float, half: float, thick: float, pond: Pond) -> Mesh:
    outline = np.array([shapely.box(x - thick / 2, -half, x + thick / 2, half)], object)
    low, high = -pond.depth_m + thick, pond.rim_m
    return concatenate([cap(outline, low, up=False), wall(outline, low, high), cap(outline, high, up=True)])
