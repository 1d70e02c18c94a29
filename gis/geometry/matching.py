"""One-to-one matching of old shapes to new ones: who is who when nothing but geometry is left to tell.

Shapes are in metres (EPSG:4545). What can't be told apart is named as ambiguous, never guessed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

OVERLAP_LEAST = 0.3
"""Two outlines, or two lines, that share less than this are no candidates for one thing."""
POINT_REACH_M = 5.0
"""Two points farther apart than this are no candidates for one thing, metres."""
LINE_WIDTH_M = 0.25
"""A line runs along another where it stays within this, metres."""
CLEAR_LEAD = 0.2
"""How much better the best candidate must be than the next: 0.2 of overlap, or 1 m of distance."""

Pair = tuple[int, int]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Bools = NDArray[np.bool_]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """One new shape that fits several old ones, or shares an old one with another new shape."""

    new: int
    old: tuple[int, ...]
    """Its candidates, best first."""
    rivals: tuple[int, ...] = ()
    """Other new shapes with a candidate in common."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs of indices (old, new), and what stays open."""

    pairs: tuple[Pair, ...]
    ambiguous: tuple[Ambiguity, ...]


def shapes_of(shapes: Sequence[BaseGeometry | None]) -> Shapes:
    """Return shapes as a one-dimensional array of objects."""
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array


def _ratio(shared: Floats, whole: Floats) -> Floats:
    return np.divide(shared, whole, out=np.zeros_like(whole), where=whole > 0)


def overlaps(old: Shapes, new: Shapes) -> Floats:
    """Return intersection over union of outlines, pair by pair, 0 to 1; 0 where neither has an area.

    >>> overlaps(np.array([shapely.box(0, 0, 2, 1)]), np.array([shapely.box(1, 0, 3, 1)]))
    array([0.33333333])
    """
    shared = np.asarray(shapely.area(shapely.intersection(old, new)))
    return _ratio(shared, shapely.area(old) + shapely.area(new) - shared)


def iou(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return intersection over union of two polygons, 0 to 1; 0 where neither has an area.

    >>> iou(shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1))
    0.3333333333333333
    """
    return float(overlaps(shapes_of([one]), shapes_of([other]))[0])


def _runs_along(old: Shapes, new: Shapes) -> Floats:
    """Return the share of two lines' common length along which they run together; a reversed line runs along the other all the way."""
    together = shapely.length(shapely.intersection(old, shapely.buffer(new, LINE_WIDTH_M, quad_segs=2)))
    together = together + shapely.length(shapely.intersection(new, shapely.buffer(old, LINE_WIDTH_M, quad_segs=2)))
    return np.minimum(1.0, _ratio(together, shapely.length(old) + shapely.length(new)))


def likeness(old: Shapes, new: Shapes, reach_m: float = POINT_REACH_M) -> Floats:
    """Return how well shapes agree, pair by pair, 0 (no candidate) to 1.

    Outlines by their overlap, points by their nearness, lines by the better of both: how far one strays from the other (Hausdorff
    distance), and how much of their length they run together. What has another dimension is no candidate.
    """
    score = np.zeros(len(old))
    dimension = shapely.get_dimensions(old)
    alike = dimension == shapely.get_dimensions(new)
    # Just above zero at the end of the reach, so that the reach itself still counts.
    far = reach_m * (1 + 1e-9)
    areas, lines, points = (np.flatnonzero(alike & (dimension == wanted)) for wanted in (2, 1, 0))
    score[areas] = overlaps(old[areas], new[areas])
    score[lines] = _runs_along(old[lines], new[lines])
    score[score < OVERLAP_LEAST] = 0.0
    score[lines] = np.maximum(score[lines], 1 - shapely.hausdorff_distance(old[lines], new[lines]) / far)
    score[points] = 1 - shapely.distance(old[points], new[points]) / far
    return np.maximum(0.0, score)


def _leads(group: Indices, score: Floats) -> Bools:
    """Tell for each candidate whether it is the best of its group by a clear lead."""
    order = np.lexsort((-score, group))
    first = np.ones(len(order), dtype=bool)
    first[1:] = group[order][1:] != group[order][:-1]
    ahead = np.full(len(order), np.inf)
    ahead[:-1] = np.where(first[1:], np.inf, score[order][:-1] - score[order][1:])
    leads = np.zeros(len(order), dtype=bool)
    leads[order] = first & (ahead >= CLEAR_LEAD)
    return leads


def _ambiguities(old: Indices, new: Indices, score: Floats) -> tuple[Ambiguity, ...]:
    """Name what is left: for each new shape its candidates, and who else wants them."""
    order = np.lexsort((old, -score, new))
    candidates: dict[int, list[int]] = {}
    wanted_by: dict[int, list[int]] = {}
    for o, n in zip(old[order].tolist(), new[order].tolist(), strict=True):
        candidates.setdefault(n, []).append(o)
        wanted_by.setdefault(o, []).append(n)
    return tuple(
        Ambiguity(n, tuple(listed), tuple(sorted({rival for o in listed for rival in wanted_by[o]} - {n})))
        for n, listed in sorted(candidates.items())
    )


def match_one_to_one(
    old: Sequence[BaseGeometry],
    new: Sequence[BaseGeometry],
    reach_m: float = POINT_REACH_M,
    may: Callable[[Indices, Indices], Bools] | None = None,
) -> Matching:
    """Pair old shapes with new ones, each at most once.

    A pair stands when each is the other's best by a clear lead. Paired shapes leave the field, which may clear the view for the rest;
    a new shape that still has candidates in the end is ambiguous.

    Parameters
    ----------
    old, new : sequence of shapely geometries
        Points, lines and polygons, metres (EPSG:4545). Polygons are candidates from an IoU of 0.3, points within the reach.
    reach_m : float
        How far apart two points, or two lines, may lie, metres.
    may : callable, optional
        Tells of pairs of indices (old, new) which may be one thing at all; the others are no candidates.

    Returns
    -------
    Matching
        Pairs by (old, new) index in order of old; ambiguities in order of new.
    """
    if not old or not new:
        return Matching((), ())
    olds, news = shapes_of(old), shapes_of(new)
    n, o = STRtree(olds).query(news, predicate="dwithin", distance=reach_m)
    score = likeness(olds[o], news[n], reach_m)
    candidate = score > 0
    if may is not None:
        candidate &= may(o, n)
    o, n, score = o[candidate], n[candidate], score[candidate]
    pairs: list[Pair] = []
    while (clear := _leads(o, score) & _leads(n, score)).any():
        pairs += zip(o[clear].tolist(), n[clear].tolist(), strict=True)
        left = ~(np.isin(o, o[clear]) | np.isin(n, n[clear]))
        o, n, score = o[left], n[left], score[left]
    return Matching(tuple(sorted(pairs)), _ambiguities(o, n, score))
