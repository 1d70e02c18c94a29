"""House 房屋（五种屋顶）."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from models3d.kit.piece import Detail, Oblong, Piece
from models3d.kit.roof import ROOFS, flat
from models3d.parts.block import box

STOREY_M = 3.3
WINDOW_M = 3.6
"""Between two windows."""


@dataclass(frozen=True, slots=True)
class House(Oblong):
    """A rectangular building under a roof of one of five shapes."""

    LABEL: ClassVar[str] = "房屋"
    length_m: float = 24.0
    width_m: float = 12.0
    height_m: float = 9.0
    """To the ridge."""
    roof: Literal["flat", "gable", "hip", "sawtooth", "barrel"] = "gable"

    @property
    def eaves_m(self) -> float:
        """Height of the walls."""
        return self.height_m - (0.0 if self.roof == "flat" else min(self.height_m * 0.3, self.width_m * 0.25))

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the body with its roof; the gate; window bands."""
        x, y = self.length_m / 2, self.width_m / 2
        outline = (-x, -y, x, y)
        body = flat(outline, 0, self.height_m) if self.roof == "flat" else ROOFS[self.roof](outline, 0, self.eaves_m, self.height_m)
        found = [Piece(body)]
        if detail >= 1:
            high, half = min(4.5, self.eaves_m * 0.7), min(2.0, y * 0.5)
            found.append(Piece(box((x, -half, 0), (x + 0.04, half, high)), "motor"))
        if detail == 2:
            for storey in range(max(int(self.eaves_m / STOREY_M), 1)):
                low = storey * STOREY_M + min(1.0, self.eaves_m * 0.3)
                high = min(low + 1.5, self.eaves_m - 0.1)
                count = max(int(self.length_m / WINDOW_M), 1)
                for number in range(count):
                    at = -x + (number + 0.5) * self.length_m / count
                    half = min(0.9, self.length_m / count * 0.3)
                    found += [Piece(box((at - half, side, low), (at + half, side + 0.03, high)), "pale") for side in (-y - 0.03, y)]
        return tuple(found)
