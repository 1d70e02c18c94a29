"""Checks of a process graph and of its picture: E501–E504, W505."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from drawings.ledger import finding
from drawings.process.paths import following
from gis.issues import Issue, Place
from gis.models.process import NodeType, ProcessGraph, ProcessLayout, ProcessNode

CROSSINGS_MOST = 10
"""Of streams in one picture: beyond it nobody follows a line with the eye."""
NEEDS_IN: tuple[NodeType, ...] = ("step", "pollution", "treatment", "outlet", "product", "disposal")
NEEDS_OUT: tuple[NodeType, ...] = ("step", "treatment")
"""A pollution step without a way on is E502, a raw material without one E504."""


def _issue(code: str, node: ProcessNode, message: str, hint: str) -> Issue:
    return finding(code, f"{node.code} {node.name}{message}", hint, Place(field=node.code))


def _ends(graph: ProcessGraph) -> Iterator[Issue]:
    entered = {stream.target for stream in graph.streams}
    left = {stream.source for stream in graph.streams}
    for node in graph.nodes:
        if node.type in NEEDS_IN and node.code not in entered:
            yield _issue("E501", node, " 没有流入", "请画出它从哪里来")
        if node.type in NEEDS_OUT and node.code not in left:
            yield _issue("E501", node, " 没有流出", "请画出它到哪里去")
        if node.type == "material" and node.code not in left:
            yield _issue("E504", node, " 没有进入任何工序", "请画出哪道工序使用它")


def _pollution(graph: ProcessGraph) -> Iterator[Issue]:
    for node in graph.nodes:
        if node.type != "pollution":
            continue
        if not node.pollutants:
            yield _issue("E502", node, " 没有填写污染物", "请填写 POLL（表格：pollutants）")
        if not following(graph, node.code):
            yield _issue("E502", node, " 没有接到治理设施，也没有说明去向", "请连到治理设施；不经治理的，连到排放口或去向（如 无组织排放）")


def unit_codes(node: ProcessNode) -> tuple[str, ...]:
    """Return the codes of drawing A that a node names."""
    return tuple(code.strip() for code in (node.unit_code or "").replace(",", "、").replace("，", "、").split("、") if code.strip())


def beside_plan(graph: ProcessGraph, on_plan: Collection[str]) -> list[Issue]:
    """Return an issue for each production unit (MF) that the process names and the site plan does not show.

    Parameters
    ----------
    graph : ProcessGraph
    on_plan : collection of str
        Codes of the site plan (drawing A).
    """
    hint = "请改编号，或在厂区平面图上补画"
    return [
        _issue("E503", node, f" 的编号 {code} 不在厂区平面图上", hint)
        for node in graph.nodes
        for code in dict.fromkeys(unit_codes(node))
        if code.startswith("MF") and code not in on_plan and node.type == "step"
    ]


def check(graph: ProcessGraph) -> list[Issue]:
    """Return what is wrong with a graph, all at once."""
    return [*_ends(graph), *_pollution(graph)]


POINT = 0
"""Of `shapely.get_type_id`."""
AT_AN_END = 1e-6
"""Where one stream begins or ends on another, they meet and do not cross; units of the picture."""


def crossings(routes: Sequence[shapely.LineString]) -> NDArray[np.float64]:
    """Return where routes cross, (n, 2), units of the picture: each two streams at each place once; meeting at an end is no crossing."""
    lines = np.array(routes, dtype=object)
    one, other = shapely.STRtree(lines).query(lines, predicate="intersects")
    one, other = one[one < other], other[one < other]
    met, pair = shapely.get_parts(shapely.intersection(lines[one], lines[other]), return_index=True)
    # Two that also run along one line meet in pieces of it besides.
    at, pair = met[shapely.get_type_id(met) == POINT], pair[shapely.get_type_id(met) == POINT]
    ends = shapely.boundary(lines)
    inside = (shapely.distance(at, ends[one[pair]]) > AT_AN_END) & (shapely.distance(at, ends[other[pair]]) > AT_AN_END)
    found: NDArray[np.float64] = shapely.get_coordinates(at[inside])
    return found


def picture_issues(layout: ProcessLayout, most: int = CROSSINGS_MOST) -> list[Issue]:
    """Return W505 where too many streams of a picture cross."""
    return tangles([shapely.LineString(route.points) for route in layout.routes], most)


def tangles(routes: Sequence[shapely.LineString], most: int = CROSSINGS_MOST) -> list[Issue]:
    """Return W505 where too many routes cross, at the first of these places."""
    found = crossings(routes)
    if len(found) <= most:
        return []
    hint = "请按工艺次序排列节点，或把几条线分开画"
    return [finding("W505", f"物流线交叉 {len(found)} 处，多于 {most} 处", hint, Place(xy=(float(found[0][0]), float(found[0][1]))))]
