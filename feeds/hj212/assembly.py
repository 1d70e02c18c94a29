"""Putting together what was sent in parts (PNUM, PNO: HJ 212-2017, 6.3.2)."""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from feeds.hj212.packet import Packet, moment

MOST_PARTS = 100
MOST_BYTES = 8 << 20
"""Of all parts that wait; beyond that the oldest packets are given up."""
APART = timedelta(minutes=2)
"""Parts of one packet that bear numbers further apart are of two: each is acknowledged within 10 s, or repeated up to three times."""
OVERHEAD = 512
"""Bytes that a part costs beside its text, about."""
Parts = dict[int, Packet]


class Assembler:
    """Parts that wait for the others.

    Parts of one packet have system, command and device in common. Most loggers give them one QN, some a QN each (annex C.50); the latter
    then send them in order. So a part that was lost does not let parts of two packets come together.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str, str, str, int], Parts] = OrderedDict()
        self._bytes = 0
        self._given_up: Counter[str] = Counter()

    @property
    def waiting_bytes(self) -> int:
        """What waits for other parts, about."""
        return self._bytes

    def given_up(self) -> Mapping[str, int]:
        """Return the packets that were given up since this was asked last, by device."""
        found, self._given_up = self._given_up, Counter()
        return found

    def add(self, packet: Packet) -> Packet | None:
        """Return a packet that is whole: the one given where it is no part, the joint one where it is the last part; else None."""
        if not packet.split:
            return packet
        assert packet.pnum is not None  # noqa: S101 — `split` says so
        assert packet.pno is not None  # noqa: S101
        if packet.pnum > MOST_PARTS or not 1 <= packet.pno <= packet.pnum:
            return packet
        key = (packet.mn, packet.st, packet.cn, packet.pnum)
        parts = self._open.pop(key, {})
        staying = _of_the_same(parts, packet)
        if len(staying) < len(parts):
            self._given_up[packet.mn] += 1
        self._bytes -= sum(map(_size, parts.values()))
        # What no edition has is not waited with.
        parts = staying | {packet.pno: replace(packet, others={})}
        if len(parts) == packet.pnum:
            return _joint([parts[number] for number in range(1, packet.pnum + 1)])
        self._open[key] = parts
        self._bytes += sum(map(_size, parts.values()))
        while self._bytes > MOST_BYTES:
            (mn, *_), oldest = self._open.popitem(last=False)
            self._bytes -= sum(map(_size, oldest.values()))
            self._given_up[mn] += 1
        return None


def _size(part: Packet) -> int:
    return OVERHEAD + sum(map(len, (part.qn, part.st, part.cn, part.pw, part.mn, part.cp)))


def _of_the_same(parts: Parts, packet: Packet) -> Parts:
    """Return those of the parts that wait which belong to the packet that a new part is of."""
    same = {number: part for number, part in parts.items() if part.qn == packet.qn}
    if same:
        # The next one of its kind may bear the number again: then a part says something else.
        again = same.get(packet.pno or 0)
        return {} if again and again.cp != packet.cp else same
    if len({part.qn for part in parts.values()}) < len(parts):
        return {}
    if (again := parts.get(packet.pno or 0)) and again.cp == packet.cp:
        return parts
    in_order = all(number < (packet.pno or 0) for number in parts)
    return parts if in_order and not any(_far(part, packet) for part in parts.values()) else {}


def _far(one: Packet, other: Packet) -> bool:
    first, second = moment(one.qn), moment(other.qn)
    return first is not None and second is not None and abs(second - first) > APART


def _joint(parts: list[Packet]) -> Packet:
    first = parts[0]
    begin, _, _ = first.cp.partition(";")
    rest = [part.cp.removeprefix(begin + ";") if begin.startswith("DataTime=") else part.cp for part in parts[1:]]
    return replace(first, flag=(first.flag or 0) & ~2, pnum=None, pno=None, cp=";".join(cp.strip(";") for cp in (first.cp, *rest)))
