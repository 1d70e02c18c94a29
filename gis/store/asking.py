"""Readings that do not know how they are run: they yield queries and are sent rows, over a plain connection or an asynchronous one."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row

from gis.store.connect import Plain, Transaction, driver_of

T = TypeVar("T")
Row: TypeAlias = dict[str, Any]
Query: TypeAlias = tuple[sql.Composed | sql.SQL, Sequence[Any] | Mapping[str, Any]]
"""A query of constants and quoted names, and its parameters."""
Reading: TypeAlias = Generator[Query, list[Row], T]
"""Yields queries, is sent the rows of each, returns what it makes of them."""


def asked(connection: "Transaction | Plain", reading: Reading[T]) -> T:
    """Return what a reading makes of the rows of an open transaction."""
    with driver_of(connection).cursor(row_factory=dict_row) as cursor:
        try:
            query = next(reading)
            while True:
                query = reading.send(cursor.execute(*query).fetchall())
        except StopIteration as end:
            value: T = end.value
            return value


async def asked_aside(connection: AsyncConnection, reading: Reading[T]) -> T:
    """Return the same as `asked`, over an asynchronous connection."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        try:
            query = next(reading)
            while True:
                await cursor.execute(*query)
                query = reading.send(await cursor.fetchall())
        except StopIteration as end:
            value: T = end.value
            return value
