import csv
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.decoding import decode
from feeds.hj212 import crc
from feeds.hj212.framing import LONGEST, Frame, Framer, Verdict
from feeds.hj212.packet import framed

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "hj212" / "vectors.tsv"
ANNEX_A = b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80"
"""The example of HJ 212-2017, annex A: the message prints 1C80, the sentence below it 1C08."""
SEGMENT = ANNEX_A[6:-4]
CHINESE = "QN=20260101000000000;ST=32;CN=3020;PW=1;MN=M1;Flag=9;CP=&&i11001-Info=//仪器校准//&&".encode()
NAMES = {"BAD_LEN_CRC": Verdict.BAD_LENGTH_AND_CRC}
CASES: list[tuple[bytes, Verdict]] = [
    (ANNEX_A, Verdict.OK),
    (framed(b"ST=32;CN=2011;PW=1;MN=M;CP=&&" + b"x" * 400 + b"&&").strip(), Verdict.OK),
    (b"##0100" + ANNEX_A[6:], Verdict.BAD_LENGTH),
    (b"##9999" + ANNEX_A[6:], Verdict.BAD_LENGTH),
    (b"##0009" + ANNEX_A[6:], Verdict.BAD_LENGTH),
    (ANNEX_A[:-4] + b"1C08", Verdict.BAD_CRC),
    (b"##0111" + ANNEX_A[6:-4] + b"1C08", Verdict.BAD_LENGTH_AND_CRC),
    (b"##0101" + SEGMENT + b"%04X" % crc.modbus(SEGMENT), Verdict.MODBUS_CRC),
    (ANNEX_A[:-4] + b"1c80", Verdict.OK),
    (framed(CHINESE).strip(), Verdict.OK),
    (b"##%04d%s%04x" % (len(CHINESE.decode()), CHINESE, crc.hj212(CHINESE)), Verdict.OK),
    (ANNEX_A[:60], Verdict.TRUNCATED),
]


def vectors() -> Iterator[tuple[bytes, Verdict]]:
    if not SHARED.exists():
        return
    with SHARED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield row["message"].encode(), NAMES.get(row["verdict"]) or Verdict(row["verdict"].lower())


KNOWN = [*CASES, *vectors()]
COMPLETE = [case for case in KNOWN if case[1] is not Verdict.TRUNCATED]


def frames(*pieces: bytes) -> list[Frame]:
    framer = Framer()
    return [*(frame for piece in pieces for frame in framer.feed(piece)), *framer.flush()]


def straightforward(segment: bytes) -> int:
    """The text of annex A, word for word."""
    register = 0xFFFF
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            fell = register & 1
            register >>= 1
            if fell:
                register ^= 0xA001
    return register


@given(st.binary(max_size=2000))
def test_the_folded_checksum_is_that_of_the_standard(segment: bytes) -> None:
    assert crc.hj212(segment) == straightforward(segment)


@pytest.mark.parametrize(("message", "verdict"), KNOWN)
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b""])
def test_each_vector_gets_its_verdict_whole_and_byte_by_byte(message: bytes, verdict: Verdict, end: bytes) -> None:
    for pieces in ([message + end], [bytes([byte]) for byte in message + end]):
        assert [(frame.raw, frame.verdict) for frame in frames(*pieces)] == [(message, verdict)]


NOISE = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"#", b"##", b"##12", b"##0101", b"##9999", b"##0101QN=", b"&&1C80\r\n", b"\r\n", b"#" * 9, ANNEX_A[:30]]),
)
STREAM = st.lists(st.tuples(NOISE, st.sampled_from(COMPLETE)), min_size=1, max_size=6)


@given(STREAM, NOISE, st.data())
def test_nothing_good_is_lost_in_noise_however_the_stream_is_cut(
    stream: list[tuple[bytes, tuple[bytes, Verdict]]], tail: bytes, data: st.DataObject
) -> None:
    whole = b"".join(noise + message + b"\r\n" for noise, (message, _) in stream) + tail
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    found = frames(whole)
    assert frames(*(whole[begin:end] for begin, end in pairwise([0, *cuts, len(whole)]))) == found
    # What comes in noise is found in its place, and no byte of the stream is dropped but blanks.
    verdicts = iter((frame.raw, frame.verdict) for frame in found)
    assert all(known in verdicts for _, known in stream)
    blanks = bytes.maketrans(b"", b"")
    assert b"".join(frame.raw for frame in found).translate(blanks, b"\r\n\t \0") == whole.translate(blanks, b"\r\n\t \0")


def test_a_broken_packet_does_not_swallow_the_next_one() -> None:
    stream = ANNEX_A[:50] + ANNEX_A + ANNEX_A[:-4] + b"##0300" + ANNEX_A[6:] + b"\r\n" + ANNEX_A + b"\r\n"
    assert [frame.verdict.value for frame in frames(stream)] == ["truncated", "ok", "truncated", "bad_length", "ok"]


def test_what_never_ends_is_given_up_in_bounded_pieces_and_the_next_packet_is_found() -> None:
    framer = Framer()
    endless = b"##9999QN=1;" + b"x" * (3 * LONGEST)
    got = [frame for at in range(0, len(endless), 100) for frame in framer.feed(endless[at : at + 100])]
    assert framer.pending <= LONGEST + 100
    got += framer.feed(ANNEX_A)
    assert (got[0].verdict, got[-1].verdict) == (Verdict.TRUNCATED, Verdict.OK)
    assert b"".join(frame.raw for frame in got) == endless + ANNEX_A


@given(
    st.lists(st.one_of(st.binary(max_size=60), st.just(ANNEX_A + b"\r\n"), st.just(b"##0200CP=&&a-b=1,DataTime=//\0001\0,;&&")), max_size=8)
)
def test_no_bytes_raise(pieces: list[bytes]) -> None:
    for decoded in decode(pieces, [b"0" * 16]):
        assert decoded.as_json()["verdict"]
