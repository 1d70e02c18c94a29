"""What the store hands to `drawings` for the way back to CAD."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True)
class Drawn:
    """One feature as it stands, with the shape that it was drawn in."""

    feature_id: UUID
    kind: str
    code: str | None
    name: str
    xy: BaseGeometry | None
    """EPSG:4545, metres; None where the kind is schematic."""
    shape: dict[str, Any] | None
    """Native curves as the last drawing had them (see `PlanFeature.shape`); whoever moved the feature since did not move them."""
    layer: str | None
    """The layer on which the drawing shows it; None where no drawing does."""
    height_m: float | None = None
    z_min_m: float | None = None
    """Relative to ground, negative below."""
    z_max_m: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
