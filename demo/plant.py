"""A plant as laid out: what stands, lies and runs inside its boundary, in local metres."""

from dataclasses import dataclass, field
from typing import Literal

Values = dict[str, str | int | float]
"""Attribute tag of a block → value."""
Vertex = tuple[float, float, float]
"""u (east of the middle of the site), v (north of it), metres, and the bulge of the segment that begins here (0 straight, as in DXF)."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One drawn thing, before it is turned and moved to its place."""

    layer: str
    """Layer of the norm (`drawings/norm.yaml`)."""
    form: Literal["ring", "circle", "line", "point"]
    points: tuple[Vertex, ...]
    """Ring and line: the vertices. Circle and point: the centre alone."""
    radius: float = 0.0
    """Of a circle, metres."""
    block: str | None = None
    """Label block of the norm; None for what a layer alone says (roads, green, walls, pipes)."""
    values: Values = field(default_factory=dict)
    """Attribute tag of the block → value: `CODE`, `NAME`, `HEIGHT`, `KIND` …"""
    label: tuple[float, float] | None = None
    """Where the label block stands (u, v); None: a point's own place, or a point inside the outline."""
    holes: tuple[tuple[Vertex, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text on the drawing (layer QJ-X-TEXT)."""

    text: str
    at: tuple[float, float]
    height: float = 2.0
    """Metres."""
    turn_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Plant:
    """A plant laid out."""

    industry: str
    variant: int
    boundary: tuple[Vertex, ...]
    """Ring, anticlockwise."""
    things: tuple[Thing, ...]
    texts: tuple[Text, ...] = ()
    gate: tuple[float, float] = (0.0, 0.0)
    """Middle of the main gate on the boundary."""
    low_side: tuple[float, float] = (0.0, -1.0)
    """Unit vector in which the ground falls: drains run there."""

    @property
    def direct_outlets(self) -> tuple[Thing, ...]:
        """Outlets of water that lead into a river, not into somebody's sewage works."""
        return tuple(thing for thing in self.things if thing.block == "QJ_DW" and thing.values.get("WAY") == "direct")
