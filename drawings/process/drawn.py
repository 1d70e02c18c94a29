"""A process as drawn by the norm: which blocks its arrows lead from and to, and what its graph lacks."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import shapely

from drawings.ledger import finding
from drawings.process import checks
from drawings.process.words import size_of
from gis.issues import Issue, Place
from gis.models.plan import PlanFeature
from gis.models.process import ProcessGraph, ProcessNode, ProcessStream
from gis.pollutants import listed

NODE, STREAM = "process_node", "process_stream"
REACH = 6.0
"""How far from a box an arrow may begin or end and still be meant for it, sheet units."""


def _node(feature: PlanFeature) -> ProcessNode:
    said = feature.attributes
    return ProcessNode(
        feature.code or "", feature.name, said["node_type"], said.get("unit_code"), listed(said.get("pollutants") or ""),
        said.get("note") or "", said.get("amount") or "", said.get("upgrade"), said.get("upgraded_on") or "", said.get("seq"),
    )  # fmt: skip


def _box(feature: PlanFeature) -> shapely.Polygon:
    width, height = size_of(_node(feature))
    x, y = feature.xy.x, feature.xy.y
    return shapely.box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _place(feature: PlanFeature, xy: tuple[float, float] | None = None) -> Place:
    return Place(layer=feature.source.layer, handle=feature.source.handle, xy=xy)


def _led(stream: PlanFeature, nodes: Sequence[PlanFeature], boxes: shapely.STRtree) -> tuple[PlanFeature, list[Issue]]:
    """Return an arrow with the codes of what it leads from and to, where nobody said them."""
    issues, ends = [], {}
    for name, at, word in (("from_code", 0, "起点"), ("to_code", -1, "终点")):
        code = stream.attributes.get(name)
        if not code:
            point = stream.xy.coords[at][:2]
            near = boxes.query_nearest(shapely.Point(point), max_distance=REACH, all_matches=False)
            code = nodes[int(near[0])].code if len(near) else None
            if not code:
                hint = "请把线的端点画到有编号的工序、物料、产污环节、治理设施或排放口上"
                issues.append(finding("E501", f"物流线的{word}没有接到任何节点", hint, _place(stream, (point[0], point[1]))))
        ends[name] = code
    return replace(stream, attributes=stream.attributes | {name: code for name, code in ends.items() if code}), issues


def _named(streams: Sequence[PlanFeature]) -> list[PlanFeature]:
    """Return arrows with codes: of the first between two nodes that has none, what it leads from and to."""
    taken = {one.code for one in streams if one.code}
    named = []
    for one in streams:
        code = f"{one.attributes.get('from_code')}>{one.attributes.get('to_code')}"
        if one.code is None and code not in taken and "None" not in code.split(">"):
            taken.add(code)
            named.append(replace(one, code=code))
        else:
            named.append(one)
    return named


def _graph(nodes: Sequence[PlanFeature], streams: Sequence[PlanFeature]) -> ProcessGraph:
    codes = {node.code for node in nodes}
    rows = [
        ProcessStream(
            one.code or "", one.attributes["from_code"], one.attributes["to_code"], one.attributes.get("carries") or "",
            one.attributes.get("medium") or "process",
        )
        for one in streams
        if one.attributes.get("from_code") in codes and one.attributes.get("to_code") in codes
    ]  # fmt: skip
    return ProcessGraph(tuple(_node(node) for node in nodes if node.code), tuple(rows))


def connected(
    features: Sequence[PlanFeature], as_left: Callable[[PlanFeature], PlanFeature] = lambda stream: stream
) -> tuple[list[PlanFeature], list[Issue]]:
    """Return the features of a process flow with its arrows led from node to node, and what is wrong with it (E501–E504, W505).

    Parameters
    ----------
    features : sequence of PlanFeature
        As drawn, sheet units; an arrow runs from its first point to its last.
    as_left : callable
        Returns an arrow, connected, as an export left it where the drawing still says the same.
    """
    nodes = [one for one in features if one.kind == NODE and np.isfinite([one.xy.x, one.xy.y]).all() and "node_type" in one.attributes]
    boxes = shapely.STRtree([_box(one) for one in nodes])
    led = [_led(one, nodes, boxes) for one in features if one.kind == STREAM]
    streams = [as_left(one) for one in _named([one for one, _ in led])]
    issues = [issue for _, found in led for issue in found]
    issues += [finding("E204", f"“{one.name}”没有编号", "请填写 CODE", _place(one)) for one in nodes if not one.code]
    handles = {one.code: one for one in nodes}
    for issue in checks.check(_graph(nodes, streams)):
        node = handles[issue.place.field]
        issues.append(replace(issue, place=replace(_place(node, (node.xy.x, node.xy.y)), field="CODE")))
    for issue in checks.tangles([one.xy for one in streams if one.xy.is_valid]):
        issues.append(replace(issue, place=replace(issue.place, layer=streams[0].source.layer)))
    named = iter(streams)
    return [next(named) if one.kind == STREAM else one for one in features], issues


def beside_plan(features: Sequence[PlanFeature], on_plan: frozenset[str]) -> list[Issue]:
    """Return E503 for each production unit that a drawn process names and the site plan does not show."""
    graph = _graph([one for one in features if one.kind == NODE and "node_type" in one.attributes], ())
    handles = {one.code: one for one in features if one.kind == NODE}
    return [replace(issue, place=_place(handles[issue.place.field])) for issue in checks.beside_plan(graph, on_plan)]
