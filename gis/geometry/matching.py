"""One-to-one matching of old shapes to new ones: who is who when nothing but geometry is left to tell.

Shapes are in metres (EPSG:4545). What can't be told apart is named as ambiguous, never guessed.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

IOU_LEAST = 0.3
"""Two outlines that share less than this are no candidates for one thing."""
POINT_REACH_M = 5.0
"""Two points farther apart than this are no candidates for one thing, metres."""
CLEAR_LEAD = 0.2
"""How much better the best candidate must be than the next: 0.2 of overlap, or 1 m of distance."""

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """One new shape that fits several old ones, or shares an old one with another new shape."""

    new: int
    old: tuple[int, ...]
    """Its candidates, best first."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs of indices (old, new), and what stays open."""

    pairs: tuple[Pair, ...]
    ambiguous: tuple[Ambiguity, ...]


def iou(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return intersection over union of two polygons, 0 to 1; 0 where neither has an area.

    >>> from shapely import box
    >>> iou(box(0, 0, 2, 1), box(1, 0, 3, 1))
    0.3333333333333333
    """
    shared = float(one.intersection(other).area)
    union = float(one.area) + float(other.area) - shared
    return shared / union if union > 0 else 0.0


def likeness(old: BaseGeometry, new: BaseGeometry) -> float:
    """Return how well two shapes agree, 0 (no candidate) to 1: overlap of outlines, nearness of points."""
    if old.area > 0 and new.area > 0:
        overlap = iou(old, new)
        return overlap if overlap >= IOU_LEAST else 0.0
    if old.area == 0 and new.area == 0:
        # Just above zero at the end of the reach, so that 5 m itself still counts.
        return max(0.0, 1 - float(old.distance(new)) / (POINT_REACH_M * (1 + 1e-9)))
    return 0.0


def _scores(old: Sequence[BaseGeometry], new: Sequence[BaseGeometry]) -> dict[Pair, float]:
    if not old or not new:
        return {}
    found = STRtree(list(old)).query(np.array(list(new), dtype=object), predicate="dwithin", distance=POINT_REACH_M)
    scores = {(int(o), int(n)): likeness(old[int(o)], new[int(n)]) for n, o in found.T}
    return {pair: score for pair, score in scores.items() if score > 0}


def _clear(scores: dict[Pair, float]) -> list[Pair]:
    """Return the pairs that lead clearly both among their old shape's candidates and among their new shape's."""
    by_old: defaultdict[int, list[float]] = defaultdict(list)
    by_new: defaultdict[int, list[float]] = defaultdict(list)
    for (o, n), score in scores.items():
        by_old[o].append(score)
        by_new[n].append(score)
    return [(o, n) for (o, n), score in scores.items() if _leads(score, by_old[o]) and _leads(score, by_new[n])]


def _leads(score: float, field: list[float]) -> bool:
    best, *rest = sorted(field, reverse=True)
    return score == best and (not rest or best - rest[0] >= CLEAR_LEAD)


def _candidates(scores: dict[Pair, float], new: int) -> tuple[int, ...]:
    return tuple(o for _, o in sorted((-score, o) for (o, n), score in scores.items() if n == new))


def match_one_to_one(old: Sequence[BaseGeometry], new: Sequence[BaseGeometry]) -> Matching:
    """Pair old shapes with new ones, each at most once.

    A pair stands when each is the other's best by a clear lead. Paired shapes leave the field, which may clear the view for the rest;
    a new shape that still has candidates in the end is ambiguous.

    Parameters
    ----------
    old, new : sequence of shapely geometries
        Polygons and points, metres (EPSG:4545). Polygons are candidates from an IoU of 0.3, points from 5 m.

    Returns
    -------
    Matching
        Pairs by (old, new) index in order of old; ambiguities in order of new.
    """
    scores = _scores(old, new)
    pairs: list[Pair] = []
    while clear := _clear(scores):
        pairs += clear
        gone_old, gone_new = {o for o, _ in clear}, {n for _, n in clear}
        scores = {(o, n): score for (o, n), score in scores.items() if o not in gone_old and n not in gone_new}
    ambiguous = tuple(Ambiguity(n, _candidates(scores, n)) for n in sorted({n for _, n in scores}))
    return Matching(tuple(sorted(pairs)), ambiguous)
