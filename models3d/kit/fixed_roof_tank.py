"""Fixed-roof tank 固定顶储罐."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import RAIL_HEIGHT_M, SUNK_M, handrail, pipe
from models3d.kit.piece import SIDES, Detail, Piece, Round
from models3d.mesh import translate
from models3d.parts.block import box
from models3d.parts.lathe import cylinder, lathe, ring

SLOPE = 1 / 6
"""Of a self-supporting cone roof (GB 50341: 1/6 to 1/3.5)."""
STEP_M = 0.25


@dataclass(frozen=True, slots=True)
class FixedRoofTank(Round):
    """An upright cylindrical tank with a cone roof; its height reaches to the tip."""

    LABEL: ClassVar[str] = "固定顶储罐"
    diameter_m: float = 12.0
    height_m: float = 10.0

    @property
    def eaves_m(self) -> float:
        """Height of the shell."""
        return self.height_m - min(SLOPE * self.diameter_m / 2, self.height_m / 4)

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return shell and roof; base ring and inlet; stairs with their rail."""
        radius, sides, eaves = self.diameter_m / 2, SIDES[detail], self.eaves_m
        found = [Piece(lathe([(0, 0), (radius, 0), (radius, eaves), (0, self.height_m)], sides))]
        if detail >= 1:
            found.append(Piece(ring(radius - SUNK_M, radius + 0.12, 0, 0.15, sides), "concrete"))
            found.append(Piece(ring(radius - SUNK_M, radius + 0.08, eaves - 0.12, eaves - 0.01, sides), "steel"))
            found.append(pipe([(radius, 0, 0.8), (radius + 0.6, 0, 0.8)], min(0.15, radius / 6), detail))
        if detail == 2:
            found += self._stairs(radius)
            spot = np.array([radius * 0.5, 0.0, eaves + (self.height_m - eaves) * 0.5])
            found.append(Piece(translate(cylinder(min(0.3, radius / 8), -0.2, 0.0, 12), spot), "steel"))
        return tuple(found)

    def _stairs(self, radius: float) -> list[Piece]:
        """Return a stair that winds up the shell, at 45° and at most once around."""
        steps = max(int(self.eaves_m / STEP_M), 1)
        turn = min(self.eaves_m / radius, 1.8 * np.pi) / steps
        found, line = [], []
        for step in range(steps):
            angle, z = 0.3 + step * turn, (step + 1) * STEP_M
            x, y = (radius + 0.45) * np.cos(angle), (radius + 0.45) * np.sin(angle)
            found.append(Piece(translate(box((-0.3, -0.3, -0.04), (0.3, 0.3, 0)), np.array([x, y, z])), "steel"))
            if step % 4 == 0 or step == steps - 1:
                line.append((float((radius + 0.75) * np.cos(angle)), float((radius + 0.75) * np.sin(angle)), z))
        return found + (handrail(line) if len(line) > 1 and self.eaves_m > RAIL_HEIGHT_M else [])
