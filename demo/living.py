"""The demo city beside a running server: made, loaded where something is missing, then kept alive."""

import logging
import random
import time

from demo.loading import load
from demo.making import Made, Progress, made, make
from demo.pulse import ACTOR, beat, seed_state
from gis.settings import Settings
from gis.store.cluster import urls
from gis.store.connect import engine, writing
from gis.store.state import outlets

log = logging.getLogger("demo.living")

EVERY_S = 5.0
TOLD = 20
"""Enterprises between two lines of the log."""


def _told(what: str) -> Progress:
    def tell(done: int, total: int, _: str) -> None:
        if done == total or done % TOLD == 0:
            log.info("%s %d of %d enterprises", what, done, total)

    return tell


def ensure(settings: Settings) -> Made:
    """Make the city in the data folder where it is not there yet, and load what is missing of it; what stands is left."""
    folder = settings.data_dir / "demo"
    city = made(folder) or make(folder, progress=_told("made"))
    url = urls(settings).owner
    load(url, city, settings.web_dir, progress=_told("loaded"))
    with writing(engine(url), ACTOR) as connection:
        seed_state(connection, city.seed)
    return city


def keep(settings: Settings, beats: int | None = None) -> None:
    """Write a beat every few seconds, for ever or so many times."""
    database = engine(urls(settings).owner)
    dice = random.Random()  # noqa: S311 — a pulse, no secret
    with writing(database, ACTOR) as connection:
        known = outlets(connection)
    done = 0
    while known and (beats is None or done < beats):
        with writing(database, ACTOR) as connection:
            beat(connection, known, dice)
        done += 1
        time.sleep(EVERY_S if beats is None else 0)
