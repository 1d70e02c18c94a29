"""A production process as a graph: materials, steps, where pollution arises, what treats it, where it leaves; and where all that is drawn.

The graph says what is so; a layout says where it stands on a sheet. Both come from drawing B (生产流程工艺图) or from a table.
"""

from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

NodeType = Literal["material", "step", "pollution", "treatment", "outlet", "product", "disposal", "device", "junction"]
"""As the code list `node_type` of `gis.kinds`."""
NODE_TYPES: tuple[NodeType, ...] = get_args(NodeType)
Upgrade = Literal["none", "ultra_low", "special", "upgraded"]
"""As the code list `upgrade_type`."""


@dataclass(frozen=True, slots=True)
class ProcessNode:
    """One node of the graph."""

    code: str
    """Its own, once in a graph: `P03`, `G1`, `TA001`."""
    name: str
    type: NodeType
    unit_code: str | None = None
    """MF, TA, TW, DA or DW code of the same thing on drawing A (HJ 608-2017), where it is there."""
    pollutants: tuple[str, ...] = ()
    """Of a pollution step: what arises; of a treatment: what it takes out; of an outlet: what leaves."""
    note: str = ""
    """The process, such as 电除尘+循环流化床脱硫."""
    amount: str = ""
    """With its unit, such as 120 万 t/a."""
    upgrade: Upgrade | None = None
    """Of a treatment: what it was brought to; None where nobody says."""
    upgraded_on: str = ""
    """When, as far as it is known: a year, a month or a day."""
    seq: int | None = None
    """Place in the order of the process, where it is said."""
    feature_id: UUID | None = None
    """Of the stored feature."""


@dataclass(frozen=True, slots=True)
class ProcessStream:
    """What flows from one node to another."""

    code: str
    """Once in a graph: `P01>P02`."""
    source: str
    """Code of the node that it leaves."""
    target: str
    """Code of the node that it enters."""
    carries: str = ""
    """What flows, such as 烧结矿."""
    medium: str = "process"
    """Of the code list `pipe_medium`."""
    feature_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ProcessGraph:
    """The process of one enterprise."""

    nodes: tuple[ProcessNode, ...]
    """In the order of the process."""
    streams: tuple[ProcessStream, ...]

    def node(self, code: str) -> ProcessNode:
        """Return the node of a code; raises KeyError."""
        for node in self.nodes:
            if node.code == code:
                return node
        raise KeyError(code)


@dataclass(frozen=True, slots=True)
class PlacedNode:
    """Where a node stands: its box."""

    code: str
    x: float
    """Middle of the box, layout units from the left."""
    y: float
    """Middle of the box, layout units from the bottom, upwards."""
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Route:
    """The way of a stream, from the border of its source to the border of its target."""

    code: str
    points: tuple[tuple[float, float], ...]
    """Corners, layout units, y upwards; the last is the arrow's tip."""
    label: tuple[float, float] | None = None
    """Middle of the words on what flows, where it has any."""


@dataclass(frozen=True, slots=True)
class ProcessLayout:
    """Where a graph is drawn."""

    width: float
    """Of the drawn part, which begins at (0, 0), layout units: millimetres where it was laid out here."""
    height: float
    nodes: tuple[PlacedNode, ...]
    """In the order of the graph's nodes."""
    routes: tuple[Route, ...]
    """In the order of the graph's streams."""
    text: float = 3.0
    """Height of a name, layout units."""

    def node(self, code: str) -> PlacedNode:
        """Return where a node stands; raises KeyError."""
        for node in self.nodes:
            if node.code == code:
                return node
        raise KeyError(code)


@dataclass(frozen=True, slots=True)
class StoredStream:
    """The way of a stream on its drawing, as it is stored."""

    points: tuple[tuple[float, float], ...]
    """Sheet units, y upwards."""
    label: tuple[float, float] | None
    """Middle of the words on what flows."""


@dataclass(frozen=True, slots=True)
class StoredProcess:
    """The process of one enterprise, as it is stored."""

    graph: ProcessGraph
    """Nodes and streams with their `feature_id`."""
    middles: tuple[tuple[float, float] | None, ...]
    """Where the middle of each node's box stands, sheet units, y upwards; in the order of the graph's nodes."""
    boxes: tuple[tuple[float, float] | None, ...]
    """Width and height of each symbol as it was drawn, where it is another's drawing; None of a box that is as large as its words need."""
    ways: tuple[StoredStream, ...]
    """In the order of the graph's streams."""
