"""The dialogue of platform and logger (HJ 212-2017, 6.5): answers, requests, timeouts, repetitions. No socket and no clock inside.

Request: request → 9011 → data, each answered by 9014 where asked → 9012. Upload: data → 9014. Notice: notice → 9013.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.hj212.locks import locked
from feeds.hj212.packet import Packet, request_number
from feeds.hj212.tables import codes, command

INTERACTION = "91"
"""System code of answers."""
ANSWERS = {"upload": "9014", "notice": "9013", "request": "9011"}
"""What the receiver of a command says, by the command's kind."""
MOST_OPEN = 1000
"""Requests and notices of one connection that wait for their ends."""
DONE, ACCEPTED = 1, 1
"""ExeRtn and QnRtn of success (tables 6 and 7)."""


def answer(packet: Packet) -> Packet | None:
    """Return what the platform says to a packet from the field, once it is kept; None where nothing is to be said.

    The answer bears the number, password and device of what it answers, the version of its edition, and no parameters (annex C.14).
    """
    known = command(packet.cn, "up")
    if (known and known.kind == "answer") or not packet.mn:
        return None
    kind = known.kind if known else "upload"
    if kind == "upload" and not packet.wants_answer:
        return None
    flag = None if packet.flag is None else packet.flag & ~3
    cp = f"QnRtn={ACCEPTED}" if kind == "request" else ""
    return Packet(qn=packet.qn, st=INTERACTION, cn=ANSWERS[kind], pw=packet.pw, mn=packet.mn, flag=flag, cp=cp)


class Stage(StrEnum):
    """How far a request has come."""

    SENT = "sent"
    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    NO_ANSWER = "no_answer"
    """Repeated as often as it may be, and no 9011 or 9013 came."""
    NO_RESULT = "no_result"
    """Accepted, then silence."""


OPEN = frozenset({Stage.SENT, Stage.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request or notice of the platform."""

    packet: Packet
    data: bytes
    """As it goes out."""
    stage: Stage
    deadline: datetime
    sent: int = 1
    """Times that it was sent."""
    received: int = 0
    """Packets of data that came for it."""
    code: int | None = None
    """QnRtn or ExeRtn that ended it."""


def _returned(packet: Packet, name: str) -> int | None:
    for part in packet.cp.replace(",", ";").split(";"):
        key, _, value = part.partition("=")
        if key.strip() == name and value.strip().isascii() and value.strip().isdigit():
            return int(value)
    return None


class Dialogue:
    """What the platform has asked of the devices at one connection, and what became of it.

    Parameters
    ----------
    timeout : timedelta
        How long an answer or the next packet may take (table 1: 10 s, over ADSL 5 s).
    retries : int
        How often a request is repeated (table 1: 3).
    """

    def __init__(self, timeout: timedelta | None = None, retries: int | None = None) -> None:
        self.timeout = timeout or timedelta(seconds=codes()["timeout_s"])
        self.retries = codes()["retries"] if retries is None else retries
        self._open: dict[str, Exchange] = {}
        self._numbers: dict[tuple[str, str], list[str]] = {}
        """Command and device → the numbers of what is open."""
        self._last: datetime | None = None

    def asks(self, cn: str, mn: str) -> bool:
        """Whether a command to a device is open."""
        return (cn, mn) in self._numbers

    @property
    def full(self) -> bool:
        """Whether so much is open that no more should be asked for."""
        return len(self._open) >= MOST_OPEN

    @property
    def deadline(self) -> datetime | None:
        """When `due` should be called next; None where nothing is open."""
        return min((exchange.deadline for exchange in self._open.values()), default=None)

    def ask(self, packet: Packet, now: datetime, key: bytes | None = None) -> tuple[str, bytes]:
        """Return number, made of `now` and each its own, and bytes of a request or notice; `key`: SM4, where the device encrypts."""
        self._last = now = now if self._last is None else max(now, self._last + timedelta(milliseconds=1))
        packet = replace(packet, qn=request_number(now))
        self._open[packet.qn] = Exchange(packet, data := locked(packet, key), Stage.SENT, now + self.timeout)
        self._numbers.setdefault((packet.cn, packet.mn), []).append(packet.qn)
        return packet.qn, data

    def hear(self, packet: Packet, now: datetime) -> Exchange | None:
        """Take note of a packet from the field; returns the exchange that it ended, if any."""
        if packet.cn not in {"9011", "9012", "9013"}:
            self._progress(packet, now)
            return None
        exchange = self._open.get(packet.qn)
        if exchange is None:
            return None
        match packet.cn:
            case "9011":
                code = _returned(packet, "QnRtn")
                stage = Stage.ACCEPTED if code == ACCEPTED else Stage.REFUSED
            case "9012":
                code = _returned(packet, "ExeRtn")
                stage = Stage.DONE if code == DONE else Stage.FAILED
            case _:
                code, stage = None, Stage.DONE
        return self._settle(replace(exchange, stage=stage, code=code, deadline=now + self.timeout))

    def due(self, now: datetime) -> Iterator[bytes | Exchange]:
        """Yield what time demands: bytes to send again, exchanges that are given up."""
        for number, exchange in list(self._open.items()):
            if exchange.deadline > now:
                continue
            if exchange.stage is Stage.SENT and exchange.sent <= self.retries:
                self._open[number] = replace(exchange, sent=exchange.sent + 1, deadline=now + self.timeout)
                yield exchange.data
                continue
            stage = Stage.NO_ANSWER if exchange.stage is Stage.SENT else Stage.NO_RESULT
            self._close(exchange)
            yield replace(exchange, stage=stage)

    def _progress(self, packet: Packet, now: datetime) -> None:
        """Keep a request open while its data come: they bear numbers of their own (annex C.50), so command and device tell."""
        for number in self._numbers.get((packet.cn, packet.mn), ()):
            exchange = self._open[number]
            if exchange.stage is Stage.ACCEPTED:
                self._open[number] = replace(exchange, received=exchange.received + 1, deadline=now + self.timeout)
                return

    def _settle(self, exchange: Exchange) -> Exchange | None:
        if exchange.stage in OPEN:
            self._open[exchange.packet.qn] = exchange
            return None
        self._close(exchange)
        return exchange

    def _close(self, exchange: Exchange) -> None:
        packet = exchange.packet
        del self._open[packet.qn]
        numbers = self._numbers[packet.cn, packet.mn]
        numbers.remove(packet.qn)
        if not numbers:
            del self._numbers[packet.cn, packet.mn]
