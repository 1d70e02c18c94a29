"""The tags of a text DXF as arrays: group code and place of each value, exact and cheap enough to run before anything else."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_TAGS = 8_000_000
"""Tags that are indexed. A reader takes some 110 bytes a tag, so more does not fit into the gigabyte a reading may take."""
UNREADABLE = -1
"""Code of a tag whose code line is no number."""
_CHUNK = 4 * 1024 * 1024
_BATCH = 1_000_000
_DIGITS = 4
"""Group codes end at 1071 (DXF reference, group codes in numerical order)."""


@dataclass(frozen=True, slots=True, eq=False)
class Tags:
    """A text DXF and where its tags lie."""

    data: bytes
    codes: NDArray[np.int32]
    """(n,) group codes."""
    starts: NDArray[np.int32]
    """(n,) offset of each value."""
    ends: NDArray[np.int32]
    """(n,) offset after each value; a carriage return may be its last byte."""
    records: NDArray[np.int32]
    """(m,) index of each tag of code 0: where records begin."""
    names: list[bytes]
    """(m,) what each record is, upper case: `SECTION`, `LINE`, …"""
    complete: bool
    """False where the file holds more than `MAX_TAGS`."""

    def value(self, index: int) -> bytes:
        """Return the value of a tag, without blanks around."""
        return self.data[self.starts[index] : self.ends[index]].strip()

    def span(self, record: int) -> tuple[int, int]:
        """Return the first tag of a record and the first after it."""
        after = self.records[record + 1] if record + 1 < len(self.records) else len(self.codes)
        return int(self.records[record]), int(after)

    def record_at(self, index: int) -> int:
        """Return the record that a tag belongs to, -1 before the first."""
        return int(np.searchsorted(self.records, index, side="right")) - 1

    def first(self, record: int, code: int) -> bytes | None:
        """Return the value of a record's first tag of a code, None where it has none."""
        start, after = self.span(record)
        found = np.flatnonzero(self.codes[start:after] == code)
        return self.value(start + int(found[0])) if len(found) else None

    def line(self, index: int) -> int:
        """Return the number of the line, from 1, on which a tag's value stands."""
        return 2 * index + 2


def _line_ends(data: bytes, limit: int) -> NDArray[np.int32]:
    """Return the offsets at which the first `limit` lines end."""
    view = np.frombuffer(data, np.uint8)
    found: list[NDArray[np.int32]] = []
    count = 0
    for start in range(0, len(data), _CHUNK):
        ends = np.flatnonzero(view[start : start + _CHUNK] == ord("\n")).astype(np.int32)
        found.append(ends + np.int32(start))
        count += len(ends)
        if count >= limit:
            break
    else:
        if data and not data.endswith(b"\n"):
            found.append(np.array([len(data)], np.int32))
    return np.concatenate(found)[:limit] if found else np.empty(0, np.int32)


def _code(line: bytes) -> int:
    """Return the number on an odd code line: signed, or with blanks after it."""
    digits = line.strip()
    return int(digits) if digits.removeprefix(b"-").isdigit() and len(digits) <= _DIGITS + 1 else UNREADABLE


def _codes(data: bytes, starts: NDArray[np.int32], ends: NDArray[np.int32]) -> NDArray[np.int32]:
    """Read the code lines, which are digits after blanks, from the last digit to the first."""
    view = np.frombuffer(data, np.uint8)
    last = ends - 1
    last = last - (view[last] == ord("\r"))
    codes = np.zeros(len(starts), np.int32)
    reading = np.ones(len(starts), np.bool_)
    proper = np.zeros(len(starts), np.bool_)
    for place in range(_DIGITS + 1):
        at = last - place
        inside = at >= starts
        byte = view[np.maximum(at, 0)]
        digit = reading & inside & (byte >= ord("0")) & (byte <= ord("9"))
        if place:
            proper |= reading & ~digit & (~inside | (byte == ord(" ")) | (byte == ord("\t")))
        if place < _DIGITS:
            codes += np.where(digit, (byte.astype(np.int32) - ord("0")) * 10**place, 0).astype(np.int32)
        reading = digit
    for index in np.flatnonzero(~proper).tolist():
        codes[index] = _code(data[starts[index] : ends[index]])
    return codes


def tags_of(data: bytes, limit: int = MAX_TAGS) -> Tags:
    """Index the tags of a text DXF; at most `limit` of them.

    Parameters
    ----------
    data : bytes
        Two lines a tag, group code and value (DXF reference, ASCII DXF files); less than 2 GiB.
    """
    lines = _line_ends(data, 2 * limit + 2)
    count = min(len(lines) // 2, limit)
    code_ends, ends = lines[0 : 2 * count : 2], lines[1 : 2 * count : 2]
    code_starts = np.concatenate([np.zeros(1, np.int32), ends[:-1] + np.int32(1)])[:count]
    codes = np.empty(count, np.int32)
    for start in range(0, count, _BATCH):
        batch = slice(start, start + _BATCH)
        codes[batch] = _codes(data, code_starts[batch], code_ends[batch])
    starts = code_ends + np.int32(1)
    records = np.flatnonzero(codes == 0).astype(np.int32)
    places = zip(starts[records].tolist(), ends[records].tolist(), strict=True)
    names = [data[start:end].strip().upper() for start, end in places]
    return Tags(data, codes, starts, ends, records, names, len(lines) // 2 <= limit)
