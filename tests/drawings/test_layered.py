"""Layers of other programs as a plant's drawing: exported, edited there, brought in again; faults named."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from city import DRAFTER, ENTERPRISE, City, found_city

from drawings.layered import kind_named
from drawings.options import Options
from drawings.publish import publish_drawing
from drawings.read import plan_of
from gis.kinds import KINDS
from gis.layer_files import WRITERS
from gis.store.cluster import Urls
from gis.store.connect import looking, writing
from gis.store.frames import frames
from gis.store.plans import Outcome

CODE = ENTERPRISE["source_code"]


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    return found_city(module_database.owner)


def exported(city: City, folder: Path, format_: str, kinds: tuple[str, ...] = ()) -> Path:
    """Return one file with the layers of the example."""
    with looking(city.engine) as connection:
        found = frames(connection, [KINDS[name] for name in kinds] or None, city.enterprise_id)
    found.pop("enterprise", None)
    if format_ == "gpkg":
        return WRITERS[format_](found, folder / "plan.gpkg")[0]
    written = WRITERS[format_](found, folder / "layers")
    path = folder / f"{format_}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in written:
            archive.write(file, file.name)
    return path


def brought(city: City, path: Path, *, keep: bool = False) -> Outcome:
    with writing(city.engine, DRAFTER) as connection:
        outcome = publish_drawing(connection, path, CODE, Options(drawing_kind="A"))[1]
        if not keep:
            connection.rollback()
    return outcome


@pytest.mark.parametrize("format_", ["gpkg", "geojson", "shp"])
def test_layers_that_come_home_unchanged_change_nothing(city: City, format_: str, tmp_path: Path) -> None:
    outcome = brought(city, exported(city, tmp_path, format_))
    assert [issue.message for issue in outcome.issues if issue.severity == "error"] == []
    assert set(outcome.actions) == {"unchanged"}


def test_what_was_edited_elsewhere_is_a_version_and_other_kinds_stay(city: City, tmp_path: Path) -> None:
    WRITERS["geojson"]({}, tmp_path)
    with looking(city.engine) as connection:
        found = frames(connection, [KINDS["building"]], city.enterprise_id)
    (path,) = WRITERS["geojson"](found, tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    first, gone = document["features"][0], document["features"].pop()
    first["properties"] |= {"name": "改名的楼", "storeys": 3.0, "colour": "red"}
    path.write_text(json.dumps(document), encoding="utf-8")
    outcome = brought(city, path, keep=True)
    assert sorted(row[3] for row in outcome.features) == ["close", "update"]
    assert [(issue.code, issue.place.field) for issue in outcome.issues] == [("W104", "colour")]
    assert (outcome.version, city.rows("SELECT file_name, state FROM drawings WHERE version = 2")) == (
        2,
        [("building.geojson", "published")],
    )
    assert city.rows("SELECT name, storeys FROM buildings WHERE feature_id = %s", first["properties"]["feature_id"]) == [("改名的楼", 3)]
    assert city.rows("SELECT count(*) FROM building_view WHERE code = %s", gone["properties"]["code"]) == [(0,)]
    assert city.rows("SELECT count(*) FROM pipe_view") == [(12,)]


def _no_layer(document: dict[str, object]) -> str:
    return "misc.geojson"


def _bow_tie(document: dict[str, object]) -> str:
    document["features"][0]["geometry"]["coordinates"] = [[[[107, 31], [107.1, 31.1], [107.1, 31], [107, 31.1], [107, 31]]]]  # type: ignore[index]
    return "building.geojson"


@pytest.mark.parametrize(("damage", "code", "told"), [(_no_layer, "E101", "没有可识别的图层"), (_bow_tie, "E112", "自相交")])
def test_what_is_wrong_with_a_layer_is_named(damage: Callable[[dict[str, object]], str], code: str, told: str) -> None:
    ring = [[[[107.0, 31.0], [107.001, 31.0], [107.001, 31.001], [107.0, 31.0]]]]
    feature = {"type": "Feature", "properties": {"code": "B01", "name": "楼"}, "geometry": {"type": "MultiPolygon", "coordinates": ring}}
    document: dict[str, object] = {"type": "FeatureCollection", "features": [feature]}
    name = damage(document)
    plan = plan_of(json.dumps(document).encode(), name)
    assert [(issue.code, told in issue.message) for issue in plan.issues if issue.severity == "error"] == [(code, True)]


def test_files_that_are_none_are_told() -> None:
    for name in ("plan.gpkg", "building.geojson", "layers.zip"):
        assert [issue.code for issue in plan_of(b"nothing", name).issues] == ["E101"]


def test_names_of_layers() -> None:
    assert [kind.name if (kind := kind_named(name)) else None for name in ("buildings", "structure_polygon", "监控点", "enterprise")] == [
        "building",
        "structure",
        "monitoring_point",
        None,
    ]
