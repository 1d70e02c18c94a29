"""The enterprise's file: rows checked, versions kept, over HTTP and by workbook."""

import base64
import io
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from city import DRAFTER, City, found_city
from openpyxl import load_workbook
from serving import serving
from typer.testing import CliRunner

from gis.cli import app
from gis.enterprise_file import check, enums, parts
from gis.errors import Invalid
from gis.file_workbook import read_workbook, refused, workbook
from gis.store.cluster import Urls
from gis.store.connect import writing
from gis.store.enterprise_file import store

AMMONIA = {"year": 2025, "name": "氨水（20%）", "cas": "1336-21-6", "role": "auxiliary", "used_t": 3200, "release": "air"}
RESULT = {"sampled_on": "2025-03-04", "place": "DA001", "pollutant": "SO2", "value": 38, "unit": "mg/m³", "limit_value": 100}


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner, drawing=None)


def put(city: City, name: str, *rows: dict[str, Any]) -> dict[str, int]:
    checked = [(parts()[name], *check(parts()[name], row)) for row in rows]
    assert [faults for _, _, faults in checked if faults] == []
    with writing(city.engine, DRAFTER) as connection:
        return dict(store(connection, city.enterprise_id, [(part, row) for part, row, _ in checked]))


def said(name: str, row: dict[str, Any]) -> dict[str, str]:
    return {fault.field: fault.message for fault in check(parts()[name], row)[1]}


def test_the_parts_fit_their_tables_and_their_code_lists(city: City) -> None:
    for part in parts().values():
        columns = {name for (name,) in city.rows("SELECT column_name FROM information_schema.columns WHERE table_name = %s", part.table)}
        assert {field.name for field in part.fields} | {"record_id", "removed_at", *part.fixed} <= columns
        assert {field.enum for field in part.fields if field.enum} <= set(enums())
        assert set(part.key) <= {field.name for field in part.fields}


@pytest.mark.parametrize(
    ("part", "change", "field", "message"),
    [
        ("chemicals", {"cas": "1336-21-7"}, "cas", "末位为校验码"),
        ("chemicals", {"year": "二〇二五"}, "year", "应为数字"),
        ("chemicals", {"year": 25}, "year", "应为年份"),
        ("chemicals", {"used_t": -1}, "used_t", "不小于 0"),
        ("chemicals", {"role": "毒药"}, "role", "应为 原料、辅料"),
        ("chemicals", {"name": " "}, "name", "不能为空"),
        ("chemicals", {"name": "a\0"}, "name", "空字符"),
        ("chemicals", {"colour": "red"}, "colour", "没有这一项"),
        ("self_monitoring", {"sampled_on": "2025-02-30"}, "sampled_on", "应为日期"),
        ("self_monitoring", {"value": 120, "verdict": "达标"}, "verdict", "超过限值 100"),
        ("self_monitoring", {"verdict": "exceeded"}, "verdict", "未超过限值"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(part: str, change: dict[str, Any], field: str, message: str) -> None:
    row = AMMONIA if part == "chemicals" else RESULT
    assert message in said(part, row | change)[field]


def test_what_people_type_is_understood() -> None:
    typed = {"sampled_on": "2025年3月4日", "value": "１,038", "limit_value": "100", "qualifier": "低于检出限"}
    row, faults = check(parts()["self_monitoring"], RESULT | typed)
    assert faults == []
    assert (row["sampled_on"], row["value"], row["qualifier"], row["verdict"], row["pollutant"]) == (
        date(2025, 3, 4), 1038, "below", "ok", "二氧化硫",
    )  # fmt: skip
    assert check(parts()["chemicals"], AMMONIA | {"cas": "1336－21－6"})[0]["cas"] == "1336-21-6"


def test_a_changed_row_is_a_version_more(city: City) -> None:
    assert put(city, "chemicals", AMMONIA) == {"insert": 1}
    assert put(city, "chemicals", AMMONIA, AMMONIA | {"role": "waste"}) == {"unchanged": 1, "insert": 1}
    assert put(city, "chemicals", AMMONIA | {"used_t": 2900}) == {"update": 1}
    assert city.rows("SELECT used_t, removed_at IS NULL, author FROM chemicals WHERE role = 'auxiliary' ORDER BY recorded_at") == [
        (3200.0, False, "drafter"),
        (2900.0, True, "drafter"),
    ]
    # One result of the plant and one of the bureau stand side by side.
    assert put(city, "self_monitoring", RESULT) == put(city, "supervisory_monitoring", RESULT) == {"insert": 1}


def test_a_workbook_goes_there_and_back(city: City) -> None:
    put(city, "chemicals", AMMONIA, AMMONIA | {"name": "=1+1"})
    history = {"on_date": "2009-05-04", "kind": "founded", "text": "公司成立"}
    put(city, "site_history", history)
    row, _ = check(parts()["chemicals"], AMMONIA | {"name": "=1+1"})
    founded, _ = check(parts()["site_history"], history)
    read = read_workbook(workbook({"chemicals": [row], "site_history": [founded]}))
    assert [(one.part.name, one.row, one.faults) for one in read] == [("site_history", founded, ()), ("chemicals", row, ())]
    assert read_workbook(workbook()) == []
    lists = load_workbook(io.BytesIO(workbook()))["化学物质"].data_validations.dataValidation
    assert '"原料,辅料,燃料,中间产物,产品,副产物,废物"' in {one.formula1 for one in lists}


def filled(*rows: dict[str, Any]) -> bytes:
    """Return the template with rows of chemicals, as a person typed them."""
    book = load_workbook(io.BytesIO(workbook()))
    sheet = book["化学物质"]
    for number, row in enumerate(rows, 2):
        for column, field in enumerate(parts()["chemicals"].fields, 1):
            sheet.cell(number, column, row.get(field.name))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_good_rows_are_stored_and_refused_ones_come_back(
    city: City, database: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.owner)
    path = tmp_path / "填报.xlsx"
    path.write_bytes(filled(AMMONIA | {"role": "辅料"}, AMMONIA | {"cas": "1-2-3", "name": "硫酸"}, {}, AMMONIA | {"role": "辅料"}))
    run = CliRunner().invoke
    done = run(app, ["file", "import", str(path), "--enterprise", "91511703MADEMA000P001P"])
    assert done.exit_code == 1
    assert "新增 1，修改 0，不变 0，拒绝 2" in done.output
    assert "化学物质 第 3 行 C 列“CAS 号”：“1-2-3”不是 CAS 号" in done.output
    assert "化学物质 第 5 行 A 列“年份”：与第 2 行重复" in done.output
    errors = tmp_path / "填报_错误.xlsx"
    sheet = load_workbook(errors)["化学物质"]
    assert (sheet.max_row, sheet["B2"].value, sheet["C2"].fill.fgColor.rgb) == (3, "硫酸", "00F8CBAD")
    # Mended there, it goes in again: its column of reasons is no fault.
    sheet["C2"] = "7664-93-9"
    sheet.delete_rows(3)
    sheet.parent.save(errors)
    assert "新增 1，修改 0，不变 0，拒绝 0" in run(app, ["file", "import", str(errors), "--enterprise", "91511703MADEMA000P001P"]).output
    out = tmp_path / "out.xlsx"
    assert run(app, ["file", "export", "--enterprise", "91511703MADEMA000P001P", "--out", str(out)]).output.endswith("2 行\n")
    assert [one.row["cas"] for one in read_workbook(out.read_bytes())] == ["1336-21-6", "7664-93-9"]


def test_a_workbook_of_another_shape_is_refused() -> None:
    book = load_workbook(io.BytesIO(workbook()))
    book["化学物质"]["B1"] = "名字"
    book["化学物质"].append(["x"])
    buffer = io.BytesIO()
    book.save(buffer)
    with pytest.raises(Invalid, match="B 列“名字”不认识；缺少“物质名称”列"):
        read_workbook(buffer.getvalue())
    with pytest.raises(Invalid, match="不能读取"):
        read_workbook(b"PK")
    assert refused([]) is None


def test_over_http(city: City, database: Urls, tmp_path: Path) -> None:
    with serving(database.reader, tmp_path) as address, httpx.Client(base_url=f"{address}/api/enterprises/{city.enterprise_id}") as client:
        described = {part["name"]: part for part in client.get("/file").json()["parts"]}
        assert [field["label"] for field in described["chemicals"]["fields"] if field["required"]] == ["年份", "物质名称", "用途"]
        added = client.post("/file/chemicals", json=AMMONIA)
        assert (added.status_code, client.post("/file/chemicals", json=AMMONIA).json()["action"]) == (201, "unchanged")
        where = f"/file/chemicals/{added.json()['record_id']}"
        changed = client.put(where, json=AMMONIA | {"year": 2024})
        assert (changed.status_code, client.put(where, json=AMMONIA).status_code) == (200, 404)
        refusal = client.post("/file/chemicals", json=AMMONIA | {"cas": "1-1-1", "used_t": "x"})
        assert (refusal.status_code, refusal.json()["parameter"]) == (400, "cas")
        assert "使用量：“x”应为数字" in refusal.json()["detail"]
        assert client.post("/file/gossip", json={}).status_code == 404
        assert client.post("/file/chemicals", json=AMMONIA, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        sent = client.post(
            "/file.xlsx", content=filled(AMMONIA, AMMONIA | {"role": "?"}), headers={"Content-Type": "application/octet-stream"}
        )
        told = sent.json()
        assert (told["insert"], told["refused"], told["fault_count"]) == (1, 1, 1)
        assert load_workbook(io.BytesIO(base64.b64decode(told["workbook"])))["化学物质"].max_row == 2
        rows = {part["name"]: part["rows"] for part in client.get("/file").json()["parts"]}["chemicals"]
        assert [(row["year"], row["author"], row["reason"]) for row in rows] == [
            (2024, "local", "填报企业档案：化学物质"),
            (2025, "local", "导入企业档案"),
        ]
        assert client.delete(f"/file/chemicals/{rows[0]['record_id']}").status_code == 204
        assert client.delete(f"/file/chemicals/{rows[0]['record_id']}").status_code == 404
        assert len(read_workbook(client.get("/file.xlsx").content)) == 1
        assert read_workbook(client.get("/file.xlsx", params={"blank": True}).content) == []
