"""The tagger yields what ezdxf's own two passes yield, and the lazy loader what ezdxf's own loader loads."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from ezdxf.document import Drawing
from ezdxf.lldxf.const import DXFStructureError
from ezdxf.lldxf.tagger import ascii_tags_loader, tag_compiler
from ezdxf.lldxf.types import DXFTag
from hypothesis import given
from hypothesis import strategies as st

from drawings.loading import load
from drawings.mending import plainly
from drawings.tagger import tags

DXF = Path(__file__).parents[2].parent / "shared" / "data" / "dxf"
FILES = sorted(path.name for path in DXF.glob("*.dxf") if not path.read_bytes().startswith(b"AutoCAD Binary"))
LINES = st.sampled_from(
    ["0", "10", "20", "30", " 10", "8", "70", "40", "310", "999", "1", "x", "", "EOF", "LINE", "1.5", "FF", "nan", "-1"]
)


def text(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="replace")


def told(found: Iterator[DXFTag]) -> list[object]:
    """Return what a tagger yields, and that it failed."""
    rows: list[object] = []
    try:
        for tag in found:
            value = tag.value
            rows.append((type(tag), tag.code, tuple(value) if hasattr(value, "xyz") else repr(value)))
    except DXFStructureError:
        rows.append(DXFStructureError)
    return rows


@pytest.mark.parametrize("name", FILES)
def test_the_tags_of_real_files_are_those_of_ezdxf(name: str) -> None:
    data = DXF.joinpath(name).read_bytes()
    assert told(tags(text(data))) == told(tag_compiler(ascii_tags_loader(text(data))))


@given(st.lists(st.tuples(LINES, LINES), max_size=16))
def test_the_tags_of_anything_are_those_of_ezdxf(pairs: list[tuple[str, str]]) -> None:
    data = "".join(f"{code}\n{value}\n" for code, value in pairs).encode()
    assert told(tags(text(data))) == told(tag_compiler(ascii_tags_loader(text(data))))


def handles(document: Drawing) -> Counter[tuple[str, str]]:
    return Counter((entity.dxftype(), str(entity.dxf.handle)) for entity in document.entitydb.values())


@pytest.mark.parametrize("name", ["01_plant_survey_ru_r2010.dxf", "03_building_plan_r2000.dxf", "12_cn_pid_legend_r2013.dxf"])
def test_entities_made_while_reading_are_those_of_ezdxf(name: str) -> None:
    data = DXF.joinpath(name).read_bytes()
    ours, theirs = load(text(data))[0], Drawing.from_tags(tags(text(data)))
    assert handles(ours) == handles(theirs)
    assert [entity.dxf.handle for entity in ours.modelspace()] == [entity.dxf.handle for entity in theirs.modelspace()]


BODY = "0\nSECTION\n2\nENTITIES\n0\nPOINT\n8\n0\n10\n1.0\n20\n2.0\n0\nENDSEC\n"
TABLES = "0\nSECTION\n2\nTABLES\n0\nTABLE\n2\nLAYER\n0\nLAYER\n2\nBODY\n70\n0\n62\n3\n0\nENDTAB\n0\nENDSEC\n"


@pytest.mark.parametrize("content", [BODY + TABLES, TABLES + BODY + BODY], ids=["tables last", "entities twice"])
def test_sections_in_another_order_are_read_at_once(content: str) -> None:
    data = f"{content}0\nEOF\n".encode()
    with pytest.raises(DXFStructureError):
        load(text(data))
    document, _ = plainly(data, lambda _: None)
    assert [entity.dxftype() for entity in document.modelspace()] == ["POINT"]
    assert document.layers.has_entry("BODY")
