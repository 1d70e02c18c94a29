"""Floating-roof tank 浮顶储罐."""

from dataclasses import dataclass
from typing import ClassVar

from models3d.kit.fittings import SUNK_M, ladder, platform
from models3d.kit.piece import SIDES, Detail, Piece, Round
from models3d.parts.lathe import lathe, ring

SHELL_M = 0.1


@dataclass(frozen=True, slots=True)
class FloatingRoofTank(Round):
    """An upright tank, open above, whose roof floats on what it holds."""

    LABEL: ClassVar[str] = "浮顶储罐"
    diameter_m: float = 30.0
    height_m: float = 14.0
    filled: float = 0.7
    """Height of the roof, as a share of the shell's."""

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the shell over floor and roof as one solid; pontoon and wind girder; ladder and platform."""
        radius, sides = self.diameter_m / 2, SIDES[detail]
        inner, deck = radius - SHELL_M, self.height_m * self.filled
        body = lathe([(0, 0), (radius, 0), (radius, self.height_m), (inner, self.height_m), (inner, deck), (0, deck)], sides)
        found = [Piece(body)]
        if detail >= 1:
            found.append(Piece(ring(inner - min(2.0, inner / 4), inner - 0.05, deck, deck + 0.35, sides), "pale"))
            found.append(Piece(ring(radius - SUNK_M, radius + 0.5, self.height_m - 1.0, self.height_m - 0.9, sides), "steel"))
        if detail == 2:
            found += [*ladder(radius + 0.15, 0, self.height_m), *platform(radius, self.height_m - 0.9, detail, sides)]
        return tuple(found)
