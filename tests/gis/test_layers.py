"""City layers from GeoJSON: what stands, what changes, what is refused."""

from typing import Any

import psycopg
import pytest

from gis.errors import Invalid
from gis.store.cluster import Urls
from gis.store.connect import Actor, engine, writing
from gis.store.layers import Stored, store_layer

ACTOR = Actor("surveyor", "装入图层", "test")


def feature(code: str, **more: Any) -> dict[str, Any]:
    properties = {"code": code, "name": f"断面{code}", "station_class": "national", **more.pop("properties", {})}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [107.5, 31.2]}, "properties": properties, **more}


def stations(*rows: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(rows)}


def store(database: Urls, document: Any, kind: str = "water_station", *, replace: bool = False) -> Stored:
    with writing(engine(database.owner), ACTOR) as connection:
        return store_layer(connection, kind, document, replace=replace)


def test_the_same_layer_again_changes_nothing_and_a_changed_one_just_that(database: Urls) -> None:
    first = stations(feature("S1"), feature("S2"), feature("S3"))
    assert store(database, first).actions == {"insert": 3}
    assert store(database, first).actions == {"unchanged": 3}
    changed = stations(feature("S1", properties={"river": "州河"}), feature("S2"))
    assert store(database, changed).actions == {"update": 1, "unchanged": 1}
    assert store(database, changed, replace=True).actions == {"unchanged": 2, "close": 1}
    with psycopg.connect(database.owner) as connection:
        rows = connection.execute("SELECT code FROM water_station_view ORDER BY code").fetchall()
        assert rows == [("S1",), ("S2",)]
    assert store(database, first).actions == {"update": 2, "unchanged": 1}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (feature("S1", geometry={"type": "LineString", "coordinates": [[107, 31], [108, 31]]}), "几何是 LineString"),
        (feature("S1", geometry={"type": "Point", "coordinates": [31.2, 107.5]}), "经纬度"),
        (feature("S1", geometry=None), "没有可用的几何"),
        (feature("S1", properties={"station_class": "world"}), "考核级别"),
        (feature("S1", properties={"depth": 3}), "没有属性 depth"),
        (feature(""), "缺少 code"),
        ({"type": "Feature"}, "不是 GeoJSON 要素"),
    ],
)
def test_a_faulty_feature_is_named_and_nothing_is_stored(database: Urls, row: Any, says: str) -> None:
    stored = store(database, stations(feature("S9"), row))
    assert stored.actions == {}
    assert any(says in issue.message and issue.message.startswith("第 2 个要素") for issue in stored.issues)
    with psycopg.connect(database.owner) as connection:
        assert connection.execute("SELECT count(*) FROM water_station_view WHERE code = 'S9'").fetchall() == [(0,)]


def test_codes_stand_once_and_kinds_are_known(database: Urls) -> None:
    assert "重复" in store(database, stations(feature("S1"), feature("S1"))).issues[0].message
    with pytest.raises(Invalid):
        store(database, stations(), "sheep")
    with pytest.raises(Invalid):
        store(database, ["no collection"])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (feature("S1", properties={"river": ["州河"]}), "所在河流"),
        (feature("S1", properties={"river": "州河\0"}), "所在河流"),
        (feature("S1", properties={"station_class": {}}), "考核级别"),
        (feature("S1", geometry={"type": "Point", "coordinates": [float("nan"), 31.2]}), "几何为空或自相交"),
        (feature("S1", geometry={"type": "Point", "coordinates": [10**400, 31.2]}), "没有可用的几何"),
        (feature("S1", geometry={"type": "Point", "coordinates": []}), "几何"),
        (feature("S1", properties={"code": ["S1"]}), "缺少 code"),
        (feature("S1", properties={"name": "a" * 2001}), "缺少 name"),
        ("S1", "不是 GeoJSON 要素"),
    ],
)
def test_what_a_table_could_not_keep_is_an_issue(database: Urls, row: Any, says: str) -> None:
    (issue,) = store(database, stations(feature("S9"), row)).issues
    assert says in issue.message
    assert issue.hint


def test_required_attributes_and_lists_are_said(database: Urls) -> None:
    outline = {"type": "Polygon", "coordinates": [[[107.5, 31.2], [107.6, 31.2], [107.6, 31.3], [107.5, 31.2]]]}
    row = {"type": "Feature", "geometry": outline, "properties": {"code": "SY1", "name": "水源地"}}
    (issue,) = store(database, stations(row), "water_source").issues
    assert issue.message == "第 1 个要素：属性 protection_level（保护区级别）必须填写"
    assert issue.hint == "可填 first、second、quasi"
    row["properties"]["protection_level"] = "first"
    assert store(database, stations(row), "water_source").actions == {"insert": 1}
    row["geometry"] = {"type": "MultiPolygon", "coordinates": [outline["coordinates"]]}
    assert store(database, stations(row), "water_source").actions == {"unchanged": 1}


def test_a_line_of_one_part_is_a_line_and_height_above_ground_is_left_out(database: Urls) -> None:
    parts = {"type": "MultiLineString", "coordinates": [[[107.5, 31.2, 300], [107.6, 31.3, 290]]]}
    row = {"type": "Feature", "geometry": parts, "properties": {"code": "R1", "name": "州河", "width_m": 90}}
    assert store(database, stations(row), "river").actions == {"insert": 1}
    assert store(database, stations(row), "river").actions == {"unchanged": 1}
    with psycopg.connect(database.owner) as connection:
        assert connection.execute("SELECT ST_AsText(geom), width_m FROM river_view").fetchall() == [
            ("LINESTRING(107.5 31.2,107.6 31.3)", 90)
        ]


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4490", "EPSG:4326"])
def test_another_coordinate_system_is_refused(database: Urls, name: str) -> None:
    named = {"type": "name", "properties": {"name": name}}
    assert store(database, stations(feature("S1")) | {"crs": named}).actions == {"insert": 1}
    with pytest.raises(Invalid, match="EPSG:4545"):
        store(database, stations(feature("S1")) | {"crs": {"type": "name", "properties": {"name": "EPSG:4545"}}})


def test_a_feature_that_was_entered_by_hand_is_the_one_of_its_code(database: Urls) -> None:
    with psycopg.connect(database.owner) as connection:
        point = "ST_SetSRID(ST_MakePoint(107.4, 31.1), 4490)"
        (made,) = connection.execute(
            f"INSERT INTO water_stations (code, name, geom) VALUES ('S1', '断面', {point}) RETURNING feature_id"
        ).fetchall()
    assert store(database, stations(feature("S1"), feature("S2"))).actions == {"update": 1, "insert": 1}
    with psycopg.connect(database.owner) as connection:
        assert connection.execute("SELECT feature_id FROM water_station_view WHERE code = 'S1'").fetchall() == [made]
        assert connection.execute("SELECT author, reason FROM water_stations WHERE code = 'S1'").fetchall() == [("surveyor", "装入图层")]
        # Its code becomes another thing's: the next of that code is a new feature.
        connection.execute("UPDATE water_stations SET code = 'S3' WHERE code = 'S2'")
    assert store(database, stations(feature("S2"))).actions == {"insert": 1}
    with psycopg.connect(database.owner) as connection:
        assert connection.execute("SELECT count(DISTINCT feature_id) FROM water_station_view").fetchall() == [(3,)]
