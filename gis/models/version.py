"""Versions of drawings: what they are, what was decided about them, and how two of them differ."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import shapely
from shapely.geometry import mapping, shape

from gis.kinds import KINDS
from gis.models.feature import Feature

State = Literal["draft", "checked", "published", "superseded", "refused"]
STATES: dict[State, str] = {"draft": "草稿", "checked": "已审核", "published": "已发布", "superseded": "已被替代", "refused": "已退回"}
"""State → its name."""
Decision = Literal["check", "refuse", "publish", "resurvey"]
DECISIONS: dict[Decision, str] = {"check": "审核通过", "refuse": "退回", "publish": "批准发布", "resurvey": "定复测日期"}
"""What people decide about a version → its name."""
Change = Literal["added", "removed", "moved", "changed"]
CHANGES: dict[Change, str] = {"added": "新增", "removed": "删除", "moved": "移动或改形", "changed": "属性修改"}
"""How a feature differs → its name, in the order of lists."""
DIGITS = 9
"""Decimals of degrees in JSON: a tenth of a millimetre."""
NOWHERE = shapely.Point()
"""The shape of what lies on a sheet, not on the ground."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decides about a version."""

    act: Decision
    signed: str
    """Name of the person, as it stands on the sheet."""
    reason: str = ""
    resurvey_on: date | None = None
    """When the plant is to be surveyed again."""


@dataclass(frozen=True, slots=True)
class Act:
    """One decision about a version, as it is kept."""

    act: Decision
    signed: str
    reason: str
    resurvey_on: date | None
    account: str
    """In whose account."""
    asked_at: datetime
    done_at: datetime | None
    failure: str | None
    """Why it came to nothing."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a drawing of an enterprise."""

    drawing_id: int
    drawing_kind: str
    version: int
    state: State
    review: bool
    """Somebody else must review it before it is published."""
    file_name: str
    sha256: str
    bytes: int
    drawn_by: str
    account: str
    handed_at: datetime
    reason: str
    reviewer: str | None
    reviewed_at: datetime | None
    publisher: str | None
    published_at: datetime | None
    superseded_at: datetime | None
    resurvey_on: date | None
    counts: Mapping[str, int]
    options: Mapping[str, str]
    """How the file is read (`drawings.options.Options`)."""
    issues: Mapping[str, int]
    """Severity → how many were found."""
    acts: tuple[Act, ...]
    """What was decided about it, in order."""
    comparable: bool
    """What it showed is known: it can be compared with others."""
    proof: bool
    """Its sheet was drawn for those who review it."""

    def as_json(self) -> dict[str, Any]:
        """Return it for `orjson`: dates as they are; of the options, which there are."""
        return {**asdict(self), "state_label": STATES[self.state], "blocking": self.blocking, "options": sorted(self.options)}

    @property
    def blocking(self) -> int:
        """How many drafting faults forbid publishing it."""
        return self.issues.get("error", 0)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a feature that two versions say differently."""

    name: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One feature that two versions do not show the same."""

    change: Change
    old: Feature | None
    """As the earlier version shows it, None where that does not."""
    new: Feature | None
    moved_m: float = 0.0
    """How far its middle moved, metres."""
    reshaped: bool = False
    """Its outline is another one, besides where it lies."""
    values: tuple[Value, ...] = ()

    @property
    def feature(self) -> Feature:
        """The feature, as the later version shows it if that does."""
        found = self.new or self.old
        assert found is not None, "one of the two shows it"  # noqa: S101
        return found

    @property
    def said(self) -> str:
        """What is different, as a sentence; empty of what came or went."""
        if self.old is None or self.new is None:
            return ""
        place = f"移动 {self.moved_m:.2f} m" if self.moved_m >= 0.005 else ""
        parts = [place, "图形改变" if self.reshaped else "", *(f"{one.label}：{one.old} → {one.new}" for one in self.values)]
        return "；".join(part for part in parts if part)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types; shapes as GeoJSON, EPSG:4490."""
        feature = self.feature
        return {
            "change": self.change,
            "label": CHANGES[self.change],
            "feature_id": str(feature.feature_id),
            "kind": feature.kind,
            "kind_label": KINDS[feature.kind].label,
            "code": feature.code,
            "name": feature.name,
            "moved_m": round(self.moved_m, 3),
            "reshaped": self.reshaped,
            "values": [{"name": one.name, "label": one.label, "old": one.old, "new": one.new} for one in self.values],
            "said": self.said,
            "old": _feature_json(self.old),
            "new": _feature_json(self.new),
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """How two versions of a drawing differ."""

    drawing_kind: str
    old: int | None
    """The earlier version; None where nothing was published before."""
    new: int | None
    """The later version; None where it has no number yet."""
    changes: tuple[Changed, ...]
    """By what happened, kind and code."""
    same: tuple[Feature, ...] = field(default=())
    """What both show alike; not in JSON."""

    def counts(self) -> dict[Change, int]:
        """Return how many features were added, removed, moved, changed."""
        return {change: sum(one.change == change for one in self.changes) for change in CHANGES}

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "drawing_kind": self.drawing_kind,
            "from": self.old,
            "to": self.new,
            "counts": self.counts(),
            "changes": [one.as_json() for one in self.changes],
        }


def _feature_json(feature: Feature | None) -> dict[str, Any] | None:
    if feature is None:
        return None
    rounded = shapely.transform(shapely.force_2d(feature.geom), lambda points: points.round(DIGITS))
    geometry = None if rounded.is_empty else mapping(rounded)
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in feature.attributes.items()}
    heights = {"height_m": feature.height_m, "z_min_m": feature.z_min_m, "z_max_m": feature.z_max_m}
    return {"code": feature.code, "name": feature.name, "geometry": geometry, **heights, "attributes": plain}


def _feature_of(row: Mapping[str, Any], side: str) -> Feature | None:
    told = row[side]
    if told is None:
        return None
    return Feature(
        UUID(row["feature_id"]),
        row["kind"],
        None,
        told["code"],
        told["name"],
        shape(told["geometry"]) if told["geometry"] else NOWHERE,
        height_m=told["height_m"],
        z_min_m=told["z_min_m"],
        z_max_m=told["z_max_m"],
        attributes=told["attributes"],
    )


def difference_of(document: Mapping[str, Any], new: int, same: tuple[Feature, ...] = ()) -> Difference:
    """Return the difference that `Difference.as_json` wrote, of a version with this number."""
    changes = tuple(
        Changed(
            row["change"],
            _feature_of(row, "old"),
            _feature_of(row, "new"),
            row["moved_m"],
            row["reshaped"],
            tuple(Value(**value) for value in row["values"]),
        )
        for row in document["changes"]
    )
    return Difference(document["drawing_kind"], document["from"], new, changes, same)
