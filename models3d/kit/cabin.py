"""Monitoring cabin 监测站房."""

from dataclasses import dataclass
from typing import ClassVar

from models3d.kit.piece import Detail, Oblong, Piece
from models3d.kit.roof import flat, gable
from models3d.parts.block import box


@dataclass(frozen=True, slots=True)
class Cabin(Oblong):
    """The room of an online monitor (HJ 75: at least 2.5 m × 2.5 m, 2.8 m high), with air conditioning and sign."""

    LABEL: ClassVar[str] = "监测站房"
    length_m: float = 4.0
    width_m: float = 3.0
    height_m: float = 3.4

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return walls and roof; door and window; air conditioner."""
        x, y, top = self.length_m / 2, self.width_m / 2, self.height_m
        outline = (-x, -y, x, y)
        if detail == 0:
            return (Piece(flat(outline, 0, top)),)
        eaves = top * 0.85
        found = [Piece(gable(outline, 0, eaves, top))]
        found.append(Piece(box((-0.9, -y - 0.03, 0), (0.0, -y, 2.1)), "motor"))
        found.append(Piece(box((0.5, -y - 0.03, 1.0), (min(1.5, x - 0.2), -y, 2.0)), "pale"))
        if detail == 2:
            found.append(Piece(box((x, -0.4, 0.4), (x + 0.35, 0.4, 1.0)), "white"))
        return tuple(found)
