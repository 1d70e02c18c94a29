"""Putting together what was sent in parts (PNUM, PNO: HJ 212-2017, 6.3.2)."""

from collections import OrderedDict
from dataclasses import replace

from feeds.hj212.packet import Packet

MOST_PARTS = 100
MOST_OPEN = 4096
"""Packets that wait for parts; beyond that the oldest is given up."""


class Assembler:
    """Parts that wait for the others.

    Parts of one packet have system, command and device in common; some loggers give each a QN of its own (annex C.50), so it tells nothing.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str, str, str, int], dict[int, Packet]] = OrderedDict()
        self.given_up = 0

    def add(self, packet: Packet) -> Packet | None:
        """Return a packet that is whole: the one given where it is no part, the joint one where it is the last part; else None."""
        if not packet.split:
            return packet
        assert packet.pnum is not None  # noqa: S101 — `split` says so
        assert packet.pno is not None  # noqa: S101
        if packet.pnum > MOST_PARTS or not 1 <= packet.pno <= packet.pnum:
            return packet
        key = (packet.mn, packet.st, packet.cn, packet.pnum)
        parts = self._open.setdefault(key, {})
        if packet.pno in parts and parts[packet.pno].cp != packet.cp:
            # The next one of its kind begins: what is missing of the former will not come any more.
            self.given_up += 1
            self._open[key] = parts = {}
        parts[packet.pno] = packet
        self._open.move_to_end(key)
        if len(parts) == packet.pnum:
            del self._open[key]
            return _joint([parts[number] for number in range(1, packet.pnum + 1)])
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
            self.given_up += 1
        return None


def _joint(parts: list[Packet]) -> Packet:
    first = parts[0]
    begin, _, _ = first.cp.partition(";")
    rest = [part.cp.removeprefix(begin + ";") if begin.startswith("DataTime=") else part.cp for part in parts[1:]]
    return replace(first, flag=(first.flag or 0) & ~2, pnum=None, pno=None, cp=";".join(cp.strip(";") for cp in (first.cp, *rest)))
