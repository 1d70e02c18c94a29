"""Recipes: what a plant of an industry is made of, and in which order its zones stand."""

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

Span = Annotated[list[float], Field(min_length=2, max_length=2)]
Count = int | Annotated[list[int], Field(min_length=2, max_length=2)]
Form = Literal["building", "tank", "silo", "tower", "stack", "pond", "struct", "under", "yard", "farm"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Unit(_Part):
    """A production unit (MF) inside a body."""

    name: str
    kind: str = ""
    """The process."""
    poll: str = ""
    to: str = ""
    """Name of the treatment in another body that its exhaust is led to."""


class Air(_Part):
    """Treatment of a body's exhaust and the stack that it leaves by."""

    ta: str
    how: str = ""
    poll: str
    stack: Span = [15, 20]
    """Height, metres."""
    dia: Span = [0.6, 1.2]
    size: Span = [5, 4]
    """Of the treatment device, metres."""
    tower: bool = False
    """A scrubber, round; else a box."""
    main: bool = False
    """A main outlet: it has online monitoring."""
    name: str = ""


class Store(_Part):
    """What is kept in a body."""

    type: Literal["raw", "product", "hazardous", "general"]
    kind: str
    cap: Span | None = None
    """Tonnes."""
    cas: str = ""


class Item(_Part):
    """One body, or a row of the same."""

    form: Form = "building"
    name: str
    size: Span | None = None
    """Width and depth, metres; about."""
    dia: Span | None = None
    h: Span = [6, 8]
    depth: float = 0.0
    base: float | None = None
    storeys: int = 1
    roof: str = "flat"
    use: str = "生产"
    shape: Literal["box", "L", "U", "court"] = "box"
    n: Count = 1
    """How many; none at 0."""
    kind: str = ""
    """Medium, or purpose of a structure."""
    units: list[Unit] = []
    air: Air | None = None
    store: Store | None = None
    wet: bool = False
    """Has waste water."""
    tanks: list["Item"] = []
    """Of a farm."""
    cas: str = ""
    cap: Span | None = None


class Zone(_Part):
    """A plot between roads."""

    label: str
    items: list[Item]
    gap: float = 6.0
    """Between bodies, metres."""
    rack: bool = False
    """A pipe rack runs through it."""


class Water(_Part):
    """The plant's own waste-water treatment, in the order of the flow."""

    name: str = "污水处理站"
    how: str
    poll: str
    way: Literal["direct", "indirect", "none"] = "indirect"
    main: bool = False
    ponds: list[Item]
    house: Span = [14, 9]
    code_name: str = "废水总排放口"


class Variant(_Part):
    """One arrangement: rows of zones from the gate to the low side; the last zone of the last row is `env`."""

    rows: list[list[str]]
    ring: bool = True
    """Whether a road runs around; else a green strip."""


class Recipe(_Part):
    """A plant of one industry."""

    zones: dict[str, Zone]
    env: list[Item] = []
    """What stands beside the water treatment, besides what every plant has."""
    water: Water | None = None
    variants: list[Variant] = Field(min_length=3)
    emergency: Span | None = [12, 9]
    """Size of the emergency pond; none where there is nothing to spill."""
    hazardous: str | None = "废矿物油（HW08）、废包装物（HW49）"
    groundwater: bool = False
    """Whether groundwater is watched."""

    @model_validator(mode="after")
    def _zones_named(self) -> "Recipe":
        for variant in self.variants:
            named = [zone for row in variant.rows for zone in row]
            if sorted(named) != sorted([*self.zones, "env"]) or variant.rows[-1][-1] != "env":
                raise ValueError(f"rows {variant.rows} do not name each zone once, env last")
        return self


@cache
def recipes() -> tuple[str, ...]:
    """Return the keys of all industries that have a recipe."""
    folder = files("demo").joinpath("recipes")
    return tuple(sorted(path.name.removesuffix(".yaml") for path in folder.iterdir() if path.name.endswith(".yaml")))


@cache
def recipe(industry: str) -> Recipe:
    """Return the recipe of an industry.

    Raises
    ------
    FileNotFoundError
        There is none.
    """
    text = files("demo").joinpath("recipes", f"{industry}.yaml").read_text(encoding="utf-8")
    return Recipe.model_validate(yaml.safe_load(text))
