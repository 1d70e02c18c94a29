"""Transactions that carry who, why, whence and how far: the only way in for writers, the scoped way in for readers."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from gis.errors import Forbidden
from gis.store.migrate import sqlalchemy_url

Transaction = Connection
"""An open transaction to write in; what other packages call it, who know no SQLAlchemy."""

EVERYWHERE = "*"
"""The scope that sees all jurisdictions."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes, why, and from where."""

    author: str
    reason: str
    origin: str = "local"
    """The system a change came in from; keeps a sync from sending it back there."""
    scope: str = EVERYWHERE


def engine(url: str) -> Engine:
    """Return an engine without a pool, for a verb or a job that opens few connections."""
    return create_engine(sqlalchemy_url(url), poolclass=NullPool)


@contextmanager
def writing(engine: Engine, actor: Actor) -> Iterator[Connection]:
    """Open a transaction in the name of `actor`; commits at the end, rolls back on any error."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT set_config('quanjing.author', :author, true), set_config('quanjing.reason', :reason, true),"
                " set_config('quanjing.origin', :origin, true), set_config('quanjing.scope', :scope, true)"
            ),
            {"author": actor.author, "reason": actor.reason, "origin": actor.origin, "scope": actor.scope},
        )
        yield connection


@contextmanager
def looking(engine: Engine, scope: str = EVERYWHERE) -> Iterator[Connection]:
    """Open a read-only transaction on one snapshot that sees a scope."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection, connection.begin():
        connection.execute(text("SELECT set_config('quanjing.scope', :scope, true)"), {"scope": scope})
        yield connection


@asynccontextmanager
async def snapshot(connection: AsyncConnection, scope: str = EVERYWHERE) -> AsyncIterator[AsyncConnection]:
    """Run what is inside on one read-only snapshot that sees a scope.

    Raises
    ------
    Forbidden
        The scope is empty: in SQL that means "not said", which sees everything.
    """
    if not scope:
        raise Forbidden("没有辖区，不能查看")
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        await connection.execute("SELECT set_config('quanjing.scope', %s, true)", [scope])
        yield connection


@asynccontextmanager
async def reading(pool: AsyncConnectionPool[AsyncConnection], scope: str = EVERYWHERE) -> AsyncIterator[AsyncConnection]:
    """Take a connection from the pool and run what is inside on one snapshot (see `snapshot`)."""
    async with pool.connection() as connection, snapshot(connection, scope):
        yield connection
