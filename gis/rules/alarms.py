"""Judging by the rules of alarms. Pure: values in order of time in, the times that a rule holds out; the same always gives the same."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from gis.rules.alarm_rules import (
    ArrivalRule,
    ClusterRule,
    ConstantRule,
    DriftRule,
    FreshRule,
    HotspotRule,
    JumpRule,
    LimitRule,
    MissingRule,
    ReadingRule,
    Rule,
    SignalRule,
    ZeroRule,
)
from gis.rules.averaging import Mean

HOUR = timedelta(hours=1)
STEPS = {"rtd": timedelta(minutes=1), "minute": timedelta(minutes=10), "hour": HOUR, "day": timedelta(days=1)}
"""About the time between values of a period."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What is held against a value."""

    high: float | None
    low: float | None = None
    unit: str = ""
    standard: str = ""
    """What sets it: standard and permit."""

    def times(self, low: float, high: float) -> float:
        """Return how many times the limit values from low to high reach: 1 at the limit; of what lies below a range, more than 1 too."""
        found = 0.0
        if self.high is not None:
            found = high / self.high if self.high > 0 else float(high > 0) * 2
        if self.low is not None and low < self.low:
            found = max(found, 1.0 + (self.low - low) / max(abs(self.low), 1e-9))
        return found


Limits = Callable[[datetime], Limit | None]
"""Time of a value → its limit."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time that a rule holds."""

    begin: datetime
    end: datetime | None
    """Beginning of the first value that ends it; None while it goes on."""
    level: int
    known: datetime
    """When it could be known: the value that completed it had come."""
    value: float | None = None
    """The worst."""
    limit: Limit | None = None
    factor: str = ""


@dataclass(frozen=True, slots=True)
class _Point:
    """A value as a rule sees it."""

    at: datetime
    known: datetime
    weight: float
    """How bad; at most 0 where it is none."""
    clear: bool
    level: int
    value: float | None
    limit: Limit | None = None


def _spans(points: Iterable[_Point], hold: int, clear: int) -> Iterator[Span]:
    """Yield the times from the first of `hold` bad values in a row to the first of `clear` good ones in a row."""
    waiting: list[_Point] = []
    standing: Span | None = None
    worst = 0.0
    good: list[_Point] = []
    for point in points:
        if standing is None:
            waiting = [*waiting, point] if point.weight > 0 else []
            if len(waiting) < hold:
                continue
            top = max(waiting, key=lambda one: one.weight)
            standing = Span(waiting[0].at, None, min(one.level for one in waiting), point.known, top.value, top.limit)
            worst, waiting, good = top.weight, [], []
            continue
        good = [*good, point] if point.clear else []
        if len(good) >= clear:
            yield replace(standing, end=good[0].at)
            standing = None
        elif point.weight > worst:
            worst = point.weight
            standing = replace(standing, level=min(standing.level, point.level), value=point.value, limit=point.limit)
    if standing is not None:
        yield standing


def _known(mean: Mean) -> datetime:
    return mean.received or mean.at


def _by_limit(rule: LimitRule, means: Sequence[Mean], limits: Limits) -> Iterator[Span]:
    def seen() -> Iterator[_Point]:
        for mean in means:
            if not (mean.counts and mean.judged):
                continue
            value = mean.zs if rule.basis == "converted" and mean.zs is not None else mean.value
            low, high = (mean.low, mean.high) if value is None else (value, value)
            limit = limits(mean.at)
            if limit is None or low is None or high is None:
                continue
            times = limit.times(low, high)
            level = min((level for level, least in rule.levels.items() if times > least), default=5)
            worst = high if limit.high is not None and high > limit.high else low
            yield _Point(mean.at, _known(mean), times if level < 5 else 0.0, times <= rule.clear.share, level, worst, limit)

    return _spans(seen(), rule.hold, rule.clear.count)


def _counting(means: Sequence[Mean]) -> list[tuple[Mean, float]]:
    return [(mean, mean.value) for mean in means if mean.counts and mean.value is not None]


def _by_jump(rule: JumpRule, means: Sequence[Mean], limits: Limits) -> Iterator[Span]:
    def seen() -> Iterator[_Point]:
        for (before, last), (mean, value) in pairwise(_counting(means)):
            limit = limits(mean.at)
            floor = rule.floor * (limit.high if limit is not None and limit.high else 0.0)
            low, high = sorted((abs(last), abs(value)))
            jumped = mean.at - before.at <= 2 * STEPS[rule.period] and high > floor and high > rule.times * max(low, floor / rule.times)
            yield _Point(mean.at, _known(mean), high / max(low, 1e-9) if jumped else 0.0, not jumped, rule.level, value)

    return _spans(seen(), 1, 1)


def _by_sameness(rule: ConstantRule, means: Sequence[Mean]) -> Iterator[Span]:
    run: list[tuple[Mean, float]] = []
    for mean, value in _counting(means):
        if run and abs(value - run[0][1]) <= rule.within * abs(run[0][1]) and value != 0:
            run.append((mean, value))
            continue
        if len(run) >= rule.hold:
            yield Span(run[0][0].at, mean.at, rule.level, _known(run[rule.hold - 1][0]), run[0][1])
        run = [(mean, value)]
    if len(run) >= rule.hold:
        yield Span(run[0][0].at, None, rule.level, _known(run[rule.hold - 1][0]), run[0][1])


def _by_zero(rule: ZeroRule, means: Sequence[Mean]) -> Iterator[Span]:
    points = (
        _Point(mean.at, _known(mean), float(value <= rule.at_most), value > rule.at_most, rule.level, value)
        for mean, value in _counting(means)
    )
    return _spans(points, rule.hold, 1)


def _by_drift(rule: DriftRule, means: Sequence[Mean]) -> Iterator[Span]:
    counting = _counting(means)
    numbers = [value for _, value in counting]

    def seen() -> Iterator[_Point]:
        for place in range(rule.before + rule.recent - 1, len(counting)):
            first = place + 1 - rule.recent
            usual, late = median(numbers[first - rule.before : first]), median(numbers[first : place + 1])
            low, high = sorted((abs(usual), abs(late)))
            times = high / low if low > 0 else 0.0
            mean = counting[place][0]
            yield _Point(mean.at, _known(mean), times if times > rule.times else 0.0, times <= rule.times, rule.level, late)

    return _spans(seen(), 1, 1)


def lookback(rule: Rule) -> timedelta:  # noqa: PLR0911 — one a type
    """Return how much before a time a rule has to see to judge it."""
    match rule:
        case LimitRule():
            return STEPS[rule.period] * (rule.hold + rule.clear.count + 1)
        case JumpRule():
            return STEPS[rule.period] * 3
        case ConstantRule() | ZeroRule() | MissingRule():
            return STEPS[rule.period] * (rule.hold + 2)
        case DriftRule():
            return STEPS[rule.period] * 2 * (rule.before + rule.recent)
        case FreshRule():
            return timedelta(minutes=2 * rule.minutes) + STEPS[rule.period]
        case HotspotRule() | ClusterRule():
            return timedelta(hours=2 * rule.within_hours)
        case _:
            return timedelta(days=1)


def judged(rule: ReadingRule, factor: str, means: Sequence[Mean], limits: Limits) -> list[Span]:
    """Return the times that a rule holds for one factor, in order of time.

    Parameters
    ----------
    rule : ReadingRule
    factor : str
    means : sequence of Mean
        Of the rule's period, in order of time; what does not count, or is muted, is passed over.
    limits : callable
        Time → limit, None where there is none.
    """
    match rule:
        case LimitRule():
            found = _by_limit(rule, means, limits)
        case JumpRule():
            found = _by_jump(rule, means, limits)
        case ConstantRule():
            found = _by_sameness(rule, means)
        case ZeroRule():
            found = _by_zero(rule, means)
        case DriftRule():
            found = _by_drift(rule, means)
    return [replace(span, factor=factor) for span in found]


Muted = Callable[[datetime], bool]


def arrivals_judged(
    rule: ArrivalRule, arrived: Sequence[tuple[datetime, datetime]], begin: datetime, now: datetime, muted: Muted
) -> list[Span]:
    """Return the times that data were missing, or nothing came.

    Parameters
    ----------
    rule : ArrivalRule
    arrived : sequence of (datetime, datetime)
        Beginning of the period, and when it first came: a later correction or a datum sent again does not change it.
    begin : datetime
        From when on data are due: of a value that is there, or before it.
    now : datetime
    muted : callable
        Whether a time is left out.
    """
    step = STEPS[rule.period]
    if isinstance(rule, FreshRule):
        most = timedelta(minutes=rule.minutes)
        came = sorted(received for _, received in arrived)
        gaps = [(one, later) for one, later in pairwise(came) if later - one > most]
        found = [Span(one + most, later, rule.level, one + most) for one, later in gaps]
        if came and now - came[-1] > most:
            found.append(Span(came[-1] + most, None, rule.level, came[-1] + most))
        return [span for span in found if not muted(span.begin)]
    timely = timedelta(minutes=rule.timely_minutes)
    first = dict(arrived)
    points = []
    at = begin
    while at + step + timely < now:
        if not muted(at):
            late = first.get(at, now) > at + step + timely
            points.append(_Point(at, at + step + timely, float(late), not late, rule.level, None))
        at += step
    return list(_spans(points, rule.hold, 1))


@dataclass(frozen=True, slots=True)
class Signal:
    """What another part puts in about a feature: a place of a radar's sweep, a complaint."""

    at: datetime
    known: datetime
    value: float | None = None
    """How many times the background; of a complaint none."""


def signals_judged(rule: SignalRule, signals: Sequence[Signal]) -> list[Span]:
    """Return the times that signals of one feature come together, in order of time.

    Parameters
    ----------
    rule : SignalRule
    signals : sequence of Signal
        In order of time.
    """
    within = timedelta(hours=rule.within_hours)
    if isinstance(rule, HotspotRule):
        signals = [one for one in signals if one.value is not None and one.value > rule.times]
        least = rule.hold
    else:
        least = rule.least
    found: list[Span] = []
    group: list[Signal] = []
    for one in signals:
        if group and one.at - group[-1].at > within:
            found += _grouped(group, least, within, rule.level)
            group = []
        group.append(one)
    return found + _grouped(group, least, within, rule.level)


def _grouped(group: Sequence[Signal], least: int, within: timedelta, level: int) -> list[Span]:
    """Return a group of signals as a span where `least` of them ever lay within the time."""
    for place in range(least - 1, len(group)):
        if group[place].at - group[place + 1 - least].at <= within:
            values = [one.value for one in group if one.value is not None]
            known = max(one.known for one in group[: place + 1])
            return [Span(group[0].at, group[-1].at + within, level, known, max(values, default=float(len(group))))]
    return []
