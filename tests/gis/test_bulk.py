"""Plans of every kind in the database, made without a drawing."""

import hashlib
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from city import DRAFTER, ENTERPRISE, City, found_city
from shapely.geometry.base import BaseGeometry

from gis.crs import xy_to_lonlat
from gis.kinds import ENUMS, KINDS, Kind
from gis.models.plan import Counts, PlanFeature, PlanSource, SitePlan
from gis.store.cluster import Urls
from gis.store.connect import writing
from gis.store.plans import Outcome, store_plan

X, Y = 452_000.0, 3_451_000.0
EXAMPLES: dict[str, Any] = {"text": "甲\t乙\\丙\n丁", "integer": 3, "number": 2.5, "boolean": True, "date": None}
SHAPES = {"Point": (1,), "LineString": (2,), "Polygon": (3,), "PolygonZ": (3,), "MultiPolygon": (3,), "Geometry": (1, 3)}


NAN, INF = math.nan, math.inf


def wild(make: Callable[[Any], BaseGeometry], coordinates: Any) -> BaseGeometry:
    """Return a shape with coordinates that NumPy would warn of."""
    with np.errstate(invalid="ignore"):
        return make(coordinates)


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner, drawing=None)


def shape_of(dimension: int, index: int) -> BaseGeometry:
    x, y = X + index * 20, Y + dimension * 100
    match dimension:
        case 1:
            return shapely.Point(x, y)
        case 2:
            return shapely.LineString([(x, y), (x + 8, y), (x + 8, y + 3)])
    return shapely.box(x, y, x + 8, y + 5)


def values_of(kind: Kind) -> dict[str, Any]:
    return {one.name: next(iter(ENUMS[one.enum])) if one.enum else EXAMPLES[one.type] for one in kind.attributes}


def drawn(kind: Kind, dimension: int, index: int, handle: str) -> PlanFeature:
    xy = shape_of(dimension, index)
    geom = shapely.transform(xy, xy_to_lonlat)
    native = {"type": "lwpolyline", "points": [[*point, 0.0] for point in shapely.get_coordinates(xy).tolist()], "closed": dimension == 3}
    return PlanFeature(kind.name, None, f"名\\{index}", geom, xy, native, PlanSource(handle, "图层\t一"), attributes=values_of(kind))


def of_every_kind() -> list[PlanFeature]:
    kinds = [(kind, dimension) for kind in KINDS.values() if kind.name != "enterprise" for dimension in SHAPES[kind.geometry]]
    return [drawn(kind, dimension, index, f"{index:X}") for index, (kind, dimension) in enumerate(kinds)]


def plan_of(features: Sequence[PlanFeature], key: str = "1") -> SitePlan:
    count = len(features)
    digest = hashlib.sha256(key.encode()).hexdigest()
    return SitePlan("A", None, f"{key}.dxf", digest, tuple(features), (), Counts(count, count, 0, 0))


def store(city: City, features: Sequence[PlanFeature], key: str = "1") -> Outcome:
    with writing(city.engine, DRAFTER) as connection:
        return store_plan(connection, city.enterprise_id, ENTERPRISE["source_code"], plan_of(features, key), key.encode())


def log_rows(city: City) -> object:
    return city.rows("SELECT count(*) FROM change_log")[0][0]


def test_every_kind_is_stored_and_read_again(city: City) -> None:
    features = of_every_kind()
    outcome = store(city, features)
    assert outcome.issues == ()
    assert outcome.actions == {"insert": len(features)}
    before = log_rows(city)
    # Another order and other handles: nothing is looked up by them.
    again = [replace(one, source=replace(one.source, handle=f"F{one.source.handle}")) for one in reversed(features)]
    assert store(city, again, "2").actions == {"unchanged": len(features)}
    assert log_rows(city) == before
    for one in features:
        kind = KINDS[one.kind]
        ((name, stored), *_) = city.rows(f"SELECT name, to_jsonb(k) FROM {kind.table} k WHERE name = %s", one.name)
        assert name == one.name
        assert {key: stored[key] for key, value in one.attributes.items() if value is not None} == {  # type: ignore[index]
            key: value for key, value in one.attributes.items() if value is not None
        }


def test_a_process_flow_is_no_map(city: City) -> None:
    flow = [one for one in of_every_kind() if KINDS[one.kind].schematic]
    assert flow
    store(city, flow)
    for one in flow:
        ((geom, shape),) = city.rows(f"SELECT geom, shape FROM {one.kind}_view")
        assert (geom, shape) == (None, one.shape)
    assert city.rows("SELECT kind FROM feature_view WHERE kind <> 'enterprise'") == []
    assert len(city.rows("SELECT old_env, new_env FROM change_log WHERE layer LIKE 'process%%' AND new_env IS NULL")) == len(flow)
    moved = [replace(one, xy=shapely.transform(one.xy, lambda xy: xy + 1), shape={**(one.shape or {}), "moved": 1}) for one in flow]
    assert store(city, moved, "2").actions == {"update": len(flow)}


def test_parcels_in_space_keep_their_heights(city: City) -> None:
    flat = replace(drawn(KINDS["parcel_3d"], 3, 0, "1"), z_min_m=6.0, z_max_m=9.0)
    store(city, [flat])
    assert city.rows("SELECT ST_ZMin(geom), z_min_m, z_max_m, height_m FROM parcels_3d") == [(6, 6, 9, 3)]
    solid = replace(flat, geom=shapely.force_3d(flat.geom, 7), xy=shapely.force_3d(flat.xy, 7))
    assert store(city, [solid], "2").actions == {"update": 1}
    assert store(city, [solid], "3").actions == {"unchanged": 1}


def test_what_no_table_takes_is_an_issue_and_nothing_is_written(city: City) -> None:
    building, point, road = (
        drawn(KINDS[kind], dimension, 1, "1") for kind, dimension in (("building", 3), ("elevation_point", 1), ("road", 2))
    )
    nowhere = wild(shapely.LineString, [(X, Y), (NAN, Y), (X, Y + 1)])
    faulty = {
        "NaN inside a line": (replace(road, xy=nowhere, geom=nowhere), "E212"),
        "infinite": (replace(point, xy=wild(shapely.Point, (INF, Y)), geom=wild(shapely.Point, (INF, 1))), "E212"),
        "empty": (replace(point, xy=shapely.Point(), geom=shapely.Point()), "E212"),
        "no place on the globe": (replace(point, geom=shapely.Point(200, 31)), "E212"),
        "an outline as a line": (replace(road, xy=building.xy, geom=building.geom), "E212"),
        "upside down": (replace(building, z_min_m=3.0, z_max_m=1.0), "E212"),
        "a value that is no number": (replace(point, attributes={"elevation_m": NAN}), "E212"),
        "a text for a number": (replace(point, attributes={"elevation_m": "高"}), "E212"),
        "a number for a count": (replace(building, attributes={"storeys": 2.5}), "E212"),
        "no such type": (replace(road, attributes={"road_type": "river"}), "E212"),
        "what must be given": (replace(road, attributes={}), "E204"),
        "a character no database keeps": (replace(building, name="楼\0"), "E212"),
        "half a character": (replace(building, code="\udc80"), "E212"),
    }
    before = log_rows(city)
    for name, (feature, code) in faulty.items():
        outcome = store(city, [feature], name)
        assert not outcome.published, name
        assert {issue.code for issue in outcome.issues} == {code}, name
    assert log_rows(city) == before
    assert city.rows("SELECT count(*) FROM drawings WHERE NOT published") == [(len(faulty),)]


def test_a_code_given_twice_is_an_issue(city: City) -> None:
    twice = [replace(drawn(KINDS["building"], 3, index, str(index)), code="B01") for index in range(2)]
    assert [issue.code for issue in store(city, twice).issues] == ["E206", "E206"]


NOT_PLACED: dict[str, tuple[BaseGeometry, str, object]] = {
    "elevation_points": (wild(shapely.Point, (107, NAN)), "elevation_m", 1),
    "roads": (wild(shapely.LineString, [(107, 31), (NAN, 31.1), (107, 31.2)]), "road_type", "path"),
    "greens": (wild(shapely.Polygon, [(107, 31), (107.1, 31), (NAN, 31.1), (107, 31.1)]), "cover", ""),
    "parcels_3d": (wild(shapely.Polygon, [(107, 31, 1), (107.1, 31, NAN), (107, 31.1, 1)]), "land_use", ""),
    "receptors": (shapely.LineString([(107, 31), (107, 31.1)]), "receptor_type", "farm"),
    "rivers": (shapely.LineString([(107, 31), (190, 31.1)]), "name", ""),
}


@pytest.mark.parametrize("table", NOT_PLACED)
def test_the_database_refuses_what_is_nowhere_too(city: City, table: str) -> None:
    shape, column, value = NOT_PLACED[table]
    with pytest.raises(psycopg.errors.CheckViolation, match="placed"):
        city.rows(f"INSERT INTO {table} (geom, {column}) VALUES (ST_SetSRID(ST_GeomFromWKB(%s), 4490), %s)", shape.wkb, value)


def test_ids_are_never_forgotten(city: City) -> None:
    store(city, of_every_kind())
    with pytest.raises(psycopg.errors.RaiseException, match="every id"):
        city.rows("DELETE FROM features WHERE kind = 'road'")
    with pytest.raises(psycopg.errors.RaiseException, match="carries history"):
        city.rows("TRUNCATE features CASCADE")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        city.rows("UPDATE enterprises SET jurisdiction = 'nowhere'")


def test_plain_sql_writes_of_many_rows_are_logged_and_identified(city: City) -> None:
    city.rows(
        "INSERT INTO elevation_points (enterprise_id, geom, elevation_m) "
        "SELECT %s, ST_SetSRID(ST_MakePoint(107.5 + n * 1e-5, 31.2), 4490), n FROM generate_series(1, 500) n",
        city.enterprise_id,
    )
    assert city.rows("SELECT count(*), count(DISTINCT feature_id), min(author) FROM elevation_points") == [(500, 500, "quanjing")]
    ((jurisdiction, states),) = city.rows(
        "SELECT min(f.jurisdiction), count(s.jurisdiction) FROM features f JOIN feature_state s USING (feature_id)"
        " WHERE kind = 'elevation_point'"
    )
    assert (jurisdiction, states) == ("511703", 500)
    assert city.rows("SELECT op, count(*) FROM change_log WHERE layer = 'elevation_points' GROUP BY op") == [("insert", 500)]


def points(count: int, handle: int = 16) -> list[PlanFeature]:
    xy = np.array([(X + index % 60 * 0.5, Y + index // 60 * 0.5) for index in range(count)])
    places = zip(shapely.points(xy), shapely.points(xy_to_lonlat(xy)), strict=True)
    return [
        PlanFeature("elevation_point", None, "", geom, at, None, PlanSource(f"{handle + i:X}", "高程"), attributes={"elevation_m": i / 10})
        for i, (at, geom) in enumerate(places)
    ]


def test_thousands_of_points_shuffled_and_renumbered_are_the_same_points(city: City) -> None:
    features = points(3000)
    assert store(city, features).actions == {"insert": 3000}
    before = log_rows(city)
    order = np.random.default_rng(1).permutation(3000)
    again = [replace(features[index], source=PlanSource(f"{5000 + place:X}", "高程")) for place, index in enumerate(order.tolist())]
    assert store(city, again, "2").actions == {"unchanged": 3000}
    assert log_rows(city) == before
    ((places, handles),) = city.rows("SELECT count(*), count(*) FILTER (WHERE handle >= to_hex(5000)) FROM feature_sources")
    assert places == handles == 3000


def test_what_one_statement_can_do_is_one_statement(city: City) -> None:
    features = points(400)
    store(city, features)
    rows = "SELECT n_tup_ins, n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'elevation_points'"
    changed = [replace(one, attributes={"elevation_m": 999.0}) if index % 2 else one for index, one in enumerate(features)]
    with writing(city.engine, DRAFTER) as connection:
        outcome = store_plan(connection, city.enterprise_id, ENTERPRISE["source_code"], plan_of(changed, "2"), b"")
        assert connection.exec_driver_sql(rows).one() == (0, 200)
    assert outcome.actions == {"unchanged": 200, "update": 200}
    assert store(city, features[:100], "3").actions == {"update": 50, "unchanged": 50, "close": 300}


def test_an_entity_may_be_the_source_of_several_features(city: City) -> None:
    well = drawn(KINDS["manhole"], 1, 1, "7F")
    label = replace(drawn(KINDS["elevation_point"], 1, 1, "7F"), source=PlanSource("7F", "L", handles=("7F", '8"A')))
    assert store(city, [well, label]).actions == {"insert": 2}
    assert store(city, [label, well], "2").actions == {"unchanged": 2}
    assert city.rows("SELECT handles FROM feature_sources ORDER BY handles") == [([],), (["7F", '8"A'],)]


# The short way: nothing is compared where nothing can have changed.


def compares(city: City, features: Sequence[PlanFeature], key: str) -> bool:
    """Store, and tell whether the rows were read for it."""
    reads = "SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables WHERE relname = 'elevation_points'"
    with writing(city.engine, DRAFTER) as connection:
        outcome = store_plan(connection, city.enterprise_id, ENTERPRISE["source_code"], plan_of(features, key), b"")
        assert outcome.published
        return bool(connection.exec_driver_sql(reads).scalar())


def test_the_same_plan_again_is_not_compared_until_something_has_changed(city: City) -> None:
    features = points(50)
    store(city, features)
    assert not compares(city, features, "1")
    assert not compares(city, features, "the same in another file")
    assert compares(city, features[::-1], "another order")
    assert not compares(city, features[::-1], "another order")
    city.rows("UPDATE elevation_points SET elevation_m = 5 WHERE elevation_m = 0.3")
    assert compares(city, features[::-1], "another order")
    assert not compares(city, features[::-1], "another order")
    city.rows("DELETE FROM feature_sources WHERE handle = '10'")
    assert compares(city, features[::-1], "another order")
    # Three files, and one of them again after somebody else's change: what changed nothing is no version.
    assert city.rows("SELECT version, state FROM drawings ORDER BY version DESC") == [
        (4, "published"),
        (3, "superseded"),
        (2, "superseded"),
        (1, "superseded"),
    ]


def test_a_writer_who_began_earlier_and_commits_later_is_not_overlooked(city: City) -> None:
    features = points(50)
    store(city, features)
    with psycopg.connect(city.url) as early:
        early.execute("UPDATE elevation_points SET elevation_m = 7 WHERE elevation_m = 0.3")
        store(city, [*features[:-1], replace(features[-1], attributes={"elevation_m": 8.0})], "2")
    last = [*features[:-1], replace(features[-1], attributes={"elevation_m": 8.0})]
    assert store(city, last, "2").actions == {"unchanged": 49, "update": 1}


def test_a_state_of_the_day_changes_no_plan(city: City) -> None:
    features = points(50)
    store(city, features)
    city.rows('UPDATE feature_state SET readings = \'{"COD": {"value": 1}}\'')
    assert not compares(city, features, "1")


IMPORTER = """
import sys
sys.path.insert(0, {tests!r})
sys.path.insert(0, {here!r})
from city import DRAFTER, ENTERPRISE
from test_bulk import plan_of, points
from gis.store.connect import engine, writing
from gis.store.enterprises import find_enterprise
from gis.store.plans import store_plan
with writing(engine({url!r}), DRAFTER) as connection:
    enterprise_id, code = find_enterprise(connection, ENTERPRISE["source_code"])
    store_plan(connection, enterprise_id, code, plan_of(points(500)), b"1")
"""


def test_an_import_that_is_killed_leaves_nothing_and_the_next_ends_like_an_unbroken_one(city: City) -> None:
    here = Path(__file__).parent
    before = log_rows(city)
    with psycopg.connect(city.url) as holder:
        # What an import writes last has to wait; all else is written by then.
        holder.execute("LOCK TABLE drawings IN EXCLUSIVE MODE")
        script = IMPORTER.format(tests=str(here.parent), here=str(here), url=city.url)
        importer = subprocess.Popen([sys.executable, "-c", script])
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while city.rows(waits) != [(1,)]:
            assert importer.poll() is None
            time.sleep(0.02)
        os.kill(importer.pid, signal.SIGKILL)
        importer.wait()
    assert city.rows("SELECT count(*) FROM elevation_points") == [(0,)]
    assert log_rows(city) == before
    assert store(city, points(500)).actions == {"insert": 500}
    assert city.rows("SELECT count(*) FROM drawings") == [(1,)]
    assert store(city, points(500)[::-1], "2").actions == {"unchanged": 500}
