"""Writing what moves with the day: alarms, readings, case links; `feature_state` follows by trigger."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, select, update

from gis.errors import NotFound
from gis.store.tables import ALARMS, CASE_LINKS, FEATURE_STATE, KIND_TABLES


def find_feature(connection: Connection, enterprise_id: UUID, kind: str, code: str) -> UUID:
    """Return the id of an enterprise's open feature of a kind with a code; raises NotFound."""
    table = KIND_TABLES[kind]
    wanted = select(table.c.feature_id).where(table.c.enterprise_id == enterprise_id, table.c.code == code, table.c.closed_at.is_(None))
    found: UUID | None = connection.execute(wanted).scalar()
    if found is None:
        raise NotFound(f"该企业没有编号为 {code} 的要素（{kind}）")
    return found


def open_alarm(
    connection: Connection, feature_id: UUID, *, rule: str, level: int, message: str, opened: datetime, closed: datetime | None = None
) -> UUID:
    """Record an alarm; returns its id. Level 1 (Ⅰ级) is the highest, 4 the lowest."""
    alarm_id = uuid4()
    values = {"alarm_id": alarm_id, "feature_id": feature_id, "rule": rule, "level": level, "message": message}
    connection.execute(insert(ALARMS).values(**values, opened=opened, closed=closed))
    return alarm_id


def put_readings(connection: Connection, feature_id: UUID, readings: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace the latest readings: factor → value, unit, at, flag, limit, label."""
    connection.execute(update(FEATURE_STATE).where(FEATURE_STATE.c.feature_id == feature_id).values(readings=readings))


def link_case(connection: Connection, feature_id: UUID, *, case_id: str, title: str, opened_on: date, status: str) -> None:
    """Link a case file to a feature."""
    values = {"case_id": case_id, "feature_id": feature_id, "title": title, "opened_on": opened_on, "status": status}
    connection.execute(insert(CASE_LINKS).values(**values))
