"""Jobs: what outlasts a request, queued in the transaction of its cause, so that a rollback leaves no job (pgqueuer's tables)."""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

from pgqueuer import PgQueuer
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from psycopg import AsyncConnection, AsyncRawCursor

from gis.store.changes import FALLBACK_S

ENQUEUE = QueryQueueBuilder().build_enqueue_query()


async def enqueue(connection: AsyncConnection, entrypoint: str, payloads: Sequence[dict[str, Any]]) -> None:
    """Queue one job a payload on the caller's connection, in the caller's transaction."""
    n = len(payloads)
    encoded = [json.dumps(payload, ensure_ascii=False).encode() for payload in payloads]
    cursor = AsyncRawCursor(connection)
    await cursor.execute(ENQUEUE, [[0] * n, [entrypoint] * n, encoded, [timedelta(0)] * n, [None] * n, [None] * n])


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
