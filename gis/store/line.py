"""Prepared statements with the least between a request and the bytes: libpq itself, on a connection that nothing else uses meanwhile.

The driver's cursors make an object of every step and wake the loop for every eight kilobytes; a page of a thousand features is a third
of a megabyte in one row.
"""

import asyncio
import select
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, OperationalError, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

MOST_PREPARED = 200
"""Statements that a connection keeps; the longest unused goes first."""
PATIENCE_MS = 2
"""How long to wait for the rest of a row that has begun to arrive before the loop is given to others."""


@dataclass(slots=True)
class _Prepared:
    names: OrderedDict[bytes, bytes] = field(default_factory=OrderedDict)
    number: int = 0


_PREPARED: WeakKeyDictionary[AsyncConnection[Any], _Prepared] = WeakKeyDictionary()


@lru_cache(maxsize=2000)
def numbered(text: str) -> bytes:
    """Return the driver's placeholders as the server has them.

    >>> numbered("SELECT %s::integer, '5 %%', %s")
    b"SELECT $1::integer, '5 %', $2"
    """
    parts = text.split("%s")
    joined = "".join(f"{part}${number}" for number, part in enumerate(parts[:-1], 1)) + parts[-1]
    return joined.replace("%%", "%").encode()


async def _ready(descriptor: int, *, write: bool = False) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    (loop.add_writer if write else loop.add_reader)(descriptor, wake)
    try:
        await ready
    finally:
        (loop.remove_writer if write else loop.remove_reader)(descriptor)


async def _result(connection: "PGconn") -> "PGresult":
    """Return the result of what was sent; raises what the server says of it."""
    descriptor = connection.socket
    while connection.flush():
        await _ready(descriptor, write=True)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    await _ready(descriptor)
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
                await _ready(descriptor)
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
    prepared = _PREPARED.setdefault(connection, _Prepared())
    name = prepared.names.get(statement)
    if name is None:
        if len(prepared.names) >= MOST_PREPARED:
            _, old = prepared.names.popitem(last=False)
            await connection.execute(b"DEALLOCATE " + old)
        prepared.number += 1
        name = b"line_%d" % prepared.number
        server.send_prepare(name, statement)
        await _result(server)
        prepared.names[statement] = name
    else:
        prepared.names.move_to_end(statement)
    adapting = Transformer.from_context(connection)
    given = adapting.dump_sequence(values, [PyFormat.TEXT] * len(values)) if values else []
    server.send_query_prepared(name, given, result_format=pq.Format.BINARY)
    result = await _result(server)
    if not result.ntuples:
        return None
    adapting.set_pgresult(result, set_loaders=True, format=pq.Format.BINARY)
    return adapting.load_row(0, tuple)
