"""What the rules of alarms are judged on, and what is kept of it: spans, alarms, their evidence. For one judge at a time."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from psycopg.types.json import Jsonb

from gis.clock import BEIJING
from gis.models.alarm import due_after
from gis.rules.alarm_rules import DriftRule, Rule, book, tuned
from gis.rules.alarms import Signal, Span, lookback

CHANNEL = "quanjing_alarms"
LOCK = 0x616C6172
"""Advisory lock key: one judge at a time."""
JUDGE = "规则"
"""Who raises and clears."""

TAKE = """
DELETE FROM alarm_due WHERE due_id IN (
    SELECT due_id FROM alarm_due WHERE point_id IS NULL OR NOT point_id = ANY (%s) ORDER BY due_id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING point_id, feature_id, what, since
"""
# Who has sent data before and is silent now: nothing else would have these judged.
SILENT = """
INSERT INTO alarm_due (point_id, what, since)
SELECT p.point_id, p.period, last.at
FROM (SELECT point_id, period, min(factor) AS factor FROM feed_factors WHERE period IN ('minute', 'hour') GROUP BY 1, 2) p
    CROSS JOIN LATERAL (SELECT r.at, r.first_received FROM readings r
        WHERE (r.point_id, r.period, r.factor) = (p.point_id, p.period, p.factor) AND r.at > %(now)s - interval '40 days'
        ORDER BY r.at DESC LIMIT 1) last
WHERE last.first_received < %(now)s - interval '1 hour'
"""
PERMITTED = """
WITH newest AS (SELECT DISTINCT ON (enterprise_id, permit_no, valid_from) * FROM permits
    ORDER BY enterprise_id, permit_no, valid_from, recorded_at DESC)
SELECT n.enterprise_id, o->>'code', p->>'name', (p#>>'{limit,value}')::float8, coalesce(p#>>'{limit,text}', ''),
    coalesce(p#>>'{limit,unit}', ''), coalesce(p#>>'{limit,standard}', ''), n.permit_no, n.valid_from, n.valid_to
FROM newest n, jsonb_path_query(n.document, '$.outlets[*]') o, jsonb_path_query(o, '$.pollutants[*]') p
WHERE jsonb_typeof(p->'limit') = 'object'
ORDER BY n.valid_from, n.permit_no
"""
MUTES = """
SELECT f.point_id, lower(o.during), upper(o.during) FROM feed_outages o JOIN feed_points f USING (feature_id)
WHERE o.withdrawn IS NULL AND f.point_id = ANY (%(points)s) AND upper(o.during) > %(begin)s
"""
ARRIVED = """
SELECT p.point_id, r.at, r.first_received
FROM (SELECT point_id, min(factor) AS factor FROM feed_factors
        WHERE period = %(period)s AND point_id = ANY (%(points)s) GROUP BY point_id) p
    CROSS JOIN LATERAL (SELECT r.at, r.first_received FROM readings r
        WHERE (r.point_id, r.period, r.factor) = (p.point_id, %(period)s, p.factor) AND r.at >= %(begin)s AND r.at < %(end)s
        ORDER BY r.at) r
"""
# Where something lasts, all that ended since it began is asked for too: a source is judged from there on.
STANDING = """
WITH kept AS (SELECT * FROM alarm_spans WHERE withdrawn IS NULL AND source = ANY (%(sources)s)),
    first AS (SELECT source, min(begin) - %(reach)s AS begin FROM kept WHERE until IS NULL OR until >= %(since)s GROUP BY source)
SELECT span_id, alarm_id, source, rule, feature_id, factor, kept.begin, until, level, value FROM kept LEFT JOIN first USING (source)
WHERE until IS NULL OR until >= least(%(since)s, first.begin) ORDER BY kept.begin
"""
TUNED = "SELECT feature_id, rule, change, decided FROM alarm_thresholds WHERE accepted ORDER BY decided"
SIGNALS = "SELECT at, recorded, value FROM alarm_signals WHERE feature_id = %s AND kind = %s AND at >= %s ORDER BY at, signal_id"
SIGNALLED = "SELECT DISTINCT feature_id, kind FROM alarm_signals WHERE at >= %s AND at < %s ORDER BY feature_id, kind"
POWERED = """
SELECT DISTINCT f.point_id, m.enterprise_id
FROM power_channels JOIN monitoring_points m USING (feature_id) JOIN feed_points f USING (feature_id)
"""
SPOKE = "SELECT mn, first_received FROM feed_devices WHERE mn = ANY (%s)"
UNITS = """
SELECT code, feature_id FROM treatment_facilities WHERE enterprise_id = %(firm)s AND closed_at IS NULL
UNION ALL SELECT code, feature_id FROM production_units WHERE enterprise_id = %(firm)s AND closed_at IS NULL
"""
OPEN = "SELECT alarm_id, level, state, cleared FROM alarms WHERE feature_id = %s AND rule = %s AND closed IS NULL FOR UPDATE"
RAISE = """
INSERT INTO alarms (alarm_id, feature_id, rule, level, message, opened, began, due, evidence)
VALUES (%(alarm)s, %(feature)s, %(rule)s, %(level)s, %(message)s, %(opened)s, %(began)s, %(due)s, %(evidence)s)
"""
KEEP = """
INSERT INTO alarm_spans (alarm_id, feature_id, source, rule, factor, begin, until, level, value, limit_value, known)
VALUES (%(alarm)s, %(feature)s, %(source)s, %(rule)s, %(factor)s, %(begin)s, %(until)s, %(level)s, %(value)s, %(limit)s, %(known)s)
"""
MOVE = "UPDATE alarm_spans SET until = %s, level = %s, value = %s, limit_value = %s WHERE span_id = %s"
WITHDRAW = "UPDATE alarm_spans SET withdrawn = clock_timestamp() WHERE span_id = %s"
LEFT = """
SELECT count(*) FILTER (WHERE withdrawn IS NULL), count(*) FILTER (WHERE withdrawn IS NULL AND (until IS NULL OR until > %(now)s)),
    max(until) FILTER (WHERE withdrawn IS NULL), min(level) FILTER (WHERE withdrawn IS NULL), min(begin) FILTER (WHERE withdrawn IS NULL)
FROM alarm_spans WHERE alarm_id = %(alarm)s
"""
FOLLOW = "UPDATE alarms SET level = %(level)s, cleared = %(cleared)s, began = coalesce(%(began)s, began) WHERE alarm_id = %(alarm)s"
END = """
UPDATE alarms SET closed = greatest(%(now)s, opened), outcome = %(outcome)s, cleared = coalesce(%(cleared)s, cleared)
WHERE alarm_id = %(alarm)s
"""
CORRECT = "UPDATE alarms SET outcome = 'corrected' WHERE alarm_id = %s AND outcome IN ('', 'ended')"
"""What people found stays as they found it."""
HOLD = "SELECT level, state, cleared, closed, feature_id FROM alarms WHERE alarm_id = %s FOR UPDATE"
STEP = """
INSERT INTO alarm_steps (alarm_id, feature_id, step, state, signed, reason, details)
VALUES (%(alarm)s, %(feature)s, %(step)s, %(state)s, %(signed)s, %(reason)s, %(details)s)
"""
OVERDUE = """
UPDATE alarms SET escalated = escalated + 1, due = %(now)s + greatest(interval '15 minutes', (%(now)s - opened) / 4)
WHERE alarm_id IN (SELECT alarm_id FROM alarms WHERE closed IS NULL AND due < %(now)s AND escalated < %(most)s
    ORDER BY due LIMIT 200 FOR UPDATE SKIP LOCKED)
RETURNING alarm_id, feature_id, state, escalated
"""
SURROUNDINGS = """
SELECT jsonb_build_object(
    'drawings', (SELECT coalesce(jsonb_object_agg(drawing_kind, version), '{}') FROM drawings d
        WHERE d.enterprise_id = f.enterprise_id AND d.state = 'published'),
    'video', (SELECT coalesce(jsonb_agg(
            jsonb_build_object('feature_id', c.feature_id, 'name', c.name, 'mn', c.mn) ORDER BY c.feature_id), '[]')
        FROM monitoring_points c WHERE c.enterprise_id = f.enterprise_id AND c.monitor_type = 'video' AND c.closed_at IS NULL
            AND (c.outlet_code IS NULL OR c.outlet_code IN (SELECT code FROM outlets WHERE feature_id = f.feature_id UNION ALL
                SELECT outlet_code FROM monitoring_points WHERE feature_id = f.feature_id))),
    'weather', (SELECT jsonb_build_object('station', a.name, 'readings', w.found)
        FROM air_stations a JOIN feature_state s USING (feature_id)
        CROSS JOIN LATERAL (SELECT jsonb_object_agg(key, value) AS found FROM jsonb_each(s.readings)
            WHERE key LIKE 'a0100_' AND abs(extract(epoch FROM (value->>'at')::timestamptz - %(at)s)) < 7200) w
        WHERE a.closed_at IS NULL AND w.found IS NOT NULL
        ORDER BY a.geom <-> (SELECT ST_PointOnSurface(geom) FROM feature_view WHERE feature_id = f.feature_id) LIMIT 1))
FROM features f WHERE f.feature_id = %(feature)s
"""


@dataclass(frozen=True, slots=True)
class Due:
    """Something that has to be judged."""

    point_id: int | None
    feature_id: UUID | None
    what: str
    """A period of readings, or a kind of signal."""
    since: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A span that is kept."""

    span_id: int
    alarm_id: UUID
    source: str
    rule: str
    feature_id: UUID
    factor: str
    begin: datetime
    until: datetime | None
    level: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Permitted:
    """What a permit says of one pollutant at one outlet."""

    enterprise_id: UUID
    outlet: str
    pollutant: str
    value: float | None
    text: str
    unit: str
    standard: str
    permit_no: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class Case:
    """A rule judged on one source for one feature: what holds from `begin` on, and what it is told with."""

    source: str
    rule: Rule
    feature_id: UUID
    begin: datetime
    spans: tuple[Span, ...]


def hold(connection: Connection) -> None:
    """Wait until no other judge works, until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def take(connection: Connection, most: int, but: Sequence[int] = ()) -> list[Due]:
    """Take what has to be judged, but not of some points; it is gone with the transaction."""
    return [Due(*row) for row in connection.execute(TAKE, [list(but), most])]


def look_for_silence(connection: Connection, now: datetime) -> None:
    """Have those judged that have sent nothing for an hour."""
    connection.execute(SILENT, {"now": now})


def permitted(connection: Connection) -> list[Permitted]:
    """Return what permits allow, by the day from which each is valid."""
    return [Permitted(*row) for row in connection.execute(PERMITTED)]


def outages(connection: Connection, points: Sequence[int], begin: datetime) -> dict[int, list[tuple[datetime, datetime]]]:
    """Return the approved outages that end after a time, by point."""
    found: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for point, lower, upper in connection.execute(MUTES, {"points": list(points), "begin": begin}):
        found[point].append((lower, upper))
    return found


def arrived(
    connection: Connection, points: Sequence[int], period: str, begin: datetime, end: datetime
) -> dict[int, list[tuple[datetime, datetime]]]:
    """Return which periods came and when they first did, by point; of one factor, as they come together."""
    found: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for point, at, first in connection.execute(ARRIVED, {"points": list(points), "period": period, "begin": begin, "end": end}):
        found[point].append((at, first))
    return found


def standing(connection: Connection, sources: Sequence[str], since: datetime) -> dict[tuple[str, str], list[Standing]]:
    """Return what is kept of sources, by source and rule: all that may be met again where they are judged from a time on."""
    found: dict[tuple[str, str], list[Standing]] = defaultdict(list)
    reach = max(lookback(rule) for rule in book().rules if not isinstance(rule, DriftRule)) + timedelta(days=2)
    for row in connection.execute(STANDING, {"sources": list(sources), "since": since - reach, "reach": reach}):
        one = Standing(*row)
        found[one.source, one.rule].append(one)
    return found


def variants(connection: Connection) -> dict[tuple[UUID, str], list[tuple[datetime, Rule]]]:
    """Return rules with other thresholds, by feature and name, each with the time that it holds from."""
    found: dict[tuple[UUID, str], list[tuple[datetime, Rule]]] = defaultdict(list)
    for feature, name, change, decided in connection.execute(TUNED):
        rules = {rule.name: rule for rule in book().rules}
        if name in rules:
            earlier = found[feature, name]
            earlier.append((decided, tuned(earlier[-1][1] if earlier else rules[name], change)))
    return found


def signals(connection: Connection, feature: UUID, kind: str, since: datetime) -> list[Signal]:
    """Return the signals of a kind about a feature from a time on."""
    return [Signal(*row) for row in connection.execute(SIGNALS, [feature, kind, since])]


def signalled(connection: Connection, begin: datetime, end: datetime) -> list[tuple[UUID, str]]:
    """Return about which features there were signals in a time, and of which kinds."""
    return connection.execute(SIGNALLED, [begin, end]).fetchall()


def powered(connection: Connection) -> dict[int, UUID]:
    """Return the points that measure power, with their enterprise."""
    return dict(connection.execute(POWERED).fetchall())


def spoke(connection: Connection, devices: Sequence[str]) -> dict[str, datetime]:
    """Return when devices were first heard, by their numbers: nothing was due before."""
    return dict(connection.execute(SPOKE, [list(devices)]).fetchall())


def units(connection: Connection, enterprise: UUID) -> dict[str, UUID]:
    """Return the production units and treatment facilities of an enterprise by code."""
    return dict(connection.execute(UNITS, {"firm": enterprise}).fetchall())


@dataclass(frozen=True, slots=True)
class Telling:
    """What is said and kept of a span that raises an alarm."""

    message: str
    evidence: Mapping[str, Any]


class Kept:
    """Brings what is kept to what is judged.

    Parameters
    ----------
    connection : Connection
        In a transaction, under `hold`.
    now : datetime
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self._now = connection, now
        self._touched: dict[UUID, None] = {}

    def bring(self, case: Case, kept: Sequence[Standing], tell: Callable[[Span], Telling]) -> None:
        """Keep the spans of a case: new ones raise an alarm or join the open one, changed ones move, vanished ones are withdrawn."""
        before = {(one.factor, one.begin): one for one in kept if one.begin >= case.begin and one.feature_id == case.feature_id}
        fresh = sorted((span for span in case.spans if span.begin >= case.begin), key=lambda span: (span.begin, span.factor))
        for span in fresh:
            one = before.pop((span.factor, span.begin), None)
            if one is None:
                self._add(case, span, tell(span), _overlapped(before.values(), span))
            elif (one.until, one.level, one.value) != (span.end, span.level, span.value):
                limit = span.limit.high if span.limit else None
                self._connection.execute(MOVE, [span.end, span.level, span.value, limit, one.span_id])
                self._touched[one.alarm_id] = None
        for one in before.values():
            self._connection.execute(WITHDRAW, [one.span_id])
            self._touched[one.alarm_id] = None
        self.settle()

    def _add(self, case: Case, span: Span, telling: Telling, former: Standing | None) -> None:
        row = self._connection.execute(OPEN, [case.feature_id, case.rule.name]).fetchone()
        if row is None and former is not None:
            # The same thing with another beginning, by a correction; it is closed already.
            alarm = former.alarm_id
        elif row is None:
            alarm = uuid4()
            due = due_after("raised", span.level, self._now)
            around = self._connection.execute(SURROUNDINGS, {"feature": case.feature_id, "at": span.begin}).fetchone()
            evidence = dict(telling.evidence) | (around[0] if around else {})
            values = {"alarm": alarm, "feature": case.feature_id, "rule": case.rule.name, "level": span.level, "message": telling.message}
            values |= {"opened": min(span.known, self._now), "began": span.begin, "due": due, "evidence": Jsonb(evidence)}
            self._connection.execute(RAISE, values)
            self._step(alarm, case.feature_id, "raise", "raised", telling.message, level=span.level)
        else:
            alarm = row[0]
            if row[3] is not None:
                self._step(alarm, case.feature_id, "again", row[2], telling.message, begin=span.begin.isoformat())
        self._connection.execute(
            KEEP,
            {
                "alarm": alarm,
                "feature": case.feature_id,
                "source": case.source,
                "rule": case.rule.name,
                "factor": span.factor,
                "begin": span.begin,
                "until": span.end,
                "level": span.level,
                "value": span.value,
                "limit": span.limit.high if span.limit else None,
                "known": span.known,
            },
        )
        self._touched[alarm] = None
        if span.end is not None and span.end <= self._now:
            self.settle()

    def settle(self) -> None:
        """Let alarms follow their spans: the highest level, cleared where none goes on, closed where that is enough."""
        for alarm in self._touched:
            self._follow(alarm)
        self._touched.clear()

    def _follow(self, alarm: UUID) -> None:
        held = self._connection.execute(HOLD, [alarm]).fetchone()
        left = self._connection.execute(LEFT, {"alarm": alarm, "now": self._now}).fetchone()
        assert held is not None and left is not None, "its spans name it"  # noqa: S101, PT018
        level, state, was_cleared, closed, feature = held
        count, going, until, worst, began = left
        cleared = until if count and not going else None
        if closed is not None:
            if not count:
                self._step(alarm, feature, "corrected", "closed", "关闭之后，数据更正或标记使条件不成立")
                self._connection.execute(CORRECT, [alarm])
            return
        if not count:
            self._step(alarm, feature, "corrected", "closed", "数据更正或标记后，条件不成立")
            self._connection.execute(END, {"alarm": alarm, "now": self._now, "outcome": "corrected", "cleared": None})
            return
        if (level, was_cleared) != (worst, cleared):
            if worst != level:
                self._step(alarm, feature, "level", state, f"级别由 {level} 变为 {worst}", before=level, after=worst)
            self._connection.execute(FOLLOW, {"alarm": alarm, "level": worst, "cleared": cleared, "began": began})
        if cleared is not None and was_cleared is None:
            told = f"条件于 {cleared.astimezone(BEIJING):%m-%d %H:%M} 消失"
            self._step(alarm, feature, "clear", state, told, at=cleared.isoformat())
        if cleared is not None and state == "raised" and self._closes_itself(alarm):
            self._step(alarm, feature, "end", "closed", "条件消失，无人处理，自动关闭")
            self._connection.execute(END, {"alarm": alarm, "now": self._now, "outcome": "ended", "cleared": cleared})

    def _closes_itself(self, alarm: UUID) -> bool:
        row = self._connection.execute("SELECT rule FROM alarms WHERE alarm_id = %s", [alarm]).fetchone()
        return any(row is not None and rule.name == row[0] and rule.closes == "itself" for rule in book().rules)

    def _step(self, alarm: UUID, feature: UUID, step: str, state: str, reason: str, **details: object) -> None:
        values = {"alarm": alarm, "feature": feature, "step": step, "state": state, "signed": JUDGE, "reason": reason}
        self._connection.execute(STEP, values | {"details": Jsonb(details)})

    def escalate(self) -> int:
        """Tell those above of what is overdue; returns how many alarms."""
        above = book().escalation
        rows = self._connection.execute(OVERDUE, {"now": self._now, "most": len(above)}).fetchall()
        for alarm, feature, state, count in rows:
            self._step(alarm, feature, "escalate", state, f"超过时限，上报{above[count - 1]}", to=above[count - 1])
        return len(rows)


def _overlapped(several: Iterable[Standing], span: Span) -> Standing | None:
    """Return what of the same factor lasted at the time of a span."""
    for one in several:
        if one.factor == span.factor and (span.end is None or one.begin < span.end) and (one.until is None or one.until > span.begin):
            return one
    return None


def earliest(kept: Sequence[Standing], begin: datetime) -> datetime:
    """Return the time from which on a rule is judged anew: before a time, where what is kept began earlier and still lasted then."""
    overlapping = [one.begin for one in kept if one.until is None or one.until >= begin]
    return min([begin, *overlapping])
