"""Frames whose parameters are encrypted: their checksum is that of the plain segment, so that it can be told only with the key."""

from collections.abc import Iterable
from dataclasses import replace

from feeds.hj212.cipher import decrypted, encrypted, must_encrypt
from feeds.hj212.framing import Frame, Verdict, judge
from feeds.hj212.packet import Packet, framed, segment

MARK = b"CP=&&{0x"
CLOSING = 6
"""Bytes of checksum and end of line."""


def unlocked(frame: Frame, keys: Iterable[bytes]) -> tuple[Frame, bytes | None]:
    """Return a frame in plain and its key where one fits, else as it is, and None.

    A frame that fits no key keeps its bad verdict: whether it is damaged or locked can't be told, and it is kept either way. The length may
    be that of the wire or of the plain segment.
    """
    if MARK not in frame.segment or frame.declared is None:
        return frame, None
    head, _, cp = frame.segment.partition(b"CP=&&")
    written, _, behind = cp.rpartition(b"&&")
    for key in keys:
        plain = decrypted(key, written.decode("utf-8", "replace"))
        if plain is None:
            continue
        said = b"%sCP=&&%s&&%s" % (head, plain.encode(), behind)
        told = frame.raw[-4:]
        opened = judge(b"##%04d%s%s" % (len(said), said, told))
        if opened.verdict is Verdict.OK:
            fits = frame.declared in (len(frame.segment), len(said))
            return replace(frame, segment=said, verdict=Verdict.OK if fits else Verdict.BAD_LENGTH), key
    return frame, None


def locked(packet: Packet, key: bytes | None) -> bytes:
    """Return the bytes of a packet, encrypted where there is a key and the command asks for it: its length is that of what goes out."""
    plain = framed(segment(packet))
    if key is None or not must_encrypt(packet.cn):
        return plain
    said = segment(replace(packet, cp=encrypted(key, packet.cp)))
    return b"##%04d%s%s" % (len(said), said, plain[-CLOSING:])
