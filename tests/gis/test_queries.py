"""What inspectors ask: each query against SQL or geometry worked out another way."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from city import City, found_city
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import LineString, Point

from gis.crs import xy_to_lonlat
from gis.errors import Invalid, NotFound
from gis.geometry.rivers import along, downstream
from gis.questions import QUERIES, query_of, read
from gis.store.cluster import Urls
from gis.store.connect import EVERYWHERE, snapshot
from gis.store.queries import LABELS, Answer, ask

HERE = (107.5, 31.2)
GEOD = Geod(ellps="GRS80")
Ask = Callable[..., Answer]


def at(x: float, y: float) -> str:
    """Put a point in metres from the middle of the test's place on the globe, as text."""
    lon, lat = xy_to_lonlat(np.array([[452_347.539 + x, 3_453_256.272 + y]]))[0]
    return f"{lon:.9f},{lat:.9f}"


def line(*points: tuple[float, float]) -> str:
    return f"ST_GeomFromText('LINESTRING({', '.join(at(*point).replace(',', ' ') for point in points)})', 4490)"


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    city = found_city(module_database.owner)
    rivers = {
        "支流": line((-5000, 4000), (-2000, 1000), (0, 10)),
        "干流": line((-8000, 0), (0, 0), (6000, -1000)),
        "别处": line((0, 9000), (9000, 9000)),
    }
    for number, (name, geom) in enumerate(rivers.items()):
        city.rows(f"INSERT INTO rivers (code, name, geom) VALUES ('R{number}', '{name}', {geom})")
    for name, place in {"上游断面": (-6000, 0), "汇口下": (1000, -150), "下游断面": (5000, -900), "太远": (3000, -3000)}.items():
        geom = f"ST_GeomFromText('POINT({at(*place).replace(',', ' ')})', 4490)"
        city.rows(f"INSERT INTO water_stations (code, name, geom) VALUES ('{name}', '{name}', {geom})")
    city.rows(
        "INSERT INTO receptors (code, name, geom, receptor_type, population) SELECT 'P' || i, '村' || i,"
        " ST_SetSRID(ST_Point(107.4 + (i * 7919 %% 1000) * 0.0002, 31.1 + (i * 104729 %% 1000) * 0.0002), 4490), 'village', i"
        " FROM generate_series(1, 400) i"
    )
    return city


@pytest.fixture(scope="module")
def asking(city: City) -> Iterator[Ask]:
    with asyncio.Runner() as runner:
        connection = runner.run(psycopg.AsyncConnection.connect(city.url, autocommit=True))

        async def asked(name: str, scope: str, given: dict[str, str]) -> Answer:
            async with snapshot(connection, scope):
                return await ask(connection, query_of(name), given)

        yield lambda name, scope=EVERYWHERE, **given: runner.run(asked(name, scope, given))
        runner.run(connection.close())


def _distances(city: City, where: str = "TRUE") -> list[tuple[float, str]]:
    rows = city.rows(f"SELECT name, ST_X(geom), ST_Y(geom) FROM receptors WHERE {where}")
    return sorted((GEOD.inv(*HERE, x, y)[2], name) for name, x, y in rows)  # type: ignore[arg-type,misc]


def test_within_is_geodesic(asking: Ask, city: City) -> None:
    found = asking("within", at="107.5,31.2", radius="3000", kind="receptor")
    expected = [(distance, name) for distance, name in _distances(city) if distance <= 3000]
    assert [row["name"] for row in found.rows] == [name for _, name in expected]
    assert [row["distance_m"] for row in found.rows] == pytest.approx([distance for distance, _ in expected], abs=0.06)
    first = found.rows[0]
    x, y = first["geometry"]["coordinates"]
    assert first["bearing_deg"] == pytest.approx(GEOD.inv(*HERE, x, y)[0] % 360, abs=0.1)
    assert first["type"] == "村庄"


@pytest.mark.parametrize("count", [1, 10, 37])
def test_nearest_are_the_nearest_in_metres(asking: Ask, city: City, count: int) -> None:
    found = asking("nearest", at="107.5,31.2", count=str(count), kind="receptor", filter="population > 50")
    assert [row["name"] for row in found.rows] == [name for _, name in _distances(city, "population > 50")[:count]]


def test_downstream_follows_the_water_into_the_next_river(asking: Ask) -> None:
    found = asking("downstream", at=at(-2000, 1100), kind="water_station", width="300")
    assert [(row["kind"], row["name"]) for row in found.rows] == [
        ("river", "支流"),
        ("river", "干流"),
        ("water_station", "汇口下"),
        ("water_station", "下游断面"),
    ]
    tributary = np.hypot(2000, 990)
    below = next(row for row in found.rows if row["name"] == "下游断面")
    assert below["along_m"] == pytest.approx(tributary + np.hypot(5000, 833), rel=0.02)
    assert below["away_m"] < 100
    with pytest.raises(NotFound):
        asking("downstream", at="106.0,30.0")


def test_upwind_is_where_the_wind_comes_from(asking: Ask, city: City) -> None:
    found = asking("upwind", at="107.5,31.2", wind="350", radius="6000", half="20", kind="receptor")
    expected = set()
    for name, x, y in city.rows("SELECT name, ST_X(geom), ST_Y(geom) FROM receptors"):
        bearing, _, distance = GEOD.inv(*HERE, x, y)
        if distance <= 6000 and abs((bearing - 350 + 180) % 360 - 180) <= 20:
            expected.add(name)
    assert {row["name"] for row in found.rows} == expected != set()


def test_outlets_without_a_monitor(asking: Ask, city: City) -> None:
    def codes(**given: str) -> set[str]:
        return {row["code"] for row in asking("unwatched", **given).rows}

    before = codes(every="true")
    ((watched, code),) = city.rows(
        "SELECT m.feature_id, o.code FROM monitoring_points m JOIN outlets o"
        " ON (o.code, o.enterprise_id) = (m.outlet_code, m.enterprise_id)"
        " WHERE (o.medium, m.monitor_type) = ('water', 'water') LIMIT 1"
    )
    assert code not in before
    city.rows("UPDATE monitoring_points SET outlet_code = NULL WHERE feature_id = %s", watched)
    assert codes(every="true") - before == {code}
    city.rows("UPDATE monitoring_points SET outlet_code = %s WHERE feature_id = %s", f"YS001、{code}", watched)
    assert codes(every="true") == before


def test_enterprises_by_what_belongs_to_them(asking: Ask, city: City) -> None:
    def names(condition: str) -> list[str]:
        return [row["name"] for row in asking("select", kind="enterprise", filter=condition).rows]

    (everyone,) = asking("select", kind="enterprise").rows
    assert names("related('outlet', 'medium = ''water''')") == [everyone["name"]]
    assert names("related('outlet', 'code = ''DW999''')") == []
    assert names("related('structure', 'structure_type = ''tank'' AND height_m > 5')") == [everyone["name"]]
    assert names("related('alarm', 'level = 1')") == []
    city.rows("INSERT INTO alarms (feature_id, rule, level) VALUES (%s, '超标', 1)", city.feature_id("DW001"))
    city.rows(
        "INSERT INTO case_links (case_id, feature_id, title, opened_on) VALUES ('案9', %s, '', '2026-02-01')", city.feature_id("T-101")
    )
    city.rows(
        "INSERT INTO permits (enterprise_id, permit_no, document, valid_from, valid_to) VALUES (%s, 'X', '{}', '2021-01-01', '2026-04-30')",
        city.enterprise_id,
    )
    assert names("related('alarm', 'level = 1 AND closed IS NULL')") == [everyone["name"]]
    assert names("related('case', 'opened_on > DATE(''2026-01-01'')')") == [everyone["name"]]
    assert names("related('permit', 'valid_to < DATE(''2026-05-31'')') AND NOT related('permit', 'valid_to < DATE(''2026-04-01'')')") == [
        everyone["name"]
    ]
    with pytest.raises(Invalid, match="没有属性"):
        names("related('outlet', 'nosuch = 1')")
    with pytest.raises(Invalid, match="related"):
        names("related('nosuch', 'true')")


def test_counts_and_their_groups(asking: Ask, city: City) -> None:
    (by_county,) = asking("count", kind="outlet", by="county").rows
    ((outlets, county),) = city.rows(
        "SELECT count(*), (SELECT name FROM jurisdictions WHERE code = (SELECT jurisdiction FROM enterprises))"
        " FROM outlets WHERE closed_at IS NULL"
    )
    assert (by_county["group"], by_county["count"], by_county["enterprises"]) == (county, outlets, 1)
    (air,) = asking("count", kind="outlet", by="industry", filter="medium = 'air'").rows
    assert 0 < air["count"] < outlets
    city.rows("INSERT INTO alarms (feature_id, rule, level, opened) VALUES (%s, '月', 4, '2025-12-31T20:00:00Z')", city.feature_id("DW001"))
    assert ("2026-01", 1) in [(row["group"], row["count"]) for row in asking("count", kind="alarm", by="month", filter="rule = '月'").rows]


def test_areas_and_lengths_are_geodesic(asking: Ask, city: City) -> None:
    tank = city.feature_id("T-101")
    (row,) = asking("measure", feature=str(tank)).rows
    area, perimeter = GEOD.geometry_area_perimeter(shapely.from_geojson(json.dumps(row["geometry"])))
    assert row["area_m2"] == pytest.approx(abs(area), rel=1e-4)
    assert row["perimeter_m"] == pytest.approx(perimeter, rel=1e-4)


def test_a_point_of_space(asking: Ask, city: City) -> None:
    ((x, y, storeys, top),) = city.rows(
        "SELECT ST_X(p), ST_Y(p), storeys, z_max_m FROM (SELECT *, ST_PointOnSurface(geom) AS p FROM buildings WHERE storeys > 2 LIMIT 1) b"
    )
    here = f"{x:.9f},{y:.9f}"
    floors = [row["floor"] for height in (0.1, top / 2, top) for row in asking("standing", at=here, height=str(height)).rows]  # type: ignore[operator]
    assert floors == [1, storeys // 2 + 1, storeys]  # type: ignore[operator]
    assert asking("standing", at=here, height=str(top + 1)).rows == []  # type: ignore[operator]
    assert asking("standing", at=here, height="-1").rows == []


def test_a_scope_sees_its_own(asking: Ask) -> None:
    assert asking("select", scope="511724", kind="outlet").rows == []
    assert asking("select", scope="511703", kind="outlet").rows != []
    assert asking("count", scope="511724", kind="alarm").rows == []
    assert asking("select", scope="511724", kind="receptor", filter="related('outlet', 'true')").rows == []


@pytest.mark.parametrize(
    ("name", "given", "parameter"),
    [
        ("within", {"at": "107,31"}, "radius"),
        ("within", {"radius": "1"}, "at"),
        ("within", {"at": "x", "radius": "1"}, "at"),
        ("within", {"at": "107,31", "radius": "-1"}, "radius"),
        ("within", {"at": "107,31", "radius": "nan"}, "radius"),
        ("within", {"at": "107,310", "radius": "1"}, "at"),
        ("within", {"at": "107,31", "radius": "1", "kind": "nosuch"}, "kind"),
        ("within", {"at": "107,31", "radius": "1", "kind": "outlet", "filter": "x = 1"}, "filter"),
        ("within", {"at": "107,31", "feature": "00000000-0000-4000-8000-000000000000", "radius": "1"}, "at"),
        ("nearest", {"at": "107,31", "count": "0"}, "count"),
        ("upwind", {"at": "107,31", "wind": "400"}, "wind"),
        ("count", {"kind": "outlet", "by": "x"}, "by"),
        ("count", {"kind": "x"}, "kind"),
        ("select", {"kind": "outlet", "limit": "0"}, "limit"),
        ("measure", {"feature": "x"}, "feature"),
        ("measure", {"foo": "x"}, "foo"),
        ("unwatched", {"every": "perhaps"}, "every"),
    ],
)
def test_faults_name_the_parameter(asking: Ask, name: str, given: dict[str, str], parameter: str) -> None:
    with pytest.raises(Invalid) as caught:
        asking(name, **given)
    assert caught.value.parameter == parameter


def test_every_column_has_a_label(asking: Ask) -> None:
    asked: dict[str, dict[str, Any]] = {
        "within": {"at": "107.5,31.2", "radius": "1"},
        "nearest": {"at": "107.5,31.2"},
        "downstream": {"at": at(0, 0)},
        "upwind": {"at": "107.5,31.2", "wind": "0"},
        "unwatched": {},
        "select": {"kind": "outlet"},
        "measure": {"feature": str(asking("select", kind="outlet").rows[0]["feature_id"])},
        "count": {"kind": "outlet"},
        "standing": {"at": "107.5,31.2", "height": "1"},
    }
    assert asked.keys() == QUERIES.keys()
    for name, told in asked.items():
        answer = asking(name, **told)
        assert set(answer.columns) <= LABELS.keys()
        assert answer.geojson()["type"] == "FeatureCollection"


def test_the_verb_prints_a_table_or_geojson(city: City) -> None:
    command = [
        sys.executable,
        "-c",
        "from api.cli import main; main()",
        "query",
        "within",
        "--at",
        "107.5,31.2",
        "--radius",
        "900",
        "--kind",
        "receptor",
    ]
    environ = os.environ | {"DATABASE_URL": city.url}
    table = subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout
    assert "距离（m）" in table
    assert "村庄" in table
    document = json.loads(subprocess.run([*command, "--geojson"], env=environ, check=True, capture_output=True, text=True).stdout)
    assert f"{len(document['features'])} 行" in table
    wrong = subprocess.run([*command, "--filter", "x = 1"], env=environ, check=False, capture_output=True, text=True)
    assert (wrong.returncode, "没有属性 x" in wrong.stderr) == (2, True)


def test_texts_are_read_strictly() -> None:
    assert read(query_of("within"), {"at": "1,2", "radius": "3", "kind": "a,b"}) == {"at": (1.0, 2.0), "radius": 3.0, "kind": ("a", "b")}
    with pytest.raises(NotFound):
        query_of("nosuch")


COURSE = st.lists(st.tuples(st.integers(-9000, 9000), st.integers(-9000, 9000)), min_size=2, max_size=6, unique=True).map(LineString)


@settings(max_examples=100, deadline=None)
@given(rivers=st.lists(COURSE, min_size=1, max_size=5), share=st.floats(0, 1), most_m=st.floats(1, 3e4))
def test_the_way_down_is_one_way(rivers: list[LineString], share: float, most_m: float) -> None:
    reaches = downstream(rivers, rivers[0].interpolate(share, normalized=True), snap_m=1.0, most_m=most_m)
    assert sum(reach.line.length for reach in reaches) <= most_m * (1 + 1e-9)
    assert len({reach.river for reach in reaches}) == len(reaches)
    for before, after in pairwise(reaches):
        assert before.line.distance(after.line) <= 60.0 + 1e-6
        assert after.before_m == pytest.approx(before.before_m + before.line.length)
    if reaches:
        assert along(reaches, Point(reaches[-1].line.coords[-1]))[1] == pytest.approx(0, abs=1e-6)
