"""Alarms as people work on them: lists, one whole, steps. Readings that know no connection, for a verb and for the API."""

from collections.abc import Mapping
from typing import Any, get_args
from uuid import UUID

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from gis.clock import BEIJING
from gis.errors import Invalid, NotFound
from gis.kinds import KINDS
from gis.models.alarm import State, Taken, after, checked, due_after, worded
from gis.rules.alarm_rules import book, tuned
from gis.store.asking import Reading, Row

MOST = 500
GRANTS = (
    "GRANT UPDATE (state, due, closed, assignee, outcome, escalated) ON alarms TO {}",
    "GRANT INSERT ON alarm_steps, alarm_thresholds TO {}",
    "GRANT UPDATE (accepted, decided_by, decided) ON alarm_thresholds TO {}",
)
_SHOWN = """
SELECT a.alarm_id, a.feature_id, f.kind, v.name AS feature, v.code, f.enterprise_id, e.name AS enterprise, j.name AS county,
    a.rule, a.level, a.message, a.opened, a.closed, a.state, a.began, a.cleared, a.due, a.escalated, a.assignee, a.outcome,
    a.due < now() AS overdue
FROM alarms a JOIN features f USING (feature_id)
    LEFT JOIN LATERAL (SELECT name, code FROM feature_view WHERE feature_id = a.feature_id LIMIT 1) v ON true
    LEFT JOIN enterprises e ON e.feature_id = f.enterprise_id LEFT JOIN jurisdictions j ON j.code = e.jurisdiction
WHERE quanjing_in_scope(f.jurisdiction)
"""
LIST = sql.SQL(
    _SHOWN
    + """ AND (%(open)s::boolean IS NULL OR (a.closed IS NULL) = %(open)s) AND (%(state)s::text IS NULL OR a.state = %(state)s)
    AND (%(level)s::int IS NULL OR a.level = %(level)s) AND (%(rule)s::text IS NULL OR a.rule = %(rule)s)
    AND (%(feature)s::uuid IS NULL OR %(feature)s IN (a.feature_id, f.enterprise_id))
ORDER BY a.closed IS NOT NULL, a.level, coalesce(a.due < now(), false) DESC, a.opened DESC, a.alarm_id LIMIT %(limit)s OFFSET %(offset)s"""
)
COUNT = sql.SQL("""
SELECT a.level, a.state, count(*) AS count, count(*) FILTER (WHERE a.due < now()) AS overdue
FROM alarms a JOIN features f USING (feature_id) WHERE a.closed IS NULL AND quanjing_in_scope(f.jurisdiction)
GROUP BY 1, 2 ORDER BY 1, 2
""")
ONE = sql.SQL(_SHOWN + " AND a.alarm_id = %s")
EVIDENCE = sql.SQL("SELECT evidence FROM alarms WHERE alarm_id = %s")
TAKEN = sql.SQL("SELECT step, state, signed, reason, details, at, author FROM alarm_steps WHERE alarm_id = %s ORDER BY step_id")
SPANS = sql.SQL("""
SELECT source, factor, begin, until, level, value, limit_value, known, withdrawn FROM alarm_spans
WHERE alarm_id = %s ORDER BY begin, span_id
""")
THRESHOLDS = sql.SQL("""
SELECT threshold_id, change, reason, proposed_by, proposed, accepted, decided_by, decided FROM alarm_thresholds WHERE alarm_id = %s
ORDER BY threshold_id
""")
HOLD = sql.SQL("""
SELECT a.state, a.level, a.rule, a.feature_id,
    (SELECT s.signed FROM alarm_steps s WHERE s.alarm_id = a.alarm_id AND s.step IN ('handle', 'false')
        ORDER BY step_id DESC LIMIT 1) AS handled_by,
    (SELECT t.threshold_id FROM alarm_thresholds t WHERE t.alarm_id = a.alarm_id AND t.accepted IS NULL) AS proposal
FROM alarms a JOIN features f USING (feature_id) WHERE a.alarm_id = %s AND quanjing_in_scope(f.jurisdiction) FOR UPDATE OF a
""")
MOVE = sql.SQL("""
UPDATE alarms SET state = %(state)s, due = %(due)s, assignee = coalesce(%(to)s, assignee), escalated = 0,
    outcome = coalesce(%(outcome)s, outcome)
WHERE alarm_id = %(alarm)s RETURNING now() AS at
""")
NOW = sql.SQL("SELECT now() AS at")
STEP = sql.SQL("""
INSERT INTO alarm_steps (alarm_id, feature_id, step, state, signed, reason, details)
VALUES (%(alarm)s, %(feature)s, %(step)s, %(state)s, %(signed)s, %(reason)s, %(details)s) RETURNING step_id
""")
PROPOSE = sql.SQL("""
INSERT INTO alarm_thresholds (alarm_id, feature_id, rule, change, reason, proposed_by)
VALUES (%(alarm)s, %(feature)s, %(rule)s, %(change)s, %(reason)s, %(signed)s) RETURNING threshold_id
""")
DECIDE = sql.SQL("""
UPDATE alarm_thresholds SET accepted = %s, decided_by = %s, decided = clock_timestamp() WHERE threshold_id = %s RETURNING threshold_id
""")


def grant(connection: Connection, role: str) -> None:
    """Let a role take steps, and nothing else."""
    for statement in GRANTS:
        connection.execute(sql.SQL(statement).format(sql.Identifier(role)))


def told(row: Row) -> Row:
    """Return a row of an alarm with labels, and with what can be done next."""
    return worded(row) | {"kind_label": KINDS[row["kind"]].label if row["kind"] in KINDS else row["kind"]}


def listed(
    *,
    standing: bool | None = True,
    state: str | None = None,
    level: int | None = None,
    rule: str | None = None,
    feature: UUID | None = None,
    limit: int = 100,
    offset: int = 0,
) -> Reading[list[Row]]:
    """Read alarms, the most urgent first.

    Parameters
    ----------
    standing : bool, optional
        Open ones, closed ones, or both.
    state, level, rule : optional
        Of these only.
    feature : UUID, optional
        Of this feature, or of an enterprise with all that is its.
    limit, offset : int
    """
    if state is not None and state not in get_args(State):
        raise Invalid("state", f"应为 {'、'.join(get_args(State))}")
    rows = yield (
        LIST,
        {
            "open": None if state == "closed" else standing,
            "state": state,
            "level": level,
            "rule": rule,
            "feature": feature,
            "limit": min(limit, MOST),
            "offset": offset,
        },
    )
    return [told(row) for row in rows]


def counts() -> Reading[list[Row]]:
    """Read how many alarms stand open, by level and state."""
    return (yield COUNT, [])


def one(alarm_id: UUID) -> Reading[Row]:
    """Read an alarm whole: evidence, steps, spans, proposals; raises NotFound."""
    rows = yield ONE, [alarm_id]
    if not rows:
        raise NotFound(f"没有报警 {alarm_id}")
    found = told(rows[0])
    found["evidence"] = (yield EVIDENCE, [alarm_id])[0]["evidence"]
    found["taken"] = yield TAKEN, [alarm_id]
    found["spans"] = yield SPANS, [alarm_id]
    found["thresholds"] = yield THRESHOLDS, [alarm_id]
    return found


OUTCOME: Mapping[str, str] = {"handle": "true", "false": "false", "return": ""}


def take(alarm_id: UUID, wanted: Taken) -> Reading[Row]:
    """Take a step, in a transaction that writes; reads the alarm as it is then.

    Raises
    ------
    NotFound, Conflict, Invalid
        There is no such alarm; the step does not lead on from here; something is missing.
    """
    taken = checked(wanted)
    rows = yield HOLD, [alarm_id]
    if not rows:
        raise NotFound(f"没有报警 {alarm_id}")
    held = rows[0]
    state = after(held["state"], taken, held["handled_by"], held["proposal"] is not None)
    details: dict[str, Any] = {"to": taken.to} if taken.to else {}
    values: dict[str, Any] = {"alarm": alarm_id, "feature": held["feature_id"], "rule": held["rule"], "signed": taken.signed}
    if taken.change:
        rules = {rule.name: rule for rule in book().rules}
        if held["rule"] not in rules:
            raise Invalid("change", "这条报警不是由现行规则报的")
        tuned(rules[held["rule"]], taken.change)
        details["change"] = dict(taken.change)
        yield PROPOSE, values | {"change": Jsonb(dict(taken.change)), "reason": taken.reason}
    if held["proposal"] is not None and taken.step == "review":
        details["accepted"] = taken.accept
        yield DECIDE, [taken.accept, taken.signed, held["proposal"]]
    at = (yield NOW, [])[0]["at"]
    yield (
        MOVE,
        {
            "alarm": alarm_id,
            "state": state,
            "due": due_after(state, held["level"], at.astimezone(BEIJING)),
            "to": taken.to or None,
            "outcome": OUTCOME.get(taken.step),
        },
    )
    yield STEP, values | {"step": taken.step, "state": state, "reason": taken.reason, "details": Jsonb(details)}
    return (yield from one(alarm_id))
