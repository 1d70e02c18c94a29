"""Processes: in which order an industry makes what of what, and where its exhaust, waste water and waste arise."""

from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gis.models.process import Upgrade

Flows = dict[str, str]
"""Name of a step → what flows."""
Ways = dict[str, str]
"""Name of a solid waste → where it goes; empty: hazardous waste, by way of the store to a licensed firm."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Vent(_Part):
    """Exhaust that comes from no production unit of the plan."""

    name: str
    poll: str
    to: str = ""
    """Name of the treatment; none: it leaves untreated."""


class Step(_Part):
    """One step of the process."""

    name: str
    units: list[str] = []
    """Names of the production units (MF) of the plan that do it."""
    carries: str = ""
    """What comes from the step before."""
    source: Flows | None = Field(default=None, alias="from")
    """The step before where not said, none where empty."""
    feeds: list[str] = Field(default=[], alias="in")
    """Raw materials."""
    out: list[str] = []
    """Products."""
    back: Flows = {}
    """To earlier steps."""
    gas: str = ""
    """What the exhaust of its units is called; from the step's name where not said."""
    water: str = ""
    """Pollutants of its waste water."""
    water_name: str = ""
    waste: Ways = {}
    vents: list[Vent] = []


class Raised(_Part):
    """What treatments of an industry were brought to of late, where the plant's history says so."""

    to: Upgrade
    treatments: list[str]


class Process(_Part):
    """The process of an industry."""

    steps: list[Step] = Field(min_length=2)
    """In their order; a step flows into the next."""
    feeds: dict[str, list[str]] = {}
    """Name of a treatment → what it takes."""
    residues: dict[str, Ways] = {}
    """Name of a treatment → what it leaves behind."""
    upgrade: Raised | None = None

    @model_validator(mode="after")
    def _steps_named(self) -> "Process":
        known: set[str] = set()
        for number, step in enumerate(self.steps):
            ends = {*(step.source or {}), *step.back}
            if ends - known or step.name in known or (step.carries and (step.source is not None or not number)):
                raise ValueError(f"step {step.name}: {sorted(ends - known)} come later or not at all, or its name or source is said twice")
            known.add(step.name)
        return self


@cache
def process(industry: str) -> Process:
    """Return the process of an industry.

    Raises
    ------
    FileNotFoundError
        There is none.
    """
    text = files("demo").joinpath("processes", f"{industry}.yaml").read_text(encoding="utf-8")
    return Process.model_validate(yaml.safe_load(text))
