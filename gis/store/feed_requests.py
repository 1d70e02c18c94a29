"""What is asked of data loggers: to send again what they measured, to set their clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg import AsyncConnection, Connection
from psycopg.rows import class_row

CHANNEL = "quanjing_feed_requests"
"""NOTIFY channel: something was asked."""
Command = Literal["day", "hour", "minute", "clock"]

ASK = "INSERT INTO feed_requests (mn, command, begin_at, end_at) VALUES (%s, %s, %s, %s) RETURNING request_id"
# What was sent before the listener was started again will not be answered any more: it is sent anew.
WAITING = """
SELECT request_id, mn, command, begin_at, end_at FROM feed_requests
WHERE ended IS NULL AND mn = ANY (%s) AND (sent IS NULL OR sent < clock_timestamp() - interval '10 minutes')
ORDER BY request_id LIMIT 100
"""
SENT = "UPDATE feed_requests SET sent = clock_timestamp(), stage = 'sent' WHERE request_id = %s"
END = "UPDATE feed_requests SET ended = clock_timestamp(), stage = %s, code = %s, received = %s WHERE request_id = %s"


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that is asked of a device."""

    request_id: int
    mn: str
    command: Command
    begin_at: datetime | None
    end_at: datetime | None


def ask(connection: Connection, mn: str, command: Command, begin: datetime | None = None, end: datetime | None = None) -> int:
    """Ask a device for something, as soon as it is connected; returns the number of the request."""
    row = connection.execute(ASK, [mn, command, begin, end]).fetchone()
    assert row is not None, "INSERT … RETURNING returns a row"  # noqa: S101
    return int(row[0])


async def waiting(connection: AsyncConnection, devices: list[str]) -> list[Request]:
    """Return what is still to be asked of devices."""
    async with connection.cursor(row_factory=class_row(Request)) as cursor:
        await cursor.execute(WAITING, [devices])
        return await cursor.fetchall()


async def sent(connection: AsyncConnection, request_id: int) -> None:
    """Note that a request went out."""
    await connection.execute(SENT, [request_id])


async def end(connection: AsyncConnection, request_id: int, stage: str, code: int | None, received: int) -> None:
    """Note what became of a request."""
    await connection.execute(END, [stage, code, received, request_id])
