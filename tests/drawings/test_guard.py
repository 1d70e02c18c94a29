from pathlib import Path

import pytest
from dxf_bytes import block, document, file_of, line, section, tagged, text_bytes, with_blocks

from drawings import guard as guards
from drawings.example import example_files
from drawings.guard import guard, sound, too_large
from drawings.read import plan_of
from drawings.sandbox import read_plan
from drawings.tags import tags_of
from gis.limits import MAX_BYTES

NAME, DATA = next((name, data) for name, data in example_files().items() if name.endswith(".dxf"))
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "dxf"


def hatch(lines: int = 0, points: int = 0) -> bytes:
    head = tagged((0, "HATCH"), (5, "2A"), (8, "QJ-A-GREEN"), (2, "BOMB"), (91, 1), (92, 1), (93, points))
    return (
        head
        + tagged((10, 1), (20, 2)) * points
        + tagged((78, lines))
        + tagged((53, 0), (43, 0), (44, 0), (45, 0), (46, 1), (79, 0)) * lines
    )


def entities(*parts: bytes) -> bytes:
    return tagged((0, "SECTION"), (2, "ENTITIES")) + b"".join(parts) + tagged((0, "ENDSEC"), (0, "EOF"))


def lattice(levels: int, each: int) -> bytes:
    """Each block shows the next one several times: the billion laughs."""
    return with_blocks(*(block(f"B{level}", *[f"B{level + 1}"] * each) for level in range(levels)), block(f"B{levels}", more=line()))


BAD = {
    "empty": (b"", "E101", "空"),
    "blank": (b" \r\n ", "E101", "空"),
    "DWG": (b"AC1032\x00\x00\x00", "E101", "DWG"),
    "binary header": (b"AutoCAD Binary DXF\r\n\x1a\x00", "E101", "二进制"),
    "other file": (b"%PDF-1.7 ...", "E101", "不是 DXF"),
    "garbage": (b"SECTION" + bytes(range(256)) * 40, "E101", "不完整"),
    "binary garbage": (b"AutoCAD Binary DXF\r\n\x1a\x00" + b"SECTION" + bytes(range(256)) * 40, "E101", "二进制"),
    "truncated": (DATA[: len(DATA) // 2], "E101", "中断"),
    "truncated within a line": (DATA[: DATA.index(b"ENTITIES") + 4], "E101", "中断"),
    "long line": (DATA.replace(b"AC1027", b"A" * (guards.MAX_LINE + 1)), "E101", "第 8 行"),
    "long last line": (DATA + b"x" * (guards.MAX_LINE + 1), "E101", "KB"),
    "pattern lines": (entities(hatch(lines=200_001)), "E306", "图案线"),
    "boundary points": (entities(hatch(points=1_000_001)), "E306", "边界点"),
    "block in itself": (with_blocks(block("A", "A")), "E110", "A → A"),
    "other letters": (with_blocks(block("Valve", "VALVE")), "E110", "VALVE → VALVE"),
    "escaped": (with_blocks(block("A", r"\U+0041")), "E110", "A → A"),
    "ring": (with_blocks(block("X", "A"), block("A", "B"), block("B", "C"), block("C", "A")), "E110", "A → B → C → A"),
    "ring by dimension": (with_blocks(block("A", more=[(0, "DIMENSION"), (2, "A")])), "E110", "A → A"),
    "laughs": (lattice(8, 10), "E111", "展开后"),
    "array": (with_blocks(block("A", more=[(0, "INSERT"), (2, "B"), (70, 3000), (71, 3000)]), block("B", more=line())), "E111", "展开后"),
    "deep": (lattice(70, 1), "E111", "层"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_may_not_be_opened(case: str) -> None:
    data, code, says = BAD[case]
    tags, issues = guard(data, "x.dxf")
    assert tags is None
    assert [issue.code for issue in issues] == [code]
    assert says in issues[0].message
    assert issues[0].hint
    plan = plan_of(data, "x.dxf")
    assert [issue.code for issue in plan.issues] == [code]
    assert plan.features == ()
    assert (plan.counts.entities, plan.counts.stored) == (0, 0)


def test_places_are_named() -> None:
    (issue,) = guard(BAD["pattern lines"][0])[1]
    assert (issue.place.layer, issue.place.handle) == ("QJ-A-GREEN", "2A")
    assert "第 6 行" in issue.message
    (issue,) = guard(BAD["ring"][0])[1]
    assert (issue.place.layer, issue.place.handle) == ("0", "AB")


@pytest.mark.parametrize(
    "data",
    [
        DATA,
        DATA.replace(b"\n", b"\r\n"),
        entities(hatch(lines=200_000)),
        entities(hatch(points=200_000)),
        lattice(60, 1),
        lattice(6, 9),
        with_blocks(block("A", "GONE", "B", "B"), block("B", more=line()), block("C", "B", "A")),
    ],
    ids=["example", "CRLF", "pattern", "boundary", "deep", "wide", "shared"],
)
def test_what_may_be_opened(data: bytes) -> None:
    tags, issues = guard(data)
    assert issues == []
    assert tags is not None
    assert sound(tags)


@pytest.mark.parametrize("path", sorted(SHARED.glob("*.dxf")), ids=lambda path: path.name)
def test_real_files_may_be_opened(path: Path) -> None:
    tags, issues = guard(path.read_bytes(), path.name)
    assert issues == []
    assert tags is not None
    assert sound(tags) is not path.name.startswith("06")


@pytest.mark.parametrize(
    ("limit", "value", "says"),
    [("MAX_BYTES", 1000, "上限"), ("MAX_RECORDS", 100, "个对象"), ("MAX_LINE", 1000, "行超过")],
)
def test_limits_of_mass(limit: str, value: int, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, limit, value)
    tags, issues = guard(DATA.replace(b"QJ-A-BOUND", b"Q" * 1200), "x.dxf")
    assert tags is None
    assert [issue.code for issue in issues] == ["E101"]
    assert says in issues[0].message


def test_more_tags_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "tags_of", lambda text: tags_of(text, 1000))
    tags, issues = guard(DATA)
    assert tags is None
    assert [issue.code for issue in issues] == ["E101"]
    # The cause is named, where it is one hatch.
    monkeypatch.setattr(guards, "tags_of", lambda text: tags_of(text, 1_205_000))
    assert [issue.code for issue in guard(entities(hatch(lines=201_000)))[1]] == ["E306"]


def test_half_a_gigabyte_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "text.dxf"
    with path.open("wb") as file:
        file.truncate(500 * 1024**2)
    plan = read_plan(path, path.name)
    assert [issue.code for issue in plan.issues] == ["E101"]
    assert "500 MB" in plan.issues[0].message
    assert too_large(MAX_BYTES, "x.dxf") is None


@pytest.mark.parametrize(
    ("data", "is_sound"),
    [
        (text_bytes(document("R12")), True),
        (file_of(section("ENTITIES", *line())), True),
        (section("ENTITIES", *line()), False),
        (file_of(section("ENTITIES"), tagged(*line())), False),
        (file_of(tagged((0, "SECTION"), (2, "HEADER")), section("ENTITIES", *line())), False),
        (file_of(section("ENTITIES"), tagged((0, "ENDSEC"))), False),
        (file_of(section("ENTITIES")).replace(b"  2\n", b"  x\n"), False),
    ],
)
def test_soundness(data: bytes, is_sound: bool) -> None:
    assert sound(tags_of(data)) is is_sound
