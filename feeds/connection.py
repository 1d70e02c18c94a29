"""One connection of a data logger: bytes in, packets to keep out, and what is said back once they are kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from feeds.hj212.dialogue import Dialogue, Exchange, answer
from feeds.hj212.framing import Frame, Framer, Verdict
from feeds.hj212.locks import unlocked
from feeds.hj212.packet import Packet, encode, parse
from feeds.hj212.requests import set_clock
from gis.store.packets import Incoming

CLOCK_WANTED = "1013"
LONGEST_MN = 64
MOST_DEVICES = 4096
"""Devices of one connection, as of a platform that forwards for others."""
LONGEST_FIELD = 16
"""Of what is remembered of a device: its system, its password."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one logger, and all of them together, may take."""

    connections: int = 5000
    devices: int = 100_000
    """Devices of all connections that are remembered, so that they can be asked for something."""
    per_second: float = 200.0
    """Packets of one connection; beyond that it is read no faster."""
    burst: float = 1000.0
    unanswered: int = 500
    """Packets of one connection that are not yet kept."""
    waiting_bytes: int = 64 << 20
    """Of all packets that are not yet kept."""
    noise_bytes: int = 1 << 16
    """In a row and without a packet; who sends more is no logger."""
    first_packet_s: float = 60.0
    """Until the first packet is there, however fast its bytes come."""
    silent_s: float = 900.0
    """Between packets."""
    write_bytes: int = 1 << 16
    """Answers that a logger does not fetch."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet on its way to the disk."""

    logger: "Logger"
    packet: Packet | None
    """None where nothing can be answered to it."""
    incoming: Incoming


class House(Protocol):
    """What a connection needs of whoever accepted it."""

    limits: Limits
    keys: Sequence[bytes]
    devices: int
    """Devices that are remembered."""

    def take(self, arrivals: Sequence[Arrival]) -> None:
        """Keep packets; `Logger.kept` is called once they are on disk."""

    def joined(self, logger: "Logger") -> bool:
        """Register a connection; False where there are too many."""

    def left(self, logger: "Logger") -> None:
        """Forget a connection."""

    def spoke(self, logger: "Logger") -> None:
        """Take note that a packet came of a connection, its first."""

    def hung_up(self, why: str) -> None:
        """Take note that a connection was ended by us."""

    def ended(self, logger: "Logger", exchange: Exchange) -> None:
        """Take note of what became of a request."""


def _name(text: str) -> str:
    """Return the device's number as the store takes it: bounded, and without what text can't hold there."""
    return text.replace("\0", "")[:LONGEST_MN]


@dataclass(frozen=True, slots=True)
class Speaking:
    """A device that speaks at a connection."""

    packet: Packet
    """What it needs to be asked for something: system, password, number, edition."""
    key: bytes | None
    """SM4, where it encrypts."""


@dataclass(eq=False)
class Logger(asyncio.Protocol):
    """A connection."""

    house: House
    framer: Framer = field(default_factory=Framer)
    dialogue: Dialogue = field(default_factory=Dialogue)
    source: str = ""
    unanswered: int = 0
    noise: int = 0
    packets: int = 0
    speaking: dict[str, Speaking] = field(default_factory=dict)
    """Devices by their numbers."""
    _transport: asyncio.Transport | None = None
    _tokens: float = 0.0
    _heard: float = 0.0
    """When bytes came."""
    _spoke: float = 0.0
    """When a packet came."""
    _reasons: set[str] = field(default_factory=set)
    """Why nothing is read from it now."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept it, or hang up where there are too many."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 — what a TCP server gives
        self._transport = transport
        peer = transport.get_extra_info("peername") or ("", 0)
        self.source = f"tcp {peer[0]} {peer[1]}"
        self._heard = self._spoke = asyncio.get_running_loop().time()
        self._tokens = self.house.limits.burst
        transport.set_write_buffer_limits(high=self.house.limits.write_bytes)
        if not self.house.joined(self):
            self.hang_up("refused")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — the shape that asyncio wants
        """Keep what is left of the stream, and give up what was asked."""
        self._take(list(self.framer.flush()))
        self._transport = None
        self.house.left(self)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        now = asyncio.get_running_loop().time()
        limits = self.house.limits
        self._tokens = min(limits.burst, self._tokens + (now - self._heard) * limits.per_second)
        self._heard = now
        frames = list(self.framer.feed(data))
        self._take(frames)
        self._tokens -= len(frames)
        if self._tokens < 0 and "rate" not in self._reasons:
            self._pause("rate")
            asyncio.get_running_loop().call_later(-self._tokens / limits.per_second, self._resume, "rate")
        if self.unanswered > limits.unanswered:
            self._pause("unanswered")
        if self.noise > limits.noise_bytes:
            self.hang_up("noisy")

    def hang_up(self, why: str) -> None:
        """End it: refused, idle (never a packet), silent (none for long), noisy, or it makes room for another that speaks."""
        if self._transport and not self._transport.is_closing():
            self._transport.abort()
            self.house.hung_up(why)

    def pause_writing(self) -> None:
        """Read nothing more while answers pile up."""
        self._pause("answers")

    def resume_writing(self) -> None:
        """Read on."""
        self._resume("answers")

    def kept(self, arrivals: Sequence[Arrival]) -> None:
        """Say what is to be said to packets that are on disk now."""
        self.unanswered -= len(arrivals)
        if self.unanswered <= self.house.limits.unanswered // 2:
            self._resume("unanswered")
        if self._transport is None:
            return
        answers = []
        for arrival in arrivals:
            if arrival.packet is None:
                continue
            if said := answer(arrival.packet):
                answers.append(encode(said))
            # Who asks again before he has answered waits for the one that is under way.
            if arrival.packet.cn == CLOCK_WANTED and not self.dialogue.full:
                now = datetime.now(UTC)
                wanted = set_clock(arrival.packet, now)
                if not self.dialogue.asks(wanted.cn, wanted.mn):
                    answers.append(self.dialogue.ask(wanted, now)[1])
        if answers:
            self._transport.write(b"".join(answers))

    def ask(self, packet: Packet, key: bytes | None) -> str:
        """Send a request, encrypted where the device has a key; returns its number."""
        number, data = self.dialogue.ask(packet, datetime.now(UTC), key)
        if self._transport:
            self._transport.write(data)
        return number

    def tick(self, now: float) -> None:
        """Do what time demands: repeat requests, hang up on who is silent."""
        limits = self.house.limits
        if self._reasons - {"answers"}:
            # It is we who don't read; who doesn't fetch his answers is silent all the same.
            self._heard = self._spoke = now
        silent = now - self._spoke
        if silent > limits.silent_s or (not self.packets and silent > limits.first_packet_s):
            self.hang_up("silent" if self.packets else "idle")
            return
        if self.framer.pending and now - self._heard > self.dialogue.timeout.total_seconds():
            self._take(list(self.framer.flush()))
        if self.dialogue.deadline:
            for due in self.dialogue.due(datetime.now(UTC)):
                if isinstance(due, Exchange):
                    self.house.ended(self, due)
                elif self._transport:
                    self._transport.write(due)

    def hold(self) -> None:
        """Read nothing for now: too much waits for the disk."""
        self._pause("disk")

    def go_on(self) -> None:
        """Read on."""
        self._resume("disk")

    def _take(self, frames: Sequence[Frame]) -> None:
        received = datetime.now(UTC)
        arrivals = [self._arrival(frame, received) for frame in frames]
        if arrivals:
            self.unanswered += len(arrivals)
            self.house.take(arrivals)

    def _arrival(self, frame: Frame, received: datetime) -> Arrival:
        if frame.verdict is Verdict.NOISE:
            self.noise += len(frame.raw)
            return Arrival(self, None, Incoming(received, self.source, "", frame.verdict.value, frame.raw))
        self.noise = 0
        frame, key = unlocked(frame, self.house.keys)
        packet = parse(frame.segment)
        if frame.verdict is not Verdict.TRUNCATED:
            # Damaged ones too: a logger with a wrong checksum is to be seen, not sent away.
            self._spoke = asyncio.get_running_loop().time()
            self.packets += 1
            if self.packets == 1:
                self.house.spoke(self)
        incoming = Incoming(received, self.source, _name(packet.mn), frame.verdict.value, frame.raw)
        if frame.verdict is not Verdict.OK:
            return Arrival(self, None, incoming)
        if incoming.mn:
            self._remember(incoming.mn, packet, key)
        if ended := self.dialogue.hear(packet, received):
            self.house.ended(self, ended)
        return Arrival(self, packet, incoming)

    def _remember(self, mn: str, packet: Packet, key: bytes | None) -> None:
        if (known := self.speaking.get(mn)) is None:
            if len(self.speaking) >= MOST_DEVICES or self.house.devices >= self.house.limits.devices:
                return
            self.house.devices += 1
        elif (known.packet.st, known.packet.pw, known.packet.flag, known.key) == (packet.st, packet.pw, packet.flag, key):
            return
        st, pw = packet.st[:LONGEST_FIELD], packet.pw[:LONGEST_FIELD]
        # Some commands go in plain: who has encrypted once can read it.
        self.speaking[mn] = Speaking(Packet(st=st, pw=pw, mn=mn, flag=packet.flag), key or (known.key if known else None))

    def _pause(self, why: str) -> None:
        if not self._reasons and self._transport and not self._transport.is_closing():
            self._transport.pause_reading()
        self._reasons.add(why)

    def _resume(self, why: str) -> None:
        if why in self._reasons:
            self._reasons.discard(why)
            if not self._reasons and self._transport and not self._transport.is_closing():
                self._transport.resume_reading()
