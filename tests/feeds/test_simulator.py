import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
from city import City

from feeds.fleet import devices
from feeds.following import Follower
from feeds.hj212.packet import Edition
from feeds.listener import Listener, bound
from feeds.plants import CHANCES, Device, Event, converted, happening, period_items, sample
from feeds.simulator import Pace, simulate
from gis.clock import BEIJING
from gis.store import feed_requests

DEVICE = Device("010000A8900016F000169DC0", "31", (("a21026", 100.0), ("a21002", 200.0)))
BEGIN = datetime(2026, 3, 2, tzinfo=BEIJING)


def test_a_month_of_a_plant_holds_all_that_happens_and_stays_below_its_limit_mostly() -> None:
    times = [BEGIN + timedelta(minutes=20 * step) for step in range(3 * 24 * 31)]
    seen: set[Event] = set()
    for number in range(40):
        device = replace(DEVICE, mn=f"{number:024d}")
        seen |= {event for at in times[:: 3 * 4] for event in happening(device, at)}
    assert seen == set(CHANCES)
    values = [sample(DEVICE, "a21026", 100.0, at) for at in times]
    assert values == [sample(DEVICE, "a21026", 100.0, at) for at in times]
    normal = [value for value, flag in values if flag == "N"]
    assert len(normal) > 0.8 * len(values)
    assert 0 < sum(value > 100 for value in normal) / len(normal) + 0.0001 < 0.1
    assert 20 < sum(normal) / len(normal) < 90


def test_an_old_logger_uses_the_old_codes() -> None:
    items = period_items(replace(DEVICE, edition=Edition.HJT_2005), BEGIN, timedelta(hours=1))
    assert any(item.startswith("02-Min=") for item in items)


def test_loggers_speak_over_tcp_and_send_again_what_is_asked_for(city: City) -> None:
    with psycopg.connect(city.url) as connection:
        (found,) = devices(connection, 1)
    # One to which nothing happens while we look.
    soon = [datetime.now(BEIJING) + timedelta(minutes=minutes) for minutes in (0, 5)]
    seed = next(seed for seed in range(100) if not any(happening(replace(found, seed=seed), at) for at in soon))
    device = replace(found, seed=seed)
    assert device.factors == (("w01018", 50.0),)
    hour = datetime.now(BEIJING).replace(minute=0, second=0, microsecond=0)
    begin = hour - timedelta(hours=40)

    async def run() -> None:
        opened, stop = bound("127.0.0.1", 0), asyncio.Event()
        listening = asyncio.create_task(Listener(city.url).run(opened, stop))
        sent: list[None] = []
        pace = Pace(0.05, timedelta(hours=26))
        speaking = asyncio.create_task(simulate([device], "127.0.0.1", opened.getsockname()[1], pace, lambda: sent.append(None)))
        while len(sent) < 30:
            await asyncio.sleep(0.01)
        with psycopg.connect(city.url) as connection:
            number = feed_requests.ask(connection, device.mn, "hour", begin, begin + timedelta(hours=2))
        while city.rows("SELECT stage FROM feed_requests WHERE request_id = %s", number) != [("done",)]:
            await asyncio.sleep(0.02)
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        stop.set()
        await listening

    asyncio.run(run())
    with psycopg.connect(city.url, autocommit=True) as connection:
        assert Follower().step(connection) > 30
    hours = city.rows("SELECT at FROM readings WHERE period = 'hour' AND factor = 'w01018' ORDER BY at")
    assert [at for (at,) in hours][:3] == [begin + timedelta(hours=step) for step in range(3)]
    assert len(hours) >= 3 + 26
    assert city.rows("SELECT received FROM feed_requests") == [(3,)]
    assert {factor for (factor,) in city.rows("SELECT DISTINCT factor FROM readings")} == {"w00000", "w01001", "w01010", "w01018"}
    assert city.rows("SELECT DISTINCT verdict FROM feed_packets") == [("ok",)]


def test_a_plant_in_ordinary_duty_keeps_its_limits_as_they_are_judged() -> None:
    begin, hours = datetime(2026, 3, 1, tzinfo=BEIJING), 24 * 20
    over = ordinary = 0
    for number in range(20):
        device = Device(f"{number:024d}", "31", (("a21026", 50.0), ("a21002", 100.0)))
        for hour in range(0, hours, 3):
            at = begin + timedelta(hours=hour)
            if happening(device, at):
                continue
            for code, permitted in device.factors:
                ordinary += 1
                over += converted(device, sample(device, code, permitted, at)[0], at) > permitted
    assert ordinary > 3000
    assert over == 0
