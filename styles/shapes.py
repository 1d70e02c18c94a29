"""The YAML form of primitives: line, arc, polyline, polygon, circle, text; each becomes a `Mark` or a `Caption`."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from styles.palette import palette
from styles.paths import Path, Vertex, arc, circle
from styles.symbol import Align, Caption, Mark

WIDTH = 1.5
"""Stroke width where none is given, grid units: one pixel at 16 px, 0.3 mm at 5 mm."""


def known_token(name: str | None) -> str | None:
    """Return a colour token's name; ValueError where `styles/palette.yaml` has no such token."""
    if name is not None and name not in palette():
        raise ValueError(f"no colour token {name!r} in styles/palette.yaml; there are: {', '.join(palette())}")
    return name


Corner = tuple[float, float] | tuple[float, float, float]


class Part(BaseModel):
    """A part of a file: unknown words are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Paint(Part):
    stroke: str | None = Field(default=None, description="Colour token of the stroke")
    width: float | None = Field(default=None, gt=0, description=f"Stroke width; {WIDTH} where not given")
    round: bool = Field(default=False, description="Round ends and corners")

    _stroke_token = field_validator("stroke")(known_token)

    def mark(self, path: Path, fill: str | None = None) -> Mark:
        """Return what is drawn."""
        if fill is None and self.stroke is None:
            raise ValueError("has neither fill nor stroke")
        return Mark(path, fill, self.stroke, (self.width or WIDTH) if self.stroke else 0.0, self.round)


class LineShape(_Paint):
    """A straight line."""

    line: tuple[float, float, float, float] = Field(description="x1, y1, x2, y2")

    def build(self) -> Mark:
        """Return what is drawn."""
        x1, y1, x2, y2 = self.line
        return self.mark(Path(((x1, y1, 0.0), (x2, y2, 0.0))))


class ArcShape(_Paint):
    """A circular arc, counter-clockwise."""

    arc: tuple[float, float, float, float, float] = Field(description="x, y, radius, from, to (degrees, 0 = right)")

    def build(self) -> Mark:
        """Return what is drawn."""
        x, y, radius, start, end = self.arc
        return self.mark(arc((x, y), radius, start, end))


class _Filled(_Paint):
    fill: str | None = Field(default=None, description="Colour token of the area")

    _fill_token = field_validator("fill")(known_token)


class PolylineShape(_Paint):
    """A polyline; a third number is the bulge of the piece to the next point."""

    polyline: list[Corner] = Field(min_length=2, description="[x, y] or [x, y, bulge]")

    def build(self) -> Mark:
        """Return what is drawn."""
        return self.mark(Path(_vertices(self.polyline)))


class PolygonShape(_Filled):
    """A closed polyline."""

    polygon: list[Corner] = Field(min_length=2, description="[x, y] or [x, y, bulge]")

    def build(self) -> Mark:
        """Return what is drawn."""
        return self.mark(Path(_vertices(self.polygon), closed=True), self.fill)


class CircleShape(_Filled):
    """A circle."""

    circle: tuple[float, float, float] = Field(description="x, y, radius")

    def build(self) -> Mark:
        """Return what is drawn."""
        x, y, radius = self.circle
        return self.mark(circle((x, y), radius), self.fill)


class TextShape(Part):
    """An attribute of the feature, written."""

    text: str = Field(pattern="^[A-Z][A-Z0-9]*$", description="ATTRIB tag")
    at: tuple[float, float]
    height: float = Field(gt=0)
    align: Align = "centre"
    colour: str = "ink"

    _colour_token = field_validator("colour")(known_token)

    def build(self) -> Caption:
        """Return what is written."""
        return Caption(self.text, self.at, self.height, self.align, self.colour)


def _vertices(corners: list[Corner]) -> tuple[Vertex, ...]:
    return tuple((corner[0], corner[1], corner[2] if len(corner) == 3 else 0.0) for corner in corners)


SHAPES = ("line", "arc", "polyline", "polygon", "circle", "text")


def _which(value: Any) -> str | None:
    if isinstance(value, dict):
        named = [shape for shape in SHAPES if shape in value]
        return named[0] if len(named) == 1 else None
    return next((shape for shape in SHAPES if hasattr(value, shape)), None)


Drawn = (
    Annotated[LineShape, Tag("line")]
    | Annotated[ArcShape, Tag("arc")]
    | Annotated[PolylineShape, Tag("polyline")]
    | Annotated[PolygonShape, Tag("polygon")]
    | Annotated[CircleShape, Tag("circle")]
)
_ONE_OF = {"custom_error_type": "one_shape", "custom_error_message": f"a primitive has exactly one of {', '.join(SHAPES)}"}
Shape = Annotated[Drawn, Discriminator(_which, **_ONE_OF)]
AnyShape = Annotated[Drawn | Annotated[TextShape, Tag("text")], Discriminator(_which, **_ONE_OF)]


def marks(shapes: list[Any]) -> tuple[Mark, ...]:
    """Return what primitives other than text become."""
    return tuple(shape.build() for shape in shapes)
