"""Camera mast 视频监控杆."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models3d.kit.fittings import pipe
from models3d.kit.piece import FINE, SIDES, Detail, Piece
from models3d.mesh import LYING, translate, turn
from models3d.parts.block import box
from models3d.parts.lathe import cylinder, lathe


@dataclass(frozen=True, slots=True)
class Mast:
    """A pole with an arm, its cameras and the cabinet at its foot."""

    LABEL: ClassVar[str] = "视频监控杆"
    height_m: float = 6.0
    arm_m: float = 1.2

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width and height."""
        return 0.24, 0.24, self.height_m

    def pieces(self, detail: Detail = 2) -> tuple[Piece, ...]:
        """Return the pole; arm and camera; cabinet."""
        top = self.height_m
        found = [Piece(lathe([(0, 0), (0.12, 0), (0.06, top), (0, top)], SIDES[detail]))]
        if detail >= 1:
            found.append(pipe([(0, 0, top - 0.2), (self.arm_m, 0, top - 0.2)], 0.04, detail))
            camera = turn(cylinder(0.09, -0.22, 0.22, FINE[detail]), LYING)
            found.append(Piece(translate(camera, np.array([self.arm_m, 0, top - 0.34])), "white"))
        if detail == 2:
            found.append(Piece(box((0.1, -0.2, 1.2), (0.35, 0.2, 1.8)), "pale"))
        return tuple(found)
