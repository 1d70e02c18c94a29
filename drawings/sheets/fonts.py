"""The sheets' type: Noto Sans CJK SC, loaded from its file, so that what is printed does not hang on the machine's font settings."""

import glob
import os
from ctypes.util import find_library
from functools import cache, lru_cache
from typing import Any, Literal

import cairocffi
from cffi import FFI

from gis.errors import QuanjingError

Weight = Literal["regular", "bold"]
FAMILY = "Noto Sans CJK SC"
FOLDERS = (
    "/usr/share/fonts/*/noto*",
    "/usr/share/fonts/noto*",
    "/usr/share/fonts/*noto*cjk*",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "$CONDA_PREFIX/fonts",
    "$CONDA_PREFIX/share/fonts",
)
NAMES = ("NotoSansCJK-{}.ttc", "NotoSansCJKsc-{}.otf", "NotoSansSC-{}.otf")
FROM_OUTLINES = 1 << 7
"""A flag that cairo does not know: a face with any flag is embedded from its outlines. Else cairo copies the subroutines of the whole
collection (0.9 MB) into every file in which certain letters meet."""
PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
"""Figures of formulas that the font does not have → what is printed in their place: SO2 for SO₂."""
REFERENCE = 1000.0
"""Size at which widths are measured."""

_ffi = FFI()
_ffi.cdef("""
typedef struct { long num_faces, face_index, face_flags, style_flags, num_glyphs; char *family_name; } Head;
int FT_Init_FreeType(void **library);
int FT_New_Face(void *library, const char *path, long index, Head **face);
int FT_Done_Face(Head *face);
void *cairo_ft_font_face_create_for_ft_face(void *face, int flags);
void cairo_ft_font_face_set_synthesize(void *font_face, unsigned int synth_flags);
""")


class FontMissing(QuanjingError):
    """There is no Chinese font to print with."""


def font_file(weight: Weight = "regular") -> str:
    """Return the path of the font.

    Raises
    ------
    FontMissing
        It is in none of the known folders.
    """
    for folder in FOLDERS:
        for name in NAMES:
            found = sorted(glob.glob(os.path.join(os.path.expandvars(os.path.expanduser(folder)), name.format(weight.capitalize()))))  # noqa: PTH207, PTH111, PTH118 — a pattern with variables, no path yet
            if found:
                return found[0]
    raise FontMissing("找不到字体 Noto Sans CJK SC；请安装 fonts-noto-cjk")


@cache
def _libraries() -> tuple[Any, Any, Any]:
    """Return FreeType, cairo and FreeType's own handle."""
    # cairocffi hands out no FreeType faces; both libraries are the ones it has loaded itself.
    freetype = _ffi.dlopen(find_library("freetype") or "libfreetype.so.6")
    cairo = _ffi.dlopen(find_library("cairo") or "libcairo.so.2")
    library = _ffi.new("void **")
    if freetype.FT_Init_FreeType(library):
        raise FontMissing("FreeType 不能启动")
    return freetype, cairo, library[0]


@cache
def face(weight: Weight = "regular") -> Any:
    """Return the cairo face of the font; of a collection, the simplified Chinese one.

    Raises
    ------
    FontMissing
        The file is none that FreeType reads, or has no such family.
    """
    freetype, cairo, library = _libraries()
    path, index, count = os.fsencode(font_file(weight)), 0, 1
    while index < count:
        opened = _ffi.new("Head **")
        if freetype.FT_New_Face(library, path, index, opened):
            break
        head = opened[0]
        if _ffi.string(head.family_name).decode("ascii", "replace") in (FAMILY, "Noto Sans SC"):
            pointer = cairo.cairo_ft_font_face_create_for_ft_face(head, 0)
            cairo.cairo_ft_font_face_set_synthesize(pointer, FROM_OUTLINES)
            found = cairocffi.ffi.cast("cairo_font_face_t *", int(_ffi.cast("uintptr_t", pointer)))
            return cairocffi.FontFace._from_pointer(found, incref=False)
        count = head.num_faces
        freetype.FT_Done_Face(head)
        index += 1
    raise FontMissing(f"{font_file(weight)} 里没有 {FAMILY}")


@cache
def _scaled(weight: Weight) -> Any:
    options = cairocffi.FontOptions(hint_style=cairocffi.HINT_STYLE_NONE, hint_metrics=cairocffi.HINT_METRICS_OFF)
    return cairocffi.ScaledFont(face(weight), cairocffi.Matrix(xx=REFERENCE, yy=REFERENCE), cairocffi.Matrix(), options)


@lru_cache(maxsize=4096)
def _advance(letter: str, weight: Weight) -> float:
    return float(_scaled(weight).text_extents(letter)[4]) / REFERENCE


def width(text: str, size: float, weight: Weight = "regular") -> float:
    """Return the width of a line of text, in the unit of its size.

    >>> width("排放口", 3.0)
    9.0
    """
    return sum(_advance(letter, weight) for letter in text.translate(PLAIN)) * size


def missing(text: str) -> str:
    """Return the characters of a text that the font does not have.

    >>> missing("排放口 DA001")
    ''
    """
    return "".join(
        letter for letter in dict.fromkeys(text) if letter != " " and _scaled("regular").text_to_glyphs(0, 0, letter, False)[0][0] == 0
    )


BREAKS_AFTER = "、，；：/）)— "
NO_START = "、，；：。）)％%"


def wrapped(text: str, room: float, size: float, weight: Weight = "regular", most: int = 99) -> tuple[str, ...]:
    """Return a text broken into lines that fit a width; the last of the most lines allowed ends in … where it had to be cut.

    Chinese breaks anywhere but before a closing mark; a run of Latin letters and digits stays whole where it fits a line.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and width(line + piece.rstrip(), size, weight) > room and piece[0] not in NO_START:
            lines.append(line.rstrip())
            line = ""
        while width(piece, size, weight) > room:
            cut = next(index for index in range(len(piece), 0, -1) if index == 1 or width(piece[:index], size, weight) <= room)
            lines.append(piece[:cut])
            piece = piece[cut:]  # noqa: PLW2901 — what is left of it
            if not piece:
                break
        line += piece
    if line.strip():
        lines.append(line.rstrip())
    if len(lines) > most:
        lines = [*lines[: most - 1], shortened(lines[most - 1] + "…", room, size, weight)]
    return tuple(lines) or ("",)


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for letter in text:
        if pieces and letter.isascii() and letter != " " and pieces[-1][-1].isascii() and pieces[-1][-1] not in BREAKS_AFTER:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


def shortened(text: str, room: float, size: float, weight: Weight = "regular") -> str:
    """Return a text, cut and ended with … where it is wider than a room."""
    if width(text, size, weight) <= room:
        return text
    text = text.rstrip("…")
    while text and width(text + "…", size, weight) > room:
        text = text[:-1]
    return text + "…"
