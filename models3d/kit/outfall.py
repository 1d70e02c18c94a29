"""Outfall 排放口（入河）."""

from dataclasses import dataclass
from typing import ClassVar

from models3d.kit.fittings import pipe
from models3d.kit.piece import Detail, Piece
from models3d.mesh import Mesh
from models3d.parts.block import box, polyhedron


@dataclass(frozen=True, slots=True)
class Outfall:
    """A pipe through a headwall onto its apron, wings at its sides, the sign that the standard asks for beside it."""

    LABEL: ClassVar[str] = "排放口"
    width_m: float = 3.0
    height_m: float = 2.0
    diameter_m: float = 0.8

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height."""
        return self.width_m, self.width_m, self.height_m

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return headwall and apron; pipe and wings; the sign."""
        x, y, top = self.width_m / 2, self.width_m / 2, self.height_m
        found = [Piece(box((-x, -y, 0), (-x + 0.4, y, top))), Piece(box((-x + 0.4, -y, 0), (x, y, 0.2)))]
        if detail >= 1:
            middle = 0.2 + min(self.diameter_m, top - 0.4) / 2 + 0.15
            found.append(pipe([(-x - 0.3, 0, middle), (-x + 0.6, 0, middle)], min(self.diameter_m, top - 0.5) / 2, detail))
            found += [Piece(_wing(-x + 0.4, x, side, top), "concrete") for side in (-y, y - 0.3)]
        if detail == 2:
            found.append(Piece(box((-x + 0.1, y - 0.3, top), (-x + 0.2, y - 0.2, top + 1.2)), "steel"))
            found.append(Piece(box((-x + 0.05, y - 0.6, top + 0.7), (-x + 0.1, y + 0.1, top + 1.3)), "white"))
        return tuple(found)


def _wing(west: float, east: float, side: float, top: float) -> Mesh:
    """Return a wing wall that falls from the headwall to the apron's end."""
    north = side + 0.3
    corners = [(west, side, 0.2), (east, side, 0.2), (west, side, top), (west, north, 0.2), (east, north, 0.2), (west, north, top)]
    return polyhedron(corners, [(0, 1, 2), (5, 4, 3), (0, 3, 4, 1), (1, 4, 5, 2), (2, 5, 3, 0)])
