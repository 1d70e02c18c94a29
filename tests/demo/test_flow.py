"""The process of every plant: whole, agreeing with its permit and its plan both ways, and drawn so that one can follow it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from demo.flow import amount, flow, table
from demo.geography import city
from demo.history import history
from demo.industry import industries
from demo.layout import lay_out
from demo.permits import permit
from demo.plant import Plant
from demo.process import Process, process
from demo.recipe import recipes
from demo.sites import sites
from drawings.process import checks
from drawings.process.elk import Elk
from drawings.process.layout import laid_out, shrunk
from drawings.process.paths import arisings
from drawings.process.table import graph_of
from gis.models.process import ProcessGraph
from gis.settings import Settings

SITES = sites(city(1), 30)
SITE = SITES[0][0]
PLANTS = [(industry, variant) for industry in recipes() for variant in range(3)]
DRAWN = ("QJ_MF", "QJ_TA", "QJ_TW", "QJ_DA", "QJ_DW")


def plant_of(industry: str, variant: int) -> Plant:
    return lay_out(industry, variant, 7, PLANTS.index((industry, variant)))


def permit_of(industry: str, plant: Plant) -> dict[str, Any]:
    return permit(replace(SITE, industry=industries()[industry]), plant, 1)


def said(graph: ProcessGraph) -> set[str]:
    names = {name for node in graph.nodes for name in (node.name, *node.name.split("、"))}
    return names | {stream.carries for stream in graph.streams}


@pytest.mark.parametrize(("industry", "variant"), PLANTS)
def test_every_process_is_whole_and_agrees_with_plan_and_permit(industry: str, variant: int) -> None:
    plant = plant_of(industry, variant)
    document = permit_of(industry, plant)
    graph = flow(industry, plant, document, "2022-05-06")
    read, issues = graph_of(table(graph, "表").decode())
    assert (read, issues) == (graph, [])
    on_plan = {str(thing.values["CODE"]): thing for thing in plant.things if thing.block in DRAWN}
    assert checks.check(graph) + checks.beside_plan(graph, on_plan) == []
    assert {code for node in graph.nodes for code in checks.unit_codes(node)} == on_plan.keys()
    named = {row["name"] for what in ("materials", "products", "wastes") for row in document[what] if row["name"] != "常空"}
    assert {part for name in named for part in name.split("、")} <= {part for name in said(graph) for part in name.split("、")}
    followed(graph, document)


def followed(graph: ProcessGraph, document: Mapping[str, Any]) -> None:
    """Check that what a unit emits goes the way that its permit says, to the outlet that its treatment has."""
    parents = {row["code"]: row["treatment"] for row in document["units"] if row["pollutants"]}
    ends = {row["code"]: set(row["serves"]) for row in document["facilities"]}
    gases = {code: one for one in arisings(graph) if one.source.code.startswith("G") for code in checks.unit_codes(one.source)}
    for unit, treatment in parents.items():
        reached = [node.code for node in gases[unit].treatments]
        assert reached == ([treatment] if treatment else [])
        assert gases[unit].ends[0].type == ("outlet" if treatment else "disposal")
        assert not treatment or unit in ends[treatment]
    waters = [one for one in arisings(graph) if one.source.code.startswith("W")]
    assert waters
    outlets = {row["code"] for row in document["outlets"] if row["medium"] == "water"}
    for one in waters:
        assert [node.code for node in one.treatments] == ["TW001"]
        assert {node.code for node in one.ends if node.type == "outlet"} == outlets


def test_what_history_tells_was_upgraded_is_so_and_else_not() -> None:
    found = set()
    for site, plant in SITES:
        events = history(site, plant, 1)
        day = next((event["date"] for event in events if event["kind"] == "upgrade"), "")
        raised = process(site.industry.key).upgrade
        graph = flow(site.industry.key, plant, permit(site, plant, 1), day)
        told = {(node.upgrade, node.upgraded_on) for node in graph.nodes if node.upgrade}
        assert told == ({(raised.to if day else "none", day)} if raised else set())
        found |= told
    assert {upgrade for upgrade, _ in found} >= {"none", "upgraded"}


@pytest.mark.parametrize("industry", ["steel", "pharma", "fluoride", "fertiliser", "pig_farm"])
def test_the_largest_and_a_small_one_are_legible_on_a3(industry: str) -> None:
    plant = plant_of(industry, 0)
    graph = flow(industry, plant, permit_of(industry, plant))
    with Elk(Settings().web_dir) as elk:
        layout = laid_out(graph, elk.lay_out)
    assert checks.picture_issues(layout) == []
    assert shrunk(layout) > 0.7


def test_amounts_are_said_as_people_say_them() -> None:
    assert (amount(126_000), amount(9_990), amount(850.0)) == ("12.6 万 t/a", "9990 t/a", "850 t/a")


def test_a_process_that_goes_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="come later"):
        Process.model_validate({"steps": [{"name": "甲"}, {"name": "乙", "back": {"丙": "丁"}}]})
