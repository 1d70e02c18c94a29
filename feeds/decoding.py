"""What a stream of HJ 212 says, packet by packet, for people and programs that look into it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from feeds.hj212 import crc
from feeds.hj212.framing import Frame, Framer, Verdict
from feeds.hj212.locks import unlocked
from feeds.hj212.packet import Packet, parse
from feeds.hj212.tables import codes, likely


@dataclass(frozen=True, slots=True)
class Decoded:
    """One packet, or a stretch of noise."""

    frame: Frame
    packet: Packet | None
    """None of noise."""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        frame = self.frame
        row: dict[str, Any] = {"verdict": frame.verdict.value, "bytes": len(frame.raw)}
        if frame.declared is not None:
            told = frame.raw[-4:].decode("ascii").upper()
            row |= {"declared": frame.declared, "actual": len(frame.segment), "crc": told, "crc_hj212": f"{crc.hj212(frame.segment):04X}"}
        if self.packet is None:
            return row | {"raw": frame.raw.decode("utf-8", "backslashreplace")}
        packet = self.packet
        known = likely(packet.cn, packet.cp)
        names = {"command": known.name if known else None, "system": codes()["systems"].get(packet.st)}
        return row | {"edition": packet.edition.value} | {key: name for key, name in names.items() if name} | packet.as_json()


def _decoded(frame: Frame, keys: Sequence[bytes]) -> Decoded:
    if frame.verdict is Verdict.NOISE:
        return Decoded(frame, None)
    frame, _ = unlocked(frame, keys)
    return Decoded(frame, parse(frame.segment))


def decode(pieces: Iterable[bytes], keys: Sequence[bytes] = ()) -> Iterator[Decoded]:
    """Yield what a stream holds, in order; any bytes will do.

    Parameters
    ----------
    pieces : iterable of bytes
        The stream, however it was cut.
    keys : sequence of bytes
        SM4 keys that the devices may have, 16 bytes each.
    """
    framer = Framer()
    for piece in pieces:
        for frame in framer.feed(piece):
            yield _decoded(frame, keys)
    for frame in framer.flush():
        yield _decoded(frame, keys)
