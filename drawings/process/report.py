"""What a process graph answers, for programs and for people."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from drawings.process.checks import unit_codes
from drawings.process.paths import Arising, arisings
from drawings.process.words import upgraded
from gis.kinds import ENUMS
from gis.models.process import ProcessGraph, ProcessLayout, ProcessNode


def _named(node: ProcessNode) -> dict[str, Any]:
    return {"code": node.code, "name": node.name, "unit_code": node.unit_code}


def rows(found: Iterable[Arising]) -> list[dict[str, Any]]:
    """Return arisings as plain JSON types."""
    return [
        {
            "source": _named(one.source) | {"pollutants": list(one.source.pollutants)},
            "steps": [_named(step) for step in one.steps],
            "treatments": [
                _named(node) | {"process": node.note, "upgrade": node.upgrade, "upgraded_on": node.upgraded_on} for node in one.treatments
            ],
            "ends": [_named(node) | {"type": node.type} for node in one.ends],
        }
        for one in found
    ]


def described(graph: ProcessGraph, layout: ProcessLayout) -> dict[str, Any]:
    """Return a graph and where it is drawn as plain JSON types; boxes: left, top, width, height, millimetres, y downwards."""
    nodes = []
    for node, box in zip(graph.nodes, layout.nodes, strict=True):
        place = [box.x - box.width / 2, layout.height - box.y - box.height / 2, box.width, box.height]
        nodes.append(
            {
                "code": node.code,
                "name": node.name,
                "type": node.type,
                "type_label": ENUMS["node_type"][node.type],
                "unit_codes": unit_codes(node),
                "pollutants": node.pollutants,
                "note": node.note,
                "amount": node.amount,
                "upgrade": node.upgrade,
                "upgrade_label": ENUMS["upgrade_type"][node.upgrade] if node.upgrade else "",
                "upgraded_on": node.upgraded_on,
                "feature_id": node.feature_id,
                "box": [round(side, 2) for side in place],
            }
        )
    streams = [
        {"code": one.code, "from": one.source, "to": one.target, "carries": one.carries, "medium": one.medium, "feature_id": one.feature_id}
        for one in graph.streams
    ]
    return {"width": layout.width, "height": layout.height, "nodes": nodes, "streams": streams, "arisings": rows(arisings(graph))}


def _treated(node: ProcessNode) -> str:
    return f"{node.code} {node.name}{upgraded(node)}"


def print_arisings(found: Sequence[Arising], console: Console) -> None:
    """Print arisings as a table."""
    if not found:
        console.print("没有产生这种污染物的工序")
        return
    table = Table(show_lines=True)
    for title in ("工序", "产污环节", "污染物", "治理设施（升级改造）", "去向"):
        # Chinese has no spaces to break at; an ellipsis would hide what was asked for.
        table.add_column(title, overflow="fold")
    for one in found:
        table.add_row(
            escape("\n".join(step.name for step in one.steps)),
            escape(f"{one.source.code} {one.source.name}"),
            escape("、".join(one.source.pollutants)),
            escape("\n".join(map(_treated, one.treatments)) or "无"),
            escape("\n".join(f"{node.code} {node.name}" for node in one.ends)),
        )
    console.print(table)
