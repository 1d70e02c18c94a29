"""Keeping what follows from features up to date, in the job worker: problem lists and topology, where features change in whatever way."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from psycopg import AsyncConnection

from api.following import Connect, follow
from gis.store import problems, topology
from gis.store.changes import FALLBACK_S
from gis.store.connect import Actor, driver_of, engine, writing

log = logging.getLogger(__name__)

ACTOR = Actor("quanjing", "核对监管问题", "problems")
TOPOLOGIST = Actor("quanjing", "核对拓扑", "topology")


def _derive(url: str, enterprises: Sequence[UUID]) -> None:
    """Derive the lists of some enterprises, a transaction each."""
    for enterprise_id in enterprises:
        with writing(engine(url), ACTOR) as connection:
            done = problems.derive(driver_of(connection), enterprise_id)
        if done.added or done.resolved:
            log.info("problems of %s: %d open, %d new, %d resolved", enterprise_id, done.found, done.added, done.resolved)


async def inspect(connection: AsyncConnection, url: str) -> int:
    """Derive the lists of all enterprises that changed since the last time; returns how many.

    How far the log was looked at is written after the lists: who is killed between looks again.
    """
    seen = 0
    while True:
        async with connection.transaction():
            enterprises, end = await problems.changed(connection)
            if end is None:
                return seen
            await asyncio.to_thread(_derive, url, enterprises)
            await problems.looked_at(connection, end)
        seen += len(enterprises)


def _recheck(url: str, features: Sequence[UUID], boxes: Sequence[Sequence[float]]) -> None:
    with writing(engine(url), TOPOLOGIST) as connection:
        for kept in topology.recheck(driver_of(connection), features, boxes):
            if kept.added or kept.gone:
                log.info("topology, %s: %d new, %d gone", kept.rule.name, kept.added, kept.gone)


async def survey(connection: AsyncConnection, url: str) -> int:
    """Bring the topology faults up to date with all that changed since the last time; returns how many features that was."""
    seen = 0
    while True:
        async with connection.transaction():
            features, boxes, end = await topology.changed(connection)
            if end is None:
                return seen
            await asyncio.to_thread(_recheck, url, sorted(features), boxes)
            await topology.looked_at(connection, end)
        seen += len(features)


async def work(connect: Connect, url: str, stop: asyncio.Event) -> None:
    """Follow the change log until `stop` is set, through restarts of the database.

    Parameters
    ----------
    connect : callable
        Opens a connection of the owner in autocommit mode.
    url : str
        The same, for the lists' own transactions.
    stop : asyncio.Event
    """
    following = [asyncio.create_task(_follow(connect, url, step)) for step in (inspect, survey)]
    await stop.wait()
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)


async def _follow(connect: Connect, url: str, step: Callable[[AsyncConnection, str], Awaitable[int]]) -> None:
    async def heard(listener: AsyncConnection) -> None:
        async with await connect() as connection:
            while True:
                await step(connection, url)
                async for _ in listener.notifies(timeout=FALLBACK_S, stop_after=1):
                    pass

    await follow(connect, step.__name__, log, heard)
