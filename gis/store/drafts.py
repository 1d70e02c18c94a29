"""Drafts: drawings that are tried out before they go into the store; a file, how to read it, and what the reading showed.

The row says what is to be done (`state`, `revision`); a job is only a hint to look at it, so that a job done twice, or late, does no harm.
Each change is announced on `CHANNEL` with the draft's id.
"""

import gzip
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection, Connection, sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Connection as Transaction
from sqlalchemy import text

from gis.errors import Conflict, NotFound
from gis.jobs import enqueue, enqueue_again
from gis.store.locks import holding

CHANNEL = "quanjing_drafts"
"""NOTIFY channel: the payload is the draft's id."""
ENTRYPOINT = "work_on_draft"
KEPT = "7 days"
"""How long a draft stays that nobody touches."""
UPLOAD_STALLED = "1 hour"
"""An upload that has not grown for so long was given up."""

State = Literal["uploading", "reading", "ready", "importing", "imported", "failed", "cancelled"]
AT_WORK: tuple[State, ...] = ("reading", "importing")

GRANTS = (
    "GRANT INSERT (author, scope, file_name, enterprise_id, drawing_kind, options) ON drawing_drafts TO {}",
    """GRANT UPDATE (bytes, sha256, enterprise_id, drawing_kind, options, handed, revision, state, progress, failure, updated_at)
    ON drawing_drafts TO {}""",
    "GRANT DELETE ON drawing_drafts TO {}",
    "GRANT INSERT ON drawing_draft_chunks TO {}",
    "GRANT INSERT ON pgqueuer, pgqueuer_log TO {}",
    "GRANT USAGE ON SEQUENCE pgqueuer_id_seq, pgqueuer_log_id_seq TO {}",
)
"""All that the API's role may write: drafts, and the jobs that they need."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft without its file and its preview."""

    draft_id: UUID
    author: str
    scope: str
    file_name: str
    bytes: int
    sha256: str | None
    enterprise_id: UUID | None
    drawing_kind: str | None
    options: dict[str, Any]
    """`mapping`, `gcp`, `crs`: texts, each may be missing."""
    handed: dict[str, Any]
    """How it is handed in: `review`, `drawn_by`, `reason`, `resurvey_on`; each may be missing."""
    revision: int
    read_revision: int
    """The revision that the preview shows; 0 before the first."""
    state: State
    progress: dict[str, Any]
    """`step`: what is being done; `share`: 0 to 1."""
    failure: str | None
    """Why it could not be worked on: our fault or the machine's, not the drawing's."""
    summary: dict[str, Any] | None
    """Counts of the preview, `blocking`: issues that forbid importing."""
    outcome: dict[str, Any] | None
    """What importing did."""
    created_at: datetime
    updated_at: datetime


COLUMNS = sql.SQL(", ").join(sql.Identifier(name) for name in Draft.__dataclass_fields__)
SELECT = sql.SQL("SELECT {} FROM drawing_drafts WHERE draft_id = %s AND (author = %s OR %s::text IS NULL)").format(COLUMNS)
INSERT = """
INSERT INTO drawing_drafts (author, scope, file_name, enterprise_id, drawing_kind, options) VALUES (%s, %s, %s, %s, %s, %s)
RETURNING draft_id
"""
APPEND = "INSERT INTO drawing_draft_chunks (draft_id, seq, content) VALUES (%s, %s, %s)"
GROW = "UPDATE drawing_drafts SET bytes = bytes + %s, updated_at = clock_timestamp() WHERE draft_id = %s"
UPLOADED = """
UPDATE drawing_drafts SET state = 'reading', sha256 = %s, progress = '{}', updated_at = clock_timestamp()
WHERE draft_id = %s AND state = 'uploading'
"""
CHANGE = """
UPDATE drawing_drafts SET enterprise_id = %s, drawing_kind = %s, options = %s, revision = revision + 1, state = 'reading',
    progress = '{}', failure = NULL, updated_at = clock_timestamp()
WHERE draft_id = %s AND author = %s AND state NOT IN ('uploading', 'importing')
"""
IMPORT = """
UPDATE drawing_drafts SET state = 'importing', handed = %s, progress = '{}', failure = NULL, updated_at = clock_timestamp()
WHERE draft_id = %s AND author = %s AND state = 'ready' AND read_revision = revision AND enterprise_id IS NOT NULL
    AND (summary->>'blocking')::integer = 0
"""
CANCEL = """
UPDATE drawing_drafts SET state = 'cancelled', progress = '{}', updated_at = clock_timestamp()
WHERE draft_id = %s AND author = %s AND state IN ('reading', 'importing')
"""
PROGRESS = "UPDATE drawing_drafts SET progress = %s WHERE draft_id = %s AND revision = %s AND state = %s"
READ = """
UPDATE drawing_drafts SET state = 'ready', progress = '{}', result = %s, summary = %s, read_revision = %s, outcome = NULL,
    enterprise_id = coalesce(enterprise_id, %s), drawing_kind = coalesce(drawing_kind, %s), updated_at = clock_timestamp()
WHERE draft_id = %s AND revision = %s AND state = 'reading'
"""
DONE = """
UPDATE drawing_drafts SET state = CASE WHEN :taken THEN 'imported' ELSE 'ready' END, progress = '{}',
    outcome = cast(:outcome AS jsonb), updated_at = clock_timestamp()
WHERE draft_id = :draft_id AND revision = :revision AND state = 'importing'
"""
STANDS = "SELECT EXISTS (SELECT FROM drawing_drafts WHERE draft_id = %s AND revision = %s AND state = %s)"
FAILED = """
UPDATE drawing_drafts SET state = 'failed', failure = %s, progress = '{}', updated_at = clock_timestamp()
WHERE draft_id = %s AND revision = %s AND state IN ('reading', 'importing')
"""
SWEEP = """
DELETE FROM drawing_drafts
WHERE updated_at < clock_timestamp() - %s::interval OR state = 'uploading' AND updated_at < clock_timestamp() - %s::interval
"""


def grant(connection: Connection, role: str) -> None:
    """Let a role write drafts, and nothing else."""
    for statement in GRANTS:
        connection.execute(sql.SQL(statement).format(sql.Identifier(role)))


@asynccontextmanager
async def drafting(pool: AsyncConnectionPool[AsyncConnection]) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that may write, on the API's pool, whose role reads only unless told otherwise."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("SET TRANSACTION READ WRITE")
        yield connection


async def create(
    connection: AsyncConnection, author: str, scope: str, file_name: str, *, enterprise_id: UUID | None, drawing_kind: str | None
) -> UUID:
    """Begin a draft whose file is still on its way; returns its id."""
    values = [author, scope, file_name, enterprise_id, drawing_kind, Jsonb({})]
    row = await (await connection.execute(INSERT, values)).fetchone()
    assert row is not None, "INSERT … RETURNING returns a row"  # noqa: S101
    draft_id: UUID = row[0]
    return draft_id


async def append(connection: AsyncConnection, draft_id: UUID, seq: int, content: bytes) -> None:
    """Add a part of the file; parts come in short transactions, since a long one would hold back the change log's readers."""
    await connection.execute(APPEND, [draft_id, seq, content])
    await connection.execute(GROW, [len(content), draft_id])


async def uploaded(connection: AsyncConnection, draft_id: UUID, sha256: str) -> None:
    """Close the file, and queue its reading."""
    await connection.execute(UPLOADED, [sha256, draft_id])
    await _queue(connection, draft_id)


async def discard(connection: AsyncConnection, draft_id: UUID) -> None:
    """Forget a draft, file and all."""
    await connection.execute("DELETE FROM drawing_drafts WHERE draft_id = %s", [draft_id])


async def draft(connection: AsyncConnection, draft_id: UUID, author: str | None) -> Draft:
    """Return a draft.

    Parameters
    ----------
    connection : AsyncConnection
    draft_id : UUID
    author : str or None
        Whose it must be; None for the worker.

    Raises
    ------
    NotFound
        There is none, or it is someone else's.
    """
    async with connection.cursor(row_factory=class_row(Draft)) as cursor:
        await cursor.execute(SELECT, [draft_id, author, author])
        found = await cursor.fetchone()
    if found is None:
        raise NotFound("没有这份图纸草稿；草稿保留七天")
    return found


async def result(connection: AsyncConnection, draft_id: UUID, author: str) -> tuple[int, bytes]:
    """Return the revision of a draft's preview, and the preview: JSON, compressed with gzip.

    Raises
    ------
    NotFound
        No such draft, or it has not been read yet.
    """
    query = "SELECT read_revision, result FROM drawing_drafts WHERE draft_id = %s AND author = %s AND result IS NOT NULL"
    row = await (await connection.execute(query, [draft_id, author])).fetchone()
    if row is None:
        raise NotFound("图纸还没有读完，没有可预览的内容")
    return row[0], bytes(row[1])


async def change(
    connection: AsyncConnection, found: Draft, *, enterprise_id: UUID | None, drawing_kind: str | None, options: Mapping[str, Any]
) -> None:
    """Say how a draft is to be read from now on, and queue that.

    Raises
    ------
    Conflict
        It is being uploaded or imported.
    """
    done = await connection.execute(CHANGE, [enterprise_id, drawing_kind, Jsonb(dict(options)), found.draft_id, found.author])
    if not done.rowcount:
        raise Conflict("图纸正在上传或入库，稍后再改")
    await _queue(connection, found.draft_id)


async def ask_import(connection: AsyncConnection, found: Draft, handed: Mapping[str, Any]) -> None:
    """Queue the import of what a draft shows, handed in as it is said.

    Raises
    ------
    Conflict
        It is not known whose drawing it is, it has not been read, or drafting faults forbid it.
    """
    if not (await connection.execute(IMPORT, [Jsonb(dict(handed)), found.draft_id, found.author])).rowcount:
        raise Conflict(_why_not(found))
    await _queue(connection, found.draft_id)


def _why_not(found: Draft) -> str:
    if found.state == "ready" and found.enterprise_id is None:
        return "请先选择企业"
    if found.state == "ready" and found.summary and found.summary["blocking"]:
        return f"还有 {found.summary['blocking']} 个制图错误，改正后才能入库"
    if found.state == "imported":
        return "这份图纸已经入库"
    return "图纸还没有读完"


async def cancel(connection: AsyncConnection, found: Draft) -> None:
    """Stop what is being done with a draft; one at rest stays as it is."""
    await connection.execute(CANCEL, [found.draft_id, found.author])


async def _queue(connection: AsyncConnection, draft_id: UUID) -> None:
    await enqueue(connection, ENTRYPOINT, [{"draft_id": str(draft_id)}])


async def requeue(connection: AsyncConnection) -> int:
    """Queue what a worker that died left at work; returns how many. A draft that has a job already gets a second, which finds it done."""
    query = "SELECT draft_id FROM drawing_drafts WHERE state = ANY (%s) ORDER BY updated_at"
    return await enqueue_again(connection, ENTRYPOINT, "draft_id", query, [list(AT_WORK)])


@asynccontextmanager
async def working_on(connection: AsyncConnection, draft_id: UUID) -> AsyncIterator[None]:
    """Hold the right to work on one draft; it falls with the connection, however that ends."""
    async with holding(connection, f"draft/{draft_id}"):
        yield


async def content(connection: AsyncConnection, draft_id: UUID) -> AsyncIterator[bytes]:
    """Yield a draft's file, part by part."""
    query = "SELECT content FROM drawing_draft_chunks WHERE draft_id = %s AND seq = %s"
    seq = 0
    while row := await (await connection.execute(query, [draft_id, seq])).fetchone():
        yield bytes(row[0])
        seq += 1


async def place(connection: AsyncConnection, enterprise_id: UUID | None) -> tuple[str, tuple[float, float]] | None:
    """Return the source code and the registered point (degrees, EPSG:4490) of an enterprise; None without one."""
    query = "SELECT code, ST_X(geom), ST_Y(geom) FROM enterprises WHERE feature_id = %s AND closed_at IS NULL"
    row = await (await connection.execute(query, [enterprise_id])).fetchone()
    return (row[0], (row[1], row[2])) if row else None


async def enterprise_of(connection: AsyncConnection, source_code: str | None, scope: str) -> UUID | None:
    """Return the open enterprise of a 22-character source code, where there is one in the scope."""
    async with connection.transaction():
        await connection.execute("SELECT set_config('quanjing.scope', %s, true)", [scope])
        row = await (await connection.execute("SELECT feature_id FROM enterprise_view WHERE code = %s", [source_code])).fetchone()
    return row[0] if row else None


async def note_progress(connection: AsyncConnection, at: Draft, step: str, share: float) -> None:
    """Write how far the work has come; of a draft that has been changed or cancelled meanwhile, nothing."""
    await connection.execute(PROGRESS, [Jsonb({"step": step, "share": round(share, 3)}), at.draft_id, at.revision, at.state])


async def keep_result(
    connection: AsyncConnection,
    at: Draft,
    preview: Mapping[str, Any],
    summary: Mapping[str, Any],
    *,
    enterprise_id: UUID | None,
    drawing_kind: str | None,
) -> None:
    """Keep what a reading showed."""
    packed = gzip.compress(json.dumps(preview, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"), 3, mtime=0)
    values = [packed, Jsonb(dict(summary)), at.revision, enterprise_id, drawing_kind, at.draft_id, at.revision]
    await connection.execute(READ, values)


async def stands(connection: AsyncConnection, at: Draft) -> bool:
    """Tell whether a draft still asks for what it asked for when it was taken."""
    row = await (await connection.execute(STANDS, [at.draft_id, at.revision, at.state])).fetchone()
    return bool(row and row[0])


def close(transaction: Transaction, at: Draft, outcome: Mapping[str, Any], *, taken: bool) -> bool:
    """Write what an import did, in the import's own transaction; returns whether it was still wanted: else roll back.

    `taken`: the drawing is in the store, published or waiting for its review.
    """
    values = {"taken": taken, "outcome": json.dumps(outcome), "draft_id": at.draft_id, "revision": at.revision}
    return bool(transaction.execute(text(DONE), values).rowcount)


async def fail(connection: AsyncConnection, at: Draft, why: str) -> None:
    """Keep why a draft could not be worked on."""
    await connection.execute(FAILED, [why, at.draft_id, at.revision])


async def sweep(connection: AsyncConnection) -> int:
    """Remove drafts that nobody touched for long, and uploads that were given up; returns how many."""
    return (await connection.execute(SWEEP, [KEPT, UPLOAD_STALLED])).rowcount
