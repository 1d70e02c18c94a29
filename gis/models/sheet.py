"""What the sheets of an enterprise are drawn from, as the store hands it out."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from gis.models.feature import Feature
from gis.models.process import StoredProcess

Kind = Literal["A", "B", "C", "D"]
KINDS: tuple[Kind, ...] = ("A", "B", "C", "D")
TITLES: dict[str, str] = {"A": "厂区平面图", "B": "生产流程工艺图", "C": "污染物排放及监控点位图", "D": "周边风险点位图"}
"""Drawing kind → what such a drawing is called."""


@dataclass(frozen=True, slots=True)
class Issue:
    """The drawing of one kind that stands in the store."""

    version: int
    drawn_by: str
    published_at: datetime
    file_name: str
    reviewer: str | None = None
    """Who reviewed it; None where nobody was asked to."""
    reviewed_at: datetime | None = None
    publisher: str | None = None
    """Who approved it after the review; None where it was published without one."""
    resurvey_on: date | None = None
    """When the plant is to be surveyed again."""
    draft: bool = False
    """It waits for its review; `published_at` says when it was handed in."""


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """All that the four sheets of an enterprise show."""

    enterprise: Feature
    county: str | None
    """Name of the county it lies in."""
    features: tuple[Feature, ...]
    """Its own that lie on the map, by kind and id."""
    around: tuple[Feature, ...]
    """What of the city lies within reach: rivers, water sources, sections."""
    permit: dict[str, Any] | None
    """Its discharge permit as registered."""
    permit_version: int
    """How often that permit was registered, changed each time; 0 without one."""
    issued: dict[str, Issue]
    """Drawing kind (A, B, C, D) → the drawing that stands."""
    process: StoredProcess | None = None
    """Its production process; None where nobody drew it."""

    def of(self, *kinds: str) -> tuple[Feature, ...]:
        """Return its features of some kinds, in the order of their codes."""
        found = (feature for kind in kinds for feature in self.features if feature.kind == kind)
        return tuple(sorted(found, key=lambda feature: (kinds.index(feature.kind), feature.code or "", feature.name, feature.feature_id)))
