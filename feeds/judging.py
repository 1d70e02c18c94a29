"""Alarms of what comes in: what is due is judged by the rules, and what holds is kept, in one transaction; the same replays a month."""

import logging
import re
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg import Connection

from feeds.alarm_words import message
from feeds.factors import code_of, unit
from gis.clock import BEIJING
from gis.rules import alarms as rules
from gis.rules.alarm_rules import (
    ArrivalRule,
    DriftRule,
    LimitRule,
    Measured,
    MissingRule,
    PowerRule,
    ReadingRule,
    Rule,
    SignalRule,
    book,
)
from gis.rules.alarms import STEPS, Limit, Limits, Span, lookback
from gis.rules.averaging import Mean
from gis.rules.marks import Mark
from gis.rules.power import Finding
from gis.rules.power import rule_on as power_rule_on
from gis.store import alarms as store
from gis.store import means
from gis.store.alarms import Case, Due, Kept, Standing, Telling
from gis.store.asking import asked
from gis.store.connect import Actor, writing_on
from gis.store.means import Place
from gis.store.power import forget_levels, keep_levels, read_judgement

log = logging.getLogger(__name__)

ACTOR = Actor("alarms", "报警判定", "alarms")
BATCH = 250
"""Notes of what is due that one transaction takes: others wait for the rows of features whose alarms it moves."""
GATHER_S = 0.2
LOOK_S = 15.0
RETRY_S = 1.0
REFRESH_S = 30.0
TICK_S = 60.0
"""Between looks at deadlines and at who is silent."""
POWER_S = 300.0
"""Between judgements of one enterprise's power: its grid has steps of five minutes."""
REACH = timedelta(days=31)
"""How far back power is judged anew: it is read as a whole, from the earliest datum that came."""
DAY = timedelta(days=1)
SHOWN = 24
"""Values that evidence keeps."""
NEAR = 30
"""Points whose times begin within so many steps are read together: one that goes on for long must not make all be read that far back."""
RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*[-~～—–至]+\s*(\d+(?:\.\d+)?)")
SIGNAL_KINDS = {"hotspot": "hotspot", "complaint": "cluster"}
_Change = tuple[datetime, Rule]


@dataclass(slots=True)
class Known:
    """What is registered, permitted and tuned, as of some time ago."""

    places: Mapping[int, Place] = field(default_factory=dict)
    limits: Mapping[tuple[UUID, str, str], Sequence[tuple[date, date, Limit]]] = field(default_factory=dict)
    """Enterprise, outlet, factor → limits by the days from and to which they hold."""
    variants: Mapping[tuple[UUID, str], Sequence[_Change]] = field(default_factory=dict)
    powered: Mapping[int, UUID] = field(default_factory=dict)
    at: float = float("-inf")


def _limits(connection: Connection) -> dict[tuple[UUID, str, str], list[tuple[date, date, Limit]]]:
    """Return what permits allow, by enterprise, outlet and factor; what is in another unit than readings are is left out."""
    found: dict[tuple[UUID, str, str], list[tuple[date, date, Limit]]] = defaultdict(list)
    for one in store.permitted(connection):
        for medium in ("air", "water"):
            code = code_of(one.pollutant, medium)
            if code is None:
                continue
            range_ = RANGE.search(one.text) if one.value is None else None
            if one.value is not None and one.unit == unit(code):
                limit = Limit(one.value, None, one.unit, f"{one.standard} {one.permit_no}".strip())
            elif range_:
                limit = Limit(float(range_[2]), float(range_[1]), one.unit, f"{one.standard} {one.permit_no}".strip())
            else:
                continue
            found[one.enterprise_id, one.outlet, code].append((one.valid_from, one.valid_to, limit))
    return found


def _standard(factor: str, day: date) -> Limit | None:
    for one in book().limits:
        if one.factor == factor and one.begin <= day and (one.end is None or day <= one.end):
            return Limit(one.high, one.low, unit(factor), one.standard)
    return None


def known(connection: Connection) -> Known:
    """Read what is registered, permitted and tuned."""
    places = {place.point_id: place for place in means.places(connection)}
    return Known(places, _limits(connection), store.variants(connection), store.powered(connection), time.monotonic())


class Judgement:
    """Judges points, and signals, on one snapshot.

    Parameters
    ----------
    connection : Connection
    now : datetime
    facts : Known
    """

    def __init__(self, connection: Connection, now: datetime, facts: Known) -> None:
        self._connection, self.now, self._facts = connection, now, facts
        self._spoke: dict[str, datetime] = {}
        self._named: dict[tuple[int, str], tuple[Sequence[Mean], str]] = {}

    def limits(self, place: Place, factor: str) -> Limits:
        """Return the limits of a factor at a point, by the day."""
        rows = self._facts.limits.get((place.enterprise_id, place.outlet, factor), ()) if place.enterprise_id else ()
        by_day: dict[date, Limit | None] = {}

        def at(moment: datetime) -> Limit | None:
            day = moment.astimezone(BEIJING).date()
            if day not in by_day:
                holding = [limit for begin, end, limit in rows if begin <= day <= end]
                by_day[day] = holding[-1] if holding else _standard(factor, day) if place.outlet_id else None
            return by_day[day]

        return at

    def _variants(self, rule: Rule, feature: UUID) -> list[tuple[datetime | None, datetime | None, Rule]]:
        """Return a rule as it stands from when until when."""
        changes = [(None, rule), *((at, one) for at, one in self._facts.variants.get((feature, rule.name), ()))]
        ends = [at for at, _ in changes[1:]]
        return [(begin, end, one) for (begin, one), end in zip(changes, [*ends, None], strict=True)]

    def _held(self, rule: Rule, feature: UUID, judge: Callable[[Any], Iterable[Span]]) -> list[Span]:
        """Return what each standing of a rule finds in its own time."""
        first = datetime(rule.begin.year, rule.begin.month, rule.begin.day, tzinfo=BEIJING)
        found = []
        for begin, end, one in self._variants(rule, feature):
            found += [span for span in judge(one) if span.begin >= (begin or first) and (end is None or span.begin < end)]
        last = rule.end
        return [span for span in found if last is None or span.begin.astimezone(BEIJING).date() <= last]

    def points(
        self, due: Mapping[int, Mapping[str, datetime]], kept: Mapping[tuple[str, str], Sequence[Standing]]
    ) -> list[tuple[Case, Sequence[Standing]]]:
        """Return what rules find on the readings of points, each from its time on."""
        wanted: list[tuple[Place, Rule, datetime]] = []
        for point, since in due.items():
            place = self._facts.places.get(point)
            if place is not None:
                wanted += [(place, rule, begin) for rule, begin in self._asked(place, since, kept)]
        if not wanted:
            return []
        series = self._series(wanted)
        points = sorted({place.point_id for place, _, _ in wanted})
        first = min(begin - lookback(rule) for _, rule, begin in wanted)
        muted = self._mutes(points, first)
        came = self._arrivals([(place, rule, begin) for place, rule, begin in wanted if isinstance(rule, ArrivalRule)])
        found = []
        for place, rule, begin in wanted:
            feature = place.outlet_id if isinstance(rule, LimitRule) and place.outlet_id else place.feature_id
            quiet = muted[place.point_id]
            if isinstance(rule, ArrivalRule):
                spans = self._by_arrival(rule, place, came[rule.period, place.point_id], begin, quiet)
            elif isinstance(rule, ReadingRule):
                spans = self._by_reading(rule, feature, place, series[rule.period].get(place.point_id, {}), quiet)
            else:
                continue
            source = str(place.point_id)
            found.append((Case(source, rule, feature, begin, tuple(spans)), kept.get((source, rule.name), ())))
        return found

    def _asked(
        self, place: Place, since: Mapping[str, datetime], kept: Mapping[tuple[str, str], Sequence[Standing]]
    ) -> Iterable[tuple[Rule, datetime]]:
        for rule in book().rules:
            if isinstance(rule, PowerRule | SignalRule) or (isinstance(rule, LimitRule) and rule.medium != place.medium):
                continue
            # Days are made of hours, hours that were not sent of minutes.
            of = {"day": ("hour", "minute"), "hour": ("hour", "minute")}.get(rule.period, (rule.period,))
            times = [since[period] for period in of if period in since]
            if not times:
                continue
            reach = timedelta(0) if isinstance(rule, DriftRule) else lookback(rule)
            begin = store.earliest(kept.get((str(place.point_id), rule.name), ()), min(times) - reach)
            if rule.period == "day":
                begin = begin.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
            yield rule, begin

    def _series(self, wanted: Sequence[tuple[Place, Rule, datetime]]) -> dict[str, dict[int, dict[str, Sequence[Mean]]]]:
        """Return means by period, point and factor; points whose times lie near each other are read together."""
        begins: dict[tuple[Measured, int], datetime] = {}
        places: dict[int, Place] = {}
        for place, rule, begin in wanted:
            if isinstance(rule, ReadingRule):
                key = rule.period, place.point_id
                places[place.point_id] = place
                begins[key] = min(begins.get(key, begin), begin - lookback(rule))
        together: dict[tuple[Measured, int], list[tuple[datetime, Place]]] = defaultdict(list)
        for (period, point), begin in begins.items():
            together[period, int(begin.timestamp() / (NEAR * STEPS[period]).total_seconds())].append((begin, places[point]))
        found: dict[str, dict[int, dict[str, Sequence[Mean]]]] = defaultdict(lambda: defaultdict(dict))
        for (period, _), several in together.items():
            begin = min(at for at, _ in several)
            if period in ("hour", "day"):
                begin = begin.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
            of = [place for _, place in several]
            end = self.now + timedelta(hours=2)
            for (point, factor), rows in means.means(self._connection, of, period, begin, end).items():
                found[period][point][factor] = rows
        return found

    def _mutes(self, points: Sequence[int], begin: datetime) -> dict[int, rules.Muted]:
        """Return what tells of a point whether a time is left out: an approved outage, or maintenance of its device on record."""
        outages = store.outages(self._connection, points, begin)
        marks = means.marks(self._connection, points, begin, self.now)
        return {point: _muted(outages.get(point, ()), marks.get(point, ())) for point in points}

    def _arrivals(self, wanted: Sequence[tuple[Place, Rule, datetime]]) -> dict[tuple[str, int], list[tuple[datetime, datetime]]]:
        begins: dict[str, dict[int, datetime]] = defaultdict(dict)
        for place, rule, begin in wanted:
            period = rule.period  # type: ignore[union-attr]
            first = begin - lookback(rule)
            begins[period][place.point_id] = min(begins[period].get(place.point_id, first), first)
        self._spoke = store.spoke(self._connection, sorted({place.mn for place, _, _ in wanted}))
        found: dict[tuple[str, int], list[tuple[datetime, datetime]]] = defaultdict(list)
        for period, points in begins.items():
            rows = store.arrived(self._connection, sorted(points), period, min(points.values()), self.now + timedelta(hours=2))
            found |= {(period, point): several for point, several in rows.items()}
        return found

    def _by_arrival(
        self, rule: ArrivalRule, place: Place, came: Sequence[tuple[datetime, datetime]], begin: datetime, quiet: rules.Muted
    ) -> list[Span]:
        if not came:
            return []
        first = max(came[0][0], begin - lookback(rule), self._spoke.get(place.mn, came[0][0]))
        if isinstance(rule, MissingRule):
            first = _on_the_hour(first)
        return self._held(rule, place.feature_id, lambda one: rules.arrivals_judged(one, came, first, self.now, quiet))

    def _by_reading(
        self,
        rule: ReadingRule,
        feature: UUID,
        place: Place,
        series: Mapping[str, Sequence[Mean]],
        quiet: rules.Muted,
    ) -> list[Span]:
        found = []
        for factor, rows in series.items():
            limits = self.limits(place, factor)
            if not rows or limits(rows[-1].at) is None:
                continue
            heard = [mean for mean in rows if not quiet(mean.at) and (rule.period != "day" or mean.at + DAY <= self.now)]
            spans = self._held(rule, feature, lambda one: rules.judged(one, factor, heard, limits))  # noqa: B023 — used at once
            if spans:
                self._named[place.point_id, factor + rule.period] = heard, place.mn
            found += spans
        return found

    def signals(
        self, feature: UUID, kind: str, since: datetime, kept: Mapping[tuple[str, str], Sequence[Standing]]
    ) -> list[tuple[Case, Sequence[Standing]]]:
        """Return what rules find on the signals of a kind about a feature."""
        found: list[tuple[Case, Sequence[Standing]]] = []
        for rule in book().rules:
            if not isinstance(rule, SignalRule) or rule.type != SIGNAL_KINDS.get(kind):
                continue
            source = f"signal:{kind}"
            own = [one for one in kept.get((source, rule.name), ()) if one.feature_id == feature]
            begin = store.earliest(own, since - lookback(rule))
            seen = store.signals(self._connection, feature, kind, begin - lookback(rule))
            spans = self._held(rule, feature, lambda one: rules.signals_judged(one, seen))  # noqa: B023 — used at once
            found.append((Case(source, rule, feature, begin, tuple(spans)), own))
        return found

    def power(
        self,
        enterprise: UUID,
        since: datetime,
        kept: Mapping[tuple[str, str], Sequence[Standing]],
        until: datetime | None = None,
        keeping: bool = False,
    ) -> list[tuple[Case, Sequence[Standing]]]:
        """Return what the power of an enterprise's production and treatment says.

        Parameters
        ----------
        enterprise : UUID
        since : datetime
            Anew from the day before it on, or from the beginning of what goes on then, not more than `REACH` before.
        kept : mapping
            Source and rule → what is kept of them.
        until : datetime, optional
            Else now.
        keeping : bool
            Whether what had to be learned is kept.
        """
        source, end = f"power:{enterprise}", until or self.now
        own = [one for (said, _), several in kept.items() if said == source for one in several]
        begin = _midnight(max(store.earliest(own, since), since - REACH) - DAY)
        judgement = asked(self._connection, read_judgement(enterprise, begin, end))
        if keeping:
            keep_levels(self._connection, enterprise, judgement)
        units = store.units(self._connection, enterprise)
        spans: dict[tuple[str, UUID], list[Span]] = defaultdict(list)
        for finding in judgement.findings:
            code = finding.treatment or finding.production[0]
            if code in units:
                spans[finding.kind, units[code]].append(_power_span(finding))
        found: list[tuple[Case, Sequence[Standing]]] = []
        for rule in book().rules:
            if isinstance(rule, PowerRule):
                features = {feature for kind, feature in spans if kind == rule.finding}
                features |= {one.feature_id for one in own if one.rule == rule.name}
                for feature in sorted(features):
                    stood = [one for one in own if one.rule == rule.name and one.feature_id == feature]
                    going, stood = _continued(spans[rule.finding, feature], stood, begin)
                    held = self._held(rule, feature, lambda _: going)  # noqa: B023 — used at once
                    first = min([begin + timedelta(seconds=1), *(span.begin for span in held)])
                    found.append((Case(source, rule, feature, first, tuple(held)), stood))
        return found

    def tell(self, case: Case) -> Callable[[Span], Telling]:
        """Return what puts a span of a case into words, and freezes what it rests on."""

        def told(span: Span) -> Telling:
            rule = case.rule
            evidence: dict[str, Any] = {
                "rule": rule.model_dump(mode="json", by_alias=True),
                "known": span.known.isoformat(),
                "factor": span.factor,
                "value": span.value,
                "video": [],
                "weather": None,
                "drawings": {},
            }
            if span.limit:
                limit = span.limit
                evidence["limit"] = {"high": limit.high, "low": limit.low, "unit": limit.unit, "standard": limit.standard}
            if case.source.isdigit() and span.factor:
                rows, mn = self._named.get((int(case.source), span.factor + rule.period), ((), ""))  # type: ignore[union-attr]
                evidence |= {"mn": mn, "readings": [means.mean_row(mean) for mean in _around(rows, span.begin)]}
            return Telling(message(rule, span), evidence)

        return told


def _around(rows: Sequence[Mean], at: datetime) -> Sequence[Mean]:
    place = bisect_right(rows, at, key=lambda mean: mean.at)
    return rows[max(0, place - SHOWN) : place + SHOWN // 4]


def _on_the_hour(at: datetime) -> datetime:
    return at.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0)


def _midnight(at: datetime) -> datetime:
    return _on_the_hour(at).replace(hour=0)


def _muted(outages: Sequence[tuple[datetime, datetime]], marks: Sequence[Mark]) -> rules.Muted:
    times = [*outages, *((one.begin, one.end) for one in marks if one.kind.group == "device" and not one.refused)]
    return lambda at: any(begin <= at < end for begin, end in times)


def _continued(spans: Sequence[Span], stood: Sequence[Standing], begin: datetime) -> tuple[list[Span], list[Standing]]:
    """Return spans and what is kept of them, where they are known from a time on: what lasted then goes on as it is kept, or ended then."""
    cut = next((span for span in spans if span.begin <= begin), None)
    lasting = next((one for one in stood if one.begin <= begin and (one.until is None or one.until >= begin)), None)
    found = [span for span in spans if span.begin > begin]
    later = [one for one in stood if one.begin > begin]
    if lasting is None:
        return found, later
    end, level, value = (cut.end, cut.level, cut.value) if cut else (lasting.until or begin, lasting.level, lasting.value)
    return [Span(lasting.begin, end, level, begin, value, None, lasting.factor), *found], [lasting, *later]


def _power_span(finding: Finding) -> Span:
    threshold = power_rule_on(finding.begin.astimezone(BEIJING).date()).findings[finding.kind]
    lasting = threshold.buffered if (finding.treatment or "").startswith("TW") else threshold.lasting
    share = finding.numbers.get("treatment_share", finding.numbers.get("share"))
    factor = "、".join(finding.production)
    return Span(finding.begin, None if finding.open else finding.end, threshold.level, finding.begin + lasting, share, None, factor)


_K = TypeVar("_K")


def _earlier(times: dict[_K, datetime], key: _K, since: datetime) -> None:
    times[key] = min(times.get(key, since), since)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is due, each from a time on."""

    points: dict[int, dict[str, datetime]] = field(default_factory=lambda: defaultdict(dict))
    firms: dict[UUID, datetime] = field(default_factory=dict)
    loads: dict[UUID, datetime] = field(default_factory=dict)
    """Enterprises of which something came that levels are learned from."""
    signals: dict[tuple[UUID, str], datetime] = field(default_factory=dict)


class Judge:
    """Judges what is due, again and again."""

    def __init__(self) -> None:
        self._known = Known()
        self._power: dict[UUID, float] = {}
        self._ticked = float("-inf")

    def step(self, connection: Connection, now: datetime | None = None) -> int:
        """Judge what is due, at most `BATCH` notes of it, in one transaction; returns how many.

        Parameters
        ----------
        connection : Connection
            In autocommit, of the owner.
        now : datetime, optional
        """
        at = now or datetime.now(UTC)
        with writing_on(connection, ACTOR):
            store.hold(connection)
            if time.monotonic() - self._known.at >= REFRESH_S:
                self._known = known(connection)
            self._tick(connection, at)
            resting = [point for point, firm in self._known.powered.items() if time.monotonic() - self._power.get(firm, -1e9) < POWER_S]
            due = store.take(connection, BATCH, resting)
            if due:
                self._judge(connection, due, at)
        return len(due)

    def _tick(self, connection: Connection, now: datetime) -> None:
        if time.monotonic() - self._ticked < TICK_S:
            return
        self._ticked = time.monotonic()
        store.look_for_silence(connection, now)
        Kept(connection, now).escalate()

    def _judge(self, connection: Connection, due: Sequence[Due], now: datetime) -> None:
        asked_for = self._sorted(due)
        if any(point not in self._known.places for point in asked_for.points):
            self._known = known(connection)
        signals = {f"signal:{kind}" for _, kind in asked_for.signals}
        sources = [*map(str, asked_for.points), *(f"power:{firm}" for firm in asked_for.firms), *sorted(signals)]
        kept = store.standing(connection, sources, min(one.since for one in due))
        judgement = Judgement(connection, now, self._known)
        cases = judgement.points(asked_for.points, kept)
        for firm, since in asked_for.loads.items():
            forget_levels(connection, firm, since)
        for firm, since in asked_for.firms.items():
            cases += judgement.power(firm, max(since, now - REACH), kept, keeping=True)
            self._power[firm] = time.monotonic()
        for (feature, kind), since in asked_for.signals.items():
            cases += judgement.signals(feature, kind, since, kept)
        keeping = Kept(connection, now)
        for case, own in cases:
            if case.spans or own:
                keeping.bring(case, own, judgement.tell(case))

    def _sorted(self, due: Sequence[Due]) -> _Asked:
        """Return what is due by what it is about, each from the earliest time on."""
        found = _Asked()
        for one in due:
            if one.feature_id is not None:
                _earlier(found.signals, (one.feature_id, one.what), one.since)
            elif (firm := self._known.powered.get(one.point_id or 0)) is not None:
                _earlier(found.firms, firm, one.since)
                if one.what in ("rtd", "minute"):
                    _earlier(found.loads, firm, one.since)
            elif one.point_id is not None:
                _earlier(found.points[one.point_id], one.what, one.since)
        return found


def judge(url: str, stopped: Callable[[], bool] = lambda: False) -> None:
    """Judge until told to stop; a database that is away is waited for."""
    judging = Judge()
    while not stopped():
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"LISTEN {store.CHANNEL}")
                while not stopped():
                    # Many notices may have come at once: all are heard before what is due gathers once.
                    if judging.step(connection) < BATCH and list(connection.notifies(timeout=LOOK_S, stop_after=1)):
                        time.sleep(GATHER_S)
        except psycopg.OperationalError as error:
            log.error("the database is away; alarms wait: %s", error)
            time.sleep(RETRY_S)


@dataclass(frozen=True, slots=True)
class Difference:
    """A span that the rules find and nobody kept, or the other way about."""

    what: str
    """`missing`: found and not kept; `extra`: kept and not found."""
    source: str
    rule: str
    feature_id: UUID
    factor: str
    begin: datetime
    until: datetime | None
    level: int


def _differing(case: Case, own: Sequence[Standing], begin: datetime, end: datetime) -> tuple[list[Span], list[Difference]]:
    """Return the spans of a case that begin in a time, and where they differ from what is kept."""
    held = {(span.factor, span.begin): span for span in case.spans if begin <= span.begin < end}
    stood = {(one.factor, one.begin): one for one in own if begin <= one.begin < end and one.feature_id == case.feature_id}
    differences = []
    for key in held.keys() | stood.keys():
        span, one = held.get(key), stood.get(key)
        if span is None and one is not None:
            rest = (one.factor, one.begin, one.until, one.level)
            differences.append(Difference("extra", case.source, case.rule.name, case.feature_id, *rest))
        elif span is not None and (one is None or (span.end, span.level) != (one.until, one.level)):
            rest = (span.factor, span.begin, span.end, span.level)
            differences.append(Difference("missing", case.source, case.rule.name, case.feature_id, *rest))
    return list(held.values()), differences


def replay(connection: Connection, begin: datetime, end: datetime, now: datetime) -> tuple[list[tuple[Case, Span]], list[Difference]]:
    """Run the rules over a past time; returns what they find, and where it differs from what was kept. Nothing is written.

    Parameters
    ----------
    connection : Connection
        Reads one snapshot.
    begin, end : datetime
        Spans that begin in it.
    now : datetime
    """
    facts = known(connection)
    judgement = Judgement(connection, now, facts)

    def cases() -> Iterator[tuple[Case, Sequence[Standing]]]:
        for point in sorted(set(facts.places) - set(facts.powered)):
            kept = store.standing(connection, [str(point)], begin)
            yield from judgement.points({point: dict.fromkeys(("rtd", "minute", "hour"), begin)}, kept)
        for firm in sorted(set(facts.powered.values())):
            kept = store.standing(connection, [f"power:{firm}"], begin)
            # What begins in the time is read to its end.
            yield from judgement.power(firm, begin, kept, min(now, end + REACH))
        for feature, kind in store.signalled(connection, begin, end):
            yield from judgement.signals(feature, kind, begin, store.standing(connection, [f"signal:{kind}"], begin))

    found: list[tuple[Case, Span]] = []
    differences: list[Difference] = []
    for case, own in cases():
        held, differing = _differing(case, own, begin, end)
        found += [(case, span) for span in held]
        differences += differing
    return found, differences
