"""Air by HJ 633, water by GB 3838: the tables, what a day and a month need, and the same out of stored hours."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from city import City, found_city
from serving import serving
from typer.testing import CliRunner

from gis.clock import BEIJING
from gis.quality_cli import app
from gis.rules.air_quality import OZONE, of_day, of_hour, part_index, rules
from gis.rules.water_quality import WORSE, classified, factor_class
from gis.store import readings as store
from gis.store.cluster import Urls
from gis.store.connect import Actor, writing_plainly

OLD, NEW = rules()
DAY = date(2025, 1, 10)
# Published days of Shanghai, January 2013 (old tables): PM2.5 by the day's bulletin, µg/m³ → IAQI.
BULLETIN = {115: 150, 75: 100, 35: 50, 76: 102, 180: 230, 500: 500, 620: 500, 0: 0}


def test_indices_bend_where_the_standard_says_and_are_rounded_up() -> None:
    scale = OLD.scales["day"]["a34004"]
    assert {value: part_index(value, scale) for value in BULLETIN} == BULLETIN
    assert part_index(67, NEW.scales["day"]["a34004"]) == 107
    assert part_index(475.0, OLD.scales["day"]["a21026"]) == 150
    assert part_index(900.0, OLD.scales["day"][OZONE]) is None
    assert part_index(900.0, NEW.scales["day"][OZONE]) == 300
    assert part_index(900.0, NEW.scales["hour"]["a21026"]) == 200
    assert part_index(float("nan"), scale) is part_index(-1.0, scale) is None


@pytest.mark.parametrize("rule", rules())
def test_indices_never_fall_as_concentrations_rise(rule: "type[rules]") -> None:
    for scales in rule.scales.values():  # type: ignore[attr-defined]
        for scale in scales.values():
            found = [part_index(scale.at[-1] * step / 400, scale) for step in range(401)]
            assert found == sorted(found)
            assert found[0] == 0


def test_an_hour_names_its_primary_pollutants_only_where_the_air_is_not_good() -> None:
    good = of_hour({"a34004": 30.0, "a21004": 40.0}, DAY)
    assert (good.index, good.grade, good.label, good.primary) == (43, 1, "优", ())
    assert good.missing == ("a21026", "a34002", OZONE, "a21005")
    bad = of_hour({"a34004": 115.0, "a34002": 250.0, OZONE: 100.0}, DAY)
    assert (bad.index, bad.grade, bad.primary) == (150, 3, ("a34002", "a34004"))
    assert of_hour({}, DAY).index is None


def test_a_day_needs_twenty_hours_and_ozone_its_eight_hour_means() -> None:
    ozone = [40.0] * 10 + [180.0] * 8 + [40.0] * 6
    full = of_day({"a34004": [90.0] * 20 + [None] * 4, OZONE: ozone}, DAY)
    assert full.parts["a34004"].index == 119
    assert (full.parts[OZONE].concentration, full.parts[OZONE].index) == (180.0, 119)
    assert full.primary == ("a34004", OZONE)
    short = of_day({"a34004": [90.0] * 19 + [None] * 5, OZONE: [100.0] * 12 + [None] * 12}, DAY)
    assert short.index is None
    assert short.missing[-2:] == (OZONE, "a21005")
    # Above the limit it counts, however few there are.
    assert of_day({OZONE: [200.0] * 12 + [None] * 12}, DAY).index == 137


def test_the_class_of_water_is_the_worst_that_one_factor_makes() -> None:
    means = {"w01001": 7.6, "w01009": 6.4, "w01019": 3.1, "w21003": 1.3, "w21011": 0.26, "w01010": 31.0, "w21001": 3.0}
    found = classified(means, 3)
    assert (found.label, found.deciding, found.met) == ("Ⅳ", ("w21003", "w21011"), False)
    assert found.exceeding == {"w21003": 0.3, "w21011": 0.3}
    assert set(found.parts) == {"w01001", "w01009", "w01019", "w21003", "w21011"}
    assert classified({"w01001": 9.5, "w01009": 1.0}, 3).exceeding == {"w01001": 0.0, "w01009": 0.0}
    assert classified({"w01010": 20.0}).number is None
    assert classified({"w21011": 0.02}).label == "Ⅰ"
    # Mercury comes in µg/L.
    assert (factor_class("w20111", 0.08), factor_class("w20111", 2.0), factor_class("w21003", 2.01)) == (3, WORSE, WORSE)


AIR_MN, WATER_MN = "A00000000000000000000001", "A220582_0001"


@pytest.fixture
def stations(database: Urls) -> City:
    city = found_city(database.owner, drawing=None)
    at = "SRID=4490;POINT(107.5 31.2)"
    city.rows("INSERT INTO air_stations (code, name, station_class, mn, geom) VALUES ('KQ01', '市政中心', 'national', %s, %s)", AIR_MN, at)
    city.rows(
        "INSERT INTO water_stations (code, name, station_class, river, target_class, mn, geom) "
        "VALUES ('SZ01', '车家河断面', 'national', '州河', 'Ⅲ', %s, %s)",
        WATER_MN,
        at,
    )
    begin = datetime(2026, 4, 2, tzinfo=BEIJING)
    with writing_plainly(city.url, Actor("test", "readings")) as connection:
        points = store.points(connection)
        assert {mn: point.kind for mn, point in points.items()} == {AIR_MN: "air_station", WATER_MN: "water_station"}
        store.make_month(connection, begin)
        rest = (None,) * 6
        sent = [(AIR_MN, "a34004", 80.0, 24), (AIR_MN, "a34002", 90.0, 24), (WATER_MN, "w21003", 1.2, 40), (WATER_MN, "w01009", 8.0, 40)]
        rows = [
            (points[mn].point_id, "hour", factor, begin + timedelta(hours=hour), value, *rest, "N", None, 1, begin)
            for mn, factor, value, hours in sent
            for hour in range(hours)
        ]
        store.write(connection, [*rows, (points[AIR_MN].point_id, "hour", "a21026", begin, 9e3, *rest, "D", None, 1, begin)])
    return city


def test_stored_hours_make_the_day_of_a_station_and_the_month_of_a_section(
    stations: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANJING_DATABASE_URL", stations.url)
    run = CliRunner()
    (air,) = json.loads(run.invoke(app, ["air", "2026-04-02", "--json"]).output)
    # The tables of 2026: 115 µg/m³ is 150, 60 is 100.
    assert (air["index"], air["label"], air["primary"], air["hours"][5]) == (119, "轻度污染", ["PM2.5"], 119)
    assert air["missing"] == ["SO₂", "NO₂", "O₃", "CO"]
    shown = run.invoke(app, ["water", "2026-04"])
    assert shown.exit_code == 1
    assert "Ⅳ" in shown.output
    assert "氨氮 超标 0.2 倍" in shown.output
    assert "国考" in shown.output
    assert run.invoke(app, ["water", "2026-05"]).exit_code == 0
    with serving(stations.url, tmp_path / "data") as address, httpx.Client(base_url=address) as client:
        assert client.get("/api/quality/air", params={"day": "2026-04-02"}).json()["stations"] == [air]
        (section,) = client.get("/api/quality/water", params={"month": "2026-04"}).json()["sections"]
        assert (section["class"], section["met"], section["means"]["氨氮"]) == ("Ⅳ", False, {"mean": 1.2, "hours": 40})
        assert client.get("/api/quality/water", params={"month": "April"}).status_code == 400
        assert client.get("/api/quality/air").json()["stations"][0]["index"] is None
