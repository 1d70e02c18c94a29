"""Pipe rack 管廊."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import pipe
from models3d.kit.piece import Detail, Oblong, Piece
from models3d.parts.block import box

BAY_M = 6.0
"""Most between two frames."""
BEAM_M = 0.3


@dataclass(frozen=True, slots=True)
class PipeRack(Oblong):
    """Portal frames in a row that carry pipes on two levels."""

    LABEL: ClassVar[str] = "管廊"
    length_m: float = 30.0
    width_m: float = 4.0
    height_m: float = 6.0

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return a deck on posts at its ends; all frames and large pipes; small pipes and the beams between."""
        x, y, top = self.length_m / 2, self.width_m / 2, self.height_m
        frames = np.linspace(-x + BEAM_M / 2, x - BEAM_M / 2, 2 if detail == 0 else int(np.ceil(self.length_m / BAY_M)) + 1).tolist()
        found = [Piece(box((-x, -y, top - BEAM_M), (x, -y + BEAM_M, top))), Piece(box((-x, y - BEAM_M, top - BEAM_M), (x, y, top)))]
        for at in frames:
            west, east = at - BEAM_M / 2, at + BEAM_M / 2
            found += [Piece(box((west, side, 0), (east, side + BEAM_M, top - BEAM_M))) for side in (-y, y - BEAM_M)]
            found.append(Piece(box((west, -y + BEAM_M, top - BEAM_M), (east, y - BEAM_M, top))))
            if detail:
                found.append(Piece(box((west, -y + BEAM_M, top * 0.6), (east, y - BEAM_M, top * 0.6 + BEAM_M))))
        count = (0, 3, 6)[detail]
        for row, level in enumerate((top, top * 0.6 + BEAM_M)):
            for number in range(count):
                radius = 0.08 + 0.05 * ((number + row) % 3)
                at = (number + 0.5) / max(count, 1) * (self.width_m - 2 * BEAM_M) - y + BEAM_M
                if level + 2 * radius <= top or row == 0:
                    found.append(pipe([(-x, at, level + radius), (x, at, level + radius)], radius, detail))
        return tuple(found)
