"""Marks of discharging units as they come in from the platform where the units sign in, and the bureau's checks of them."""

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

from psycopg import Connection

from gis.clock import BEIJING
from gis.errors import Conflict, Invalid, NotFound
from gis.rules.marks import kinds

FIELDS = ("source_id", "mn", "factor", "from", "to", "mark", "declared_by", "declared", "evidence")
MOST_ROWS = 100_000
STORE = """
INSERT INTO reading_marks (source_id, feature_id, factor, during, mark, declared_by, declared, evidence)
SELECT %(source_id)s, feature_id, %(factor)s, tstzrange(%(from)s, %(to)s), %(mark)s, %(declared_by)s, %(declared)s, %(evidence)s
FROM monitoring_points WHERE mn = %(mn)s AND closed_at IS NULL ON CONFLICT (source_id) DO NOTHING RETURNING mark_id
"""
KNOWN = "SELECT FROM reading_marks WHERE source_id = %s"
CHECK = "INSERT INTO reading_mark_checks (mark_id, accepted) SELECT mark_id, %s FROM reading_marks WHERE mark_id = %s RETURNING check_id"
WITHDRAW = "UPDATE reading_marks SET withdrawn = clock_timestamp() WHERE source_id = %s AND withdrawn IS NULL RETURNING mark_id"
LIST = """
SELECT m.mark_id, m.source_id, v.mn, e.name, m.factor, lower(m.during), upper(m.during), m.mark, m.declared_by, m.declared, m.evidence,
    m.withdrawn, c.accepted, c.author, c.reason
FROM reading_marks m JOIN monitoring_points v USING (feature_id) JOIN enterprises e ON e.feature_id = v.enterprise_id
    LEFT JOIN LATERAL (SELECT * FROM reading_mark_checks c WHERE c.mark_id = m.mark_id ORDER BY check_id DESC LIMIT 1) c ON true
WHERE m.during && tstzrange(%(begin)s, %(end)s) AND (NOT %(open)s OR c.accepted IS NULL) AND quanjing_in_scope(e.jurisdiction)
ORDER BY lower(m.during), m.mark_id LIMIT 1000
"""
LISTED = (
    "mark_id", "source_id", "mn", "enterprise", "factor", "begin", "end", "mark", "declared_by", "declared", "evidence", "withdrawn",
    "accepted", "checked_by", "check_reason",
)  # fmt: skip


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)


def _row(given: Mapping[str, str | None]) -> dict[str, Any]:
    """Return a row of the file as values; raises ValueError with what is wrong."""
    row: dict[str, Any] = {name: (given.get(name) or "").strip() for name in FIELDS}
    for name in ("source_id", "mn", "declared_by"):
        if not row[name]:
            raise ValueError(f"{name} 不能为空")
    for name in ("from", "to", "declared"):
        try:
            row[name] = _time(row[name])
        except ValueError:
            raise ValueError(f"{name} 应为时间，如 2026-03-01T08:00") from None
    if row["to"] <= row["from"]:
        raise ValueError("to 应晚于 from")
    if row["mark"] not in kinds():
        raise ValueError(f"没有标记 {row['mark']:.40}；可用的有 {'、'.join(kinds())}")
    row["factor"] = row["factor"] or None
    return row


def load(connection: Connection, file: TextIO) -> tuple[int, int, list[str]]:
    """Store the marks of a CSV file; returns how many were new, how many stood, and what is wrong. The same file again changes nothing.

    Parameters
    ----------
    connection : Connection
        Inside `gis.store.connect.writing_plainly`.
    file : TextIO
        With a head line; columns by `FIELDS`, times of Beijing where no zone is named.
    """
    reader = csv.DictReader(file)
    missing = set(FIELDS) - {"factor", "evidence"} - set(reader.fieldnames or ())
    if missing:
        raise Invalid("FILE", f"缺少列：{'、'.join(sorted(missing))}")
    new, stood = 0, 0
    faults: list[str] = []
    for number, given in enumerate(reader, 2):
        if number > MOST_ROWS + 1:
            raise Invalid("FILE", f"一次最多 {MOST_ROWS} 行")
        try:
            row = _row(given)
        except ValueError as error:
            faults.append(f"第 {number} 行：{error}")
            continue
        if connection.execute(STORE, row).fetchone():
            new += 1
        elif connection.execute(KNOWN, [row["source_id"]]).fetchone() is not None:
            stood += 1
        else:
            faults.append(f"第 {number} 行：没有编号为 {row['mn']:.40} 的监控点")
    return new, stood, faults


def check(connection: Connection, mark_id: int, *, accepted: bool) -> None:
    """Record what the bureau found of a mark; the reason is that of the transaction. Raises NotFound."""
    if connection.execute(CHECK, [accepted, mark_id]).fetchone() is None:
        raise NotFound(f"没有标记 {mark_id}")


def withdraw(connection: Connection, source_id: str) -> None:
    """Record that the unit took its mark back; raises Conflict where it is not there, or taken back already."""
    if connection.execute(WITHDRAW, [source_id]).fetchone() is None:
        raise Conflict(f"没有标记 {source_id:.40}，或已撤回")


def listed(connection: Connection, begin: datetime, end: datetime, *, unchecked: bool = False) -> Sequence[dict[str, Any]]:
    """Return the marks of a time, at most 1 000, by time; those that nobody checked yet where asked."""
    rows = connection.execute(LIST, {"begin": begin, "end": end, "open": unchecked}).fetchall()
    return [dict(zip(LISTED, row, strict=True)) for row in rows]
