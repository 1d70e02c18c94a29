"""The YAML form of symbols, lines and fills: strict, with errors that name file, place and remedy; its JSON schema helps editors."""

import json
import pathlib
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, field_validator, model_validator

from styles.shapes import AnyShape, Part, Shape, known_token, marks
from styles.symbol import GRID, MARGIN, Caption, Fill, Form3d, Hatch, Line, Look, Mark, Model, Pattern, Pen, Repeat, Size, State, Symbol

Words = Annotated[str, Field(min_length=1, max_length=80)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]


class LookSource(Part):
    """What a state changes."""

    under: list[Shape] = Field(default=[])
    over: list[Shape] = Field(default=[])
    recolour: dict[str, str] = Field(default={}, description="token → token; * for all that are not named")

    @field_validator("recolour")
    @classmethod
    def _tokens(cls, value: dict[str, str]) -> dict[str, str]:
        for one, other in value.items():
            known_token(None if one == "*" else one)
            known_token(other)
        return value

    def build(self) -> Look:
        """Return the look."""
        return Look(marks(self.under), marks(self.over), self.recolour)


class SizeSource(Part):
    """Side of the grid."""

    sheet: float = Field(default=5.0, ge=2, le=40, description="On paper, mm")
    web: float = Field(default=6.35, ge=3, le=25, description="On a screen, mm at 96 dpi (6.35 = 24 px)")


class ModelSource(Part):
    """How it stands in 3D."""

    form: Form3d
    height_m: float = Field(gt=0, le=100)
    material: str

    _material_token = field_validator("material")(known_token)


class _Named(Part):
    name_zh: Words
    name_en: Words
    basis: Words = Field(default="own", description="Standard and clause, or own")


class FrameSource(Part):
    """The ground that a family of symbols shares."""

    geometry: list[Shape]
    basis: Words = "own"


class SymbolSource(_Named):
    """One symbol on a grid of 24 × 24 units, y up."""

    group: Words
    frame: Id | None = Field(default=None, description="Ground of its family, styles/frames.yaml")
    frame_colour: str | None = Field(default=None, description="Token that takes the place of the frame's `ink`")
    anchor: tuple[float, float] = (12.0, 12.0)
    size_mm: SizeSource = SizeSource()
    geometry: list[AnyShape]
    states: dict[State, LookSource] = Field(default={}, description="Instead of styles/states.yaml")
    model3d: ModelSource | None = None

    _frame_token = field_validator("frame_colour")(known_token)

    @model_validator(mode="after")
    def _on_the_grid(self) -> "SymbolSource":
        for shape in self.geometry:
            built = shape.build()
            if isinstance(built, Mark):
                for x, y, _bulge in built.path.vertices:
                    if not (-MARGIN <= x <= GRID + MARGIN and -MARGIN <= y <= GRID + MARGIN):
                        raise ValueError(f"({x}, {y}) lies off the grid of {GRID} units and its margin of {MARGIN}")
        return self

    def build(self, name: str, frames: dict[str, FrameSource], states: dict[State, LookSource]) -> Symbol:
        """Return the symbol with its family's ground and the states that it does not say itself."""
        built = [shape.build() for shape in self.geometry]
        drawn = (*self._ground(name, frames), *(part for part in built if isinstance(part, Mark)))
        used = {token for mark in drawn for token in (mark.fill, mark.stroke) if token}
        return Symbol(
            id=name,
            name_zh=self.name_zh,
            name_en=self.name_en,
            basis=self.basis,
            group=self.group,
            anchor=self.anchor,
            size_mm=Size(self.size_mm.sheet, self.size_mm.web),
            marks=drawn,
            captions=tuple(part for part in built if isinstance(part, Caption)),
            states={state: look.build() for state, look in {**states, **self.states}.items()},
            model3d=Model(self.model3d.form, self.model3d.height_m, self.model3d.material) if self.model3d else None,
            sdf=len(used - {"paper", "white"}) == 1,
        )

    def _ground(self, name: str, frames: dict[str, FrameSource]) -> tuple[Mark, ...]:
        if self.frame is None:
            return ()
        if self.frame not in frames:
            raise ValueError(f"{name}: no frame {self.frame!r} in styles/frames.yaml; there are: {', '.join(frames)}")
        swap = {"ink": self.frame_colour or "ink"}
        return tuple(
            Mark(mark.path, swap.get(mark.fill or "", mark.fill), swap.get(mark.stroke or "", mark.stroke), mark.width, mark.round)
            for mark in marks(frames[self.frame].geometry)
        )


class PenSource(Part):
    """One stroke along the line, millimetres."""

    width_mm: float = Field(gt=0, le=5)
    colour: str
    dash_mm: list[Annotated[float, Field(ge=0)]] = Field(default=[])

    _colour_token = field_validator("colour")(known_token)

    @field_validator("dash_mm")
    @classmethod
    def _pairs(cls, value: list[float]) -> list[float]:
        if len(value) % 2 or (value and not sum(value[1::2])):
            raise ValueError("a dash is stroke, gap, stroke, gap …, with a gap somewhere")
        return value

    def build(self) -> Pen:
        """Return the pen."""
        return Pen(self.width_mm, self.colour, tuple(self.dash_mm))


class RepeatSource(Part):
    """Marks along the line, millimetres, +x in its direction."""

    every_mm: float = Field(gt=0)
    geometry: list[Shape] = Field(min_length=1)

    def build(self) -> Repeat:
        """Return the repetition."""
        return Repeat(self.every_mm, marks(self.geometry))


class LineSource(_Named):
    """One line style."""

    pens: list[PenSource] = Field(min_length=1)
    repeats: list[RepeatSource] = Field(default=[])

    def build(self, name: str) -> Line:
        """Return the line style of that id."""
        pens, repeats = tuple(pen.build() for pen in self.pens), tuple(repeat.build() for repeat in self.repeats)
        return Line(name, self.name_zh, self.name_en, self.basis, pens, repeats)


class HatchSource(Part):
    """Parallel lines, millimetres."""

    angle_deg: float
    step_mm: float = Field(gt=0)
    pen: PenSource
    shift_mm: float = 0.0

    def build(self) -> Hatch:
        """Return the hatch."""
        return Hatch(self.angle_deg, self.step_mm, self.pen.build(), self.shift_mm)


class PatternSource(Part):
    """Marks in cells, millimetres from the cell's lower left corner."""

    cell_mm: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]
    geometry: list[Shape] = Field(min_length=1)

    def build(self) -> Pattern:
        """Return the pattern."""
        return Pattern(self.cell_mm, marks(self.geometry))


class FillSource(_Named):
    """One fill style."""

    ground: str | None = None
    opacity: float = Field(default=1.0, gt=0, le=1)
    hatches: list[HatchSource] = Field(default=[])
    pattern: PatternSource | None = None
    outline: Id | None = Field(default=None, description="Line style of the outline")

    _ground_token = field_validator("ground")(known_token)

    def build(self, name: str) -> Fill:
        """Return the fill style of that id."""
        return Fill(
            id=name,
            name_zh=self.name_zh,
            name_en=self.name_en,
            basis=self.basis,
            ground=self.ground,
            opacity=self.opacity,
            hatches=tuple(hatch.build() for hatch in self.hatches),
            pattern=self.pattern.build() if self.pattern else None,
            outline=self.outline,
        )


class StyleSource(Part):
    """Which symbol, line and fill a kind or a type of it has."""

    symbol: Id
    line: Id | None = None
    fill: Id | None = None


What = Literal["symbol", "lines", "fills", "frames", "states", "kinds"]
FORMS: dict[What, TypeAdapter[Any]] = {
    "symbol": TypeAdapter(SymbolSource),
    "lines": TypeAdapter(dict[Id, LineSource]),
    "fills": TypeAdapter(dict[Id, FillSource]),
    "frames": TypeAdapter(dict[Id, FrameSource]),
    "states": TypeAdapter(dict[State, LookSource]),
    "kinds": TypeAdapter(dict[str, StyleSource]),
}
"""What a file holds → its form."""


def schema(what: What) -> dict[str, Any]:
    """Return the JSON schema of one of the files."""
    return FORMS[what].json_schema()


def write_schemas(folder: pathlib.Path) -> list[pathlib.Path]:
    """Write `<what>.json` for each kind of file into `folder`; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for what in FORMS:
        path = folder / f"{what}.json"
        path.write_text(json.dumps(schema(what), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return written
