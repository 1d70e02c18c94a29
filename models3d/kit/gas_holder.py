"""Gas holder 气柜."""

from dataclasses import dataclass
from typing import ClassVar

from models3d.kit.fittings import around, legs
from models3d.kit.piece import DOME, SIDES, Detail, Piece, Round
from models3d.parts.lathe import dome, lathe, ring


@dataclass(frozen=True, slots=True)
class GasHolder(Round):
    """A wet gas holder: a bell that rises within its guide frame out of a tank of water."""

    LABEL: ClassVar[str] = "气柜"
    diameter_m: float = 20.0
    height_m: float = 18.0
    """Of the guide frame."""
    filled: float = 0.6

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return a cylinder; tank, bell and guide frame."""
        radius, sides, top = self.diameter_m / 2, SIDES[detail], self.height_m
        if detail == 0:
            return (Piece(lathe([(0, 0), (radius, 0), (radius, top), (0, top)], sides)),)
        tank = top * 0.4
        crown = tank + (top - tank) * self.filled
        bell = [(0.0, tank), (radius * 0.92, tank), *dome(radius * 0.92, crown - radius * 0.08, radius * 0.08, DOME[detail])]
        rings = (0.7, 1.0) if detail == 1 else (0.55, 0.7, 0.85, 1.0)
        rim = max(0.15, radius / 60)
        found = [Piece(lathe([(0, 0), (radius, 0), (radius, tank), (0, tank)], sides)), Piece(lathe(bell, sides), "pale")]
        found += [Piece(ring(radius - rim, radius, top * share - rim, top * share, sides)) for share in rings]
        found += legs(around(12 if detail == 1 else 24, radius - rim / 2), top, detail, rim * 0.6, tank)
        return tuple(found)
