"""What follows what in a process graph: the ways of pollution from where it arises to where it leaves."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gis.models.process import NodeType, ProcessGraph, ProcessNode
from gis.pollutants import known_name

ON_THE_WAY: tuple[NodeType, ...] = ("treatment", "device", "junction")
"""What pollution passes through; where anything else is reached, its way ends."""
FITTED: tuple[NodeType, ...] = ("device", "junction")
"""What sits in a pipe."""
ENDS: tuple[NodeType, ...] = ("outlet", "disposal")


@dataclass(frozen=True, slots=True)
class Arising:
    """Where a pollutant arises and what becomes of it."""

    source: ProcessNode
    """The pollution step."""
    steps: tuple[ProcessNode, ...]
    """What it comes from."""
    treatments: tuple[ProcessNode, ...]
    """In the order in which they are reached."""
    ends: tuple[ProcessNode, ...]
    """Outlets, and ways out that are none: 无组织排放, 回用."""


def following(graph: ProcessGraph, code: str) -> tuple[ProcessNode, ...]:
    """Return the treatments and ends that pollution of a node comes to, nearest first; each once, rings included."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    for stream in graph.streams:
        after[stream.source].append(stream.target)
    nodes = {node.code: node for node in graph.nodes}
    found: dict[str, ProcessNode] = {}
    queue = [code]
    for at in queue:
        for target in after[at]:
            node = nodes[target]
            if target not in found and node.type in (*ON_THE_WAY, *ENDS):
                found[target] = node
                if node.type in ON_THE_WAY:
                    queue.append(target)
    return tuple(found.values())


def neighbours(graph: ProcessGraph, code: str) -> tuple[tuple[ProcessNode, ...], tuple[ProcessNode, ...]]:
    """Return where what enters a node comes from, and where what leaves it goes to: through valves, fittings and tees to what works on it.

    Parameters
    ----------
    graph : ProcessGraph
    code : str
        Of the node.

    Returns
    -------
    before, after : tuple of ProcessNode
        Nearest first, each once; neither devices nor junctions.

    Raises
    ------
    KeyError
        No node has that code.
    """
    graph.node(code)
    ways = [(one.target, one.source) for one in graph.streams], [(one.source, one.target) for one in graph.streams]
    before, after = (_beyond({node.code: node for node in graph.nodes}, code, way) for way in ways)
    return before, after


def _beyond(nodes: Mapping[str, ProcessNode], code: str, way: Sequence[tuple[str, str]]) -> tuple[ProcessNode, ...]:
    steps: defaultdict[str, list[str]] = defaultdict(list)
    for here, there in way:
        steps[here].append(there)
    found: dict[str, ProcessNode] = {}
    queue = [code]
    for at in queue:
        for there in steps[at]:
            if there == code or there in found:
                continue
            found[there] = nodes[there]
            if nodes[there].type in FITTED:
                queue.append(there)
    return tuple(node for node in found.values() if node.type not in FITTED)


def arisings(graph: ProcessGraph, pollutant: str | None = None) -> tuple[Arising, ...]:
    """Return where a pollutant arises, in the order of the process; without one, wherever anything does.

    Parameters
    ----------
    graph : ProcessGraph
    pollutant : str, optional
        By any of its names: `SO2`, `SO₂`, 二氧化硫.
    """
    wanted = known_name(pollutant) if pollutant else None
    nodes = {node.code: node for node in graph.nodes}
    rows = []
    for node in graph.nodes:
        if node.type != "pollution" or (wanted and wanted not in map(known_name, node.pollutants)):
            continue
        steps = tuple(nodes[stream.source] for stream in graph.streams if stream.target == node.code)
        after = following(graph, node.code)
        treatments = tuple(one for one in after if one.type == "treatment")
        rows.append(Arising(node, steps, treatments, tuple(one for one in after if one.type in ENDS)))
    return tuple(rows)
