import asyncio
import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import psycopg
import pytest
from city import City, found_city
from psycopg import AsyncConnection

from gis.ground import ConstantGround
from gis.kinds import KINDS
from gis.models.feature import Site
from gis.store import bakes
from gis.store.changes import Position
from gis.store.cluster import Urls
from tiles.bake import Bakery, bake_city, bake_dirty, bake_enterprise, sweep, work
from tiles.check import check
from tiles.glb import unpack
from tiles.metadata import columns
from tiles.recipe import recipe
from tiles.store import FolderTileStore
from tiles.tileset import TilesetFiles

T = TypeVar("T")


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner)


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    return Bakery(FolderTileStore(tmp_path / "tiles3d"), ConstantGround())


def run(city: City, task: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with await AsyncConnection.connect(city.url, autocommit=True) as connection:
            return await task(connection)

    return asyncio.run(connected())


def bake(city: City, bakery: Bakery) -> int:
    return run(city, lambda connection: bake_dirty(connection, bakery))


def current(city: City, owner: UUID | None = None) -> str:
    ((version,),) = city.rows("SELECT version FROM tilesets WHERE enterprise_id = %s", owner or city.enterprise_id)
    return str(version)


def test_a_city_is_baked_and_passes_the_check(city: City, bakery: Bakery, tmp_path: Path) -> None:
    assert bake(city, bakery) == 1
    folder = tmp_path / "tiles3d" / str(city.enterprise_id) / current(city)
    assert check(folder) == []
    tileset = json.loads((folder / "tileset.json").read_bytes())
    assert tileset["asset"]["version"] == "1.1"
    assert city.rows("SELECT features FROM tilesets") == [(62,)]


AGGREGATES = """
SELECT min(v), max(v), avg(v), percentile_cont(0.5) WITHIN GROUP (ORDER BY v), stddev_pop(v), var_pop(v), sum(v), count(v)
FROM ({rows}) AS all_of_it
"""


def test_statistics_are_the_aggregates_of_the_database(city: City, bakery: Bakery) -> None:
    city.rows("INSERT INTO alarms (feature_id, rule, level) VALUES (%s, '超标', 1)", city.feature_id("DW001"))
    bake(city, bakery)
    tileset = json.loads(bakery.store.get(city.enterprise_id, current(city), "tileset.json") or b"")
    told = tileset["statistics"]["classes"]["feature"]
    kinds = [kind for kind in KINDS.values() if kind.form != "none" and not kind.schematic]
    assert told["properties"]["kind"]["occurrences"] == dict(
        city.rows("SELECT kind, count(*) FROM feature_view WHERE kind = ANY(%s) GROUP BY kind", [kind.name for kind in kinds])
    )
    compared = set()
    for column in columns():
        tables = [kind for kind in kinds if kind.name in column.kinds]
        rows = " UNION ALL ".join(f"SELECT {column.attribute.name} AS v FROM {kind.table} WHERE closed_at IS NULL" for kind in tables)
        if column.attribute.type in ("number", "integer"):
            cast = "real" if column.attribute.type == "number" else "integer"
            ((*found, count),) = city.rows(AGGREGATES.format(rows=f"SELECT v::{cast}::float8 AS v FROM ({rows}) AS r"))
            names = ("min", "max", "mean", "median", "standardDeviation", "variance", "sum")
            expected = dict(zip(names, map(float, found), strict=True)) if count else None  # type: ignore[arg-type]
            assert told["properties"].get(column.name) == (pytest.approx(expected, abs=1e-6) if expected else None), column.name
            compared.add(column.name) if expected else None
        elif column.attribute.type == "enum":
            counts = dict(city.rows(f"SELECT v, count(*) FROM ({rows}) AS r WHERE v IS NOT NULL GROUP BY v"))
            assert told["properties"].get(column.name, {"occurrences": {}}) == {"occurrences": counts}, column.name
            compared |= {column.name} if counts else set()
    assert {"storeys", "structure_type"} <= compared
    ((least, most, total),) = city.rows(
        "SELECT min(open_alarms), max(open_alarms), sum(open_alarms) FROM feature_view WHERE open_alarms > 0"
    )
    alarms = told["properties"]["open_alarms"]
    assert (alarms["min"], alarms["max"], alarms["sum"]) == (least, most, total)


def test_baking_again_does_nothing_until_something_changes(city: City, bakery: Bakery) -> None:
    bake(city, bakery)
    first = current(city)
    assert bake(city, bakery) == 0
    assert run(city, lambda connection: bake_enterprise(connection, bakery, city.enterprise_id)) is False
    city.rows("UPDATE buildings SET height_m = 40 WHERE code = 'B05'")
    assert bake(city, bakery) == 1
    assert current(city) != first
    assert set(bakery.store.versions(city.enterprise_id)) == {first, current(city)}


def files(bakery: Bakery, owner: UUID, version: str) -> dict[str, object]:
    """Return the files of a version, the instant of its state left out."""
    assert isinstance(bakery.store, FolderTileStore)
    folder = bakery.store.root / str(owner) / version
    found: dict[str, object] = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    tileset = json.loads((folder / "tileset.json").read_bytes())
    del tileset["asset"]["extras"]["state_epoch"]
    return {**found, "tileset.json": tileset}


def test_a_bake_reads_what_changed_and_is_what_a_whole_one_is(
    city: City, bakery: Bakery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bake(city, bakery)
    ((other,),) = city.rows(
        "INSERT INTO enterprises (code, name, geom) VALUES ('Y', '另一家', 'SRID=4490;POINT(107.6 31.2)') RETURNING feature_id"
    )
    bake(city, bakery)
    read: list[UUID] = []
    whole = bakes.site_to_bake

    async def counted(connection: AsyncConnection, enterprise_id: UUID, ground: ConstantGround) -> tuple[Site | None, Position]:
        read.append(enterprise_id)
        return await whole(connection, enterprise_id, ground)

    monkeypatch.setattr(bakes, "site_to_bake", counted)
    mine = city.enterprise_id
    # States are no dirt; the next bake shows those that came in between, wherever they are.
    city.rows("INSERT INTO alarms (feature_id, rule, level) VALUES (%s, '超标', 1)", city.feature_id("DW001"))
    for change in (
        "UPDATE buildings SET height_m = 40 WHERE code = 'B05'",
        "DELETE FROM outlets WHERE code = 'DA001'",
        "UPDATE buildings SET geom = ST_Translate(geom, 0.002, 0) WHERE code = 'B03'",
        f"INSERT INTO manholes (enterprise_id, code, geom, medium) VALUES ('{mine}', 'M9', 'SRID=4490;POINT(107.4801 31.1501)', 'rain')",
        f"UPDATE buildings SET enterprise_id = '{other}' WHERE code = 'B04'",
    ):
        city.rows(change)
        bake(city, bakery)
        fresh = Bakery(FolderTileStore(tmp_path / "fresh"), ConstantGround())
        made = files(bakery, mine, current(city))
        city.rows("UPDATE bake_list SET baked_xid = '0', baked_seq = 0")
        bake(city, fresh)
        assert made == files(fresh, mine, current(city)), change
        assert sorted(read) == sorted([mine, other]), change
        read.clear()
        # The kept bake is of the version before; what the other bakery published is read whole again.
        city.rows("UPDATE bake_list SET baked_xid = '0', baked_seq = 0")
        bake(city, bakery)
        read.clear()


def test_state_alone_bakes_nothing(city: City, bakery: Bakery) -> None:
    bake(city, bakery)
    city.rows("INSERT INTO alarms (feature_id, rule, level) VALUES (%s, '超标', 1)", city.feature_id("DW001"))
    assert bake(city, bakery) == 0


def test_only_the_changed_enterprise_is_baked(city: City, bakery: Bakery) -> None:
    city.rows("INSERT INTO enterprises (code, name, geom) VALUES ('91511703MADEMA000P002P', '另一家', 'SRID=4490;POINT(107.6 31.2)')")
    assert bake(city, bakery) == 2
    city.rows("UPDATE enterprises SET name = '另一家（改）' WHERE name = '另一家'")
    assert bake(city, bakery) == 1
    ((baked,),) = city.rows("SELECT t.enterprise_id FROM tilesets t ORDER BY baked_at DESC LIMIT 1")
    assert baked != city.enterprise_id


def test_the_origin_is_stored_once(city: City, bakery: Bakery) -> None:
    bake(city, bakery)
    origin = city.rows("SELECT lon, lat, ellipsoid_m FROM site_origins")
    city.rows("UPDATE enterprises SET geom = ST_Translate(geom, 0.0005, 0)")
    bake(city, bakery)
    assert city.rows("SELECT lon, lat, ellipsoid_m FROM site_origins") == origin


def test_a_closed_enterprise_is_withdrawn(city: City, bakery: Bakery) -> None:
    bake(city, bakery)
    city.rows("UPDATE enterprises SET closed_at = now()")
    assert bake(city, bakery) == 1
    assert city.rows("SELECT count(*) FROM tilesets") == [(0,)]


def test_old_versions_are_swept_after_their_hour(city: City, bakery: Bakery) -> None:
    bake(city, bakery)
    old = current(city)
    city.rows("UPDATE buildings SET height_m = 40 WHERE code = 'B05'")
    bake(city, bakery)
    assert run(city, lambda connection: sweep(connection, bakery)) == 0
    city.rows("UPDATE tileset_versions SET retired_at = retired_at - interval '61 minutes' WHERE retired_at IS NOT NULL")
    assert run(city, lambda connection: sweep(connection, bakery)) == 1
    assert bakery.store.versions(city.enterprise_id) == [current(city)] != [old]


def test_a_rollback_leaves_no_job(city: City) -> None:
    async def rolled_back(connection: AsyncConnection) -> None:
        async with connection.transaction(force_rollback=True):
            assert await bakes.note_changes(connection) > 0

    run(city, rolled_back)
    assert city.rows("SELECT count(*) FROM pgqueuer") == [(0,)]
    assert city.rows("SELECT count(*) FROM bake_list") == [(0,)]
    assert run(city, bakes.note_changes) > 0
    assert city.rows("SELECT entrypoint FROM pgqueuer") == [("bake_enterprise",)]
    ((enterprise_id,),) = city.rows("SELECT convert_from(payload, 'UTF8')::jsonb->>'enterprise_id' FROM pgqueuer")
    assert UUID(str(enterprise_id)) == city.enterprise_id


def test_a_feature_that_has_no_solid_does_not_keep_the_others_away(city: City, bakery: Bakery, tmp_path: Path) -> None:
    city.rows(
        "INSERT INTO buildings (enterprise_id, code, name, geom, height_m) VALUES (%s, 'B99', '无面积', "
        "'SRID=4490;POLYGON((107.48 31.15, 107.481 31.15, 107.48 31.15, 107.48 31.15))', 5)",
        city.enterprise_id,
    )
    assert bake(city, bakery) == 1
    assert city.rows("SELECT features FROM tilesets") == [(62,)]
    ((failure,),) = city.rows("SELECT failure FROM bake_list")
    assert "无面积" in str(failure)
    assert check(tmp_path / "tiles3d" / str(city.enterprise_id) / current(city)) == []
    city.rows("DELETE FROM buildings WHERE code = 'B99'")
    bake(city, bakery)
    assert city.rows("SELECT failure FROM bake_list") == [(None,)]


def test_the_worker_follows_writers_and_takes_up_what_a_killed_one_left(city: City, bakery: Bakery) -> None:
    async def noted(connection: AsyncConnection) -> None:
        await bakes.note_changes(connection)
        # A worker picked the job and died with it.
        await connection.execute("UPDATE pgqueuer SET status = 'picked', queue_manager_id = gen_random_uuid(), heartbeat = now()")

    run(city, noted)

    async def connect() -> AsyncConnection:
        return await AsyncConnection.connect(city.url, autocommit=True)

    async def until(query: str) -> None:
        async with await connect() as connection:
            while not (row := await (await connection.execute(query)).fetchone()) or not row[0]:
                await asyncio.sleep(0.02)

    async def scenario() -> None:
        stop = asyncio.Event()
        worker = asyncio.create_task(work(connect, bakery, stop))
        await until(f"SELECT count(*) = 1 FROM tilesets WHERE enterprise_id = '{bakes.CITY}'")
        await until(f"SELECT count(*) = 1 FROM tilesets WHERE enterprise_id = '{city.enterprise_id}'")
        await asyncio.to_thread(city.rows, "UPDATE buildings SET height_m = 40 WHERE code = 'B05'")
        await until(f"SELECT count(*) = 2 FROM tileset_versions WHERE enterprise_id = '{city.enterprise_id}'")
        stop.set()
        await worker

    asyncio.run(scenario())
    folder = bakery.store
    glbs = [folder.get(city.enterprise_id, current(city), "massing.glb")]
    assert all(glb and unpack(glb) for glb in glbs)


def city_baked(city: City, bakery: Bakery) -> bool:
    bake(city, bakery)
    return run(city, lambda connection: bake_city(connection, bakery))


def test_the_city_follows_the_massing_of_its_enterprises(city: City, bakery: Bakery, tmp_path: Path) -> None:
    city.rows("INSERT INTO enterprises (code, name, geom) VALUES ('91511703MADEMA000P002P', '另一家', 'SRID=4490;POINT(107.9 31.4)')")
    assert city_baked(city, bakery) is True
    first = current(city, bakes.CITY)
    assert check(tmp_path / "tiles3d") == []
    assert run(city, lambda connection: bake_city(connection, bakery)) is False
    # A pipe is no part of a massing: the enterprise has a new tileset, the city has not.
    city.rows("UPDATE pipes SET name = '另一根' WHERE enterprise_id = %s", city.enterprise_id)
    assert city_baked(city, bakery) is False
    city.rows("UPDATE buildings SET height_m = 40 WHERE code = 'B05'")
    assert city_baked(city, bakery) is True
    second = current(city, bakes.CITY)
    cells = [{path.name for path in (tmp_path / "tiles3d" / "city" / version / "cells").iterdir()} for version in (first, second)]
    assert [len(names) for names in cells] == [2, 2]
    assert len(cells[0] & cells[1]) == 1
    told = city.rows("SELECT kind, feature_id, enterprise_id, op FROM change_log WHERE layer = 'tilesets' AND kind = 'city'")
    assert told == [("city", bakes.CITY, None, "tileset")] * 2
    assert city.rows("SELECT features FROM tilesets WHERE enterprise_id = %s", bakes.CITY) == [(2,)]


def test_a_city_without_enterprises_has_no_tileset(city: City, bakery: Bakery) -> None:
    assert city_baked(city, bakery) is True
    city.rows("UPDATE enterprises SET closed_at = now()")
    assert city_baked(city, bakery) is True
    assert city.rows("SELECT count(*) FROM tilesets") == [(0,)]
    city.rows("UPDATE tileset_versions SET retired_at = retired_at - interval '61 minutes'")
    assert run(city, lambda connection: sweep(connection, bakery)) == 2
    assert bakery.store.versions(bakes.CITY) == []


def test_another_recipe_makes_everything_anew(city: City, bakery: Bakery) -> None:
    assert recipe() == recipe()
    run(city, lambda connection: bakes.follow_recipe(connection, "one"))
    bake(city, bakery)
    assert run(city, lambda connection: bakes.follow_recipe(connection, "one")) is False
    assert run(city, bakes.dirty) == []
    assert run(city, lambda connection: bakes.follow_recipe(connection, "two")) is True
    assert run(city, bakes.dirty) == [city.enterprise_id]


def test_a_failed_bake_says_why(city: City, bakery: Bakery) -> None:
    run(city, bakes.note_changes)
    run(city, lambda connection: bakes.record_failure(connection, city.enterprise_id, "GeometryError: x"))
    with psycopg.connect(city.url) as connection:
        assert connection.execute("SELECT attempts, failure FROM bake_list").fetchall() == [(1, "GeometryError: x")]


def test_a_feature_given_away_leaves_one_tileset_for_the_other(city: City, bakery: Bakery) -> None:
    ((other,),) = city.rows(
        "INSERT INTO enterprises (code, name, geom) VALUES ('Y', '另一家', 'SRID=4490;POINT(107.6 31.2)') RETURNING feature_id"
    )
    assert bake(city, bakery) == 2
    city.rows("UPDATE buildings SET enterprise_id = %s WHERE code = 'B05'", other)
    assert bake(city, bakery) == 2
    assert set(city.rows("SELECT enterprise_id, features FROM tilesets")) == {(city.enterprise_id, 61), (other, 1)}
    assert [op for (op,) in city.rows("SELECT op FROM change_log WHERE layer = 'buildings' ORDER BY xid, seq")][-2:] == ["leave", "update"]


class Interrupted(FolderTileStore):
    """A folder whose writer dies as soon as the files are there."""

    def put(
        self, enterprise: UUID, version: str, files: TilesetFiles, before: str | None = None, same: Collection[str] = frozenset()
    ) -> None:
        super().put(enterprise, version, files, before, same)
        raise OSError("gone")


def test_files_that_were_never_published_are_swept_too(city: City, bakery: Bakery, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            bake(city, replace(bakery, store=Interrupted(tmp_path / "tiles3d")))
    assert bake(city, bakery) == 1
    assert len(bakery.store.versions(city.enterprise_id)) == 3
    city.rows("UPDATE tileset_versions SET retired_at = retired_at - interval '61 minutes' WHERE retired_at IS NOT NULL")
    assert run(city, lambda connection: sweep(connection, bakery)) == 2
    assert bakery.store.versions(city.enterprise_id) == [current(city)]


def test_a_version_that_comes_back_while_it_is_swept_is_written_anew(city: City, bakery: Bakery) -> None:
    bake(city, bakery)
    old = current(city)
    city.rows("UPDATE buildings SET height_m = 40 WHERE code = 'B05'")
    bake(city, bakery)
    city.rows("UPDATE tileset_versions SET retired_at = retired_at - interval '61 minutes' WHERE retired_at IS NOT NULL")

    async def scenario(sweeper: AsyncConnection) -> None:
        async with await AsyncConnection.connect(city.url, autocommit=True) as baker:
            async with bakes.forgetting(sweeper, city.enterprise_id, old) as expired:
                assert expired
                announced = asyncio.create_task(bakes.announce(baker, city.enterprise_id, old))
                waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
                while await asyncio.to_thread(city.rows, waits, baker.info.backend_pid) != [(True,)]:
                    assert not announced.done()
                bakery.store.remove(city.enterprise_id, old)
            await announced
            assert await bakes.expired_versions(baker) == []

    run(city, scenario)
    assert set(city.rows("SELECT version FROM tileset_versions")) == {(old,), (current(city),)}


def test_a_folder_that_cannot_be_removed_stays_on_the_list(city: City, bakery: Bakery) -> None:
    class Stuck(FolderTileStore):
        def remove(self, enterprise: UUID, version: str) -> None:
            raise OSError(f"{enterprise}/{version} is stuck")

    bake(city, bakery)
    city.rows("UPDATE buildings SET height_m = 40 WHERE code = 'B05'")
    bake(city, bakery)
    city.rows("UPDATE tileset_versions SET retired_at = retired_at - interval '61 minutes' WHERE retired_at IS NOT NULL")
    store = bakery.store
    assert isinstance(store, FolderTileStore)
    assert run(city, lambda connection: sweep(connection, replace(bakery, store=Stuck(store.root)))) == 0
    assert run(city, lambda connection: sweep(connection, bakery)) == 1


def test_the_log_of_an_enterprise_that_is_wiped_out_holds_nothing_up(city: City) -> None:
    ((gone,),) = city.rows(
        "INSERT INTO enterprises (code, name, geom) VALUES ('Y', '另一家', 'SRID=4490;POINT(107.6 31.2)') RETURNING feature_id"
    )
    city.rows("DELETE FROM enterprises WHERE feature_id = %s", gone)
    # Whoever wipes an id out for good has to lift the guard first.
    city.rows("ALTER TABLE features DISABLE TRIGGER no_delete")
    city.rows("DELETE FROM features WHERE feature_id = %s", gone)
    assert run(city, bakes.note_changes) > 0
    assert run(city, bakes.dirty) == [city.enterprise_id]
