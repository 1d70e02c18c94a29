"""The on-site checklist: every thing of the plant once, what the permit says of it, what is wrong with it; and its print."""

from pathlib import Path

import pytest
from city import DRAFTER, ENTERPRISE, found_city

from drawings.inspection.checklist import KINDS, Checklist, checklist
from drawings.inspection.printing import printed_checklist
from drawings.inspection.walk import walk
from drawings.sheets import proof
from drawings.sheets.batch import facts_of
from drawings.sheets.canvas import bound_pages
from drawings.sheets.printed import Printed, read_pages
from gis.models.sheet import SheetFacts
from gis.store.cluster import Urls
from gis.store.connect import driver_of, writing
from gis.store.permits import store_permit
from gis.store.problems import problems

PERMIT = {
    "permit_no": ENTERPRISE["source_code"],
    "valid_from": "2024-03-01",
    "valid_to": "2029-02-28",
    "management": "重点管理",
    "outlets": [
        {
            "code": "DA001", "name": "总排气筒", "class": "main", "way": "direct", "height_m": 60,
            "pollutants": [{"name": "颗粒物", "limit": {"value": 20, "unit": "mg/m³"}}],
        },
        {"code": "DW001", "class": "main", "way": "indirect", "receiving_water": "园区污水处理厂（示范）"},
        {"code": "DA009", "name": "图上没有的排气筒"},
    ],
}  # fmt: skip
Made = tuple[SheetFacts, Checklist]


@pytest.fixture(scope="module")
def made(module_database: Urls) -> Made:
    city = found_city(module_database.owner)
    with writing(city.engine, DRAFTER) as connection:
        store_permit(connection, city.enterprise_id, PERMIT)
        listed = problems(driver_of(connection), city.enterprise_id)
    facts = facts_of(module_database.reader, city.enterprise_id)
    return facts, checklist(facts, listed)


@pytest.fixture(scope="module")
def pages(made: Made) -> list[Printed]:
    return list(read_pages(bound_pages(printed_checklist(*made, "light", "http://127.0.0.1:8000"))))


def test_every_thing_is_looked_at_once(made: Made) -> None:
    facts, found = made
    wanted = sorted(feature.feature_id for kind in KINDS for feature in facts.of(kind))
    stopped = sorted(stop.thing.feature.feature_id for stop in found.stops if stop.thing)
    assert len(wanted) > 5
    # A monitor beside its outlet has no stop of its own.
    assert set(stopped) <= set(wanted)
    assert {feature.kind for feature in facts.features if feature.feature_id in set(wanted) - set(stopped)} <= {"monitoring_point"}
    assert [stop.number for stop in found.stops] == list(range(1, len(found.stops) + 1))
    assert all(stop.looks for stop in found.stops)


def test_the_permit_says_what_to_look_at(made: Made) -> None:
    stops = {stop.code: stop for stop in made[1].stops}
    air = [look.text for look in stops["DA001"].looks]
    assert "许可限值：颗粒物 20 mg/m³" in air
    assert any("排气筒 高 60 m" in text for text in air)
    assert any("间接排放 → 园区污水处理厂（示范）" in look.text for look in stops["DW001"].looks)
    papers = [look.text for look in made[1].stops[0].looks]
    assert any("2024-03-01 至 2029-02-28，管理类别 重点管理" in text for text in papers)
    assert not any("{" in look.text or "（CAS ）" in look.text for stop in made[1].stops for look in stop.looks)


def test_what_is_wrong_is_looked_at_where_it_is(made: Made) -> None:
    wrong = {(stop.code, look.basis) for stop in made[1].stops for look in stop.looks if look.problem}
    # What stands on no drawing is asked for with the papers, what is drawn at its place.
    assert ("", "问题清单 W208") in wrong
    assert any(code for code, basis in wrong if basis == "问题清单 E207")
    assert made[1].problems == sum(look.problem for stop in made[1].stops for look in stop.looks) > 1
    assert all(stop.looks[0].problem for stop in made[1].stops if any(look.problem for look in stop.looks))


def test_a_walk_is_untangled() -> None:
    square = [(0.0, 0.0), (100.0, 100.0), (100.0, 0.0), (0.0, 100.0)]
    order = walk(square, (-1.0, 0.0))
    assert order in ([0, 2, 1, 3], [0, 3, 1, 2])
    assert walk([], (0.0, 0.0)) == []


def test_the_print_shows_every_look(made: Made, pages: list[Printed]) -> None:
    text = "".join(page.text for page in pages)
    lost = [look.text for stop in made[1].stops for look in stop.looks if look.text.replace(" ", "") not in text]
    assert lost == []
    assert text.count("□是") == sum(len(stop.looks) for stop in made[1].stops)
    assert [issue.message for page in pages for check in (proof.overlaps, proof.small, proof.glyphs) for issue in check(page)] == []


def test_as_json(made: Made, tmp_path: Path) -> None:
    told = made[1].as_json()
    assert (told["enterprise"], told["code"]) == (ENTERPRISE["name"], ENTERPRISE["source_code"])
    assert "lon" not in told["stops"][0]
    assert 106 < told["stops"][1]["lon"] < 109
