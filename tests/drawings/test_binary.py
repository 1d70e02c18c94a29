import io

import pytest
from dxf_bytes import WORDS, document, lettered, said, text_bytes

from drawings.binary import SENTINEL, TruncatedError, text_of
from drawings.decode import decode
from drawings.example import drawing
from drawings.guard import guard
from drawings.mending import plainly
from drawings.read import document_of
from drawings.tags import tags_of


def binary_bytes(version: str) -> bytes:
    out = io.BytesIO()
    document(version).write(out, fmt="bin")
    return out.getvalue()


@pytest.mark.parametrize("version", ["R12", "R2000", "R2004", "R2007", "R2018"])
def test_binary_says_what_the_text_says(version: str) -> None:
    data = binary_bytes(version)
    assert data.startswith(SENTINEL)
    made, issues = document_of(data)
    assert made is not None
    assert issues == []
    assert said(made) == said(document(version))


@pytest.mark.parametrize(("version", "codec"), [("R2000", "gbk"), ("R2018", "utf-8")])
def test_chinese_in_binary(version: str, codec: str) -> None:
    data = binary_bytes(version).replace(b"ANSI_1252", b"ANSI_936")
    for name, word in WORDS.items():
        data = data.replace(f"@{name}@".encode(), word.encode(codec))
    tags, issues = guard(data)
    assert tags is not None, issues
    made, _ = plainly(decode(tags).data, lambda _: None)
    assert {name: word for name, word in said(made).items() if name != "mtext"} == {k: v for k, v in WORDS.items() if k != "mtext"}


def test_numbers_survive() -> None:
    out = io.BytesIO()
    source = drawing()
    source.write(out, fmt="bin")
    made, _ = document_of(out.getvalue())
    assert made is not None
    for one, other in zip(made.modelspace().query("LWPOLYLINE"), source.modelspace().query("LWPOLYLINE"), strict=True):
        assert list(one.get_points()) == list(other.get_points())


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_binary_is_refused(share: float) -> None:
    data = binary_bytes("R2018")
    with pytest.raises(TruncatedError):
        text_of(data[: int(len(data) * share)])
    made, issues = document_of(data[: int(len(data) * share)])
    assert made is None
    assert [issue.code for issue in issues] == ["E101"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marks_and_wide_text(encoding: str) -> None:
    data = text_bytes(document("R2013")).replace(b"@text@", "原料仓库".encode()).decode().encode(encoding)
    made, issues = document_of(data)
    assert made is not None
    assert issues == []
    assert said(made)["text"] == "原料仓库"


def test_macintosh_line_ends() -> None:
    data = text_bytes(document("R2013"))
    assert tags_of(text_of(data.replace(b"\n", b"\r"))).codes.tolist() == tags_of(data).codes.tolist()
    assert text_of(data) is data


def test_chinese_in_pieces_of_text_stays_one_value() -> None:
    data = lettered("R2018", "ANSI_936", lambda text: text.encode(), WORDS)
    made, _ = document_of(data)
    assert made is not None
    assert said(made) == WORDS
