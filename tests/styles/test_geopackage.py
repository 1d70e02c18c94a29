"""Styles inside a GeoPackage."""

from pathlib import Path

import geopandas
import pyogrio
import pytest
import shapely

from gis.errors import Invalid
from gis.layer_files import read_layer
from styles.geopackage import NAME, embed


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "city.gpkg"
    for name, shape in {"outlet": shapely.Point(107.5, 31.2), "pipe": shapely.LineString([(107.5, 31.2), (107.6, 31.2)])}.items():
        frame = geopandas.GeoDataFrame({"code": ["X1"], "name": ["一"]}, geometry=[shape], crs="EPSG:4490")
        pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=path.exists())
    return path


def test_each_layer_has_a_style_once(package: Path) -> None:
    assert embed(package) == ["outlet", "pipe"]
    assert embed(package, "print-bw") == ["outlet", "pipe"]
    rows = pyogrio.read_dataframe(package, layer="layer_styles", read_geometry=False)
    assert list(rows["f_table_name"]) == ["outlet", "pipe"]
    assert set(rows["styleName"]) == {NAME}
    assert rows["useAsDefault"].astype(bool).all()
    assert rows["styleQML"].str.startswith("<!DOCTYPE qgis").all()


def test_a_styled_package_comes_back_as_layers(package: Path) -> None:
    embed(package)
    assert read_layer(package, "outlet")["features"][0]["properties"] == {"code": "X1", "name": "一"}
    with pytest.raises(Invalid, match="有 2 个图层"):
        read_layer(package)


def test_what_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.gpkg"
    path.write_bytes(b"not a database at all, by no means")
    with pytest.raises(Invalid, match="不是 GeoPackage"):
        embed(path)
