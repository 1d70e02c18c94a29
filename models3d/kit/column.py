"""Column 塔器（精馏、吸收、反应）."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import SUNK_M, ladder, pipe, platform
from models3d.kit.piece import DOME, SIDES, Detail, Piece, Round
from models3d.parts.lathe import dome, lathe, ring

DECKS_M = 8.0
"""Between two platforms."""


@dataclass(frozen=True, slots=True)
class Column(Round):
    """A slender upright vessel with platforms and a pipe down its side."""

    LABEL: ClassVar[str] = "塔器"
    diameter_m: float = 2.4
    height_m: float = 28.0

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the vessel; platforms and overhead pipe; ladder and skirt."""
        radius, sides, top = self.diameter_m / 2, SIDES[detail], self.height_m
        rise = min(radius / 2, top / 4)
        found = [Piece(lathe([(0, 0), (radius, 0), *dome(radius, top - rise, rise, DOME[detail])], sides))]
        if detail >= 1:
            heights = np.arange(DECKS_M, top - rise, DECKS_M).tolist() or [top * 0.6]
            for z in heights:
                found += platform(radius, z, detail, sides)
            found.append(
                pipe(
                    [(0, radius * 0.5, top - rise), (0, radius + 0.4, top - rise), (0, radius + 0.4, top * 0.1)],
                    min(0.2, radius / 4),
                    detail,
                )
            )
        if detail == 2:
            found += ladder(radius + 0.15, 0, heights[-1])
            found.append(Piece(ring(radius - SUNK_M, radius + 0.1, 0, 0.25, sides), "concrete"))
        return tuple(found)
