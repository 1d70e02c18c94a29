"""Rights that one process at a time has, held in the database so that they fall with whoever held them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection


@asynccontextmanager
async def holding(connection: AsyncConnection, key: str) -> AsyncIterator[None]:
    """Hold a lock on a name in the whole database; it falls with the connection, however that ends."""
    await connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
