"""From a DXF's bytes to UTF-8, string by string: strict decoders in the order UTF-8, GB18030, declared page; then the escapes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from drawings.encodings import GB18030, UTF8, WESTERN, WIDE_PAGES, Grade, codec_of, grade, read, readable, unescape
from drawings.guard import place_of_record
from drawings.ledger import finding
from drawings.tags import Tags
from gis.issues import Issue, Place

UNICODE_RELEASE = b"AC1021"
"""From R2007 on a DXF is UTF-8, whatever $DWGCODEPAGE says (DXF reference, $DWGCODEPAGE)."""
MAX_PLACES = 20
"""Undecidable strings that are named one by one."""
LABELS = {UTF8: "UTF-8", GB18030: "GB18030", "gbk": "ANSI_936（GBK）"}
_CHUNK = 4 * 1024 * 1024
_NAMED = {b"ATTRIB": "属性", b"ATTDEF": "属性", b"LAYER": "图层名", b"BLOCK": "块名", b"BLOCK_RECORD": "块名"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A DXF in UTF-8 without escapes."""

    data: bytes
    declared: str
    """Codec that the file declares."""
    rules: Mapping[str, int]
    """How many strings beyond ASCII each codec has read; `escape` counts those with escapes."""
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """In what order the codecs are asked in one file."""

    primary: str
    page: str
    """The page that the header names."""
    unicode: bool
    """The release is UTF-8 by definition: the page counts only where it makes words."""

    @property
    def western(self) -> bool:
        """The page is what programs declare that know of none: it proves nothing."""
        return self.page == WESTERN


@dataclass(slots=True)
class _Work:
    """Changed values by tag, and what was found."""

    values: dict[int, bytes] = field(default_factory=dict)
    rules: Counter[str] = field(default_factory=Counter)
    undecided: list[int] = field(default_factory=list)


def _header(tags: Tags, name: bytes) -> bytes | None:
    at = tags.data.find(name)
    if at < 0:
        return None
    index = int(np.searchsorted(tags.ends, at)) + 1
    return tags.value(index) if index < len(tags.codes) and tags.value(index - 1) == name else None


def _declared(tags: Tags) -> tuple[bool, str]:
    """Return whether the release is UTF-8 by definition, and the page that the header names."""
    version = _header(tags, b"$ACADVER") or b""
    return version.upper() >= UNICODE_RELEASE, codec_of(readable(_header(tags, b"$DWGCODEPAGE") or b""))


def _beyond_ascii(tags: Tags) -> set[int]:
    """Return the tags whose values hold bytes beyond ASCII."""
    if tags.data.isascii():
        return set()
    view = np.frombuffer(tags.data, np.uint8)
    found: set[int] = set()
    for start in range(0, len(view), _CHUNK):
        places = np.flatnonzero(view[start : start + _CHUNK] & 0x80) + start
        owners = np.searchsorted(tags.ends, places)
        inside = owners < len(tags.ends)
        owners, places = owners[inside], places[inside]
        found.update(owners[places >= tags.starts[owners]].tolist())
    return found


def _escaped(tags: Tags) -> set[int]:
    found: set[int] = set()
    for mark in (b"\\U+", b"\\M+"):
        at = tags.data.find(mark)
        while at >= 0:
            owner = int(np.searchsorted(tags.ends, at))
            if owner >= len(tags.ends):
                break
            found.add(owner)
            at = tags.data.find(mark, int(tags.ends[owner]))
    return found


def _chains(tags: Tags) -> list[list[int]]:
    """Return the pieces of each MTEXT that is cut into several: letters and escapes may lie across the cuts."""
    pieces = np.flatnonzero(tags.codes == 3)
    owners = np.searchsorted(tags.records, pieces, side="right") - 1
    chains: list[list[int]] = []
    for index, owner in zip(pieces.tolist(), owners.tolist(), strict=True):
        if owner < 0 or tags.names[owner] != b"MTEXT" or index + 1 >= len(tags.codes) or tags.codes[index + 1] not in (1, 3):
            continue
        if chains and chains[-1][-1] == index:
            chains[-1].append(index + 1)
        else:
            chains.append([index, index + 1])
    return chains


def _strings(tags: Tags) -> tuple[dict[int, bytes], dict[int, list[int]]]:
    """Return what is to be decoded, by tag, and of cut strings, which stand whole at their last tag, the earlier ones by it."""

    def raw(index: int) -> bytes:
        return tags.data[tags.starts[index] : tags.ends[index]].rstrip(b"\r")

    strings = {index: raw(index) for index in _beyond_ascii(tags) | _escaped(tags)}
    moved: dict[int, list[int]] = {}
    for chain in _chains(tags):
        pieces = list(map(raw, chain))
        whole = b"".join(pieces)
        # What is UTF-8 in each piece needs no joining.
        letters = not whole.isascii() and any(read(piece, UTF8) is None for piece in pieces)
        if letters or b"\\U+" in whole or b"\\M+" in whole:
            *earlier, last = chain
            moved[last] = earlier
            strings[last] = whole
            for index in earlier:
                strings.pop(index, None)
    return dict(sorted(strings.items())), moved


def rule_of(strings: Iterable[bytes], page: str, *, unicode: bool) -> Rule:
    """Return how the strings of a file are read: what most of them can only be.

    Parameters
    ----------
    strings : iterable of bytes
        The distinct ones with bytes beyond ASCII.
    page : str
        Codec of the page that the header names.
    unicode : bool
        The release is UTF-8 by definition.
    """
    if unicode:
        return Rule(UTF8, page, unicode)
    votes: Counter[str] = Counter()
    all_utf8, all_page, short = True, True, 0
    for raw in strings:
        utf8, chinese = grade(raw, UTF8), grade(raw, GB18030)
        local = Grade.INVALID if page in WIDE_PAGES else grade(raw, page)
        all_utf8 &= utf8 > Grade.INVALID
        all_page &= read(raw, page) is not None
        short += (utf8 is Grade.LIKELY) - (utf8 is Grade.STRANGE)
        if utf8 is Grade.CERTAIN:
            votes[UTF8] += chinese < Grade.LIKELY
        elif utf8 < Grade.LIKELY:
            votes[GB18030] += chinese is Grade.LIKELY and local < Grade.LIKELY
            votes[page] += chinese < Grade.LIKELY <= local
    if (all_utf8 and (votes[UTF8] or short >= 0)) or votes[UTF8] > max(votes[GB18030], votes[page]):
        return Rule(UTF8, page, unicode)
    if page in WIDE_PAGES:
        return Rule(page if all_page and page != "gbk" else GB18030, page, unicode)
    tie = votes[GB18030] == votes[page] > 0
    chinese_wins = votes[GB18030] > votes[page] or (tie and page == WESTERN)
    return Rule(GB18030 if chinese_wins else page, page, unicode)


def decide(raw: bytes, rule: Rule) -> str | None:
    """Return the codec of one string, None where it can't be told.

    The file's codec reads it, unless another fits and that one only by accident.
    """
    utf8, chinese = grade(raw, UTF8), grade(raw, GB18030)
    local = Grade.INVALID if rule.page in WIDE_PAGES else grade(raw, rule.page)
    words = local is Grade.LIKELY and (chinese < Grade.LIKELY or not rule.western)
    if rule.primary == UTF8:
        order = [(UTF8, utf8 > 0), (rule.page, words), (GB18030, chinese > 0)]
    elif rule.primary == GB18030:
        order = [(UTF8, utf8 is Grade.CERTAIN and chinese < Grade.LIKELY), (rule.page, words and chinese < Grade.LIKELY)]
        order += [(GB18030, chinese > 0), (UTF8, utf8 > 0)]
    else:
        order = [(UTF8, utf8 is Grade.CERTAIN and chinese < Grade.LIKELY)]
        order += [(GB18030, rule.western and chinese is Grade.LIKELY and local < Grade.LIKELY)]
    order.append((rule.page, not rule.unicode and read(raw, rule.page) is not None))
    order += [(UTF8, utf8 > 0), (GB18030, chinese > 0)]
    return next((codec for codec, fits in order if fits), None)


def _decode_all(strings: Mapping[int, bytes], moved: Mapping[int, list[int]], rule: Rule) -> _Work:
    work = _Work()
    known: dict[bytes, tuple[str, str | None]] = {}
    for index, raw in strings.items():
        if raw not in known:
            codec = "ascii" if raw.isascii() else decide(raw, rule)
            text = read(raw, codec) if codec else None
            known[raw] = (raw.decode(rule.primary, "replace") if text is None else text, codec)
        text, codec = known[raw]
        if codec is None:
            work.undecided.append(index)
        elif codec != "ascii":
            work.rules[codec] += 1
        plain = unescape(text)
        work.rules["escape"] += plain != text
        new = plain.encode(UTF8, "replace")
        earlier = moved.get(index, ())
        if new != raw or earlier:
            work.values |= dict.fromkeys(earlier, b"")
            work.values[index] = new
    return work


def _rewritten(tags: Tags, values: Mapping[int, bytes]) -> bytes:
    """Return the file with changed values; all other bytes stay."""
    if not values:
        return tags.data
    view = memoryview(tags.data)
    parts: list[bytes | memoryview] = []
    at = 0
    for index in sorted(values):
        parts += [view[at : int(tags.starts[index])], values[index]]
        at = int(tags.ends[index])
        at -= tags.data[tags.starts[index] : at].endswith(b"\r")
    parts.append(view[at:])
    return b"".join(parts)


def _undecidable(tags: Tags, index: int) -> Issue:
    record = tags.record_at(index)
    kind = tags.names[record] if record >= 0 else b""
    what = _NAMED.get(kind, "文字")
    name = tags.first(record, 2) if kind in {b"ATTRIB", b"ATTDEF"} else None
    shown = f"{what} {readable(name)} " if name is not None else what
    message = f"{shown}的文字编码无法识别（第 {tags.line(index)} 行）：{tags.value(index)[:24].decode(UTF8, 'replace')}"
    place = place_of_record(tags, record) if record >= 0 else Place()
    return finding("E102", message, "请在 CAD 中重新填写该文字，另存为 2013 DXF", place)


def _issues(tags: Tags, declared: str, work: _Work, file_name: str) -> list[Issue]:
    issues = [_undecidable(tags, index) for index in work.undecided[:MAX_PLACES]]
    more = len(work.undecided) - len(issues)
    if more:
        hint = "请在 CAD 中检查文字，另存为 2013 DXF"
        issues.append(finding("E102", f"另有 {more} 处文字编码无法识别", hint, Place(file=file_name)))
    same = {declared, "escape", *((GB18030,) if declared == "gbk" else ())}
    others = {codec: count for codec, count in sorted(work.rules.items()) if codec not in same}
    if others:
        read_as = "，".join(f"{count} 处按 {LABELS.get(codec, codec)}" for codec, count in others.items())
        message = f"文字编码与文件声明的 {LABELS.get(declared, declared)} 不一致：{read_as} 读取"
        issues.append(finding("W103", message, "请核对图中文字；用 CAD 另存为 2013 DXF 可消除", Place(file=file_name)))
    return issues


def decode(tags: Tags, file_name: str = "") -> Decoded:
    r"""Return a DXF in UTF-8, its escapes replaced by the characters they stand for.

    What can't be decided is kept with U+FFFD where its bytes fit nothing, and named with its place. Line numbers stay; the pieces of a long
    MTEXT
    move into its last one.

    Parameters
    ----------
    tags : Tags
        As the guard has let through.

    Examples
    --------
    >>> from drawings.tags import tags_of
    >>> decode(tags_of(rb"1" + b"\n" + rb"\U+5382" + b"\n")).data.decode().split()
    ['1', '厂']
    """
    unicode, page = _declared(tags)
    strings, moved = _strings(tags)
    rule = rule_of({raw for raw in strings.values() if not raw.isascii()}, page, unicode=unicode)
    work = _decode_all(strings, moved, rule)
    declared = UTF8 if unicode else page
    rules = {codec: count for codec, count in work.rules.items() if count}
    return Decoded(_rewritten(tags, work.values), declared, rules, tuple(_issues(tags, declared, work, file_name)))
