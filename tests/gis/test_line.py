"""Statements on libpq itself, between others of the driver's on the same connection."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest
import uvloop
from psycopg import AsyncConnection

from gis.store.cluster import Urls
from gis.store.line import first_row

LARGE = b"SELECT repeat($1::text, 1000000)"


def opened() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def ran(url: str, scenario: Callable[[AsyncConnection], Awaitable[None]]) -> None:
    async def main() -> None:
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            await scenario(connection)

    # The loop that serves, as asyncio's own forgives what it does not.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_statements_of_both_ways_take_turns(database: Urls) -> None:
    async def scenario(connection: AsyncConnection) -> None:
        for number in range(5):
            assert await first_row(connection, b"SELECT $1::integer + 1", [number]) == (number + 1,)
            row = await first_row(connection, LARGE, ["语"])
            assert row is not None
            assert len(row[0]) == 1_000_000
            assert await (await connection.execute("SELECT repeat('a', 100000)")).fetchone() == ("a" * 100_000,)
            with pytest.raises(psycopg.errors.DivisionByZero):
                await first_row(connection, b"SELECT 1 / $1::integer", [0])
        # What is sent while nobody asks wakes nobody up.
        await connection.execute("DO $$ BEGIN RAISE NOTICE 'heard by nobody'; END $$")
        assert await first_row(connection, b"SELECT pg_sleep(0.2)::text", []) == ("",)

    ran(database.reader, scenario)


def test_many_connections_wait_at_once_and_leave_nothing_open(database: Urls) -> None:
    async def scenario(connection: AsyncConnection) -> None:
        async def slept(number: int) -> None:
            async with await AsyncConnection.connect(database.reader, autocommit=True) as own:
                assert await first_row(own, b"SELECT pg_sleep(0.05)::text, $1::integer", [number]) == ("", number)

        await first_row(connection, b"SELECT 1", [])
        before = opened()
        await asyncio.gather(*map(slept, range(8)))
        gc.collect()
        await asyncio.sleep(0)
        assert opened() == before

    ran(database.reader, scenario)


def test_an_ended_connection_is_told_and_keeps_nobody_busy(database: Urls) -> None:
    async def scenario(connection: AsyncConnection) -> None:
        row = await first_row(connection, b"SELECT pg_backend_pid()", [])
        assert row is not None
        with psycopg.connect(str(database.admin), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", [row[0]])
        spent = time.process_time()
        await asyncio.sleep(0.5)
        assert time.process_time() - spent < 0.25
        with pytest.raises(psycopg.OperationalError):
            await first_row(connection, b"SELECT 1", [])

    ran(database.reader, scenario)
