"""Spherical tank 球罐."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import around, legs, platform
from models3d.kit.piece import DOME, SIDES, Detail, Piece
from models3d.parts.lathe import lathe, ring

CLEARANCE_M = 1.5
"""Between ground and sphere."""


@dataclass(frozen=True, slots=True)
class Sphere:
    """A pressure sphere on columns that meet it at its equator."""

    LABEL: ClassVar[str] = "球罐"
    diameter_m: float = 12.0

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height."""
        return self.diameter_m, self.diameter_m, self.diameter_m + CLEARANCE_M

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the sphere; its columns; platform and equator."""
        radius, middle = self.diameter_m / 2, self.diameter_m / 2 + CLEARANCE_M
        angles = np.linspace(-np.pi / 2, np.pi / 2, 2 * DOME[detail] + 1)
        profile = [(max(float(radius * np.cos(angle)), 0.0), float(middle + radius * np.sin(angle))) for angle in angles]
        profile[0], profile[-1] = (0.0, middle - radius), (0.0, middle + radius)
        found = [Piece(lathe(profile, SIDES[detail]))]
        count = max(6, 2 * round(self.diameter_m / 4))
        found += legs(around(count, radius * 0.97), middle, detail, max(0.12, radius / 25)) if detail else []
        if detail == 2:
            found += [Piece(ring(radius - 0.02, radius + 0.08, middle - 0.1, middle + 0.1, SIDES[detail]), "steel")]
            found += platform(radius * 0.35, middle + radius * 0.94, detail, SIDES[1])
        return tuple(found)
