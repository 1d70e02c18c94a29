"""Pipe run 管段."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from models3d.kit.piece import SIDES, Detail, Piece
from models3d.parts.tube import tube

FLANGES_M = 6.0
"""Between two flanges: the length that pipes are delivered in."""


@dataclass(frozen=True, slots=True)
class PipeRun:
    """A pipe of a diameter along a line in space."""

    LABEL: ClassVar[str] = "管段"
    line: tuple[tuple[float, float, float], ...] = ((-6.0, 0.0, 3.0), (0.0, 0.0, 3.0), (0.0, 4.0, 3.0), (0.0, 4.0, 0.0))
    diameter_m: float = 0.4

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height of the box about its axis."""
        length, width, height = np.ptp(np.array(self.line), axis=0).tolist()
        return length, width, height

    @property
    def length_m(self) -> float:
        """Length of the axis."""
        return float(np.linalg.norm(np.diff(np.array(self.line), axis=0), axis=1).sum())

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the pipe; flanges where lengths meet."""
        radius = self.diameter_m / 2
        found = [Piece(tube(self.line, radius, SIDES[detail]))]
        if detail == 2:
            points = np.array(self.line)
            for start, end in pairwise(points):
                span = float(np.linalg.norm(end - start))
                for at in np.arange(FLANGES_M, span - radius, FLANGES_M).tolist():
                    step = (end - start) / span
                    ends = [(start + step * (at + side)).tolist() for side in (-0.04, 0.04)]
                    found.append(Piece(tube(ends, radius * 1.35, 24), "steel"))
        return tuple(found)
