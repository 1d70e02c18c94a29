"""Scrubber 洗涤塔."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import SUNK_M, ladder, pipe, platform
from models3d.kit.piece import SIDES, Detail, Piece, Round
from models3d.mesh import translate
from models3d.parts.lathe import cylinder, lathe, ring


@dataclass(frozen=True, slots=True)
class Scrubber(Round):
    """A spray tower: gas in below, out above through a cone and a short stack of its own."""

    LABEL: ClassVar[str] = "洗涤塔"
    diameter_m: float = 3.0
    height_m: float = 12.0

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the tower; inlet duct, platform; ladder, spray pipes, manholes."""
        radius, sides, top = self.diameter_m / 2, SIDES[detail], self.height_m
        neck = radius * 0.4
        profile = [(0.0, 0.0), (radius, 0.0), (radius, top * 0.7), (neck, top * 0.8), (neck, top), (0.0, top)]
        found = [Piece(lathe(profile, sides))]
        if detail >= 1:
            found.append(pipe([(radius * 0.8, 0, top * 0.22), (radius + 1.2, 0, top * 0.22)], radius * 0.35, detail))
            found += platform(radius, top * 0.55, detail, sides)
            found.append(Piece(ring(radius - SUNK_M, radius + 0.08, 0, 0.2, sides), "concrete"))
        if detail == 2:
            found += ladder(-radius - 0.15, 0, top * 0.55)
            for share in (0.4, 0.5, 0.6):
                found.append(pipe([(0, radius * 0.8, top * share), (0, radius + 0.6, top * share)], 0.08, detail))
            hole = translate(cylinder(0.3, 0, 0.1, 16), np.array([0, 0, top * 0.8]))
            found.append(Piece(hole, "steel"))
        return tuple(found)
