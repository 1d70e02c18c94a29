"""The tagger yields what ezdxf's own two passes yield, and the lazy loader what ezdxf's own loader loads."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest
from city import DRAWING
from ezdxf.audit import Auditor
from ezdxf.document import Drawing
from ezdxf.entities.insert import Insert
from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.lldxf.const import DXFStructureError
from ezdxf.lldxf.tagger import ascii_tags_loader, tag_compiler
from ezdxf.lldxf.types import DXFTag
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings.attributes import Labelled, said
from drawings.auditing import PlainAuditor
from drawings.loading import load
from drawings.mending import PARSER_FAULTS, plainly
from drawings.tagger import tags

DXF = Path(__file__).parents[2].parent / "shared" / "data" / "dxf"
FILES = sorted(path.name for path in DXF.glob("*.dxf") if not path.read_bytes().startswith(b"AutoCAD Binary"))
DAMAGED = ("06", "07")
"""Files that ezdxf cannot load, or loads with handles that stand for several things."""
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


def facts(document: Drawing) -> dict[str, object]:
    """Return all that ezdxf keeps of each entity, by its handle, in the order of the document."""
    for entity in list(document.entitydb.values()):
        assert not isinstance(entity, Insert) or entity.attribs is not None, "now all of them are made"
    return {
        handle: (
            entity.dxftype(),
            {name: repr(value) for name, value in entity.dxf.all_existing_dxf_attribs().items()},
            repr(entity.lwpoints.values.tolist()) if isinstance(entity, LWPolyline) else None,
            [part.dxf.handle for part in entity.attribs] if isinstance(entity, Insert) else None,
            {name: repr(value) for name, value in vars(entity).items() if isinstance(value, (str, bytes, int, float, type(None)))},
            entity.doc is document,
        )
        for handle, entity in document.entitydb.items()
    }


def found(auditor: Auditor) -> list[list[object]]:
    return [[(entry.code, entry.message) for entry in entries] for entries in (auditor.fixes, auditor.errors)]


@pytest.mark.parametrize("name", [name for name in FILES if name[:2] not in DAMAGED] + [DRAWING.name])
def test_entities_made_while_reading_are_those_of_ezdxf(name: str) -> None:
    data = (DRAWING if name == DRAWING.name else DXF / name).read_bytes()
    ours, theirs = load(text(data))[0], Drawing.from_tags(tags(text(data)))
    assert facts(ours) == facts(theirs)
    assert [entity.dxf.handle for entity in ours.modelspace()] == [entity.dxf.handle for entity in theirs.modelspace()]
    auditor = PlainAuditor(ours)
    auditor.run()
    assert found(auditor) == found(theirs.audit())
    assert facts(ours) == facts(theirs)


HEADER = "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\n{}\n0\nENDSEC\n0\nSECTION\n2\nENTITIES\n"
PLAIN = st.sampled_from(["POINT", "LINE", "CIRCLE", "ARC", "TEXT", "INSERT", "ATTRIB", "SEQEND", "LWPOLYLINE", "MTEXT"])
TAGS = (
    "8 L|62 1|62 1.0|62 x|6 A|10 1.5|20 2.5|30 3.5|10 1\n20 2|10 1\n20 2\n30 3|11 4\n21 5|40 7|41 0.5|42 1.0|40 x|1 text|2 NAME|90 2|"
    "90 x|70 1|72 1|280 1|280 0|330 1F|5 AB|210 0\n220 0\n230 1|999 said|102 {ACAD|102 }|1001 APP|1000 more|39 1|38 2|"
    "101 Embedded Object|160 4\n310 FFFF|310 FG"
)
USUAL = st.lists(st.sampled_from(TAGS.split("|")), max_size=6)
MARKS = ["", "100 AcDbEntity", "100 AcDbText", "100 AcDbAttribute", "100 AcDbPolyline", "100 AcDbCircle"]
ENTITY = st.tuples(PLAIN, st.lists(st.tuples(st.sampled_from(MARKS), USUAL), max_size=4)).map(
    lambda drawn: (
        f"0 {drawn[0]}\n5 {abs(hash(str(drawn))) % 10**6 + 16:X}\n330 1F\n" + "\n".join("\n".join([part, *tags]) for part, tags in drawn[1])
    )
)


def loaded(data: bytes, how: Callable[[TextIO], Drawing]) -> object:
    """Return what is in a document, or that it can't be read."""
    try:
        return facts(how(text(data)))
    except PARSER_FAULTS as error:
        return isinstance(error, PARSER_FAULTS)


@pytest.mark.parametrize("release", ["AC1009", "AC1027"])
@given(entities=st.lists(ENTITY, max_size=3, unique=True))
def test_plain_entities_of_any_content_are_those_of_ezdxf(release: str, entities: list[str]) -> None:
    written = "\n".join(line.replace(" ", "\n", 1) for entity in entities for line in entity.splitlines() if line)
    data = f"{HEADER.format(release)}{written}\n0\nENDSEC\n0\nEOF\n".replace("\n\n", "\n").encode()
    assert loaded(data, lambda stream: load(stream)[0]) == loaded(data, lambda stream: Drawing.from_tags(tags(stream)))


NAMED = (
    "9\n$HANDSEED\n5\n{}\n0\nENDSEC\n0\nSECTION\n2\nBLOCKS\n0\nBLOCK\n5\n30\n2\nB\n10\n0\n20\n0\n0\nENDBLK\n5\n31\n0\nENDSEC\n"
    "0\nSECTION\n2\nENTITIES\n"
)
OF_BLOCK = "0 INSERT\n5 {}\n330 {}\n100 AcDbEntity\n8 L\n100 AcDbBlockReference\n66 1\n2 {}\n10 1\n20 2\n30 0"
ATTRIB = "0 ATTRIB\n5 {}\n330 1F\n100 AcDbEntity\n8 {}\n100 AcDbText\n10 {}\n20 2\n30 0\n40 1\n1 {}\n7 {}\n100 AcDbAttribute\n2 {}\n70 0"
SAID = st.tuples(
    st.sampled_from(["L", "L", "L", "<L>"]),
    st.sampled_from(["1", "1.5", "1e3", "1", "x"]),
    st.sampled_from(["12", "厂房", "31%", "90%%d", "a^Jb", ""]),
    st.sampled_from(["STANDARD", "STANDARD", "STANDARD", "GONE"]),
    st.sampled_from(["CODE", "name", "", "A B"]),
)
LABEL = st.tuples(
    st.sampled_from(["B", "B", "B", "GONE"]),
    st.sampled_from(["1F", "1F", "1F", "1F", "1B"]),
    st.lists(SAID, max_size=3),
    st.sampled_from(["SEQEND", "SEQEND", "SEQEND", "POINT", ""]),
)
"""A block reference: block, owner, attributes, and what follows them; of the last one it may be the end of the section."""


def written(labels: list[tuple[str, str, list[tuple[str, ...]], str]]) -> str:
    """Return block references with their attributes as tags."""
    handle, entities = 0x100, list[str]()
    for block, owner, attribs, end in labels:
        entities.append(OF_BLOCK.format(f"{handle:X}", owner, block))
        for said_ in attribs:
            handle += 1
            entities.append(ATTRIB.format(f"{handle:x}", *said_))
        handle += 1
        entities += [f"0 {end}\n5 {handle:X}\n330 1F\n100 AcDbEntity\n8 L\n10 1\n20 2"] if end == "POINT" else []
        entities += [f"0 {end}\n5 {handle:X}\n330 1F\n100 AcDbEntity\n8 L"] if end == "SEQEND" else []
        handle += 1
    return "\n".join(line.replace(" ", "\n", 1) for entity in entities for line in entity.splitlines())


def audited(data: bytes, ours: bool) -> object:
    """Return what a document with block references says, holds and has wrong, or that it can't be read."""
    try:
        document = load(text(data))[0] if ours else Drawing.from_tags(tags(text(data)))
        told_ = {entity.dxf.handle: said(entity) for entity in document.modelspace() if isinstance(entity, Insert)}
        auditor = PlainAuditor(document) if ours else Auditor(document)
        auditor.run()
        return told_, [sorted(map(repr, entries)) for entries in found(auditor)], facts(document)
    except PARSER_FAULTS as error:
        return isinstance(error, PARSER_FAULTS)


@pytest.mark.parametrize("seed", ["FFFF", "110"])
@pytest.mark.parametrize("named", ["", "0 XRECORD\n5 50\n330 {}\n100 AcDbXrecord\n280 1"])
@given(labels=st.lists(LABEL, max_size=6))
@settings(deadline=None, max_examples=60)
def test_attributes_that_stay_lines_are_those_of_ezdxf(
    seed: str, named: str, labels: list[tuple[str, str, list[tuple[str, ...]], str]]
) -> None:
    head = HEADER.format("AC1027").partition("0\nENDSEC")[0] + NAMED.format(seed)
    objects = named.format("103").replace(" ", "\n") + "\n" if named else ""
    data = f"{head}{written(labels)}\n0\nENDSEC\n0\nSECTION\n2\nOBJECTS\n{objects}0\nENDSEC\n0\nEOF\n".replace("\n\n0", "\n0").encode()
    assert audited(data, ours=True) == audited(data, ours=False)


def test_alike_attributes_stay_lines_until_they_are_asked_for() -> None:
    document = load(text(DRAWING.read_bytes()))[0]
    PlainAuditor(document).run()
    labels = [entity for entity in document.modelspace() if isinstance(entity, Labelled)]
    assert sum(len(label.lines) > 0 for label in labels) > len(labels) / 2
    label = next(label for label in labels if label.lines)
    words, handles = said(label), {line.handle for line in label.lines}
    assert not any(handle in document.entitydb for handle in handles)
    assert [(attrib.dxf.tag, attrib.plain_text()) for attrib in label.attribs] == words
    assert {part.dxf.handle for part in label.all_sub_entities()} == handles
    assert all(handle in document.entitydb for handle in handles)
    assert not label.lines


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
