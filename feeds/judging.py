"""Alarms of what comes in: what is due is judged by the rules, and what holds is kept, in one transaction."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg import Connection

from feeds.judgement import REACH, Judgement
from feeds.knowledge import Known, known
from gis.store import alarms as store
from gis.store.alarms import Due, Kept
from gis.store.connect import Actor, writing_on
from gis.store.power import forget_levels

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
