"""Writing what moves with the day: alarms, readings, case links; `feature_state` follows by trigger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, func, insert, select, update

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


@dataclass(frozen=True, slots=True)
class Outlet:
    """An open outlet, as far as what is measured there goes."""

    feature_id: UUID
    medium: str
    """air, water or rain."""
    industry_code: str
    """Of its enterprise (GB/T 4754)."""
    pollutants: tuple[str, ...]
    read: bool
    """Whether it has readings."""


def outlets(connection: Connection) -> list[Outlet]:
    """Return the open outlets for air and water of all enterprises, by id."""
    table, firms = KIND_TABLES["outlet"], KIND_TABLES["enterprise"]
    wanted = (
        select(table.c.feature_id, table.c.medium, firms.c.industry_code, table.c.pollutants, FEATURE_STATE.c.readings)
        .join(firms, firms.c.feature_id == table.c.enterprise_id)
        .join(FEATURE_STATE, FEATURE_STATE.c.feature_id == table.c.feature_id)
        .where(table.c.closed_at.is_(None), table.c.medium.in_(("air", "water")))
        .order_by(table.c.feature_id)
    )
    return [
        Outlet(row.feature_id, row.medium, row.industry_code or "", tuple((row.pollutants or "").split("、")), bool(row.readings))
        for row in connection.execute(wanted)
    ]


def has_cases(connection: Connection) -> bool:
    """Say whether any case is linked to a feature."""
    return connection.execute(select(CASE_LINKS.c.case_id).limit(1)).scalar() is not None


def is_open(connection: Connection, feature_id: UUID, rule: str) -> bool:
    """Say whether an alarm of a rule stands open at a feature."""
    wanted = select(ALARMS.c.alarm_id).where(ALARMS.c.feature_id == feature_id, ALARMS.c.rule == rule, ALARMS.c.closed.is_(None))
    return connection.execute(wanted.limit(1)).scalar() is not None


def close_alarms(connection: Connection, *, before: datetime, most: int) -> int:
    """Close the oldest open alarms that were opened before some time; returns how many."""
    oldest = select(ALARMS.c.alarm_id).where(ALARMS.c.closed.is_(None), ALARMS.c.opened < before).order_by(ALARMS.c.opened).limit(most)
    return connection.execute(update(ALARMS).where(ALARMS.c.alarm_id.in_(oldest.scalar_subquery())).values(closed=func.now())).rowcount
