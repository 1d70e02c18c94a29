"""DXF files made byte by byte: what programs write, and what only damage or malice does."""

import io
from collections.abc import Callable, Iterable

import ezdxf
from ezdxf.document import Drawing

Encode = Callable[[str], bytes]
RARE = "㳇镕䶮𠮷堃"
"""Outside GB 2312, one outside the basic plane: names of people and places."""
WORDS = {"layer": "厂界围墙", "block": "排放口块", "attrib": "污水总排口", "text": "原料仓库（一）", "mtext": "雨水管网与污水管网分开布置"}
WIDTH = 250
"""Bytes in a piece of a long MTEXT."""


def escaped(text: str) -> bytes:
    r"""Write every character beyond ASCII as `\U+XXXX`, in surrogate pairs beyond the basic plane."""
    units = text.encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(chr(code) if code < 0x80 else rf"\U+{code:04X}" for code in codes).encode()


def gbk_or_escaped(text: str) -> bytes:
    """Write what GBK has in GBK and the rest as escapes, as AutoCAD does."""
    return b"".join(letter.encode("gbk") if _in_gbk(letter) else escaped(letter) for letter in text)


def _in_gbk(letter: str) -> bool:
    try:
        letter.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def document(version: str) -> Drawing:
    """Return a drawing in which each word is a placeholder."""
    made = ezdxf.new(version)
    made.layers.add("@layer@")
    block = made.blocks.new("@block@")
    block.add_attdef("NAME", (0, 0))
    block.add_circle((0, 0), 1)
    space = made.modelspace()
    space.add_text("@text@", dxfattribs={"layer": "@layer@"})
    if version != "R12":
        space.add_mtext("@mtext@")
    space.add_blockref("@block@", (5, 5)).add_attrib("NAME", "@attrib@", (5, 5))
    return made


def text_bytes(made: Drawing) -> bytes:
    text = io.StringIO()
    made.write(text)
    return text.getvalue().encode("utf-8", "dxfreplace")


def lettered(version: str, code_page: str, encode: Encode, words: dict[str, str]) -> bytes:
    """Return a drawing with these words in these bytes; the MTEXT repeats its word until it has pieces, cut where the bytes fall."""
    data = text_bytes(document(version)).replace(b"ANSI_1252", code_page.encode())
    for name, word in words.items():
        if name != "mtext":
            data = data.replace(f"@{name}@".encode(), encode(word))
    whole = encode(words["mtext"] * 30)
    pieces = [whole[at : at + WIDTH] for at in range(0, len(whole), WIDTH)]
    lines = b"".join(b"  3\n" + piece + b"\n" for piece in pieces[:-1]) + b"  1\n" + pieces[-1] + b"\n"
    return data.replace(b"  1\n@mtext@\n", lines)


def said(made: Drawing) -> dict[str, str]:
    """Return the words that a drawing made by `lettered` says."""
    text, *mtexts, insert = made.modelspace()
    assert insert.dxf.name in made.blocks
    assert text.dxf.layer in made.layers
    whole = mtexts[0].text if mtexts else ""
    words = {
        "layer": text.dxf.layer,
        "block": insert.dxf.name,
        "attrib": insert.attribs[0].dxf.text,
        "text": text.dxf.text,
    }
    word = whole[: len(whole) // 30]
    return words | ({"mtext": word if whole == word * 30 else whole} if mtexts else {})


def tagged(*tags: tuple[int, object]) -> bytes:
    return b"".join(f"{code:>3}\n{value}\n".encode() for code, value in tags)


def section(name: str, *tags: tuple[int, object]) -> bytes:
    return tagged((0, "SECTION"), (2, name), *tags, (0, "ENDSEC"))


def file_of(*sections: bytes) -> bytes:
    return b"".join(sections) + tagged((0, "EOF"))


def line(x: float = 0.0) -> tuple[tuple[int, object], ...]:
    return (0, "LINE"), (8, "0"), (10, x), (20, 0), (11, x + 1), (21, 1)


def block(name: str, *inserts: str, more: Iterable[tuple[int, object]] = ()) -> tuple[tuple[int, object], ...]:
    inside = [tag for one in inserts for tag in ((0, "INSERT"), (5, "AB"), (8, "0"), (2, one), (10, 0), (20, 0))]
    return (0, "BLOCK"), (8, "0"), (2, name), (70, 0), (10, 0), (20, 0), *inside, *more, (0, "ENDBLK")


def with_blocks(*blocks: tuple[tuple[int, object], ...]) -> bytes:
    return file_of(section("BLOCKS", *(tag for one in blocks for tag in one)), section("ENTITIES", *line()))
