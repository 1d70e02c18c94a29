"""Answers as files: what stands in each is what the question found."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ezdxf.filemanagement
import httpx
import openpyxl
import pdfplumber
import pyogrio
import pytest
from city import City, found_city
from serving import serving

from gis.store.cluster import Urls


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    city = found_city(module_database.owner)
    city.rows(
        "INSERT INTO rivers (code, name, geom) SELECT 'R1', '州河',"
        " ST_MakeLine(ST_Translate(geom, -0.05, 0.01), ST_Translate(geom, 0.05, -0.01)) FROM enterprises"
    )
    city.rows("INSERT INTO water_stations (code, name, geom) SELECT 'W1', '断面', ST_Translate(geom, 0.01, 0.003) FROM enterprises")
    return city


@pytest.fixture(scope="module")
def client(city: City, module_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        serving(module_database.reader, tmp_path_factory.mktemp("served")) as address,
        httpx.Client(base_url=f"{address}/api/queries", timeout=60) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def around(city: City) -> dict[str, str]:
    return {"feature": str(city.enterprise_id), "radius": "1500"}


def file(client: httpx.Client, query: str, form: str, given: dict[str, str], **more: str) -> bytes:
    answer = client.get(f"/{query}", params={**given, "f": form, **more})
    assert answer.status_code == 200, answer.text
    return answer.content


def rows(client: httpx.Client, query: str, given: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/{query}", params=given).json()["rows"]
    assert found
    return found


def test_a_workbook(client: httpx.Client, around: dict[str, str]) -> None:
    found = rows(client, "within", around)
    book = openpyxl.load_workbook(io.BytesIO(file(client, "within", "xlsx", around)))
    first, *others = book.worksheets
    assert first.title == "查询结果"
    assert [cell.value for cell in first[1]][:3] == ["类别", "名称", "编号"]
    assert [row[1] for row in first.iter_rows(min_row=2, values_only=True)] == [row["name"] for row in found]
    assert {sheet.title for sheet in others} == {row["kind_label"] for row in found}
    assert sum(sheet.max_row - 1 for sheet in others) == len(found)
    counted = openpyxl.load_workbook(io.BytesIO(file(client, "count", "xlsx", {"kind": "building"})))
    assert counted.sheetnames == ["查询结果"]
    assert client.get("/count", params={"kind": "building", "f": "gpkg"}).json()["parameter"] == "f"


def test_layers(client: httpx.Client, around: dict[str, str], tmp_path: Path) -> None:
    found = rows(client, "within", around)
    path = tmp_path / "a.gpkg"
    path.write_bytes(file(client, "within", "gpkg", around))
    layers = {str(name): pyogrio.read_dataframe(path, layer=name) for name in pyogrio.list_layers(path)[:, 0]}
    assert layers.keys() == {row["kind"] for row in found}
    for kind, frame in layers.items():
        wanted = [row for row in found if row["kind"] == kind]
        assert frame["feature_id"].tolist() == [row["feature_id"] for row in wanted]
        assert frame["distance_m"].tolist() == [row["distance_m"] for row in wanted]
    assert (layers["building"]["storeys"] > 0).any()
    archive = zipfile.ZipFile(io.BytesIO(file(client, "within", "shp", around)))
    assert {"building.shp", "building.prj", "字段对照.csv"} <= set(archive.namelist())


def test_a_river_below_an_outlet_is_the_part_that_the_water_takes(client: httpx.Client, city: City, tmp_path: Path) -> None:
    given = {"feature": str(city.enterprise_id), "distance": "2000", "width": "900"}
    path = tmp_path / "a.gpkg"
    answer = client.get("/downstream", params=given)
    if answer.status_code == 404:
        pytest.fail(answer.text)
    path.write_bytes(file(client, "downstream", "gpkg", given))
    (river,) = pyogrio.read_dataframe(path, layer="river").to_crs(4545).geometry
    ((whole,),) = city.rows("SELECT ST_Length(geom::geography) FROM rivers")
    assert river.length == pytest.approx(2000, rel=1e-3)
    assert river.length < whole  # type: ignore[operator]


def test_a_drawing_by_the_norm(client: httpx.Client, around: dict[str, str], tmp_path: Path) -> None:
    found = rows(client, "within", around)
    path = tmp_path / "a.dxf"
    path.write_bytes(file(client, "within", "dxf", around))
    document = ezdxf.filemanagement.readfile(path)
    entities = list(document.modelspace())
    tanks = [row for row in found if row["code"] == "T-101"]
    assert len(tanks) == 1
    codes = {insert.get_attrib_text("CODE") for insert in entities if insert.dxftype() == "INSERT"}
    assert {row["code"] for row in found if row["kind"] in ("building", "structure", "outlet")} <= codes
    assert "QJ-X-WATER-STATION" in {entity.dxf.layer for entity in entities}
    assert {"QJ_TANK", "QJ_OUTLET"} & {insert.dxf.name for insert in entities if insert.dxftype() == "INSERT"}
    assert file(client, "within", "dxf", around) == path.read_bytes()


@pytest.mark.parametrize(("paper", "size"), [("A4", (595, 842)), ("A3", (1191, 842))])
def test_a_map(client: httpx.Client, around: dict[str, str], paper: str, size: tuple[int, int]) -> None:
    found = rows(client, "within", around)
    content = file(client, "within", "pdf", around, paper=paper)
    with pdfplumber.open(io.BytesIO(content)) as book:
        first = book.pages[0]
        text = "".join(page.extract_text() for page in book.pages)
        assert (round(first.width), round(first.height)) == size
        assert "图  例" in first.extract_text() or "图 例" in first.extract_text()
        assert f"共 {len(found)} 个" in first.extract_text()
        assert "1:" in first.extract_text()
    assert all(row["name"] in text for row in found if row["name"] and len(row["name"]) < 10)
    assert file(client, "within", "pdf", around, paper=paper) == content


def test_several_kinds_by_one_condition(client: httpx.Client) -> None:
    given = {"kind": "building,outlet", "filter": "name LIKE '%排%'", "limit": "50"}
    found = rows(client, "select", given)
    assert {row["kind"] for row in found} <= {"building", "outlet"}
    assert client.get("/select", params=given).json()["columns"][0]["name"] == "kind_label"
    book = openpyxl.load_workbook(io.BytesIO(file(client, "select", "xlsx", given)))
    assert book.worksheets[0].max_row == len(found) + 1


def test_the_command_writes_what_the_interface_sends(city: City, client: httpx.Client, around: dict[str, str], tmp_path: Path) -> None:
    assert client.get("/within", params={**around, "f": "docx"}).json()["parameter"] == "f"
    assert client.get("/within", params={**around, "f": "pdf", "paper": "A9"}).json()["parameter"] == "paper"
    out = tmp_path / "out.xlsx"
    command = [
        sys.executable,
        "-c",
        "from api.cli import main; main()",
        "query",
        "within",
        "--feature",
        around["feature"],
        "--radius",
        "1500",
    ]
    subprocess.run([*command, "--out", out], check=True, env={"DATABASE_URL": city.url, "PATH": ""}, capture_output=True)
    assert out.read_bytes() == file(client, "within", "xlsx", around)
