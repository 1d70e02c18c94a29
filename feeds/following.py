"""Readings of what was received: follows the packets by number, and keeps its place in the transaction that writes the readings."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection

from feeds.factors import code_of, unit
from feeds.hj212.assembly import Assembler
from feeds.hj212.framing import HEAD, TAIL, Verdict, judge
from feeds.hj212.locks import MARK, unlocked
from feeds.hj212.packet import Packet, parse
from feeds.newest import Newest
from feeds.reading import readings
from gis.store import packets
from gis.store import readings as store
from gis.store.connect import Actor, writing_on
from gis.store.packets import Stored
from gis.store.readings import Point

log = logging.getLogger(__name__)

READER = "readings"
ACTOR = Actor("feeds", "监测数据", "feeds")
BATCH = 2000
WARM = 1000
"""Packets before our place that are looked at again at the start, for parts whose others are still to come."""
GATHER_S = 0.25
"""How long packets gather before they are read: what is shown moves at most so often."""
LOOK_S = 15.0
RETRY_S = 1.0
REFRESH = timedelta(seconds=30)
ACCEPTED = frozenset({Verdict.OK.value})


@dataclass(slots=True)
class Known:
    """What is registered, as of some time ago."""

    points: Mapping[str, Point] = field(default_factory=dict)
    limits: Mapping[tuple[int, str], float] = field(default_factory=dict)
    """Point and factor → permitted concentration, in the factor's unit."""
    at: float = float("-inf")


def _limits(connection: Connection, points: Mapping[str, Point]) -> dict[tuple[int, str], float]:
    """Return limits by point and factor; one in another unit than the readings have is left out."""
    permitted = store.limits(connection)
    by_outlet: dict[tuple[UUID, str], list[tuple[str, float, str]]] = {}
    for (enterprise, outlet, name), (value, of) in permitted.items():
        by_outlet.setdefault((enterprise, outlet), []).append((name, value, of))
    found = {}
    for point in points.values():
        if point.enterprise_id is None or point.outlet_code is None:
            continue
        for name, value, of in by_outlet.get((point.enterprise_id, point.outlet_code), ()):
            code = code_of(name, point.medium)
            if code and unit(code) == of:
                found[point.point_id, code] = value
    return found


class Follower:
    """Follows the packets.

    Parameters
    ----------
    keys : sequence of bytes
        SM4 keys of devices.
    """

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = keys
        self._known = Known()
        self._assembler = Assembler()
        self._months: set[tuple[int, int]] = set()
        self._warm = False

    def step(self, connection: Connection) -> int:
        """Read the next packets, at most `BATCH`, in one transaction; returns how many.

        Parameters
        ----------
        connection : Connection
            In autocommit, of the owner.
        """
        self._refresh(connection)
        with writing_on(connection, ACTOR):
            place = store.hold_place(connection, READER)
            self._warm_up(connection, place)
            batch = packets.after(connection, place, BATCH)
            if batch:
                self._read(connection, batch)
                store.move_to(connection, READER, batch[-1].seq)
        return len(batch)

    def _refresh(self, connection: Connection) -> None:
        if time.monotonic() - self._known.at < REFRESH.total_seconds():
            return
        with connection.transaction():
            store.forget_strangers(connection)
            points = store.points(connection)
            self._known = Known(points, _limits(connection, points), time.monotonic())

    def _warm_up(self, connection: Connection, place: int) -> None:
        if not self._warm:
            for packet in packets.after(connection, max(0, place - WARM), min(place, WARM)):
                if packet.verdict in ACCEPTED:
                    self._assembler.add(self._parsed(packet))
            self._warm = True

    def _parsed(self, packet: Stored) -> Packet:
        # What was sound when it came needs no second judgement, unless it is locked.
        if packet.verdict in ACCEPTED and MARK not in packet.raw:
            return parse(packet.raw[HEAD:-TAIL])
        return parse(unlocked(judge(packet.raw), self._keys)[0].segment)

    def _read(self, connection: Connection, batch: Sequence[Stored]) -> None:
        rows: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        newest = Newest()
        devices: dict[str, dict[str, Any]] = {}
        for packet in batch:
            said = self._parsed(packet)
            faults: list[str] = [] if packet.verdict in ACCEPTED else [packet.verdict]
            point = self._known.points.get(packet.mn)
            whole = None if faults else self._assembler.add(said)
            if point and whole:
                found, wrong = readings(whole, packet.received)
                faults += wrong
                newest.take(point, found)
                for reading in found:
                    key = (point.point_id, *reading[:3])
                    row = (point.point_id, *reading, packet.seq, packet.received)
                    if (former := rows.get(key)) is not None and former[:-2] != row[:-2]:
                        # Corrected within the batch: the former one is written first, so that it becomes a version.
                        self._write(connection, rows)
                        rows = {}
                    rows[key] = row
            if packet.mn:
                _count(devices, packet, said, faults)
        for mn, count in self._assembler.given_up().items():
            if mn in devices:
                devices[mn]["faulty"]["parts"] += count
        self._write(connection, rows)
        if shown := newest.entries(self._known.limits):
            store.show(connection, shown)
        store.note_devices(connection, [devices[mn] for mn in sorted(devices)])

    def _write(self, connection: Connection, rows: Mapping[tuple[Any, ...], tuple[Any, ...]]) -> None:
        if not rows:
            return
        for at in {key[3] for key in rows}:
            month = at.year, at.month
            if month not in self._months:
                store.make_month(connection, at)
                self._months.add(month)
        store.write(connection, list(rows.values()))


def _count(devices: dict[str, dict[str, Any]], packet: Stored, said: Packet, faults: Sequence[str]) -> None:
    row = devices.setdefault(packet.mn, {"mn": packet.mn, "packets": 0, "faulty": Counter()})
    row["packets"] += 1
    row["faulty"].update(faults)
    row |= {"received": packet.received, "source": packet.source, "edition": said.edition.value, "system": said.st[:8].replace("\0", "")}


def follow(url: str, keys: Sequence[bytes] = (), stopped: Callable[[], bool] = lambda: False) -> None:
    """Follow the packets until told to stop; a database that is away is waited for."""
    follower = Follower(keys)
    while not stopped():
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"LISTEN {packets.CHANNEL}")
                while not stopped():
                    # Many notices may have come at once: all are heard before packets gather once.
                    if follower.step(connection) < BATCH and list(connection.notifies(timeout=LOOK_S, stop_after=1)):
                        time.sleep(GATHER_S)
        except psycopg.OperationalError as error:
            log.error("the database is away; readings wait: %s", error)
            time.sleep(RETRY_S)
