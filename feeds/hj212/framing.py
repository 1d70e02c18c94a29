"""Cutting packets out of a stream of bytes: `##`, length, data segment, checksum, CR LF (HJ 212-2017, 6.3.1).

Nothing is trusted: not the length, which field loggers get wrong, nor the end of line, which some leave out. A packet ends at the first of

1. four hexadecimal digits at the declared length that are the segment's checksum,
2. `&&`, four hexadecimal digits and an end of line, wherever they stand,
3. the declared length, four hexadecimal digits and an end of line,
4. the beginning of the next packet,

so that a wrong length never swallows the packet behind it, and how the stream was cut on its way makes no difference.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from feeds.hj212 import crc

START = re.compile(rb"##(\d{4})")
NEXT = re.compile(rb"##\d{4}(?=(?:QN|ST|CN|PW|MN|Flag|PNUM|PNO|CP)=)")
"""A beginning that may interrupt: it is followed by a field that a segment begins with."""
NEXT_BYTES = 11
"""What must be there to tell such a beginning."""
END = re.compile(rb"&&[0-9A-Fa-f]{4}\r?\n")
CHECKSUM = re.compile(rb"[0-9A-Fa-f]{4}")
CLOSED = re.compile(rb"[0-9A-Fa-f]{4}\r?\n")
HEAD, TAIL = 6, 4
LONGEST = HEAD + 9999 + TAIL + 2
"""Bytes of the longest packet that four digits of length allow."""
NOISE = 1024
"""Bytes of noise that are handed out as one piece."""
BLANK = b"\r\n\t \0"


class Verdict(StrEnum):
    """Whether a packet arrived as it was sent, as far as length and checksum can tell."""

    OK = "ok"
    BAD_LENGTH = "bad_length"
    BAD_CRC = "bad_crc"
    BAD_LENGTH_AND_CRC = "bad_length_and_crc"
    MODBUS_CRC = "modbus_crc"
    """The checksum is that of Modbus: a logger set up wrongly. Kept and counted, not accepted."""
    TRUNCATED = "truncated"
    """It breaks off before a checksum."""
    NOISE = "noise"
    """What is no packet at all."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One packet, or a stretch of noise, as it came."""

    raw: bytes
    """All of its bytes, without the end of line."""
    verdict: Verdict
    segment: bytes = b""
    declared: int | None = None
    """Length of the segment as the packet says it."""


def _intact(segment: bytes, declared: int) -> bool:
    """Whether the length is right, counted in bytes (2025) or in characters (2017)."""
    if len(segment) == declared:
        return True
    try:
        return not segment.isascii() and len(segment.decode()) == declared
    except UnicodeDecodeError:
        return False


def judge(raw: bytes) -> Frame:
    """Return the frame of what was cut out as a packet: from `##` to the checksum, an end of line behind it or not."""
    raw = raw.rstrip(BLANK)
    head, segment, told = raw[2:HEAD], raw[HEAD:-TAIL], raw[-TAIL:]
    if len(raw) < HEAD + TAIL or not CHECKSUM.fullmatch(told) or not head.isdigit():
        return Frame(raw, Verdict.TRUNCATED if START.match(raw) and b"=" in raw else Verdict.NOISE, raw[HEAD:])
    declared, value = int(head), int(told, 16)
    intact = _intact(segment, declared)
    if crc.hj212(segment) == value:
        verdict = Verdict.OK if intact else Verdict.BAD_LENGTH
    elif not intact:
        # What breaks off may end in four digits by chance, but not behind the mark that closes the parameters.
        verdict = Verdict.BAD_LENGTH_AND_CRC if segment.rstrip().endswith(b"&&") else Verdict.TRUNCATED
    else:
        verdict = Verdict.MODBUS_CRC if crc.modbus(segment) == value else Verdict.BAD_CRC
    return Frame(raw, verdict, segment, declared)


class Framer:
    """What has come of a stream and is not yet a packet."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield what is complete once some more bytes are there, in order; noise too, but not the blanks between packets."""
        self._pending += data
        yield from self._cut(final=False)

    def flush(self) -> Iterator[Frame]:
        """Yield what is left as what it is: the stream ended, or was silent for long."""
        yield from self._cut(final=True)
        left, self._pending = self._pending, b""
        yield from _noise(left)

    @property
    def pending(self) -> int:
        """Bytes that wait for more."""
        return len(self._pending)

    def _cut(self, *, final: bool) -> Iterator[Frame]:
        data, at = self._pending, 0
        while at < len(data):
            found = START.match(data, at) or START.search(data, at)
            begin = found.start() if found else _hopeful(data, at)
            if begin > at:
                # Noise goes out in pieces of one size, however it came, and its rest with what ends it.
                if not found and not final:
                    begin = at + (begin - at) // NOISE * NOISE
                yield from _noise(data[at:begin])
            at = begin
            cut = _next(data, at, int(found[1]), final=final) if found else None
            if cut is None:
                break
            frame, at = cut
            yield frame
        self._pending = data[at:]


def _noise(data: bytes) -> Iterator[Frame]:
    if data.strip(BLANK):
        for at in range(0, len(data), NOISE):
            yield Frame(data[at : at + NOISE], Verdict.NOISE)


def _hopeful(data: bytes, at: int) -> int:
    """Return where a beginning may stand that is not all there yet."""
    for begin in range(max(at, len(data) - HEAD + 1), len(data)):
        rest = data[begin:]
        if rest == b"#" or (rest[:2] == b"##" and rest[2:].isdigit()) or rest == b"##":
            return begin
    return len(data)


def _next(data: bytes, at: int, declared: int, *, final: bool) -> tuple[Frame, int] | None:
    """Return the packet that begins at a place, and where it ends; None where more must come first."""
    limit = min(len(data), at + LONGEST)
    ends = []
    close = at + HEAD + declared
    whole = None
    if close + TAIL <= limit and CHECKSUM.fullmatch(told := data[close : close + TAIL]):
        if crc.hj212(segment := data[at + HEAD : close]) == int(told, 16):
            limit = close + TAIL
            whole = Frame(data[at:limit], Verdict.OK, segment, declared), limit
        elif closed := CLOSED.match(data, close, close + TAIL + 2):
            limit = closed.end()
            ends.append(limit)
    if data.find(b"\n", at, limit) >= 0 and (closed := END.search(data, at + HEAD, limit)):
        ends.append(closed.end())
    if (
        data.find(b"##", at + 2, limit + 1) >= 0
        and (follower := NEXT.search(data, at + 2, limit + NEXT_BYTES))
        and follower.start() < limit
    ):
        ends.append(follower.start())
    if ends:
        return judge(data[at : min(ends)]), min(ends)
    if whole:
        return whole
    # The whole of a beginning that straddles the limit must be there before anything is cut.
    if final or len(data) >= at + LONGEST + NEXT_BYTES:
        return judge(data[at:limit]), limit
    return None
