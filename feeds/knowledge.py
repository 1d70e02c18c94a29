"""What judging alarms has to know beside readings: what is registered, what permits allow, which rules are tuned where."""

import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from psycopg import Connection

from feeds.factors import code_of, unit
from gis.rules.alarm_rules import Rule, book
from gis.rules.alarms import Limit
from gis.store import alarms as store
from gis.store import means
from gis.store.means import Place

RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*[-~～—–至]+\s*(\d+(?:\.\d+)?)")
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


def standard(factor: str, day: date) -> Limit | None:
    """Return what a standard allows of a factor where no permit names it; None where none does."""
    for one in book().limits:
        if one.factor == factor and one.begin <= day and (one.end is None or day <= one.end):
            return Limit(one.high, one.low, unit(factor), one.standard)
    return None


def known(connection: Connection) -> Known:
    """Read what is registered, permitted and tuned."""
    places = {place.point_id: place for place in means.places(connection)}
    return Known(places, _limits(connection), store.variants(connection), store.powered(connection), time.monotonic())
