"""Silo 筒仓."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import SUNK_M, around, ladder, legs
from models3d.kit.piece import SIDES, Detail, Piece, Round
from models3d.mesh import translate
from models3d.parts.block import box
from models3d.parts.lathe import lathe, ring


@dataclass(frozen=True, slots=True)
class Silo(Round):
    """An upright silo on legs with a hopper below; its height reaches to the roof's tip."""

    LABEL: ClassVar[str] = "筒仓"
    diameter_m: float = 6.0
    height_m: float = 18.0

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the bin; legs under its hopper; filter, ring and ladder."""
        radius, sides = self.diameter_m / 2, SIDES[detail]
        eaves = self.height_m - min(self.diameter_m / 8, self.height_m / 6)
        skirt = min(self.diameter_m * 0.9, self.height_m * 0.35)
        if detail == 0:
            return (Piece(lathe([(0, 0), (radius, 0), (radius, eaves), (0, self.height_m)], sides)),)
        mouth = min(1.0, skirt / 3)
        body = lathe([(0, mouth), (radius * 0.15, mouth), (radius, skirt), (radius, eaves), (0, self.height_m)], sides)
        found = [Piece(body), *legs(around(8 if self.diameter_m > 5 else 4, radius * 0.95), skirt, detail, max(0.1, radius / 20))]
        if detail == 2:
            found.append(Piece(ring(radius - SUNK_M, radius + 0.08, skirt - 0.15, skirt + 0.15, sides), "steel"))
            found.append(Piece(translate(box((-0.5, -0.5, -0.6), (0.5, 0.5, 0.0)), np.array([radius * 0.4, 0, self.height_m])), "pale"))
            found += ladder(radius + 0.15, 0, eaves)
        return tuple(found)
