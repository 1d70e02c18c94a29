"""Bodies put together face by face."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.models.body import Body
from models3d.readers.faces import Ring, cut

Colour = tuple[int, int, int]


@dataclass(slots=True)
class Faces:
    """The faces of one body while they are collected."""

    triangles: list[tuple[int, int, int]] = field(default_factory=list)
    surface: list[int] = field(default_factory=list)
    colours: list[Colour | None] = field(default_factory=list)
    surfaces: list[str] = field(default_factory=list)
    faces: int = 0
    flat: int = 0
    """Faces without an area: they are none."""

    def add(self, points: NDArray[np.float64], rings: Sequence[Ring], surface: str = "", colour: Colour | None = None) -> None:
        """Add a face: its outer ring, then its holes, as rows of `points`."""
        pieces = cut(points, rings)
        self.faces += 1
        self.flat += not pieces
        if surface and surface not in self.surfaces:
            self.surfaces.append(surface)
        row = self.surfaces.index(surface) if surface else -1
        self.triangles += pieces
        self.surface += [row] * len(pieces)
        self.colours += [colour] * len(pieces)

    def body(self, body_id: str, kind: str, points: NDArray[np.float64], **rest: Any) -> Body:
        """Return what was collected, with the points that it uses."""
        corners = np.array(self.triangles, np.int64).reshape(-1, 3)
        used, rows = np.unique(corners, return_inverse=True)
        colours = None
        if any(colour is not None for colour in self.colours):
            colours = np.array([colour or UNPAINTED for colour in self.colours], np.uint8)
        surface = np.array(self.surface, np.int32) if self.surfaces else None
        return Body(
            body_id, kind, points[used], rows.reshape(-1, 3), surfaces=tuple(self.surfaces), surface=surface, colours=colours, **rest
        )


UNPAINTED: Colour = (200, 200, 200)
"""Of faces without a colour in a body that has some."""


def srgb(linear: Sequence[float]) -> Colour:
    """Turn linear light, 0–1, to sRGB levels (IEC 61966-2-1)."""
    light = np.clip(np.array(linear[:3], float), 0, 1)
    share = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    red, green, blue = np.round(share * 255).astype(int).tolist()
    return red, green, blue


def levels(share: Sequence[float]) -> Colour:
    """Turn sRGB shares, 0–1, to levels."""
    red, green, blue = np.round(np.clip(np.array(share[:3], float), 0, 1) * 255).astype(int).tolist()
    return red, green, blue
