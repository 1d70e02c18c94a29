"""Deciding which stored feature a drawn one is: the same thing keeps its `feature_id`, whatever program saved the file.

In this order: `QJ_ID` extended data; (enterprise, kind, code); (lineage, handle) with IoU ≥ 0.5; one-to-one by geometry. What could be
two things is an issue, never a new id.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from shapely.geometry.base import BaseGeometry

from gis.geometry.matching import iou, match_one_to_one
from gis.issues import Issue, Place, Severity
from gis.models.plan import PlanFeature

NAMESPACE = UUID("6f1a1b0e-3d0f-5c7e-9a53-0e5b1c9d7a10")
"""Root of the ids that quanjing derives (UUIDv5, RFC 9562)."""

SAME_HANDLE_IOU = 0.5
SAME_HANDLE_DISTANCE_M = 5.0


@dataclass(frozen=True, slots=True)
class Known:
    """A stored feature, as far as identity needs it."""

    feature_id: UUID
    kind: str
    code: str | None
    drawn: BaseGeometry
    """EPSG:4545, metres."""
    handles: frozenset[str]
    """Handles under which this lineage drew it last."""
    closed: bool


@dataclass(frozen=True, slots=True)
class Identified:
    """The outcome: an id for each drawn feature, None where an issue says why not."""

    ids: tuple[UUID | None, ...]
    issues: tuple[Issue, ...]


def _codes_allow(one: PlanFeature, other: Known) -> bool:
    return one.code is None or other.code is None or one.code == other.code


def _same_place(one: BaseGeometry, other: BaseGeometry) -> bool:
    if one.geom_type == "Point" or other.geom_type == "Point":
        return bool(one.distance(other) <= SAME_HANDLE_DISTANCE_M)
    return iou(one, other) >= SAME_HANDLE_IOU


NAME_IT = "给它写上编号（CODE），或恢复其 QJ_ID 后重新导入"


def ambiguous(feature: PlanFeature, file: str, why: str, hint: str = NAME_IT) -> Issue:
    """Return the issue of a drawn feature that can't be told to be a certain stored one."""
    point = feature.xy.representative_point()
    return Issue(
        "E210",
        Severity.ERROR,
        f"“{feature.name or feature.code or feature.kind}”无法确定对应哪个已入库要素：{why}",
        hint,
        Place(file=file, layer=feature.source.layer, handle=feature.source.handle, xy=(point.x, point.y)),
    )


def new_id(source_code: str, drawing_kind: str, feature: PlanFeature, taken: Iterable[UUID]) -> UUID:
    """Return the UUIDv5 of a feature's first key, with a counter where an earlier, other thing had that key."""
    taken = set(taken)
    key = f"{source_code}/{feature.kind}/{feature.code}" if feature.code else f"{source_code}/{drawing_kind}/{feature.source.handle}"
    candidate, attempt = uuid5(NAMESPACE, key), 1
    while candidate in taken:
        attempt += 1
        candidate = uuid5(NAMESPACE, f"{key}#{attempt}")
    return candidate


class _Matcher:
    """Known features not yet claimed, by the keys they can be found under."""

    def __init__(self, features: Sequence[PlanFeature], known: Sequence[Known], file: str) -> None:
        self.features = features
        self.free = {one.feature_id: one for one in known}
        self.ids: list[UUID | None] = [None] * len(features)
        self.issues: dict[int, Issue] = {}
        self.file = file

    def open(self) -> list[int]:
        return [index for index, id_ in enumerate(self.ids) if id_ is None and index not in self.issues]

    def claim(self, index: int, feature_id: UUID) -> None:
        if feature_id not in self.free:
            self.issues[index] = ambiguous(self.features[index], self.file, "另一个图形已对应同一要素")
            return
        self.ids[index] = feature_id
        del self.free[feature_id]

    def by_id(self, known: Mapping[UUID, Known]) -> None:
        for index in self.open():
            feature = self.features[index]
            if feature.qj_id is None or feature.qj_id not in known:
                continue
            if known[feature.qj_id].kind != feature.kind:
                self.issues[index] = ambiguous(feature, self.file, "其 QJ_ID 属于另一类要素")
                continue
            self.claim(index, feature.qj_id)

    def by_code(self) -> None:
        # Open features first: a closed one is taken up again only where no open one has the code.
        for closed in (False, True):
            coded = {(one.kind, one.code): one.feature_id for one in self.free.values() if one.code and one.closed is closed}
            for index in self.open():
                feature = self.features[index]
                if feature.code and (feature.kind, feature.code) in coded:
                    self.claim(index, coded[feature.kind, feature.code])

    def by_handle(self) -> None:
        handles = {(one.kind, handle): one for one in self.free.values() if not one.closed for handle in one.handles}
        for index in self.open():
            feature = self.features[index]
            one = handles.get((feature.kind, feature.source.handle))
            if one and one.feature_id in self.free and _codes_allow(feature, one) and _same_place(feature.xy, one.drawn):
                self.claim(index, one.feature_id)

    def by_shape(self) -> None:
        for kind in {self.features[index].kind for index in self.open()}:
            new = [index for index in self.open() if self.features[index].kind == kind]
            old = [one for one in self.free.values() if one.kind == kind and not one.closed]
            matches = match_one_to_one([one.drawn for one in old], [self.features[index].xy for index in new])
            for old_index, new_index in matches.pairs:
                if _codes_allow(self.features[new[new_index]], old[old_index]):
                    self.claim(new[new_index], old[old_index].feature_id)
            for doubt in matches.ambiguous:
                feature = self.features[new[doubt.new]]
                if any(_codes_allow(feature, old[candidate]) for candidate in doubt.old):
                    self.issues[new[doubt.new]] = ambiguous(feature, self.file, "附近有多个形状相近的要素")


def identify(
    features: Sequence[PlanFeature], known: Sequence[Known], *, source_code: str, drawing_kind: str, file: str, taken: Iterable[UUID] = ()
) -> Identified:
    """Give each drawn feature its id.

    Parameters
    ----------
    features : sequence of PlanFeature
        As drawn.
    known : sequence of Known
        The enterprise's stored features, closed ones too.
    source_code, drawing_kind : str
        First parts of the key of a new id.
    file : str
        For the place of issues.
    taken : iterable of UUID
        Ids in use beyond `known`.
    """
    matcher = _Matcher(features, known, file)
    matcher.by_id({one.feature_id: one for one in known})
    matcher.by_code()
    matcher.by_handle()
    matcher.by_shape()
    used = {*taken, *(one.feature_id for one in known)}
    for index in matcher.open():
        fresh = new_id(source_code, drawing_kind, features[index], used)
        matcher.ids[index] = fresh
        used.add(fresh)
    return Identified(tuple(matcher.ids), tuple(matcher.issues[index] for index in sorted(matcher.issues)))
