import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from city import City

from feeds import following
from feeds.following import Follower
from feeds.hj212.packet import Packet, encode, split
from feeds.reading import readings
from gis.clock import BEIJING
from gis.store import packets
from gis.store import readings as readings_store
from gis.store.asking import asked
from gis.store.cluster import Urls
from gis.store.feed_status import read_status
from gis.store.packets import Incoming

MN = "010000A8900016F000169DC0"
NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
HOUR = NOW.astimezone(BEIJING).replace(minute=0) - timedelta(hours=1)
STAMP = f"{HOUR:%Y%m%d%H%M%S}"


def said(cn: str, cp: str, mn: str = MN, flag: int = 5) -> Packet:
    return Packet("20260301080000001", "32", cn, "1", mn, flag, cp=cp)


async def _append(url: str, incoming: Sequence[Incoming]) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        end = await packets.head(connection)
        await packets.make_room(connection, end.seq + 1)
        await packets.append(connection, end, incoming)


def receive(city: City, *several: Packet, verdict: str = "ok", follower: Follower | None = None) -> None:
    incoming = [Incoming(NOW, "tcp test", packet.mn, verdict, encode(packet).strip()) for packet in several]
    asyncio.run(_append(city.url, incoming))
    with psycopg.connect(city.url, autocommit=True) as connection:
        (follower or Follower()).step(connection)


COLUMNS = "factor, period, value, total, zs_value, flag, version"


def stored(city: City) -> list[tuple[object, ...]]:
    return city.rows(f"SELECT {COLUMNS} FROM readings ORDER BY factor, period, at")


def state(city: City, code: str) -> dict[str, Any]:
    ((found,),) = city.rows("SELECT readings FROM feature_state WHERE feature_id = %s", city.feature_id(code))
    assert isinstance(found, dict)
    return found


def test_an_hour_is_stored_once_corrected_by_a_version_and_shown_where_it_belongs(city: City) -> None:
    hour = said("2061", f"DataTime={STAMP};w01018-Avg=40.1,w01018-Cou=63,w01018-Flag=N;011-Avg=41")
    receive(city, hour, hour)
    assert stored(city) == [("w01018", "hour", 40.1, 63.0, None, "N", 1)]
    receive(city, hour, said("2061", f"DataTime={STAMP};011-Avg=41"))
    assert stored(city) == [("w01018", "hour", 41.0, None, None, None, 2)]
    receive(city, said("2061", f"DataTime={STAMP};w01018-Avg=39.5,w01018-Flag=M"))
    assert stored(city) == [("w01018", "hour", 39.5, None, None, "M", 3)]
    former = city.rows("SELECT value, version, superseded_by FROM readings_former ORDER BY version")
    assert former == [(40.1, 1, 4), (41.0, 2, 5)]


def test_it_is_shown_at_the_point_and_at_the_outlet_with_the_permitted_limit(city: City) -> None:
    receive(city, said("2011", f"DataTime={STAMP};w01018-Rtd=40.1,w01018-Flag=N;w01001-Rtd=7.2;SB1-RS=1"))
    shown = state(city, "DW001")
    assert shown == state(city, "M001")
    assert shown["w01018"] == {"label": "COD", "value": 40.1, "unit": "mg/L", "at": HOUR.isoformat(), "flag": "N", "limit": 50}
    assert shown["w01001"]["limit"] is None
    # What is older does not take the place of what is newer, and reading the packets again changes nothing.
    earlier = f"{HOUR - timedelta(hours=1):%Y%m%d%H%M%S}"
    receive(city, said("2051", f"DataTime={earlier};w01018-Avg=12"))
    before = stored(city), city.rows("SELECT count(*) FROM readings_former")
    city.rows("UPDATE feed_readers SET seq = 0")
    with psycopg.connect(city.url, autocommit=True) as connection:
        assert Follower().step(connection) == 2
    assert (stored(city), city.rows("SELECT count(*) FROM readings_former")) == before
    assert state(city, "DW001")["w01018"]["value"] == 40.1


def test_only_sound_packets_of_registered_devices_make_readings_and_all_are_counted(city: City) -> None:
    receive(city, said("2011", f"DataTime={STAMP};w01018-Rtd=1"), verdict="bad_crc")
    receive(city, said("2011", f"DataTime={STAMP};w01018-Rtd=1", mn="STRANGER"), said("2011", "DataTime=2026;w01018-Rtd=1"))
    receive(city, said("2011", "DataTime=20360301080000;w01018-Rtd=1"))
    assert stored(city) == []
    assert city.rows("SELECT mn, packets, faulty FROM feed_devices ORDER BY mn") == [
        (MN, 3, {"bad_crc": 1, "time": 1, "clock": 1}),
        ("STRANGER", 1, {}),
    ]


def test_who_is_not_registered_is_remembered_in_a_bounded_number_and_his_packets_stay(city: City) -> None:
    strangers = [said("2011", f"DataTime={STAMP};w01018-Rtd=1", mn=f"STRANGER{number}") for number in range(5)]
    receive(city, said("2011", f"DataTime={STAMP};w01018-Rtd=1"), *strangers[:2])
    receive(city, *strangers[2:], strangers[0])
    with psycopg.connect(city.url, autocommit=True) as connection:
        # All came at one moment: whichever are forgotten, as many stay as may.
        readings_store.forget_strangers(connection, most=2)
        readings_store.forget_strangers(connection, most=2)
        told = asked(connection, read_status(NOW))
    assert (told["devices"], told["strangers"], told["forgotten"]["devices"]) == (3, 2, 3)
    ((kept,),) = city.rows("SELECT sum(packets)::int FROM feed_devices")
    assert kept + told["forgotten"]["packets"] == 7
    assert city.rows("SELECT count(*) FROM feed_packets") == [(7,)]
    assert city.rows("SELECT mn FROM feed_devices WHERE mn = %s", MN) == [(MN,)]


def test_parts_come_together_over_a_restart(city: City) -> None:
    items = [f"DataTime={STAMP}", *(f"a{number:05d}-Rtd={number},a{number:05d}-Flag=N" for number in range(60))]
    first, second = split(said("2011", ""), items)
    receive(city, first)
    assert stored(city) == []
    receive(city, second)
    assert len(stored(city)) == 60


@pytest.mark.parametrize(
    ("cn", "cp", "found", "faults"),
    [
        ("2061", "DataTime=20260301083012;w01018-Avg=1.5e2,w01018-Min=nan,w01018-Flag=N", [("w01018", "hour", 150.0, "N")], []),
        ("2031", "DataTime=20260301083012;w01018-Avg=x,w01018-Flag=D", [("w01018", "day", None, "D")], []),
        ("2011", "DataTime=20260301083012;w01018-Rtd=;w-bad=1;%-Rtd=1", [], ["value", "value", "factor"]),
        ("2011", "w01018-Rtd=1", [], ["time"]),
        ("2011", "DataTime=20260301103012;w01018-Rtd=1", [], ["clock"]),
        ("9012", "ExeRtn=1", [], []),
    ],
)
def test_what_a_packet_says_was_measured(cn: str, cp: str, found: list[tuple[object, ...]], faults: list[str]) -> None:
    received = datetime(2026, 3, 1, 9, 0, tzinfo=BEIJING)
    got, wrong = readings(said(cn, cp), received)
    assert ([(one.factor, one.period, one.value, one.flag) for one in got], wrong) == (found, faults)
    if cn == "2061":
        assert got[0].at == received.replace(hour=8)


def test_the_hours_of_an_air_station_are_shown_with_their_index_and_in_the_units_of_bulletins(city: City) -> None:
    mn = "A00000000000000000000001"
    city.rows("INSERT INTO air_stations (code, name, mn, geom) VALUES ('KQ01', '站', %s, 'SRID=4490;POINT(107.5 31.2)')", mn)
    receive(city, said("2061", f"DataTime={STAMP};a34004-Avg=80,a34004-Flag=N;a05024-Avg=900,a05024-Flag=D", mn))
    shown = state(city, "KQ01")
    assert shown["a34004"]["unit"] == "µg/m³"
    assert (shown["AQI"]["value"], shown["AQI"]["label"], shown["AQI"]["limit"]) == (119, "AQI（小时，轻度污染）", None)


def test_many_notices_that_came_at_once_cost_one_pause(database: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    steps: list[int] = []

    def step(_: Follower, connection: psycopg.Connection) -> int:
        if not steps:
            with psycopg.connect(database.owner, autocommit=True) as other:
                for _ in range(200):
                    other.execute(f"NOTIFY {packets.CHANNEL}")
        steps.append(connection.info.backend_pid)
        return 0

    monkeypatch.setattr(Follower, "step", step)
    monkeypatch.setattr(following, "time", SimpleNamespace(sleep=pauses.append, monotonic=time.monotonic))
    following.follow(database.owner, stopped=lambda: bool(pauses))
    assert pauses == [following.GATHER_S]
