"""Copies of permits on their way to be registered: the file, what was read of it, what a person made of that.

As with drafts, the row says what is to be done (`state`); a job is only a hint to look at it.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from psycopg import AsyncConnection, Connection, sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from sqlalchemy import Connection as Transaction
from sqlalchemy import text

from gis.errors import Conflict, NotFound
from gis.jobs import enqueue, enqueue_again

ENTRYPOINT = "work_on_permit_copy"
KEPT = "7 days"
"""How long a copy stays that nobody touches; a registered one stays for good."""
MAX_BYTES = 64 * 1024 * 1024
"""Largest copy: some hundred scanned pages."""

State = Literal["reading", "ready", "registering", "registered", "failed", "cancelled"]

GRANTS = (
    "GRANT INSERT (enterprise_id, author, scope, file_name, sha256, content) ON permit_copies TO {}",
    "GRANT UPDATE (state, progress, failure, checked, updated_at) ON permit_copies TO {}",
)


@dataclass(frozen=True, slots=True)
class PermitCopy:
    """A copy without its file and without what was read of it."""

    copy_id: UUID
    enterprise_id: UUID
    author: str
    scope: str
    file_name: str
    sha256: str
    state: State
    progress: dict[str, Any]
    """`step`: what is being done; `share`: 0 to 1."""
    failure: str | None
    summary: dict[str, Any] | None
    """`form`, `pages`, `values`, `doubtful`, `findings`: of what was read."""
    checked: dict[str, Any] | None
    """What a person made of it: `permit`, `checked_by`, `corrected` (paths)."""
    action: str | None
    """What registering did: `insert`, `update`, `unchanged`."""
    created_at: datetime
    updated_at: datetime

    def shown(self) -> dict[str, Any]:
        """Return it as people see it."""
        checked = {name: self.checked[name] for name in ("checked_by", "corrected")} if self.checked else None
        hidden = ("author", "scope", "checked")
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in hidden} | {"checked": checked}


COLUMNS = sql.SQL(", ").join(sql.Identifier(name) for name in PermitCopy.__dataclass_fields__)
ONE = sql.SQL("SELECT {} FROM permit_copies WHERE copy_id = %s").format(COLUMNS)
OF = sql.SQL("SELECT {} FROM permit_copies WHERE enterprise_id = %s AND state <> 'cancelled' ORDER BY created_at DESC LIMIT 20").format(
    COLUMNS
)
INSERT = """
INSERT INTO permit_copies (enterprise_id, author, scope, file_name, sha256, content) VALUES (%s, %s, %s, %s, %s, %s) RETURNING copy_id
"""
PROGRESS = "UPDATE permit_copies SET progress = %s WHERE copy_id = %s AND state = 'reading'"
READ = """
UPDATE permit_copies SET state = 'ready', progress = '{}', proposal = %s, summary = %s, updated_at = clock_timestamp()
WHERE copy_id = %s AND state = 'reading'
"""
FAILED = """
UPDATE permit_copies SET state = CASE WHEN state = 'registering' THEN 'ready' ELSE 'failed' END, failure = %s, progress = '{}',
    updated_at = clock_timestamp()
WHERE copy_id = %s AND state IN ('reading', 'registering')
"""
CHECKED = """
UPDATE permit_copies SET state = 'registering', checked = %s, failure = NULL, updated_at = clock_timestamp()
WHERE copy_id = %s AND state = 'ready'
"""
CANCEL = """
UPDATE permit_copies SET state = 'cancelled', progress = '{}', updated_at = clock_timestamp()
WHERE copy_id = %s AND state IN ('reading', 'ready', 'failed')
"""
REGISTERED = """
UPDATE permit_copies SET state = 'registered', action = :action, updated_at = clock_timestamp()
WHERE copy_id = :copy_id AND state = 'registering'
"""
SWEEP = "DELETE FROM permit_copies WHERE state <> 'registered' AND updated_at < clock_timestamp() - %s::interval"


def grant(connection: Connection, role: str) -> None:
    """Let a role bring copies and say what stands in them; registering is the worker's."""
    for statement in GRANTS:
        connection.execute(sql.SQL(statement).format(sql.Identifier(role)))


async def create(
    connection: AsyncConnection, enterprise_id: UUID, *, author: str, scope: str, file_name: str, sha256: str, data: bytes
) -> UUID:
    """Keep a copy, and queue its reading; returns its id."""
    row = await (await connection.execute(INSERT, [enterprise_id, author, scope, file_name, sha256, data])).fetchone()
    assert row is not None, "INSERT … RETURNING returns a row"  # noqa: S101
    copy_id: UUID = row[0]
    await _queue(connection, copy_id)
    return copy_id


async def permit_copy(connection: AsyncConnection, copy_id: UUID) -> PermitCopy:
    """Return a copy; raises NotFound."""
    async with connection.cursor(row_factory=class_row(PermitCopy)) as cursor:
        found = await (await cursor.execute(ONE, [copy_id])).fetchone()
    if found is None:
        raise NotFound("没有这份许可证副本；未登记的副本保留七天")
    return found


async def copies_of(connection: AsyncConnection, enterprise_id: UUID) -> list[PermitCopy]:
    """Return the newest copies of an enterprise's permits."""
    async with connection.cursor(row_factory=class_row(PermitCopy)) as cursor:
        return await (await cursor.execute(OF, [enterprise_id])).fetchall()


async def content(connection: AsyncConnection, copy_id: UUID) -> bytes:
    """Return a copy's file."""
    row = await (await connection.execute("SELECT content FROM permit_copies WHERE copy_id = %s", [copy_id])).fetchone()
    if row is None:
        raise NotFound("没有这份许可证副本")
    return bytes(row[0])


async def proposal(connection: AsyncConnection, copy_id: UUID) -> bytes:
    """Return what was read of a copy: JSON, compressed with gzip; raises NotFound before that."""
    query = "SELECT proposal FROM permit_copies WHERE copy_id = %s AND proposal IS NOT NULL"
    row = await (await connection.execute(query, [copy_id])).fetchone()
    if row is None:
        raise NotFound("副本还没有读完")
    return bytes(row[0])


async def note_progress(connection: AsyncConnection, copy_id: UUID, step: str, share: float) -> None:
    """Write how far the reading has come."""
    await connection.execute(PROGRESS, [Jsonb({"step": step, "share": round(share, 3)}), copy_id])


async def stands(connection: AsyncConnection, copy_id: UUID) -> bool:
    """Tell whether a copy is still to be read."""
    query = "SELECT EXISTS (SELECT FROM permit_copies WHERE copy_id = %s AND state = 'reading')"
    row = await (await connection.execute(query, [copy_id])).fetchone()
    return bool(row and row[0])


async def keep_proposal(connection: AsyncConnection, copy_id: UUID, document: Mapping[str, Any], summary: Mapping[str, Any]) -> None:
    """Keep what was read."""
    await connection.execute(READ, [gzip.compress(orjson.dumps(document), 3, mtime=0), Jsonb(dict(summary)), copy_id])


async def fail(connection: AsyncConnection, copy_id: UUID, why: str) -> None:
    """Keep why a copy could not be read; of one that could not be registered, why it is to be checked again."""
    await connection.execute(FAILED, [why, copy_id])


async def ask_register(connection: AsyncConnection, found: PermitCopy, checked: Mapping[str, Any]) -> None:
    """Queue the registering of what a person made of a copy.

    Raises
    ------
    Conflict
        It is not read yet, or registered already.
    """
    if not (await connection.execute(CHECKED, [Jsonb(dict(checked)), found.copy_id])).rowcount:
        raise Conflict("副本已经登记" if found.state == "registered" else "副本还没有读完")
    await _queue(connection, found.copy_id)


async def cancel(connection: AsyncConnection, copy_id: UUID) -> None:
    """Stop reading a copy, or put it aside; it is removed in time."""
    await connection.execute(CANCEL, [copy_id])


def close(transaction: Transaction, copy_id: UUID, action: str) -> bool:
    """Note that a copy is registered, in that transaction; returns whether it was still wanted."""
    return bool(transaction.execute(text(REGISTERED), {"copy_id": copy_id, "action": action}).rowcount)


async def requeue(connection: AsyncConnection) -> int:
    """Queue what a worker that died left; returns how many."""
    query = "SELECT copy_id FROM permit_copies WHERE state IN ('reading', 'registering')"
    return await enqueue_again(connection, ENTRYPOINT, "copy_id", query)


async def sweep(connection: AsyncConnection) -> int:
    """Remove copies that were not registered and that nobody touched for long; returns how many."""
    return (await connection.execute(SWEEP, [KEPT])).rowcount


async def _queue(connection: AsyncConnection, copy_id: UUID) -> None:
    await enqueue(connection, ENTRYPOINT, [{"copy_id": str(copy_id)}])
