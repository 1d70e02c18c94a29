"""What there is to discover: violations put into the city on purpose, each marked here and found by nothing but the checks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from demo.plant import Plant, Thing
from demo.sites import PlantSite

Document = dict[str, Any]
ONLINE = ("QJ_CEMS", "QJ_WATER_ONLINE")
UNDRAWN = {"code": "DA099", "name": "备用锅炉废气排放口", "medium": "air", "class": "general", "way": "direct", "pollutants": []}


@dataclass(frozen=True, slots=True)
class Discovery:
    """One violation on one plant."""

    industry: str
    serial: int
    """Of the plant within its industry, from 0: where it stands in the order does not hang on the size of the city."""
    code: str
    """Of the finding."""
    how: str
    note: str


@cache
def discoveries() -> tuple[Discovery, ...]:
    """Return everything that there is to discover."""
    rows = yaml.safe_load(files("demo").joinpath("discoveries.yaml").read_text(encoding="utf-8"))
    return tuple(Discovery(**row) for row in rows)


def of_plant(plant: Plant) -> Iterator[Discovery]:
    """Yield what there is to discover on a plant."""
    return (one for one in discoveries() if (one.industry, one.serial) == (plant.industry, plant.variant))


def _first(plant: Plant, keep: Callable[[Thing], bool]) -> Thing:
    return next(thing for thing in plant.things if keep(thing))


def _online(thing: Thing) -> bool:
    return thing.block in ONLINE


def _air(thing: Thing) -> bool:
    return thing.block == "QJ_DA"


def _without(plant: Plant, gone: Thing) -> Plant:
    return replace(plant, things=tuple(thing for thing in plant.things if thing is not gone))


def _saying(plant: Plant, thing: Thing, **values: str) -> Plant:
    """Return a plant of which one thing says something else; an empty value says nothing."""
    said = {tag: value for tag, value in {**thing.values, **values}.items() if value != ""}
    return replace(plant, things=tuple(replace(thing, values=said) if one is thing else one for one in plant.things))


def _regraded(plant: Plant) -> Plant:
    main = _first(plant, lambda thing: thing.values.get("KIND") == "main" and thing.block in ("QJ_DA", "QJ_DW"))
    return _saying(plant, main, KIND="general")


def _unwatched(plant: Plant) -> Plant:
    return _without(plant, _first(plant, _online))


def _unnumbered(plant: Plant) -> Plant:
    return _saying(plant, _first(plant, _online), MN="")


def _untreated(plant: Plant) -> Plant:
    return _saying(plant, _first(plant, _air), PARENT="")


DRAWN: dict[str, Callable[[Plant], Plant]] = {
    "unwatched": _unwatched,
    "unnumbered": _unnumbered,
    "untreated": _untreated,
    "regraded": _regraded,
}
"""How → what is drawn instead of the plant as it is."""


def _unpermitted(document: Document) -> Document:
    last = [row["code"] for row in document["outlets"] if row["medium"] == "air"][-1]
    return {**document, "outlets": [row for row in document["outlets"] if row["code"] != last]}


def _undrawn(document: Document) -> Document:
    return {**document, "outlets": [*document["outlets"], UNDRAWN]}


PERMITTED: dict[str, Callable[[Document], Document]] = {"unpermitted": _unpermitted, "undrawn": _undrawn}
"""How → what the permit says instead of all that stands there."""


def drawn(plant: Plant) -> Plant:
    """Return a plant as it is drawn: with what there is to discover."""
    shown = plant
    for one in of_plant(plant):
        if one.how in DRAWN:
            shown = DRAWN[one.how](shown)
    return shown


def permitted(plant: Plant, document: Document) -> Document:
    """Return a permit as it was granted: with what there is to discover."""
    for one in of_plant(plant):
        if one.how in PERMITTED:
            document = PERMITTED[one.how](document)
    return document


def has_outfall(plant: Plant) -> bool:
    """Say whether the outlet at the river of a direct discharge is drawn."""
    return all(one.how != "outfall" for one in of_plant(plant))


def intended(site: PlantSite, plant: Plant) -> list[Document]:
    """Return what there is to discover at a site, ready for JSON."""
    return [{"source_code": site.source_code, "code": one.code, "note": one.note} for one in of_plant(plant)]
