"""The electricity of production and treatment: what each channel measures, orders to stop or to limit, and what the stored loads say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from psycopg import sql

from gis.clock import BEIJING
from gis.errors import NotFound
from gis.rules.loads import gridded, learned_floor, running_level
from gis.rules.pairing import Pair, pairs
from gis.rules.power import Finding, Order, Rule, Series, States, judged, rule_on, running_in
from gis.store.asking import Reading
from gis.store.connect import Plain
from gis.store.process import process
from gis.supervision.thing import codes_in

DAYS_MOST = 31
"""That one asks for at once."""

SERVED = sql.SQL("""
SELECT code, serves_code FROM treatment_facilities WHERE enterprise_id = %s AND closed_at IS NULL AND code IS NOT NULL ORDER BY code
""")
CHANNELS = sql.SQL("""
SELECT c.unit_code, c.factor, c.rated, m.mn, m.feature_id
FROM power_channels c JOIN monitoring_points m USING (feature_id) WHERE m.enterprise_id = %s AND m.closed_at IS NULL
ORDER BY c.unit_code, m.mn, c.factor
""")
# A unit's channels are added up, each as its mean over a step; what the logger itself calls no ordinary datum is left out.
LOADS = sql.SQL("""
SELECT unit_code, step, sum(load) AS load FROM (
    SELECT c.unit_code, c.feature_id, c.factor, date_bin(%(step)s, r.at, %(begin)s) AS step, avg(r.value) AS load
    FROM power_channels c JOIN monitoring_points m USING (feature_id) JOIN feed_points f USING (feature_id)
        JOIN readings r ON r.point_id = f.point_id AND r.factor = c.factor
    WHERE m.enterprise_id = %(enterprise)s AND m.closed_at IS NULL
        AND r.period IN ('rtd', 'minute') AND r.at >= %(begin)s AND r.at < %(end)s
        AND r.value IS NOT NULL AND coalesce(r.flag, 'N') = 'N'
    GROUP BY 1, 2, 3, 4) means
GROUP BY 1, 2
""")
ORDERS = sql.SQL("""
SELECT order_id, unit_codes, lower(during) AS begin, upper(during) AS end, share, cause, evidence FROM production_orders
WHERE enterprise_id = %s AND withdrawn IS NULL AND during && tstzrange(%s, %s) ORDER BY during, order_id
""")
PUT = """
WITH device AS (
    SELECT m.feature_id FROM monitoring_points m
    WHERE m.mn = %(mn)s AND m.closed_at IS NULL AND EXISTS (
        SELECT FROM (SELECT enterprise_id, code FROM production_units WHERE closed_at IS NULL
            UNION ALL SELECT enterprise_id, code FROM treatment_facilities WHERE closed_at IS NULL) u
        WHERE u.enterprise_id = m.enterprise_id AND u.code = %(unit_code)s)
), stored AS (
    INSERT INTO power_channels AS c (feature_id, factor, unit_code, rated)
    SELECT feature_id, %(factor)s, %(unit_code)s, %(rated)s FROM device
    ON CONFLICT (feature_id, factor) DO UPDATE SET unit_code = excluded.unit_code, rated = excluded.rated,
        recorded = excluded.recorded, author = excluded.author, reason = excluded.reason
    WHERE (c.unit_code, c.rated) IS DISTINCT FROM (excluded.unit_code, excluded.rated) RETURNING 1
)
SELECT (SELECT count(*) FROM device), (SELECT count(*) FROM stored)
"""
KNOWN = "SELECT EXISTS (SELECT FROM monitoring_points WHERE mn = %s AND closed_at IS NULL)"
RECORD = """
INSERT INTO production_orders (enterprise_id, unit_codes, during, share, cause, evidence)
VALUES (%s, %s, tstzrange(%s, %s), %s, %s, %s) RETURNING order_id
"""
WITHDRAW = "UPDATE production_orders SET withdrawn = clock_timestamp() WHERE order_id = %s AND withdrawn IS NULL RETURNING 1"


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a power logger."""

    mn: str
    factor: str
    """The factor that says the load: of HJ 212-2025 such as d20405 (production), d30406 (treatment)."""
    unit_code: str
    """MF, TA, TW, TN or TS code of the device that it measures."""
    rated: float | None = None
    """Load at which the device runs, in the unit of the factor; learned where it is not said."""
    feature_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PowerJudgement:
    """What the power of an enterprise says of a time."""

    begin: datetime
    end: datetime
    rule: Rule
    pairs: tuple[Pair, ...]
    channels: tuple[Channel, ...]
    devices: Mapping[str, Series]
    findings: tuple[Finding, ...]


def read_pairs(enterprise_id: UUID) -> Reading[tuple[Pair, ...]]:
    """Read the pairs of an enterprise: from its process graph, else as the treatments on its site plan say whom they serve."""
    try:
        return pairs((yield from process(enterprise_id)).graph)
    except NotFound:
        rows = yield SERVED, [enterprise_id]
        told = ((row["code"], tuple(sorted(code for code in codes_in(row["serves_code"]) if code.startswith("MF")))) for row in rows)
        return tuple(Pair(code, units) for code, units in told if units)


def read_channels(enterprise_id: UUID) -> Reading[tuple[Channel, ...]]:
    """Read what the power loggers of an enterprise measure."""
    rows = yield CHANNELS, [enterprise_id]
    return tuple(Channel(row["mn"], row["factor"], row["unit_code"], row["rated"], row["feature_id"]) for row in rows)


def _loads(enterprise_id: UUID, begin: datetime, end: datetime, step: timedelta) -> Reading[dict[str, list[tuple[datetime, float]]]]:
    rows = yield LOADS, {"enterprise": enterprise_id, "begin": begin, "end": end, "step": step}
    found: dict[str, list[tuple[datetime, float]]] = {}
    for row in rows:
        found.setdefault(row["unit_code"], []).append((row["step"], row["load"]))
    return found


def _learned(
    found: Sequence[Pair], channels: Sequence[Channel], loads: Mapping[str, list[tuple[datetime, float]]], begin: datetime, rule: Rule
) -> dict[str, tuple[float | None, float | None]]:
    """Return running level and floor of each device, from what was before a day."""
    rated: dict[str, float] = {}
    for channel in channels:
        if channel.rated is not None:
            rated[channel.unit_code] = rated.get(channel.unit_code, 0.0) + channel.rated
    series: dict[str, Series] = {}
    for code in {channel.unit_code for channel in channels}:
        grid, _ = gridded(loads.get(code, ()), begin - rule.learn, begin, rule.step)
        series[code] = Series(grid, rated.get(code) or running_level(grid, rule))
    floors: dict[str, float | None] = {}
    for pair in found:
        producing: list[States] = [running_in(series[code], rule) for code in pair.production if code in series]
        if pair.treatment in series and producing:
            floors[pair.treatment] = learned_floor(series[pair.treatment], np.any(producing, axis=0), rule)
    return {code: (one.running, floors.get(code)) for code, one in series.items()}


def read_judgement(enterprise_id: UUID, begin: datetime, end: datetime) -> Reading[PowerJudgement]:
    """Read what the power of an enterprise says of a time; its devices are known from the days before, so that it stays the same.

    Parameters
    ----------
    enterprise_id : UUID
    begin, end : datetime
        Aware; a few days at most, because a day's loads are on a grid of steps in memory.
    """
    local = begin.astimezone(BEIJING)
    rule, day = rule_on(local.date()), local.replace(hour=0, minute=0, second=0, microsecond=0)
    found = yield from read_pairs(enterprise_id)
    channels = yield from read_channels(enterprise_id)
    before = yield from _loads(enterprise_id, day - rule.learn, day, rule.step)
    learned = _learned(found, channels, before, day, rule)
    loads = yield from _loads(enterprise_id, begin, end, rule.step)
    rows = yield ORDERS, [enterprise_id, begin, end]
    orders = [Order(row["begin"], row["end"], frozenset(row["unit_codes"]), row["share"], row["order_id"]) for row in rows]
    devices = {}
    for code, (running, floor) in sorted(learned.items()):
        grid, silent = gridded(loads.get(code, ()), begin, end, rule.step)
        devices[code] = Series(grid, running, floor, silent)
    findings = judged(found, devices, orders, begin, rule)
    return PowerJudgement(begin, end, rule, found, channels, devices, tuple(findings))


def put_channels(connection: Plain, channels: Iterable[Channel]) -> tuple[int, list[tuple[Channel, str]]]:
    """Store what channels measure; returns how many changed, and those that were refused with the reason."""
    changed, refused = 0, []
    for one in channels:
        values = {"mn": one.mn, "factor": one.factor, "unit_code": one.unit_code, "rated": one.rated}
        met, stored = connection.execute(PUT, values).fetchone() or (0, 0)
        changed += stored
        if not met:
            known = connection.execute(KNOWN, [one.mn]).fetchone() == (True,)
            refused.append((one, f"该监控点的企业没有设施 {one.unit_code}" if known else f"没有设备编号为 {one.mn} 的监控点"))
    return changed, refused


def record_order(connection: Plain, enterprise_id: UUID, order: Order, cause: str, evidence: str) -> int:
    """Record an order to stop or to limit production; returns its number."""
    values = [enterprise_id, sorted(order.units), order.begin, order.end, order.share, cause, evidence]
    row = connection.execute(RECORD, values).fetchone()
    assert row is not None, "INSERT … RETURNING returns a row"  # noqa: S101
    return int(row[0])


def withdraw_order(connection: Plain, order_id: int) -> bool:
    """Withdraw an order that should not have been recorded; tells whether it stood."""
    return connection.execute(WITHDRAW, [order_id]).fetchone() is not None
