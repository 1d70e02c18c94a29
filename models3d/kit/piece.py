"""What every part of the kit is: closed solids in one frame, each of a material, in three levels of detail."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from models3d.mesh import Mesh

Detail = Literal[0, 1, 2]
"""0: from afar, the body alone; 1: from across the plant, with what one recognises it by; 2: from beside it, with its fittings."""
DETAILS: tuple[Detail, ...] = (0, 1, 2)
SIDES = (12, 24, 48)
"""Corners of a circle, by detail; multiples of four, so that a round part is exactly as wide as it says."""
FINE = (6, 8, 12)
"""Corners of the circles of what is slim: pipes, legs, rails."""
DOME = (3, 6, 12)
"""Steps of a dome or another curve."""

Material = Literal["body", "water", "steel", "pale", "concrete", "rail", "red", "white", "roof", "duct", "motor"]
"""`body` is painted in the colour of the feature's kind; the others are tokens of the group `part`."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One closed solid of a part."""

    mesh: Mesh
    material: Material = "body"


class Part(Protocol):
    """A parametric part; metres, its foot's middle at the origin, z up, its length along x."""

    LABEL: ClassVar[str]
    """Its name, Chinese."""

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height (from the ground, or from its lowest point where that is deeper) of its body."""

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return its solids; its body first, equally large in every detail."""


@dataclass(frozen=True, slots=True)
class Round:
    """What is as long as it is wide: a part on a circle."""

    diameter_m: float
    height_m: float

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height of the body."""
        return self.diameter_m, self.diameter_m, self.height_m


@dataclass(frozen=True, slots=True)
class Oblong:
    """A part on a rectangle."""

    length_m: float
    width_m: float
    height_m: float

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height of the body."""
        return self.length_m, self.width_m, self.height_m
