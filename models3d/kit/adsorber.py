"""Activated-carbon adsorber 活性炭吸附箱."""

from dataclasses import dataclass
from typing import ClassVar

from models3d.kit.fittings import pipe
from models3d.kit.piece import Detail, Oblong, Piece
from models3d.parts.block import box


@dataclass(frozen=True, slots=True)
class Adsorber(Oblong):
    """A box of drawers on a frame, a duct in at one end and out at the other."""

    LABEL: ClassVar[str] = "活性炭吸附箱"
    length_m: float = 4.0
    width_m: float = 2.0
    height_m: float = 2.8

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the box; frame and ducts; drawers."""
        x, y, top = self.length_m / 2, self.width_m / 2, self.height_m
        if detail == 0:
            return (Piece(box((-x, -y, 0), (x, y, top))),)
        lift = top * 0.2
        found = [Piece(box((-x, -y, lift), (x, y, top)))]
        found += [
            Piece(box((a - 0.08, b - 0.08, 0), (a + 0.08, b + 0.08, lift)), "steel")
            for a in (-x + 0.1, x - 0.1)
            for b in (-y + 0.1, y - 0.1)
        ]
        radius, middle = min(0.4, y * 0.5), (lift + top) / 2
        found += [pipe([(side * x, 0, middle), (side * (x + 0.8), 0, middle)], radius, detail) for side in (-1, 1)]
        if detail == 2:
            step = self.length_m / 4
            found += [
                Piece(box((-x + step * (n + 0.1), -y - 0.04, lift + 0.15), (-x + step * (n + 0.9), -y, top - 0.15)), "pale")
                for n in range(4)
            ]
        return tuple(found)
