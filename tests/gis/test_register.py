"""The register of enterprises: what is read, what is refused, what the store makes of it."""

import io
from pathlib import Path
from typing import Any

import psycopg
import pytest
from city import DRAFTER, found_city
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from gis.cli import app
from gis.errors import Conflict
from gis.file_workbook import register_form, workbook
from gis.kinds import KINDS
from gis.register import check, degrees, register
from gis.store.cluster import Urls
from gis.store.connect import Actor, writing_plainly
from gis.store.registrations import put

GOOD: dict[str, Any] = {
    "source_code": "91511703MADEMA000P002P",
    "name": "达州示范酒业有限公司（示范）",
    "lon": "107°28′47.2″",
    "lat": "31度9分",
    "jurisdiction": "达川区",
    "permit_to": "2029年12月31日",
}


def wrong(**said: Any) -> dict[str, str]:
    """Return what is wrong with an enterprise, field by field."""
    return {fault.field: fault.message for fault in check(register(), {**GOOD, **said})[1]}


def test_it_asks_for_every_attribute_of_the_kind() -> None:
    names = {field.name for field in register().fields}
    assert names == {"source_code", "name", "lon", "lat", "base_1985_m"} | {attribute.name for attribute in KINDS["enterprise"].attributes}


def test_what_people_write_is_read() -> None:
    row, faults = check(register(), GOOD)
    assert faults == []
    assert (row["credit_code"], row["jurisdiction"], str(row["permit_to"])) == ("91511703MADEMA000P", "511703", "2029-12-31")
    assert (row["lon"], row["lat"]) == (pytest.approx(107.4797778, abs=1e-7), 31.15)
    assert check(register(), {**GOOD, "source_code": " ９１511703madema000p002p "})[0]["source_code"] == GOOD["source_code"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"source_code": "91511703MADEMA000X002P"}, {"source_code": "校验码不符"}),
        ({"source_code": "91511703MADEMA000P"}, {"source_code": "应为 22 位，现有 18 位"}),
        ({"credit_code": "91511703MADEMA000A"}, {"credit_code": "校验码不符"}),
        ({"lon": "31.15", "lat": "107.48"}, {"lon": "经纬度可能填反", "lat": "经纬度可能填反"}),
        ({"lon": "107°61′"}, {"lon": "分、秒应小于 60"}),
        ({"lon": "nan"}, {"lon": "不在"}),
        ({"lat": "约 31 度"}, {"lat": "应为度"}),
        ({"name": " "}, {"name": "不能为空"}),
        ({"jurisdiction": "成都市"}, {"jurisdiction": "应为 通川区"}),
        ({"permit_to": "长期"}, {"permit_to": "应为日期"}),
        ({"colour": "red"}, {"colour": "没有这一项"}),
    ],
)
def test_what_is_wrong_is_told_at_its_field(said: dict[str, Any], expected: dict[str, str]) -> None:
    found = wrong(**said)
    assert found.keys() == expected.keys()
    assert all(text in found[field] for field, text in expected.items())


@pytest.mark.parametrize(
    "said", ["107.4797778", "107°28′47.2″", "东经107度28分47.2秒", "107º28'47.2\"", "107度 28分 47.2秒", "E 107.4797778"]
)
def test_an_angle_is_read_however_it_is_written(said: str) -> None:
    assert degrees(said) == pytest.approx(107.4797778, abs=1e-7)


def test_it_is_stored_once_and_changed_with_its_history(database: Urls) -> None:
    city = found_city(database.owner, drawing=None)
    with psycopg.connect(database.owner) as connection:
        connection.execute(
            "INSERT INTO counties (name, adcode, geom) VALUES ('达川区', '511703', ST_Multi(ST_MakeEnvelope(107, 31, 108, 32, 4490)))"
        )
    row, _ = check(register(), {**GOOD, "jurisdiction": ""})

    def put_in(scope: str, **changed: Any) -> str:
        with writing_plainly(database.owner, Actor(DRAFTER.author, "登记", "register", scope)) as connection:
            (done,) = put(connection, [{**row, **changed}])
            return str(done["action"])

    assert [put_in("*"), put_in("*"), put_in("*", phone="0818-1")] == ["insert", "unchanged", "update"]
    assert city.rows("SELECT jurisdiction, phone FROM enterprises WHERE code = %s", row["source_code"]) == [("511703", "0818-1")]
    # Who answers for one county neither registers in another one nor moves an enterprise there.
    with pytest.raises(Conflict, match="辖区之外"):
        put_in("511702", phone="0818-2")
    with pytest.raises(Conflict, match="辖区之外"):
        put_in("511703", jurisdiction="511702")
    assert put_in("511703", phone="0818-3") == "update"


def test_a_workbook_is_imported_by_command(database: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city = found_city(database.owner, drawing=None)
    monkeypatch.setenv("DATABASE_URL", database.owner)
    path = tmp_path / "登记.xlsx"
    path.write_bytes(workbook({"register": [GOOD, {**GOOD, "source_code": "1"}]}, register_form()))
    done = CliRunner().invoke(app, ["import", str(path)])
    assert done.exit_code == 1
    assert "新增 1，修改 0，不变 0，拒绝 1" in done.output
    assert "企业登记 第 3 行 A 列“排污单位编码”：“1”应为 22 位" in done.output
    refused = load_workbook(tmp_path / "登记_错误.xlsx")["企业登记"]
    assert refused.max_row == 2
    assert city.rows("SELECT name FROM enterprises WHERE code = %s", GOOD["source_code"]) == [(GOOD["name"],)]


def test_a_workbook_of_another_kind_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Urls) -> None:
    monkeypatch.setenv("DATABASE_URL", database.owner)
    book, buffer = Workbook(), io.BytesIO()
    book.save(buffer)
    path = tmp_path / "x.xlsx"
    path.write_bytes(buffer.getvalue())
    done = CliRunner().invoke(app, ["import", str(path)])
    assert done.exit_code != 0
    assert "工作表名应为 企业登记" in str(done.exception)
