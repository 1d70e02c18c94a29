"""Which treatment stands behind which production units, as the process graph leads from one to the other."""

from dataclasses import dataclass

from gis.models.process import ProcessGraph

PASSED = frozenset({"pollution", "junction", "device", "disposal"})
"""Node types that a stream passes on its way from a unit to what treats it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A treatment, and the production units whose pollution it treats."""

    treatment: str
    """TA, TW, TN or TS code."""
    production: tuple[str, ...]
    """MF codes, sorted."""


def pairs(graph: ProcessGraph) -> tuple[Pair, ...]:
    """Return the pairs of a process, by code: from each production unit down the streams to the first treatment on each way."""
    onward: dict[str, list[str]] = {}
    for stream in graph.streams:
        onward.setdefault(stream.source, []).append(stream.target)
    nodes = {node.code: node for node in graph.nodes}
    found: dict[str, set[str]] = {}
    for unit in graph.nodes:
        if not (unit.unit_code or "").startswith("MF"):
            continue
        seen, waiting = {unit.code}, list(onward.get(unit.code, ()))
        while waiting:
            node = nodes[waiting.pop()]
            if node.code in seen:
                continue
            seen.add(node.code)
            if node.type == "treatment" and node.unit_code:
                found.setdefault(node.unit_code, set()).add(str(unit.unit_code))
            elif node.type in PASSED:
                waiting += onward.get(node.code, ())
    return tuple(Pair(treatment, tuple(sorted(units))) for treatment, units in sorted(found.items()))
