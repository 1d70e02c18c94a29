"""Enterprises on their way into the register: brought in the browser, written by the worker in the role that owns the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection, Connection, sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gis.enterprise_file import Row
from gis.errors import Conflict, NotFound
from gis.jobs import enqueue, enqueue_again
from gis.kinds import KINDS
from gis.store.asking import Reading
from gis.store.connect import Plain, driver_of
from gis.store.enterprises import complete, put_enterprise

ENTRYPOINT = "register_enterprises"
KEPT = "7 days"
"""How long it is known what a registration did; what is registered has its own history."""

GRANTS = ("GRANT INSERT (author, scope, reason, rows) ON registrations TO {}",)


@dataclass(frozen=True, slots=True)
class Registration:
    """Enterprises that are to be registered together, all or none."""

    registration_id: UUID
    author: str
    scope: str
    reason: str
    rows: list[Row]
    state: Literal["waiting", "done", "failed"]
    outcome: list[dict[str, Any]] | None
    """One an enterprise: `feature_id`, `action`."""
    failure: str | None


COLUMNS = sql.SQL(", ").join(sql.Identifier(name) for name in Registration.__dataclass_fields__)
ONE = sql.SQL("SELECT {} FROM registrations WHERE registration_id = %s").format(COLUMNS)
INSERT = "INSERT INTO registrations (author, scope, reason, rows) VALUES (%s, %s, %s, %s) RETURNING registration_id"
DONE = """
UPDATE registrations SET state = 'done', outcome = %s, updated_at = clock_timestamp() WHERE registration_id = %s AND state = 'waiting'
"""
FAILED = """
UPDATE registrations SET state = 'failed', failure = %s, updated_at = clock_timestamp() WHERE registration_id = %s AND state = 'waiting'
"""
WAITING = "SELECT registration_id FROM registrations WHERE state = 'waiting'"
SWEEP = "DELETE FROM registrations WHERE state <> 'waiting' AND updated_at < clock_timestamp() - %s::interval"
COUNTY = """
SELECT j.code FROM counties c JOIN jurisdictions j ON j.code = c.adcode
WHERE c.closed_at IS NULL AND ST_Covers(c.geom, ST_SetSRID(ST_MakePoint(%s, %s), 4490)) LIMIT 1
"""
OUTSIDE = """
SELECT e.name FROM enterprises e WHERE e.code = %s AND NOT quanjing_in_scope(e.jurisdiction)
UNION ALL SELECT %s WHERE NOT quanjing_in_scope(%s)
"""
REGISTERED = sql.SQL(
    "SELECT feature_id, code AS source_code, {}, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM enterprise_view {} ORDER BY code"
)
NAMES = sql.SQL(", ").join(
    sql.Identifier(name) for name in ("name", "base_1985_m", *(attribute.name for attribute in KINDS["enterprise"].attributes))
)


def grant(connection: Connection, role: str) -> None:
    """Let a role bring enterprises; registering them is the worker's."""
    for statement in GRANTS:
        connection.execute(sql.SQL(statement).format(sql.Identifier(role)))


def registered(enterprise: UUID | str | None = None) -> Reading[list[Row]]:
    """Return the register as far as the session sees it, or of the enterprise with an id or a code: `feature_id` and the form's fields."""
    column = "feature_id" if isinstance(enterprise, UUID) else "code"
    one = sql.SQL("") if enterprise is None else sql.SQL("WHERE {} = %s").format(sql.Identifier(column))
    return (yield REGISTERED.format(NAMES, one), [] if enterprise is None else [enterprise])


async def create(connection: AsyncConnection, rows: Sequence[Row], *, author: str, scope: str, reason: str) -> UUID:
    """Keep what is to be registered, and queue it; returns its id."""
    said = Jsonb([{name: value if value is None else str(value) for name, value in row.items()} for row in rows])
    row = await (await connection.execute(INSERT, [author, scope, reason, said])).fetchone()
    assert row is not None, "INSERT … RETURNING returns a row"  # noqa: S101
    registration_id: UUID = row[0]
    await enqueue(connection, ENTRYPOINT, [{"registration_id": str(registration_id)}])
    return registration_id


async def registration(connection: AsyncConnection, registration_id: UUID) -> Registration:
    """Return one; raises NotFound."""
    async with connection.cursor(row_factory=class_row(Registration)) as cursor:
        found = await (await cursor.execute(ONE, [registration_id])).fetchone()
    if found is None:
        raise NotFound("没有这次登记；登记的结果保留七天")
    return found


def _county(driver: Plain, row: Row) -> str | None:
    found = driver.execute(COUNTY, [row["lon"], row["lat"]]).fetchone()
    return found[0] if found else None


def put(connection: Plain, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Register enterprises; returns what that did: `feature_id` (text), `action`.

    Parameters
    ----------
    connection : Plain
        Inside `gis.store.connect.writing_plainly`, in whose scope they must lie.
    rows : sequence of mapping
        As `gis.register.check` returns them. One without a jurisdiction lies in the county around it.

    Raises
    ------
    Conflict
        One lies outside the scope, or is registered there.
    Invalid
        One lacks a field, or has one that the register has not.
    """
    driver, done = driver_of(connection), []
    for said in rows:
        complete(said)
        row = {**said, "jurisdiction": said.get("jurisdiction") or _county(driver, said)}
        outside = driver.execute(OUTSIDE, [row["source_code"], row["name"], row["jurisdiction"]]).fetchone()
        if outside is not None:
            raise Conflict(f"{row['name']}（{row['source_code']}）在您的辖区之外，不能登记")
        action, feature_id = put_enterprise(connection, row)
        done.append({"feature_id": str(feature_id), "action": action})
    return done


def close(connection: Plain, registration_id: UUID, outcome: Sequence[dict[str, Any]]) -> bool:
    """Note what was done, in that transaction; returns whether it was still waited for."""
    return bool(driver_of(connection).execute(DONE, [Jsonb(list(outcome)), registration_id]).rowcount)


async def fail(connection: AsyncConnection, registration_id: UUID, why: str) -> None:
    """Keep why nothing of it was registered."""
    await connection.execute(FAILED, [why, registration_id])


async def requeue(connection: AsyncConnection) -> int:
    """Queue what a worker that died left; returns how many."""
    return await enqueue_again(connection, ENTRYPOINT, "registration_id", WAITING)


async def sweep(connection: AsyncConnection) -> int:
    """Forget what registrations did long ago; returns how many."""
    return (await connection.execute(SWEEP, [KEPT])).rowcount
