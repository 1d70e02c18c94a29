"""Delivery packages: made, the same bytes each time, taken up again, checked again; each thing that can go wrong with one."""

import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import openpyxl
import pytest
from city import DRAFTER, ENTERPRISE, City, found_city
from pypdf import PdfReader
from typer.testing import CliRunner

from api.cli import app
from drawings.delivery.archive import packed, unpacked
from drawings.delivery.batch import INDEX, Order, deliver
from drawings.delivery.verifying import verify
from drawings.publish import publish_drawing
from gis.crypto import sm3
from gis.errors import Invalid
from gis.store.cluster import Urls
from gis.store.connect import writing
from gis.store.enterprises import store_enterprise
from gis.store.permits import store_permit

CODE = ENTERPRISE["source_code"]
BARE = ENTERPRISE | {"name": "只登记的企业（示范）", "credit_code": "91511703MADEMB000N", "source_code": "91511703MADEMB000N001P"}
PERMIT = {"permit_no": CODE, "valid_from": "2024-01-01", "valid_to": "2029-01-01", "outlets": []}


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    city = found_city(module_database.owner)
    with writing(city.engine, DRAFTER) as connection:
        store_permit(connection, city.enterprise_id, PERMIT)
    return city


@pytest.fixture(scope="module")
def bare(city: City) -> UUID:
    with writing(city.engine, DRAFTER) as connection:
        return store_enterprise(connection, BARE)


@pytest.fixture(scope="module")
def folder(city: City, bare: UUID, module_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delivered")
    done = deliver(module_database.reader, [city.enterprise_id, bare], Order(folder, "http://map", Path()), processes=1)
    assert [(one.code, one.written) for one in done] == [(CODE, True), (BARE["source_code"], False)]
    return folder


@pytest.fixture(scope="module")
def package(folder: Path) -> bytes:
    return folder.joinpath(f"{CODE}.zip").read_bytes()


def test_a_package_holds_all_of_an_enterprise_and_is_as_its_manifest_says(package: bytes, folder: Path, city: City) -> None:
    said, faults = verify(package)
    assert faults == []
    assert said is not None
    assert (said.enterprise.source_code, said.exchange_class, said.crs["drawings"]) == (CODE, "19", "EPSG:4545")
    contents = unpacked(package)
    assert {file.path for file in said.files} == contents.keys() - {"manifest.json"}
    assert {drawing.kind: drawing.version for drawing in said.drawings} == {"A": 1, "C": None, "D": None}
    assert len(PdfReader(io.BytesIO(contents[f"sheets/{CODE}_A.pdf"])).pages) == 1
    counted = dict(city.rows("SELECT kind, count(*)::integer FROM feature_view WHERE enterprise_id = %s GROUP BY kind", city.enterprise_id))
    assert said.features == counted
    assert json.loads(contents["data/permit.json"])["permit_no"] == CODE
    book = openpyxl.load_workbook(io.BytesIO(contents[f"data/{CODE}.xlsx"]))
    assert book["建筑物"].max_row == 1 + counted["building"]
    assert "报警级别" not in [cell.value for cell in book["建筑物"][1]]
    (line,) = json.loads(folder.joinpath(INDEX).read_text(encoding="utf-8"))["packages"]
    assert (line["sha256"], line["sm3"]) == (hashlib.sha256(package).hexdigest(), sm3(package).hex())


def test_the_drawing_in_a_package_is_imported_without_a_change(package: bytes, city: City, tmp_path: Path) -> None:
    path = tmp_path / f"{CODE}_A_v02.dxf"
    path.write_bytes(unpacked(package)[f"dxf/{CODE}_A.dxf"])
    with writing(city.engine, DRAFTER) as connection:
        outcome = publish_drawing(connection, path, CODE)[1]
        connection.rollback()
    assert set(outcome.actions) == {"unchanged"}


def test_the_same_facts_are_the_same_bytes_and_are_not_made_again(
    package: bytes, folder: Path, city: City, module_database: Urls, tmp_path: Path
) -> None:
    again = deliver(module_database.reader, [city.enterprise_id], Order(folder, "http://map", Path()), processes=1)
    assert [one.written for one in again] == [False]
    other = deliver(module_database.reader, [city.enterprise_id], Order(tmp_path, "http://map", Path()), processes=1)
    assert [one.written for one in other] == [True]
    assert tmp_path.joinpath(f"{CODE}.zip").read_bytes() == package


def _flipped(contents: dict[str, bytes]) -> None:
    sheet = contents[f"sheets/{CODE}_A.pdf"]
    contents[f"sheets/{CODE}_A.pdf"] = sheet[:900] + bytes([sheet[900] ^ 1]) + sheet[901:]


def _emptied(contents: dict[str, bytes]) -> None:
    """Take features out of the GeoPackage, and have the manifest say so of the file."""
    path = f"data/{CODE}.gpkg"
    connection = sqlite3.connect(":memory:")
    connection.deserialize(contents[path])
    connection.execute("DROP TRIGGER IF EXISTS rtree_building_geom_delete")
    connection.execute("DELETE FROM gpkg_contents WHERE table_name = 'building'")
    connection.commit()
    contents[path] = connection.serialize()
    said = json.loads(contents["manifest.json"])
    file = next(file for file in said["files"] if file["path"] == path)
    data = contents[path]
    file |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "sm3": sm3(data).hex()}
    contents["manifest.json"] = json.dumps(said).encode()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_flipped, "SHA-256、SM3 与清单不符"),
        (lambda contents: contents.pop(f"dxf/{CODE}_A.dxf"), "清单上有，包内没有"),
        (lambda contents: contents.update({"data/more.json": b"{}"}), "包内有，清单上没有"),
        (lambda contents: contents.pop("manifest.json"), "没有 manifest.json"),
        (lambda contents: contents.update({"manifest.json": b"{}"}), "format"),
        (_emptied, "图层 building 有 0 个要素"),
    ],
)
def test_what_is_wrong_with_a_package_is_named(package: bytes, damage: Callable[[dict[str, bytes]], object], told: str) -> None:
    contents = unpacked(package)
    damage(contents)
    faults = verify(packed(contents))[1]
    assert any(told in fault for fault in faults), faults


def test_what_is_no_package_is_told_and_leads_nowhere(package: bytes, tmp_path: Path) -> None:
    assert "ZIP" in verify(package[:5000])[1][0]
    for name in ("../out.txt", "/out.txt"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(name, "x")
        with pytest.raises(Invalid, match="路径"):
            unpacked(buffer.getvalue())
    path = tmp_path / "one.zip"
    path.write_bytes(package)
    checked = CliRunner().invoke(app, ["drawing", "verify", str(tmp_path)])
    assert (checked.exit_code, "与清单相符" in checked.output) == (0, True)
    path.write_bytes(package[:-100])
    assert CliRunner().invoke(app, ["drawing", "verify", str(path), "--json"]).exit_code == 1
