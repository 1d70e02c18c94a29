"""What terrain tiles are made of: heights over a lattice, and how exact they have to be where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from tiles.terrain.dem import Dem
from tiles.terrain.lattice import Rectangle, degrees, step_deg, tolerance_m

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

SLOPE = 0.5
"""Of the banks around what is level: 1 : 2."""
FINEST = 15
"""Deepest level of tiles with levelled ground: cells of 9 m."""
FROM_LEVEL = 11
"""From here on ground is levelled: a coarser cell is wider than a plant."""
EXACT_M = 0.02
"""How far a tile's surface may be from level ground."""
REACH_M = 400.0
"""How far a bank reaches at most; beyond it the land is as it was."""
METRES_A_DEGREE = 111_320.0


class Relief(Protocol):
    """Whoever knows the ground."""

    @property
    def bounds(self) -> Rectangle:
        """Where it is known."""
        ...

    def lattice(self, z: int, columns: Longs, rows: Longs) -> tuple[Floats, Floats | None]:
        """Return ellipsoid heights (metres) and weights of errors, `(rows, columns)` each; no weights where all count the same."""
        ...


@dataclass(frozen=True, slots=True)
class Bare:
    """The model as it is."""

    dem: Dem

    @property
    def bounds(self) -> Rectangle:
        """Of the model."""
        return self.dem.bounds

    def lattice(self, z: int, columns: Longs, rows: Longs) -> tuple[Floats, Floats | None]:
        """Return the model's heights."""
        return self.dem.heights(z, columns, rows), None


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Level ground: an outline and its height."""

    outline: shapely.Geometry
    """EPSG:4490, degrees."""
    height_m: float
    """Over the ellipsoid."""


@dataclass(frozen=True, slots=True, eq=False)
class Graded:
    """The model with level ground in it, and banks around that."""

    dem: Dem
    levels: Sequence[Level]
    """Where two meet, the later one holds."""

    @property
    def bounds(self) -> Rectangle:
        """Of the model."""
        return self.dem.bounds

    def lattice(self, z: int, columns: Longs, rows: Longs) -> tuple[Floats, Floats | None]:
        """Return the heights with all level ground; errors on it count so much more that no triangle cuts it."""
        heights = self.dem.heights(z, columns, rows)
        if z < FROM_LEVEL or not self.levels:
            return heights, None
        lon, lat = degrees(z, columns, rows)
        touched = np.zeros(heights.shape, bool)
        # The cells that an outline cuts are level too: on the outline itself the surface is.
        margin = 1.5 * step_deg(z) * METRES_A_DEGREE
        for level in self.levels:
            _grade(heights, touched, level, (lon, lat), margin)
        if not touched.any():
            return heights, None
        return heights, np.where(touched, max(1.0, tolerance_m(z) / EXACT_M), 1.0)


def _grade(heights: Floats, touched: NDArray[np.bool_], level: Level, lonlat: tuple[Floats, Floats], margin: float) -> None:
    """Level the ground within an outline and as far as a cell reaches, and lay banks around it."""
    lon, lat = lonlat
    west, south, east, north = level.outline.bounds
    scale = np.array([np.cos(np.radians((south + north) / 2)), 1.0]) * METRES_A_DEGREE
    across, along = (margin + REACH_M) / scale
    i0, i1 = np.searchsorted(lon, [west - across, east + across])
    j0, j1 = np.searchsorted(lat, [south - along, north + along])
    if i0 == i1 or j0 == j1:
        return
    part = (slice(j0, j1), slice(i0, i1))
    outline = shapely.transform(level.outline, lambda points: (points - (west, south)) * scale)
    shapely.prepare(outline)
    x, y = np.meshgrid((lon[i0:i1] - west) * scale[0], (lat[j0:j1] - south) * scale[1])
    away = np.maximum(0.0, shapely.distance(shapely.points(x, y), outline) - margin)
    bank = away * SLOPE
    graded = np.clip(heights[part], level.height_m - bank, level.height_m + bank)
    heights[part] = np.where(away < REACH_M, graded, heights[part])
    touched[part] |= away == 0
