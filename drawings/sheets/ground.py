"""Features of the store on the ground of a sheet: EPSG:4545, metres."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import lonlat_to_xy
from gis.kinds import KINDS
from gis.models.feature import Feature


@dataclass(frozen=True, slots=True)
class Thing:
    """A feature with its shape in metres."""

    feature: Feature
    xy: BaseGeometry
    """EPSG:4545, flat."""

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.feature.kind

    @property
    def code(self) -> str:
        """Its code, empty without one."""
        return self.feature.code or ""

    @property
    def name(self) -> str:
        """Its name."""
        return self.feature.name

    @property
    def type(self) -> str | None:
        """Which sort of its kind it is."""
        named = KINDS[self.kind].type_attribute
        return self.feature.attributes.get(named) if named else None

    def says(self, attribute: str) -> str:
        """Return an attribute as text, empty where unknown."""
        value: Any = self.feature.attributes.get(attribute)
        return "" if value is None else str(value)


def things(features: Sequence[Feature]) -> list[Thing]:
    """Return features with their shapes in metres; one projection for all of them."""
    if not features:
        return []
    flat = shapely.force_2d(np.array([feature.geom for feature in features], dtype=object))
    moved = shapely.set_coordinates(flat, lonlat_to_xy(shapely.get_coordinates(flat)))
    return [Thing(feature, shape) for feature, shape in zip(features, moved, strict=True)]
