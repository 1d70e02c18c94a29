"""What the electricity of production units and of the treatment behind them says. Pure: pairs and loads in, findings out.

Loads are power or current; only their share of a device's own running level counts, so the unit of a meter doesn't matter.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gis.facts import facts
from gis.rules.dated import in_force
from gis.rules.pairing import Pair

FindingKind = Literal["untreated", "late", "early", "idling", "under_floor", "offline", "stop_broken", "limit_broken", "overload"]
Loads = NDArray[np.float64]
States = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Threshold:
    """When one kind of finding is one."""

    label: str
    level: int
    """1 (Ⅰ) is the highest."""
    lasting: timedelta
    buffered: timedelta
    """Of a treatment that runs from a basin."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds on the days of a time; shares are of a device's running level."""

    begin: date
    end: date | None
    step: timedelta
    off_share: float
    idle_share: float
    floor_share: float
    """Of the learned floor, not of the running level."""
    over_share: float
    learn: timedelta
    learn_least: timedelta
    findings: Mapping[FindingKind, Threshold]


def _threshold(row: Mapping[str, object]) -> Threshold:
    lasting, buffered = (timedelta(minutes=float(str(row[name]))) for name in ("minutes", "buffered_minutes"))
    return Threshold(str(row["label"]), int(str(row["level"])), lasting, buffered)


@cache
def rules() -> tuple[Rule, ...]:
    """Return the dated rules, in order."""
    return tuple(
        Rule(
            row["from"],
            row["to"],
            timedelta(minutes=row["step_minutes"]),
            row["off_share"],
            row["idle_share"],
            row["floor_share"],
            row["over_share"],
            timedelta(days=row["learn_days"]),
            timedelta(hours=row["learn_least_hours"]),
            {kind: _threshold(row["findings"][kind]) for kind in get_args(FindingKind)},
        )
        for row in facts("gis.rules", "power.yaml")
    )


def rule_on(day: date) -> Rule:
    """Return the rule of a day; before the first one the first holds."""
    return in_force(rules(), day)


@dataclass(frozen=True, slots=True)
class Series:
    """The load of one device on a grid of steps."""

    loads: Loads
    """One a step; NaN where nothing is known."""
    running: float | Loads | None = None
    """Running level, one or one a step: rated, or learned; None or NaN where it is not known, and then nothing is judged."""
    floor: float | Loads | None = None
    """Least load in ordinary duty, learned, one or one a step; None or NaN where it is not known."""
    silent: States | None = None
    """Steps in which nothing came, before any of it was filled in."""

    def share(self) -> Loads:
        """Return loads as shares of the running level, NaN where they are not known."""
        return np.full_like(self.loads, np.nan) if self.running is None else np.asarray(self.loads / self.running)


@dataclass(frozen=True, slots=True)
class Order:
    """A stop or a limit of production that is in force."""

    begin: datetime
    end: datetime
    units: frozenset[str] = frozenset()
    """MF codes; empty: all."""
    share: float = 0.0
    """What is allowed of the running level; 0: a stop."""
    order_id: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the power says."""

    kind: FindingKind
    begin: datetime
    end: datetime
    open: bool
    """Whether it goes on at the end of what was looked at."""
    treatment: str | None
    production: tuple[str, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)
    order_id: int | None = None


def _runs(state: States) -> Iterator[tuple[int, int]]:
    """Yield the first and the one behind the last step of each time that a state holds."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], state, [False])).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _above(series: Series, share: float) -> States:
    with np.errstate(invalid="ignore"):
        return np.asarray(series.share() >= share)


def _below(series: Series, share: float) -> States:
    with np.errstate(invalid="ignore"):
        return np.asarray(series.share() < share)


def running_in(series: Series, rule: Rule) -> States:
    """Return the steps in which a production unit runs; where nothing is known, it doesn't."""
    return _above(series, rule.idle_share)


def _off_kind(first: int, last: int, producing: States, treating: States, resting: States) -> FindingKind:
    """Tell what it is that production runs untreated from one step to another: late, early, or neither."""
    count = len(producing)
    before, behind = max(0, first - 1), min(count - 1, last)
    if first > 0 and not producing[before] and resting[before] and last < count and treating[behind]:
        return "late"
    if first > 0 and treating[before] and last < count and not producing[behind]:
        return "early"
    return "untreated"


@dataclass(frozen=True, slots=True)
class _Run:
    """Something that holds from one step to another, however long."""

    kind: FindingKind
    first: int
    last: int
    """The step behind it."""
    treatment: str | None
    production: tuple[str, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)
    order_id: int | None = None


def _mean(values: Loads) -> float:
    return round(float(np.mean(values)), 4)


def _pair_runs(pair: Pair, devices: Mapping[str, Series], rule: Rule) -> Iterator[_Run]:
    treatment, metered = devices.get(pair.treatment), [code for code in pair.production if code in devices]
    if treatment is None or not metered:
        return
    running = {code: running_in(devices[code], rule) for code in metered}
    producing = np.any(list(running.values()), axis=0)
    resting, treating = _below(treatment, rule.off_share), _above(treatment, rule.off_share)

    def told(state: States, kind: FindingKind | None, floors: Loads | None = None) -> Iterator[_Run]:
        for first, last in _runs(producing & state):
            busy = tuple(code for code in metered if running[code][first:last].any())
            numbers = {"treatment_share": _mean(treatment.share()[first:last])}
            if floors is not None:
                numbers["floor"] = float(floors[first])
            yield _Run(kind or _off_kind(first, last, producing, treating, resting), first, last, pair.treatment, busy, numbers)

    yield from told(resting, None)
    yield from told(treating & _below(treatment, rule.idle_share), "idling")
    if treatment.floor is not None:
        floors = np.broadcast_to(np.asarray(treatment.floor, dtype=np.float64), treatment.loads.shape)
        with np.errstate(invalid="ignore"):
            under = treatment.loads < rule.floor_share * floors
        yield from told(_above(treatment, rule.idle_share) & under, "under_floor", floors)


def _device_runs(code: str, series: Series, rule: Rule) -> Iterator[_Run]:
    made = code.startswith("MF")
    treatment, production = (None, (code,)) if made else (code, ())
    if series.silent is not None:
        for first, last in _runs(series.silent):
            yield _Run("offline", first, last, treatment, production)
    if made:
        for first, last in _runs(_above(series, rule.over_share)):
            yield _Run("overload", first, last, treatment, production, {"share": _mean(series.share()[first:last])})


def _order_runs(order: Order, devices: Mapping[str, Series], begin: datetime, rule: Rule) -> Iterator[_Run]:
    limited = order.share > 0
    for code, series in devices.items():
        if not code.startswith("MF") or (order.units and code not in order.units):
            continue
        steps = np.arange(len(series.loads))
        inside = (steps >= (order.begin - begin) / rule.step) & (steps < (order.end - begin) / rule.step)
        broken = _above(series, float(np.nextafter(order.share, 2.0)) if limited else rule.idle_share)
        for first, last in _runs(inside & broken):
            numbers = {"share": _mean(series.share()[first:last]), "allowed": order.share}
            yield _Run("limit_broken" if limited else "stop_broken", first, last, None, (code,), numbers, order.order_id)


def judged(pairs: Sequence[Pair], devices: Mapping[str, Series], orders: Sequence[Order], begin: datetime, rule: Rule) -> list[Finding]:
    """Return what the loads of an enterprise's devices say, in order of time.

    Parameters
    ----------
    pairs : sequence of Pair
    devices : mapping of code to Series
        All on the same grid, which begins at `begin` and has the rule's step.
    orders : sequence of Order
        Stops and limits.
    begin : datetime
        Aware.
    rule : Rule
        Of the day.
    """
    count = max((len(series.loads) for series in devices.values()), default=0)
    runs = [run for pair in pairs for run in _pair_runs(pair, devices, rule)]
    runs += [run for code, series in devices.items() for run in _device_runs(code, series, rule)]
    runs += [run for order in orders for run in _order_runs(order, devices, begin, rule)]
    found = []
    for run in runs:
        threshold = rule.findings[run.kind]
        buffered = run.treatment is not None and run.treatment.startswith("TW")
        if (run.last - run.first) * rule.step >= (threshold.buffered if buffered else threshold.lasting):
            first, last = (begin + edge * rule.step for edge in (run.first, run.last))
            found.append(Finding(run.kind, first, last, run.last == count, run.treatment, run.production, run.numbers, run.order_id))
    return sorted(found, key=lambda one: (one.begin, one.kind, one.treatment or "", one.production))


def told(finding: Finding, rule: Rule) -> dict[str, Any]:
    """Return a finding as plain JSON types, with its label and level."""
    return {
        "kind": finding.kind,
        "label": rule.findings[finding.kind].label,
        "level": rule.findings[finding.kind].level,
        "begin": finding.begin.isoformat(),
        "end": None if finding.open else finding.end.isoformat(),
        "treatment": finding.treatment,
        "production": list(finding.production),
        "numbers": dict(finding.numbers),
        "order_id": finding.order_id,
    }
