"""Clarifier 沉淀池（辐流式）."""

from dataclasses import dataclass
from typing import ClassVar

from models3d.kit.fittings import handrail
from models3d.kit.piece import SIDES, Detail, Piece
from models3d.parts.block import box
from models3d.parts.lathe import cylinder, lathe, ring

WALL_M = 0.35
FREEBOARD_M = 0.4


@dataclass(frozen=True, slots=True)
class Clarifier:
    """A round settling tank with its scraper bridge; its rim stands over the ground, its floor below."""

    LABEL: ClassVar[str] = "沉淀池"
    diameter_m: float = 24.0
    rim_m: float = 1.2
    depth_m: float = 3.0

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height, from the floor to the rim."""
        return self.diameter_m, self.diameter_m, self.rim_m + self.depth_m

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the basin, and its water; the bridge; weir and handrail."""
        radius, sides = self.diameter_m / 2, SIDES[detail]
        inner, level = radius - min(WALL_M, radius / 6), self.rim_m - min(FREEBOARD_M, self.rim_m / 2)
        low = -self.depth_m
        basin = lathe([(0, low), (radius, low), (radius, self.rim_m), (inner, self.rim_m), (inner, low + 0.3), (0, low + 0.1)], sides)
        found = [Piece(basin), Piece(cylinder(inner * 0.999, level - 0.2, level, sides), "water")]
        if detail >= 1:
            found.append(Piece(cylinder(min(1.5, radius / 5), low + 0.2, self.rim_m + 0.3, sides), "concrete"))
            found.append(Piece(box((0, -0.6, self.rim_m + 0.3), (radius, 0.6, self.rim_m + 0.5)), "steel"))
        if detail == 2:
            found.append(Piece(ring(inner * 0.9, inner * 0.9 + 0.15, level - 0.4, level + 0.15, sides), "concrete"))
            for side in (-0.55, 0.55):
                found += handrail([(radius * share, side, self.rim_m + 0.5) for share in (0.05, 0.35, 0.65, 0.97)])
        return tuple(found)
