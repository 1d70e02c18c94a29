"""The ground that models stand on: level under each enterprise, the DEM elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.geoid import undulation_m
from gis.store.yards import Yard
from tiles.terrain.build import step_m
from tiles.terrain.dem import Dem
from tiles.terrain.lattice import step_deg
from tiles.terrain.relief import FINEST, Graded, Level

TRUSTED_M = 60.0
"""A given height that is farther from the DEM than this is none of the place's: the DEM counts."""
UNDER_M = step_m(FINEST)
"""The drawn ground lies so much under what stands on it, so that neither fights the other for the same pixels: 3 cm."""
SAMPLES = 9


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """An enterprise's level ground."""

    enterprise_id: UUID
    outline: shapely.Geometry
    height_m: float
    """Over the ellipsoid, a whole multiple of the finest step."""

    @property
    def level(self) -> Level:
        """As it is drawn."""
        return Level(self.outline, self.height_m - UNDER_M)


def _rounded(height_m: float) -> float:
    step = step_m(FINEST)
    return round(height_m / step) * step


def _mean(dem: Dem, outline: shapely.Geometry) -> float:
    """Return the DEM's mean under an outline, ellipsoid metres."""
    west, south, east, north = outline.bounds
    lon, lat = np.meshgrid(np.linspace(west, east, SAMPLES), np.linspace(south, north, SAMPLES))
    inside = shapely.contains_xy(outline, lon, lat)
    spots = np.column_stack([lon[inside], lat[inside]]) if inside.any() else np.array([[outline.centroid.x, outline.centroid.y]])
    return float(np.mean([at(dem, x, y) for x, y in spots]))


def at(relief: "Dem | Graded", lon: float, lat: float) -> float:
    """Return the height of the ground at a place, ellipsoid metres: between the points of the finest lattice around it."""
    step = step_deg(FINEST)
    u, v = (lon + 180) / step, (lat + 90) / step
    columns, rows = np.arange(int(u), int(u) + 2), np.arange(int(v), int(v) + 2)
    heights = relief.heights(FINEST, columns, rows) if isinstance(relief, Dem) else relief.lattice(FINEST, columns, rows)[0]
    s, t = u - columns[0], v - rows[0]
    low, high = heights[0, 0] * (1 - s) + heights[0, 1] * s, heights[1, 0] * (1 - s) + heights[1, 1] * s
    return float(low * (1 - t) + high * t)


def stands(dem: Dem, yards: Iterable[Yard]) -> list[Stand]:
    """Return the level grounds of enterprises: each yard at its given height, each body beside it where the ground lies there."""
    found = []
    for yard in yards:
        outline = yard.outline or shapely.convex_hull(shapely.union_all(yard.bodies))
        mean, middle = _mean(dem, outline), outline.centroid
        given = None if yard.base_1985_m is None else yard.base_1985_m + float(undulation_m(np.array([middle.x]), np.array([middle.y]))[0])
        height = _rounded(mean if given is None or abs(given - mean) > TRUSTED_M else given)
        own = [Stand(yard.enterprise_id, outline, height)]
        beside = yard.bodies if yard.outline is not None else ()
        # First what stands beside the yard, then the yard: where their banks meet, the yard's ground holds.
        graded = Graded(dem, [own[0].level])
        own[:0] = [Stand(yard.enterprise_id, body, _rounded(at(graded, body.centroid.x, body.centroid.y))) for body in beside]
        found += own
    return found


@dataclass(frozen=True, eq=False)
class TerrainGround:
    """The `Ground` of a site on terrain."""

    dem: Dem
    stands: tuple[Stand, ...]

    @cached_property
    def _graded(self) -> Graded:
        return Graded(self.dem, [stand.level for stand in self.stands])

    def ellipsoid_m(self, footprint: BaseGeometry) -> float:
        """Return the ellipsoid height of the ground under a footprint (EPSG:4490), metres."""
        inside = shapely.point_on_surface(footprint)
        for stand in reversed(self.stands):
            if stand.outline.intersects(inside):
                return stand.height_m
        return at(self._graded, inside.x, inside.y)
