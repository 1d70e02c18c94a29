"""Data loggers over real TCP: each keeps its line, sends what it measures, repeats what is not answered, and does what it is asked."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from feeds.hj212.framing import Framer, Verdict
from feeds.hj212.packet import Packet, encode, moment, parse, request_number, split
from feeds.plants import Device, Event, happening, packet
from feeds.saying import moment_items, period_items
from gis.clock import BEIJING

log = logging.getLogger(__name__)

ANSWER_S = 10.0
RETRIES = 3
"""HJ 212-2017, table 1."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTES = timedelta(minutes=10)
SPANS = {"2051": MINUTES, "2061": HOUR, "2031": DAY}
MOST_ASKED = 24 * 40
"""Records that one request may bring."""


class LineLost(Exception):
    """The connection broke, or nobody answers."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often what is sent."""

    every_s: float = 60.0
    """Between real-time data."""
    back: timedelta = timedelta(0)
    """How far back hours and days are sent at the start."""
    minutes_back: timedelta = timedelta(0)
    """The same of minute data."""


def _floor(at: datetime, span: timedelta) -> datetime:
    local = at.astimezone(BEIJING)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (local - midnight) // span * span


class Line:
    """One logger's connection while it lasts."""

    def __init__(self, device: Device, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.device = device
        self._reader, self._writer = reader, writer
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._number = datetime.min.replace(tzinfo=UTC)

    async def listen(self) -> None:
        """Take answers, and do what is asked, until the line breaks."""
        framer = Framer()
        while data := await self._reader.read(1 << 14):
            for frame in framer.feed(data):
                if frame.verdict is Verdict.OK:
                    await self._hear(parse(frame.segment))
        raise LineLost

    async def send(self, cn: str, items: Sequence[str]) -> None:
        """Send data until they are acknowledged, in parts where they are long.

        Raises
        ------
        LineLost
            They were not, after some repetitions.
        """
        await self.deliver(packet(self.device, cn, ""), items)

    async def deliver(self, whole: Packet, items: Sequence[str]) -> None:
        """Send a packet of whatever device, as `send` does."""
        for part in split(whole, items):
            await self._acknowledged(replace(part, qn=self._next()))

    async def _acknowledged(self, part: Packet) -> None:
        answered = self._waiting[part.qn] = asyncio.get_running_loop().create_future()
        try:
            for _ in range(1 + RETRIES):
                self._writer.write(encode(part))
                await self._writer.drain()
                with suppress(TimeoutError):
                    return await asyncio.wait_for(asyncio.shield(answered), ANSWER_S)
            raise LineLost
        finally:
            answered.cancel()
            del self._waiting[part.qn]

    def _next(self) -> str:
        self._number = max(datetime.now(UTC), self._number + timedelta(milliseconds=1))
        return request_number(self._number)

    async def _hear(self, said: Packet) -> None:
        if said.cn in ("9013", "9014"):
            if (waiting := self._waiting.get(said.qn)) and not waiting.done():
                waiting.set_result(None)
            return
        self._say(said, "9011", "QnRtn=1")
        result = 1
        if span := SPANS.get(said.cn):
            begins = list(_asked(said, span))
            for begin in begins:
                quiet = replace(packet(self.device, said.cn, self._next()), flag=(said.flag or 0) & ~3)
                for part in split(quiet, period_items(self.device, begin, span)):
                    self._writer.write(encode(part))
                await self._writer.drain()
            result = 1 if begins else 100
        self._say(said, "9012", f"ExeRtn={result}")

    def _say(self, to: Packet, cn: str, cp: str) -> None:
        self._writer.write(encode(replace(to, st="91", cn=cn, flag=(to.flag or 0) & ~3, cp=cp)))


def _asked(said: Packet, span: timedelta) -> Iterator[datetime]:
    fields = dict(part.partition("=")[::2] for part in said.cp.replace(",", ";").split(";"))
    begin, end = moment(fields.get("BeginTime", "")), moment(fields.get("EndTime", ""))
    if begin is None or end is None:
        return
    at = _floor(begin, span)
    for _ in range(MOST_ASKED):
        if at > end or at + span > datetime.now(UTC):
            return
        yield at
        at += span


class Logger:
    """One data logger: what it has still to send, and its line when it has one."""

    def __init__(self, device: Device, pace: Pace, now: datetime) -> None:
        self.device, self.pace = device, pace
        self._sent = {cn: _floor(now - pace.back, span) for cn, span in SPANS.items()}
        self._sent["2051"] = _floor(now - pace.minutes_back, MINUTES)
        self.forgetful = device.chance("forgetful") < 0.2
        """Whether what happened while the line was lost is never sent."""

    async def run(self, host: str, port: int, count: Callable[[], None]) -> None:
        """Keep sending for ever."""
        await asyncio.sleep(self.pace.every_s * self.device.chance("phase"))
        pause = 1.0
        while True:
            if Event.LINE_LOST in happening(self.device, datetime.now(UTC)):
                await asyncio.sleep(self.pace.every_s)
                if self.forgetful:
                    self._forget()
                continue
            try:
                await self._connected(host, port, count)
                pause = 1.0
            except (OSError, LineLost, asyncio.IncompleteReadError) as error:
                log.debug("%s: %r", self.device.mn, error)
                await asyncio.sleep(pause * (1 + self.device.chance("pause")))
                pause = min(30.0, pause * 2)

    def _forget(self) -> None:
        self._sent = {cn: _floor(datetime.now(UTC), span) for cn, span in SPANS.items()}

    async def _connected(self, host: str, port: int, count: Callable[[], None]) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        line = Line(self.device, reader, writer)
        listening = asyncio.create_task(line.listen())
        sending = asyncio.create_task(self._send(line, count))
        try:
            done, _ = await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (listening, sending):
                task.cancel()
            await asyncio.gather(listening, sending, return_exceptions=True)
            writer.close()

    async def _send(self, line: Line, count: Callable[[], None]) -> None:
        while True:
            now = datetime.now(UTC)
            if Event.LINE_LOST in happening(self.device, now):
                return
            for cn, span in SPANS.items():
                while self._sent[cn] + span <= now:
                    await line.send(cn, period_items(self.device, self._sent[cn], span))
                    self._sent[cn] += span
                    count()
            await line.send("2011", moment_items(self.device, now))
            count()
            await asyncio.sleep(self.pace.every_s)


async def simulate(devices: Sequence[Device], host: str, port: int, pace: Pace, count: Callable[[], None] = lambda: None) -> None:
    """Run data loggers until cancelled."""
    now = datetime.now(UTC)
    async with asyncio.TaskGroup() as group:
        for device in devices:
            group.create_task(Logger(device, pace, now).run(host, port, count))
