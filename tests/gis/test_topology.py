"""Topology rules over what is stored: each finds its fault and nothing else, and an edit leaves what checking everything would."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import numpy as np
import psycopg
import pytest
import shapely
import shapely.affinity
from city import City, found_city
from serving import serving
from typer.testing import CliRunner

from api import inspector
from gis.crs import lonlat_to_xy, xy_to_lonlat
from gis.rules.topology import rules
from gis.store.cluster import Urls
from gis.store.topology import CHECKS, check, recheck
from gis.topology_cli import app

ORIGIN = lonlat_to_xy(np.array([[107.5, 31.2]]))[0]


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    return found_city(module_database.owner, drawing=None)


@pytest.fixture
def connection(city: City) -> Iterator[psycopg.Connection]:
    """A transaction that is rolled back."""
    with psycopg.connect(city.url) as connection:
        yield connection
        connection.rollback()


def put(connection: psycopg.Connection, city: City, table: str, shape: shapely.Geometry, **rest: Any) -> UUID:
    """Insert a feature whose shape is in metres from a place in Dazhou."""
    geom = shapely.transform(shape, lambda xy: xy_to_lonlat(xy + ORIGIN))
    if table == "parcels_3d":
        geom = shapely.force_3d(geom, 0.0)
    row = {"enterprise_id": city.enterprise_id, "name": table, **rest}
    names = ", ".join([*row, "geom"])
    values = ", ".join(["%s"] * len(row))
    text = f"INSERT INTO {table} ({names}) VALUES ({values}, ST_GeomFromText(%s, 4490)) RETURNING feature_id"
    ((found,),) = connection.execute(text, [*row.values(), shapely.to_wkt(geom, rounding_precision=12)]).fetchall()
    assert isinstance(found, UUID)
    return found


def box(x: float, y: float, width: float, depth: float) -> shapely.Polygon:
    return shapely.box(x, y, x + width, y + depth)


def line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(points)


FENCE = {"wall_type": "fence"}
# Rule → what breaks it, and beside it what nearly does.
SEEDED: dict[str, list[tuple[str, shapely.Geometry, dict[str, Any]]]] = {
    "parcel_overlap": [("parcels", box(0, 0, 50, 50), {}), ("parcels", box(49, 0, 50, 50), {})],
    "parcel_gap": [
        ("parcels", box(0, 0, 50, 50), {}),
        ("parcels", box(0, 50, 20, 50), {}),
        ("parcels", box(20.5, 50, 29.5, 50), {}),
        ("parcels", box(0, 100, 50, 10), {}),
    ],
    "unit_overlap": [
        ("parcels_3d", box(0, 0, 10, 10), {"z_min_m": -3, "z_max_m": 0.5}),
        ("parcels_3d", box(5, 0, 10, 10), {"z_min_m": 0, "z_max_m": 3}),
        ("parcels_3d", box(5, 0, 10, 10), {"z_min_m": 3, "z_max_m": 6}),
    ],
    "unit_outside_parcel": [
        ("parcels", box(0, 0, 50, 50), {"parcel_code": "P1"}),
        ("parcels_3d", box(45, 0, 10, 10), {"parcel_code": "P1", "z_min_m": 0, "z_max_m": 3}),
    ],
    "building_overlap": [
        ("buildings", box(0, 0, 10, 10), {"height_m": 9}),
        ("buildings", box(8, 0, 10, 10), {"height_m": 9}),
        ("buildings", box(18, 0, 9, 9), {"height_m": 9}),
    ],
    "structure_overlap": [
        ("structures", box(0, 0, 10, 10), {"structure_type": "tank", "height_m": 5}),
        ("structures", box(5, 5, 10, 10), {"structure_type": "silo", "height_m": 5}),
        ("structures", box(0, 0, 3, 3), {"structure_type": "stack", "z_min_m": 5, "height_m": 9}),
    ],
    "building_outside_parcel": [("parcels", box(0, 0, 50, 50), {}), ("buildings", box(45, 10, 10, 10), {"height_m": 6})],
    "outside_site": [
        ("site_boundaries", box(0, 0, 50, 50), {}),
        ("buildings", box(45, 10, 10, 10), {"height_m": 6}),
        ("buildings", box(5, 5, 9, 9), {"height_m": 6}),
    ],
    "duplicate": [
        ("walls", line((0, 0), (50, 0)), FENCE),
        ("walls", line((50, 0), (0, 0)), FENCE),
        ("walls", line((0, 0), (49, 0)), FENCE),
    ],
    "sliver": [("buildings", box(0, 0, 60, 0.15), {"height_m": 6}), ("buildings", box(0, 9, 60, 0.5), {"height_m": 6})],
    "outlet_without_pipe": [
        ("outlets", shapely.Point(0, 0), {"medium": "water", "code": "DW001"}),
        ("outlets", shapely.Point(50, 0), {"medium": "water", "code": "DW002"}),
        ("pipes", line((50, 1), (90, 1)), {"medium": "rain"}),
        ("outlets", shapely.Point(200, 0), {"medium": "air", "code": "DA001"}),
    ],
    "pipe_end": [
        ("pipes", line((0, 0), (40, 0)), {"medium": "sewage"}),
        ("manholes", shapely.Point(0, 0.5), {}),
        ("manholes", shapely.Point(40, 2.0), {}),
    ],
    "receptor_without_population": [
        ("receptors", shapely.Point(0, 0), {"receptor_type": "school"}),
        ("receptors", shapely.Point(9, 0), {"receptor_type": "intake"}),
        ("receptors", shapely.Point(99, 0), {"receptor_type": "village", "population": 10}),
    ],
    "line_crosses_itself": [("walls", line((0, 0), (10, 10), (10, 0), (0, 10)), FENCE), ("walls", line((99, 0), (90, 10)), FENCE)],
    "heights_reversed": [
        ("buildings", box(0, 0, 10, 10), {"z_min_m": 4, "z_max_m": 4}),
        ("buildings", box(20, 0, 10, 10), {"z_min_m": 3, "z_max_m": 4}),
    ],
    "underground_in_the_air": [
        ("underground_structures", box(0, 0, 5, 5), {"underground_type": "tank", "z_min_m": -3, "z_max_m": 0.5}),
        ("underground_structures", box(9, 0, 5, 5), {"underground_type": "tank", "z_min_m": -3, "z_max_m": -0.5}),
    ],
}


def standing(connection: psycopg.Connection) -> set[tuple[Any, ...]]:
    shape = "ST_AsText(ST_SnapToGrid(ST_Normalize(geom), 1e-9))"
    query = f"SELECT rule, feature_id, other_id, round(amount::numeric, 3), {shape} FROM topology_faults"
    return set(connection.execute(query).fetchall())


def test_there_are_rules_of_every_check() -> None:
    assert len(rules()) >= 12
    assert {rule.check for rule in rules().values()} == set(CHECKS)
    assert set(SEEDED) == set(rules())


@pytest.mark.parametrize("name", SEEDED)
def test_a_rule_finds_its_fault_once(connection: psycopg.Connection, city: City, name: str) -> None:
    for table, shape, rest in SEEDED[name]:
        put(connection, city, table, shape, **rest)
    (kept,) = check(connection, [name])
    assert (kept.found, kept.added, kept.gone) == (1, 1, 0)
    (again,) = check(connection, [name])
    assert (again.found, again.added, again.gone) == (1, 0, 0)


def test_amounts_are_in_metres(connection: psycopg.Connection, city: City) -> None:
    for name in ("parcel_overlap", "unit_overlap", "parcel_gap"):
        for number, (table, shape, rest) in enumerate(SEEDED[name]):
            put(
                connection,
                city,
                table,
                shapely.affinity.translate(shape, 1000 * list(SEEDED).index(name), 0),
                code=f"{name}{number}",
                **rest,
            )
    check(connection, ["parcel_overlap", "unit_overlap", "parcel_gap"])
    found = dict(connection.execute("SELECT rule, amount FROM topology_faults").fetchall())
    assert found["parcel_overlap"] == pytest.approx(50.0, rel=1e-3)
    assert found["unit_overlap"] == pytest.approx(5 * 10 * 0.5, rel=1e-3)
    assert found["parcel_gap"] == pytest.approx(25.0, rel=0.02)


TABLES = ("buildings", "parcels", "parcels", "structures", "pipes", "outlets", "manholes", "receptors")


def edit(connection: psycopg.Connection, city: City, dice: random.Random) -> tuple[list[UUID], list[list[float]]]:
    """Insert, move, change or close something; returns the features and the boxes that the change log says of it."""
    before = connection.execute("SELECT coalesce(max(seq), 0) FROM change_log").fetchone()
    table = dice.choice(TABLES)
    x, y = dice.uniform(0, 40), dice.uniform(0, 40)
    shapes: dict[str, tuple[shapely.Geometry, dict[str, Any]]] = {
        "buildings": (box(x, y, dice.choice([0.1, 6, 20]), 8), {"height_m": 6}),
        "parcels": (box(round(x / 20) * 20, round(y / 20) * 20, 20, dice.choice([20, 20.5])), {"parcel_code": dice.choice("AB")}),
        "structures": (box(x, y, 7, 7), {"structure_type": dice.choice(["tank", "silo"]), "height_m": 5}),
        "pipes": (line((x, y), (dice.uniform(0, 40), dice.uniform(0, 40)), (y, x)), {"medium": dice.choice(["sewage", "rain"])}),
        "outlets": (shapely.Point(x, y), {"medium": "water", "code": f"DW{dice.randrange(1000):03}{uuid4().hex[:4]}"}),
        "manholes": (shapely.Point(x, y), {}),
        "receptors": (shapely.Point(x, y), {"receptor_type": "school", "population": dice.choice([None, 5])}),
    }
    present = [
        row[0]
        for row in connection.execute(f"SELECT feature_id FROM {table} WHERE closed_at IS NULL ORDER BY ST_AsText(geom), name").fetchall()
    ]
    what = dice.random()
    if what < 0.6 or not present:
        put(connection, city, table, shapes[table][0], **shapes[table][1])
    elif what < 0.85:
        geom = shapely.transform(shapes[table][0], lambda xy: xy_to_lonlat(xy + ORIGIN))
        text = f"UPDATE {table} SET geom = ST_GeomFromText(%s, 4490) WHERE feature_id = %s"
        connection.execute(text, [shapely.to_wkt(geom, rounding_precision=12), dice.choice(present)])
    else:
        connection.execute(f"UPDATE {table} SET closed_at = clock_timestamp() WHERE feature_id = %s", [dice.choice(present)])
    rows = connection.execute(
        "SELECT feature_id, ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM change_log c CROSS JOIN unnest(ARRAY[old_env, new_env]) e"
        " WHERE seq > %s AND layer NOT IN ('feature_state', 'tilesets', 'problems') AND e IS NOT NULL",
        before,
    ).fetchall()
    return [row[0] for row in rows], [list(row[1:]) for row in rows]


def test_after_any_edits_the_faults_are_those_of_checking_everything(connection: psycopg.Connection, city: City) -> None:
    dice = random.Random(7)  # noqa: S311 — no secret
    for _ in range(100):
        recheck(connection, *edit(connection, city, dice))
    kept = standing(connection)
    check(connection)
    assert standing(connection) == kept
    assert len({row[0] for row in kept}) >= 5


def test_the_worker_follows_edits_and_all_is_told(
    city: City, module_database: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def survey() -> int:
        async with await psycopg.AsyncConnection.connect(city.url, autocommit=True) as connection:
            return await inspector.survey(connection, city.url)

    asyncio.run(survey())
    with psycopg.connect(city.url) as connection:
        for table, shape, rest in SEEDED["parcel_overlap"]:
            put(connection, city, table, shape, **rest)
    assert asyncio.run(survey()) >= 2
    with serving(module_database.reader, tmp_path) as address:
        found = httpx.get(f"{address}/api/topology/faults", params={"rule": "parcel_overlap"}).json()["features"]
        assert httpx.get(f"{address}/api/topology/faults", params={"rule": "none"}).status_code == 400
        listed = httpx.get(f"{address}/api/topology/rules").json()["rules"]
    assert len(listed) == len(rules())
    assert [one["properties"]["label"] for one in found] == ["宗地重叠"]
    assert found[0]["geometry"]["type"] == "Polygon"
    monkeypatch.setenv("DATABASE_URL", module_database.owner)
    told = CliRunner().invoke(app, ["check", "--rule", "parcel_overlap", "--out", str(tmp_path / "faults.geojson")])
    assert told.exit_code == 1
    assert "宗地重叠" in told.output
    assert (tmp_path / "faults.geojson").stat().st_size > 100
    with psycopg.connect(city.url) as connection:
        connection.execute("UPDATE parcels SET closed_at = clock_timestamp()")
    asyncio.run(survey())
    assert city.rows("SELECT count(*) FROM topology_faults") == [(0,)]
