"""Layers out as files of other programs, read there by GDAL and openpyxl, and in again."""

import re
import subprocess
from pathlib import Path

import openpyxl
import pyogrio
import pytest
from city import ENTERPRISE, City, found_city

from gis.errors import Invalid
from gis.kinds import KINDS
from gis.layer_files import WRITERS, Frames, read_layer
from gis.store.cluster import Urls
from gis.store.connect import Actor, looking, writing
from gis.store.frames import frames
from gis.store.layers import store_layer

LEVEL = 2


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    city = found_city(module_database.owner)
    one = "SELECT feature_id, 'test', %s, '=1+1', now() FROM structures LIMIT 1"
    city.rows(f"INSERT INTO alarms (feature_id, rule, level, message, opened) {one}", LEVEL)
    city.rows("UPDATE structures SET name = '=1+1' WHERE structure_type = 'stack'")
    return city


@pytest.fixture(scope="module")
def layers(city: City) -> Frames:
    with looking(city.engine) as connection:
        return frames(connection)


def test_frames_carry_features_and_state(city: City, layers: Frames) -> None:
    counted = dict(city.rows("SELECT kind, count(*)::integer FROM feature_view GROUP BY kind"))
    assert {name: len(rows) for name, rows in layers.items()} == counted
    structures = layers["structure"]
    assert structures.crs.to_epsg() == 4490
    assert structures["alarm_level"].dropna().tolist() == [LEVEL]
    assert set(structures["enterprise"]) == {ENTERPRISE["source_code"]}
    assert str(layers["building"]["storeys"].dtype) == "Int64"


@pytest.mark.parametrize("format_", ["gpkg", "shp", "geojson"])
def test_gdal_reads_all_of_it(layers: Frames, format_: str, tmp_path: Path) -> None:
    written = WRITERS[format_](layers, tmp_path / ("city.gpkg" if format_ == "gpkg" else "city"))
    counted = {}
    for path in written:
        if path.suffix in (".gpkg", ".shp", ".geojson"):
            told = subprocess.run(["ogrinfo", "-ro", "-al", "-so", path], check=True, capture_output=True, text=True).stdout
            names, counts = re.findall(r"^Layer name: (.+)$", told, re.MULTILINE), re.findall(r"^Feature Count: (\d+)$", told, re.MULTILINE)
            counted |= dict(zip(names, map(int, counts), strict=True))
    assert counted == {name: len(rows) for name, rows in layers.items()}
    folder = tmp_path / ("city.gpkg" if format_ == "gpkg" else "city")
    source = folder if format_ == "gpkg" else folder / f"structure.{format_}"
    document = read_layer(source, "structure" if format_ == "gpkg" else None)
    properties = [feature["properties"] for feature in document["features"]]
    assert sorted(one["name"] for one in properties) == sorted(layers["structure"]["name"])
    assert {one["structure_type"] for one in properties} == set(layers["structure"]["structure_type"])


def test_a_geopackage_is_the_same_bytes_again(layers: Frames, tmp_path: Path) -> None:
    one, other = (WRITERS["gpkg"](layers, tmp_path / name)[0] for name in ("one.gpkg", "other.gpkg"))
    assert one.read_bytes() == other.read_bytes()


def test_excel_is_for_people(layers: Frames, tmp_path: Path) -> None:
    (path,) = WRITERS["xlsx"](layers, tmp_path / "city.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [KINDS[name].label for name in layers]
    head, *rows = book["构筑物"].values
    table = [dict(zip(head, row, strict=True)) for row in rows]
    assert {"编号", "名称", "构筑物类型", "直径（m）", "经度", "面积（m²）", "最高未关闭报警等级"} <= set(head)
    assert "储罐" in {row["构筑物类型"] for row in table}
    formulas = [cell for row in book["构筑物"].iter_rows() for cell in row if cell.value == "=1+1"]
    assert formulas
    assert {cell.data_type for cell in formulas} == {"s"} or all(cell.quotePrefix for cell in formulas)


def test_a_city_layer_goes_out_and_in(city: City, tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [107.5, 31.2]}
    properties = {"code": "S1", "name": "张鼓坪", "station_class": "national", "target_class": "Ⅲ"}
    document = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": point, "properties": properties}]}
    with writing(city.engine, Actor("it", "装入图层")) as connection:
        assert store_layer(connection, "water_station", document).issues == ()
        found = frames(connection, [KINDS["water_station"]])
    (path,) = WRITERS["gpkg"](found, tmp_path / "stations.gpkg")
    again = read_layer(path)
    with writing(city.engine, Actor("it", "装入图层")) as connection:
        stored = store_layer(connection, "water_station", again)
    assert (stored.issues, dict(stored.actions)) == ((), {"unchanged": 1})


def test_other_crs_are_brought_home(layers: Frames, tmp_path: Path) -> None:
    path = tmp_path / "tanks.gpkg"
    pyogrio.write_dataframe(layers["structure"].to_crs("EPSG:4545"), path, driver="GPKG")
    lon, lat = read_layer(path)["features"][0]["geometry"]["coordinates"][0][0][:2]
    assert (lon, lat) == pytest.approx(layers["structure"].geometry.iloc[0].exterior.coords[0], abs=1e-8)


def test_what_cannot_be_read_is_refused(layers: Frames, tmp_path: Path) -> None:
    several = WRITERS["gpkg"](layers, tmp_path / "several.gpkg")[0]
    with pytest.raises(Invalid, match="请用 --layer 指明"):
        read_layer(several)
    with pytest.raises(Invalid, match="无法读取"):
        read_layer(several, "moon")
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(b"no such thing")
    with pytest.raises(Invalid, match="无法读取"):
        read_layer(broken)
    WRITERS["shp"](layers, tmp_path / "shp")
    (tmp_path / "shp" / "structure.prj").unlink()
    with pytest.raises(Invalid, match="坐标系"):
        read_layer(tmp_path / "shp" / "structure.shp")
