"""Hydrant 消火栓."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.piece import DOME, SIDES, Detail, Piece
from models3d.mesh import LYING, about_z, translate, turn
from models3d.parts.lathe import cylinder, dome, lathe


@dataclass(frozen=True, slots=True)
class Hydrant:
    """A pillar hydrant with two outlets."""

    LABEL: ClassVar[str] = "消火栓"
    height_m: float = 0.9

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height."""
        return self.height_m * 0.36, self.height_m * 0.36, self.height_m

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the pillar; flange and outlets."""
        radius, sides, top = self.height_m * 0.18, SIDES[detail], self.height_m
        cap = dome(radius, top * 0.75, top * 0.25, DOME[detail])
        found = [Piece(lathe([(0, 0), (radius, 0), *cap], sides))]
        if detail >= 1:
            found.append(Piece(cylinder(radius * 1.4, 0, top * 0.06, sides), "red"))
            outlet = translate(turn(cylinder(radius * 0.45, 0, radius * 1.6, sides), LYING), np.array([0, 0, top * 0.6]))
            found += [Piece(turn(outlet, about_z(degrees)), "red") for degrees in ((90, 270) if detail == 1 else (90, 180, 270))]
        return tuple(found)
