"""Manhole 检查井."""

from dataclasses import dataclass
from typing import ClassVar

from models3d.kit.piece import SIDES, Detail, Piece
from models3d.parts.block import box
from models3d.parts.lathe import cylinder, lathe

WALL_M = 0.12


@dataclass(frozen=True, slots=True)
class Manhole:
    """A round shaft under its cover."""

    LABEL: ClassVar[str] = "检查井"
    diameter_m: float = 1.0
    depth_m: float = 2.5

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height."""
        return self.diameter_m, self.diameter_m, self.depth_m

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the shaft; open, with its cover; step irons."""
        radius, sides, low = self.diameter_m / 2, SIDES[detail], -self.depth_m
        if detail == 0:
            return (Piece(cylinder(radius, low, 0, sides)),)
        inner = radius - min(WALL_M, radius / 3)
        shaft = lathe([(0, low), (radius, low), (radius, 0), (inner, 0), (inner, low + WALL_M), (0, low + WALL_M)], sides)
        found = [Piece(shaft), Piece(cylinder(inner * 0.98, -0.06, 0.02, sides), "steel")]
        if detail == 2:
            irons = int(self.depth_m / 0.36)
            found += [
                Piece(box((inner - 0.12, -0.13, low + 0.3 * step), (inner, 0.13, low + 0.3 * step + 0.02)), "steel")
                for step in range(1, irons + 1)
            ]
        return tuple(found)
