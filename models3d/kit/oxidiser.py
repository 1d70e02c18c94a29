"""Regenerative thermal oxidiser RTO 蓄热燃烧炉."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import ladder, pipe
from models3d.kit.piece import SIDES, Detail, Oblong, Piece
from models3d.mesh import translate
from models3d.parts.block import box
from models3d.parts.lathe import cylinder


@dataclass(frozen=True, slots=True)
class Oxidiser(Oblong):
    """Beds of ceramics under one combustion chamber, ducts with their valves below."""

    LABEL: ClassVar[str] = "蓄热燃烧炉"
    length_m: float = 9.0
    width_m: float = 3.2
    height_m: float = 7.0
    beds: int = 3

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return its block; chamber over beds, ducts; burner, valves and ladder."""
        length, width, height = self.size
        x, y = length / 2, width / 2
        if detail == 0:
            return (Piece(box((-x, -y, 0), (x, y, height))),)
        found = [Piece(box((-x, -y, height * 0.66), (x, y, height)))]
        step = length / self.beds
        spots = [-x + (number + 0.5) * step for number in range(self.beds)]
        found += [Piece(box((at - step * 0.4, -y * 0.9, height * 0.2), (at + step * 0.4, y * 0.9, height * 0.66)), "pale") for at in spots]
        found += [Piece(box((at - step * 0.1, -y * 0.6, 0), (at + step * 0.1, y * 0.6, height * 0.2)), "steel") for at in spots]
        found.append(pipe([(-x, y + 0.5, height * 0.12), (x, y + 0.5, height * 0.12)], 0.4, detail))
        if detail == 2:
            for at in spots:
                found.append(pipe([(at, y * 0.5, height * 0.12), (at, y + 0.5, height * 0.12)], 0.3, detail))
            burner = translate(cylinder(0.3, height, height + 0.5, SIDES[1]), np.array([0, 0, 0]))
            found += [Piece(burner, "motor"), *ladder(x + 0.15, 0, height)]
        return tuple(found)
