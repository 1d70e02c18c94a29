"""Keeping the problem lists up to date, in the job worker: where features change otherwise than by a drawing or a permit."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from psycopg import AsyncConnection, OperationalError

from gis.store import problems
from gis.store.changes import CHANNEL, FALLBACK_S
from gis.store.connect import Actor, driver_of, engine, writing

log = logging.getLogger(__name__)

Connect = Callable[[], Awaitable[AsyncConnection]]
ACTOR = Actor("quanjing", "核对监管问题", "problems")
AGAIN_S = 1.0
"""Pause before the log is followed again after a failure."""


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
    following = asyncio.create_task(_follow(connect, url))
    await stop.wait()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def _follow(connect: Connect, url: str) -> None:
    while True:
        try:
            async with await connect() as listener, await connect() as connection:
                await listener.execute(f"LISTEN {CHANNEL}")
                while True:
                    await inspect(connection, url)
                    async for _ in listener.notifies(timeout=FALLBACK_S, stop_after=1):
                        pass
        except OperationalError as error:
            log.warning("the problem lists lost the database, and are tried again: %s", error)
        except Exception:
            log.exception("the problem lists failed, and are tried again")
        await asyncio.sleep(AGAIN_S)
