"""Temporal predicates: intervals closed at both ends, one `Span` an operand (OGC 21-065r2, 7.7; W3C/OGC Time Ontology)."""

from dataclasses import dataclass
from typing import LiteralString

from gis.store.filters.fragment import Fragment, put
from gis.store.filters.terms import Type

ANY: dict[str, LiteralString] = {
    "t_after": "{s1} > {e2}",
    "t_before": "{e1} < {s2}",
    "t_disjoint": "({e1} < {s2} OR {s1} > {e2})",
    "t_equals": "({s1} = {s2} AND {e1} = {e2})",
    "t_intersects": "({s1} <= {e2} AND {e1} >= {s2})",
}
"""Between instants, intervals, or one of each."""
INTERVALS: dict[str, LiteralString] = {
    "t_contains": "({s1} < {s2} AND {e1} > {e2})",
    "t_during": "({s1} > {s2} AND {e1} < {e2})",
    "t_finishedby": "({s1} < {s2} AND {e1} = {e2})",
    "t_finishes": "({s1} > {s2} AND {e1} = {e2})",
    "t_meets": "{e1} = {s2}",
    "t_metby": "{s1} = {e2}",
    "t_overlappedby": "({s1} > {s2} AND {s1} < {e2} AND {e1} > {e2})",
    "t_overlaps": "({s1} < {s2} AND {e1} > {s2} AND {e1} < {e2})",
    "t_startedby": "({s1} = {s2} AND {e1} > {e2})",
    "t_starts": "({s1} = {s2} AND {e1} < {e2})",
}
"""Between intervals alone."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time from its first to its last instant."""

    type: Type
    """DATE or TIMESTAMP."""
    start: Fragment
    end: Fragment
    interval: bool


def day_start(day: Fragment) -> Fragment:
    """Return the first instant of a day, UTC."""
    return put("({}::timestamp AT TIME ZONE 'UTC')", day)


def day_end(day: Fragment) -> Fragment:
    """Return the last instant of a day, UTC."""
    return put("(({} + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond')", day)


def fine(span: Span) -> Span:
    """Return a span in timestamps: a day lasts from its first to its last instant."""
    return span if span.type is Type.TIMESTAMP else Span(Type.TIMESTAMP, day_start(span.start), day_end(span.end), span.interval)


def relate(operator: str, first: Span, second: Span) -> Fragment:
    """Return a temporal predicate; dates among each other are compared as dates, else all as timestamps."""
    if first.type is not second.type:
        first, second = fine(first), fine(second)
    template = ANY.get(operator) or INTERVALS[operator]
    return put(template, s1=first.start, e1=first.end, s2=second.start, e2=second.end)
