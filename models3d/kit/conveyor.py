"""Conveyor 输送廊."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.piece import Detail, Oblong, Piece
from models3d.parts.block import box, polyhedron


@dataclass(frozen=True, slots=True)
class Conveyor(Oblong):
    """A closed gallery that climbs from the ground to a height along x, on trestles."""

    LABEL: ClassVar[str] = "输送廊"
    length_m: float = 40.0
    width_m: float = 3.0
    height_m: float = 15.0
    """Of the head's roof."""
    gallery_m: float = 2.8
    """Height of the gallery."""

    def _floor(self, x: float) -> float:
        share = (x + self.length_m / 2) / self.length_m
        return share * (self.height_m - self.gallery_m)

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the gallery; trestles; window bands."""
        x, y = self.length_m / 2, self.width_m / 2
        low, high = 0.0, self.height_m - self.gallery_m
        corners = [
            (-x, -y, low), (x, -y, high), (x, y, high), (-x, y, low),
            (-x, -y, low + self.gallery_m), (x, -y, self.height_m), (x, y, self.height_m), (-x, y, low + self.gallery_m),
        ]  # fmt: skip
        faces = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
        found = [Piece(polyhedron(corners, faces))]
        if detail >= 1:
            for at in np.linspace(-x, x, max(int(self.length_m / 12), 1) + 2)[1:].tolist():
                place = min(at, x - 0.2)
                top = self._floor(place - 0.2)
                found += [Piece(box((place - 0.2, side - 0.2, 0), (place + 0.2, side + 0.2, top)), "steel") for side in (-y + 0.2, y - 0.2)]
        if detail == 2:
            for side in (-y - 0.03, y):
                a, b = -x * 0.95, x * 0.95
                lows = [self._floor(place) + self.gallery_m * 0.5 for place in (a, b)]
                band = [(a, side, lows[0]), (b, side, lows[1]), (b, side + 0.03, lows[1]), (a, side + 0.03, lows[0])]
                found.append(Piece(polyhedron([*band, *((px, py, pz + 0.8) for px, py, pz in band)], faces), "pale"))
        return tuple(found)
