"""Faults put into a drawing's text: tags are lines that are changed, left out or copied; no DXF library is asked.

An edit takes the tags of a whole file (pairs of group code and value, as written) and changes them in place.
"""

from collections.abc import Callable, Iterator

Tags = list[tuple[int, str]]
Edit = Callable[[Tags], None]


def tags_of(data: bytes) -> Tags:
    lines = data.decode("utf-8").splitlines()
    return [(int(code), value) for code, value in zip(lines[::2], lines[1::2], strict=True)]


def bytes_of(tags: Tags) -> bytes:
    return "".join(f"{code:>3}\n{value}\n" for code, value in tags).encode("utf-8", "surrogateescape")


def edited(data: bytes, *edits: Edit) -> bytes:
    """Return a drawing after edits, in order."""
    tags = tags_of(data)
    for edit in edits:
        edit(tags)
    return bytes_of(tags)


def _space(tags: Tags) -> tuple[int, int]:
    """Return where the entities of the model space begin and end."""
    start = tags.index((2, "ENTITIES")) + 1
    return start, next(at for at in range(start, len(tags)) if tags[at] == (0, "ENDSEC"))


def entities(tags: Tags) -> Iterator[tuple[int, int]]:
    """Yield where each entity begins and ends; a reference with its attributes is one."""
    start, stop = _space(tags)
    heads = [at for at in range(start, stop) if tags[at][0] == 0 and tags[at][1] not in ("ATTRIB", "SEQEND")]
    yield from zip(heads, [*heads[1:], stop], strict=True)


def labelled(tags: Tags, code: str) -> tuple[int, int]:
    """Return the reference whose attribute CODE says so."""
    return next((a, b) for a, b in entities(tags) if tags[a] == (0, "INSERT") and _said(tags, a, b).get("CODE") == code)


def _attributes(tags: Tags, a: int, b: int) -> Iterator[tuple[str, int]]:
    """Yield the tag and the place of the text of each attribute."""
    heads = [at for at in range(a, b) if tags[at] == (0, "ATTRIB")]
    for head, end in zip(heads, [*heads[1:], b][: len(heads)], strict=True):
        tag = next(value for code, value in tags[head:end] if code == 2)
        yield tag, next(at for at in range(head, end) if tags[at][0] == 1)


def _said(tags: Tags, a: int, b: int) -> dict[str, str]:
    return {tag: tags[at][1] for tag, at in _attributes(tags, a, b)}


def drawn(layer: str, number: int = 0, type_: str = "LWPOLYLINE") -> Callable[[Tags], tuple[int, int]]:
    """Return what finds the entity of that number (from 0) on a layer."""

    def find(tags: Tags) -> tuple[int, int]:
        return [(a, b) for a, b in entities(tags) if tags[a] == (0, type_) and (8, layer) in tags[a:b]][number]

    return find


def label(code: str) -> Callable[[Tags], tuple[int, int]]:
    """Return what finds the label of a code."""
    return lambda tags: labelled(tags, code)


Find = Callable[[Tags], tuple[int, int]]


def say(code: str, tag: str, text: str) -> Edit:
    """Write another text into an attribute of the label of a code."""

    def edit(tags: Tags) -> None:
        at = dict(_attributes(tags, *labelled(tags, code)))[tag]
        tags[at] = (1, text)

    return edit


def rename(code: str, tag: str, other: str) -> Edit:
    """Call an attribute of the label of a code otherwise."""

    def edit(tags: Tags) -> None:
        a, b = labelled(tags, code)
        at = next(at for at in range(a, b) if tags[at] == (2, tag))
        tags[at] = (2, other)

    return edit


def drop(find: Find) -> Edit:
    """Leave an entity out."""

    def edit(tags: Tags) -> None:
        a, b = find(tags)
        del tags[a:b]

    return edit


def drop_all(layer: str) -> Edit:
    """Leave out everything on a layer."""

    def edit(tags: Tags) -> None:
        for a, b in reversed(list(entities(tags))):
            if (8, layer) in tags[a:b]:
                del tags[a:b]

    return edit


def put(find: Find, group: int, value: object, number: int = 0) -> Edit:
    """Write another value: the group's one of that number (from 0, or from the end)."""

    def edit(tags: Tags) -> None:
        a, b = find(tags)
        at = [at for at in range(a, b) if tags[at][0] == group][number]
        tags[at] = (group, str(value))

    return edit


def add(find: Find, *more: tuple[int, object], before: int | None = None) -> Edit:
    """Add tags at the end of an entity, or before the first of a group."""

    def edit(tags: Tags) -> None:
        a, b = find(tags)
        at = b if before is None else next(at for at in range(a, b) if tags[at][0] == before)
        tags[at:at] = [(code, str(value)) for code, value in more]

    return edit


def shift(find: Find, dx: float, dy: float) -> Edit:
    """Move an entity."""

    def edit(tags: Tags) -> None:
        a, b = find(tags)
        for at in range(a, b):
            _move(tags, at, dx, dy)

    return edit


def _move(tags: Tags, at: int, dx: float, dy: float) -> None:
    by = {10: dx, 11: dx, 20: dy, 21: dy}.get(tags[at][0])
    if by:
        tags[at] = (tags[at][0], str(float(tags[at][1]) + by))


def shift_all(dx: float, dy: float) -> Edit:
    """Move everything."""

    def edit(tags: Tags) -> None:
        for at in range(*_space(tags)):
            _move(tags, at, dx, dy)

    return edit


def entity(type_: str, *more: tuple[int, object], handle: str = "FA001") -> Edit:
    """Put a new entity at the end of the model space."""

    def edit(tags: Tags) -> None:
        head = [(0, type_), (5, handle), (100, "AcDbEntity")]
        stop = _space(tags)[1]
        tags[stop:stop] = [*head, *((code, str(value)) for code, value in more)]

    return edit


def copy(find: Find, *, dx: float = 0.0, dy: float = 0.0, layer: str | None = None, block: str | None = None, **said: str) -> Edit:
    """Put a copy of an entity at the end, with handles of its own.

    Moved by so much, on another layer, of another block whose attributes say this and nothing else.
    """

    def edit(tags: Tags) -> None:
        a, b = find(tags)
        made = tags[a:b]
        if block:
            made = _of_block(made, block, said)
        fresh = max(int(value, 16) for code, value in tags if code == 5) + 1
        for at, (code, _) in enumerate(made):
            if code == 5:
                made[at] = (5, f"{fresh:X}")
                fresh += 1
            elif code == 8 and layer:
                made[at] = (8, layer)
            _move(made, at, dx, dy)
        stop = _space(tags)[1]
        tags[stop:stop] = made

    return edit


def _of_block(made: Tags, block: str, said: dict[str, str]) -> Tags:
    heads = [at for at, tag in enumerate(made) if tag == (0, "ATTRIB")]
    end = next(at for at, tag in enumerate(made) if tag == (0, "SEQEND"))
    reference = [(2, block) if code == 2 else (code, value) for code, value in made[: heads[0]]]
    kept = []
    for (tag, text), head, stop in zip(said.items(), heads, [*heads[1:], end], strict=False):
        kept += [(1, text) if code == 1 else (2, tag) if code == 2 else (code, value) for code, value in made[head:stop]]
    return [*reference, *kept, *made[end:]]


def shift_end(find: Find, dx: float, dy: float = 0.0) -> Edit:
    """Move the last vertex of a polyline."""

    def edit(tags: Tags) -> None:
        a, b = find(tags)
        last = max(at for at in range(a, b) if tags[at][0] == 10)
        _move(tags, last, dx, dy)
        _move(tags, last + 1, dx, dy)

    return edit


def exchange(find: Find, one: int, other: int) -> Edit:
    """Let two vertices of a polyline change places."""

    def edit(tags: Tags) -> None:
        a, b = find(tags)
        at = [at for at in range(a, b) if tags[at][0] == 10]
        for step in (0, 1):
            tags[at[one] + step], tags[at[other] + step] = tags[at[other] + step], tags[at[one] + step]

    return edit


def nearly_close(find: Find, gap: float) -> Edit:
    """Open a closed polyline, and lead it back to so far from its start."""

    def edit(tags: Tags) -> None:
        a, b = find(tags)
        count = next(at for at in range(a, b) if tags[at][0] == 90)
        flag = next(at for at in range(a, b) if tags[at][0] == 70)
        first = next(at for at in range(a, b) if tags[at][0] == 10)
        back = [(10, str(float(tags[first][1]) + gap)), tags[first + 1]]
        tags[count], tags[flag] = (90, str(int(tags[count][1]) + 1)), (70, "0")
        tags[b:b] = back

    return edit


def placed(turn: Callable[[float, float], tuple[float, float]]) -> Edit:
    """Put every point of the model space somewhere else."""

    def edit(tags: Tags) -> None:
        for at in range(*_space(tags)):
            if tags[at][0] in (10, 11) and tags[at + 1][0] == tags[at][0] + 10:
                x, y = turn(float(tags[at][1]), float(tags[at + 1][1]))
                tags[at], tags[at + 1] = (tags[at][0], str(x)), (tags[at][0] + 10, str(y))

    return edit


def outside(block: str, path: str) -> Edit:
    """Make a block one of another file (DXF reference, BLOCK: flag 4, path in group 1)."""

    def edit(tags: Tags) -> None:
        head = next(at for at, tag in enumerate(tags) if tag == (0, "BLOCK") and (2, block) in tags[at : at + 12])
        flag = next(at for at in range(head, len(tags)) if tags[at][0] == 70)
        tags[flag] = (70, "4")
        end = next(at for at in range(head + 1, len(tags)) if tags[at][0] == 0)
        at = next((at for at in range(head, end) if tags[at][0] == 1), None)
        if at is None:
            tags[end:end] = [(1, path)]
        else:
            tags[at] = (1, path)

    return edit


def header(name: str, value: object) -> Edit:
    """Write another value of a header variable."""

    def edit(tags: Tags) -> None:
        at = tags.index((9, name)) + 1
        tags[at] = (tags[at][0], str(value))

    return edit


def into_block(block: str, *more: tuple[int, object]) -> Edit:
    """Put tags into the definition of a block."""

    def edit(tags: Tags) -> None:
        blocks = tags.index((2, "BLOCKS"))
        head = next(at for at in range(blocks, len(tags)) if tags[at] == (0, "BLOCK") and (2, block) in tags[at : at + 12])
        end = next(at for at in range(head, len(tags)) if tags[at] == (0, "ENDBLK"))
        tags[end:end] = [(code, str(value)) for code, value in more]

    return edit
