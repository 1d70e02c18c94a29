"""Means that count: minutes to hours, hours to days, days to months, by HJ 75 for gas and HJ 356 for water. Pure: values in, means out."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby, pairwise
from typing import Literal

from gis.clock import BEIJING
from gis.facts import facts
from gis.rules.dated import in_force

Medium = Literal["air", "water"]
Period = Literal["hour", "day", "month"]
AIR = 21.0
"""Oxygen of air in the formula of HJ 75-2017, appendix C, %."""
MOST_OXYGEN = 20.0
"""Above it there is no flue gas to convert, %."""
FLOW = {"air": "a00000", "water": "w00000"}
OXYGEN = "a19001"
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Need:
    """What a mean needs to count."""

    clause: str
    minutes: float | None = None
    count: int | None = None
    february: int | None = None
    share: float | None = None

    def least(self, begin: date, due: int) -> float:
        """Return the least number of valid values, or of valid minutes of an hour."""
        if self.minutes is not None:
            return self.minutes
        if self.share is not None:
            return self.share * due
        return (self.february if begin.month == 2 else None) or self.count or 0


@dataclass(frozen=True, slots=True)
class Rule:
    """How means of a medium are made on the days of a time."""

    medium: Medium
    begin: date
    end: date | None
    needs: Mapping[Period, Need]
    by_flow: bool
    ranges: frozenset[str]
    source: str


@cache
def rules() -> tuple[Rule, ...]:
    """Return the dated rules."""
    periods: tuple[Period, ...] = ("hour", "day", "month")
    return tuple(
        Rule(
            row["medium"],
            row["from"],
            row["to"],
            {period: Need(**row[period]) for period in periods},
            row["weight"] == "flow",
            frozenset(row["ranges"]),
            row["source"],
        )
        for row in facts("gis.rules", "averaging.yaml")
    )


@cache
def rule_on(medium: Medium, day: date) -> Rule:
    """Return the rule of a medium on a day."""
    return in_force([rule for rule in rules() if rule.medium == medium], day)


@cache
def base_oxygen(industry: str, day: date) -> float | None:
    """Return the oxygen that an industry's flue gas is converted to on a day, %; None where no row fits.

    >>> base_oxygen("3011", date(2026, 1, 1)), base_oxygen("8610", date(2026, 1, 1))
    (10.0, None)
    """
    fitting = [
        row
        for row in facts("gis.rules", "oxygen.yaml")
        if industry.startswith(row["industry"]) and row["from"] <= day and (row["to"] is None or day <= row["to"])
    ]
    best = max(fitting, key=lambda row: len(row["industry"]), default=None)
    return best["base"] if best else None


def converted(value: float, oxygen: float, base: float) -> float | None:
    """Return a concentration converted to a base oxygen (HJ 75-2017, appendix C); None where there is only air.

    >>> converted(40.0, 9.0, 6.0)
    50.0
    """
    return value * (AIR - base) / (AIR - oxygen) if oxygen <= MOST_OXYGEN else None


# A month of one outlet makes thousands of these two: frozen ones take several times as long to make.
@dataclass(slots=True, unsafe_hash=True)
class Value:
    """One value of a period, and what it is worth; never changed."""

    at: datetime
    value: float | None
    zs: float | None = None
    low: float | None = None
    high: float | None = None
    total: float | None = None
    valid: bool = True
    judged: bool = True
    why: str = ""
    received: datetime | None = None
    """When this version came."""


@dataclass(slots=True, unsafe_hash=True)
class Mean:
    """A mean, and whether it counts; never changed."""

    at: datetime
    value: float | None
    """None of what has a range only."""
    zs: float | None
    low: float | None
    high: float | None
    total: float | None
    """Amount of the valid values."""
    valid: int
    """Valid values; of an hour, valid minutes."""
    due: int
    needed: float
    counts: bool
    judged: bool = True
    """Whether a limit may be held against it: not where a condition mark lies on half of it or more."""
    why: str = ""
    """Of a single value: what is wrong with it."""
    received: datetime | None = None
    """When the last of its values came."""


def step_of(values: Sequence[Value]) -> timedelta:
    """Return the time between values: the shortest, as some may be missing; a minute where there is one only."""
    return min((later.at - one.at for one, later in pairwise(values) if later.at > one.at), default=MINUTE)


def _weighted(pairs: Iterable[tuple[float | None, float]]) -> float | None:
    known = [(number, weight) for number, weight in pairs if number is not None]
    weight = sum(weight for _, weight in known)
    if not known:
        return None
    if weight <= 0.0:
        return sum(number for number, _ in known) / len(known)
    return sum(number * weight for number, weight in known) / weight


def _weights(values: Sequence[Value], flow: Mapping[datetime, float]) -> list[float]:
    """Return the water of each value's time; where it is not known, the usual of the others."""
    known = [flow[one.at] for one in values if one.at in flow]
    usual = sum(known) / len(known) if known else 1.0
    return [flow.get(one.at, usual) for one in values]


def mean(
    factor: str,
    values: Sequence[Value],
    begin: datetime,
    period: Period,
    *,
    due: int,
    rule: Rule,
    flow: Mapping[datetime, float] | None = None,
    step: timedelta = MINUTE,
) -> Mean:
    """Return the mean of the values of one period.

    Parameters
    ----------
    factor : str
    values : sequence of Value
        Of the period below, in order of time.
    begin : datetime
        Of the period.
    period : {"hour", "day", "month"}
    due : int
        How many values there should be: minutes of an hour, hours of a day that the plant ran, days of a month.
    rule : Rule
    flow : mapping, optional
        Amount of water by the time of the values.
    step : timedelta
        Between values, of an hour.
    """
    counting = [one for one in values if one.valid]
    need = rule.needs[period].least(begin.astimezone(BEIJING).date(), due)
    held = len(counting) * (max(1, int(step / MINUTE)) if period == "hour" else 1)
    weights = _weights(counting, flow) if rule.by_flow and flow else [1.0] * len(counting)
    numbers = [one.value for one in counting if one.value is not None]
    lows = [one.low if one.low is not None else one.value for one in counting if one.value is not None or one.low is not None]
    highs = [one.high if one.high is not None else one.value for one in counting if one.value is not None or one.high is not None]
    ranged = factor in rule.ranges
    edges = (numbers, numbers) if ranged else (lows, highs)
    totals = [one.total for one in counting if one.total is not None]
    amount_only = factor == FLOW[rule.medium]
    plain = [1.0] * len(counting) if amount_only else weights
    return Mean(
        begin,
        None if ranged else _weighted(zip((one.value for one in counting), plain, strict=True)),
        None if ranged else _weighted(zip((one.zs for one in counting), plain, strict=True)),
        min((low for low in edges[0] if low is not None), default=None),
        max((high for high in edges[1] if high is not None), default=None),
        sum(totals) if totals else None,
        held,
        due,
        need,
        bool(counting) and held >= need - 1e-9,
        2 * sum(not one.judged for one in counting) < max(1, len(counting)),
        received=max((one.received for one in values if one.received), default=None),
    )


OFFSET_S = BEIJING.utcoffset(None).total_seconds()
DAY_S = 86_400.0


def _midnight(at: datetime) -> datetime:
    return at.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)


def _top(at: datetime) -> datetime:
    return at.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0)


def hours(factor: str, minutes: Sequence[Value], medium: Medium) -> list[Mean]:
    """Return the hourly means of minute data, in order of time."""
    step = step_of(minutes)
    return [
        mean(factor, list(of_hour), begin, "hour", due=60, rule=rule_on(medium, begin.date()), step=step)
        for begin, of_hour in groupby(minutes, lambda one: _top(one.at))
    ]


def days(factor: str, hourly: Sequence[Value], medium: Medium, flow: Mapping[datetime, float] | None = None) -> list[Mean]:
    """Return the daily means of hourly values, in order of time.

    Parameters
    ----------
    factor : str
    hourly : sequence of Value
        In order of time.
    medium : {"air", "water"}
    flow : mapping, optional
        Water that ran in the hours, by their beginning; days of water are weighted by it.
    """
    found = []
    for _, of_day in groupby(hourly, lambda one: (one.at.timestamp() + OFFSET_S) // DAY_S):
        values = list(of_day)
        begin = _midnight(values[0].at)
        due = 24 - sum(one.why in STOPPED for one in values)
        found.append(mean(factor, values, begin, "day", due=due, rule=rule_on(medium, begin.date()), flow=flow))
    return found


STOPPED = frozenset({"F", "stopped"})
"""Hours without discharge: a day owes none of them."""


def months(factor: str, daily: Sequence[Mean], medium: Medium) -> list[Mean]:
    """Return the monthly means of daily ones, in order of time."""
    found = []
    for begin, of_month in groupby(daily, lambda one: _midnight(one.at).replace(day=1)):
        values = [
            Value(one.at, one.value, one.zs, one.low, one.high, one.total, valid=one.counts, received=one.received) for one in of_month
        ]
        due = monthrange(begin.year, begin.month)[1]
        found.append(mean(factor, values, begin, "month", due=due, rule=rule_on(medium, begin.date())))
    return found
