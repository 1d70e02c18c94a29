r"""How bytes of a DXF may read: strict decoders, what each reading looks like, and the escapes `\U+XXXX` and `\M+nXXXX`.

A byte string can be valid in several encodings at once: 一 in GBK is also a Cyrillic letter in UTF-8, für is a hanzi in GBK.
What tells them apart is whether the reading is something that people write.
"""

import re
from enum import IntEnum
from itertools import groupby

UTF8, GB18030 = "utf-8", "gb18030"
PAGES = {
    "874": "cp874",
    "932": "cp932",
    "936": "gbk",
    "949": "cp949",
    "950": "cp950",
    "1361": "johab",
    **{str(page): f"cp{page}" for page in range(1250, 1259)},
    "GB2312": "gbk",
    "BIG5": "cp950",
    "KSC5601": "cp949",
    "JOHAB": "johab",
    "DOS932": "cp932",
    **{f"DOS{page}": f"cp{page}" for page in (437, 850, 852, 855, 857, 860, 861, 863, 864, 865, 866, 869)},
    **{f"ISO8859_{part}": f"iso8859_{part}" for part in range(1, 10)},
    "MAC-ROMAN": "mac_roman",
}
"""Values of $DWGCODEPAGE (without `ANSI_`) and their codecs; the names before R13 are the DOS ones."""
WIDE_PAGES = frozenset({"cp932", "gbk", "cp949", "cp950", "johab"})
"""Pages with two bytes a letter: what is valid in them is Chinese, Japanese or Korean, whichever they say."""
WESTERN = "cp1252"
"""What is declared where nothing is."""

_ESCAPE = re.compile(r"\\U\+(00(?:0[1-9A-Fa-f]|10)[0-9A-Fa-f]{4}|[0-9A-Fa-f]{4})|\\M\+([1-5])([0-9A-Fa-f]{4})")
"""Eight digits are what ezdxf writes beyond the basic plane; read as four they would begin with a control character."""
_MIF = {"1": "cp932", "2": "cp950", "3": "cp949", "4": "johab", "5": GB18030}
"""MIF code pages (ODA, font handling)."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_PRIVATE = str.maketrans(
    {
        0xE7C7: 0x1E3F,
        0xE78D: 0xFE10,
        0xE78E: 0xFE12,
        0xE78F: 0xFE11,
        0xE790: 0xFE13,
        0xE791: 0xFE14,
        0xE792: 0xFE15,
        0xE793: 0xFE16,
        0xE794: 0xFE17,
        0xE795: 0xFE18,
        0xE796: 0xFE19,
        0xE81E: 0x9FB4,
        0xE826: 0x9FB5,
        0xE82B: 0x9FB6,
        0xE82C: 0x9FB7,
        0xE832: 0x9FB8,
        0xE843: 0x9FB9,
        0xE854: 0x9FBA,
        0xE864: 0x9FBB,
    }
)
"""Characters that GB18030-2022 maps to their own code points, where Python's codec, of the year 2000, has private ones."""
_SIGNS = {*"°±²³µ·×÷§©®¼½¾¹º™€‰№"}
"""Signs of drawings in any language; they stand beside digits and ASCII letters."""
_QUOTES = {*"«»–—‘’“”„… ¡¿"}
"""Signs that may touch any letter."""
_SHARP = str.maketrans("", "", "ßªµ")
"""Letters that have no upper case."""
_SIGN_AT_LETTER = re.compile("[°±·×÷§©®¼½¾¹º][À-ÖÙ-öù-\u024f\u0400-\u045f]|[À-ÖÙ-öù-\u024f\u0400-\u045f][°±·×÷§©®¼½¾¹º]")
_CASES = re.compile("(?:U?l+)*U*")
"""Capitals and small letters in words: für, Größe, ÜBERSICHT, TürBreite; not AÇø."""
_STRANGE_ROWS = frozenset({0xA4, 0xA5, 0xA8, 0xA9, *range(0xAA, 0xB0)})
"""Kana, phonetic signs, frames, and rows that are not used."""


class Grade(IntEnum):
    """What a reading looks like."""

    INVALID = 0
    STRANGE = 1
    """Valid, but not what people write."""
    LIKELY = 2
    CERTAIN = 3
    """Hardly ever valid by chance."""


def codec_of(code_page: str) -> str:
    """Return the codec of a $DWGCODEPAGE, cp1252 where it is unknown."""
    name = code_page.strip().upper().removeprefix("ANSI_").removeprefix("DOS_")
    return PAGES.get(name, PAGES.get(f"DOS{name.removeprefix('DOS')}", WESTERN))


def read(raw: bytes, codec: str) -> str | None:
    """Return what bytes say in a codec, None where they are not valid in it."""
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError:
        return None
    return text.translate(_PRIVATE) if codec == GB18030 else text


def _grade_utf8(raw: bytes) -> Grade:
    text = read(raw, UTF8)
    if text is None:
        return Grade.INVALID
    if any(letter >= "\u0800" for letter in text):
        # Three bytes that fit together by chance are rare.
        return Grade.CERTAIN
    return Grade.LIKELY if _is_written(text) else Grade.STRANGE


def _grade_gb(raw: bytes) -> Grade:
    """Tell common hanzi (rows 16 to 55 of GB 2312, sorted by sound) from rarer ones (after them) and accidental ones (elsewhere)."""
    text = read(raw, GB18030)
    if text is None:
        return Grade.INVALID
    codes = [letter.encode(GB18030, "replace") for letter in text if letter >= "\u0080"]
    if any(len(code) == 4 for code in codes) and all(letter < "\u0080" or letter >= "\u2e80" for letter in text):
        # Four bytes that alternate with digits are no accident.
        return Grade.LIKELY
    common = rare = 0
    for code in codes:
        if code[0] in _STRANGE_ROWS or code[0] < 0xA1 or code[-1] < 0xA1 or code[0] > 0xF7:
            return Grade.STRANGE
        rare += code[0] >= 0xD8
        common += code[0] < 0xD8
    return Grade.LIKELY if common >= rare else Grade.STRANGE


def _is_word(word: str) -> bool:
    """Say whether letters, some beyond ASCII, stand together as in a European language."""
    strange = [letter for letter in word if letter >= "\u0080"]
    latin = sum(letter < "\u0250" for letter in strange)
    if word in {"Ø", "ø"}:
        return True
    cases = "".join("U" if letter.isupper() else "l" for letter in word)
    if any(letter >= "\u0460" for letter in strange) or not _CASES.fullmatch(cases):
        return False
    return not latin or (latin == len(strange) and 2 * latin <= len(word))


def _is_written(text: str) -> bool:
    """Say whether the letters beyond ASCII stand in words, and the signs are those of drawings, where these stand."""
    runs = [(is_letter, "".join(run)) for is_letter, run in groupby(text.translate(_SHARP), str.isalpha)]
    for is_letter, run in runs:
        if is_letter and not run.isascii() and not _is_word(run):
            return False
        signs = [letter for letter in run if letter >= "\u0080"] if not is_letter else []
        if any(letter not in _SIGNS and letter not in _QUOTES for letter in signs) or len(_SIGNS.intersection(signs)) > 1:
            return False
    return not _SIGN_AT_LETTER.search(text)


def _grade_page(raw: bytes, codec: str) -> Grade:
    text = read(raw, codec)
    if text is None:
        return Grade.INVALID
    return Grade.LIKELY if _is_written(text) else Grade.STRANGE


def grade(raw: bytes, codec: str) -> Grade:
    """Say how likely it is that bytes are a string in a codec.

    >>> grade("für".encode("cp1252"), "cp1252"), grade("für".encode("cp1252"), "gb18030")
    (<Grade.LIKELY: 2>, <Grade.STRANGE: 1>)
    """
    if codec == UTF8:
        return _grade_utf8(raw)
    return _grade_gb(raw) if codec == GB18030 else _grade_page(raw, codec)


def _unescaped(found: re.Match[str]) -> str:
    digits, page, pair = found.groups()
    if digits is None:
        return read(bytes.fromhex(pair).lstrip(b"\x00"), _MIF[page]) or str(found[0])
    letter = chr(int(digits, 16))
    # A line end within a value would shift all tags after it.
    return letter if letter >= " " else str(found[0])


def unescape(text: str) -> str:
    r"""Return text with `\U+XXXX` (surrogate pairs too) and `\M+nXXXX` as the characters they stand for.

    >>> unescape(r"\U+5382\U+754C \U+D842\U+DFB7 \M+5B3A7")
    '厂界 𠮷 厂'
    """
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(_unescaped, text)
    if not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def readable(raw: bytes) -> str:
    """Return what bytes most likely say, for a message before the encoding of the file is known."""
    text = read(raw, UTF8)
    if text is None:
        text = read(raw, GB18030)
    return unescape(raw.decode(UTF8, "replace") if text is None else text)
