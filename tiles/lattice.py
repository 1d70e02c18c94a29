"""The lattice on which a tile's vertices lie: whole steps from an origin, so that a coordinate is 16 bits (KHR_mesh_quantization).

Steps are powers of two and origins multiples of them: float64 and float32 hold both exactly, and a point that two solids share stays
one point, so what was closed stays closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FINE_M = (1 / 64, 1 / 32)
"""Of what is shown as it is: the finest that spans a tile is taken; half a step is the error, 16 mm at most."""
COARSE_M = (1 / 4, 1 / 2)
"""Of what stands for things that are far away."""
MOST = 65_535


@dataclass(frozen=True, slots=True)
class Lattice:
    """Where the 16 bits count from, and what one is."""

    origin: tuple[float, float, float]
    """Metres east, north, up."""
    step_m: float

    def places(self, positions: Floats) -> NDArray[np.uint16]:
        """Return the nearest places for positions, `(n, 3)` metres."""
        # Rounded before they are counted, so that a point is in the same place whichever way an axis runs.
        return (np.round(positions / self.step_m) - np.array(self.origin) / self.step_m).astype(np.uint16)

    def positions(self, places: NDArray[np.uint16]) -> Floats:
        """Return where places are, `(n, 3)` metres."""
        found: Floats = places * self.step_m + np.array(self.origin)
        return found


def lattice(positions: Floats, steps_m: Sequence[float] = FINE_M) -> Lattice | None:
    """Return the lattice for positions, `(n, 3)` metres; None where no step spans them."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    for step in steps_m:
        origin = np.floor(low / step)
        if (np.ceil(high / step) - origin).max() <= MOST:
            return Lattice(tuple((origin * step).tolist()), step)
    return None


def settled(positions: Floats, grid: Lattice | None) -> Floats:
    """Return positions as a file keeps them: on their lattice, or in float32 where they have none."""
    return positions.astype(np.float32).astype(np.float64) if grid is None else grid.positions(grid.places(positions))


def local(positions: Floats, grid: Lattice | None) -> Floats:
    """Return positions that are counted from a place on the lattice, as a file keeps them."""
    if grid is None:
        return positions.astype(np.float32).astype(np.float64)
    steps: Floats = np.round(positions / grid.step_m)
    return steps * grid.step_m
