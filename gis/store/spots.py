"""Pairing stored features with drawn ones that have the same shape in the same place, however many lie there."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.geometry.matching import Shapes, shapes_of
from gis.geometry.sameness import SAME_M, chord_share, is_lone_arc, middles, neighbours, renders, same_shapes, signatures
from gis.kinds import KINDS
from gis.models.plan import PlanFeature

RENDERED_WITHIN_M = 0.25
"""Longer chords move the middle of an arc's box by no more than this, metres."""

UNDIRECTED = frozenset(
    name for name, kind in KINDS.items() if kind.geometry == "LineString" and kind.form != "pipe" and not kind.schematic and name != "river"
)
"""Lines that lead nowhere: programs that turn them round have changed nothing."""

Pair = tuple[int, int]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Known:
    """A stored feature, as far as identity needs it."""

    feature_id: UUID
    kind: str
    code: str | None
    drawn: BaseGeometry | None
    """EPSG:4545, metres; sheet units where the kind is schematic, None where no drawing shows such a one. As `compared` has it."""
    handles: frozenset[str]
    """Handles under which this lineage drew it last."""
    closed: bool
    name: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Heights and attributes by column."""
    shape: str | None = None
    """Native curves (see `PlanFeature.shape`), JSON."""

    @property
    def chord_share(self) -> float:
        """How far off its curves another program's chords may stand (see `gis.geometry.sameness.chord_share`)."""
        return chord_share(json.loads(self.shape)) if self.shape else 0.0

    def is_rendered_by(self, shape: BaseGeometry) -> bool:
        """Tell whether a shape is this one in another program's chords."""
        if self.drawn is None or not (share := self.chord_share):
            return False
        return renders(self.drawn, shape, share, either_way=self.shape is not None and is_lone_arc(json.loads(self.shape)))


ATTRIBUTES = {name: frozenset(attribute.name for attribute in kind.attributes) for name, kind in KINDS.items()}


def said(feature: PlanFeature) -> dict[str, Any]:
    """Return the columns that a drawing speaks of, without code and shape; what it is silent about is left out."""
    values: dict[str, Any] = {"name": feature.name} if feature.name else {}
    if feature.height_m is not None:
        values["height_m"] = feature.height_m
    if feature.z_min_m is not None:
        values["z_min_m"] = feature.z_min_m
    if feature.z_max_m is not None:
        values["z_max_m"] = feature.z_max_m
    known, whole = ATTRIBUTES[feature.kind], KINDS[feature.kind].schematic
    # A process is on one drawing alone: what that names as unsaid is so.
    return values | {name: value for name, value in feature.attributes.items() if (value is not None or whole) and name in known}


def codes_allow(one: str | None, other: str | None) -> bool:
    """Tell whether two codes may be of one thing: two different ones never are."""
    return one is None or other is None or one == other


def _twins(old: Sequence[Known], new: Sequence[PlanFeature], olds: list[int], news: list[int]) -> Iterator[Pair]:
    """Pair what lies on one spot and says the same of itself; who kept the handle comes first, of the others any is as good as another."""
    left = dict.fromkeys(olds)
    given = {index: said(new[index]) for index in news}
    asking: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for index in news:
        asking[tuple(sorted(given[index]))].append(index)
    # Who says most is served first.
    for names in sorted(asking, key=lambda names: (-len(names), names)):
        stock: defaultdict[tuple[Any, ...], dict[int, None]] = defaultdict(dict)
        for index in left:
            stock[(old[index].code, *(old[index].values.get(name) for name in names))][index] = None
        later: list[tuple[tuple[Any, ...], int]] = []
        holder = {handle: index for index in left for handle in old[index].handles}
        for index in asking[names]:
            key = (new[index].code, *(given[index][name] for name in names))
            kept = holder.get(new[index].source.handle)
            if kept is None or kept not in stock[key]:
                later.append((key, index))
                continue
            del stock[key][kept], left[kept]
            yield kept, index
        for key, index in later:
            if stock[key]:
                taken = next(iter(stock[key]))
                del stock[key][taken], left[taken]
                yield taken, index


def _on_spots(old: Sequence[Known], new: Sequence[PlanFeature], old_spots: Labels, new_spots: Labels) -> Iterator[Pair]:
    """Yield pairs of what is alone on its spot, and of twins: several on one spot that say the same of themselves."""
    size = 1 + int(max(old_spots.max(initial=0), new_spots.max(initial=0)))
    count_old, count_new = (np.bincount(spots[spots >= 0], minlength=size) for spots in (old_spots, new_spots))
    alone = (count_old == 1) & (count_new == 1)
    where = np.zeros(size, dtype=np.int64)
    where[old_spots] = np.arange(len(old))
    for new_index in np.flatnonzero((new_spots >= 0) & alone[new_spots]).tolist():
        old_index = int(where[new_spots[new_index]])
        if codes_allow(new[new_index].code, old[old_index].code):
            yield old_index, new_index
    crowded = (count_old > 0) & (count_new > 0) & ~alone
    there: defaultdict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, labels in enumerate((old_spots, new_spots)):
        for index in np.flatnonzero((labels >= 0) & crowded[labels]).tolist():
            there[int(labels[index])][side].append(index)
    for olds, news in there.values():
        yield from _twins(old, new, olds, news)


def _by_signature(_old: Sequence[Known], olds: Shapes, news: Shapes) -> tuple[Labels, Labels]:
    """Return the spot of each shape, by its rounded measures."""
    _, spots = np.unique(np.concatenate([signatures(olds), signatures(news)]), return_inverse=True)
    return spots[: len(olds)].astype(np.int64), spots[len(olds) :].astype(np.int64)


def _by_nearness(_old: Sequence[Known], olds: Shapes, news: Shapes) -> tuple[Labels, Labels]:
    """Return the spot of each shape, a new one's that of the nearest old one within twice the tolerance; -1 where there is none."""
    spots = np.unique(signatures(olds), return_inverse=True)[1].astype(np.int64)
    near = np.full(len(news), -1, dtype=np.int64)
    n, o = STRtree(middles(olds)).query_nearest(middles(news), max_distance=2 * SAME_M, all_matches=False)
    near[n] = spots[o]
    return spots, near


def _by_chords(old: Sequence[Known], olds: Shapes, news: Shapes) -> tuple[Labels, Labels]:
    """Return the spot of each shape, a new one's that of an old one with curves of which it is a coarser drawing."""
    spots = np.unique(signatures(olds), return_inverse=True)[1].astype(np.int64)
    near = np.full(len(news), -1, dtype=np.int64)
    shares = np.array([one.chord_share for one in old])
    curved = np.flatnonzero(shares)
    for o, n in zip(*(column.tolist() for column in neighbours(olds[curved], news, RENDERED_WITHIN_M)), strict=True):
        if near[n] < 0 and old[curved[o]].is_rendered_by(news[n]):
            near[n] = spots[curved[o]]
    return spots, near


Spots = Callable[[Sequence[Known], Shapes, Shapes], tuple[Labels, Labels]]


def compared(features: Sequence[PlanFeature]) -> Shapes:
    """Return the shapes of drawn features as `Known.drawn` has them: a line that has no direction runs in a fixed one."""
    shapes = shapes_of([feature.xy for feature in features])
    lines = np.flatnonzero([feature.kind in UNDIRECTED for feature in features])
    shapes[lines] = shapely.normalize(shapes[lines])
    return shapes


def _paired(spots: Spots, old: Sequence[Known], new: Sequence[PlanFeature]) -> list[Pair]:
    olds, news = shapes_of([one.drawn for one in old]), compared(new)
    pairs = list(_on_spots(old, new, *spots(old, olds, news)))
    o, n = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return [pair for pair, stands in zip(pairs, stays([old[index] for index in o], olds[o], news[n]), strict=True) if stands]


def stays(known: Sequence[Known], old: Shapes, new: Shapes) -> list[bool]:
    """Tell, pair by pair, whether a stored shape is the drawn one but for rounding, or the exact one that it renders in chords."""
    same = same_shapes(old, new).tolist()
    return [stands or one.is_rendered_by(shape) for one, shape, stands in zip(known, new, same, strict=True)]


PAIRINGS: tuple[Callable[[Sequence[Known], Sequence[PlanFeature]], list[Pair]], ...] = (
    partial(_paired, _by_signature),
    partial(_paired, _by_nearness),
    partial(_paired, _by_chords),
)
"""In the order they are tried: by rounded measures, by nearness, curves by their chords; each returns pairs (old, new), none twice."""
