"""The tags of a DXF text as ezdxf's loader takes them, made in one pass: what ezdxf makes in two, a generator within a generator."""

import sys
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from typing import Any, TextIO

from ezdxf.lldxf.const import DXFStructureError
from ezdxf.lldxf.tags import Tags
from ezdxf.lldxf.types import BINARY_DATA, POINT_CODES, TYPE_TABLE, DXFBinaryTag, DXFTag, DXFVertex

COMMENT = 999
END = "EOF"
BLOCK = 1 << 18
"""Characters that are split into lines at once."""
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
        known = self[line] = (code, sys.intern if code in NAMES else None if special else TYPE_TABLE.get(code, str))
        return known


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


def _blocks(stream: TextIO) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the lines of a DXF text, many at a time: group codes, and values."""
    left = ""
    while block := stream.read(BLOCK):
        lines = (left + block).split("\n")
        whole = (len(lines) - 1) // 2 * 2
        left = "\n".join(lines[whole:])
        yield lines[0:whole:2], lines[1:whole:2]
    line, _, value = left.partition("\n")
    if value:
        yield [line], [value]


def records(stream: TextIO, codes: Codes) -> Iterator[Record]:
    """Yield the entities of a DXF text, up to its end mark; as for `tags`.

    The lists are the caller's to keep and to change.
    """
    found: Record | None = None
    for lines, values in _blocks(stream):
        opening = {line for line in set(lines) if codes[line][0] == 0}
        starts = [place for place, line in enumerate(lines) if line in opening]
        if found is not None:
            found[0].extend(lines[: starts[0]] if starts else lines)
            found[1].extend(values[: starts[0]] if starts else values)
        for start, after in pairwise((*starts, len(lines))) if starts else ():
            if found is not None:
                yield found
            if values[start] == END:
                return
            found = lines[start:after], values[start:after]
    if found is not None:
        yield found


def tags_of(record: Record, codes: Codes) -> Tags:
    """Return the tags of an entity; errors as of `tags`."""
    lines, values = record
    # The next entity begins: only then a point is known to have no height.
    found = Tags(_tags(zip((*lines, "0"), (*values, ""), strict=True), codes))
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
    return _tags(chain.from_iterable(zip(*block, strict=True) for block in _blocks(stream)), Codes())


def _tags(pairs: Iterator[tuple[str, str]], codes: Codes) -> Iterator[DXFTag]:  # noqa: C901 — a call a tag costs more than the tag
    beyond: tuple[str, str] | None = None
    while True:
        for line, value in (beyond,) if beyond else pairs:
            code, read = codes[line]
            if read is str:
                yield DXFTag(code, value)
            elif read is not None:
                try:
                    number = read(value)
                except ValueError:
                    number = _number(read, value)
                yield DXFTag(code, number)
            elif code == 0:
                name = value.strip()
                yield DXFTag(0, name)
                if value == END:
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
        tag: DXFBinaryTag = DXFBinaryTag.from_string(code, value)
    except ValueError:
        raise DXFStructureError(f"binary data of group code {code} is not hexadecimal") from None
    return tag
