"""The faces of a drawing of curves that meet at nodes: the smallest rings, found by turning left-most at each node.

A half-edge is an edge seen in one direction: `2 * edge` forwards, `2 * edge + 1` backwards.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

Points = NDArray[np.float64]
Numbers = NDArray[np.intp]


BLOCK = 500
"""Edges that are compared with all others at a time."""


def _straight_cross(one: Points, other: Points) -> NDArray[np.bool_]:
    """Say which segments, `(n, 2, 2)` each, cross each other in the inside of both."""

    def side(of: Points, line: Points) -> Points:
        chord, spoke = line[:, 1] - line[:, 0], of - line[:, 0]
        turn: Points = np.sign(chord[:, 0] * spoke[:, 1] - chord[:, 1] * spoke[:, 0])
        return turn

    apart: NDArray[np.bool_] = side(one[:, 0], other) * side(one[:, 1], other) < 0
    return apart & (side(other[:, 0], one) * side(other[:, 1], one) < 0)


def crossings(ends: Numbers, lines: NDArray[np.object_]) -> Numbers:
    """Return the pairs `(n, 2)` of edges that cross somewhere else than at a node.

    Parameters
    ----------
    ends : (e, 2) intp
        Nodes of each edge.
    lines : (e,) object
        The edges as line strings, from node to node.
    """
    straight = shapely.get_num_points(lines) == 2
    tips = np.stack([shapely.get_coordinates(shapely.get_point(lines, place)) for place in (0, -1)], axis=1)
    tree, found = shapely.STRtree(lines), [np.empty((0, 2), dtype=np.intp)]
    for first in range(0, len(lines), BLOCK):
        left, right = tree.query(lines[first : first + BLOCK])
        left = left + first
        both = straight[left] & straight[right]
        # Straight edges with a node in common meet nowhere else.
        shared = (ends[left][:, :, None] == ends[right][:, None, :]).any(axis=(1, 2))
        kept = (left < right) & ~(both & shared)
        left, right, both = left[kept], right[kept], both[kept]
        cross = np.zeros(len(left), dtype=bool)
        cross[both] = _straight_cross(tips[left[both]], tips[right[both]])
        cross[~both] = shapely.crosses(lines[left[~both]], lines[right[~both]])
        found.append(np.stack([left[cross], right[cross]], axis=1))
    return np.concatenate(found)


def _headings(nodes: Numbers, firsts: Points) -> Points:
    """Return the direction in which each half-edge leaves its node, radians.

    It is taken at one distance for all that leave a node, so that a line and the arcs that are tangent to it have an order.
    """
    chords = firsts[:, 2:4] - firsts[:, :2]
    length = np.hypot(chords[:, 0], chords[:, 1])
    reach = np.full(int(nodes.max()) + 1, np.inf)
    np.minimum.at(reach, nodes, length / 2)
    half = 2 * np.arctan(firsts[:, 4])
    curvature = 2 * np.sin(half) / np.where(length > 0, length, 1.0)
    tangent = np.arctan2(chords[:, 1], chords[:, 0]) - half
    headings: Points = np.mod(tangent + np.arcsin(np.clip(curvature * reach[nodes] / 2, -1, 1)), 2 * np.pi)
    return headings


def _next(nodes: Numbers, headings: Points) -> Numbers:
    """Return which half-edge follows each one when the face on its left is walked round."""
    order = np.lexsort((headings, nodes))
    first = np.concatenate([[True], nodes[order][1:] != nodes[order][:-1]])
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:], len(order)) - 1
    before = np.empty_like(order)
    before[1:] = order[:-1]
    before[starts] = order[ends]
    clockwise = np.empty_like(order)
    clockwise[order] = before
    following: Numbers = clockwise[np.arange(len(order)) ^ 1]
    return following


def _walks(following: Numbers) -> list[list[int]]:
    steps, seen, walks = following.tolist(), bytearray(len(following)), []
    for start in range(len(steps)):
        walk, half = [], start
        while not seen[half]:
            seen[half] = 1
            walk.append(half)
            half = steps[half]
        if walk:
            walks.append(walk)
    return walks


def _simple(walk: list[int], nodes: list[int]) -> list[list[int]]:
    """Part a walk that comes through a node twice into loops that do not."""
    loops: list[list[int]] = []
    path: list[int] = []
    place: dict[int, int] = {}
    for half in walk:
        path.append(half)
        place.setdefault(nodes[half], len(path) - 1)
        back = place.get(nodes[half ^ 1])
        if back is not None:
            loops.append(path[back:])
            for gone in path[back:]:
                del place[nodes[gone]]
            del path[back:]
    return loops


def faces(ends: Numbers, firsts: Points, lasts: Points, areas: Points) -> list[list[int]]:
    """Return the bounded faces, each as the half-edges round it, anticlockwise.

    Edges that bound nothing, because they dangle or bridge, are left out. Edges must not cross each other.

    Parameters
    ----------
    ends : (e, 2) intp
        Nodes of each edge.
    firsts, lasts : (e, 5) float64
        The first segment of each edge seen from its start, and of its last one seen from its end: x, y, x, y, bulge.
    areas : (e,) float64
        What each edge adds to the area of a ring that runs forwards along it.
    """
    alive = np.arange(len(ends))
    while len(alive):
        nodes = ends[alive].reshape(-1)
        segments = np.stack([firsts[alive], lasts[alive]], axis=1).reshape(-1, 5)
        walks = _walks(_next(nodes, _headings(nodes, segments)))
        of = np.empty(2 * len(alive), dtype=np.intp)
        for number, walk in enumerate(walks):
            of[walk] = number
        kept = of[0::2] != of[1::2]
        if kept.all():
            signed = np.stack([areas[alive], -areas[alive]], axis=1).reshape(-1)
            numbers = np.stack([2 * alive, 2 * alive + 1], axis=1).reshape(-1)
            node_of = nodes.tolist()
            loops = [loop for walk in walks for loop in _simple(walk, node_of)]
            return [numbers[loop].tolist() for loop in loops if signed[loop].sum() > 0]
        alive = alive[kept]
    return []
