"""The ground port: the ellipsoid height under a footprint."""

from dataclasses import dataclass
from typing import Protocol

from shapely.geometry.base import BaseGeometry


class Ground(Protocol):
    """Whoever knows how high the ground is."""

    def ellipsoid_m(self, footprint: BaseGeometry) -> float:
        """Return the ellipsoid height of the ground under a footprint (EPSG:4490), metres."""
        ...


@dataclass(frozen=True, slots=True)
class ConstantGround:
    """Level ground everywhere: right for a viewer whose globe is the bare ellipsoid."""

    height_m: float = 0.0

    def ellipsoid_m(self, footprint: BaseGeometry) -> float:  # noqa: ARG002 — the port's shape
        """Return the constant."""
        return self.height_m
