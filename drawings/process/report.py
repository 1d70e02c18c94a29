"""What a process graph answers, for programs and for people."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from drawings.process.paths import Arising
from gis.kinds import ENUMS
from gis.models.process import ProcessNode


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


def _treated(node: ProcessNode) -> str:
    upgrade = f"（{ENUMS['upgrade_type'][node.upgrade]} {node.upgraded_on}".rstrip() + "）" if node.upgrade else ""
    return f"{node.code} {node.name}{upgrade}"


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
