"""Electrostatic precipitator 电除尘器."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import handrail
from models3d.kit.hoppers import CLEAR, HOPPER, casing
from models3d.kit.piece import SIDES, Detail, Oblong, Piece
from models3d.mesh import Mesh, translate
from models3d.parts.block import box, polyhedron
from models3d.parts.lathe import cylinder

FUNNEL_M = 1.4
"""Length of a funnel."""


@dataclass(frozen=True, slots=True)
class Precipitator(Oblong):
    """Fields in a row between an inlet and an outlet funnel, transformers on the roof."""

    LABEL: ClassVar[str] = "电除尘器"
    length_m: float = 18.0
    """Without the funnels."""
    width_m: float = 9.0
    height_m: float = 14.0
    fields: int = 4

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the casing; funnels and transformers; rails."""
        length, width, height = self.size
        x, y = length / 2, width / 2
        found = casing(self.size, self.fields, detail)
        if detail >= 1:
            found += [Piece(self._funnel(side), "steel") for side in (-1, 1)]
            places = np.linspace(-x, x, 2 * self.fields + 1)[1::2].tolist()
            found += [Piece(box((at - 0.6, -0.8, height), (at + 0.6, 0.8, height + 1.1)), "pale") for at in places]
        if detail == 2:
            corners = [(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)]
            found += handrail([(a * 0.98, b * 0.98, height) for a, b in corners])
            for at in np.linspace(-x, x, 2 * self.fields + 1)[1::2].tolist():
                found.append(Piece(translate(cylinder(0.12, height + 1.1, height + 1.5, SIDES[0]), np.array([at, 0.4, 0])), "white"))
        return tuple(found)

    def _funnel(self, side: int) -> Mesh:
        x, y, reach = self.length_m / 2, self.width_m / 2, FUNNEL_M
        low, high = self.height_m * (CLEAR + HOPPER), self.height_m
        middle, half = (low + high) / 2, (high - low) * 0.2
        inner = [(side * x, -y, low), (side * x, y, low), (side * x, y, high), (side * x, -y, high)]
        outer = [
            (side * (x + reach), a * 0.3, b) for a, b in ((-y, middle - half), (y, middle - half), (y, middle + half), (-y, middle + half))
        ]
        # Seen along the funnel's own way out both ends turn the same way; which is outside depends on the side.
        faces = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
        return polyhedron([*inner, *outer], faces if side > 0 else [face[::-1] for face in faces])
