"""Rings out of open curves: lines, arcs and polylines joined end to end, small gaps closed, larger ones proposed.

Curves are `(n, 3)` float64: x, y and the bulge of the segment that starts there, in any unit; tolerances are of the same unit and
default to metres. Where more than two curves meet, the smallest faces are the rings. What crosses without a node is not guessed at.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.geometry.curves import SAGITTA_M
from gis.geometry.faces import crossings, faces
from gis.geometry.joints import SAME, Edge, End, Gap, Groups, Joints, bearable, lines_of, near
from gis.geometry.pieces import clean, cut, lengths, place_at, reverse, signed_area
from gis.geometry.rings import CLOSE_M, PROPOSE_M, self_crossing

EXACT_M = 0.001
"""Ends nearer than this are one, metres."""

Points = NDArray[np.float64]
Numbers = NDArray[np.intp]


class Piece(NamedTuple):
    """A curve in a ring."""

    curve: int
    reversed: bool
    whole: bool
    """Whether the ring runs along all of it, not just the part between two branches."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A closed ring, anticlockwise from its lowest point."""

    points: Points
    """(n, 3) x, y, bulge; the first point is not repeated."""
    pieces: tuple[Piece, ...]
    closings: tuple[Gap, ...]
    """The gaps that were closed on it."""

    @property
    def gap(self) -> float:
        """The largest gap that was closed; 0 where none was."""
        return max((closing.size for closing in self.closings), default=0.0)


class Loose(NamedTuple):
    """An end that meets nothing."""

    end: End
    nearest: End | None
    """The nearest other loose end."""
    gap: float
    """The distance to it; infinite without one."""


class Knot(NamedTuple):
    """Curves of which no ring is made because the drawing can be read in more than one way."""

    reason: Literal["crossing", "sliver"]
    """Curves cross where neither has an end; or a ring is no wider than the tolerance at which its ends were joined."""
    curves: tuple[int, ...]
    xy: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Chains:
    """What became of a set of curves."""

    rings: tuple[Ring, ...] = ()
    proposals: tuple[Gap, ...] = ()
    """Ends that are probably meant to meet; they are not joined."""
    loose: tuple[Loose, ...] = ()
    """All ends that meet nothing and have no proposal."""
    knots: tuple[Knot, ...] = ()
    repeats: tuple[tuple[int, int], ...] = ()
    """Curves that lie on another in their whole length, and that other."""
    empty: tuple[int, ...] = ()
    """Curves without length or with coordinates that are no numbers."""
    groups: tuple[int, ...] = ()
    """For each curve a number; what hangs together has the same."""

    @property
    def unused(self) -> tuple[int, ...]:
        """Curves in no ring that repeat none."""
        used = {piece.curve for ring in self.rings for piece in ring.pieces} | {curve for curve, _ in self.repeats}
        return tuple(curve for curve in range(len(self.groups)) if curve not in used)


def chain(curves: Sequence[Points], *, exact: float = EXACT_M, close: float = CLOSE_M, propose: float = PROPOSE_M) -> Chains:
    """Join curves into rings.

    Parameters
    ----------
    curves : sequence of (n, 3) float64
        x, y, bulge, in one plane; closed ones repeat their first point, they lend their sides to others.
    exact, close, propose : float
        Gaps up to these are none, are closed and recorded, are proposed; in the unit of the coordinates.

    Examples
    --------
    >>> square = [np.array([[0, 0, 0], [4, 0, 0]]), np.array([[0, 4, 0], [0, 0, 0]]), np.array([[0.0, 4.03, 0], [4, 4, 0], [4, 0, 0]])]
    >>> found = chain(square)
    >>> found.rings[0].points.tolist(), round(found.rings[0].gap, 3)
    ([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [4.0, 4.0, 0.0], [0.0, 4.0, 0.0]], 0.03)
    """
    good = [index for index, curve in enumerate(curves) if _has_length(curve, exact * SAME)]
    empty = tuple(sorted(set(range(len(curves))) - set(good)))
    if not good:
        return Chains(empty=empty, groups=tuple(range(len(curves))))
    # By coordinates, so that the order in which curves come decides nothing.
    tips = [sorted((tuple(curves[index][0, :2].tolist()), tuple(curves[index][-1, :2].tolist()))) for index in good]
    order = [index for _, index in sorted(zip(tips, good, strict=True), key=lambda pair: (pair[0], len(curves[pair[1]])))]
    found = _chain([clean(np.asarray(curves[index], dtype=float), exact * SAME) for index in order], exact, close, propose)
    return _numbered(found, order, empty, len(curves))


def _has_length(curve: Points, same: float) -> bool:
    return len(curve) > 1 and bool(np.isfinite(curve).all()) and float(np.ptp(curve[:, :2], axis=0).max()) > same


def _chain(curves: list[Points], exact: float, close: float, propose: float) -> Chains:
    exact, close, propose = (bearable(curves, distance) for distance in (exact, close, propose))
    joints = Joints(curves, exact)
    lines = shapely.STRtree(lines_of(curves, min(SAGITTA_M, exact)))
    joints.join(joints.edges(), exact)
    joints.branch(range(len(joints.ends)), lines, exact, steep=False)
    joints.join(joints.edges(), close)
    joints.branch(joints.loose(joints.edges()), lines, close, steep=True)
    edges = joints.edges()
    shapes = _shapes(joints, edges)
    rings, knots = _rings(joints, edges, shapes, exact, close)
    proposals, loose = _left_over(joints, edges, propose)
    return Chains(
        rings=tuple(rings),
        proposals=tuple(proposals),
        loose=tuple(loose),
        knots=tuple(knots),
        repeats=tuple(sorted(joints.repeats.items())),
        groups=_groups(joints, edges),
    )


def _groups(joints: Joints, edges: Sequence[Edge]) -> tuple[int, ...]:
    together = Groups(len(joints.ends))
    for edge in edges:
        together.unite(edge.start, edge.end)
    return tuple(together.of(joints.node(2 * joints.repeats.get(curve, curve))) for curve in range(len(joints.curves)))


def _shapes(joints: Joints, edges: Sequence[Edge]) -> list[Points]:
    """Return each edge's curve, its ends moved to their nodes."""
    places, shapes = joints.places(), []
    for edge in edges:
        shape = cut(joints.curves[edge.curve], edge.first, edge.last).copy()
        shape[0, :2], shape[-1, :2], shape[-1, 2] = places[edge.start], places[edge.end], 0.0
        shapes.append(shape)
    return shapes


def _core(ends: Numbers, alive: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which edges are left when those that lead to a loose end are taken away, again and again."""
    alive = alive.copy()
    while True:
        counts = np.bincount(ends[alive].reshape(-1), minlength=int(ends.max()) + 1)
        dangling = alive & (counts[ends] == 1).any(axis=1)
        if not dangling.any():
            return alive
        alive &= ~dangling


def _crossing(ends: Numbers, alive: NDArray[np.bool_], shapes: list[Points], sagitta: float) -> list[tuple[int, int]]:
    """Return the pairs of edges that cross although they hang together by branches."""
    counts = np.bincount(ends[alive].reshape(-1), minlength=int(ends.max()) + 1)
    together = Groups(len(counts))
    numbers = np.flatnonzero(alive).tolist()
    for start, end in ends[alive].tolist():
        together.unite(start, end)
    branched = {together.of(node) for node in np.flatnonzero(counts > 2).tolist()}
    some = [number for number in numbers if together.of(int(ends[number, 0])) in branched]
    if not some:
        return []
    pairs = crossings(ends[some], lines_of([shapes[number] for number in some], sagitta))
    return [(some[i], some[j]) for i, j in pairs.tolist()]


def _rings(joints: Joints, edges: Sequence[Edge], shapes: list[Points], exact: float, close: float) -> tuple[list[Ring], list[Knot]]:
    ends = np.array([edge[3:] for edge in edges], dtype=np.intp)
    alive = _core(ends, np.ones(len(edges), dtype=bool))
    crossed = _crossing(ends, alive, shapes, min(SAGITTA_M, exact))
    knots = _knots(edges, shapes, crossed)
    alive[[number for pair in crossed for number in pair]] = False
    alive = _core(ends, alive)
    numbers = np.flatnonzero(alive)
    if not len(numbers):
        return [], knots
    used = [shapes[number] for number in numbers]
    # Near the origin products keep their digits.
    origin = np.array([*used[0][0, :2], 0.0])
    firsts = np.array([(*shape[0, :2], *shape[1, :2], shape[0, 2]) for shape in used])
    lasts = np.array([(*shape[-1, :2], *shape[-2, :2], -shape[-2, 2]) for shape in used])
    loops = faces(ends[numbers], firsts, lasts, np.array([signed_area(shape - origin) for shape in used]))
    rings = []
    for loop in loops:
        halves = [(int(numbers[half // 2]), bool(half % 2)) for half in loop]
        ring = _ring(joints, edges, shapes, halves, exact)
        thin = close if ring.closings else exact
        if _width(ring.points) > thin:
            rings.append(ring)
        else:
            knots.append(_flat(ring, thin))
    return sorted(rings, key=lambda ring: ring.points[0].tolist()), knots


def _knots(edges: Sequence[Edge], shapes: list[Points], crossed: list[tuple[int, int]]) -> list[Knot]:
    """Return what crosses, all that hangs together by crossings as one knot with the place of one of them."""
    together = Groups(len(edges))
    for one, other in crossed:
        together.unite(one, other)
    pairs: dict[int, tuple[int, int]] = {}
    curves: dict[int, set[int]] = {}
    for one, other in crossed:
        pairs.setdefault(together.of(one), (one, other))
        curves.setdefault(together.of(one), set()).update((edges[one].curve, edges[other].curve))
    found = []
    for group, (one, other) in pairs.items():
        lines = lines_of([shapes[one], shapes[other]], SAGITTA_M)
        x, y = shapely.get_coordinates(shapely.intersection(lines[0], lines[1]))[0].tolist()
        found.append(Knot("crossing", tuple(sorted(curves[group])), (x, y)))
    return found


def _flat(ring: Ring, thin: float) -> Knot:
    """Return a ring without area as what it is: a figure of eight, or curves that run back over each other."""
    around = np.vstack([ring.points, ring.points[:1]])
    line = lines_of([around], SAGITTA_M)[0]
    loops = shapely.polygonize([shapely.node(line)])
    curves = tuple(sorted({piece.curve for piece in ring.pieces}))
    crossing = self_crossing(shapely.get_coordinates(line)[:-1])
    if crossing is not None and 4 * loops.area > thin * line.length:
        return Knot("crossing", curves, crossing)
    return Knot("sliver", curves, (float(ring.points[0, 0]), float(ring.points[0, 1])))


def _width(points: Points) -> float:
    """Return the mean width of a ring: twice its area by its perimeter."""
    around = np.vstack([points, points[:1]]) - np.array([*points[0, :2], 0.0])
    perimeter = float(lengths(around).sum())
    return 4 * signed_area(around) / perimeter if perimeter else 0.0


def _ring(joints: Joints, edges: Sequence[Edge], shapes: list[Points], halves: list[tuple[int, bool]], exact: float) -> Ring:
    """Build a ring of edges, adjoining parts of one curve in one piece."""
    runs: list[list[tuple[int, bool]]] = []
    for half in halves:
        if runs and _follows(edges, runs[-1][-1], half):
            runs[-1].append(half)
        else:
            runs.append([half])
    if len(runs) > 1 and _follows(edges, runs[-1][-1], runs[0][0]):
        runs[0] = runs.pop() + runs[0]
    parts = [_run(joints, edges, shapes, run) for run in runs]
    gaps = []
    for (_, _, (_, before)), (_, _, (after, _)) in zip(parts, parts[1:] + parts[:1], strict=True):
        size = math.dist(before.xy, after.xy)
        if size > exact:
            gaps.append(Gap((before, after), size))
    points = np.concatenate([part[:-1] for _, part, _ in parts])
    lowest = min(range(len(points)), key=lambda index: (points[index, 0], points[index, 1]))
    return Ring(np.roll(points, -lowest, axis=0), tuple(sorted(piece for piece, _, _ in parts)), tuple(gaps))


def _follows(edges: Sequence[Edge], half: tuple[int, bool], after: tuple[int, bool]) -> bool:
    one, other = edges[half[0]], edges[after[0]]
    if one.curve != other.curve or half[1] != after[1]:
        return False
    return one.first == other.last if half[1] else one.last == other.first


def _run(joints: Joints, edges: Sequence[Edge], shapes: list[Points], run: list[tuple[int, bool]]) -> tuple[Piece, Points, tuple[End, End]]:
    """Return adjoining parts of one curve as a piece, its points from node to node, and its ends where they were drawn."""
    backwards = run[0][1]
    ordered = [number for number, _ in (run[::-1] if backwards else run)]
    begin, end = edges[ordered[0]], edges[ordered[-1]]
    curve = joints.curves[begin.curve]
    points = cut(curve, begin.first, end.last).copy()
    drawn = (_end(curve, begin.curve, begin.first), _end(curve, begin.curve, end.last))
    points[0, :2], points[-1, :2], points[-1, 2] = shapes[ordered[0]][0, :2], shapes[ordered[-1]][-1, :2], 0.0
    piece = Piece(begin.curve, backwards, begin.first == 0 and end.last == len(curve) - 1)
    return (piece, reverse(points), drawn[::-1]) if backwards else (piece, points, drawn)


def _end(points: Points, curve: int, parameter: float) -> End:
    x, y = place_at(points, parameter).tolist()
    at: Literal["start", "end", "along"] = "start" if parameter == 0 else "end" if parameter == len(points) - 1 else "along"
    return End(curve, at, (x, y))


def _left_over(joints: Joints, edges: Sequence[Edge], propose: float) -> tuple[list[Gap], list[Loose]]:
    """Return which loose ends are probably meant to meet, and the others with what is nearest to them."""
    loose = joints.loose(edges)
    spots = joints.ends[loose]
    if len(loose) < 2:
        return [], [Loose(joints.end_of(end), None, float("inf")) for end in loose]
    groups, paired, proposals = joints.chains(edges), set[int](), []
    for i, j, gap in near(spots, spots, propose):
        one, other = loose[i], loose[j]
        if one in paired or other in paired or not groups.may_close(joints.node(one), joints.node(other), gap):
            continue
        paired |= {one, other}
        proposals.append(Gap((joints.end_of(one), joints.end_of(other)), gap))
    points = shapely.points(spots)
    (left, right), apart = shapely.STRtree(points).query_nearest(points, exclusive=True, all_matches=False, return_distance=True)
    nearest = {i: (j, gap) for i, j, gap in zip(left.tolist(), right.tolist(), apart.tolist(), strict=True)}
    ends = []
    for i, end in enumerate(loose):
        if end not in paired:
            j, gap = nearest.get(i, (-1, float("inf")))
            ends.append(Loose(joints.end_of(end), joints.end_of(loose[j]) if j >= 0 else None, gap))
    return proposals, ends


def _numbered(found: Chains, order: list[int], empty: tuple[int, ...], count: int) -> Chains:
    """Return the findings in the caller's numbers."""

    def end(one: End) -> End:
        return one._replace(curve=order[one.curve])

    def gap(one: Gap) -> Gap:
        return Gap((end(one.ends[0]), end(one.ends[1])), one.size)

    groups = [-1 - index for index in range(count)]
    for curve, group in zip(order, found.groups, strict=True):
        groups[curve] = group
    return Chains(
        rings=tuple(
            Ring(ring.points, tuple(piece._replace(curve=order[piece.curve]) for piece in ring.pieces), tuple(map(gap, ring.closings)))
            for ring in found.rings
        ),
        proposals=tuple(map(gap, found.proposals)),
        loose=tuple(Loose(end(one.end), end(one.nearest) if one.nearest else None, one.gap) for one in found.loose),
        knots=tuple(one._replace(curves=tuple(order[curve] for curve in one.curves)) for one in found.knots),
        repeats=tuple((order[curve], order[other]) for curve, other in found.repeats),
        empty=empty,
        groups=tuple(groups),
    )
