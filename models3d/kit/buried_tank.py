"""Underground tank 埋地储罐."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.lying_tank import drum
from models3d.kit.piece import FINE, SIDES, Detail, Piece
from models3d.mesh import translate
from models3d.parts.lathe import cylinder


@dataclass(frozen=True, slots=True)
class BuriedTank:
    """A lying tank under the ground; its manhole reaches up to it."""

    LABEL: ClassVar[str] = "埋地储罐"
    length_m: float = 7.0
    diameter_m: float = 2.4
    cover_m: float = 0.9
    """Of earth over its top."""

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height, from its underside to its top."""
        return self.length_m, self.diameter_m, self.diameter_m

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the drum; its manhole; the vent."""
        middle = -self.cover_m - self.diameter_m / 2
        found = [Piece(translate(drum(self.length_m, self.diameter_m, detail), np.array([0, 0, middle])))]
        if detail >= 1:
            found.append(Piece(cylinder(min(0.4, self.diameter_m / 4), middle, 0.05, SIDES[detail]), "concrete"))
        if detail == 2:
            vent = translate(cylinder(0.04, middle, 1.4, FINE[detail]), np.array([self.length_m * 0.3, 0, 0]))
            found.append(Piece(vent, "steel"))
        return tuple(found)
