"""Frames whose parameters are encrypted: their checksum is that of the plain segment, so that it can be told only with the key."""

from collections.abc import Iterable
from dataclasses import replace

from feeds.hj212.cipher import decrypted
from feeds.hj212.framing import Frame, Verdict, judge

MARK = b"CP=&&{0x"


def unlocked(frame: Frame, keys: Iterable[bytes]) -> Frame:
    """Return a frame in plain where one of the keys fits, else as it is.

    A frame that fits no key keeps its bad verdict: whether it is damaged or locked can't be told, and it is kept either way. The length may
    be that of the wire or of the plain segment.
    """
    if MARK not in frame.segment or frame.declared is None:
        return frame
    head, _, cp = frame.segment.partition(b"CP=&&")
    written, _, behind = cp.rpartition(b"&&")
    for key in keys:
        plain = decrypted(key, written.decode("utf-8", "replace"))
        if plain is None:
            continue
        segment = b"%sCP=&&%s&&%s" % (head, plain.encode(), behind)
        told = frame.raw[-4:]
        opened = judge(b"##%04d%s%s" % (len(segment), segment, told))
        if opened.verdict is Verdict.OK:
            fits = frame.declared in (len(frame.segment), len(segment))
            return replace(frame, segment=segment, verdict=Verdict.OK if fits else Verdict.BAD_LENGTH)
    return frame
