"""Who is in the zones of an accident: found in a real store, now and as of then, over HTTP and on the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from city import City, found_city
from serving import serving
from typer.testing import CliRunner

from gis.accident_cli import app
from gis.store.cluster import Urls

AT = (107.5, 31.2)
RECEPTOR = """INSERT INTO receptors (enterprise_id, name, receptor_type, population, contact, phone, geom)
    VALUES (%s, %s, %s, %s, '王某', '0818-0000000', ST_SetSRID(ST_MakePoint(%s, %s), 4490))"""
RIVER = "INSERT INTO rivers (name, geom) VALUES ('州河', ST_GeomFromText('LINESTRING(107.49 31.2, 107.5 31.2, 107.6 31.2)', 4490))"


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    city = found_city(module_database.owner, drawing=None)
    rows = [("东村", "village", 320, 0.004, 0.0), ("东村", "village", 330, 0.0042, 0.0), ("远镇", "residential", 5000, 0.03, 0.0)]
    rows += [("西校", "school", None, -0.003, 0.0), ("下游取水口", "intake", None, 0.05, 0.0005)]
    with psycopg.connect(module_database.owner) as connection:
        for name, type_, people, east, north in rows:
            connection.execute(RECEPTOR, (city.enterprise_id, name, type_, people, AT[0] + east, AT[1] + north))
        connection.execute(RIVER)
    return city


@pytest.fixture(scope="module")
def client(city: City, module_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with serving(module_database.reader, tmp_path_factory.mktemp("data")) as address, httpx.Client(base_url=address) as client:
        yield client


def screened(client: httpx.Client, **given: object) -> Any:
    answer = client.get("/api/accidents/air", params={"at": "107.5,31.2", "substance": "液氯", "amount": 500, **given})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_receptors_downwind_are_told_with_people_and_advice(client: httpx.Client) -> None:
    found = screened(client, wind=2, **{"from": 270}, stability="D")
    assert [zone["level"] for zone in found["zones"]] == [3, 2, 1]
    names = [row["name"] for row in found["receptors"]]
    assert "西校" not in names
    # Two plants drew the same village: it is one, its people counted once.
    assert names.count("东村") == 1
    village = found["receptors"][0]
    assert (village["name"], village["population"], village["contact"], village["type"]) == ("东村", 320, "王某", "村庄")
    assert village["distance_m"] == pytest.approx(381, abs=3)
    assert village["bearing_deg"] == pytest.approx(90, abs=0.1)
    assert "撤离" in village["advice"]
    assert sum(zone["population"] for zone in found["zones"]) == sum(row["population"] or 0 for row in found["receptors"])
    assert any("碱" in measure for measure in found["measures"])
    assert any("重气" in line for line in found["assumptions"])


def test_in_calm_air_all_around_are_told(client: httpx.Client) -> None:
    assert {"东村", "西校"} <= {row["name"] for row in screened(client)["receptors"]}


def test_the_state_of_then(client: httpx.Client) -> None:
    before = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert screened(client, **{"as-of": before})["receptors"] == []


def test_as_geojson_it_is_one_collection(client: httpx.Client) -> None:
    found = screened(client, f="geojson")
    kinds = [feature["properties"]["kind"] for feature in found["features"]]
    assert kinds == sorted(kinds, reverse=True)
    assert {"zone", "receptor"} == set(kinds)
    assert found["assumptions"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"substance": "水"}, "substance"),
        ({"at": "here"}, "at"),
        ({"at": "nan,31"}, "at"),
        ({"wind": "inf"}, "wind"),
        ({"from": 400}, "from"),
        ({"stability": "G"}, "stability"),
        ({"rate": 1}, "rate"),
        ({"urban": "maybe"}, "urban"),
        ({"as-of": "then"}, "as-of"),
        ({"f": "pdf"}, "f"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_screened_is_refused_by_its_name(client: httpx.Client, change: dict[str, Any], field: str) -> None:
    answer = client.get("/api/accidents/air", params={"at": "107.5,31.2", "substance": "液氯", "amount": 500, **change})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in answer.text


def test_a_spill_comes_to_the_intake(client: httpx.Client) -> None:
    answer = client.get("/api/accidents/river", params={"at": "107.5,31.2005", "amount": 1000, "flow": 60})
    assert answer.status_code == 200, answer.text
    intake = next(row for row in answer.json()["rows"] if row["name"] == "下游取水口")
    assert intake["along_m"] == pytest.approx(4768, rel=0.01)
    assert intake["arrives_h"] == pytest.approx(intake["along_m"] / 0.5 / 3600, abs=0.01)
    assert intake["peak_mg_l"] > 0
    assert client.get("/api/accidents/river", params={"at": "107.5,31.2", "amount": -1}).status_code == 400
    assert client.get("/api/accidents/river", params={"at": "107.5,31.9", "amount": 1}).status_code == 404


def test_the_command_prints_all_of_it(city: City, module_database: Urls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", module_database.owner)
    out = tmp_path / "zones.geojson"
    told = CliRunner().invoke(app, ["air", "--at", "107.5,31.2", "--substance", "Cl2", "--rate", "1", "--geojson", str(out)])
    assert told.exit_code == 0, told.output
    for word in ("危及生命", "东村", "疏散建议", "处置", "静风", "防护"):
        assert word in told.output
    assert out.stat().st_size > 1000
    told = CliRunner().invoke(app, ["river", "--at", "107.5,31.2", "--amount", "100"])
    assert "下游取水口" in told.output
