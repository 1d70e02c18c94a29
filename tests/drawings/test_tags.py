import numpy as np
import pytest
from dxf_bytes import document, file_of, line, section, text_bytes

from drawings.tags import UNREADABLE, tags_of


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_every_tag_is_found_where_it_lies(ends: bytes) -> None:
    data = text_bytes(document("R2018")).replace(b"\n", ends)
    lines = data.split(ends)
    tags = tags_of(data)
    assert tags.codes.tolist() == [int(code) for code in lines[:-1:2]]
    assert [tags.value(index) for index in range(len(tags.codes))] == [value.strip() for value in lines[1::2]]
    assert [tags.value(index) for index in tags.records] == tags.names
    assert tags.complete


@pytest.mark.parametrize(
    ("line_", "code"),
    [(b"0", 0), (b"  0", 0), (b"1071", 1071), (b" 62\r", 62), (b"\t8", 8), (b"10 ", 10), (b"-5", -5), (b"12345", 12345)],
)
def test_codes_as_programs_write_them(line_: bytes, code: int) -> None:
    assert tags_of(b"0\nLINE\n" + line_ + b"\nX\n").codes.tolist() == [0, code]


@pytest.mark.parametrize("line_", [b"", b"x", b"1x", b"1.5", b"\xff", b"\x00\x00"])
def test_what_is_no_code(line_: bytes) -> None:
    assert tags_of(line_ + b"\nX\n").codes.tolist() == [UNREADABLE]


def test_ends_of_files() -> None:
    assert len(tags_of(b"").codes) == 0
    assert len(tags_of(b"0").codes) == 0
    assert tags_of(b"0\nEOF").names == [b"EOF"]
    assert tags_of(b"0\nEOF\n8").names == [b"EOF"]


def test_more_tags_than_are_indexed() -> None:
    data = file_of(section("ENTITIES", *line()))
    tags = tags_of(data, 4)
    assert (len(tags.codes), tags.complete) == (4, False)
    assert tags_of(data, 10).complete


def test_records_and_their_tags() -> None:
    tags = tags_of(file_of(section("ENTITIES", *line(7))))
    assert tags.names == [b"SECTION", b"LINE", b"ENDSEC", b"EOF"]
    assert tags.span(1) == (2, 8)
    assert (tags.first(1, 10), tags.first(1, 62)) == (b"7", None)
    assert tags.record_at(5) == 1
    assert tags.line(0) == 2
    assert np.array_equal(tags.records, [0, 2, 8, 9])
