"""Following the change log for as long as a process runs, through restarts of the database."""

import asyncio
from collections.abc import Awaitable, Callable
from logging import Logger

from psycopg import AsyncConnection, OperationalError

from gis.store.changes import CHANNEL

Connect = Callable[[], Awaitable[AsyncConnection]]
"""Opens a connection in autocommit mode."""
AGAIN_S = 1.0
"""Pause before the log is followed again after a failure."""


def _nothing() -> None:
    """Do nothing."""


async def follow(
    connect: Connect, what: str, log: Logger, heard: Callable[[AsyncConnection], Awaitable[None]], deaf: Callable[[], None] = _nothing
) -> None:
    """Follow the log for ever.

    Parameters
    ----------
    connect : callable
    what : str
        Who follows, as the log is told of a failure.
    log : Logger
    heard : callable
        Follows on a connection that listens to the log's channel; returns only by failing.
    deaf : callable
        Called whenever that has ended.
    """
    lost = False
    while True:
        try:
            async with await connect() as connection:
                lost = False
                await connection.execute(f"LISTEN {CHANNEL}")
                await heard(connection)
        except OperationalError as error:
            if not lost:
                log.warning("%s lost the database, and tries again: %s", what, error)
            lost = True
        except Exception:
            # Whatever it is: who hears nothing any more would not know it.
            log.exception("%s failed, and tries again", what)
        finally:
            deaf()
        await asyncio.sleep(AGAIN_S)
