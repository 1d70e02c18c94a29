"""Where a process graph is drawn: a pure function of the graph, worked out by ELK, the same graph always the same.

ELK sees boxes and edges by number, never names.
"""

from collections.abc import Callable, Mapping
from typing import Any

from drawings.process.elk import LayoutFailed, Refused
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
    "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
    "elk.spacing.edgeLabel": "0.8",
}
"""As measured in the drafting norm (§Process-flow layout); spacings in millimetres."""

TIGHT = {
    "elk.spacing.nodeNode": "3",
    "elk.spacing.edgeEdge": "2",
    "elk.spacing.edgeNode": "2.5",
    "elk.layered.spacing.nodeNodeBetweenLayers": "6",
    "elk.layered.spacing.edgeNodeBetweenLayers": "2.5",
    "elk.layered.spacing.edgeEdgeBetweenLayers": "2",
}
"""Spacings of a large process."""
COMPACTION = "elk.layered.compaction.postCompaction.strategy"
WRAPPING = "elk.layered.wrapping.strategy"
CORRECTION = "elk.layered.wrapping.correctionFactor"
WRAPPINGS: tuple[dict[str, str], ...] = (
    {WRAPPING: "OFF"},
    {WRAPPING: "MULTI_EDGE", "elk.layered.wrapping.cutting.strategy": "ARD", "elk.aspectRatio": "2.0"},
    {WRAPPING: "MULTI_EDGE"},
    {WRAPPING: "SINGLE_EDGE"},
    {WRAPPING: "OFF", **TIGHT, COMPACTION: "EDGE_LENGTH"},
    {WRAPPING: "SINGLE_EDGE", **TIGHT, COMPACTION: "EDGE_LENGTH", "elk.aspectRatio": "2.0"},
    {WRAPPING: "MULTI_EDGE", **TIGHT, "elk.layered.wrapping.cutting.strategy": "ARD", "elk.aspectRatio": "2.0"},
    {WRAPPING: "MULTI_EDGE", **TIGHT, "elk.layered.wrapping.cutting.strategy": "ARD", "elk.aspectRatio": "1.6"},
    {WRAPPING: "MULTI_EDGE", **TIGHT, "elk.layered.wrapping.cutting.strategy": "ARD", "elk.aspectRatio": "1.6", CORRECTION: "1.6"},
)
"""One line of stages reads best; where it is too long for a sheet it is cut and goes on below, the cut that does most often first. What is
too large even so stands closer together."""
ROOM_MM = (380.0, 175.0)
"""What an A3 sheet lying leaves for the picture, above table and title block."""
LEGIBLE = 0.75
"""A picture is shrunk to this and no further before it is wrapped: names of 3.2 mm stay above 2.4 mm, what stands below them above 2.2."""

OFF_MM = 0.05
"""How far from the border of a box the end of a stream may lie and still be drawn for that box."""

Problem = dict[str, Any]
Solve = Callable[[Problem], Problem]
"""Lays an ELK graph out: `drawings.process.elk.Elk.lay_out`."""


def in_order(graph: ProcessGraph) -> list[int]:
    """Return the numbers of the nodes in the order of the process."""
    return sorted(range(len(graph.nodes)), key=lambda number: (STAGES[graph.nodes[number].type], number))


def problem(graph: ProcessGraph, wrapping: Mapping[str, str] = WRAPPINGS[0]) -> Problem:
    """Return a graph as ELK takes it, to be cut into lines or not (of `WRAPPINGS`)."""
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
    return {"id": "root", "layoutOptions": {**OPTIONS, **wrapping}, "children": children, "edges": edges}


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


def shrunk(layout: ProcessLayout) -> float:
    """Return the scale at which a picture fits an A3 sheet, at most 1."""
    return min(1.0, ROOM_MM[0] / layout.width, ROOM_MM[1] / layout.height)


def touches(point: tuple[float, float], box: PlacedNode) -> bool:
    """Return whether a point lies on the border of a box."""
    aside, above = abs(point[0] - box.x) - box.width / 2, abs(point[1] - box.y) - box.height / 2
    return max(aside, above) <= OFF_MM and min(abs(aside), abs(above)) <= OFF_MM


def whole(graph: ProcessGraph, layout: ProcessLayout) -> bool:
    """Return whether every stream leads from its node to its node: some cuts of ELK lose a part of one (elkjs 0.12.1)."""
    boxes = {box.code: box for box in layout.nodes}
    ends = [(stream, route.points) for stream, route in zip(graph.streams, layout.routes, strict=True)]
    return all(touches(points[0], boxes[stream.source]) and touches(points[-1], boxes[stream.target]) for stream, points in ends)


def laid_out(graph: ProcessGraph, solve: Solve) -> ProcessLayout:
    """Return where a graph is drawn: in one line where that is legible on A3, else wrapped, whichever is the largest.

    Parameters
    ----------
    graph : ProcessGraph
    solve : callable
        `Elk.lay_out`.

    Raises
    ------
    LayoutFailed
        ELK found no way for a stream, however the graph is wrapped.
    """
    best: ProcessLayout | None = None
    for wrapping in WRAPPINGS:
        try:
            laid = solve(problem(graph, wrapping))
        except Refused:
            continue
        if not all(edge.get("sections") for edge in laid["edges"]):
            continue
        layout = solution(graph, laid)
        if not whole(graph, layout):
            continue
        if best is None or shrunk(layout) > shrunk(best):
            best = layout
        if shrunk(best) >= LEGIBLE:
            break
    if best is None:
        raise LayoutFailed("工艺流程图无法布局：有的物流没有路径")
    return best
