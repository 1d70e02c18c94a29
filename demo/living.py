"""The demo city beside a running server: made, loaded where something is missing, then kept alive."""

import asyncio
import logging
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from demo import radar
from demo.landscape import landscape
from demo.loading import load
from demo.making import Made, Progress, made, make
from demo.pulse import ACTOR, duty, seed_state
from feeds.fleet import devices, power_devices
from feeds.plants import Device
from feeds.simulator import Pace, simulate
from gis.settings import Settings
from gis.store.cluster import urls
from gis.store.connect import engine, writing, writing_plainly
from gis.store.power import put_channels
from gis.store.progress import Telling, telling
from gis.store.radar import put_sweeps

log = logging.getLogger("demo.living")

EVERY_S = 120.0
"""Between steps that the demo's duty officers take."""
LOGGER_S = 60.0
POWER_S = 300.0
"""Between two data of a power logger: the step that power is judged in."""
BACK = timedelta(hours=26)
"""How far back a fresh city has hourly data: a day, and the hours of this one."""
POWER_BACK = timedelta(hours=24)
"""How far back a fresh city has the loads that power is judged by: what a card shows of it."""
TOLD = 20
"""Enterprises between two lines of the log."""


def _told(pages: Telling, what: str, label: str) -> Progress:
    """Return what tells the log, and open pages, how far a part has come."""

    def tell(done: int, total: int, _: str) -> None:
        pages.tell(label, done, total)
        if done == total or done % TOLD == 0:
            log.info("%s %d of %d", what, done, total)

    return tell


def ensure(settings: Settings) -> Made:
    """Make the city in the data folder where it is not there yet, and load what is missing of it; what stands is left."""
    folder = settings.data_dir / "demo"
    url = urls(settings).owner
    with telling(url, "city") as pages:
        city = made(folder) or make(folder, progress=_told(pages, "made", "绘制示范企业的图纸"))
        # Before the plants: their models stand on this ground.
        landscape(city, settings.data_dir / "terrain", settings.data_dir / "imagery", _told(pages, "the land:", "生成地形和影像"))
        load(url, city, settings.web_dir, progress=_told(pages, "loaded", "装入示范企业"))
    with writing(engine(url), ACTOR) as connection:
        seed_state(connection, city.seed, alarms=False)
    return city


def keep(settings: Settings, port: int, seed: int) -> None:
    """Let the city's data loggers speak to a port on this machine, and duty officers take a step now and then, for ever.

    Parameters
    ----------
    settings : Settings
    port : int
        Where data loggers are listened to.
    seed : int
        Decides what is measured.
    """
    url = urls(settings).owner
    with psycopg.connect(url) as connection:
        fleet = devices(connection, seed)
        power, channels = power_devices(connection, seed)
    with writing_plainly(url, ACTOR) as connection:
        put_channels(connection, channels)
    log.info("%d data loggers and %d power loggers speak to port %d", len(fleet), len(power), port)
    asyncio.run(_keep(url, fleet, power, port, seed))


async def _keep(url: str, fleet: Sequence[Device], power: Sequence[Device], port: int, seed: int) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(simulate(fleet, "127.0.0.1", port, Pace(LOGGER_S, BACK)))
        group.create_task(simulate(power, "127.0.0.1", port, Pace(POWER_S, minutes_back=POWER_BACK)))
        group.create_task(_duty(url))
        group.create_task(_radar(url, seed))


async def _duty(url: str) -> None:
    database = engine(url)
    dice = random.Random()  # noqa: S311 — no secret

    def one() -> None:
        with writing(database, ACTOR) as connection:
            duty(connection, dice)

    while True:
        await asyncio.to_thread(one)
        await asyncio.sleep(EVERY_S)


async def _radar(url: str, seed: int) -> None:
    """Put a sweep in each quarter of an hour, by the same way as `quanjing radar import`."""

    def one(at: datetime) -> None:
        with writing_plainly(url, ACTOR) as connection:
            if plants := radar.targets(connection):
                put_sweeps(connection, radar.STATION, [radar.turn(plants, seed, at)])

    while True:
        now = datetime.now(UTC)
        at = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
        await asyncio.to_thread(one, at)
        await asyncio.sleep((at + radar.EVERY - now).total_seconds())
