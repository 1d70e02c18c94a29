"""Jobs: what outlasts a request, queued in the transaction of its cause, so that a rollback leaves no job (pgqueuer's tables)."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, LiteralString, Self

from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.ports.driver import NotifyCallback
from psycopg import AsyncConnection, AsyncRawCursor

from gis.store.changes import FALLBACK_S

ENQUEUE = QueryQueueBuilder().build_enqueue_query()


async def enqueue(connection: AsyncConnection, entrypoint: str, payloads: Sequence[dict[str, Any]]) -> None:
    """Queue one job a payload on the caller's connection, in the caller's transaction."""
    n = len(payloads)
    encoded = [json.dumps(payload, ensure_ascii=False).encode() for payload in payloads]
    cursor = AsyncRawCursor(connection)
    await cursor.execute(ENQUEUE, [[0] * n, [entrypoint] * n, encoded, [timedelta(0)] * n, [None] * n, [None] * n])


async def enqueue_again(connection: AsyncConnection, entrypoint: str, key: str, query: LiteralString, values: Sequence[Any] = ()) -> int:
    """Queue a job for each row that a query finds, its id under `key`; for what a worker that died left. Returns how many."""
    rows = await (await connection.execute(query, values)).fetchall()
    if rows:
        async with connection.transaction():
            await enqueue(connection, entrypoint, [{key: str(row[0])} for row in rows])
    return len(rows)


class TwoLineDriver(PsycopgDriver):
    """Asks on one connection and listens on another: psycopg holds a connection's lock while it listens, for up to a second at a time."""

    def __init__(self, connection: AsyncConnection, ears: AsyncConnection) -> None:
        super().__init__(connection)
        self._ears = PsycopgDriver(ears)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Call back for each NOTIFY of a channel."""
        await self._ears.add_listener(channel, callback)

    async def remove_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Call back no longer."""
        await self._ears.remove_listener(channel, callback)

    async def __aenter__(self) -> Self:
        """Open both lines."""
        await self._ears.__aenter__()
        return await super().__aenter__()

    async def __aexit__(self, *how: object) -> None:
        """Close both."""
        await super().__aexit__(*how)
        await self._ears.__aexit__(*how)


@asynccontextmanager
async def queue_on(connect: Callable[[], Awaitable[AsyncConnection]]) -> AsyncIterator[PgQueuer]:
    """Return a queue that takes a job up as soon as it is committed, on connections of its own in autocommit mode."""
    async with await connect() as connection, await connect() as ears:
        yield PgQueuer(TwoLineDriver(connection, ears))


async def work_until(stop: asyncio.Event, queue: PgQueuer, *beside: Coroutine[Any, Any, None]) -> None:
    """Work through a queue until `stop` is set, with what runs beside it for ever; the first that ends or fails ends all."""
    tasks = [
        *(asyncio.create_task(one) for one in beside),
        asyncio.create_task(queue.run(dequeue_timeout=timedelta(seconds=FALLBACK_S))),
        asyncio.create_task(stop.wait()),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        queue.shutdown.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
