"""The drawings of a plant by the norm: A site plan, C discharge and monitoring points, D surrounding risks."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from shapely.geometry import Point, Polygon

from demo.plant import Plant, Thing, Values
from demo.receptors import Receptor
from demo.sites import PlantSite
from drawings.composing import Caption, Composition, Curve, Symbol, compose
from gis.surroundings import AIR_REACH_M, NEAR_M

Sheet = Literal["A", "C", "D"]
TITLES: dict[Sheet, str] = {"A": "厂区平面图", "C": "污染物排放及监控点位图", "D": "周边风险点位图"}
WATCHING = ("QJ-M-CEMS", "QJ-M-WAT", "QJ-M-VIDEO", "QJ-M-POWER", "QJ-M-WORK", "QJ-M-MANUAL", "QJ-M-AMB")
"""Layers of the points that watch: on drawing C alone."""
SHARED = ("QJ-A-BOUND", "QJ-A-OUTLET", "QJ-A-TREAT", "QJ-A-UNIT")
"""Layers on drawing C beside those: the same features as on A."""
RECEPTORS = {
    "village": "QJ_VILLAGE",
    "residential": "QJ_RES",
    "school": "QJ_SCHOOL",
    "hospital": "QJ_HOSP",
    "intake": "QJ_INTAKE",
    "river": "QJ_RIVER",
}
RINGS_M = (NEAR_M, AIR_REACH_M)
"""Around the middle of the site."""
BANK_M = 12.0
"""Of the outlet at the river, from its middle towards the plant."""
LEVELS = ("COVER", "INVERT")
"""Tags whose values are heights above the site; on a drawing they are 1985 heights."""


def _values(site: PlantSite, thing: Thing, numbers: dict[str, int]) -> Values:
    values = dict(thing.values)
    for tag in LEVELS:
        if tag in values:
            values[tag] = round(site.base_1985_m + float(values[tag]), 2)
    if "MN" in values:
        numbers["MN"] = numbers.get("MN", 0) + 1
        # 24 characters (HJ 212-2017, 6.3.1): county, DE for the demo, the site and its device.
        values["MN"] = f"{site.county}DE{site.number + 1:08d}{numbers['MN']:08d}"
    return values


def _drawn(site: PlantSite, things: Iterable[Thing]) -> list[Curve | Symbol | Caption]:
    numbers: dict[str, int] = {}
    drawn: list[Curve | Symbol | Caption] = []
    for thing in things:
        points = tuple((*site.xy(u, v), bulge) for u, v, bulge in thing.points)
        if thing.form != "point":
            drawn.append(Curve(thing.layer, points, thing.form == "ring", thing.radius))
            drawn += [Curve(thing.layer, tuple((*site.xy(u, v), bulge) for u, v, bulge in hole)) for hole in thing.holes]
        if thing.block:
            at = site.xy(*thing.label) if thing.label else (points[0][0], points[0][1])
            drawn.append(Symbol(thing.layer, thing.block, at, _values(site, thing, numbers)))
    return drawn


def _frame(site: PlantSite, plant: Plant, sheet: Sheet) -> tuple[Caption, tuple[float, float]]:
    """Return the title above the plan and the place of the north arrow."""
    us, vs = [u for u, _, _ in plant.boundary], [v for _, v, _ in plant.boundary]
    title = Caption(f"{site.name}{TITLES[sheet]}", site.xy(0, max(vs) + 14), 5.0, site.turn_deg)
    return title, site.xy(max(us) + 18, max(vs) - 10)


def _receptor(one: Receptor, boundary: Polygon) -> Symbol:
    values: Values = {"CODE": one.code, "NAME": one.name, "DIST": round(boundary.distance(Point(one.east, one.north)))}
    values |= {"POP": one.people} if one.people else {}
    values |= {"CONTACT": one.contact, "PHONE": one.phone} if one.contact else {}
    return Symbol("QJ-R-RECEPTOR", RECEPTORS[one.kind], (one.east, one.north), values)


def _outfalls(site: PlantSite, plant: Plant, around: Iterable[Receptor]) -> list[Symbol]:
    """Return the outlets at the river of what is discharged directly."""
    river = next((one for one in around if one.kind == "river"), None)
    if river is None or not plant.direct_outlets:
        return []
    away = max(math.dist((river.east, river.north), (site.east, site.north)), 1.0)
    share = min(BANK_M / away, 0.5)
    at = round(river.east + (site.east - river.east) * share, 3), round(river.north + (site.north - river.north) * share, 3)
    values: Values = {"CODE": f"RH{site.number + 1:04d}", "NAME": f"{site.name}入河排污口", "KIND": site.river}
    values |= {
        "SRC": f"达市环审〔2019〕{site.number + 1}号（示范）",
        "PARENT": "、".join(str(outlet.values["CODE"]) for outlet in plant.direct_outlets),
    }
    return [Symbol("QJ-R-OUTLET", "QJ_RO", at, values)]


def sheets(
    site: PlantSite, plant: Plant, around: Sequence[Receptor], wanted: Sequence[Sheet] = ("A", "C", "D"), *, outfall: bool = True
) -> dict[str, bytes]:
    """Return the drawings of a plant, file name → DXF.

    Parameters
    ----------
    site : PlantSite
        Where it stands.
    plant : Plant
        What stands there.
    around : sequence of Receptor
        Its receptors.
    wanted : sequence of str
        Drawings to write.
    outfall : bool
        Whether the outlet at the river is drawn where there is one.
    """
    outline = Polygon([site.xy(u, v) for u, v, _ in plant.boundary])
    boundary = [thing for thing in plant.things if thing.layer == "QJ-A-BOUND"]
    own: dict[Sheet, list[Curve | Symbol | Caption]] = {
        "A": _drawn(site, [thing for thing in plant.things if thing.layer not in WATCHING]),
        "C": _drawn(site, [thing for thing in plant.things if thing.layer in WATCHING or thing.layer in SHARED]),
        "D": [
            *_drawn(site, boundary),
            *[Curve("QJ-R-RING", ((site.east, site.north, 0.0),), radius=radius) for radius in RINGS_M],
            *[_receptor(one, outline) for one in around],
            *(_outfalls(site, plant, around) if outfall else []),
        ],
    }
    own["A"] += [Caption(text.text, site.xy(*text.at), text.height, site.turn_deg + text.turn_deg) for text in plant.texts]
    found = {}
    for sheet in wanted:
        title, north = _frame(site, plant, sheet)
        found[f"{site.source_code}_{sheet}_v01.dxf"] = compose(Composition([*own[sheet], title], site.turn_deg, north))
    return found
