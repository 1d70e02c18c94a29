"""Which way streams run: as arrows on them say, and on from there through what they pass."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from drawings.process.symbols import Arrow

ALIGNED = 0.996
"""Cosine of the angle up to which one pipe goes on straight in another: 5 degrees."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A pipe between two nodes, of as many drawn lines as it takes."""

    line: shapely.LineString
    start: int
    """Number of the node at its first point."""
    end: int
    handles: tuple[str, ...]
    known: bool = False
    """Whether it is told to run from start to end."""

    @property
    def turned(self) -> "Chain":
        """The same, the other way round."""
        return replace(self, line=self.line.reverse(), start=self.end, end=self.start)


def _votes(chains: Sequence[Chain], arrows: Sequence[Arrow], within: float) -> tuple[dict[int, int], dict[int, list[str]], list[Arrow]]:
    """Return for each chain how many more arrows run with it than against it, their handles, and the arrows that lie on none."""
    votes: dict[int, int] = defaultdict(int)
    lying: dict[int, list[str]] = defaultdict(list)
    stray = []
    tree = shapely.STRtree([chain.line for chain in chains])
    for arrow in arrows:
        body = shapely.LineString([arrow.tail, arrow.tip])
        near = tree.query_nearest(shapely.Point(arrow.tail), max_distance=max(within, body.length / 2), all_matches=False)
        if len(near) == 0:
            stray.append(arrow)
            continue
        number = int(near[0])
        line = chains[number].line
        at = line.project(shapely.Point(arrow.tail))
        step = min(body.length / 2, line.length / 2)
        (x1, y1), (x2, y2) = (line.interpolate(max(0.0, at - step)).coords[0], line.interpolate(min(line.length, at + step)).coords[0])
        along = (x2 - x1) * (arrow.tip[0] - arrow.tail[0]) + (y2 - y1) * (arrow.tip[1] - arrow.tail[1])
        votes[number] += int(np.sign(along))
        lying[number].append(arrow.handle)
    return votes, lying, stray


class _Nodes:
    """Chains by the nodes that they meet at."""

    def __init__(self, chains: Sequence[Chain], passed: Callable[[int], bool]) -> None:
        self.chains = list(chains)
        self.passed = passed
        self.at: defaultdict[int, list[int]] = defaultdict(list)
        for number, chain in enumerate(chains):
            self.at[chain.start].append(number)
            if chain.end != chain.start:
                self.at[chain.end].append(number)

    def settle(self, rule: "Rule") -> bool:
        """Direct every chain that a rule decides at one of its ends, and at the other not the other way; say whether there is any."""
        settled = False
        for number, chain in enumerate(self.chains):
            if chain.known:
                continue
            said = {
                rule(self, number, chain.start, chain),
                {None: None, True: False, False: True}[rule(self, number, chain.end, chain.turned)],
            }
            said.discard(None)
            if len(said) == 1:
                self.chains[number] = replace(chain if said.pop() else chain.turned, known=True)
                settled = True
        return settled


Rule = Callable[[_Nodes, int, int, Chain], bool | None]
"""Given a chain's number, a node at its end and the chain as running away from it: says whether it does, None where it can't tell."""


def _ends(nodes: _Nodes, _number: int, node: int, _away: Chain) -> bool | None:
    """Say that a branch runs to the device at its end: a gauge, a plug, a drain."""
    return False if nodes.passed(node) and len(nodes.at[node]) == 1 else None


def _balanced(nodes: _Nodes, number: int, node: int, _away: Chain) -> bool | None:
    """Say that what comes to a node leaves it by the one way that is open."""
    others = [nodes.chains[other] for other in nodes.at[node] if other != number]
    if not others or not all(other.known for other in others):
        return None
    comes, leaves = any(other.end == node for other in others), any(other.start == node for other in others)
    # A vessel or a pump has as many ways in and out as it likes, but at least one of each.
    return comes if nodes.passed(node) or comes != leaves else None


def _straight(nodes: _Nodes, number: int, node: int, away: Chain) -> bool | None:
    """Say that a pipe that goes straight on at a tee goes on as it came, unless a branch brings or takes that already."""
    if not nodes.passed(node):
        return None
    known = [nodes.chains[other] for other in nodes.at[node] if other != number and nodes.chains[other].known]
    if any(chain.end == node for chain in known) and any(chain.start == node for chain in known):
        return None
    (x1, y1), (x2, y2) = away.line.coords[:2]
    for chain in known:
        (a1, b1), (a2, b2) = (chain if chain.end == node else chain.turned).line.coords[-2:]
        along = (x2 - x1) * (a2 - a1) + (y2 - y1) * (b2 - b1)
        if along > ALIGNED * np.hypot(x2 - x1, y2 - y1) * np.hypot(a2 - a1, b2 - b1):
            return chain.end == node
    return None


def _spread(nodes: _Nodes, number: int, node: int, _away: Chain) -> bool | None:
    """Say that what comes to a node, and is not known to leave it, leaves by every way that is open."""
    known = [nodes.chains[other] for other in nodes.at[node] if other != number and nodes.chains[other].known]
    return True if nodes.passed(node) and known and all(chain.end == node for chain in known) else None


def directed(
    chains: Sequence[Chain], arrows: Sequence[Arrow], passed: Callable[[int], bool], within: float
) -> tuple[list[Chain], list[Arrow]]:
    """Return chains in the direction of their flow, and the arrows that lie on none.

    Arrows come first; a branch that ends at a device runs to it. From there on: what goes straight through a tee goes on as it came, and
    where all but one is known at a node, that brings what is lacking there; what is left leads on. A chain that nothing decides stays as
    drawn, not `known`.

    Parameters
    ----------
    chains : sequence of Chain
    arrows : sequence of Arrow
    passed : callable
        Says of a node whether what comes to it only passes: a valve, a tee; no vessel.
    within : float
        How far an arrow may lie off its pipe, sheet units.
    """
    votes, lying, stray = _votes(chains, arrows, within) if chains else ({}, {}, list(arrows))
    found = []
    for number, chain in enumerate(chains):
        vote = votes.get(number, 0)
        held = replace(chain, handles=(*chain.handles, *lying.get(number, ())))
        found.append(replace(held.turned if vote < 0 else held, known=vote != 0))
    nodes = _Nodes(found, passed)
    nodes.settle(_ends)
    while any(nodes.settle(rule) for rule in (_straight, _balanced, _spread)):
        pass
    return nodes.chains, stray
