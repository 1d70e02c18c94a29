"""Where curves meet: their ends gathered into nodes, and curves cut where an end of another lies on them.

Every choice goes by coordinates, never by the order in which curves come: the same curves shuffled give the same nodes.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.geometry.curves import polyline_points
from gis.geometry.pieces import cut, lengths, locate, place_at

Points = NDArray[np.float64]
Numbers = NDArray[np.intp]

SAME = 1e-3
"""Part of the tolerance below which coordinates differ by their rounding only."""
STEEP = 0.5
"""Sine of the smallest angle at which an end is drawn out to a curve beside it; flatter ones run along it."""
MISSING_SIDE = 4.0
"""A chain is closed on itself when it is this many times as long as its gap: an open square lacks a side, not a stitch."""


CROWD = 16
"""Where more ends than this lie within a tolerance of each other, as a rule of the whole drawing, its unit must be another."""


class End(NamedTuple):
    """An end of a curve, or a place along it."""

    curve: int
    at: Literal["start", "end", "along"]
    xy: tuple[float, float]


class Gap(NamedTuple):
    """Two places that nearly meet."""

    ends: tuple[End, End]
    size: float
    """The distance between them, in the unit of the coordinates."""


class Edge(NamedTuple):
    """A part of a curve between two nodes."""

    curve: int
    first: float
    last: float
    """Parameters of the curve (`gis.geometry.pieces`)."""
    start: int
    end: int
    """Nodes."""


def near(some: Points, others: Points, distance: float) -> list[tuple[int, int, float]]:
    """Return the pairs of points that lie within a distance, and their distances; by distance, then by place.

    Of one set with itself each pair comes once.
    """
    tree = shapely.STRtree(shapely.points(others))
    left, right = tree.query(shapely.points(some), predicate="dwithin", distance=distance)
    if some is others:
        left, right = left[left < right], right[left < right]
    apart = np.hypot(*(some[left] - others[right]).T)
    order = np.lexsort((*others[right].T, *some[left].T, apart))
    return list(zip(left[order].tolist(), right[order].tolist(), apart[order].tolist(), strict=True))


def bearable(curves: Sequence[Points], distance: float) -> float:
    """Return a distance, halved until ends no longer crowd within it: it would say nothing of what belongs together."""
    ends = np.unique(np.array([(curve[0, :2], curve[-1, :2]) for curve in curves]).reshape(-1, 2), axis=0)
    while True:
        _, counts = np.unique(np.floor(ends / distance), axis=0, return_counts=True)
        if float((counts.astype(float) ** 2).sum()) <= CROWD * len(ends):
            return distance
        distance /= 2


def lines_of(curves: Sequence[Points], sagitta: float) -> NDArray[np.object_]:
    """Return curves as line strings, arcs as chords."""
    flat = [curve[:, :2] if not curve[:-1, 2].any() else polyline_points(curve, closed=False, sagitta=sagitta) for curve in curves]
    counts = np.fromiter(map(len, flat), dtype=np.intp, count=len(flat))
    lines: NDArray[np.object_] = shapely.linestrings(np.concatenate(flat), indices=np.repeat(np.arange(len(flat)), counts))
    return lines


def sizes_of(curves: Sequence[Points]) -> Points:
    """Return the length of each curve."""
    starts = np.cumsum([0, *map(len, curves)])
    # What lies between two curves is no segment of either.
    each = np.append(lengths(np.concatenate(curves)), 0.0)
    each[starts[1:] - 1] = 0.0
    total: Points = np.add.reduceat(each, starts[:-1])
    return total


@dataclass(slots=True)
class Joints:
    """The nodes of a set of curves while they are being gathered."""

    curves: Sequence[Points]
    exact: float
    """Places nearer than this are one."""
    ends: Points = field(init=False)
    """(2 m, 2): first and last point of each curve."""
    sizes: list[float] = field(init=False)
    """The length of each curve."""
    parent: list[int] = field(init=False)
    cuts: dict[int, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    """Curve → parameters at which a node lies on it."""
    feet: dict[int, tuple[float, float]] = field(default_factory=dict)
    """End → the place on another curve to which it belongs."""
    known: list[Edge] | None = None
    """The edges, while no more nodes are made of them."""
    repeats: dict[int, int] = field(default_factory=dict)
    """Curve that lies on another in its whole length → that other."""

    def __post_init__(self) -> None:
        self.ends = np.array([(curve[0, :2], curve[-1, :2]) for curve in self.curves]).reshape(-1, 2)
        self.sizes = sizes_of(self.curves).tolist()
        self.parent = list(range(len(self.ends)))
        # First what is equal but for the last digits: fine chains of pieces shorter than the tolerance must not fall into one node.
        spots, first, of = np.unique(self.ends, axis=0, return_index=True, return_inverse=True)
        for end, spot in enumerate(of.reshape(-1).tolist()):
            self.unite(end, int(first[spot]))
        for one, other, _ in near(spots, spots, self.exact * SAME):
            self.unite(int(first[one]), int(first[other]))

    def node(self, end: int) -> int:
        """Return the node that an end belongs to."""
        while self.parent[end] != end:
            self.parent[end] = self.parent[self.parent[end]]
            end = self.parent[end]
        return end

    def unite(self, one: int, other: int) -> None:
        """Make one node of two."""
        one, other = self.node(one), self.node(other)
        self.parent[max(one, other)] = min(one, other)
        self.known = None

    def places(self) -> Points:
        """Return the place of each node, by its number: on the curve it was drawn to, else an arc's end, else the lowest."""
        nodes = np.array([self.node(end) for end in range(len(self.ends))])
        straight = np.array([(curve[0, 2] == 0, curve[-2, 2] == 0) for curve in self.curves]).reshape(-1)
        order = np.lexsort((self.ends[:, 1], self.ends[:, 0], straight, nodes))
        first = np.concatenate([[True], nodes[order][1:] != nodes[order][:-1]])
        places = self.ends.copy()
        places[nodes[order][first]] = self.ends[order][first]
        for end, foot in sorted(self.feet.items(), reverse=True):
            places[self.node(end)] = foot
        return places

    def end_of(self, number: int) -> End:
        """Return an end for people: which curve, which of its ends, where."""
        x, y = self.ends[number].tolist()
        return End(number // 2, "end" if number % 2 else "start", (x, y))

    def edges(self) -> list[Edge]:
        """Return the parts of the curves between nodes, each once; which curves repeat others is noted."""
        if self.known is not None:
            return self.known
        found: list[Edge] = []
        for curve, points in enumerate(self.curves):
            start, end, last = self.node(2 * curve), self.node(2 * curve + 1), float(len(points) - 1)
            if curve not in self.cuts:
                # A single segment with one node at both ends has no length left.
                if start != end or last > 1:
                    found.append(Edge(curve, 0.0, last, start, end))
                continue
            at = {parameter: self.node(node) for parameter, node in self.cuts[curve]} | {0.0: start, last: end}
            stops = sorted(at)
            found += [Edge(curve, a, b, at[a], at[b]) for a, b in pairwise(stops) if at[a] != at[b] or math.ceil(b) - int(a) > 1]
        self.known = self._once(found)
        return self.known

    def _once(self, edges: Iterable[Edge]) -> list[Edge]:
        kept: dict[tuple[int, int], list[Edge]] = {}
        dropped: dict[int, list[Edge]] = defaultdict(list)
        for edge in edges:
            key = (edge.start, edge.end) if edge.start < edge.end else (edge.end, edge.start)
            alike = kept.get(key)
            if alike is None:
                kept[key] = [edge]
                continue
            twin = next((other for other in alike if self._alike(edge, other)), None)
            if twin is None:
                alike.append(edge)
            else:
                dropped[edge.curve].append(twin)
        left = [edge for group in kept.values() for edge in group]
        used = {edge.curve for edge in left}
        self.repeats = {curve: twins[0].curve for curve, twins in dropped.items() if curve not in used}
        return sorted(left)

    def _alike(self, one: Edge, other: Edge) -> bool:
        """Say whether two edges between the same nodes run the same way all along."""
        if self._straight(one) and self._straight(other):
            tips = [[place_at(self.curves[edge.curve], at).tolist() for at in (edge.first, edge.last)] for edge in (one, other)]
            apart = min(max(map(math.dist, tips[0], turned)) for turned in (tips[1], tips[1][::-1]))
            return apart <= self.exact
        a, b = (cut(self.curves[edge.curve], edge.first, edge.last) for edge in (one, other))
        if abs(float(lengths(a).sum() - lengths(b).sum())) > 2 * self.exact:
            return False
        probes = [place_at(a, segment + 0.5) for segment in range(len(a) - 1)] + list(a[:, :2])
        return all(locate(b, probe)[1] <= self.exact for probe in probes)

    def _straight(self, edge: Edge) -> bool:
        return math.ceil(edge.last) - int(edge.first) == 1 and self.curves[edge.curve][int(edge.first), 2] == 0

    def loose(self, edges: Sequence[Edge]) -> list[int]:
        """Return the ends at which only one edge arrives."""
        counts = Counter(node for edge in edges for node in edge[3:])
        return sorted(
            end
            for edge in edges
            for end, node in ((2 * edge.curve, edge.start), (2 * edge.curve + 1, edge.end))
            if counts[node] == 1 and self.node(end) == node
        )

    def chains(self, edges: Sequence[Edge]) -> "Groups":
        """Return which nodes hang together, with the length of the curves between them."""
        groups = Groups(len(self.ends))
        for edge in edges:
            groups.unite(edge.start, edge.end)
            share = (edge.last - edge.first) / (len(self.curves[edge.curve]) - 1)
            groups.length[groups.of(edge.start)] += self.sizes[edge.curve] * share
        return groups

    def join(self, edges: Sequence[Edge], tolerance: float) -> None:
        """Join loose ends that lie within a distance: with each other first, then with nodes where others have met."""
        loose = self.loose(edges)
        if not loose:
            return
        groups, nodes = self.chains(edges), {node for edge in edges for node in edge[3:]}
        met = sorted(nodes - {self.node(end) for end in loose})
        single = self._join_loose(loose, tolerance, groups)
        if not (single and met):
            return
        done: set[int] = set()
        for i, j, gap in near(self.ends[single], self.places()[met], tolerance):
            one, other = self.node(single[i]), self.node(met[j])
            if single[i] not in done and groups.may_close(one, other, gap):
                done.add(single[i])
                groups.unite(one, other)
                self.unite(one, other)

    def _join_loose(self, loose: list[int], tolerance: float, groups: "Groups") -> list[int]:
        """Join loose ends with each other, the nearest first, none of a node farther apart than the tolerance; return the others."""
        members = {end: [end] for end in loose}
        leader = {end: end for end in loose}
        spots = self.ends[loose]
        for i, j, gap in near(spots, spots, tolerance):
            one, other = leader[loose[i]], leader[loose[j]]
            if one == other or not groups.may_close(self.node(one), self.node(other), gap):
                continue
            together = self.ends[members[one] + members[other]]
            if np.hypot(*(together[:, None] - together[None]).T).max() > tolerance:
                continue
            groups.unite(self.node(one), self.node(other))
            self.unite(one, other)
            members[one] += members.pop(other)
            leader.update(dict.fromkeys(members[one], one))
        return [end for end in loose if len(members.get(end, ())) == 1]

    def branch(self, ends: Iterable[int], lines: shapely.STRtree, tolerance: float, *, steep: bool) -> None:
        """Cut curves where an end of another lies on them.

        Parameters
        ----------
        ends : iterable of int
            The ends to look at.
        lines : shapely.STRtree
            The curves as line strings.
        tolerance : float
            How far from the curve an end may lie.
        steep : bool
            Whether the end's curve must run towards the other one, not along it.
        """
        nodes = {self.node(end): end for end in sorted(ends, reverse=True)}
        numbers, places = list(nodes), self.places()
        if not numbers:
            return
        # Chords lie off their arcs by less than the tolerance.
        found, curves = lines.query(shapely.points(places[numbers]), predicate="dwithin", distance=2 * tolerance)
        for i, curve in sorted(zip(found.tolist(), curves.tolist(), strict=True)):
            parameter = self._foot(self.node(numbers[i]), places[numbers[i]], curve, tolerance)
            end = nodes[numbers[i]]
            if parameter is None or (steep and not self._steep(end, curve, parameter)):
                continue
            for other, node in self.cuts[curve]:
                if other == parameter:
                    self.unite(node, end)
            self.cuts[curve].append((parameter, end))
            self.known = None
            x, y = place_at(self.curves[curve], parameter).tolist()
            self.feet.setdefault(end, (x, y))

    def _foot(self, node: int, place: Points, curve: int, tolerance: float) -> float | None:
        """Return where on a curve, away from its ends, a node lies; at a vertex where there is one."""
        points = self.curves[curve]
        # Of a curve that ends on itself, not the segment that the end belongs to.
        first = int(self.node(2 * curve) == node)
        last = len(points) - 1 - int(self.node(2 * curve + 1) == node)
        if last <= first:
            return None
        parameter, gap = locate(points[first : last + 1], place)
        parameter += first
        foot, vertex = place_at(points, parameter), round(parameter)
        if gap > tolerance or min(np.hypot(*(foot - stop[:2])) for stop in (points[0], points[-1])) <= tolerance:
            return None
        return float(vertex) if np.hypot(*(foot - points[vertex, :2])) <= self.exact else parameter

    def _steep(self, end: int, curve: int, parameter: float) -> bool:
        own, points = self.curves[end // 2], self.curves[curve]
        to = len(own) - 1.0 if end % 2 else 0.0
        heading = place_at(own, to) - place_at(own, abs(to - 0.01))
        step = min(0.01, (len(points) - 1 - parameter) / 2)
        along = place_at(points, parameter + step) - place_at(points, parameter)
        turn = abs(float(heading[0] * along[1] - heading[1] * along[0]))
        return turn >= STEEP * math.hypot(*heading) * math.hypot(*along)


class Groups:
    """Disjoint sets of nodes with the length of what hangs together."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))
        self.length = [0.0] * count

    def of(self, node: int) -> int:
        """Return the set of a node."""
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def unite(self, one: int, other: int) -> None:
        """Put two sets together."""
        one, other = self.of(one), self.of(other)
        if one != other:
            low, high = min(one, other), max(one, other)
            self.parent[high] = low
            self.length[low] += self.length[high]

    def may_close(self, one: int, other: int, gap: float) -> bool:
        """Say whether two nodes may become one across a gap: not where it would fold a short chain up."""
        return self.of(one) != self.of(other) or self.length[self.of(one)] > MISSING_SIDE * gap
