"""A process graph on its way into the store and back: each node and stream a feature of drawing B, its shape where it is drawn."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import Final
from uuid import UUID

import orjson
from shapely.geometry import LineString, Point

from drawings.homes import block_for, layer_for
from drawings.process import checks
from drawings.process.elk import Elk
from drawings.process.layout import Problem, Solve, laid_out, touches
from drawings.process.table import graph_of
from drawings.process.words import NAME_MM, size_of
from gis.issues import Issue, blocking
from gis.kinds import KINDS
from gis.models.plan import Counts, PlanFeature, PlanSource, SitePlan
from gis.models.process import PlacedNode, ProcessGraph, ProcessLayout, ProcessNode, ProcessStream, Route, StoredProcess
from gis.store.connect import Plain, Transaction
from gis.store.enterprises import find_enterprise
from gis.store.plans import AT_ONCE, Handed, Outcome, store_plan
from gis.store.process import units_on_plan

DRAWING_KIND: Final = "B"
PADDING_MM = 2.0
"""Around what is drawn."""
REMEMBERED = 512
"""Layouts that one process keeps: plants of one industry are often one problem, since ELK sees boxes and no names."""


def remembering(elk: Elk) -> Solve:
    """Return `elk.lay_out` with a memory of the problems that it has solved."""

    @lru_cache(REMEMBERED)
    def solved(problem: bytes) -> bytes:
        return orjson.dumps(elk.lay_out(orjson.loads(problem)))

    def solve(problem: Problem) -> Problem:
        laid: Problem = orjson.loads(solved(orjson.dumps(problem)))
        return laid

    return solve


def _node(node: ProcessNode, box: PlacedNode, row: int) -> PlanFeature:
    attributes = {
        "node_type": node.type,
        "unit_code": node.unit_code,
        "pollutants": "、".join(node.pollutants) or None,
        "note": node.note or None,
        "amount": node.amount or None,
        "upgrade": node.upgrade,
        "upgraded_on": node.upgraded_on or None,
        "seq": row,
    }
    kind = KINDS["process_node"]
    block = block_for(kind, attributes)
    at = Point(box.x, box.y)
    shape = {"type": "insert", "point": [box.x, box.y], "block": block.name if block else "", "rotation": 0.0}
    return PlanFeature(
        "process_node",
        node.code,
        node.name,
        at,
        at,
        shape,
        PlanSource(node.code, layer_for(kind, attributes, block, None)),
        attributes=attributes,
    )


def _stream(stream: ProcessStream, route: Route, row: int) -> PlanFeature:
    attributes = {
        "from_code": stream.source,
        "to_code": stream.target,
        "carries": stream.carries or None,
        "medium": stream.medium,
        "seq": row,
    }
    shape = {"type": "lwpolyline", "points": [[x, y, 0.0] for x, y in route.points], "closed": False}
    if route.label:
        shape["label"] = list(route.label)
    line = LineString(route.points)
    # Arrows and codes of nodes may be one word in a drawing of somebody's; a blank keeps them apart.
    source = PlanSource(f"→ {stream.code}", KINDS["process_stream"].layers[0])
    return PlanFeature(
        "process_stream", stream.code, f"{stream.source} → {stream.target}", line, line, shape, source, attributes=attributes
    )


def features_of(graph: ProcessGraph, layout: ProcessLayout) -> tuple[PlanFeature, ...]:
    """Return a graph, laid out, as features: its nodes, then its streams."""
    nodes = [_node(node, box, row) for row, (node, box) in enumerate(zip(graph.nodes, layout.nodes, strict=True), 1)]
    streams = [_stream(stream, route, row) for row, (stream, route) in enumerate(zip(graph.streams, layout.routes, strict=True), 1)]
    return (*nodes, *streams)


def _plan(content: bytes, file_name: str, source_code: str, features: tuple[PlanFeature, ...], issues: Sequence[Issue]) -> SitePlan:
    counts = Counts(len(features), len(features), 0, 0)
    return SitePlan(DRAWING_KIND, source_code, file_name, sha256(content).hexdigest(), features, tuple(issues), counts)


def read_table(content: bytes, file_name: str, source_code: str) -> SitePlan:
    """Return what a table says, unplaced, with what is wrong with it by itself: to be checked, not to be stored."""
    graph, issues = graph_of(content.decode("utf-8-sig", errors="replace"), file_name)
    features: tuple[PlanFeature, ...] = ()
    if graph is not None:
        issues += checks.check(graph)
        rows = {node.code: -float(row) for row, node in enumerate(graph.nodes)}
        boxes = tuple(PlacedNode(code, 0.0, row, 0.0, 0.0) for code, row in rows.items())
        routes = tuple(Route(one.code, ((0.0, rows[one.source]), (0.0, rows[one.target]))) for one in graph.streams)
        features = features_of(graph, ProcessLayout(0.0, 0.0, boxes, routes))
    return _plan(content, file_name, source_code, features, issues)


def process_plan(connection: "Transaction | Plain", known: tuple[UUID, str], content: bytes, file_name: str, solve: Solve) -> SitePlan:
    """Return the process that a table says, laid out, and what it says beside what is stored of its enterprise (id and source code)."""
    graph, issues = graph_of(content.decode("utf-8-sig", errors="replace"), file_name)
    if graph is not None:
        issues += checks.check(graph)
        if (on_plan := units_on_plan(connection, known[0])) is not None:
            issues += checks.beside_plan(graph, on_plan)
    features: tuple[PlanFeature, ...] = ()
    if graph is not None and not blocking(issues):
        layout = laid_out(graph, solve)
        issues += checks.picture_issues(layout)
        features = features_of(graph, layout)
    return _plan(content, file_name, known[1], features, issues)


def publish_process(  # noqa: PLR0917 — as `publish_drawing`, and what lays it out
    connection: "Transaction | Plain",
    content: bytes,
    file_name: str,
    enterprise: str,
    solve: Solve,
    handed: Handed = AT_ONCE,
    base_url: str = "",
) -> tuple[SitePlan, Outcome]:
    """Store the process that a table says; a drafting fault publishes nothing, but the table and its issues are kept.

    Parameters
    ----------
    connection : Transaction or Plain
        Inside `gis.store.connect.writing` or `writing_plainly`; roll it back for a dry run.
    content : bytes
        The table, YAML in UTF-8.
    file_name : str
        Of the table.
    enterprise : str
        Credit code or source code.
    solve : callable
        `Elk.lay_out`, or what remembers its answers (`remembering`).
    handed : Handed
        Published at once, or first for review; who drew it.
    base_url : str
        Address of the panorama, to which the code on the proof for a review leads.

    Raises
    ------
    NotFound
        No such enterprise.
    """
    known = find_enterprise(connection, enterprise)
    plan = process_plan(connection, known, content, file_name, solve)
    if handed.review:
        from drawings.versions.proofs import proof_of  # noqa: PLC0415 — heavy

        handed = replace(handed, proof=proof_of(known[0], DRAWING_KIND, file_name, handed, base_url, solve=solve))
    return plan, store_plan(connection, *known, plan, content, handed=handed)


def _middle(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the middle of the longest piece of a way: where words stand that nobody placed."""
    (x1, y1), (x2, y2) = max(pairwise(points), key=lambda piece: math.dist(*piece))
    return round((x1 + x2) / 2, 2), round((y1 + y2) / 2, 2)


def _from_corner(nodes: Sequence[PlacedNode], routes: Sequence[Route]) -> tuple[list[PlacedNode], list[Route]]:
    """Return a picture moved so that it begins at (0, 0): a sheet of somebody's has a frame, or lies anywhere."""
    left = min(node.x - node.width / 2 for node in nodes) - PADDING_MM
    low = min(node.y - node.height / 2 for node in nodes) - PADDING_MM

    def moved(point: tuple[float, float]) -> tuple[float, float]:
        return round(point[0] - left, 3), round(point[1] - low, 3)

    placed = [replace(node, x=round(node.x - left, 3), y=round(node.y - low, 3)) for node in nodes]
    return placed, [Route(one.code, tuple(map(moved, one.points)), moved(one.label) if one.label else None) for one in routes]


def _as_drawn(process: StoredProcess) -> ProcessLayout | None:
    """Return a process where it is stored, None where something has no place, or the boxes have outgrown it since."""
    nodes, drawn = [], set[str]()
    for node, middle, box in zip(process.graph.nodes, process.middles, process.boxes, strict=True):
        if middle is None:
            return None
        if box is not None:
            drawn.add(node.code)
        nodes.append(PlacedNode(node.code, *middle, *(box or size_of(node))))
    boxes = {box.code: box for box in nodes}

    def leads(point: tuple[float, float], code: str) -> bool:
        # A drawing of somebody's own is what it is.
        return code in drawn or touches(point, boxes[code])

    routes = []
    for stream, way in zip(process.graph.streams, process.ways, strict=True):
        if len(way.points) < 2 or not (leads(way.points[0], stream.source) and leads(way.points[-1], stream.target)):
            return None
        label = way.label or (_middle(way.points) if stream.carries else None)
        routes.append(Route(stream.code, way.points, label))
    if drawn:
        nodes, routes = _from_corner(nodes, routes)
    ends = [point for route in routes for point in (*route.points, *([route.label] if route.label else []))]
    right = max([*(box.x + box.width / 2 for box in nodes), *(x for x, _ in ends)])
    top = max([*(box.y + box.height / 2 for box in nodes), *(y for _, y in ends)])
    return ProcessLayout(round(right + PADDING_MM, 2), round(top + PADDING_MM, 2), tuple(nodes), tuple(routes), NAME_MM)


def layout_of(process: StoredProcess, solve: Solve) -> ProcessLayout:
    """Return where a stored process is drawn: where it was put as it was stored, else laid out anew.

    Parameters
    ----------
    process : StoredProcess
        As `gis.store.process.process_of` gives it.
    solve : callable
        As of `publish_process`; asked only where the stored places do not stand.
    """
    return _as_drawn(process) or laid_out(process.graph, solve)
