"""The problem list: derived on publishing, on a permit, on any change; resolved when gone; over HTTP and on the command line."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from city import DRAFTER, ENTERPRISE, City, found_city
from psycopg import AsyncConnection
from serving import serving
from typer.testing import CliRunner

from api.inspector import inspect
from gis.cli import app
from gis.store.cluster import Urls
from gis.store.connect import writing
from gis.store.permits import store_permit

CODE = ENTERPRISE["source_code"]
PERMIT: dict[str, Any] = {
    "permit_no": CODE,
    "valid_from": "2024-03-01",
    "valid_to": "2029-02-28",
    "outlets": [
        {"code": "DA001", "name": "总排气筒排放口", "class": "main", "way": "direct"},
        {"code": "DW001", "name": "废水总排口", "class": "main", "way": "indirect"},
        {"code": "YS001", "name": "雨水排放口", "class": "rain", "way": "direct"},
    ],
    "units": [{"code": "MF0001"}, {"code": "MF0002"}],
    "facilities": [{"code": "TA001"}, {"code": "TW001"}],
}
OPEN = "SELECT code, subject FROM problems WHERE resolved IS NULL ORDER BY code, subject"


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner)


def put(city: City, **changes: Any) -> None:
    with writing(city.engine, DRAFTER) as connection:
        store_permit(connection, city.enterprise_id, PERMIT | changes)


def test_a_permit_that_says_what_is_drawn_leaves_nothing_to_see(city: City) -> None:
    put(city)
    assert city.rows("SELECT * FROM problems") == []


def test_a_permit_makes_problems_and_resolves_them(city: City) -> None:
    put(city, outlets=[*PERMIT["outlets"][1:], {"code": "DA009", "name": "备用排放口"}])
    assert city.rows(OPEN) == [("E207", "outlet DA001"), ("W208", "outlet DA009")]
    ((feature_id, kind),) = city.rows(
        "SELECT p.feature_id, d.drawing_kind FROM problems p JOIN drawings d USING (drawing_id) WHERE code = 'E207'"
    )
    assert (feature_id, kind) == (city.feature_id("DA001"), "A")
    put(city)
    assert city.rows(OPEN) == []
    assert city.rows("SELECT count(*), count(resolved), min(resolved_author) FROM problems") == [(2, 2, "drafter")]
    put(city, facilities=[])
    assert city.rows(OPEN) == [("E207", "treatment_facility TA001"), ("E207", "treatment_facility TW001")]


def test_a_class_or_way_other_than_permitted_is_a_problem(city: City) -> None:
    outlets = [row | {"class": "general"} if row["code"] == "DA001" else row for row in PERMIT["outlets"]]
    put(city, outlets=outlets)
    assert city.rows("SELECT code, message FROM problems") == [("W212", "DA001 总排气筒排放口 图上为主要排放口、许可证为一般排放口")]


def test_what_is_changed_by_anybody_is_looked_at(city: City) -> None:
    async def look() -> int:
        async with await AsyncConnection.connect(city.url, autocommit=True) as connection:
            return await inspect(connection, city.url)

    put(city)
    assert asyncio.run(look()) == 1
    assert asyncio.run(look()) == 0
    city.rows("UPDATE outlets SET parent_code = NULL WHERE code IN ('DA001', 'DW001')")
    assert asyncio.run(look()) == 1
    # The pipes say what treats the water.
    assert city.rows(OPEN) == [("E403", "outlet DA001")]
    city.rows("UPDATE pipes SET closed_at = now() WHERE medium = 'sewage'")
    asyncio.run(look())
    assert city.rows(OPEN) == [("E403", "outlet DA001"), ("E403", "outlet DW001")]
    city.rows("UPDATE outlets SET parent_code = 'TA001、TW001' WHERE code IN ('DA001', 'DW001')")
    asyncio.run(look())
    assert city.rows("SELECT count(*) FROM problems WHERE resolved IS NULL") == [(0,)]
    assert asyncio.run(look()) == 0, "the lists' own changes are nothing to look at"


def test_problems_stay(city: City) -> None:
    put(city, units=[])
    with pytest.raises(psycopg.errors.RaiseException, match="not deleted"):
        city.rows("DELETE FROM problems")


def test_the_list_is_served_and_printed(city: City, database: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(city, units=[])
    put(city, units=[{"code": "MF0001"}])
    with serving(database.reader, tmp_path) as url:
        answer = httpx.get(f"{url}/api/enterprises/{city.enterprise_id}/problems").raise_for_status().json()["problems"]
        every = httpx.get(f"{url}/api/enterprises/{city.enterprise_id}/problems?resolved=true").raise_for_status().json()["problems"]
    assert [(row["code"], row["label"], row["drawing_kind"]) for row in answer] == [("E207", "图上的编号不在排污许可证中", "A")]
    assert [row["resolved"] is None for row in every] == [True, False]
    monkeypatch.setenv("DATABASE_URL", database.owner)
    printed = CliRunner().invoke(app, ["problems", CODE])
    assert printed.exit_code == 1
    assert printed.stdout.startswith("E207 产污单元 MF0002")
    listed = json.loads(CliRunner().invoke(app, ["problems", CODE, "--resolved", "--json"]).stdout)
    assert len(listed) == 2
