"""Other forms of a DXF made text: binary DXF, UTF-16, a byte-order mark, Macintosh line ends. Strings stay the bytes they are."""

import io
import struct
from collections.abc import Iterator

from ezdxf.lldxf.types import BINARY_DATA, BYTES, DOUBLE, INT16, INT32, INT64

from drawings.tags import MAX_TAGS

SENTINEL = b"AutoCAD Binary DXF\r\n\x1a\x00"
"""How a binary DXF begins (DXF reference, binary DXF files)."""
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LONG_CODE = 255
"""Before R13 a code is one byte; this one says that two bytes follow (extended data)."""
_NUMBERS = {
    **dict.fromkeys(INT16, struct.Struct("<h")),
    **dict.fromkeys(DOUBLE, struct.Struct("<d")),
    **dict.fromkeys(INT32, struct.Struct("<i")),
    **dict.fromkeys(INT64, struct.Struct("<q")),
    **dict.fromkeys(BYTES, struct.Struct("<B")),
}
_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


class TruncatedError(ValueError):
    """A binary DXF ends in the middle of a tag, or its bytes are no tags."""


def _value(data: bytes, at: int, code: int) -> tuple[bytes, int]:
    """Return a value as text and the offset after it."""
    if code in BINARY_DATA:
        end = at + 1 + data[at]
        return data[at + 1 : end].hex().upper().encode(), end
    number = _NUMBERS.get(code)
    if number is not None:
        return repr(number.unpack_from(data, at)[0]).encode(), at + number.size
    end = data.index(b"\x00", at)
    return data[at:end].translate(_LINE_ENDS), end + 1


def _lines(data: bytes) -> Iterator[bytes]:
    at = len(SENTINEL)
    wide = data[at : at + 2] == b"\x00\x00"
    for _ in range(MAX_TAGS + 1):
        code = data[at]
        at += 1
        if wide or code == _LONG_CODE:
            code = data[at] | data[at + 1] << 8 if not wide else code | data[at] << 8
            at += 1 if wide else 2
        value, at = _value(data, at, code)
        yield b"%d\n%s\n" % (code, value)
        if code == 0 and value == b"EOF":
            return


def _text_of_binary(data: bytes) -> bytes:
    text = io.BytesIO()
    try:
        text.writelines(_lines(data))
    except (IndexError, ValueError, struct.error) as error:
        raise TruncatedError(f"binary DXF, {len(data)} bytes") from error
    return text.getvalue()


def text_of(data: bytes) -> bytes:
    r"""Return a DXF as text with line feeds; the bytes themselves where they are that already.

    Raises
    ------
    TruncatedError
        A binary DXF that can't be read to its end.

    Examples
    --------
    >>> text_of(b"0\rEOF\r")
    b'0\nEOF\n'
    """
    if data.startswith(SENTINEL):
        return _text_of_binary(data)
    if data.startswith(_UTF16_MARKS):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(_UTF8_MARK)
    return data if b"\n" in data else data.replace(b"\r", b"\n")
