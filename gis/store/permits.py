"""Discharge permits: one JSON document each, kept whole; a changed one is a version more, so that what was known when stays known."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from sqlalchemy import Connection, text

from gis.errors import Invalid, NotFound, TooLarge
from gis.models.permit import permit_of
from gis.store.connect import driver_of
from gis.store.permit_today import CURRENT
from gis.store.problems import derive

MAX_BYTES = 1 << 20
"""Largest document, as JSON in UTF-8."""
NUL = re.compile(rb"(?<!\\)(\\\\)*\\u0000")
"""What JSON may hold and PostgreSQL not."""

Action = Literal["insert", "update", "unchanged"]

HOLD = text("SELECT FROM enterprises WHERE feature_id = :enterprise FOR UPDATE")
NEWEST = text("""
SELECT document = CAST(:document AS jsonb) FROM permits
WHERE enterprise_id = :enterprise AND permit_no = :permit_no AND valid_from = :valid_from ORDER BY recorded_at DESC LIMIT 1
""")
RECORD = text("""
INSERT INTO permits (enterprise_id, permit_no, document, valid_from, valid_to)
VALUES (:enterprise, :permit_no, CAST(:document AS jsonb), :valid_from, :valid_to)
""")


def day_of(record: Mapping[str, Any], field: str) -> date:
    """Return a day of a record, written as YYYY-MM-DD; raises Invalid."""
    try:
        return date.fromisoformat(record[field])
    except (KeyError, TypeError, ValueError):
        raise Invalid(field, "应为日期，如 2026-01-31") from None


def json_text(document: Any) -> str:
    """Return a document as JSON that the store keeps.

    Raises
    ------
    TooLarge
        It has more than `MAX_BYTES` bytes.
    Invalid
        It is nested too deep, or has a NUL in it.
    """
    try:
        data = orjson.dumps(document)
    except orjson.JSONEncodeError as error:
        raise Invalid("FILE", f"不能存为 JSON：{error}") from error
    if len(data) > MAX_BYTES:
        raise TooLarge("FILE", f"超过 {MAX_BYTES // 1024**2} MB 的上限")
    if NUL.search(data):
        raise Invalid("FILE", "含有空字符")
    return data.decode()


def store_permit(connection: Connection, enterprise_id: UUID, document: Any) -> Action:
    """Store a permit; the same document again changes nothing.

    Parameters
    ----------
    connection : Connection
        Inside `gis.store.connect.writing`.
    enterprise_id : UUID
        The holder, as `gis.store.enterprises.find_enterprise` gives it.
    document : Any
        Of the shape of `gis.models.permit.Permit`: `permit_no`, `valid_from`, `valid_to` (days) and what else it says. A permit with
        the same number and first day is the same permit.

    Raises
    ------
    Invalid
        The document has another shape; names the places.
    TooLarge
        It has more than `MAX_BYTES` bytes.
    """
    text = json_text(document)
    permit = permit_of(document)
    number = permit.permit_no.strip()
    if not number:
        raise Invalid("permit_no", "缺少排污许可证编号")
    values = {
        "enterprise": enterprise_id,
        "permit_no": number,
        "document": text,
        "valid_from": permit.valid_from,
        "valid_to": permit.valid_to,
    }
    connection.execute(HOLD, values)
    same = connection.execute(NEWEST, values).scalar()
    if same:
        return "unchanged"
    connection.execute(RECORD, values)
    derive(driver_of(connection), enterprise_id)
    return "insert" if same is None else "update"


async def current_permit(connection: AsyncConnection, enterprise_id: UUID) -> dict[str, Any]:
    """Return an enterprise's permit: of those that have begun one that is valid today (Beijing), else the last.

    Raises
    ------
    NotFound
        It has none.
    """
    row = await (await connection.execute(CURRENT, [enterprise_id])).fetchone()
    if row is None:
        raise NotFound("没有登记这个企业的排污许可证")
    document: dict[str, Any] = row[0]
    return document


REGISTERED = """
SELECT permit_no, valid_from, valid_to, recorded_at, author, reason, count(*) OVER (PARTITION BY permit_no, valid_from) AS versions,
    row_number() OVER (PARTITION BY permit_no, valid_from ORDER BY recorded_at DESC) = 1 AS newest
FROM permits WHERE enterprise_id = %s ORDER BY valid_from DESC, recorded_at DESC LIMIT 50
"""


async def registered_permits(connection: AsyncConnection, enterprise_id: UUID) -> list[dict[str, Any]]:
    """Return the registered permits of an enterprise without their documents, all versions, the newest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(REGISTERED, [enterprise_id])).fetchall()


async def has_permit(connection: AsyncConnection, enterprise_id: UUID) -> bool:
    """Return whether an enterprise has a permit that `current_permit` finds."""
    return await (await connection.execute(CURRENT, [enterprise_id])).fetchone() is not None
