"""Cooling tower 冷却塔."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import around
from models3d.kit.piece import DOME, FINE, SIDES, Detail, Piece, Round
from models3d.parts.lathe import cylinder, lathe, ring
from models3d.parts.tube import tube

THROAT, THROAT_AT = 0.58, 0.78
"""Radius of the throat, of the foot's, and its height, of the tower's."""
MOUTH = 0.62
LEGS = 0.08
"""Height of the air inlet, of the tower's."""
WALL = 0.015


@dataclass(frozen=True, slots=True)
class CoolingTower(Round):
    """A natural-draught tower: a hyperboloid shell on slanting legs over its basin."""

    LABEL: ClassVar[str] = "冷却塔"
    diameter_m: float = 60.0
    """Of the basin."""
    height_m: float = 80.0

    def _radius(self, share: float) -> float:
        """Return the shell's radius at a share of the height: a hyperbola through foot, throat and mouth."""
        foot, throat = self.diameter_m / 2, self.diameter_m / 2 * THROAT
        if share <= THROAT_AT:
            bulge = ((THROAT_AT - share) / THROAT_AT) ** 2
            return float(throat * np.sqrt(1 + bulge * ((foot / throat) ** 2 - 1)))
        bulge = ((share - THROAT_AT) / (1 - THROAT_AT)) ** 2
        return float(throat * np.sqrt(1 + bulge * ((MOUTH / THROAT) ** 2 - 1)))

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return basin and shell as one upright body; legs and open mouth; the rim."""
        radius, sides = self.diameter_m / 2, SIDES[detail]
        shares = np.linspace(LEGS, 1.0, 2 * DOME[detail] + 1)
        outer = [(self._radius(share), float(share * self.height_m)) for share in shares]
        if detail == 0:
            return (Piece(lathe([(0, 0), (radius, 0), *outer, (0, self.height_m)], sides)),)
        wall = radius * WALL
        inner = [(r - wall, z) for r, z in reversed(outer)]
        basin = ring(radius - wall, radius, 0, self.height_m * LEGS * 0.25, sides)
        found = [Piece(basin, "body"), Piece(lathe([*outer, *inner, outer[0]], sides))]
        found.append(Piece(cylinder(radius - wall, 0, self.height_m * LEGS * 0.15, sides), "water"))
        feet, heads = around(24, radius - wall, 0), around(24, outer[0][0] - wall / 2, 0.5)
        low, high = self.height_m * LEGS * 0.1, outer[0][1] + wall
        found += [
            Piece(tube([(*foot, low), (*head, high)], wall * 0.6, FINE[detail]), "concrete")
            for number, foot in enumerate(feet)
            for head in (heads[number], heads[number - 1])
        ]
        if detail == 2:
            top = outer[-1][0]
            found.append(Piece(ring(top - wall, top + wall, self.height_m - 2 * wall, self.height_m, sides), "concrete"))
        return tuple(found)
