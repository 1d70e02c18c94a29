"""What has to hold of whatever bytes a logger sends, as one function: random tests ask it, and a fuzzer that looks at coverage."""

import csv
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from feeds.hj212.assembly import MOST_BYTES, Assembler
from feeds.hj212.dialogue import Dialogue, answer
from feeds.hj212.framing import LONGEST, NEXT_BYTES, Frame, Framer, Verdict
from feeds.hj212.locks import unlocked
from feeds.hj212.packet import encode, framed, parse
from feeds.hj212.requests import history
from feeds.reading import AHEAD, BEHIND, FACTOR, readings
from gis.store.readings import VALUES

SHARED = Path(__file__).parents[2] / "shared" / "data" / "hj212" / "vectors.tsv"
GOOD = framed(
    b"QN=20260301080000000;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;CP=&&DataTime=20260301080000;w01018-Rtd=1.0&&"
)
LOCKED = framed(b"QN=20260301080000000;ST=32;CN=2011;PW=1;MN=M;Flag=9;CP=&&{0xE4,0x3E,0x01}tail&&")
PART = framed(b"QN=20260301080000000;ST=31;CN=2051;PW=1;MN=M;Flag=7;PNUM=3;PNO=2;CP=&&DataTime=20260301080000;a21026-Avg=1,a21026-Flag=N&&")
MINUTE = framed(
    "QN=20260301080000000;ST=31;CN=2061;PW=1;MN=M;Flag=5;CP=&&DataTime=20260301080000;a21026-Avg=1.5,a21026-Min=1,a21026-Max=2,"
    "a21026-ZsAvg=3,a21026-Cou=9,a21026-Flag=N;i11001-Info=//仪器校准//&&".encode()
)
NOW = datetime(2026, 3, 1, 1, tzinfo=UTC)
KEYS = (b"0" * 16,)


def seeds() -> list[bytes]:
    """Return packets to begin from: our own, and the vectors where they lie beside the checkout."""
    found = [GOOD, LOCKED, PART, MINUTE, GOOD + PART, b"##0123", b"\0" * 9 + GOOD]
    if SHARED.exists():
        with SHARED.open(encoding="utf-8", newline="") as file:
            found += [row["message"].encode() for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return found


PARTS = (
    b"##",
    b"&&",
    b"\r\n",
    b"##0000",
    b"##9999",
    b"CP=&&",
    b"Flag=",
    b"PNUM=",
    b"PNO=1",
    b";",
    b",",
    b"=",
    b"//",
    b"{0x",
    b"\xe4",
    b"QN=",
)


def mutated(random: Random, corpus: list[bytes]) -> bytes:
    """Return a packet of a corpus changed in a few places, or two of them spliced."""
    data = bytearray(random.choice(corpus))
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(data) + 1)
        match random.randrange(7):
            case 0:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                data[at:at] = random.choice(PARTS)
            case 2:
                del data[at : at + random.randint(1, 20)]
            case 3:
                data[at:at] = data[at : at + random.randint(1, 40)]
            case 4:
                data[at:] = random.choice(corpus)[random.randrange(40) :]
            case 5:
                data[2:6] = b"%04d" % random.randrange(10_000)
            case _:
                data[at : at + 4] = str(random.choice((0, -1, 255, 2**31, 1e308, math.nan, "é"))).encode()
    # Half of them with length and checksum that are right, so that what is behind them is met too.
    return framed(bytes(data[6:-6])) if random.randrange(2) else bytes(data)


def _frames(*pieces: bytes) -> list[Frame]:
    framer, found = Framer(), []
    for piece in pieces:
        found += framer.feed(piece)
        assert framer.pending <= LONGEST + NEXT_BYTES, "what waits for more is bounded"
    found += framer.flush()
    assert framer.pending == 0
    return found


class Claims:
    """Holds what a connection holds, so that what many packets do to it is seen too."""

    def __init__(self) -> None:
        self.assembler, self.dialogue = Assembler(), Dialogue()

    def hold(self, data: bytes) -> None:
        """Take what came, with a good packet behind it; fails where something does not hold."""
        stream = data + GOOD
        found = _frames(stream)
        cut = len(data) * 2 // 3
        assert _frames(stream[:cut], stream[cut:]) == found, "how a stream was cut makes no difference"
        assert found[-1].verdict is Verdict.OK, "a good packet is not swallowed"
        assert found[-1].raw == GOOD.strip(), "nor is anything taken for a part of it"
        assert sum(len(frame.raw) for frame in found) <= len(stream)
        for frame in found[:-1]:
            if frame.verdict is not Verdict.NOISE:
                self._told(unlocked(frame, KEYS)[0])
        assert self.assembler.waiting_bytes <= MOST_BYTES

    def _told(self, frame: Frame) -> None:
        packet = parse(frame.segment)
        if frame.verdict is not Verdict.OK:
            return
        self.dialogue.hear(packet, NOW)
        said = [encode(one) for one in (answer(packet), history(packet, "hour", NOW, NOW)) if one]
        assert [frame.verdict for frame in _frames(*said)] == [Verdict.OK] * len(said), "what we say can be read"
        whole = self.assembler.add(packet)
        if whole is None:
            return
        for reading in readings(whole, NOW)[0]:
            assert FACTOR.fullmatch(reading.factor)
            assert NOW - BEHIND - timedelta(days=1) <= reading.at <= NOW + AHEAD
            assert all(math.isfinite(value) for name in VALUES[:7] if (value := getattr(reading, name)) is not None)
            assert all("\0" not in text for text in (reading.flag, reading.eflag) if text)
