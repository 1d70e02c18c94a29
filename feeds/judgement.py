"""What the rules find on readings, power and signals of one snapshot: spans of alarms, with what they rest on."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from feeds.alarm_words import message
from feeds.knowledge import Known, standard
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
from gis.store.alarms import Case, Standing, Telling
from gis.store.asking import asked
from gis.store.means import Place
from gis.store.power import keep_levels, read_judgement

REACH = timedelta(days=31)
"""How far back power is judged anew: it is read as a whole, from the earliest datum that came."""
DAY = timedelta(days=1)
SHOWN = 24
"""Values that evidence keeps."""
NEAR = 30
"""Points whose times begin within so many steps are read together: one that goes on for long must not make all be read that far back."""
SIGNAL_KINDS = {"hotspot": "hotspot", "complaint": "cluster"}


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
                by_day[day] = holding[-1] if holding else standard(factor, day) if place.outlet_id else None
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
