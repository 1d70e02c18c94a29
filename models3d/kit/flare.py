"""Flare 火炬."""

from dataclasses import dataclass
from typing import ClassVar

from models3d.kit.fittings import around
from models3d.kit.piece import FINE, SIDES, Detail, Piece, Round
from models3d.parts.lathe import cylinder, lathe
from models3d.parts.tube import tube


@dataclass(frozen=True, slots=True)
class Flare(Round):
    """A flare stack with its tip, guyed from three sides."""

    LABEL: ClassVar[str] = "火炬"
    diameter_m: float = 1.2
    height_m: float = 50.0

    @property
    def guyed_m(self) -> float:
        """Distance of the anchors."""
        return self.height_m * 0.45

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the riser; its tip; guys and anchors."""
        radius, sides, top = self.diameter_m / 2, SIDES[detail], self.height_m
        found = [Piece(lathe([(0, 0), (radius, 0), (radius, top), (0, top)], sides))]
        if detail >= 1:
            found.append(Piece(cylinder(radius * 1.3, top * 0.93, top * 0.99, sides), "red"))
        if detail == 2:
            for x, y in around(3, 1.0):
                for share in (0.5, 0.85):
                    near = (x * radius, y * radius, top * share)
                    far = (x * self.guyed_m, y * self.guyed_m, 0.2)
                    found.append(Piece(tube([far, near], 0.03, FINE[0]), "steel"))
        return tuple(found)
