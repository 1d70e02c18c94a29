"""Transactions that carry who, why, whence and how far: the only way in for writers, the scoped way in for readers."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from psycopg import AsyncConnection

from gis.errors import Conflict, Forbidden

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool
    from sqlalchemy import Connection, Engine

Transaction: TypeAlias = "Connection"
"""An open transaction to write in; what other packages call it, who know no SQLAlchemy."""
Plain: TypeAlias = "psycopg.Connection[Any]"
"""The same of the driver alone, for what has to start fast: importing a drawing reads no SQLAlchemy."""

WHO = (
    "SELECT set_config('quanjing.author', %(author)s, true), set_config('quanjing.reason', %(reason)s, true),"
    " set_config('quanjing.origin', %(origin)s, true), set_config('quanjing.scope', %(scope)s, true)"
)

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


def driver_of(connection: "Transaction | Plain") -> Plain:
    """Return the driver's connection of a transaction."""
    if isinstance(connection, psycopg.Connection):
        return connection
    plain: Plain = connection.connection.driver_connection  # type: ignore[assignment]
    return plain


def engine(url: str) -> "Engine":
    """Return an engine without a pool, for a verb or a job that opens few connections."""
    from sqlalchemy import create_engine  # noqa: PLC0415 — heavy
    from sqlalchemy.engine import make_url  # noqa: PLC0415 — heavy
    from sqlalchemy.pool import NullPool  # noqa: PLC0415 — heavy

    return create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)


def _sign(connection: Plain, actor: Actor) -> None:
    """Say in whose name a transaction writes."""
    connection.execute(WHO, {"author": actor.author, "reason": actor.reason, "origin": actor.origin, "scope": actor.scope})


@contextmanager
def writing(engine: "Engine", actor: Actor) -> Iterator["Transaction"]:
    """Open a transaction in the name of `actor`; commits at the end, rolls back on any error."""
    with engine.begin() as connection:
        _sign(driver_of(connection), actor)
        yield connection


@contextmanager
def writing_plainly(url: str, actor: Actor) -> Iterator[Plain]:
    """Open a transaction of the driver alone in the name of `actor`; commits at the end, rolls back on any error."""
    with psycopg.connect(url) as connection:
        _sign(connection, actor)
        yield connection


@contextmanager
def writing_on(connection: Plain, actor: Actor) -> Iterator[None]:
    """Run what is inside in a transaction of a connection that stays, in the name of `actor`."""
    with connection.transaction():
        _sign(connection, actor)
        yield


@contextmanager
def looking(engine: "Engine", scope: str = EVERYWHERE) -> Iterator["Transaction"]:
    """Open a read-only transaction on one snapshot that sees a scope."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection, connection.begin():
        driver_of(connection).execute("SELECT set_config('quanjing.scope', %s, true)", [scope])
        yield connection


@contextmanager
def glancing(url: str, scope: str = EVERYWHERE) -> Iterator[Plain]:
    """Open a connection of the driver alone for what is inside, on one read-only snapshot that sees a scope (see `snapshot`)."""
    if not scope:
        raise Forbidden("没有辖区，不能查看")
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SELECT set_config('quanjing.scope', %s, true)", [scope])
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
async def glance(url: str, scope: str = EVERYWHERE) -> AsyncIterator[AsyncConnection]:
    """Open a connection of its own for what is inside, and run it on one snapshot (see `snapshot`)."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection, snapshot(connection, scope):
        yield connection


@asynccontextmanager
async def reading(pool: "AsyncConnectionPool[AsyncConnection]", scope: str = EVERYWHERE) -> AsyncIterator[AsyncConnection]:
    """Take a connection from the pool and run what is inside on one snapshot (see `snapshot`)."""
    async with pool.connection() as connection, snapshot(connection, scope):
        yield connection


@asynccontextmanager
async def writing_aside(pool: "AsyncConnectionPool[AsyncConnection]", actor: Actor) -> AsyncIterator[AsyncConnection]:
    """Open a transaction in the name of `actor` on the API's pool, whose role reads unless told otherwise and writes what is granted to it.

    Raises
    ------
    Conflict
        Someone else wrote the same at the same time.
    """
    try:
        async with pool.connection() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION READ WRITE")
            await connection.execute(WHO, {"author": actor.author, "reason": actor.reason, "origin": actor.origin, "scope": actor.scope})
            yield connection
    except psycopg.errors.UniqueViolation as error:
        raise Conflict("别人刚刚写了同一行，请刷新后再试") from error


MOST_STATEMENT_S = 30


async def single(connection: AsyncConnection) -> None:
    """Make a connection in autocommit one for single statements of strangers' asking: times in UTC, none without end.

    A statement that comes again and again is planned once: its plan would take longer than a page of ten.
    """
    settings = f"SET timezone = 'UTC'; SET statement_timeout = '{MOST_STATEMENT_S}s'; SET plan_cache_mode = force_generic_plan"
    await connection.execute(settings)
