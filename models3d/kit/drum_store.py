"""Drum store 桶装库."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.piece import FINE, Detail, Oblong, Piece
from models3d.mesh import translate
from models3d.parts.block import box
from models3d.parts.lathe import cylinder

DRUM_RADIUS_M, DRUM_HEIGHT_M = 0.292, 0.88
"""Of a 200 l steel drum (GB/T 325.1)."""


@dataclass(frozen=True, slots=True)
class DrumStore(Oblong):
    """An open shed over drums on pallets, on a floor with a sill that holds what leaks."""

    LABEL: ClassVar[str] = "桶装库"
    length_m: float = 8.0
    width_m: float = 5.0
    height_m: float = 4.0

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return roof and floor, with walls between from afar; posts, back wall and drums."""
        x, y, top = self.length_m / 2, self.width_m / 2, self.height_m
        if detail == 0:
            return (Piece(box((-x, -y, 0), (x, y, top))),)
        found = [Piece(box((-x, -y, top - 0.2), (x, y, top))), Piece(box((-x, -y, 0), (x, y, 0.15)))]
        found.append(Piece(box((-x, y - 0.2, 0.15), (x, y, top - 0.2)), "pale"))
        found += [Piece(box((at - 0.1, -y, 0.15), (at + 0.1, -y + 0.2, top - 0.2)), "steel") for at in (-x + 0.1, 0, x - 0.1)]
        step = 1.4 if detail == 1 else 0.7
        radius = DRUM_RADIUS_M * step / 0.7
        for across in np.arange(-x + 0.8, x - 0.7, step).tolist():
            for along in np.arange(-y + 1.2, y - 0.8, step).tolist():
                spot = np.array([across, along, 0.15])
                found.append(Piece(translate(cylinder(radius, 0, DRUM_HEIGHT_M, FINE[detail]), spot), "motor"))
        return tuple(found)
