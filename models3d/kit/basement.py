"""Basement 地下室."""

from dataclasses import dataclass
from typing import ClassVar

import shapely

from models3d.kit.piece import Detail, Piece
from models3d.kit.pond import open_box
from models3d.parts.block import box


@dataclass(frozen=True, slots=True)
class Basement:
    """A room under the ground: floor and walls, open above so that one sees in where the ground is cut."""

    LABEL: ClassVar[str] = "地下室"
    length_m: float = 16.0
    width_m: float = 10.0
    depth_m: float = 4.0
    wall_m: float = 0.3

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height."""
        return self.length_m, self.width_m, self.depth_m

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return its shell; columns; the stair down."""
        x, y, thick = self.length_m / 2, self.width_m / 2, min(self.wall_m, self.width_m / 6)
        found = [Piece(open_box(shapely.box(-x, -y, x, y), thick, -self.depth_m, -self.depth_m + thick, 0.0))]
        floor = -self.depth_m + thick
        if detail >= 1:
            found += [
                Piece(box((across - 0.2, along - 0.2, floor), (across + 0.2, along + 0.2, 0.0)), "concrete")
                for across in (-x / 3, x / 3)
                for along in (-y / 3, y / 3)
            ]
        if detail == 2:
            count = max(int(-floor / 0.18), 1)
            run = min(0.28, (self.length_m - 2 * thick - 1) / count)
            west = -x + thick
            rise = -floor / (count + 1)
            found += [
                Piece(
                    box(
                        (west, -y + thick, floor + step * rise), (west + run * (count - step), -y + thick + 1.0, floor + (step + 1) * rise)
                    ),
                    "steel",
                )
                for step in range(count)
            ]
        return tuple(found)
