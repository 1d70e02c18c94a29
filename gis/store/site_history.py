"""What happened at a site: founded, approved, rebuilt, fined, …; the days on which something was so, not when the database heard of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from sqlalchemy import Connection, text

from gis.errors import Invalid
from gis.kinds import ENUMS
from gis.store.connect import driver_of
from gis.store.permits import day_of, json_text

LABELS = ENUMS["site_event"]
LENGTHS = {"text": 200, "note": 2000, "source": 200}
"""Texts of an event and how many characters each may have; only the first is required."""

STORE = text("""
INSERT INTO site_history (enterprise_id, on_date, kind, text, note, source)
VALUES (:enterprise, :on_date, :kind, :text, :note, :source)
ON CONFLICT (enterprise_id, on_date, kind, text) WHERE removed_at IS NULL DO UPDATE SET note = excluded.note, source = excluded.source,
    recorded_at = clock_timestamp(), author = excluded.author, reason = excluded.reason, origin = excluded.origin
WHERE (site_history.note, site_history.source) IS DISTINCT FROM (excluded.note, excluded.source)
RETURNING xmax = 0
""")
STORED = text("SELECT on_date, kind, text FROM site_history WHERE enterprise_id = :enterprise AND removed_at IS NULL")
REMOVE = text("""
UPDATE site_history SET removed_at = clock_timestamp()
WHERE enterprise_id = :enterprise AND on_date = :on_date AND kind = :kind AND text = :text AND removed_at IS NULL
""")
EVENTS = """
SELECT on_date AS date, kind, text, note, source, recorded_at, author FROM site_history
WHERE enterprise_id = %s AND removed_at IS NULL ORDER BY on_date DESC, kind, text
"""


def _event(record: Any) -> dict[str, Any]:
    """Return the columns of one event; raises Invalid."""
    if not isinstance(record, Mapping):
        raise Invalid("FILE", "应为 JSON 对象")
    if extra := set(record) - {"date", "kind", *LENGTHS}:
        raise Invalid(min(extra), f"没有这一项；可用的有 date、kind、{'、'.join(LENGTHS)}")
    if not isinstance(record.get("kind"), str) or record["kind"] not in LABELS:
        raise Invalid("kind", f"可填 {'、'.join(f'{code}（{label}）' for code, label in LABELS.items())}")
    texts = {field: record.get(field) or "" for field in LENGTHS}
    for field, value in texts.items():
        if not isinstance(value, str) or len(value) > LENGTHS[field]:
            raise Invalid(field, f"应为不超过 {LENGTHS[field]} 字的文本")
    if not texts["text"].strip():
        raise Invalid("text", "缺少事件的说明")
    return {"on_date": day_of(record, "date"), "kind": record["kind"], **texts}


def _events(document: Any) -> list[dict[str, Any]]:
    if not isinstance(document, Sequence) or isinstance(document, str):
        raise Invalid("FILE", "厂址沿革应为 JSON 列表，每个事件有 date、kind、text")
    json_text(document)
    events, faults = [], []
    for at, record in enumerate(document, 1):
        try:
            events.append(_event(record))
        except Invalid as fault:
            faults.append(f"第 {at} 个事件的 {fault}")
    if faults:
        more = f"；另有 {len(faults) - 10} 处" if len(faults) > 10 else ""
        raise Invalid("FILE", "；".join(faults[:10]) + more)
    return events


def store_history(connection: Connection, enterprise_id: UUID, document: Any, *, replace: bool = False) -> dict[str, int]:
    """Store a site's events, all or none; the same ones again change nothing. Returns insert, update, unchanged, remove → how many.

    Parameters
    ----------
    connection : Connection
        Inside `gis.store.connect.writing`.
    enterprise_id : UUID
        Whose site.
    document : Any
        A list of objects: `date` (YYYY-MM-DD), `kind` (code list `site_event`), `text`, and if wanted `note`, `source`. One day, kind and
        text are one event.
    replace : bool
        Remove events that the list no longer has.

    Raises
    ------
    Invalid
        An event is faulty; all that are, are named.
    """
    events = _events(document)
    before = {tuple(row) for row in connection.execute(STORED, {"enterprise": enterprise_id})}
    done: Counter[str] = Counter()
    for event in events:
        written = connection.execute(STORE, {"enterprise": enterprise_id, **event}).first()
        done["unchanged" if written is None else "insert" if written[0] else "update"] += 1
    for on_date, kind, what in before - {(event["on_date"], event["kind"], event["text"]) for event in events} if replace else ():
        connection.execute(REMOVE, {"enterprise": enterprise_id, "on_date": on_date, "kind": kind, "text": what})
        done["remove"] += 1
    return dict(done)


def happened(connection: Connection, enterprise_id: UUID) -> list[dict[str, Any]]:
    """Return the same as `site_history`, over a plain connection."""
    with driver_of(connection).cursor(row_factory=dict_row) as cursor:
        return _told(cursor.execute(EVENTS, [enterprise_id]).fetchall())


def _told(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "kind_label": LABELS.get(row["kind"], row["kind"])} for row in rows]


async def site_history(connection: AsyncConnection, enterprise_id: UUID) -> list[dict[str, Any]]:
    """Return what happened at an enterprise's site, newest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(EVENTS, [enterprise_id])
        return _told(await cursor.fetchall())
