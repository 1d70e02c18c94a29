"""How far long work has come that fills the store: told as it goes, so that an open page can say what is still to come."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

EVERY_S = 0.5
"""Between two lines about the same part of the work, at least."""
TELL = """
INSERT INTO progress (name, label, done, total) VALUES (%s, %s, %s, %s)
ON CONFLICT (name) DO UPDATE SET label = excluded.label, done = excluded.done, total = excluded.total, at = clock_timestamp()
"""
OVER = "DELETE FROM progress WHERE name = %s"
GOING = "SELECT name, label, done, total FROM progress WHERE at > clock_timestamp() - interval '2 minutes' ORDER BY name"
"""Work that was killed tells no end; what has not told for so long is not going on."""


class Telling:
    """Tells how far one work has come.

    Parameters
    ----------
    connection : psycopg.Connection
        The owner's, in autocommit mode, used for nothing else.
    name : str
        Of the work.
    """

    def __init__(self, connection: psycopg.Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._last = ("", 0.0)

    def tell(self, label: str, done: int, total: int) -> None:
        """Say how far a part of the work has come; `label` is what people read, in Chinese."""
        now = time.monotonic()
        part, at = self._last
        if part == label and done < total and now < at + EVERY_S:
            return
        self._last = (label, now)
        self._connection.execute(TELL, [self._name, label, done, total])


@contextmanager
def telling(url: str, name: str) -> Iterator[Telling]:
    """Tell how far a work has come while the block runs; however it ends, nothing is told of it afterwards."""
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            yield Telling(connection, name)
        finally:
            connection.execute(OVER, [name])


async def going(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Return the work that goes on: `name`, `label`, `done`, `total`."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(GOING)
        return await cursor.fetchall()
