import asyncio
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta

import psycopg
import pytest
from loggers import MN, Peer, broken, data, listening, rows
from psycopg import sql

from feeds.connection import Limits
from feeds.hj212.packet import Packet, encode, parse
from feeds.listener import Listener
from gis.clock import BEIJING
from gis.store import feed_requests
from gis.store.cluster import Urls

CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_everything_is_kept_and_only_what_is_sound_is_answered(database: Urls) -> None:
    bad = encode(data(2))[:-6] + b"0000\r\n"
    short = encode(data(3))[:60]
    heartbeat = Packet("20260301080000009", "91", "9015", "123456", MN, 8)

    async def run() -> list[Packet]:
        async with listening(database.owner) as (connect, _):
            peer = await connect()
            await peer.send(b"\0junk", data(1), bad, short, replace_flag(data(4), 4), data(5, mn="UNKNOWN\0"), heartbeat)
            return [await peer.receive() for _ in range(3)]

    answers = asyncio.run(run())
    assert [(packet.qn[-1], packet.cn, packet.flag) for packet in answers] == [("1", "9014", 4), ("5", "9014", 4), ("9", "9013", 8)]
    assert [(mn, verdict) for mn, verdict, _ in rows(database.owner)] == [
        ("", "noise"),
        (MN, "ok"),
        (MN, "bad_crc"),
        (MN[:2], "truncated"),
        (MN, "ok"),
        ("UNKNOWN", "ok"),
        (MN, "ok"),
    ]
    assert rows(database.owner)[1][2] == encode(data(1)).strip()
    assert broken(database.owner) == []


def replace_flag(packet: Packet, flag: int) -> Packet:
    return Packet(packet.qn, packet.st, packet.cn, packet.pw, packet.mn, flag, cp=packet.cp)


def test_a_changed_a_missing_and_a_cut_off_packet_are_found(database: Urls) -> None:
    async def run() -> None:
        async with listening(database.owner) as (connect, _):
            peer = await connect()
            for number in range(9):
                await peer.send(data(number))
                await peer.receive()

    asyncio.run(run())
    with psycopg.connect(database.owner, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="kept as they came"):
            connection.execute("DELETE FROM feed_packets WHERE seq = 2")
        connection.execute("ALTER TABLE feed_packets DISABLE TRIGGER ALL")
        for partition in ("feed_packets_00000", "feed_packets_00001"):
            connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(sql.Identifier(partition)))
        connection.execute("UPDATE feed_packets SET raw = replace(encode(raw, 'escape'), '40.1', '10.1')::bytea WHERE seq = 2")
        assert [found.seq for found in broken(database.owner)] == [2]
        connection.execute("DELETE FROM feed_packets WHERE seq IN (2, 5, 9)")
    assert [found.seq for found in broken(database.owner)] == [2, 5, 9]


def test_a_database_that_goes_away_costs_nothing_that_was_acknowledged(database: Urls) -> None:
    async def run() -> list[str]:
        acknowledged = []
        async with listening(database.owner) as (connect, _):
            peer = await connect()
            for number in range(30):
                await peer.send(data(number))
                if number % 10 == 5:
                    with psycopg.connect(database.admin or "", autocommit=True) as admin:
                        admin.execute(CUT)
                acknowledged.append((await peer.receive()).qn)
        return acknowledged

    acknowledged = asyncio.run(run())
    assert acknowledged == [data(number).qn for number in range(30)]
    kept = {parse(raw[6:-4]).qn for _, _, raw in rows(database.owner)}
    assert kept == set(acknowledged)
    assert broken(database.owner) == []


def test_who_sends_only_noise_or_nothing_is_hung_up_on_and_too_many_are_refused(database: Urls) -> None:
    limits = Limits(connections=2, noise_bytes=3000, first_packet_s=0.0, per_second=1e6, burst=1.0)

    async def run() -> Listener:
        async with listening(database.owner, limits) as (connect, listener):
            noisy, silent = await connect(), await connect()
            await noisy.send(b"x" * 9000)
            for peer in (noisy, silent):
                with pytest.raises((EOFError, ConnectionError)):
                    await peer.receive()
            first, second = await connect(), await connect()
            for peer in (first, second):
                await peer.send(data(99))
                await peer.receive()
            third = await connect()
            with pytest.raises((EOFError, ConnectionError)):
                await third.receive()
            # A burst is not lost, only read more slowly.
            for peer in (first, second):
                await peer.send(*map(data, range(40)))
            assert [(await peer.receive()).qn for peer in (first, second) for _ in range(40)] == [data(n).qn for n in range(40)] * 2
            return listener

    assert asyncio.run(run()).counts["refused"] == 1


def test_what_people_ask_of_a_device_is_asked_when_it_speaks(database: Urls) -> None:
    begin = datetime(2026, 3, 1, 5, tzinfo=BEIJING)
    with psycopg.connect(database.owner) as connection:
        feed_requests.ask(connection, MN, "hour", begin, begin + timedelta(hours=3))

    async def run() -> tuple[Packet, Packet]:
        async with listening(database.owner) as (connect, _):
            peer = await connect()
            with psycopg.connect(database.owner) as connection:
                feed_requests.ask(connection, MN, "clock")
            await peer.send(data(1))
            asked = sorted([await peer.receive() for _ in range(3)], key=lambda packet: packet.cn)[:2]
            for request in asked:
                for cn, cp in (("9011", "QnRtn=1"), ("9012", "ExeRtn=1")):
                    await peer.send(Packet(request.qn, "91", cn, "123456", MN, 4, cp=cp))
            while True:
                with psycopg.connect(database.owner) as connection:
                    ends = connection.execute("SELECT stage, code FROM feed_requests").fetchall()
                if ends == [("done", 1)] * 2:
                    return asked[0], asked[1]
                await asyncio.sleep(0.02)

    clock, hours = asyncio.run(run())
    assert (clock.cn, hours.cn, hours.cp) == ("1012", "2061", "BeginTime=20260301050000;EndTime=20260301080000")


KILLED_AFTER = 400


def test_kill_9_under_load_loses_nothing_that_was_acknowledged(database: Urls) -> None:
    environ = {**os.environ, "DATABASE_URL": database.owner}
    command = [sys.executable, "-c", "from api.cli import main; main()", "feed", "listen", "--port", "0"]
    acknowledged: set[str] = set()

    async def load(port: int, process: subprocess.Popen[str], first: int) -> None:
        async def one(place: int) -> None:
            peer = Peer(*await asyncio.open_connection("127.0.0.1", port))
            with suppress(EOFError, ConnectionError):
                for number in range(10_000):
                    await peer.send(data(first + place * 10_000 + number, mn=f"{place:024d}"))
                    acknowledged.add((await peer.receive()).qn)
                    if len(acknowledged) >= first + KILLED_AFTER and process.poll() is None:
                        process.send_signal(signal.SIGKILL)
            peer.writer.close()

        await asyncio.gather(*map(one, range(20)))

    for round_ in range(2):
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        found = re.search(r":(\d+)$", process.stdout.readline().strip())
        assert found
        asyncio.run(load(int(found[1]), process, round_ * KILLED_AFTER))
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
    kept = {parse(raw[6:-4]).qn for _, _, raw in rows(database.owner)}
    assert len(acknowledged) >= 2 * KILLED_AFTER
    assert acknowledged - kept == set()
    assert broken(database.owner) == []
