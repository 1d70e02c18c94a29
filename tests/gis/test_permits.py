"""Permits and the history of a site: in by file, out over HTTP, no version lost."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import fastjsonschema
import httpx
import pytest
import yaml
from city import DRAFTER, City, found_city
from serving import serving
from typer.testing import CliRunner

from gis.cli import app
from gis.errors import Invalid, TooLarge
from gis.models.permit import permit_of, schema
from gis.store.cluster import Urls
from gis.store.connect import writing
from gis.store.permits import MAX_BYTES, store_permit
from gis.store.site_history import store_history

PERMIT = {
    "permit_no": "91511703MADEMA000P001P",
    "valid_from": "2024-03-01",
    "valid_to": "2029-02-28",
    "outlets": [{"code": "DA001", "pollutants": [{"name": "颗粒物", "limit": {"value": 10.0, "unit": "mg/m³"}}]}],
}
EVENTS = [
    {"date": "2009-05-04", "kind": "founded", "text": "公司成立", "source": "示范"},
    {"date": "2020-06-30", "kind": "permit", "text": "首次核发排污许可证"},
]


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner, drawing=None)


def put(city: City, document: Any) -> str:
    with writing(city.engine, DRAFTER) as connection:
        return store_permit(connection, city.enterprise_id, document)


def tell(city: City, document: Any, *, replace: bool = False) -> dict[str, int]:
    with writing(city.engine, DRAFTER) as connection:
        return store_history(connection, city.enterprise_id, document, replace=replace)


def test_a_changed_permit_is_a_version_more(city: City) -> None:
    assert put(city, PERMIT) == "insert"
    assert put(city, PERMIT) == "unchanged"
    assert put(city, PERMIT | {"outlets": []}) == "update"
    assert put(city, PERMIT | {"outlets": []}) == "unchanged"
    assert put(city, PERMIT) == "update"
    assert city.rows("SELECT document->'outlets' = '[]', author, reason FROM permits ORDER BY recorded_at") == [
        (False, "drafter", "导入图纸"),
        (True, "drafter", "导入图纸"),
        (False, "drafter", "导入图纸"),
    ]


@pytest.mark.parametrize(
    ("document", "parameter"),
    [
        ([PERMIT], "FILE"),
        (PERMIT | {"permit_no": " "}, "permit_no"),
        (PERMIT | {"valid_from": "2024-3"}, "valid_from"),
        (PERMIT | {"valid_to": 20290228}, "valid_to"),
        (PERMIT | {"valid_to": "2023-01-01"}, "valid_to"),
        (PERMIT | {"outlets": [{"code": "DA001", "klass": "main"}]}, "outlets[1].klass"),
        (PERMIT | {"outlets": [{"code": "DA001", "class": "big"}]}, "outlets[1].class"),
        (PERMIT | {"note": "a\0b"}, "FILE"),
        (PERMIT | {"note": "\ud800"}, "FILE"),
    ],
)
def test_a_faulty_permit_is_refused(city: City, document: Any, parameter: str) -> None:
    with pytest.raises(Invalid) as refused:
        put(city, document)
    assert refused.value.parameter == parameter
    assert city.rows("SELECT count(*) FROM permits") == [(0,)]


def test_a_permit_has_its_bounds(city: City) -> None:
    assert put(city, PERMIT | {"note": "\\u0000"}) == "insert"
    with pytest.raises(TooLarge):
        put(city, PERMIT | {"note": "a" * MAX_BYTES})
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"in": deep}
    with pytest.raises(Invalid):
        put(city, PERMIT | deep)


def test_an_event_stands_once(city: City) -> None:
    assert tell(city, EVENTS) == {"insert": 2}
    assert tell(city, EVENTS) == {"unchanged": 2}
    noted = [EVENTS[0] | {"note": "注册资本 5 000 万元"}, EVENTS[1]]
    assert tell(city, noted) == {"update": 1, "unchanged": 1}
    corrected = [noted[0], EVENTS[1] | {"text": "首次核发排污许可证（重点管理）"}]
    assert tell(city, corrected, replace=True) == {"unchanged": 1, "insert": 1, "remove": 1}
    assert city.rows("SELECT text FROM site_history WHERE removed_at IS NOT NULL") == [("首次核发排污许可证",)]
    assert tell(city, [*corrected, EVENTS[1]]) == {"unchanged": 2, "insert": 1}


def test_all_faulty_events_are_named(city: City) -> None:
    faulty = [
        EVENTS[0],
        EVENTS[1] | {"date": "2020"},
        EVENTS[1] | {"kind": "party"},
        EVENTS[1] | {"who": "x"},
        EVENTS[1] | {"text": ""},
        "x",
    ]
    with pytest.raises(Invalid) as refused:
        tell(city, faulty)
    assert [f"第 {at} 个事件" in refused.value.detail for at in range(1, 7)] == [False, True, True, True, True, True]
    assert "penalty（行政处罚）" in refused.value.detail
    with pytest.raises(Invalid):
        tell(city, {"date": "2020-01-01"})
    assert city.rows("SELECT count(*) FROM site_history") == [(0,)]


def test_the_browser_gets_the_permit_of_today(city: City, database: Urls, tmp_path: Path) -> None:
    today = date.today()  # noqa: DTZ011 — a day apart from midnight either way
    year = timedelta(days=365)

    def permit(begins: date, ends: date, note: str) -> dict[str, Any]:
        return PERMIT | {"valid_from": begins.isoformat(), "valid_to": ends.isoformat(), "note": note}

    with serving(database.reader, tmp_path) as address, httpx.Client(base_url=f"{address}/api/enterprises/{city.enterprise_id}") as client:
        missing = client.get("/permit")
        assert missing.status_code == client.get("/permit.pdf").status_code == 404
        assert [sheet["kind"] for sheet in client.get("/sheets").json()["sheets"]] == ["A", "B", "C", "D", "checklist"]
        assert client.get("/checklist").json()["stops"][0]["name"] == "资料核查"
        assert client.get("/checklist.pdf").content[:5] == b"%PDF-"
        assert missing.headers["content-type"] == "application/problem+json"
        assert client.get("/site-history").json() == {"history": []}
        put(city, permit(today - 7 * year, today - 2 * year, "旧证"))
        assert client.get("/permit").json()["note"] == "旧证"
        put(city, permit(today + year, today + 6 * year, "延续"))
        put(city, permit(today - year, today + 4 * year, "初版"))
        put(city, permit(today - year, today + 4 * year, "变更"))
        assert client.get("/permit").json() == permit(today - year, today + 4 * year, "变更")
        listed = client.get("/sheets").json()["sheets"]
        assert (listed[-2]["kind"], listed[-2]["title"]) == ("permit", "排污许可证摘要")
        summary = httpx.get(f"{address}{listed[-2]['url']}")
        assert (summary.status_code, summary.content[:5]) == (200, b"%PDF-")
        assert httpx.get(f"{address}{listed[-2]['url']}", headers={"If-None-Match": summary.headers["ETag"]}).status_code == 304
        tell(city, EVENTS)
        newest, first = client.get("/site-history").json()["history"]
        assert (newest["date"], newest["kind"], newest["kind_label"], newest["author"]) == ("2020-06-30", "permit", "排污许可", "drafter")
        assert (first["text"], first["note"], first["source"]) == ("公司成立", "", "示范")
        assert httpx.get(f"{address}/api/enterprises/{uuid4()}/permit").status_code == 404
        assert httpx.get(f"{address}/api/enterprises/{uuid4()}/site-history").status_code == 404


def test_verbs(city: City, database: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database.owner)
    permit, events = tmp_path / "permit.json", tmp_path / "history.json"
    permit.write_text("\ufeff" + json.dumps(PERMIT), encoding="utf-8")
    events.write_text(json.dumps(EVENTS), encoding="utf-8")
    run = CliRunner().invoke
    assert run(app, ["permit", str(permit)]).output == "91511703MADEMA000P001P 新增\n"
    assert run(app, ["permit", str(permit), "--enterprise", PERMIT["permit_no"][:18]]).output.endswith("不变\n")
    assert run(app, ["history", str(events), "--enterprise", PERMIT["permit_no"]]).output == "新增 2\n"
    assert run(app, ["history", str(events), "--enterprise", PERMIT["permit_no"]]).output == "不变 2\n"
    proposal = tmp_path / "proposal.yaml"
    proposal.write_text(yaml.safe_dump({"proposal": 1, "checked_by": "", "permit": PERMIT | {"note": "核对过"}}), encoding="utf-8")
    assert isinstance(run(app, ["permit", str(proposal)]).exception, Invalid)
    proposal.write_text(proposal.read_text(encoding="utf-8").replace("checked_by: ''", "checked_by: 王核对"), encoding="utf-8")
    assert run(app, ["permit", str(proposal)]).output.endswith("修改\n")
    events.write_text("[", encoding="utf-8")
    assert isinstance(run(app, ["history", str(events), "--enterprise", PERMIT["permit_no"]]).exception, Invalid)
    assert city.rows("SELECT reason FROM permits ORDER BY recorded_at") == [
        ("登记排污许可证：permit.json",),
        ("登记排污许可证：proposal.yaml（核对：王核对）",),
    ]


def test_the_schema_is_one_and_takes_what_the_model_takes() -> None:
    valid = fastjsonschema.compile(schema() | {"$schema": "http://json-schema.org/draft-07/schema#"})
    valid(PERMIT)
    assert permit_of(PERMIT).document() == PERMIT
    for wrong in (PERMIT | {"klass": 1}, PERMIT | {"outlets": [{"name": "x"}]}, {"permit_no": "x"}):
        with pytest.raises(fastjsonschema.JsonSchemaException):
            valid(wrong)
        with pytest.raises(Invalid):
            permit_of(wrong)
