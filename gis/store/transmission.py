"""What was due and what came, of each point and day: counted where the readings are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
from psycopg import Connection

from gis.clock import BEIJING
from gis.errors import Invalid
from gis.settings import Settings
from gis.store.cluster import ensure_running
from gis.store.readings import POINTS
from gis.store.schema import bring_up
from gis.transmission import Rule, Tally, rule_on, total

HOUR = timedelta(hours=1)

WHO = """
SELECT f.point_id, p.mn, v.name, v.code, e.feature_id, e.name, e.jurisdiction, coalesce(p.watched, ''),
    least(lower(v.recorded), (SELECT min(lower(h.recorded)) FROM monitoring_points_history h WHERE h.feature_id = f.feature_id))
FROM ({points}) p JOIN feed_points f USING (feature_id) JOIN monitoring_points v USING (feature_id)
    JOIN enterprises e ON e.feature_id = p.enterprise_id
WHERE v.monitor_type IN ('gas', 'water') ORDER BY e.name, v.code
"""
OUTAGES = """
SELECT f.point_id, lower(o.during), upper(o.during)
FROM feed_outages o JOIN feed_points f USING (feature_id) WHERE o.withdrawn IS NULL AND o.during && tstzrange(%s, %s)
"""
FACTORS = "SELECT point_id, count(DISTINCT factor), min(at) FROM readings WHERE period = 'hour' AND at >= %s AND at < %s GROUP BY point_id"
EARLIER = """
SELECT p.point_id FROM unnest(%s::integer[]) p (point_id)
WHERE EXISTS (SELECT FROM readings r WHERE r.point_id = p.point_id AND r.period = 'hour' AND r.at < %s)
"""
COUNTED = """
SELECT point_id, day, flag, valued, count(*), count(*) FILTER (WHERE timely)
FROM (
    SELECT r.point_id, (r.at AT TIME ZONE 'Asia/Shanghai')::date AS day, r.flag, r.value IS NOT NULL AS valued,
        r.first_received <= r.at + interval '1 hour' + %(timely)s AS timely
    FROM readings r
    WHERE r.period = 'hour' AND r.at >= %(begin)s AND r.at < %(end)s AND NOT EXISTS (
        SELECT FROM feed_outages o JOIN feed_points f USING (feature_id)
        WHERE f.point_id = r.point_id AND o.withdrawn IS NULL AND o.during @> r.at)
) hours GROUP BY point_id, day, flag, valued
"""
RECORD = """
INSERT INTO feed_outages (feature_id, during, cause, evidence)
SELECT feature_id, tstzrange(%s, %s), %s, %s FROM monitoring_points WHERE mn = %s AND closed_at IS NULL RETURNING outage_id
"""


@dataclass(frozen=True, slots=True)
class Watch:
    """An online monitor, and whose it is."""

    point_id: int
    mn: str
    name: str
    code: str
    enterprise_id: UUID
    enterprise: str
    county: str | None
    outlet: str
    registered: datetime


@dataclass(frozen=True, slots=True)
class Month:
    """A month's tallies: point → day → tally."""

    first: date
    until: datetime
    """Hours that begin before this are due."""
    rule: Rule
    watches: tuple[Watch, ...]
    days: Mapping[int, Mapping[date, Tally]]

    def point(self, watch: Watch) -> Tally:
        """Return a point's month."""
        return total(self.days[watch.point_id].values())

    def enterprise(self, enterprise_id: UUID) -> Tally:
        """Return an enterprise's month."""
        return total(self.point(watch) for watch in self.watches if watch.enterprise_id == enterprise_id)

    def day(self, day: date) -> Tally:
        """Return the city's day."""
        return total(days[day] for days in self.days.values() if day in days)

    @property
    def city(self) -> Tally:
        """The city's month."""
        return total(self.point(watch) for watch in self.watches)


def _hours(begin: datetime, end: datetime, outages: list[tuple[datetime, datetime]]) -> dict[date, int]:
    """Return how many hours of each day are due."""
    found: Counter[date] = Counter()
    at = begin
    while at < end:
        if not any(lower <= at < upper for lower, upper in outages):
            found[at.date()] += 1
        else:
            found[at.date()] += 0
        at += HOUR
    return dict(found)


def _begins(connection: Connection, watches: Sequence[Watch], begin: datetime, first: Mapping[int, datetime]) -> dict[int, datetime]:
    """Return from when on points owe hours: what was registered in the course of the month owes none of before, unless it reported then."""
    late = [watch for watch in watches if watch.registered > begin]
    known = {point for (point,) in connection.execute(EARLIER, [[watch.point_id for watch in late], begin])}
    found = {}
    for watch in late:
        if watch.point_id not in known:
            at = watch.registered.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0)
            found[watch.point_id] = max(begin, min(at, first.get(watch.point_id, at).astimezone(BEIJING)))
    return found


def month(connection: Connection, first: date, now: datetime | None = None) -> Month:
    """Return a month's tallies, as far as it is over.

    Parameters
    ----------
    connection : Connection
        Reads one snapshot.
    first : date
        First day of the month (Beijing).
    now : datetime, optional
        Hours that are not over, and not yet late, are not due.
    """
    rule = rule_on(first)
    begin = datetime(first.year, first.month, 1, tzinfo=BEIJING)
    last = begin.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    over = (now or datetime.now(UTC)).astimezone(BEIJING) - HOUR - rule.timely
    end = max(begin, min(last, over.replace(minute=0, second=0, microsecond=0) + HOUR))
    watches = tuple(Watch(*row) for row in connection.execute(WHO.format(points=POINTS.as_string(connection))))
    outages: dict[int, list[tuple[datetime, datetime]]] = {}
    for point, lower, upper in connection.execute(OUTAGES, [begin, end]):
        outages.setdefault(point, []).append((lower, upper))
    told = connection.execute(FACTORS, [begin, end]).fetchall()
    factors: dict[int, int] = {point: count for point, count, _ in told}
    begins = _begins(connection, watches, begin, {point: at for point, _, at in told})
    all_hours = _hours(begin, end, [])
    days: dict[int, dict[date, Tally]] = {}
    for watch in watches:
        own = watch.point_id in outages or watch.point_id in begins
        hours = _hours(begins.get(watch.point_id, begin), end, outages.get(watch.point_id, [])) if own else all_hours
        days[watch.point_id] = {day: Tally(due=count * factors.get(watch.point_id, 1)) for day, count in hours.items()}
    rows = connection.execute(COUNTED, {"begin": begin, "end": end, "timely": rule.timely})
    for point, day, flag, valued, count, timely in rows:
        if point in days:
            valid = valued and (flag in rule.valid_flags if flag else rule.without_flag)
            wrong = Counter() if valid else Counter({"-" if not valued and flag in (None, *rule.valid_flags) else str(flag): count})
            days[point][day] += Tally(0, count, timely, count if valid else 0, wrong)
    return Month(first, end, rule, watches, days)


def record_outage(connection: Connection, mn: str, during: tuple[datetime, datetime], cause: str, evidence: str) -> int | None:
    """Record an approved outage of a point; returns its number, or None where no open point has that MN.

    Parameters
    ----------
    connection : Connection
        Inside `gis.store.connect.writing_plainly`.
    mn : str
        Of the device.
    during : tuple of datetime
        From and until.
    cause, evidence : str
        What the discharging unit reported, and the voucher it handed in.
    """
    row = connection.execute(RECORD, [*during, cause, evidence, mn]).fetchone()
    return int(row[0]) if row else None


def read(text: str) -> Month:
    """Return the tallies of a month, `YYYY-MM`, from this machine's database; raises Invalid."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Invalid("month", "应为年月，如 2026-03") from None
    urls = ensure_running(Settings())
    bring_up(urls.owner)
    with psycopg.connect(urls.reader) as connection:
        return month(connection, first)
