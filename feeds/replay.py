"""The rules run over a past time: what they find, and where it differs from what was kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection

from feeds.judgement import REACH, Judgement
from feeds.knowledge import known
from gis.rules.alarms import Span
from gis.store import alarms as store
from gis.store.alarms import Case, Standing


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
