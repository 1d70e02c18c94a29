"""The job queue: what is queued is taken up at once."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

from pgqueuer.models import Job
from psycopg import AsyncConnection

from gis.jobs import enqueue, queue_on, work_until
from gis.store.cluster import Urls

Databases = Callable[[], AbstractContextManager[Urls]]


def test_a_queue_that_listens_can_be_asked(databases: Databases) -> None:
    """A connection that waits for a NOTIFY is locked meanwhile; jobs are fetched on another."""
    with databases() as urls:
        assert asyncio.run(_taken(urls.owner)) == 3


async def _taken(url: str) -> int:
    """Queue three jobs; returns how many were taken, once the queue listens and is free to be asked."""
    opened: list[AsyncConnection] = []

    async def connect() -> AsyncConnection:
        opened.append(await AsyncConnection.connect(url, autocommit=True))
        return opened[-1]

    stop, taken = asyncio.Event(), asyncio.Queue[Job]()
    async with queue_on(connect) as queue, await connect() as caller:
        asks, listens, _ = opened

        @queue.entrypoint("test")
        async def job(one: Job) -> None:
            taken.put_nowait(one)

        async def three() -> None:
            await enqueue(caller, "test", [{}] * 3)
            while taken.qsize() < 3 or asks.lock.locked() or not listens.lock.locked():
                await asyncio.sleep(0.01)
            stop.set()

        async with asyncio.timeout(60):
            await work_until(stop, queue, three())
    return taken.qsize()
