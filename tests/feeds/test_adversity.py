"""The listener where things go wrong: no database, too many that say nothing, clocks far off, who is not registered. `make test-feeds` runs
the stated sizes: 1 000 loggers over 10 minutes, 10 000 connections."""

import asyncio
import os
import resource
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import psycopg
import pytest
from city import City
from loggers import MN, Peer, broken, data, listening, rows
from typer.testing import CliRunner

from feeds.cli import app
from feeds.connection import Limits
from feeds.following import Follower
from feeds.hj212.packet import encode, parse, stamp
from gis.clock import BEIJING
from gis.settings import Settings
from gis.store import cluster, schema
from gis.store.asking import asked
from gis.store.cluster import Urls
from gis.store.feed_status import read_status

LOGGERS, AWAY_S = (int(part) for part in os.environ.get("QUANJING_UNPLUGGED", "50x2").split("x"))
HALF_OPEN = int(os.environ.get("QUANJING_HALF_OPEN", "300"))
STATED = AWAY_S > 60
ANSWER_S = 10.0 if STATED else 0.5
PATIENCE_S = 900 if STATED else 120
FIRST_PACKET_S = HALF_OPEN / 100
"""Longer than it takes to open them all."""
NOW = datetime.now(BEIJING)


class Fleet:
    """Loggers that send one packet after the other, repeat what is not acknowledged, and come again where the line broke."""

    def __init__(self, port: int, count: int) -> None:
        self.port, self.count = port, count
        self.acknowledged: set[tuple[str, str]] = set()
        self.stop = False

    async def one(self, place: int) -> None:
        number, mn = 0, f"{place:024d}"
        while not self.stop:
            with suppress(OSError, EOFError):
                peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port))
                try:
                    while not self.stop:
                        await self._sent(peer, number, mn)
                        number += 1
                        await asyncio.sleep(self.count / 1000)
                finally:
                    peer.writer.close()
            await asyncio.sleep(0.05)

    async def _sent(self, peer: Peer, number: int, mn: str) -> None:
        said = data(number, mn)
        for _ in range(4):
            await peer.send(said)
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_S):
                    while (await peer.receive()).qn != said.qn:
                        pass
                self.acknowledged.add((mn, said.qn))
                return
        raise EOFError


async def _until(true: object) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.02)


def test_what_was_acknowledged_is_stored_though_the_database_was_unplugged_under_load(private: Settings) -> None:
    url = cluster.ensure_running(private).owner
    schema.bring_up(url)

    async def run() -> Fleet:
        async with listening(url) as (connect, listener):
            port = (await connect()).writer.get_extra_info("peername")[1]
            fleet = Fleet(port, LOGGERS)
            tasks = [asyncio.create_task(fleet.one(place)) for place in range(LOGGERS)]
            await _until(lambda: len({mn for mn, _ in fleet.acknowledged}) == LOGGERS)
            await asyncio.to_thread(cluster.stop, private)
            await asyncio.sleep(0.2)
            before = len(fleet.acknowledged)
            await asyncio.sleep(AWAY_S)
            assert len(fleet.acknowledged) == before, "nothing is acknowledged while nothing can be kept"
            assert listener.listening().waiting > 0
            assert listener.listening().waiting_bytes <= listener.limits.waiting_bytes + LOGGERS * (1 << 16)
            await asyncio.to_thread(cluster.ensure_running, private)
            reached = {mn for mn, _ in fleet.acknowledged}
            fleet.acknowledged, earlier = set(), fleet.acknowledged
            await _until(lambda: {mn for mn, _ in fleet.acknowledged} == reached)
            fleet.stop, fleet.acknowledged = True, fleet.acknowledged | earlier
            await asyncio.gather(*tasks)
            return fleet

    fleet = asyncio.run(run())
    kept = {(packet.mn, packet.qn) for _, _, raw in rows(url) for packet in [parse(raw[6:-4])]}
    assert fleet.acknowledged - kept == set()
    assert broken(url) == []


def _room_for_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def test_who_says_nothing_makes_room_and_who_says_too_little_is_sent_away(database: Urls) -> None:
    _room_for_files()
    limits = Limits(connections=HALF_OPEN // 2, first_packet_s=FIRST_PACKET_S)

    async def run() -> None:
        async with listening(database.owner, limits) as (connect, listener):
            speaking = await connect()
            await speaking.send(data(1))
            await speaking.receive()
            silent = [await connect() for _ in range(HALF_OPEN)]
            assert listener.listening().connections <= limits.connections
            assert listener.counts["displaced"] >= HALF_OPEN - limits.connections
            # Who speaks gets in, and who spoke stays.
            late = await connect()
            await late.send(data(2))
            assert (await late.receive()).qn == data(2).qn
            slow = await connect()
            await speaking.send(data(3))
            assert (await speaking.receive()).qn == data(3).qn

            async def trickle() -> None:
                with suppress(ConnectionError):
                    for byte in encode(data(4)):
                        await slow.send(bytes([byte]))
                        await asyncio.sleep(FIRST_PACKET_S / 15)

            trickling = asyncio.create_task(trickle())
            await _until(lambda: listener.listening().quiet == 0)
            assert listener.counts["idle"] >= 1
            assert listener.listening().connections == 2
            await trickling
            status = await asyncio.to_thread(_status, database.owner)
            assert status["listener"]["running"]
            for peer in silent:
                peer.writer.transport.abort()

    asyncio.run(run())


def _status(url: str) -> dict[str, dict[str, object]]:
    with psycopg.connect(url) as connection:
        return asked(connection, read_status(datetime.now(UTC)))


def test_a_clock_ten_years_off_and_a_stranger_are_kept_counted_and_shown_and_make_no_reading(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(moment: datetime, number: int, mn: str = MN) -> bytes:
        return encode(replace(data(number, mn), cp=f"DataTime={stamp(moment)};w01018-Rtd=40.1,w01018-Flag=N"))

    decade = timedelta(days=3653)

    async def run() -> None:
        async with listening(city.url) as (connect, _):
            peer = await connect()
            await peer.send(at(NOW - decade, 1), at(NOW + decade, 2), at(NOW, 3), at(NOW, 4, "STRANGER"))
            assert [(await peer.receive()).cn for _ in range(4)] == ["9014"] * 4
            await _until(lambda: _told(city.url) >= 4)

    asyncio.run(run())
    with psycopg.connect(city.url, autocommit=True) as connection:
        Follower().step(connection)
    assert city.rows("SELECT count(*) FROM readings") == [(1,)]
    assert city.rows("SELECT count(*) FROM pg_inherits WHERE inhparent = 'readings'::regclass") == [(1,)]
    monkeypatch.setenv("QUANJING_DATABASE_URL", city.url)
    shown = CliRunner().invoke(app, ["status"])
    assert "STRANGER  未登记" in shown.output
    assert f"{MN}  时间离现在太远 2" in shown.output
    found = orjson.loads(CliRunner().invoke(app, ["status", "--json"]).output)
    assert (found["faults"], found["unread"], found["listener"]["counts"]["ok"]) == ({"clock": 2}, 0, 4)


def _told(url: str) -> int:
    found = _status(url)["listener"]
    return int(found["counts"].get("ok", 0)) if found else 0  # type: ignore[attr-defined]
