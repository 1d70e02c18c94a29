from pathlib import Path

import psycopg
import pyogrio
import pytest
from city import City, found_city
from pmtiles.reader import MemorySource, Reader
from typer.testing import CliRunner

from gis.store.cluster import Urls
from tiles.cli import app


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    return found_city(module_database.owner)


def written(city: City, out: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    monkeypatch.setenv("DATABASE_URL", city.url)
    result = CliRunner().invoke(app, ["pmtiles", str(out), *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_gdal_reads_what_is_stored(city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "city.pmtiles"
    assert "MB" in written(city, out, monkeypatch)
    # At its last zoom GDAL puts a layer together from its tiles.
    kinds = {str(name) for name in pyogrio.list_layers(out)[:, 0]}
    assert kinds == {row[0] for row in city.rows("SELECT DISTINCT kind FROM feature_view")}
    frame = pyogrio.read_dataframe(out, layer="building")
    assert set(frame["feature_id"]) == {row[0] for row in city.rows("SELECT feature_id::text FROM buildings")}
    ((west, south, east, north),) = city.rows(
        "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geom_3857) AS e FROM buildings) b"
    )
    assert tuple(frame.total_bounds) == pytest.approx((west, south, east, north), abs=0.3)


def test_chosen_layers_from_their_zoom_on(city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "some.pmtiles"
    with psycopg.connect(city.url) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        connection.execute("UPDATE buildings SET name = '后来的名字' WHERE code = 'B01'")
    written(city, out, monkeypatch, "--layers", "building,enterprises", "--zooms", "8-15", "--as-of", row[0].isoformat())
    reader = Reader(MemorySource(out.read_bytes()))
    assert (reader.header()["min_zoom"], reader.header()["max_zoom"]) == (8, 15)
    layers = reader.metadata()["vector_layers"]
    assert {layer["id"]: layer["minzoom"] for layer in layers} == {"building": 14, "enterprise": 6}
    assert {str(name) for name in pyogrio.list_layers(out)[:, 0]} == {"building", "enterprise"}


@pytest.mark.parametrize("options", [["--zooms", "9-3"], ["--zooms", "0-22"], ["--layers", "nothing"], ["--as-of", "now"]])
def test_misuse_is_said_before_anything_is_written(city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    monkeypatch.setenv("DATABASE_URL", city.url)
    result = CliRunner().invoke(app, ["pmtiles", str(tmp_path / "no.pmtiles"), *options])
    assert type(result.exception).__name__ == "Invalid"
    assert list(tmp_path.iterdir()) == []
