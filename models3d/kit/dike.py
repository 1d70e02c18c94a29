"""Dike 围堰."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import shapely

from models3d.kit.piece import Detail, Oblong, Piece
from models3d.mesh import concatenate
from models3d.parts.block import box
from models3d.parts.caps import cap
from models3d.parts.walls import wall


@dataclass(frozen=True, slots=True)
class Dike(Oblong):
    """A wall around a tank farm that holds what a tank may lose."""

    LABEL: ClassVar[str] = "围堰"
    length_m: float = 40.0
    width_m: float = 30.0
    height_m: float = 1.2
    thickness_m: float = 0.3

    @property
    def capacity_m3(self) -> float:
        """What it holds up to its rim, tanks left out."""
        return (self.length_m - 2 * self.thickness_m) * (self.width_m - 2 * self.thickness_m) * self.height_m

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the wall; its coping; steps over it at two sides."""
        x, y, thick = self.length_m / 2, self.width_m / 2, self.thickness_m
        outer = shapely.box(-x, -y, x, y)
        inner = shapely.box(-x + thick, -y + thick, x - thick, y - thick)
        ring = np.array([outer.difference(inner)], object)
        body = concatenate([cap(ring, 0, up=False), wall(ring, 0, self.height_m), cap(ring, self.height_m, up=True)])
        found = [Piece(body)]
        if detail >= 1:
            across = inner.buffer(thick * 0.3, join_style="mitre")
            coping = np.array([outer.difference(across)], object)
            high = self.height_m + 0.08
            mesh = concatenate([cap(coping, self.height_m, up=False), wall(coping, self.height_m, high), cap(coping, high, up=True)])
            found.append(Piece(mesh, "concrete"))
        if detail == 2:
            count = max(int(self.height_m / 0.2), 1)
            for side in (-1, 1):
                for step in range(count):
                    out = side * (x + 0.28 * (count - step))
                    low, high = sorted((out, side * x))
                    found.append(Piece(box((low, -0.5, step * 0.2), (high, 0.5, (step + 1) * 0.2)), "concrete"))
        return tuple(found)
