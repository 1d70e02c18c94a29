"""Work in a thread that is told when nobody wants it any more, and tells how far it is; for what people bring and wait for."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from pgqueuer.models import Job
from psycopg import AsyncConnection

from api.drafting import Connect, Watch
from gis.errors import QuanjingError
from gis.jobs import queue_on, work_until
from gis.store.changes import FALLBACK_S

log = logging.getLogger(__name__)

PROGRESS_S = 0.2
"""How often progress is written, at most."""
TIDY_S = 300.0
"""How often what is left lying is looked for."""

T = TypeVar("T")
Note = Callable[[str, float], Awaitable[None]]
"""Writes how far the work is: step, share."""
Stands = Callable[[], Awaitable[bool]]
"""Tells whether the work is still wanted."""


class Stopped(Exception):
    """What was worked on was changed or cancelled meanwhile."""


@dataclass(slots=True)
class Bench:
    """One piece of work: how far it is, and whether it is still wanted."""

    loop: asyncio.AbstractEventLoop
    news: asyncio.Event
    unwanted: threading.Event
    step: tuple[str, float] | None = None

    def progress(self, step: str, share: float) -> None:
        """Note how far the work is; called in the thread that waits for the child, which it leaves where the work is not wanted."""
        if self.unwanted.is_set():
            raise Stopped
        self.step = (step, share)
        self.loop.call_soon_threadsafe(self.news.set)


async def _attend(bench: Bench, note: Note, stands: Stands) -> None:
    """Write progress as it comes, and notice when the work is no longer wanted."""
    written: tuple[str, float] | None = None
    while True:
        try:
            # Not `wait_for`: where news and the end of the work come together, Python 3.11 loses the cancellation.
            async with asyncio.timeout(FALLBACK_S):
                await bench.news.wait()
        except TimeoutError:
            log.debug("no news of the work")
        bench.news.clear()
        if bench.step is not None and bench.step != written:
            written = bench.step
            await note(*written)
        if not await stands():
            bench.unwanted.set()
            return
        await asyncio.sleep(PROGRESS_S)


async def away(watch: Watch, key: UUID, work: Callable[[Bench], T], note: Note, stands: Stands) -> T:
    """Run work in a thread while it is wanted.

    Parameters
    ----------
    watch : Watch
    key : UUID
        What is worked on, as news name it.
    work : callable
    note, stands : callable
    """
    with watch.news_of(key) as news:
        bench = Bench(asyncio.get_running_loop(), news, threading.Event())
        news.set()
        attendant = asyncio.create_task(_attend(bench, note, stands))
        try:
            return await asyncio.to_thread(work, bench)
        finally:
            # Where the worker itself is stopped, the thread ends by this.
            bench.unwanted.set()
            attendant.cancel()
            await asyncio.gather(attendant, return_exceptions=True)


@asynccontextmanager
async def ending(what: str, fail: Callable[[str], Awaitable[None]]) -> AsyncIterator[None]:
    """Bring work on a row to an end, whatever becomes of it: one that is not wanted any more ends quietly, a failure is told at the row.

    Parameters
    ----------
    what : str
        Of the log.
    fail : callable
        Writes a failure at the row; one that nobody foresaw goes on up too.
    """
    try:
        yield
    except Stopped:
        log.info("%s was changed, cancelled or put aside meanwhile", what)
    except QuanjingError as error:
        await fail(str(error))
    except Exception as error:
        await fail(f"出了没有料到的错误，已记入日志（{type(error).__name__}）")
        raise


async def work_through(
    connect: Connect,
    stop: asyncio.Event,
    entrypoint: str,
    handle: Callable[[UUID], Awaitable[None]],
    *chores: Callable[[AsyncConnection], Awaitable[int]],
    watch: Watch | None = None,
    at_once: int = 1,
) -> None:
    """Work on rows that jobs point at until `stop` is set.

    Parameters
    ----------
    connect : callable
        Opens a connection of the owner in autocommit mode.
    stop : asyncio.Event
    entrypoint : str
        Of the jobs, whose payload is the id of a row, under whatever name.
    handle : callable
        Does what the row with that id asks for.
    chores : callable
        See `tidying`.
    watch : Watch, optional
        Which is to hear of changes meanwhile.
    at_once : int
        Rows that are worked on side by side.
    """
    places = asyncio.Semaphore(at_once)
    async with await connect() as sweeper, queue_on(connect) as queue:

        @queue.entrypoint(entrypoint)
        async def job(said: Job) -> None:
            async with places:
                (row_id,) = json.loads(said.payload or b"{}").values()
                await handle(UUID(row_id))

        await work_until(stop, queue, *([watch.run()] if watch else ()), tidying(sweeper, *chores))


async def tidying(connection: AsyncConnection, *chores: Callable[[AsyncConnection], Awaitable[int]]) -> None:
    """Sweep away what nobody wants any more and queue what a worker left that was killed while another one lived, for ever.

    Parameters
    ----------
    connection : AsyncConnection
        In autocommit mode.
    chores : callable
        Each returns how many rows it cared for.
    """
    while True:
        for chore in chores:
            if count := await chore(connection):
                log.info("%s.%s: %d", chore.__module__, chore.__name__, count)
        await asyncio.sleep(TIDY_S)
