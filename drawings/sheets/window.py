"""From the ground to paper: the scale of a map, what of the ground it shows, and its coordinate grid."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from drawings.sheets.inks import FINE, Ink, Text, filled, framed, stroke
from drawings.sheets.paper import TINY, Box, Point
from styles.tokens import Rgb

SCALES = (200, 300, 400, 500, 600, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 10000, 15000, 25000, 50000)
"""Denominators that a sheet may have: those of GB/T 50103-2010, table 2.2.1, and between them those that GB/T 14690-1993, table 2, allows
(1.5, 2.5, 3, 4 and 6 times a power of ten), so that a plant fills its sheet."""
CROSS_MM = 3.0
TICK_MM = 2.0
GRID_MM = 55.0
"""Least distance of grid lines on paper."""


@dataclass(frozen=True, slots=True)
class Window:
    """A box on paper that shows ground at a scale, north up."""

    box: Box
    scale: int
    """Metres of ground in a metre of paper."""
    centre: Point
    """What lies in the middle of the box: east, north, EPSG:4545, metres."""

    @property
    def mm_a_metre(self) -> float:
        """Millimetres of paper for a metre of ground."""
        return 1000.0 / self.scale

    def paper(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ground (EPSG:4545, metres, (n, 2)) on paper (mm, (n, 2))."""
        found: NDArray[np.float64] = (xy - np.array(self.centre)) * self.mm_a_metre + np.array(self.box.middle)
        return found

    def on_paper(self, shape: BaseGeometry) -> BaseGeometry:
        """Return a shape of the ground on paper, flat."""
        found: BaseGeometry = shapely.transform(shapely.force_2d(shape), self.paper)
        return found

    def point(self, x: float, y: float) -> Point:
        """Return a point of the ground on paper."""
        middle = self.box.middle
        return (x - self.centre[0]) * self.mm_a_metre + middle[0], (y - self.centre[1]) * self.mm_a_metre + middle[1]

    def shows(self, shape: BaseGeometry) -> bool:
        """Return whether a shape of the ground lies in it, EPSG:4545."""
        ground = self.ground
        return bool(shapely.box(ground.left, ground.bottom, ground.right, ground.top).contains(shape))

    @property
    def ground(self) -> Box:
        """What of the ground it shows, EPSG:4545, metres."""
        half = self.box.width / 2 / self.mm_a_metre, self.box.height / 2 / self.mm_a_metre
        return Box(self.centre[0] - half[0], self.centre[1] - half[1], self.centre[0] + half[0], self.centre[1] + half[1])


def scale_for(width_m: float, height_m: float, room: Box, scales: Sequence[int] = SCALES) -> int:
    """Return the largest scale at which so much ground fits a box; the smallest of all where none does."""
    for scale in scales:
        if width_m * 1000 / scale <= room.width and height_m * 1000 / scale <= room.height:
            return scale
    return scales[-1]


def around(shapes: Sequence[BaseGeometry], box: Box, margin_mm: float, scales: Sequence[int] = SCALES) -> Window:
    """Return the window that shows shapes (EPSG:4545) at the largest of some scales, with a margin on paper around them."""
    west, south, east, north = shapely.union_all(list(shapes)).bounds if shapes else (0.0, 0.0, 0.0, 0.0)
    scale = scale_for(east - west, north - south, box.inset(margin_mm), scales)
    # The middle on whole metres: a corner that is moved by a centimetre does not move the whole sheet.
    return Window(box, scale, (round((west + east) / 2), round((south + north) / 2)))


def grid_step(scale: int) -> int:
    """Return the distance of the grid's lines, metres: 1, 2 or 5 times a power of ten, at least `GRID_MM` on paper."""
    least = GRID_MM * scale / 1000
    power = 10 ** math.floor(math.log10(least))
    return int(next(power * step for step in (1, 2, 5, 10) if power * step >= least))


def grid(window: Window, rgb: Rgb, ink: Rgb, paper: Rgb, hidden: Box | None = None) -> tuple[list[Ink], list[Box]]:
    """Return the crosses and ticks of the grid with their coordinates (Y east, X north, EPSG:4545), and where its texts stand.

    What something else covers (`hidden`) has no coordinates.

    X is north and Y east on Chinese drawings (GB/T 50103-2010, 2.4.1).
    """
    step, ground, box = grid_step(window.scale), window.ground, window.box
    easts = range(math.ceil(ground.left / step) * step, int(ground.right) + 1, step)
    norths = range(math.ceil(ground.bottom / step) * step, int(ground.top) + 1, step)
    inks: list[Ink] = []
    boxes: list[Box] = []
    for east in easts:
        x, _ = window.point(east, 0)
        for y, inward in ((box.bottom, 1), (box.top, -1)):
            inks.append(stroke(((x, y), (x, y + inward * TICK_MM)), ink, FINE))
        if box.left + 14 < x < box.right - 14 and not (hidden and hidden.bottom <= box.bottom and hidden.left - 8 < x < hidden.right + 8):
            inks.append(filled(Box(x - 6.6, box.bottom + TICK_MM + 0.2, x + 6.6, box.bottom + TICK_MM + 3.0), paper))
            inks.append(Text(f"Y={east}", (x, box.bottom + TICK_MM + 1.6), TINY, "centre", colour=ink))
            boxes.append(Box(x - 7, box.bottom, x + 7, box.bottom + TICK_MM + 3.2))
    for north in norths:
        _, y = window.point(0, north)
        for x, inward in ((box.left, 1), (box.right, -1)):
            inks.append(stroke(((x, y), (x + inward * TICK_MM, y)), ink, FINE))
        if box.bottom + 14 < y < box.top - 14 and not (hidden and hidden.left <= box.left and hidden.bottom - 8 < y < hidden.top + 8):
            inks.append(filled(Box(box.left + TICK_MM + 0.2, y - 7.2, box.left + TICK_MM + 3.0, y + 7.2), paper))
            inks.append(Text(f"X={north}", (box.left + TICK_MM + 1.6, y), TINY, "centre", 90.0, colour=ink))
            boxes.append(Box(box.left, y - 7.5, box.left + TICK_MM + 3.2, y + 7.5))
    for east in easts:
        for north in norths:
            x, y = window.point(east, north)
            if box.inset(8).holds((x, y)):
                half = CROSS_MM / 2
                inks += [stroke(((x - half, y), (x + half, y)), rgb, FINE), stroke(((x, y - half), (x, y + half)), rgb, FINE)]
    return [*inks, framed(box, ink, FINE)], boxes
