"""What keeps a file from being opened: size, form, length of its strings, nesting of its blocks, mass of its hatches."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from drawings.binary import SENTINEL, TruncatedError, text_of
from drawings.encodings import readable
from drawings.ledger import finding
from drawings.tags import MAX_TAGS, UNREADABLE, Tags, tags_of
from drawings.tally import PARTS, section
from gis.issues import Issue, Place
from gis.limits import MAX_BYTES

MAX_LINE = 1024 * 1024
"""Longest string, bytes; CAD programs end theirs at 2 049 characters."""
MAX_RECORDS = 700_000
"""Records of all sections; ezdxf takes some 1.3 kB for each."""
MAX_PATTERN_LINES = 200_000
"""Pattern lines of one hatch (norm, E306)."""
MAX_HATCH_POINTS = 1_000_000
"""Boundary points of one hatch."""
MAX_NESTED = 2_000_000
"""Entities that one block shows, with all that is nested in it."""
MAX_DEPTH = 64
"""Blocks within blocks."""
DWG = re.compile(rb"AC10\d\d")
_HATCHES = frozenset({b"HATCH", b"MPOLYGON"})
_REFERENCES = frozenset({b"INSERT", b"DIMENSION", b"ARC_DIMENSION", b"LARGE_RADIAL_DIMENSION", b"ACAD_TABLE"})
_REEXPORT = "请用 CAD 打开检查（AUDIT），另存为 2013 DXF"
_CLEAN = "请清理图形（PURGE、OVERKILL）后另存"


def unreadable(file_name: str, message: str, hint: str = _REEXPORT) -> Issue:
    """Return the issue that a file can't be read."""
    return finding("E101", message, hint, Place(file=file_name))


def too_large(size: int, file_name: str) -> Issue | None:
    """Return the issue that a file of so many bytes is not opened."""
    if size <= MAX_BYTES:
        return None
    return unreadable(file_name, f"文件 {size / 1024**2:.0f} MB，超过 {MAX_BYTES // 1024**2} MB 的上限", _CLEAN)


def _form_fault(data: bytes, file_name: str) -> Issue | None:
    """Look at the file as a whole."""
    fault = too_large(len(data), file_name)
    if fault:
        return fault
    if not data.strip():
        return unreadable(file_name, "文件是空的", "请重新导出 DXF")
    if DWG.match(data):
        return unreadable(file_name, "这是 DWG 文件，不是 DXF", "请在 CAD 中“另存为”AutoCAD 2013 DXF")
    if not data.startswith(SENTINEL) and b"SECTION" not in data and b"S\x00E\x00C\x00T" not in data:
        return unreadable(file_name, "文件不是 DXF", "请在 CAD 中“另存为”AutoCAD 2013 DXF")
    return None


def _long_line(data: bytes, file_name: str) -> Issue | None:
    """Leap from line end to line end, at most the longest line at a time."""
    at = 0
    while len(data) - at > MAX_LINE:
        end = data.rfind(b"\n", at, at + MAX_LINE)
        if end < 0:
            line = data.count(b"\n", 0, at) + 1
            return unreadable(file_name, f"第 {line} 行超过 {MAX_LINE // 1024} KB", "请删去该行的超长文字或嵌入数据后另存")
        at = end + 1
    return None


def place_of_record(tags: Tags, record: int) -> Place:
    """Return where a record lies: its layer and handle, where it has them."""
    layer, handle = tags.first(record, 8), tags.first(record, 5)
    return Place(layer=readable(layer).upper() if layer is not None else None, handle=readable(handle) if handle is not None else None)


def _heavy_hatches(tags: Tags) -> Iterator[Issue]:
    for record, name in enumerate(tags.names):
        if name not in _HATCHES:
            continue
        first, after = tags.span(record)
        codes = tags.codes[first:after]
        if len(codes) <= MAX_PATTERN_LINES:
            continue
        lines, points = (int(np.count_nonzero(codes == code)) for code in (53, 10))
        if lines > MAX_PATTERN_LINES:
            message = f"一个填充有超过 {MAX_PATTERN_LINES} 条图案线（第 {tags.line(first)} 行）"
        elif points > MAX_HATCH_POINTS:
            message = f"一个填充有超过 {MAX_HATCH_POINTS} 个边界点（第 {tags.line(first)} 行）"
        else:
            continue
        yield finding("E306", message, "请删去该填充，或改用实心填充", place_of_record(tags, record))


@dataclass(slots=True)
class _Block:
    entities: int = 0
    inserts: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """Name of a nested block → how many of it, record of the first."""


def _times(tags: Tags, record: int) -> int:
    """Return how often an insert repeats its block: columns times rows."""
    numbers = [tags.first(record, code) or b"1" for code in (70, 71)]
    columns, rows = (min(int(number), MAX_NESTED) if number.isdigit() else 1 for number in numbers)
    return max(columns, 1) * max(rows, 1)


def _blocks(tags: Tags) -> dict[bytes, _Block]:
    """Return what each block holds, by its name as CAD programs compare it."""
    blocks: dict[bytes, _Block] = {}
    found = section(tags, b"BLOCKS")
    block = _Block()
    for record in range(*found) if found else ():
        name = tags.names[record]
        if name == b"BLOCK":
            block = blocks.setdefault(_key(tags.first(record, 2)), _Block())
        elif name not in PARTS and name != b"ENDBLK":
            block.entities += 1
            if name in _REFERENCES:
                key = _key(tags.first(record, 2))
                count, first = block.inserts.get(key, (0, record))
                times = _times(tags, record) if name == b"INSERT" else 1
                block.inserts[key] = (count + times, first)
    return blocks


def _key(name: bytes | None) -> bytes:
    return readable(name or b"").upper().encode()


@dataclass(frozen=True, slots=True)
class _Mass:
    """What a block shows when all that is nested in it is drawn."""

    entities: int
    depth: int


def _nesting(tags: Tags) -> Iterator[Issue]:
    """Walk down from each block; nothing here recurses, as the depth is the drawing's."""
    blocks = _blocks(tags)
    known: dict[bytes, _Mass] = {}
    for start in blocks:
        path = [start] if start not in known else []
        children = [iter(blocks[start].inserts)]
        on_path = {start}
        while path:
            child = next((name for name in children[-1] if name in blocks and name not in known), None)
            if child is not None and child in on_path:
                yield _self_reference(tags, blocks, [*path[path.index(child) :], child])
                return
            if child is not None:
                path.append(child)
                on_path.add(child)
                children.append(iter(blocks[child].inserts))
                continue
            name = path.pop()
            on_path.discard(name)
            children.pop()
            known[name] = _mass(blocks[name], known)
            if known[name].entities > MAX_NESTED or known[name].depth > MAX_DEPTH:
                yield _explosion(tags, name, blocks[name], known[name])
                return


def _mass(block: _Block, known: dict[bytes, _Mass]) -> _Mass:
    nested = [(count, known[name]) for name, (count, _) in block.inserts.items() if name in known]
    entities = block.entities + sum(count * mass.entities for count, mass in nested)
    return _Mass(min(entities, 1000 * MAX_NESTED), 1 + max((mass.depth for _, mass in nested), default=0))


def _self_reference(tags: Tags, blocks: dict[bytes, _Block], ring: list[bytes]) -> Issue:
    shown = " → ".join(name.decode() for name in (ring if len(ring) <= 6 else [*ring[:3], "…".encode(), *ring[-2:]]))
    record = blocks[ring[0]].inserts[ring[1]][1]
    message = f"图块引用自身：{shown}（第 {tags.line(int(tags.records[record]))} 行）"
    return finding("E110", message, "请在块编辑器中删去该引用", place_of_record(tags, record))


def _explosion(tags: Tags, name: bytes, block: _Block, mass: _Mass) -> Issue:
    record = next(iter(block.inserts.values()))[1] if block.inserts else None
    what = f"超过 {MAX_DEPTH} 层" if mass.depth > MAX_DEPTH else f"展开后超过 {MAX_NESTED} 个图元"
    place = place_of_record(tags, record) if record is not None else Place()
    return finding("E111", f"图块 {name.decode()} 嵌套{what}", "请简化或炸开嵌套的图块", place)


def _mass_fault(tags: Tags, file_name: str) -> Issue | None:
    if not tags.complete:
        return unreadable(file_name, f"文件超过 {MAX_TAGS} 组数据", _CLEAN)
    if len(tags.names) > MAX_RECORDS:
        return unreadable(file_name, f"文件有 {len(tags.names)} 个对象，超过 {MAX_RECORDS} 的上限", _CLEAN)
    return None


def _truncation(tags: Tags, file_name: str) -> Issue | None:
    last = tags.names[-1] if tags.names else b""
    if last in {b"EOF", b"ENDSEC"}:
        return None
    return unreadable(file_name, f"文件不完整：在第 {tags.line(len(tags.codes) - 1)} 行中断", "请重新导出或重新传输整个文件")


def guard(data: bytes, file_name: str = "") -> tuple[Tags | None, list[Issue]]:
    """Return the tags of a file that may be opened, None where it may not, and why not.

    Nothing is parsed: one pass over the bytes finds the tags, everything else is asked of that index.

    Parameters
    ----------
    data : bytes
        Text or binary DXF of any release.
    """
    fault = _form_fault(data, file_name)
    if fault:
        return None, [fault]
    try:
        text = text_of(data)
    except TruncatedError:
        return None, [unreadable(file_name, "二进制 DXF 不完整或已损坏", "请重新导出或重新传输整个文件")]
    fault = _long_line(text, file_name)
    if fault:
        return None, [fault]
    tags = tags_of(text)
    issues = list(_heavy_hatches(tags))
    for faults in (_mass_fault(tags, file_name), _truncation(tags, file_name)) if not issues else ():
        if faults:
            return None, [faults]
    issues += _nesting(tags)
    return (None if issues else tags), issues


def sound(tags: Tags) -> bool:
    """Say whether sections and tables open and close in order, so that a reader that mends nothing loses nothing."""
    inside = False
    for name in tags.names:
        if (name in {b"SECTION", b"EOF"}) == inside or (name not in {b"SECTION", b"EOF"} and not inside):
            return False
        inside = name != b"ENDSEC" if name != b"EOF" else False
        if name == b"EOF":
            break
    return bool(tags.names) and tags.names[-1] == b"EOF" and not np.any(tags.codes == UNREADABLE)
