"""Stack 烟囱."""

from dataclasses import dataclass
from typing import ClassVar

from models3d.kit.fittings import ladder, platform
from models3d.kit.piece import SIDES, Detail, Piece, Round
from models3d.parts.lathe import lathe

WALL = 0.08
"""Thickness of the wall at the mouth, of the radius there."""
MOUTH = 0.5
"""Depth to which the mouth is open, of its diameter."""
BAND_M = 6.0
"""Height of an obstacle band (MH/T 6012: red and white by turns, the top red)."""
BANDED_M = 45.0
"""Stacks as high as this carry bands."""


@dataclass(frozen=True, slots=True)
class Stack(Round):
    """A stack that narrows to its mouth, with the sampling platform that its monitor needs."""

    LABEL: ClassVar[str] = "烟囱"
    diameter_m: float = 4.0
    """At the foot."""
    height_m: float = 45.0
    taper: float = 0.7
    """Diameter of the mouth, of the foot's."""

    def radius_at(self, z_m: float) -> float:
        """Return the radius at a height."""
        return self.diameter_m / 2 * (1 - (1 - self.taper) * z_m / self.height_m)

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the shaft; bands and sampling platform; ladder."""
        sides, top = SIDES[detail], self.radius_at(self.height_m)
        profile = [(0.0, 0.0), (self.diameter_m / 2, 0.0), (top, self.height_m)]
        if detail:
            inner, depth = top * (1 - WALL), min(2 * top * MOUTH, self.height_m / 4)
            profile += [(inner, self.height_m), (inner, self.height_m - depth), (0.0, self.height_m - depth)]
        else:
            profile.append((0.0, self.height_m))
        found = [Piece(lathe(profile, sides))]
        if detail >= 1:
            if self.height_m >= BANDED_M:
                found += [self._band(number, sides) for number in range(4)]
            found += platform(self.radius_at(self.height_m * 0.6), self.height_m * 0.6, detail, sides)
        if detail == 2:
            found += ladder(self.diameter_m / 2 + 0.15, 0, self.height_m * 0.6)
        return tuple(found)

    def _band(self, number: int, sides: int) -> Piece:
        high = self.height_m - 0.02 - number * BAND_M
        low = high - BAND_M + 0.05
        outer = [(self.radius_at(z) + 0.02, z) for z in (low, high)]
        inner = [(self.radius_at(z) - 0.05, z) for z in (high, low)]
        return Piece(lathe([*outer, *inner, outer[0]], sides), "white" if number % 2 else "red")
