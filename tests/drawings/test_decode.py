from pathlib import Path

import pytest
from dxf_bytes import RARE, WORDS, Encode, document, escaped, gbk_or_escaped, lettered, said, section, tagged, text_bytes

from drawings.decode import decode
from drawings.guard import guard
from drawings.mending import mended, plainly
from drawings.read import document_of
from drawings.tags import tags_of

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "dxf"
RARE_WORDS = {name: f"{word}{RARE}" for name, word in WORDS.items()} | {"block": RARE}


def codec(name: str) -> Encode:
    return lambda text: text.encode(name)


MATRIX = {
    "GBK as declared": ("R2000", "ANSI_936", codec("gbk"), WORDS, None),
    "GBK under ANSI_1252": ("R2000", "ANSI_1252", codec("gbk"), WORDS, "GB18030"),
    "UTF-8 under ANSI_936": ("R2000", "ANSI_936", codec("utf-8"), WORDS, "UTF-8"),
    "escapes under ANSI_1252": ("R2000", "ANSI_1252", escaped, WORDS, None),
    "GBK in R2007": ("R2007", "ANSI_936", codec("gbk"), WORDS, "GB18030"),
    "UTF-8 in R2018, header ANSI_936": ("R2018", "ANSI_936", codec("utf-8"), WORDS, None),
    "rare characters as escapes": ("R2000", "ANSI_936", gbk_or_escaped, RARE_WORDS, None),
    "rare characters in four bytes": ("R2000", "ANSI_936", codec("gb18030"), RARE_WORDS, None),
    "rare characters in four bytes under ANSI_1252": ("R2004", "ANSI_1252", codec("gb18030"), RARE_WORDS, "GB18030"),
    "rare characters in UTF-8": ("R2018", "ANSI_936", codec("utf-8"), RARE_WORDS, None),
    "escapes in R2018": ("R2018", "ANSI_1252", escaped, RARE_WORDS, None),
    "as ezdxf writes it": ("R2000", "ANSI_936", lambda text: text.encode("gbk", "dxfreplace"), RARE_WORDS, None),
    "Big5 as declared": ("R2000", "ANSI_950", codec("cp950"), dict.fromkeys(WORDS, "廠區圖層與倉庫"), None),
    "Russian as declared": ("R2000", "ANSI_1251", codec("cp1251"), dict.fromkeys(WORDS, "Здание и колодец №5"), None),
    "Russian capitals": ("R2000", "ANSI_1251", codec("cp1251"), dict.fromkeys(WORDS, "ПЛАН"), None),
    "Russian in R2010": ("R2010", "ANSI_1251", codec("utf-8"), dict.fromkeys(WORDS, "ЗДАНИЯ И СТРОЕНИЯ"), None),
    "German as declared": ("R2000", "ANSI_1252", codec("cp1252"), dict.fromkeys(WORDS, "Größe für Türen, 45°, m²"), None),
    "German in R2007": ("R2007", "ANSI_1252", codec("cp1252"), dict.fromkeys(WORDS, "Größe für Türen"), "cp1252"),
    "German in UTF-8": ("R2000", "ANSI_1252", codec("utf-8"), dict.fromkeys(WORDS, "Größe für Türen"), "UTF-8"),
    "R12 with a DOS page": ("R12", "DOS866", codec("cp866"), dict.fromkeys(WORDS, "Колодец"), None),
}  # fmt: skip


@pytest.mark.parametrize("case", MATRIX)
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_every_word_is_right_through_both_readers(case: str, ends: bytes) -> None:
    version, code_page, encode, words, rule = MATRIX[case]
    data = lettered(version, code_page, encode, words).replace(b"\n", ends)
    tags, faults = guard(data)
    assert tags is not None, faults
    decoded = decode(tags, "x.dxf")
    assert [issue.code for issue in decoded.issues] == (["W103"] if rule else [])
    if rule:
        assert rule in decoded.issues[0].message
    expected = {name: word for name, word in words.items() if version != "R12" or name != "mtext"}
    for read in (lambda text: plainly(text, lambda _: None), mended):
        made, auditor = read(decoded.data)
        assert not auditor.errors
        assert said(made) == expected
    assert decoded.data.decode("utf-8")
    assert len(decoded.data.splitlines()) == len(tags.data.splitlines())


def _texts(data: bytes) -> list[str]:
    return decode(tags_of(data)).data.decode().split("\n")[1::2]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (rb"\U+5382\U+754C", "厂界"),
        (rb"\U+D842\U+DFB7", "𠮷"),
        (rb"\U+00020BB7", "𠮷"),
        (rb"\U+D842x", "\ufffdx"),
        (rb"\U+000A\U+000D", r"\U+000A\U+000D"),
        (rb"\M+5B3A7\M+5BDE7", "厂界"),
        (rb"\M+182A0", "あ"),
        (rb"\M+5FFFF", r"\M+5FFFF"),
        (rb"C:\Users\M", r"C:\Users\M"),
        ("45°C".encode("cp1252"), "45°C"),
        ("±0.000".encode("cp1252"), "±0.000"),
        ("一".encode("gbk"), "一"),
        ("1#泵房".encode("gbk"), "1#泵房"),
        ("Φ108×4".encode("gbk"), "Φ108×4"),
        ("für".encode("cp1252"), "für"),
        ("Ø12".encode("cp1252"), "Ø12"),
    ],
)
def test_a_single_string_without_a_header(raw: bytes, says: str) -> None:
    assert _texts(b"1\n" + raw + b"\n") == [says]


def test_the_four_byte_characters_of_2022_have_their_own_code_points() -> None:
    # FE59 is private use in the standard of 2000, U+9FB4 in that of 2022.
    assert _texts(b"1\n" + "厂界".encode("gbk") + b"\xfe\x59\n") == ["厂界\u9fb4"]


def test_strings_of_two_encodings_in_one_file() -> None:
    header = section("HEADER", (9, "$ACADVER"), (1, "AC1015"), (9, "$DWGCODEPAGE"), (3, "ANSI_936"))
    data = header + b"".join(b"1\n" + raw + b"\n" for raw in ("原料仓库".encode("gbk"), "危废贮存间".encode(), "厂界".encode("gbk")))
    decoded = decode(tags_of(data))
    assert decoded.data.decode().split("\n")[-6:-1:2] == ["原料仓库", "危废贮存间", "厂界"]
    assert decoded.rules == {"gb18030": 2, "utf-8": 1}
    assert "1 处按 UTF-8" in decoded.issues[0].message


def test_what_is_ascii_is_handed_on_untouched() -> None:
    tags = tags_of(text_bytes(document("R2013")))
    assert decode(tags).data is tags.data
    german = tags_of(text_bytes(document("R2013")).replace(b"@text@", "ä".encode()))
    assert decode(german).data is german.data


def test_what_can_not_be_decided_is_marked_counted_and_placed() -> None:
    entity = ((0, "TEXT"), (5, "2F"), (8, "QJ-X-TEXT"))
    header = section("HEADER", (9, "$ACADVER"), (1, "AC1015"), (9, "$DWGCODEPAGE"), (3, "ANSI_936"))
    data = header + (tagged(*entity) + b"  1\nA\xffB\xff\n") * 25
    decoded = decode(tags_of(data), "x.dxf")
    assert {issue.code for issue in decoded.issues} == {"E102"}
    assert len(decoded.issues) == 21
    assert "另有 5 处" in decoded.issues[-1].message
    assert (decoded.issues[0].place.layer, decoded.issues[0].place.handle) == ("QJ-X-TEXT", "2F")
    assert "第 22 行" in decoded.issues[0].message
    assert decoded.data.decode().count("A\ufffdB\ufffd") == 25


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("01_plant_survey_ru_r2010.dxf", "03_Здания и строения"),
        ("11_cn_plant_building_r2018.dxf", "11#平面图$0$A-Grid"),
    ],
)
def test_layer_names_of_real_files(name: str, layer: str) -> None:
    made, _ = document_of((SHARED / name).read_bytes(), name)
    assert made is not None
    assert layer in made.layers


@pytest.mark.parametrize("name", sorted(path.name for path in SHARED.glob("*.dxf")))
def test_real_files_hold_no_mojibake(name: str) -> None:
    tags, _ = guard((SHARED / name).read_bytes())
    assert tags is not None
    decoded = decode(tags)
    assert decoded.issues == ()
    text = decoded.data.decode("utf-8")
    assert not any(sign in text for sign in ("\ufffd", "鏂", "锟", "Ã¤", "Ð", "ï¿½"))
