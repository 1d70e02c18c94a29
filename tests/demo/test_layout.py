"""Every recipe laid out: what an inspector would look for first."""

import itertools
import math
import re

import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon

from demo.drains import FALL
from demo.layout import lay_out
from demo.plant import Plant, Thing
from demo.recipe import recipe, recipes

SOLID = ("QJ-A-BLDG", "QJ-A-TANK", "QJ-A-UNDER")
INSIDE = (*SOLID, "QJ-A-UNIT", "QJ-A-TREAT", "QJ-A-STORE", "QJ-A-HW", "QJ-A-GREEN", "QJ-A-EMERG")
PLANTS = [(industry, variant) for industry in recipes() for variant in range(3)]
every = pytest.mark.parametrize(("industry", "variant"), PLANTS)


def plant_of(industry: str, variant: int) -> Plant:
    return lay_out(industry, variant, 7, PLANTS.index((industry, variant)))


def area(thing: Thing) -> Polygon:
    if thing.form == "circle":
        return Point(thing.points[0][:2]).buffer(thing.radius, quad_segs=16)
    return Polygon([point[:2] for point in thing.points], [[point[:2] for point in hole] for hole in thing.holes])


def outline(plant: Plant) -> Polygon:
    return Polygon([point[:2] for point in plant.boundary])


def bottom(thing: Thing) -> float:
    return float(thing.values.get("BASE", 0.0)) - (float(thing.values.get("DEPTH", 0.0)) if thing.layer == "QJ-A-UNDER" else 0.0)


def solids(plant: Plant) -> list[Thing]:
    return [thing for thing in plant.things if thing.layer in SOLID]


@every
def test_nothing_overlaps(industry: str, variant: int) -> None:
    things = solids(plant_of(industry, variant))
    assert 10 <= len(things) <= 60
    for one, other in itertools.combinations(things, 2):
        assert area(one).intersection(area(other)).area < 0.01, (one.values, other.values)


@pytest.mark.parametrize("variant", range(3))
def test_waste_is_no_water(variant: int) -> None:
    assert {thing.block for thing in plant_of("landfill", variant).things if str(thing.values.get("NAME", "")).startswith("填埋一区")} == {
        "QJ_STRUCT",
        "QJ_MF",
    }


@every
def test_everything_lies_inside_the_boundary(industry: str, variant: int) -> None:
    plant = plant_of(industry, variant)
    site = outline(plant)
    assert site.is_valid
    assert site.exterior.is_ccw
    for thing in plant.things:
        if thing.layer in INSIDE and thing.form in ("ring", "circle"):
            assert site.buffer(0.01).contains(area(thing)), thing


@every
def test_codes_are_unique_and_of_the_right_form(industry: str, variant: int) -> None:
    plant = plant_of(industry, variant)
    codes = [(thing.block, thing.values["CODE"]) for thing in plant.things if thing.values.get("CODE")]
    assert len(codes) == len(set(codes))
    forms = {"QJ_MF": r"MF\d{4}", "QJ_TA": r"TA\d{3}", "QJ_TW": r"TW\d{3}", "QJ_DA": r"DA\d{3}", "QJ_DW": r"DW\d{3}", "QJ_YS": r"YS\d{3}"}
    for block, code in codes:
        if block in forms:
            assert re.fullmatch(forms[block], str(code))


@every
def test_main_outlets_are_monitored_and_treated(industry: str, variant: int) -> None:
    plant = plant_of(industry, variant)
    watched = {thing.values.get("PARENT") for thing in plant.things if thing.block in ("QJ_CEMS", "QJ_WATER_ONLINE")}
    facilities = {thing.values["CODE"] for thing in plant.things if thing.block in ("QJ_TA", "QJ_TW")}
    for thing in plant.things:
        if thing.block in ("QJ_DA", "QJ_DW"):
            assert thing.values["PARENT"] in facilities
            assert thing.values["KIND"] != "main" or thing.values["CODE"] in watched
    # What a unit sends somewhere arrives at a facility that is there.
    for thing in plant.things:
        if thing.block == "QJ_MF" and "PARENT" in thing.values:
            assert thing.values["PARENT"] in facilities


@every
def test_drains_run_downhill_to_treatment_and_outlet(industry: str, variant: int) -> None:
    plant = plant_of(industry, variant)
    for layer, medium in (("QJ-P-SEW", "sewage"), ("QJ-P-RAIN", "rain")):
        lines = [[point[:2] for point in thing.points] for thing in plant.things if thing.layer == layer]
        wells = {thing.points[0][:2]: thing.values for thing in plant.things if thing.block == "QJ_WELL" and thing.values["KIND"] == medium}
        assert wells
        for line in lines:
            along = LineString(line)
            on = sorted(
                (along.project(Point(at)), float(values["INVERT"])) for at, values in wells.items() if along.distance(Point(at)) < 0.01
            )
            for (first, high), (then, low) in itertools.pairwise(on):
                assert high - low == pytest.approx(FALL * (then - first), abs=0.021)
        assert all(float(values["INVERT"]) <= -0.88 for values in wells.values())
        ends = {line[-1] for line in lines}
        starts = {point for line in lines for point in line[:-1]}
        bodies = shapely.union_all([area(thing) for thing in solids(plant)])
        outlets = [thing.points[0][:2] for thing in plant.things if thing.block in ("QJ_DW", "QJ_YS")]
        for end in ends:
            # A drain ends where another runs on, at a pond or house of the treatment, or at an outlet.
            assert end in starts or bodies.distance(Point(end)) < 0.01 or min(math.dist(end, at) for at in outlets) < 0.01


@every
def test_a_plant_has_what_every_plant_has(industry: str, variant: int) -> None:
    plant = plant_of(industry, variant)
    layers = {thing.layer for thing in plant.things}
    assert {
        "QJ-A-BOUND",
        "QJ-A-BLDG",
        "QJ-A-ROAD",
        "QJ-A-WALL",
        "QJ-A-GREEN",
        "QJ-A-OUTLET",
        "QJ-P-RAIN",
        "QJ-M-AMB",
        "QJ-A-UNIT",
    } <= layers
    assert any(thing.values.get("NAME") == "门卫室" for thing in plant.things)
    assert bool(recipe(industry).emergency) == any(thing.block == "QJ_POOL" for thing in plant.things)
    assert (recipe(industry).hazardous is not None) <= any(thing.block == "QJ_HW" for thing in plant.things)


def test_the_same_arguments_give_the_same_plant_and_no_two_are_alike() -> None:
    shapes = set()
    for number, industry in enumerate(recipes() * 3):
        plant = lay_out(industry, number, 3, number)
        assert plant == lay_out(industry, number, 3, number)
        shapes.add((len(plant.things), round(outline(plant).area, 1)))
    assert len(shapes) == 3 * len(recipes())


def test_there_are_three_arrangements_an_industry() -> None:
    assert len(recipes()) == 27
    for industry in recipes():
        rows = [tuple(tuple(row) for row in variant.rows) for variant in recipe(industry).variants]
        assert len(set(rows)) == len(rows) >= 3
