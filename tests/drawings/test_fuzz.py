"""Any bytes: an issue or a plan whose accounts add up, never an exception."""

import io
import logging

from dxf_bytes import WORDS, block, document, file_of, lettered, line, section, with_blocks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawings.example import example_files
from drawings.read import plan_of
from gis.issues import Severity

logging.getLogger("ezdxf").setLevel(logging.CRITICAL)

NAME, EXAMPLE = next((name, data) for name, data in example_files().items() if name.endswith(".dxf"))


def _binary(version: str) -> bytes:
    out = io.BytesIO()
    document(version).write(out, fmt="bin")
    return out.getvalue()


SMALL = [
    EXAMPLE,
    lettered("R2000", "ANSI_936", lambda text: text.encode("gbk"), WORDS),
    lettered("R2018", "ANSI_936", lambda text: text.encode(), WORDS),
    with_blocks(block("A", "B", "B"), block("B", more=line())),
    file_of(section("ENTITIES", *line(), *line(2))),
]
BINARY = [_binary("R12"), _binary("R2018")]
VALUES = [
    b"",
    b"0",
    b"-1",
    b"1e400",
    b"nan",
    b"QJ-A-BLDG",
    b"LWPOLYLINE",
    b"ENDSEC",
    b"\xff\xfe",
    b"\\U+D842",
    b"99999999999999999999",
    b"{",
    b"A" * 300,
]
CODES = [b"0", b"2", b"5", b"8", b"10", b"42", b"67", b"70", b"90", b"100", b"102", b"210", b"330", b"1001", b"1071", b"x", b"-5", b""]

change = st.tuples(
    st.sampled_from(["drop", "copy", "swap", "value", "code", "line", "cut"]),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(VALUES),
    st.sampled_from(CODES),
)
deterministic = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def damaged(data: bytes, changes: list[tuple[str, float, float, bytes, bytes]]) -> bytes:
    """Change tags: their order, codes and values, or lose a line so that all after it are read the other way round."""
    lines = data.split(b"\n")
    for how, share, other, value, code in changes:
        at, to = (2 * int(number * (len(lines) // 2 - 2)) for number in (share, other))
        match how:
            case "drop":
                del lines[at : at + 2]
            case "copy":
                lines[to:to] = lines[at : at + 2 * (1 + int(other * 20))]
            case "swap":
                lines[at : at + 2], lines[to : to + 2] = lines[to : to + 2], lines[at : at + 2]
            case "value":
                lines[at + 1 : at + 2] = [value]
            case "code":
                lines[at : at + 1] = [code]
            case "line":
                del lines[at : at + 1]
            case _:
                del lines[max(at, 20) :]
    return b"\n".join(lines)


def stands(data: bytes) -> None:
    plan = plan_of(data, NAME)
    counts = plan.counts
    assert counts.entities == counts.stored + counts.ignored + counts.refused
    assert counts.entities or any(issue.severity is Severity.ERROR for issue in plan.issues)
    for issue in plan.issues:
        issue.message.encode("utf-8")
        (issue.place.layer or "").encode("utf-8")


@settings(deterministic, max_examples=400)
@given(st.sampled_from(SMALL), st.lists(change, min_size=1, max_size=6))
def test_changed_tags(data: bytes, changes: list[tuple[str, float, float, bytes, bytes]]) -> None:
    stands(damaged(data, changes))


@settings(deterministic, max_examples=60)
@given(
    st.sampled_from(SMALL + BINARY), st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12)
)
def test_changed_bytes(data: bytes, changes: list[tuple[float, int]]) -> None:
    array = bytearray(data)
    for share, byte in changes:
        array[int(share * len(array))] = byte
    stands(bytes(array))


@settings(deterministic, max_examples=60)
@given(st.sampled_from(SMALL + BINARY), st.floats(0, 1))
def test_truncated(data: bytes, share: float) -> None:
    stands(data[: int(share * len(data))])


@settings(deterministic, max_examples=60)
@given(st.sampled_from([b"", b"  0\nSECTION\n", b"AutoCAD Binary DXF\r\n\x1a\x00", b"\xff\xfe"]), st.binary(max_size=300))
def test_garbage(head: bytes, data: bytes) -> None:
    stands(head + data)
