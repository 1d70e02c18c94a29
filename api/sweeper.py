"""Keeping the change log as long as the settings say, in the job worker."""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from psycopg import OperationalError

from api.following import Connect
from gis.store.changes import sweep

log = logging.getLogger(__name__)

EVERY_S = 3600.0


async def work(connect: Connect, days: int, stop: asyncio.Event) -> None:
    """Sweep the log once an hour until `stop` is set.

    Parameters
    ----------
    connect : callable
        Opens a connection of the owner in autocommit mode.
    days : int
        How long the log is kept.
    stop : asyncio.Event
    """
    while not stop.is_set():
        try:
            async with await connect() as connection:
                count = await sweep(connection, datetime.now(UTC) - timedelta(days=days))
            if count:
                log.info("change log: %d rows older than %d days are gone", count, days)
        except OperationalError as error:
            log.warning("the change log was not swept, and will be within the hour: %s", error)
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_S):
                await stop.wait()
