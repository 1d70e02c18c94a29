"""Glyphs of a font as MapLibre reads them: distance fields of 256 characters a file (node-fontnik, `proto/glyphs.proto`)."""

from collections.abc import Iterator
from typing import Any

import cairocffi
import numpy as np

from styles.sprite import SDF_EDGE, SDF_FINE, SDF_PAD, SDF_RADIUS, distances

SIZE = 24
"""Pixels of an em (what MapLibre takes for granted)."""
ASCENDER = 26
"""Pixels from the top of a line to its base; the tops of glyphs are counted from it."""
COUNT = 256


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _signed(field: int, number: int) -> bytes:
    return _number(field, number << 1 if number >= 0 else (-number << 1) - 1)


def _block(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _glyph(font: Any, letter: str) -> bytes | None:
    """Return a character's message; None where the font has no such one."""
    placed = font.text_to_glyphs(0, 0, letter, with_clusters=False)
    if not placed or placed[0][0] == 0:
        return None
    left, top, wide, high, advance, _ = font.glyph_extents(placed)
    message = _number(1, ord(letter))
    if wide <= 0 or high <= 0:
        return message + _number(3, 0) + _number(4, 0) + _signed(5, 0) + _signed(6, 0) + _number(7, round(advance / SDF_FINE))
    # Whole pixels around the outline, drawn finely in a square that holds them and the reach of the field.
    x, y = int(np.floor(left / SDF_FINE)), int(np.floor(top / SDF_FINE))
    width, height = int(np.ceil((left + wide) / SDF_FINE)) - x, int(np.ceil((top + high) / SDF_FINE)) - y
    side = max(width, height) + 2 * SDF_PAD
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_A8, side * SDF_FINE, side * SDF_FINE)
    context = cairocffi.Context(surface)
    context.set_scaled_font(font)
    offset_x, offset_y = (SDF_PAD - x) * SDF_FINE, (SDF_PAD - y) * SDF_FINE
    context.show_glyphs([(index, px + offset_x, py + offset_y) for index, px, py in placed])
    surface.flush()
    pixels = np.frombuffer(surface.get_data(), np.uint8).reshape(side * SDF_FINE, surface.get_stride())[:, : side * SDF_FINE]
    reach = distances(pixels >= 128, SDF_FINE) / SDF_FINE
    field = np.clip(np.round(SDF_EDGE + reach * 256 / SDF_RADIUS), 0, 255).astype(np.uint8)
    bitmap = np.ascontiguousarray(field[: height + 2 * SDF_PAD, : width + 2 * SDF_PAD]).tobytes()
    return (
        message
        + _block(2, bitmap)
        + _number(3, width)
        + _number(4, height)
        + _signed(5, x)
        + _signed(6, -y - ASCENDER)
        + _number(7, round(advance / SDF_FINE))
    )


def _glyphs(face: Any, start: int) -> Iterator[bytes]:
    scale = cairocffi.Matrix(xx=SIZE * SDF_FINE, yy=SIZE * SDF_FINE)
    options = cairocffi.FontOptions(hint_style=cairocffi.HINT_STYLE_NONE, hint_metrics=cairocffi.HINT_METRICS_OFF)
    font = cairocffi.ScaledFont(face, scale, cairocffi.Matrix(), options)
    for code in range(start, start + COUNT):
        if code < 0x20 or 0xD800 <= code < 0xE000:
            continue
        glyph = _glyph(font, chr(code))
        if glyph is not None:
            yield _block(3, glyph)


def glyph_range(face: Any, name: str, start: int) -> bytes:
    """Return the file of 256 characters.

    Parameters
    ----------
    face : cairocffi.FontFace
    name : str
        Of the font stack.
    start : int
        The first character's code point, a multiple of 256.
    """
    said = _block(1, name.encode()) + _block(2, f"{start}-{start + COUNT - 1}".encode())
    return _block(1, said + b"".join(_glyphs(face, start)))
