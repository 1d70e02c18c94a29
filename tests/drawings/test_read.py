import io
import random
from pathlib import Path

import pytest
from dxf_bytes import text_bytes
from other_program import rewrite

from drawings.example import drawing, example_files
from drawings.norm import BLOCKS
from drawings.read import Options, document_of, plan_of, site_plan
from drawings.tally import count_entities
from drawings.template import template

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "dxf"
FOREIGN = sorted(SHARED.glob("*.dxf"))
NAME, DATA = next((name, data) for name, data in example_files().items() if name.endswith(".dxf"))


@pytest.mark.parametrize("path", FOREIGN, ids=[path.name for path in FOREIGN])
def test_foreign_drawings_are_accounted_for_to_the_last_entity(path: Path) -> None:
    plan = site_plan(path)
    counts = plan.counts
    assert counts.entities == counts.stored + counts.ignored + counts.refused
    assert counts.entities > 0
    assert plan.issues
    for issue in plan.issues:
        issue.message.encode("utf-8")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "空"),
        (b"  \r\n", "空"),
        (b"AC1032\x00\x00\x00", "DWG"),
        (b"AutoCAD Binary DXF\r\n\x1a\x00", "二进制"),
        (b"%PDF-1.7 ...", "不是 DXF"),
        ("不是图纸".encode("gbk"), "不是 DXF"),
        (b"SECTION" + bytes(range(256)) * 40, ""),
        (b"0\nSECTION\n2\nENTITIES\n0\nENDSEC\n0\nEOF\n", "没有图元"),
    ],
)
def test_what_is_no_drawing_is_an_issue(data: bytes, says: str) -> None:
    plan = plan_of(data, "x.dxf")
    assert [issue.code for issue in plan.issues] == ["E101"]
    assert says in plan.issues[0].message
    assert plan.issues[0].hint
    assert plan.features == ()


def test_too_large_a_file_is_not_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("drawings.guard.MAX_BYTES", 100)
    (tmp_path / NAME).write_bytes(DATA)
    for plan in (plan_of(DATA, NAME), site_plan(tmp_path / NAME)):
        assert [issue.code for issue in plan.issues] == ["E101"]


@pytest.mark.parametrize("seed", range(25))
def test_damaged_bytes_never_crash(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 — damage, not secrecy
    damaged = bytearray(DATA)
    for _ in range(chance.randint(1, 200)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    plan = plan_of(bytes(damaged[: chance.randrange(len(damaged))] if seed % 2 else damaged), NAME)
    counts = plan.counts
    assert counts.entities == counts.stored + counts.ignored + counts.refused


def written(version: str, encoding: str | None = None) -> bytes:
    source = drawing()
    document = template(version)
    if encoding:
        document.encoding = encoding
    for entity in source.modelspace():
        copy = entity.copy()
        document.modelspace().add_entity(copy)
    text = io.StringIO()
    document.write(text)
    return text.getvalue().encode(document.output_encoding)


@pytest.mark.parametrize(("version", "encoding"), [("R2000", "gbk"), ("R2004", "gbk"), ("R2007", None), ("R2013", None), ("R2018", None)])
def test_versions_and_encodings_read_the_same(version: str, encoding: str | None) -> None:
    plan = plan_of(written(version, encoding), NAME)
    assert plan.issues == ()
    same = plan_of(DATA, NAME)
    assert [(f.code, f.name, f.attributes) for f in plan.features] == [(f.code, f.name, f.attributes) for f in same.features]


def test_an_unknown_encoding_is_named() -> None:
    broken = DATA.replace("原料仓库".encode(), b"\xd4\xad\xff\xfe")
    issues = [issue for issue in plan_of(broken, NAME).issues if issue.code == "E102"]
    assert [issue.place.handle is not None for issue in issues] == [True]
    assert "NAME" in issues[0].message


@pytest.mark.parametrize(
    ("file_name", "given", "source", "kind", "codes"),
    [
        (NAME, None, NAME[:22], "A", []),
        (NAME.lower(), None, NAME[:22], "A", []),
        (NAME.replace("_A_", "_C_"), None, NAME[:22], "C", []),
        ("平面图.dxf", None, None, "A", []),
        ("平面图.dxf", NAME[:22], NAME[:22], "A", []),
        (NAME, NAME[:22], NAME[:22], "A", []),
        (NAME, "91511703MADEMA000P002P", "91511703MADEMA000P002P", "A", ["E109"]),
    ],
)
def test_the_file_name_says_whose_and_what(file_name: str, given: str | None, source: str | None, kind: str, codes: list[str]) -> None:
    plan = plan_of(DATA, file_name, Options(source_code=given))
    assert (plan.source_code, plan.drawing_kind, [issue.code for issue in plan.issues]) == (source, kind, codes)
    assert len(plan.sha256) == 64


def test_a_lost_entity_is_counted() -> None:
    # A reference to a block that is not there: the reader throws it away.
    text = DATA.decode()
    end = text.index("  0\nENDSEC", text.index("ENTITIES"))
    lost = "  0\nINSERT\n  5\nFFFF1\n100\nAcDbEntity\n  8\nQJ-A-BLDG\n100\nAcDbBlockReference\n  2\nGONE\n 10\n1\n 20\n1\n 30\n0\n"
    plan = plan_of((text[:end] + lost + text[end:]).encode(), NAME)
    assert [issue.code for issue in plan.issues] == ["W104", "E104"]
    assert "只读出 103 个，1 个已损坏" in plan.issues[1].message


def test_a_reference_without_a_place_is_counted() -> None:
    text = DATA.decode()
    start = text.index("INSERT", text.index("ENTITIES"))
    at = text.index("\n 10\n", start)
    plan = plan_of((text[:at] + text[text.index("\n 30\n", at) :]).encode(), NAME)
    assert {"W104", "E104"} <= {issue.code for issue in plan.issues}


def test_attributes_that_nothing_ends_are_ended() -> None:
    text = DATA.decode()
    end = text.index("  0\nSEQEND", text.index("ENTITIES"))
    plan = plan_of((text[:end] + text[text.index("  0\n", end + 4) :]).encode(), NAME)
    assert [issue.message for issue in plan.issues] == ["文件结构有 1 处缺陷，已自动修复：缺少序列结尾 1 处"]
    assert plan.counts == plan_of(DATA, NAME).counts


def test_tally() -> None:
    assert count_entities(DATA) == len(drawing().modelspace())
    paper = b"0\nSECTION\n2\nENTITIES\n0\nLINE\n67\n1\n0\nLINE\n67\n0\n0\nPOLYLINE\n0\nVERTEX\n0\nSEQEND\n0\nENDSEC\n0\nEOF\n"
    assert count_entities(paper) == 2
    assert count_entities(b"0\nSECTION\n2\nHEADER\n0\nENDSEC\n") is None
    assert count_entities(b"0\nSECTION\n2\nENTITIES\n0\nLINE\n") is None


def test_another_program_changes_only_what_it_was_asked_to(tmp_path: Path) -> None:
    source = tmp_path / NAME
    source.write_bytes(DATA)
    before = site_plan(source)
    target = tmp_path / "out" / NAME
    target.parent.mkdir()
    for version, seed in (("R2010", 1), ("R2018", 2)):
        rewrite(source, target, move={"B05": (2.0, 0.0), "T-101": (0.0, 1.0)}, version=version, seed=seed)
        after = site_plan(target)
        assert after.issues == ()
        assert target.read_bytes() != DATA
        assert {f.source.handle for f in before.features} != {f.source.handle for f in after.features}
        for old, new in zip(before.features, after.features, strict=True):
            expected = {"B05": (2.0, 0.0), "T-101": (0.0, 1.0)}.get(old.code or "", (0.0, 0.0))
            shift = (new.xy.centroid.x - old.xy.centroid.x, new.xy.centroid.y - old.xy.centroid.y)
            assert shift == pytest.approx(expected, abs=1e-6)


def test_another_program_may_drop_codes_and_ids(tmp_path: Path) -> None:
    document = drawing()
    for entity in document.modelspace().query("LWPOLYLINE"):
        entity.set_xdata("QJ_ID", [(1000, f"0d9d1f3c-6f0a-5b0e-9f5e-{int(entity.dxf.handle, 16):012x}")])
    source, target = tmp_path / NAME, tmp_path / ("x" + NAME)
    document.saveas(source)
    rewrite(source, target)
    assert any(feature.qj_id for feature in site_plan(target).features)
    rewrite(source, target, keep_xdata=False, drop_codes=True)
    plan = site_plan(target)
    assert not any(feature.qj_id for feature in plan.features)
    assert {feature.kind for feature in plan.features if feature.code} == {"outlet", "production_unit", "treatment_facility"}


def test_every_block_of_the_norm_survives_a_file() -> None:
    made = template()
    made.modelspace().add_point((0, 0))
    document, issues = document_of(text_bytes(made))
    assert document is not None
    assert issues == []
    assert {block.name for block in document.blocks} >= set(BLOCKS)


def test_damage_is_mended_and_named() -> None:
    document, issues = document_of((SHARED / "06_broken_structure_r12.dxf").read_bytes())
    assert document is not None
    assert len(document.modelspace()) == 1504
    assert [issue.code for issue in issues] == ["W104", "W104"]
    assert "EOF" in issues[0].message
    assert "段外的数据 4 处" in issues[1].message
    document, issues = document_of((SHARED / "07_duplicate_handles_r13.dxf").read_bytes())
    assert document is not None
    assert [issue.code for issue in issues] == ["W104", "E104"]
    assert "句柄无效" in issues[0].message


def test_a_number_that_is_none_is_mended() -> None:
    # Only the mending reader takes it.
    broken = DATA.replace(b" 70\n1\n", b" 70\n1x\n", 1) if b" 70\n1\n" in DATA else DATA.replace(b" 70\n     1\n", b" 70\n    1x\n", 1)
    assert broken != DATA
    document, issues = document_of(broken)
    assert document is not None
    assert [issue.code for issue in issues] == ["W104"]
    assert "整数有误 1 处" in issues[0].message


def test_progress_goes_up_and_may_end_the_reading() -> None:
    steps: list[tuple[str, float]] = []
    plan_of(DATA, NAME, progress=lambda stage, share: steps.append((stage, share)))
    assert [stage for stage, _ in steps][:3] == ["guard", "decode", "read"]
    assert steps[-1] == ("interpret", 1.0)
    assert [share for _, share in steps] == sorted(share for _, share in steps)

    def call_off(stage: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plan_of(DATA, NAME, progress=call_off)
