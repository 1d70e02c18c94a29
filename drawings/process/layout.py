"""Where a process graph is drawn: a pure function of the graph, worked out by ELK, the same graph always the same.

ELK sees boxes and edges by number, never names: plants of one design are laid out once.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from drawings.process.words import NAME_MM, size_of, stream_size
from gis.models.process import NodeType, PlacedNode, ProcessGraph, ProcessLayout, Route

ASPECT = 1.41
"""Of the drawn part: an A3 sheet lying (420 × 297 mm)."""
STAGES: dict[NodeType, int] = {
    "material": 0,
    "step": 1,
    "device": 1,
    "junction": 1,
    "product": 2,
    "pollution": 3,
    "treatment": 4,
    "outlet": 5,
    "disposal": 6,
}
"""The order of the process, stage by stage; ELK reads on from one to the next."""
OPTIONS = {
    "elk.algorithm": "layered",
    "elk.direction": "RIGHT",
    "elk.edgeRouting": "ORTHOGONAL",
    "elk.aspectRatio": str(ASPECT),
    "elk.randomSeed": "1",
    "elk.padding": "[top=2,left=2,bottom=2,right=2]",
    "elk.spacing.nodeNode": "5",
    "elk.spacing.edgeEdge": "3",
    "elk.spacing.edgeNode": "4",
    "elk.layered.spacing.nodeNodeBetweenLayers": "9",
    "elk.layered.spacing.edgeNodeBetweenLayers": "4",
    "elk.layered.spacing.edgeEdgeBetweenLayers": "3",
    "elk.layered.cycleBreaking.strategy": "MODEL_ORDER",
    "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    "elk.layered.wrapping.strategy": "MULTI_EDGE",
    "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
    "elk.spacing.edgeLabel": "0.8",
}
"""As measured in the drafting norm (§Process-flow layout); spacings in millimetres."""

Problem = dict[str, Any]
Solve = Callable[[Problem], Problem]
"""Lays an ELK graph out: `drawings.process.elk.Elk.lay_out`."""


def in_order(graph: ProcessGraph) -> list[int]:
    """Return the numbers of the nodes in the order of the process."""
    return sorted(range(len(graph.nodes)), key=lambda number: (STAGES[graph.nodes[number].type], number))


def problem(graph: ProcessGraph, options: dict[str, str] | None = None) -> Problem:
    """Return a graph as ELK takes it."""
    numbers = {node.code: number for number, node in enumerate(graph.nodes)}
    children = []
    for number in in_order(graph):
        width, height = size_of(graph.nodes[number])
        children.append({"id": f"n{number}", "width": width, "height": height})
    edges = []
    for number, stream in enumerate(graph.streams):
        edge: Problem = {"id": f"e{number}", "sources": [f"n{numbers[stream.source]}"], "targets": [f"n{numbers[stream.target]}"]}
        if stream.carries:
            width, height = stream_size(stream)
            # ELK wants some text; which one is no matter of the layout.
            edge["labels"] = [{"id": f"l{number}", "text": "·", "width": width, "height": height}]
        edges.append(edge)
    return {"id": "root", "layoutOptions": OPTIONS | (options or {}), "children": children, "edges": edges}


def _points(edge: Problem, top: float) -> tuple[tuple[float, float], ...]:
    section = edge["sections"][0]
    corners = [section["startPoint"], *section.get("bendPoints", ()), section["endPoint"]]
    return tuple((round(corner["x"], 2), round(top - corner["y"], 2)) for corner in corners)


def solution(graph: ProcessGraph, laid: Problem) -> ProcessLayout:
    """Return where ELK put a graph; its y runs downwards, ours upwards."""
    top = float(laid["height"])
    boxes = {child["id"]: child for child in laid["children"]}
    edges = {edge["id"]: edge for edge in laid["edges"]}
    nodes = []
    for number, node in enumerate(graph.nodes):
        box = boxes[f"n{number}"]
        x, y = box["x"] + box["width"] / 2, top - box["y"] - box["height"] / 2
        nodes.append(PlacedNode(node.code, round(x, 2), round(y, 2), box["width"], box["height"]))
    routes = []
    for number, stream in enumerate(graph.streams):
        edge = edges[f"e{number}"]
        label = None
        for words in edge.get("labels", ()):
            label = round(words["x"] + words["width"] / 2, 2), round(top - words["y"] - words["height"] / 2, 2)
        routes.append(Route(stream.code, _points(edge, top), label))
    return ProcessLayout(round(laid["width"], 2), round(top, 2), tuple(nodes), tuple(routes), NAME_MM)


def key_of(one: Problem) -> str:
    """Return a digest of all that a layout depends on."""
    return hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()


class Layouts:
    """Lays graphs out and remembers: what looks the same to ELK is asked once.

    Parameters
    ----------
    solve : callable
        `Elk.lay_out`.
    """

    def __init__(self, solve: Solve) -> None:
        self._solve = solve
        self._known: dict[str, Problem] = {}
        self.asked = 0
        """How often ELK was asked."""

    def of(self, graph: ProcessGraph) -> ProcessLayout:
        """Return where a graph is drawn."""
        asked = problem(graph)
        key = key_of(asked)
        if key not in self._known:
            self._known[key] = self._solve(asked)
            self.asked += 1
        return solution(graph, self._known[key])
