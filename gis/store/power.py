"""The electricity of production and treatment: what each channel measures, orders to stop or to limit, and what the stored loads say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.types.json import Jsonb

from gis.clock import BEIJING
from gis.errors import NotFound
from gis.rules.loads import Levels, gridded, learned
from gis.rules.pairing import Pair, pairs
from gis.rules.power import Finding, Order, Rule, Series, judged, rule_on
from gis.store.asking import Reading
from gis.store.connect import Plain
from gis.store.process import process
from gis.supervision.thing import codes_in

DAYS_MOST = 31
"""That one asks for at once."""
DAY = timedelta(days=1)

SERVED = sql.SQL("""
SELECT code, serves_code FROM treatment_facilities WHERE enterprise_id = %s AND closed_at IS NULL AND code IS NOT NULL ORDER BY code
""")
CHANNELS = sql.SQL("""
SELECT c.unit_code, c.factor, c.rated, m.mn, m.feature_id, d.first_received
FROM power_channels c JOIN monitoring_points m USING (feature_id) LEFT JOIN feed_devices d ON d.mn = m.mn
WHERE m.enterprise_id = %s AND m.closed_at IS NULL
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
# What was learned holds until something comes for one of the days that it was learned from.
LEVELS = sql.SQL("""
SELECT day, basis, levels FROM power_levels WHERE enterprise_id = %s AND day BETWEEN %s AND %s
    AND NOT quanjing_power_waits(enterprise_id, upper(during))
""")
KEEP = """
INSERT INTO power_levels (enterprise_id, day, basis, during, levels) VALUES (%s, %s, %s, tstzrange(%s, %s), %s)
ON CONFLICT (enterprise_id, day) DO UPDATE SET basis = excluded.basis, during = excluded.during, levels = excluded.levels,
    learned = excluded.learned
"""
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
    spoke: datetime | None = None
    """When its logger was first heard; None where that is not known."""


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
    learned: Mapping[datetime, Levels]
    """Levels of the days for which none were kept, by midnight."""


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
    names = ("mn", "factor", "unit_code", "rated", "feature_id", "first_received")
    return tuple(Channel(*(row[name] for name in names)) for row in rows)


def _loads(enterprise_id: UUID, begin: datetime, end: datetime, step: timedelta) -> Reading[dict[str, list[tuple[datetime, float]]]]:
    rows = yield LOADS, {"enterprise": enterprise_id, "begin": begin, "end": end, "step": step}
    found: dict[str, list[tuple[datetime, float]]] = {}
    for row in rows:
        found.setdefault(row["unit_code"], []).append((row["step"], row["load"]))
    return found


def _basis(found: Sequence[Pair], channels: Sequence[Channel], rule: Rule) -> str:
    told = [(one.mn, one.factor, one.unit_code, one.rated) for one in channels]
    return sha256(repr((found, told, rule)).encode()).hexdigest()


def _levels(
    enterprise_id: UUID, found: Sequence[Pair], channels: Sequence[Channel], days: Sequence[datetime]
) -> Reading[tuple[dict[datetime, Levels], dict[datetime, Levels]]]:
    """Return the levels of each day by its midnight, and those of them that were not kept but are learned now."""
    rules = {day: rule_on(day.date()) for day in days}
    bases = {day: _basis(found, channels, rule) for day, rule in rules.items()}
    rows = yield LEVELS, [enterprise_id, days[0].date(), days[-1].date()]
    kept = {(row["day"], row["basis"]): row["levels"] for row in rows}
    levels: dict[datetime, Levels] = {
        day: {code: (running, floor) for code, (running, floor) in kept[day.date(), bases[day]].items()}
        for day in days
        if (day.date(), bases[day]) in kept
    }
    fresh: dict[datetime, Levels] = {}
    missing = [day for day in days if day not in levels]
    if missing:
        rule = rules[missing[0]]
        first = min(day - rules[day].learn for day in missing)
        loads = yield from _loads(enterprise_id, first, missing[-1], rule.step)
        grids = {
            code: gridded(loads.get(code, ()), first, missing[-1], rule.step)[0] for code in sorted({one.unit_code for one in channels})
        }
        rated: dict[str, float] = {}
        for channel in channels:
            if channel.rated is not None:
                rated[channel.unit_code] = rated.get(channel.unit_code, 0.0) + channel.rated
        for day in missing:
            begin, end = (int((at - first) / rule.step) for at in (day - rules[day].learn, day))
            fresh[day] = learned(found, {code: grid[begin:end] for code, grid in grids.items()}, rated, rules[day])
    return levels | fresh, fresh


def _midnights(begin: datetime, end: datetime) -> list[datetime]:
    first = begin.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    return [first + number * DAY for number in range(max(1, ceil((end - first) / DAY)))]


def _by_step(
    levels: Mapping[datetime, Levels], code: str, begin: datetime, count: int, step: timedelta
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return running level and floor of a device, one a step, NaN where they are not known."""
    running, floor = np.full(count, np.nan), np.full(count, np.nan)
    for midnight, devices in sorted(levels.items()):
        first = max(0, ceil((midnight - begin) / step))
        for grid, level in zip((running, floor), devices.get(code, (None, None)), strict=True):
            grid[first:] = np.nan if level is None else level
    return running, floor


def read_judgement(enterprise_id: UUID, begin: datetime, end: datetime) -> Reading[PowerJudgement]:
    """Read what the power of an enterprise says of a time: each day by levels that the days before it told, so that it stays the same.

    Parameters
    ----------
    enterprise_id : UUID
    begin, end : datetime
        Aware; some weeks at most, because loads are on a grid of steps in memory.
    """
    rule, days = rule_on(begin.astimezone(BEIJING).date()), _midnights(begin, end)
    found = yield from read_pairs(enterprise_id)
    channels = yield from read_channels(enterprise_id)
    levels, fresh = (yield from _levels(enterprise_id, found, channels, days)) if channels else ({}, {})
    loads = yield from _loads(enterprise_id, begin, end, rule.step)
    rows = yield ORDERS, [enterprise_id, begin, end]
    orders = [Order(row["begin"], row["end"], frozenset(row["unit_codes"]), row["share"], row["order_id"]) for row in rows]
    devices = {}
    for code in sorted({one.unit_code for one in channels}):
        grid, silent = gridded(loads.get(code, ()), begin, end, rule.step)
        if all(times := [one.spoke for one in channels if one.unit_code == code]):
            # Nobody was silent before he was first heard.
            silent[: max(0, ceil((min(filter(None, times)) - begin) / rule.step))] = False
        devices[code] = Series(grid, *_by_step(levels, code, begin, len(grid), rule.step), silent)
    findings = judged(found, devices, orders, begin, rule)
    return PowerJudgement(begin, end, rule, found, channels, devices, tuple(findings), fresh)


def forget_levels(connection: Plain, enterprise_id: UUID, since: datetime) -> None:
    """Forget what was learned of an enterprise's devices from days that end after a time: something came for one of them."""
    connection.execute("DELETE FROM power_levels WHERE enterprise_id = %s AND upper(during) > %s", [enterprise_id, since])


def keep_levels(connection: Plain, enterprise_id: UUID, judgement: PowerJudgement) -> None:
    """Keep what a judgement had to learn, for the next ones; `connection` is the judge's, who has taken what was due before it read."""
    for midnight, levels in judgement.learned.items():
        rule = rule_on(midnight.date())
        basis = _basis(judgement.pairs, judgement.channels, rule)
        connection.execute(KEEP, [enterprise_id, midnight.date(), basis, midnight - rule.learn, midnight, Jsonb(levels)])


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
