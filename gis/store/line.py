"""Prepared statements with the least between a request and the bytes: libpq itself, on a connection that nothing else uses meanwhile.

The driver's cursors make an object of every step and wake the loop for every eight kilobytes; a page of a thousand features is a third
of a megabyte in one row.
"""

import asyncio
import os
import select
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, finalize

from psycopg import AsyncConnection, OperationalError, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

MOST_PREPARED = 200
"""Statements that a connection keeps; the longest unused goes first."""
PATIENCE_MS = 2
"""How long to wait for the rest of a row that has begun to arrive before the loop is given to others."""


class _Ear:
    """Hears that something arrives on a connection, on a descriptor of its own: the driver's listening on the other is left alone.

    It goes on listening when an answer is there, since to begin and to end it takes as long as the rest of a round trip.
    """

    def __init__(self, descriptor: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.descriptor = os.dup(descriptor)
        self.listening = False
        self.waiter: asyncio.Future[None] | None = None

    def _wake(self) -> None:
        if self.waiter is None:
            # What arrives is for somebody else to read, or the connection has ended.
            self.loop.remove_reader(self.descriptor)
            self.listening = False
        elif not self.waiter.done():
            self.waiter.set_result(None)

    async def heard(self) -> None:
        """Wait until something is there."""
        self.waiter = self.loop.create_future()
        if not self.listening:
            self.loop.add_reader(self.descriptor, self._wake)
            self.listening = True
        try:
            await self.waiter
        finally:
            self.waiter = None

    def close(self) -> None:
        """Listen no more."""
        if self.listening and not self.loop.is_closed():
            self.loop.remove_reader(self.descriptor)
        os.close(self.descriptor)


class _Line:
    """What is known of a connection: its prepared statements, and what hears it."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self.names: OrderedDict[bytes, bytes] = OrderedDict()
        self.number = 0
        self.ear = _Ear(connection.pgconn.socket)
        finalize(connection, self.ear.close)


_LINES: WeakKeyDictionary[AsyncConnection[Any], _Line] = WeakKeyDictionary()


@lru_cache(maxsize=2000)
def numbered(text: str) -> bytes:
    """Return the driver's placeholders as the server has them.

    >>> numbered("SELECT %s::integer, '5 %%', %s")
    b"SELECT $1::integer, '5 %', $2"
    """
    parts = text.split("%s")
    joined = "".join(f"{part}${number}" for number, part in enumerate(parts[:-1], 1)) + parts[-1]
    return joined.replace("%%", "%").encode()


async def _sendable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_writer(descriptor, wake)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


async def _result(connection: "PGconn", ear: _Ear) -> "PGresult":
    """Return the result of what was sent; raises what the server says of it."""
    while connection.flush():
        await _sendable(connection.socket)
    poll = select.poll()
    poll.register(connection.socket, select.POLLIN)
    await ear.heard()
    found: PGresult | None = None
    while True:
        connection.consume_input()
        while not connection.is_busy():
            result = connection.get_result()
            if result is None:
                break
            found = result
        else:
            # What has begun to arrive is whole in a moment.
            if not poll.poll(PATIENCE_MS):
                await ear.heard()
            continue
        break
    if found is None or connection.status == pq.ConnStatus.BAD:
        raise OperationalError("the connection to the database is lost")
    if found.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        raise error_from_result(found)
    return found


async def first_row(connection: AsyncConnection[Any], statement: bytes, values: Sequence[Any]) -> tuple[Any, ...] | None:
    """Run a statement, prepared at its first time, and return its first row.

    Parameters
    ----------
    connection : AsyncConnection
        In autocommit, used for nothing else meanwhile.
    statement : bytes
        With `$1` and so on, whose types it says itself.
    values : sequence

    Raises
    ------
    psycopg.Error
    """
    server = connection.pgconn
    line = _LINES.get(connection)
    if line is None:
        line = _LINES[connection] = _Line(connection)
    name = line.names.get(statement)
    if name is None:
        if len(line.names) >= MOST_PREPARED:
            _, old = line.names.popitem(last=False)
            await connection.execute(b"DEALLOCATE " + old)
        line.number += 1
        name = b"line_%d" % line.number
        server.send_prepare(name, statement)
        await _result(server, line.ear)
        line.names[statement] = name
    else:
        line.names.move_to_end(statement)
    adapting = Transformer.from_context(connection)
    given = adapting.dump_sequence(values, [PyFormat.TEXT] * len(values)) if values else []
    server.send_query_prepared(name, given, result_format=pq.Format.BINARY)
    result = await _result(server, line.ear)
    if not result.ntuples:
        return None
    adapting.set_pgresult(result, set_loaders=True, format=pq.Format.BINARY)
    return adapting.load_row(0, tuple)
