"""What a symbol, a line and a fill are: data, read from YAML by `styles.source`, turned into drawing operations by `styles.ops`.

A symbol lies on a grid of 24 × 24 units, y up; its state marks reach 2 units beyond. Widths and heights of a symbol are in grid units, of a
line or a fill in millimetres on paper. Colours are names of `styles/palette.yaml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from styles.paths import Path, Point

GRID = 24
"""Units along a side of the grid."""
MARGIN = 2
"""Units around the grid that state marks may use; pictures of a symbol show the grid and this margin."""

State = Literal["normal", "alarm", "offline", "selected"]
STATES: tuple[State, ...] = get_args(State)
Align = Literal["left", "centre", "right"]
Form3d = Literal["prism", "pole", "cone", "billboard"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A path that is filled, stroked, or both (fill first)."""

    path: Path
    fill: str | None = None
    stroke: str | None = None
    width: float = 0.0
    round: bool = False
    """Round ends and corners; else cut ends and mitred corners."""


@dataclass(frozen=True, slots=True)
class Caption:
    """Where an attribute of the feature is written: on sheets and as a DXF ATTRIB, not in icons."""

    attribute: str
    """DXF ATTRIB tag: CODE, NAME, ELEV …"""
    at: Point
    """Middle of the text's height, at its left, centre or right."""
    height: float
    align: Align = "centre"
    colour: str = "ink"


@dataclass(frozen=True, slots=True)
class Look:
    """What a state changes."""

    under: tuple[Mark, ...] = ()
    over: tuple[Mark, ...] = ()
    recolour: Mapping[str, str] = field(default_factory=dict)
    """Token → token; `*` for all that are not named."""


@dataclass(frozen=True, slots=True)
class Size:
    """Side of the 24 × 24 grid."""

    sheet: float
    """On a printed sheet, millimetres."""
    web: float
    """On a screen, millimetres of 96 dpi: 1 px = 25.4 / 96 mm."""


@dataclass(frozen=True, slots=True)
class Model:
    """How the thing stands in 3D where it has no body of its own."""

    form: Form3d
    height_m: float
    material: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol."""

    id: str
    name_zh: str
    name_en: str
    basis: str
    """Standard and clause it follows, or `own`."""
    group: str
    """Heading in the legend and the handbook."""
    anchor: Point
    """The grid point that lies on the feature."""
    size_mm: Size
    marks: tuple[Mark, ...]
    captions: tuple[Caption, ...] = ()
    states: Mapping[State, Look] = field(default_factory=dict)
    model3d: Model | None = None
    sdf: bool = False
    """One colour on paper or white: a map may recolour it, paper and white left out."""

    @property
    def middle(self) -> Point:
        """Where the middle of the grid lies, seen from the anchor; grid units."""
        return GRID / 2 - self.anchor[0], GRID / 2 - self.anchor[1]


@dataclass(frozen=True, slots=True)
class Pen:
    """One stroke along the whole line."""

    width_mm: float
    colour: str
    dash_mm: tuple[float, ...] = ()
    """Stroke, gap, stroke, gap …; empty: continuous. A stroke of 0 is a dot of the pen's width."""

    @property
    def dotted(self) -> bool:
        """Whether it has dots, which need round ends."""
        return 0 in self.dash_mm[::2]


@dataclass(frozen=True, slots=True)
class Repeat:
    """Marks set along the line at even distances: arrows, ticks, crosses."""

    every_mm: float
    marks: tuple[Mark, ...]
    """In millimetres, origin on the line, +x in its direction."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line style: pens from below to above, then what is repeated along it."""

    id: str
    name_zh: str
    name_en: str
    basis: str
    pens: tuple[Pen, ...]
    repeats: tuple[Repeat, ...] = ()


@dataclass(frozen=True, slots=True)
class Hatch:
    """Parallel lines across an area."""

    angle_deg: float
    step_mm: float
    pen: Pen
    shift_mm: float = 0.0
    """Of the first line from the origin, across the lines."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Marks repeated over an area in a grid of cells."""

    cell_mm: Point
    marks: tuple[Mark, ...]
    """In millimetres from the cell's lower left corner."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill style: ground, hatches, marks; the outline is the line style `outline`."""

    id: str
    name_zh: str
    name_en: str
    basis: str
    ground: str | None = None
    opacity: float = 1.0
    """Of the ground, 0–1."""
    hatches: tuple[Hatch, ...] = ()
    pattern: Pattern | None = None
    outline: str | None = None

    @property
    def tiled(self) -> bool:
        """Whether it has hatches or a pattern, which other programs repeat as a tile."""
        return bool(self.hatches or self.pattern)


@dataclass(frozen=True, slots=True)
class Style:
    """How a kind of feature, or one type of it, is drawn: a point and a legend by its symbol, a line and an outline by its line."""

    symbol: Symbol
    line: Line | None = None
    fill: Fill | None = None
