"""The listening side: accepts data loggers, keeps each packet, and answers once it is on disk.

Packets of all connections gather while a transaction is under way and go together in the next one, so that a thousand loggers cost few
commits more than one does. Nothing is answered before its commit; while the database is away nothing is read, and who waits, waits on TCP.
"""

import asyncio
import logging
import resource
import socket
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice

import psycopg
from psycopg import AsyncConnection

from feeds.connection import Arrival, Limits, Logger
from feeds.hj212.dialogue import Exchange
from feeds.hj212.requests import history, set_clock
from gis.errors import SettingsError
from gis.store import feed_requests, feed_status, packets
from gis.store.feed_requests import Request
from gis.store.feed_status import Listening
from gis.store.locks import holding

log = logging.getLogger(__name__)

BATCH = 2000
"""Packets of a transaction."""
TICK_S = 1.0
LOOK_S = 15.0
"""How often requests are looked for without a hint."""
RETRY_S = 1.0
TELL_S = 2.0
OTHER_FILES = 256
"""Of this process, beside connections."""


class Listener:
    """All connections, and what waits for the disk.

    Parameters
    ----------
    url : str
        The database, as its owner.
    limits : Limits
    keys : sequence of bytes
        SM4 keys of devices.
    """

    def __init__(self, url: str, limits: Limits | None = None, keys: Sequence[bytes] = ()) -> None:
        self.limits = limits or Limits()
        self.keys = keys
        self.counts: Counter[str] = Counter()
        self.devices = 0
        self._url = url
        self._most = self.limits.connections
        self._since = datetime.now(UTC)
        self._loggers: set[Logger] = set()
        self._quiet: dict[Logger, None] = {}
        """Those of whom no packet came yet, the oldest first."""
        self._waiting: deque[Arrival] = deque()
        self._waiting_bytes = 0
        self._there = asyncio.Event()
        self._held = False
        self._asked: dict[tuple[Logger, str], Request] = {}
        self._ended: asyncio.Queue[tuple[Request, Exchange]] = asyncio.Queue()

    def joined(self, logger: Logger) -> bool:
        """Register a connection; False where there are too many. Who has not sent a packet yet makes room for who comes later."""
        if len(self._loggers) >= self._most:
            oldest = next(iter(self._quiet), None)
            if oldest is None:
                return False
            self.left(oldest)
            oldest.hang_up("displaced")
        self.counts["accepted"] += 1
        self._loggers.add(logger)
        self._quiet[logger] = None
        if self._held:
            logger.hold()
        return True

    def left(self, logger: Logger) -> None:
        """Forget a connection."""
        self._loggers.discard(logger)
        self.devices -= len(logger.speaking)
        logger.speaking.clear()
        self._quiet.pop(logger, None)
        # What it was asked stands in the store as sent, and is asked again when it is back.
        self._asked = {key: request for key, request in self._asked.items() if key[0] is not logger}

    def spoke(self, logger: Logger) -> None:
        """Take note that a packet came of a connection, its first."""
        self._quiet.pop(logger, None)

    def hung_up(self, why: str) -> None:
        """Take note that a connection was ended by us."""
        self.counts[why] += 1

    def listening(self) -> Listening:
        """Return how things stand."""
        waiting = len(self._waiting), self._waiting_bytes
        return Listening(
            datetime.now(UTC), self._since, self._most, len(self._loggers), len(self._quiet), self._held, *waiting, self.counts
        )

    def take(self, arrivals: Sequence[Arrival]) -> None:
        """Put packets in the queue for the disk; where too much waits, nothing more is read."""
        self._waiting.extend(arrivals)
        self._waiting_bytes += sum(len(arrival.incoming.raw) for arrival in arrivals)
        for arrival in arrivals:
            self.counts[arrival.incoming.verdict] += 1
        self._there.set()
        if self._waiting_bytes > self.limits.waiting_bytes and not self._held:
            self._held = True
            for logger in self._loggers:
                logger.hold()

    def ended(self, logger: Logger, exchange: Exchange) -> None:
        """Take note of what became of a request that somebody asked for."""
        if request := self._asked.pop((logger, exchange.packet.qn), None):
            self._ended.put_nowait((request, exchange))

    async def run(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Serve until told to stop; then what was received is kept and answered before it ends."""
        loop = asyncio.get_running_loop()
        self._most = min(self.limits.connections, _raise_file_limit(self.limits.connections))
        server = await loop.create_server(lambda: Logger(self), sock=listening, backlog=1024)
        tasks = [loop.create_task(work) for work in (self._keep(), self._tick(), self._errands(), self._results(), self._tell())]
        stopping = loop.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()
        finally:
            server.close()
            for logger in list(self._loggers):
                logger.hold()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._emptied(), 5.0)
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)

    async def _emptied(self) -> None:
        while self._waiting:
            await asyncio.sleep(0.01)

    async def _keep(self) -> None:
        """Write what waits, batch by batch, for ever; a database that is away is waited for."""
        while True:
            try:
                async with await AsyncConnection.connect(self._url, autocommit=True) as connection, holding(connection, packets.LOCK):
                    end = await packets.head(connection)
                    await packets.make_room(connection, end.seq + 1)
                    while True:
                        await self._there.wait()
                        end = await self._batch(connection, end)
            except psycopg.OperationalError as error:
                log.error("the database is away, nothing is acknowledged: %s", error)
                await asyncio.sleep(RETRY_S)

    async def _batch(self, connection: AsyncConnection, end: packets.End) -> packets.End:
        batch = list(islice(self._waiting, BATCH))
        new = await packets.append(connection, end, [arrival.incoming for arrival in batch])
        # Only now: where the connection broke in the middle they wait for the next one. Should that commit have come through after all,
        # they are kept twice, and what is read of them is the same.
        by_logger: dict[Logger, list[Arrival]] = {}
        for arrival in batch:
            self._waiting_bytes -= len(self._waiting.popleft().incoming.raw)
            by_logger.setdefault(arrival.logger, []).append(arrival)
        for logger, arrivals in by_logger.items():
            logger.kept(arrivals)
        if not self._waiting:
            self._there.clear()
        if self._held and self._waiting_bytes < self.limits.waiting_bytes // 2:
            self._held = False
            for logger in self._loggers:
                logger.go_on()
        return new

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_S)
            for logger in list(self._loggers):
                logger.tick(loop.time())

    async def _tell(self) -> None:
        """Write down how things stand, for those who watch over them."""
        while True:
            with suppress(psycopg.OperationalError):
                async with await AsyncConnection.connect(self._url, autocommit=True) as connection:
                    while True:
                        await feed_status.tell(connection, self.listening())
                        await asyncio.sleep(TELL_S)
            await asyncio.sleep(RETRY_S)

    async def _errands(self) -> None:
        """Ask devices what people and rules want of them."""
        while True:
            try:
                async with await AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {feed_requests.CHANNEL}")
                    while True:
                        await self._ask(connection)
                        await _hinted(connection)
            except psycopg.OperationalError:
                await asyncio.sleep(RETRY_S)

    async def _results(self) -> None:
        """Write down what became of what was asked; what can't be written is asked again in time."""
        while True:
            request, exchange = await self._ended.get()
            with suppress(psycopg.OperationalError):
                async with await AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await feed_requests.end(connection, request.request_id, exchange.stage.value, exchange.code, exchange.received)

    async def _ask(self, connection: AsyncConnection) -> None:
        speaking = {mn: logger for logger in self._loggers for mn in logger.speaking}
        for request in await feed_requests.waiting(connection, list(speaking)):
            logger = speaking[request.mn]
            device = logger.speaking.get(request.mn)
            if device is None:
                # It went away meanwhile.
                continue
            last = device.packet
            if request.begin_at and request.end_at and request.command in ("day", "hour", "minute"):
                wanted = history(last, request.command, request.begin_at, request.end_at)
            else:
                wanted = set_clock(last, datetime.now().astimezone())
            await feed_requests.sent(connection, request.request_id)
            self._asked[logger, logger.ask(wanted, device.key)] = request


def bound(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises
    ------
    SettingsError
        The port is taken, or the address is not this machine's.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)
    except OSError as error:
        raise SettingsError(f"can't listen for data loggers on {host}:{port}: {error.strerror}. Name another port") from error


async def _hinted(connection: AsyncConnection) -> None:
    async for _ in connection.notifies(timeout=LOOK_S, stop_after=1):
        return


def _raise_file_limit(connections: int) -> int:
    """Ask for as many open files as so many connections need; returns how many connections there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else soft - OTHER_FILES
