"""Pump 水泵."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import pipe
from models3d.kit.piece import SIDES, Detail, Piece
from models3d.mesh import LYING, translate, turn
from models3d.parts.block import box
from models3d.parts.lathe import cylinder


@dataclass(frozen=True, slots=True)
class Pump:
    """A centrifugal pump with its motor on one base."""

    LABEL: ClassVar[str] = "水泵"
    length_m: float = 1.8

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height."""
        return self.length_m, self.length_m * 0.45, self.length_m * 0.6

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return its block; base, motor and volute; shaft and pipe ends."""
        length, width, height = self.size
        x, y = length / 2, width / 2
        if detail == 0:
            return (Piece(box((-x, -y, 0), (x, y, height))),)
        sides, axis, foot = SIDES[detail], height * 0.55, height * 0.12
        motor = translate(turn(cylinder(height * 0.3, 0, length * 0.45, sides), LYING), np.array([-x * 0.9, 0, axis]))
        volute = translate(turn(cylinder(width / 2, 0, length * 0.22, sides), LYING), np.array([x * 0.35, 0, axis]))
        found = [
            Piece(box((-x, -y, 0), (x, y, foot))),
            Piece(motor, "motor"),
            Piece(volute, "steel"),
            Piece(translate(cylinder(height * 0.14, axis, height, sides), np.array([x * 0.57, 0, 0])), "body"),
        ]
        if detail == 2:
            found.append(pipe([(-x * 0.1, 0, axis), (x * 0.4, 0, axis)], height * 0.07, detail))
            found.append(pipe([(x * 0.75, 0, axis), (x, 0, axis)], height * 0.16, detail))
            found += [
                Piece(box((at - 0.05, -y * 0.6, foot), (at + 0.05, y * 0.6, axis)), "steel") for at in (-x * 0.75, -x * 0.15, x * 0.5)
            ]
        return tuple(found)
