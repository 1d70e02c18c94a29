"""Takes readings over from a view of another database: onward from a mark, which moves once the own port has acknowledged."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import psycopg

from feeds.forwarding import Message, Source, messages
from feeds.plants import Device
from feeds.simulator import Line, LineLost
from gis.errors import DatabaseError
from gis.store import foreign
from gis.store.connect import Actor, writing_plainly
from gis.store.foreign import ORDER, Mark, Row

log = logging.getLogger(__name__)
BATCH = 5000
"""Rows that are asked for at once."""
TOGETHER = 100
"""Packets that wait for their answers at the same time."""
ACTOR = Actor("feeds", "接入其他系统的数据", "feeds")


class Pulling:
    """One source.

    Parameters
    ----------
    source : Source
    foreign_url, url : str
        The other system's database, and ours as its owner.
    host, port : str, int
        Where our listener is.
    """

    def __init__(self, source: Source, foreign_url: str, url: str, host: str, port: int) -> None:
        self.source = source
        self._engine = foreign.opened(foreign_url)
        self._url, self._host, self._port = url, host, port
        self._seen: dict[tuple[Any, ...], tuple[datetime, bytes]] = {}

    async def once(self) -> tuple[int, int]:
        """Take over what is there; returns how many rows were sent and how many refused.

        Raises
        ------
        DatabaseError
            The other database doesn't answer.
        LineLost, OSError
            Our own listener doesn't.
        """
        with writing_plainly(self._url, ACTOR) as connection:
            mark = foreign.mark_at(connection, self.source.name)
        overlap = timedelta(minutes=self.source.overlap_minutes)
        # What was committed there after a later row was read lies behind the mark: look back a little, and leave out what was seen.
        begin = None if mark is None else {**mark, "changed": mark["changed"] - overlap, "mn": "", "factor": ""}
        taken = refused = 0
        while rows := await asyncio.to_thread(self._rows, begin):
            begin = {ours: rows[-1][ours] for ours in ORDER}
            fresh = [row for row in rows if self._fresh(row)]
            said, wrong = messages(fresh, self.source)
            await self._send(said)
            self._keep(begin if mark is None or begin["changed"] >= mark["changed"] else mark, len(fresh) - len(wrong), wrong)
            taken, refused = taken + len(fresh) - len(wrong), refused + len(wrong)
            self._note(fresh)
            if len(rows) < BATCH:
                break
        self._forget(begin, overlap)
        return taken, refused

    def _rows(self, begin: Mark | None) -> list[Row]:
        return foreign.rows_behind(self._engine, self.source.as_view(), begin, BATCH)

    def _fresh(self, row: Row) -> bool:
        seen = self._seen.get(_key(row))
        return seen is None or seen[1] != _digest(row)

    def _note(self, rows: list[Row]) -> None:
        for row in rows:
            self._seen[_key(row)] = row["changed"], _digest(row)

    def _forget(self, last: Mark | None, overlap: timedelta) -> None:
        if last is not None:
            old = last["changed"] - 2 * overlap
            self._seen = {key: seen for key, seen in self._seen.items() if seen[0] >= old}

    def _keep(self, mark: Mark, taken: int, wrong: list[tuple[str, Mapping[str, Any]]]) -> None:
        with writing_plainly(self._url, ACTOR) as connection:
            foreign.move_to(connection, self.source.name, mark, taken, [(why, dict(row)) for why, row in wrong])

    async def _send(self, said: list[Message]) -> None:
        if not said:
            return
        reader, writer = await asyncio.open_connection(self._host, self._port)
        line = Line(Device("", "", ()), reader, writer)
        listening = asyncio.create_task(line.listen())
        try:
            for at in range(0, len(said), TOGETHER):
                await asyncio.gather(*(line.deliver(one.packet, one.items) for one in said[at : at + TOGETHER]))
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            writer.close()

    async def run(self, told: Callable[[int, int], None] = lambda *_: None) -> None:
        """Keep taking over for ever; who is away is waited for, and why is kept beside the source."""
        while True:
            try:
                told(*await self.once())
            except (DatabaseError, LineLost, OSError, psycopg.OperationalError) as error:
                fault = str(error) or type(error).__name__
                log.warning("%s: %s", self.source.name, fault)
                await asyncio.to_thread(self._note_fault, fault)
            await asyncio.sleep(self.source.every_s)

    def _note_fault(self, fault: str) -> None:
        try:
            with writing_plainly(self._url, ACTOR) as connection:
                foreign.note_fault(connection, self.source.name, fault)
        except psycopg.OperationalError:
            log.error("the database is away; %s waits", self.source.name)


def _key(row: Row) -> tuple[Any, ...]:
    return row["mn"], row["at"], row["factor"]


def _digest(row: Row) -> bytes:
    return hashlib.sha256(repr(sorted(row.items(), key=lambda item: item[0])).encode()).digest()[:16]
