"""Jobs: what outlasts a request, queued in the transaction of its cause, so that a rollback leaves no job (pgqueuer's tables)."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from psycopg import AsyncConnection, AsyncRawCursor

ENQUEUE = QueryQueueBuilder().build_enqueue_query()


async def enqueue(connection: AsyncConnection, entrypoint: str, payloads: Sequence[dict[str, Any]]) -> None:
    """Queue one job a payload on the caller's connection, in the caller's transaction."""
    n = len(payloads)
    encoded = [json.dumps(payload, ensure_ascii=False).encode() for payload in payloads]
    cursor = AsyncRawCursor(connection)
    await cursor.execute(ENQUEUE, [[0] * n, [entrypoint] * n, encoded, [timedelta(0)] * n, [None] * n, [None] * n])
