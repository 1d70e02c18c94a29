"""Deciding which stored feature a drawn one is: the same thing keeps its `feature_id`, whatever program saved the file.

In this order: `QJ_ID` extended data; (enterprise, kind, code); the same shape in the same place; (lineage, handle) with IoU ≥ 0.5;
one-to-one by geometry. What could be two things is an issue, never a new id.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from uuid import UUID

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.geometry.matching import POINT_REACH_M, Bools, Indices, likeness, match_one_to_one, shapes_of
from gis.issues import Issue, Place, Severity
from gis.kinds import KINDS
from gis.models.plan import PlanFeature
from gis.store.spots import PAIRINGS, Known, codes_allow

NAMESPACE = UUID("6f1a1b0e-3d0f-5c7e-9a53-0e5b1c9d7a10")
"""Root of the ids that quanjing derives (UUIDv5, RFC 9562)."""
SPACE = NAMESPACE.bytes

SAME_HANDLE_LIKENESS = 0.5
REACH_M = {"elevation_point": 0.5}
"""How far a thing of a kind may move without a code and stay itself; a spot height elsewhere is another one."""
NAMED_CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Identified:
    """The outcome: an id for each drawn feature, None where an issue says why not."""

    ids: tuple[UUID | None, ...]
    issues: tuple[Issue, ...]


NAME_IT = "给它写上编号（CODE），或恢复其 QJ_ID 后重新导入"


def _spot(shape: BaseGeometry | None) -> str:
    if shape is None or shape.is_empty:
        return ""
    point = shape.representative_point()
    return f"，位于 {point.x:.2f}, {point.y:.2f}"


def _stored(one: Known) -> str:
    return f"“{one.name or KINDS[one.kind].label}”（编号 {one.code or '无'}，标识 {one.feature_id.hex[:8]}{_spot(one.drawn)}）"


def _drawn(feature: PlanFeature) -> str:
    return f"“{feature.name or KINDS[feature.kind].label}”（编号 {feature.code or '无'}，句柄 {feature.source.handle}{_spot(feature.xy)}）"


def _listed(named: Sequence[str]) -> str:
    return "、".join(named[:NAMED_CANDIDATES]) + (f" 等 {len(named)} 个" if len(named) > NAMED_CANDIDATES else "")


def ambiguous(feature: PlanFeature, file: str, why: str, hint: str = NAME_IT) -> Issue:
    """Return the issue of a drawn feature that can't be told to be a certain stored one."""
    point = feature.xy.representative_point()
    return Issue(
        "E210",
        Severity.ERROR,
        f"“{feature.name or feature.code or KINDS[feature.kind].label}”无法确定对应哪个已入库要素：{why}",
        hint,
        Place(file=file, layer=feature.source.layer, handle=feature.source.handle, xy=(point.x, point.y)),
    )


def _named(key: str) -> UUID:
    """Return the UUIDv5 of a key (RFC 9562, 5.5): as `uuid.uuid5`, which unpacks the namespace each time."""
    return UUID(bytes=sha1(SPACE + key.encode(), usedforsecurity=False).digest()[:16], version=5)


def new_id(source_code: str, drawing_kind: str, feature: PlanFeature, taken: Container[UUID]) -> UUID:
    """Return the UUIDv5 of a feature's first key, with a counter where an earlier, other thing had that key."""
    key = f"{source_code}/{feature.kind}/{feature.code}" if feature.code else f"{source_code}/{drawing_kind}/{feature.source.handle}"
    candidate, attempt = _named(key), 1
    while candidate in taken:
        attempt += 1
        candidate = _named(f"{key}#{attempt}")
    return candidate


class _Matcher:
    """Known features not yet claimed, by the keys they can be found under."""

    def __init__(self, features: Sequence[PlanFeature], known: Sequence[Known], file: str) -> None:
        self.features = features
        self.free = {one.feature_id: one for one in known}
        self.ids: list[UUID | None] = [None] * len(features)
        self.claimed: dict[UUID, int] = {}
        self.issues: dict[int, Issue] = {}
        self.file = file

    def open(self) -> list[int]:
        return [index for index, id_ in enumerate(self.ids) if id_ is None and index not in self.issues]

    def claim(self, index: int, one: Known) -> None:
        if one.feature_id not in self.free:
            other = self.features[self.claimed[one.feature_id]]
            why = f"图中{_drawn(other)}已对应同一要素{_stored(one)}"
            self.issues[index] = ambiguous(self.features[index], self.file, why)
            return
        self.ids[index] = one.feature_id
        self.claimed[one.feature_id] = index
        del self.free[one.feature_id]

    def fields(self, *, closed: bool = False) -> Iterator[tuple[str, list[Known], list[int]]]:
        """Yield the kinds of which both stored and drawn features are still open, and those."""
        new: defaultdict[str, list[int]] = defaultdict(list)
        old: defaultdict[str, list[Known]] = defaultdict(list)
        for index in self.open():
            new[self.features[index].kind].append(index)
        for one in self.free.values():
            if one.closed is closed and one.drawn is not None:
                old[one.kind].append(one)
        # In an order that follows from what is stored and drawn, not from the order of reading.
        for kind in sorted(new.keys() & old.keys()):
            yield kind, sorted(old[kind], key=lambda one: one.feature_id.int), new[kind]

    def by_id(self, known: Mapping[UUID, Known]) -> None:
        for index in self.open():
            feature = self.features[index]
            if feature.qj_id is None or feature.qj_id not in known:
                continue
            one = known[feature.qj_id]
            if one.kind != feature.kind:
                self.issues[index] = ambiguous(feature, self.file, f"其 QJ_ID 属于另一类要素：{KINDS[one.kind].label}{_stored(one)}")
                continue
            self.claim(index, one)

    def by_code(self) -> None:
        # Open features first: a closed one is taken up again only where no open one has the code.
        for closed in (False, True):
            coded = {(one.kind, one.code): one for one in self.free.values() if one.code and one.closed is closed}
            for index in self.open():
                feature = self.features[index]
                if feature.code and (feature.kind, feature.code) in coded:
                    self.claim(index, coded[feature.kind, feature.code])

    def by_place(self, *, closed: bool) -> None:
        """Pair what has the same shape in the same place."""
        for pairing in PAIRINGS:
            for _, old, new in self.fields(closed=closed):
                for old_index, new_index in pairing(old, [self.features[index] for index in new]):
                    self.claim(new[new_index], old[old_index])

    def by_handle(self) -> None:
        handles: defaultdict[tuple[str, str], dict[UUID, Known]] = defaultdict(dict)
        for one in self.free.values():
            if not one.closed and one.drawn is not None:
                for handle in one.handles:
                    handles[one.kind, handle][one.feature_id] = one
        pairs: list[tuple[int, Known]] = []
        for index in self.open() if handles else ():
            feature = self.features[index]
            found: dict[UUID, Known] = {}
            for handle in (feature.source.handle, *feature.source.handles):
                found |= handles.get((feature.kind, handle), {})
            pairs += [(index, one) for one in found.values() if codes_allow(feature.code, one.code)]
        if not pairs:
            return
        olds, news = shapes_of([one.drawn for _, one in pairs]), shapes_of([self.features[index].xy for index, _ in pairs])
        score = likeness(olds, news)
        score[(score < SAME_HANDLE_LIKENESS) & (shapely.get_dimensions(olds) > 0)] = 0.0
        # The nearest first: an entity that was several features lends its handle to all of them.
        for which in sorted(np.flatnonzero(score > 0).tolist(), key=lambda which: (-score[which], pairs[which][1].feature_id.int)):
            index, one = pairs[which]
            if self.ids[index] is None and one.feature_id in self.free:
                self.claim(index, one)

    def by_shape(self) -> None:
        for kind, old, new in list(self.fields()):
            codes = [one.code for one in old], [self.features[index].code for index in new]

            def may(o: Indices, n: Indices, codes: tuple[list[str | None], list[str | None]] = codes) -> Bools:
                return np.array([codes_allow(codes[0][i], codes[1][j]) for i, j in zip(o.tolist(), n.tolist(), strict=True)], dtype=bool)

            shapes = [one.drawn for one in old if one.drawn is not None]
            matches = match_one_to_one(shapes, [self.features[index].xy for index in new], REACH_M.get(kind, POINT_REACH_M), may)
            for old_index, new_index in matches.pairs:
                self.claim(new[new_index], old[old_index])
            for doubt in matches.ambiguous:
                feature = self.features[new[doubt.new]]
                why = f"附近形状相近的有{_listed([_stored(old[candidate]) for candidate in doubt.old])}"
                if doubt.rivals:
                    why += f"；图中{_listed([_drawn(self.features[new[rival]]) for rival in doubt.rivals])}也与之相近"
                self.issues[new[doubt.new]] = ambiguous(feature, self.file, why)


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
    if known:
        matcher.by_id({one.feature_id: one for one in known})
        matcher.by_code()
        matcher.by_place(closed=False)
        matcher.by_handle()
        matcher.by_shape()
        matcher.by_place(closed=True)
    used = {*taken, *(one.feature_id for one in known)}
    for index in matcher.open():
        fresh = new_id(source_code, drawing_kind, features[index], used)
        matcher.ids[index] = fresh
        used.add(fresh)
    return Identified(tuple(matcher.ids), tuple(matcher.issues[index] for index in sorted(matcher.issues)))
