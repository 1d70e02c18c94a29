"""What an interpreted drawing hands to the store."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shapely.geometry.base import BaseGeometry

from gis.issues import Issue


@dataclass(frozen=True, slots=True)
class PlanSource:
    """Where in a drawing a feature came from (its lineage is enterprise + drawing kind)."""

    handle: str
    layer: str
    label_handle: str | None = None
    """Handle of the label block, where the outline and its label are two entities."""
    handles: tuple[str, ...] = ()
    """Handles of all entities that an outline was chained of, where they are several; `handle` is one of them."""


@dataclass(frozen=True, slots=True)
class PlanFeature:
    """One feature as drawn."""

    kind: str
    code: str | None
    name: str
    geom: BaseGeometry
    """EPSG:4490, longitude first, 2D; arcs linearised with a sagitta of at most 1 mm."""
    xy: BaseGeometry
    """The same shape in EPSG:4545 metres, as drawn."""
    shape: dict[str, Any] | None
    """Native curves for the way back to CAD: {"type": "lwpolyline", "points": [[x, y, bulge], …], "closed": true} or
    {"type": "circle", "center": [x, y], "radius": r} or {"type": "insert", "point": [x, y], "block": …, "rotation": deg}.
    None: a point of which its place is all there is to say."""
    source: PlanSource
    qj_id: UUID | None = None
    """`QJ_ID` XDATA, where an earlier export left one."""
    height_m: float | None = None
    z_min_m: float | None = None
    """Relative to ground, negative below."""
    z_max_m: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counts:
    """The accounts of a drawing: stored + ignored + refused = entities."""

    entities: int
    stored: int
    ignored: int
    refused: int


@dataclass(frozen=True, slots=True)
class SitePlan:
    """A drawing, read, georeferenced and interpreted."""

    drawing_kind: str
    """A site plan, B process flow, C monitoring points, D surrounding risks."""
    source_code: str | None
    """22-character source code (HJ 608-2017) from the file name or the caller."""
    file_name: str
    sha256: str
    features: tuple[PlanFeature, ...]
    issues: tuple[Issue, ...]
    counts: Counts
    ignored_by: dict[str, int] = field(default_factory=dict)
    """Entities left out on purpose, by reason."""
    kinds: frozenset[str] | None = None
    """The kinds that it speaks of, where those are not all that a drawing of its kind may show: what else stands there stays."""
