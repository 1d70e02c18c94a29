"""Nobody sees beyond the own scope, whatever is asked, and the spatial index is kept under the policies."""

import asyncio
import random
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from city import City
from probes import FILTERS, PROBES, SCOPES, UUIDS, allowed_in, crowded
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from gis.kinds import KINDS
from gis.store import provision
from gis.store.cluster import Urls
from gis.store.policies import index_kept
from gis.store.readings import make_month
from gis.store.vector_tiles import Place, TileQuery, configure, covering, mapped, vector_tile


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    return crowded(module_database.owner)


@pytest.fixture(scope="module")
def allowed(city: City) -> dict[str, set[UUID]]:
    return allowed_in(city)


async def ids(connection: AsyncConnection, query: TileQuery, place: Place) -> set[UUID]:
    """Return the features of a tile: their ids stand in it as text."""
    return {UUID(found.decode()) for found in UUIDS.findall(await vector_tile(connection, query, place))}


@pytest.mark.timeout(3600)
def test_probes_at_random_leak_nothing_and_hide_nothing(city: City, module_database: Urls, allowed: dict[str, set[UUID]]) -> None:
    ((first, last),) = city.rows("SELECT min(lower(recorded)), clock_timestamp() FROM buildings_history")
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    chance = random.Random(20261130)  # noqa: S311

    async def scenario() -> int:
        seen = 0
        async with await AsyncConnection.connect(module_database.reader) as connection:
            await configure(connection)
            for _ in range(PROBES):
                z = chance.randint(6, 16)
                lon, lat = 107.45 + chance.random() * 0.08, 31.19 + chance.random() * 0.02
                column, _, row, _ = covering((lon, lat, lon, lat), z, 0)
                text = chance.choice(FILTERS)
                layers = ("building",) if text else chance.choice((None, tuple(sorted(chance.sample(mapped(), 5)))))
                as_of = first + (last - first) * chance.random() if chance.random() < 0.4 else None
                scope = chance.choice(SCOPES[1:])

                place = Place(z, column, row)
                own, every = [await ids(connection, TileQuery(of, layers, as_of, text), place) for of in (scope, "*")]
                assert own <= allowed[scope], (scope, z, layers, as_of, text)
                if layers is None or all(KINDS[name].zoom <= z for name in layers):
                    assert own == every & allowed[scope], (scope, z, layers, as_of, text)
                seen += len(own)
        return seen

    assert asyncio.run(scenario()) > PROBES


@pytest.fixture(scope="module")
def stranger(city: City, module_database: Urls) -> Iterator[str]:
    """A role of its own that is bound to one county."""
    name, password = f"stranger_{secrets.token_hex(4)}", secrets.token_hex(16)
    with psycopg.connect(module_database.owner) as connection:
        provision.bind(connection, name, "511724")
    with psycopg.connect(str(module_database.admin), autocommit=True) as connection:
        provision.service(connection, name, password)
        yield make_conninfo(module_database.reader, user=name, password=password)
        connection.execute(f"DROP ROLE {name}")


GUARDED = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('feature_id', 'enterprise_id')
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname NOT IN ('bake_list', 'change_readers')
    -- A feature's former versions say whose it was then.
    AND NOT (c.relname LIKE '%%_history' AND a.attname = 'enterprise_id')
"""


def test_a_bound_role_sees_its_county_in_every_table_and_view_whatever_it_says(
    city: City, stranger: str, allowed: dict[str, set[UUID]]
) -> None:
    tables = city.rows(GUARDED)
    assert len(tables) > 100
    with psycopg.connect(stranger) as connection:
        for said in ("*", "", "511703", "5117"):
            connection.execute("SELECT set_config('quanjing.scope', %s, false)", [said])
            for table, column in tables:
                rows = connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
                assert {row[0] for row in rows} <= allowed["511724"], table
        count = connection.execute("SELECT count(*) FROM buildings").fetchone()
        assert count == (61 + 60,)
        assert connection.execute("SELECT count(*) FROM building_view").fetchone() == count
        assert connection.execute("SELECT count(*) FROM buildings_history WHERE code = 'B60'").fetchone() == (1,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM buildings")


def test_the_reader_is_kept_to_the_scope_that_its_session_says(city: City, module_database: Urls, allowed: dict[str, set[UUID]]) -> None:
    with psycopg.connect(module_database.reader) as connection:
        for scope in SCOPES:
            connection.execute("SELECT set_config('quanjing.scope', %s, false)", [scope])
            rows = connection.execute("SELECT feature_id FROM features").fetchall()
            assert {row[0] for row in rows} == allowed[scope]


def test_policies_keep_the_spatial_index(city: City, module_database: Urls) -> None:
    async def kept() -> bool:
        async with await AsyncConnection.connect(module_database.reader, autocommit=True) as connection:
            await connection.execute("SELECT set_config('quanjing.scope', '511703', false)")
            return await index_kept(connection)

    assert asyncio.run(kept()) is True
    with psycopg.connect(str(module_database.admin), autocommit=True) as connection:
        connection.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
        try:
            assert asyncio.run(kept()) is False
        finally:
            connection.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF")


OPEN = (
    "bake_list",
    "change_readers",
    "alembic_version",
    "feed_chain",
    "feed_forgotten",
    "feed_listening",
    "feed_readers",
    "glossary",
    "jurisdictions",
    "progress",
    "role_scopes",
    "store_meta",
    "tile_layers",
)
"""Tables that say nothing of anybody's features."""


def test_every_table_that_says_something_of_a_feature_is_guarded(city: City, module_database: Urls) -> None:
    with psycopg.connect(module_database.owner) as connection:
        make_month(connection, datetime(2031, 5, 3, tzinfo=UTC))
        # Once more does nothing, and so takes no lock of the table.
        make_month(connection, datetime(2031, 5, 30, tzinfo=UTC))
        asked = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relrowsecurity"
        ours = " AND relname !~ '^(pgqueuer|spatial_ref_sys)'"
        assert {row[0] for row in connection.execute(asked + ours)} == set(OPEN)
        connection.rollback()


def test_readings_and_packets_are_seen_where_the_point_is(city: City, stranger: str, module_database: Urls) -> None:
    with psycopg.connect(module_database.owner) as connection:
        make_month(connection, datetime(2026, 3, 3, tzinfo=UTC))
        connection.execute(
            "INSERT INTO monitoring_points (enterprise_id, code, name, geom, monitor_type, mn)"
            " SELECT feature_id, 'M' || code, code, geom, 'gas', 'MN' || code"
            " FROM enterprises WHERE code LIKE 'X5%'"
        )
        connection.execute("INSERT INTO feed_points (feature_id) SELECT feature_id FROM monitoring_points WHERE mn LIKE 'MNX%'")
        connection.execute(
            "INSERT INTO readings (point_id, factor, period, at, value, packet, received, first_received, version)"
            " SELECT point_id, 'w01018', 'hour', '2026-03-05T08:00:00Z', 1, 1, now(), now(), 1 FROM feed_points"
        )
        connection.execute(
            "INSERT INTO feed_devices (mn, first_received, last_received, source, edition, system, packets)"
            " SELECT mn, now(), now(), 'x', '2017', '32', 1 FROM monitoring_points WHERE mn LIKE 'MNX%'"
        )
    with psycopg.connect(stranger) as connection:
        assert connection.execute("SELECT mn FROM feed_devices").fetchall() == [("MNX511724",)]
        assert connection.execute("SELECT count(*) FROM readings").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM readings_2026_03").fetchone() == (0,)
