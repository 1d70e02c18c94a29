"""Horizontal tank 卧式储罐."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.piece import DOME, SIDES, Detail, Piece
from models3d.mesh import LYING, Mesh, translate, turn
from models3d.parts.block import box
from models3d.parts.lathe import cylinder, dome, lathe

SADDLE = 0.35
"""Height of a saddle, of the diameter."""
END = 0.25
"""Rise of a dished end, of the diameter (2:1 ellipse, GB/T 25198)."""


def drum(length_m: float, diameter_m: float, detail: Detail) -> Mesh:
    """Return a lying drum with dished ends, its middle at the origin."""
    radius, rise = diameter_m / 2, min(END * diameter_m, length_m / 3)
    half = length_m / 2
    head = dome(radius, half - rise, rise, DOME[detail])
    foot = [(r, -z) for r, z in reversed(head)]
    return turn(lathe([*foot, *head], SIDES[detail]), LYING)


@dataclass(frozen=True, slots=True)
class LyingTank:
    """A lying tank with dished ends on two saddles."""

    LABEL: ClassVar[str] = "卧式储罐"
    length_m: float = 8.0
    diameter_m: float = 2.6

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height."""
        return self.length_m, self.diameter_m, self.diameter_m * (1 + SADDLE)

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the drum; its saddles; manhole and nozzle."""
        lift = self.diameter_m * SADDLE + self.diameter_m / 2
        found = [Piece(translate(drum(self.length_m, self.diameter_m, detail), np.array([0, 0, lift])))]
        if detail >= 1:
            half, reach = self.diameter_m * 0.4, self.length_m * 0.3
            found += [Piece(box((x - 0.15, -half, 0), (x + 0.15, half, lift * 0.8)), "concrete") for x in (-reach, reach)]
        if detail == 2:
            for x, radius in ((0.0, min(0.3, self.diameter_m / 5)), (self.length_m * 0.25, min(0.1, self.diameter_m / 10))):
                neck = cylinder(radius, lift, lift + self.diameter_m / 2 + 0.25, 16)
                found.append(Piece(translate(neck, np.array([x, 0, 0])), "steel"))
        return tuple(found)
