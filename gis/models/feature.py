"""A feature as the store hands it out, and its state of the moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shapely.geometry.base import BaseGeometry

from gis.models.detailed import Detailed


@dataclass(frozen=True, slots=True)
class State:
    """What moves with the day: alarms, readings, case links."""

    alarm_level: int | None = None
    """Highest open alarm level: 1 (Ⅰ级, red) is the highest, 4 the lowest, None without open alarms."""
    open_alarms: int = 0
    case_count: int = 0
    case_ids: tuple[str, ...] = ()
    readings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing of the world.

    `geom` is in EPSG:4490 (longitude, latitude); heights are metres relative to the ground at the footprint, negative below it.
    """

    feature_id: UUID
    kind: str
    enterprise_id: UUID | None
    code: str | None
    name: str
    geom: BaseGeometry
    base_1985_m: float | None = None
    """Height of the ground or given base, 1985 national height datum."""
    height_m: float | None = None
    z_min_m: float | None = None
    z_max_m: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    """The kind's own attributes by name (see `gis.kinds`), None where unknown."""
    state: State = field(default_factory=State)
    recorded_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """An enterprise as a place to model: its stored local origin and its features."""

    enterprise: Feature
    origin: tuple[float, float, float]
    """Local ENU origin: longitude, latitude (degrees, EPSG:4490), ellipsoid height (metres); stored once, never moved by edits."""
    features: tuple[Feature, ...]
    state_epoch: datetime
    """The instant as of which `Feature.state` was read; baked into tiles."""
    models: Mapping[UUID, Detailed] = field(default_factory=dict)
    """Detailed models that stand for features instead of their standard solids, by feature id."""
