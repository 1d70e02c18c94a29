"""The tags of a DXF text as ezdxf's loader takes them, made in one pass: what ezdxf makes in two, a generator within a generator."""

import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from ezdxf.lldxf.const import DXFStructureError
from ezdxf.lldxf.tags import Tags
from ezdxf.lldxf.types import BINARY_DATA, POINT_CODES, TYPE_TABLE, DXFBinaryTag, DXFTag, DXFVertex

COMMENT = 999
END = "EOF"
NAMES = frozenset({2, 6, 7, 8, 330})
"""Codes of names and owners, which a drawing says again with every entity: block, linetype, text style, layer, owner."""

Read = Callable[[str], Any]
Known = tuple[int, Read | None]
"""A group code, and how its value is read; None: not by itself."""
Record = tuple[list[str], list[str]]
"""Lines of an entity as they are written: group codes, and values."""


class Codes(dict[str, Known]):
    """Group codes by their lines; a drawing writes a few dozen different ones, millions of times."""

    def __missing__(self, line: str) -> Known:
        try:
            code = int(line)
        except ValueError:
            raise DXFStructureError(f"group code {line!r} is no number") from None
        special = code in POINT_CODES or code in BINARY_DATA or code in {0, COMMENT}
        known = self[line] = (code, _name if code in NAMES else None if special else TYPE_TABLE.get(code, str))
        return known


def _name(value: str) -> str:
    """Return a name, the same object each time."""
    return sys.intern(value.removesuffix("\n"))


def _number(read: Read, value: str) -> Any:
    """Read a value that is no number as its code wants it: some programs write whole numbers with a point."""
    try:
        if read is int:
            return int(float(value))
    except (ValueError, OverflowError):
        pass
    raise DXFStructureError(f"value {value!r} is no number")


def _point(code: int, x: str, pairs: Iterator[tuple[str, str]], codes: Codes) -> tuple[DXFVertex, tuple[str, str] | None]:
    """Return a point and what was read beyond it, where its height is not written."""
    said, beyond = [x], None
    for place in (10, 20):
        line, value = next(pairs)
        while codes[line][0] == COMMENT:
            line, value = next(pairs)
        if codes[line][0] == code + place:
            said.append(value)
        elif place == 20:
            beyond = (line, value)
        else:
            raise DXFStructureError(f"point {code} without its y coordinate")
    try:
        return DXFVertex(code, tuple(map(float, said))), beyond
    except ValueError:
        raise DXFStructureError(f"coordinates {said} of point {code} are no numbers") from None


def records(stream: TextIO, codes: Codes) -> Iterator[Record]:
    """Yield the entities of a DXF text, up to its end mark; as for `tags`.

    The lists are the caller's to keep and to change.
    """
    found: Record | None = None
    for line, value in zip(stream, stream, strict=False):
        if codes[line][0]:
            if found is not None:
                found[0].append(line)
                found[1].append(value)
            continue
        if found is not None:
            yield found
        if value.removesuffix("\n") == END:
            return
        found = [line], [value]
    if found is not None:
        yield found


def tags_of(record: Record, codes: Codes) -> Tags:
    """Return the tags of an entity; errors as of `tags`."""
    lines, values = record
    # The next entity begins: only then a point is known to have no height.
    found = Tags(_tags(zip((*lines, "0\n"), (*values, "\n"), strict=True), codes))
    found.pop()
    return found


def tags(stream: TextIO) -> Iterator[DXFTag]:
    """Yield the tags of a DXF text, up to its end mark; comments are left out.

    The same as `ezdxf.lldxf.tagger.tag_compiler(ascii_tags_loader(stream))`, but a last line without a value is left out.

    Parameters
    ----------
    stream : text stream
        Two lines a tag, group code and value (DXF reference, ASCII DXF files).

    Raises
    ------
    DXFStructureError
        A group code or a value is no number where it must be one, or a point has no y.
    """
    return _tags(zip(stream, stream, strict=False), Codes())


def _tags(pairs: Iterator[tuple[str, str]], codes: Codes) -> Iterator[DXFTag]:  # noqa: C901 — a call a tag costs more than the tag
    beyond: tuple[str, str] | None = None
    while True:
        for line, value in (beyond,) if beyond else pairs:
            code, read = codes[line]
            if read is str:
                yield DXFTag(code, value.removesuffix("\n"))
            elif read is not None:
                try:
                    number = read(value)
                except ValueError:
                    number = _number(read, value)
                yield DXFTag(code, number)
            elif code == 0:
                name = value.strip()
                yield DXFTag(0, name)
                if value.removesuffix("\n") == END:
                    return
            elif code in POINT_CODES:
                break
            elif code != COMMENT:
                yield _binary(code, value)
        else:
            if not beyond:
                return
            beyond = None
            continue
        try:
            point, beyond = _point(code, value, pairs, codes)
        except StopIteration:
            return
        yield point


def _binary(code: int, value: str) -> DXFBinaryTag:
    try:
        tag: DXFBinaryTag = DXFBinaryTag.from_string(code, value.removesuffix("\n"))
    except ValueError:
        raise DXFStructureError(f"binary data of group code {code} is not hexadecimal") from None
    return tag
