"""Rotary kiln 回转窑."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.piece import SIDES, Detail, Piece
from models3d.mesh import LYING, translate, turn
from models3d.parts.block import box
from models3d.parts.lathe import cylinder, ring


@dataclass(frozen=True, slots=True)
class Kiln:
    """A long lying cylinder on piers, with its tyres, between feed and hood."""

    LABEL: ClassVar[str] = "回转窑"
    length_m: float = 60.0
    diameter_m: float = 4.0
    axis_m: float = 8.0
    """Height of the axis."""
    piers: int = 3

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height."""
        return self.length_m, self.diameter_m, self.axis_m + self.diameter_m / 2

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the shell on its piers; tyres; the girth gear and its drive."""
        radius, sides, half = self.diameter_m / 2, SIDES[detail], self.length_m / 2
        found = [Piece(translate(turn(cylinder(radius, -half, half, sides), LYING), np.array([0, 0, self.axis_m])))]
        places = np.linspace(-half, half, 2 * self.piers + 1)[1::2].tolist()
        found += [Piece(box((x - 1.2, -radius * 0.9, 0), (x + 1.2, radius * 0.9, self.axis_m - radius * 0.6)), "concrete") for x in places]
        if detail >= 1:
            for x in places:
                tyre = turn(ring(radius * 0.98, radius * 1.12, -0.4, 0.4, sides), LYING)
                found.append(Piece(translate(tyre, np.array([x, 0, self.axis_m])), "steel"))
        if detail == 2:
            gear = turn(ring(radius * 0.98, radius * 1.2, -0.2, 0.2, sides), LYING)
            found.append(Piece(translate(gear, np.array([places[0] + 2.2, 0, self.axis_m])), "steel"))
            drive = box((places[0] + 1.6, radius * 0.5, 0), (places[0] + 3.0, radius * 1.1, self.axis_m * 0.6))
            found.append(Piece(drive, "motor"))
        return tuple(found)
