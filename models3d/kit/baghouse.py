"""Baghouse 布袋除尘器."""

from dataclasses import dataclass
from typing import ClassVar

from models3d.kit.fittings import handrail, ladder, pipe
from models3d.kit.hoppers import casing
from models3d.kit.piece import Detail, Oblong, Piece
from models3d.parts.block import box


@dataclass(frozen=True, slots=True)
class Baghouse(Oblong):
    """A bag filter: casing over hoppers, clean-air chambers on top, ducts along it."""

    LABEL: ClassVar[str] = "布袋除尘器"
    length_m: float = 12.0
    width_m: float = 5.0
    height_m: float = 11.0

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the casing; chambers on it and ducts; rails and ladder."""
        length, width, height = self.size
        x, y, count = length / 2, width / 2, max(2, round(length / 3))
        found = casing(self.size, count, detail, 0.88)
        if detail >= 1:
            step = length / count
            found += [
                Piece(box((-x + number * step, -y, height * 0.88), (-x + (number + 1) * step - 0.25, y, height)), "body")
                for number in range(count - 1)
            ]
            found.append(Piece(box((-x + (count - 1) * step, -y, height * 0.88), (x, y, height))))
            found.append(pipe([(-x - 0.6, y + 0.7, height * 0.55), (x, y + 0.7, height * 0.55)], 0.6, detail))
        if detail == 2:
            corners = [(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)]
            found += handrail([(a * 0.98, b * 0.98, height) for a, b in corners])
            found += ladder(x + 0.15, 0, height)
        return tuple(found)
