"""Reading permits' copies: what other programs printed comes back whole, with its places; what is wrong or unknown is said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pdfplumber
import permit_copy
import pytest
from openpyxl import load_workbook
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

from drawings.permit import scan
from drawings.permit.cli import app
from drawings.permit.grid import Cell, Copy, Grid, Place
from drawings.permit.proposal import DOUBTFUL, Proposal, proposal_of
from drawings.permit.reading import Unreadable, read, read_copy
from drawings.permit.strokes import stroke
from drawings.sheets.fonts import font_file
from gis.child import silent
from gis.errors import Invalid
from gis.limits import Limits
from gis.models.permit import permit_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("copy")


@pytest.fixture(scope="module")
def printed(folder: Path) -> Path:
    return permit_copy.pdf(folder)


@pytest.fixture(scope="module")
def book(folder: Path) -> Path:
    return permit_copy.workbook(folder)


@pytest.fixture(scope="module")
def proposal(printed: Path) -> Proposal:
    return read(printed, printed.name)


def read_edited(book: Path, edit: Callable[[Any], None]) -> Proposal:
    """Read the workbook with its second worksheet edited."""
    document = load_workbook(book)
    edit(document["许可事项"])
    path = book.with_name("edited.xlsx")
    document.save(path)
    return read_copy(path.read_bytes(), path.name)


def cell_of(sheet: Any, text: str) -> Any:
    return next(cell for row in sheet.iter_rows() for cell in row if cell.value == text)


def test_a_printed_copy_comes_back_whole(proposal: Proposal) -> None:
    permit = permit_of(proposal.permit)
    assert proposal.findings == ()
    assert proposal.pages > 3
    assert (permit.permit_no, permit.holder, permit.industry_code) == (permit_copy.CODE, "达州示范水泥有限公司", "C3011")
    assert (str(permit.valid_from), str(permit.valid_to), permit.issued_by) == ("2024-03-01", "2029-02-28", "达州市生态环境局（示范）")
    outlets = {outlet.code: outlet for outlet in permit.outlets or ()}
    assert [(code, one.outlet_class, one.way) for code, one in outlets.items()] == [
        ("DA001", "main", None),
        ("DA002", "main", None),
        ("DA003", "general", None),
        ("DW001", "general", "indirect"),
        ("YS001", "rain", "direct"),
    ]
    dust, _, nox = outlets["DA001"].pollutants
    assert nox.limit is not None
    assert (nox.limit.value, nox.limit.unit, nox.limit.standard[-12:]) == (260, "mg/m³", "GB 4915-2013")
    assert (dust.annual_t, nox.annual_t, outlets["DA001"].height_m, outlets["DA001"].lon) == (66.5, 830.25, 90, 107.47)
    assert outlets["DW001"].receiving_water == "达川区污水处理厂（示范）"
    assert [(one.pollutant, one.annual_t[4]) for one in permit.totals] == [("颗粒物", 100), ("二氧化硫", 120), ("氮氧化物", 830.25)]
    assert [(one.code, one.treatment, one.pollutants) for one in permit.units or ()] == [
        ("MF0001", "TA001、TA002", ("颗粒物", "二氧化硫", "氮氧化物")),
        ("MF0002", "TA003", ("颗粒物",)),
    ]
    # The table of materials goes on over a page, its heading repeated.
    assert [one.name for one in permit.materials] == [*permit_copy.ORES, "氨水（20%）", "天然气"]
    assert (permit.materials[-1].annual, permit.materials[-1].unit, permit.products[0].annual_t) == (120, "万m3/a", 1.5e6)
    assert [(one.outlet, one.pollutant, one.frequency, one.connected) for one in permit.self_monitoring][1:3] == [
        ("DA001", "氮氧化物", "连续", True),
        ("DA001", "二氧化硫", "1次/季", None),
    ]


def test_a_workbook_says_the_same_as_the_print(proposal: Proposal, book: Path) -> None:
    assert read(book, book.name).permit == proposal.permit


def test_nothing_that_stands_in_a_table_is_lost(proposal: Proposal) -> None:
    told = "\n".join([text for value in proposal.values for text in (value.text, str(value.value))] + [one.text for one in proposal.left])
    meant = {
        "t/a",
        "万t/a",
        "主要排放口",
        "一般排放口",
        "主要排放口合计",
        "全厂有组织排放总计",
        "SO2",
        "NOx",
        "有组织",
        "/",
        "颗粒物，二氧化硫，氮氧化物",
    }
    cells = [permit_copy._parts(cell)[0] for _, _, rows in permit_copy.tables() for row in rows for cell in row]
    assert {text for text in cells if text not in told and text not in meant and not text.isdigit()} == set()


def test_each_value_has_its_place(proposal: Proposal, book: Path) -> None:
    nox = next(value for value in proposal.values if value.path == "outlets[1].pollutants[3].limit")
    assert (nox.text, nox.confidence) == ("260mg/Nm3", 1.0)
    assert nox.place.page == 4
    assert nox.place.box is not None
    assert 0 < nox.place.box[0] < nox.place.box[2] < 842
    inherited = next(value for value in read_copy(book.read_bytes(), book.name).values if value.path == "outlets[1].pollutants[3].limit")
    assert (inherited.place.sheet, inherited.place.cell) == ("许可事项", "E76")


def faults(proposal: Proposal) -> str:
    return "\n".join(f"{one.level} {one.message}" for one in proposal.findings)


@pytest.mark.parametrize(
    ("text", "instead", "said"),
    [
        ("33.5", "38.5", "conflict 主要排放口合计 颗粒物 100 t/a，各排放口之和为 105"),
        ("TA002", "AT002", "doubt 编号“AT002”不合 HJ 608-2017"),
        ("107°28′12″", "东经", "坐标“东经”没有看懂"),
        ("150", "约一百五", "“约一百五”不是数字，未采用"),
        ("窑头排气筒", "窑头", "conflict DA002 name：“窑头”"),
    ],
)
def test_what_does_not_fit_is_said(book: Path, text: str, instead: str, said: str) -> None:
    def edit(sheet: Any) -> None:
        wanted = float(text) if text.replace(".", "").isdigit() else text
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value == wanted:
                    cell.value = instead if not instead.replace(".", "").isdigit() else float(instead)
                    if text == "窑头排气筒":
                        return

    assert said in faults(read_edited(book, edit))


def test_an_unknown_table_is_listed_row_by_row(book: Path) -> None:
    def edit(sheet: Any) -> None:
        at = sheet.max_row + 3
        for row, values in enumerate((("设备", "型号"), ("水泵", "IS80"), ("风机", "4-72")), at):
            for column, value in enumerate(values, 1):
                sheet.cell(row, column, value)

    left = [one.text for one in read_edited(book, edit).left]
    assert {"设备 | 型号", "水泵 | IS80", "风机 | 4-72"} <= set(left)


def table(page: int, *rows: tuple[str, ...]) -> Grid:
    cells = tuple(tuple(Cell(tuple(text.splitlines()), Place(page)) for text in row) for row in rows)
    return Grid(cells, Place(page), tuple(float(edge) for edge in range(len(rows[0]) + 1)))


def test_a_row_that_a_page_cuts_is_one() -> None:
    first = (
        ("序号", "废水类别", "污染物种类", "污染治理设施编号", "污染治理设施工艺"),
        ("1", "生产废水", "化学需氧量", "TW001", "格栅+调节池"),
    )
    copy = Copy((table(1, *first), table(2, ("", "", "", "", "+A/O"), ("", "", "氨氮", "", ""))), (), "pdf", 2)
    found = proposal_of(copy, "x.pdf", "")
    (facility,) = found.permit["facilities"]
    assert (facility["process"], facility["pollutants"]) == ("格栅+调节池+A/O", ["化学需氧量", "氨氮"])
    assert min(value.confidence for value in found.values if value.path == "facilities[1].process") < 0.9


def test_what_is_no_copy_is_refused(tmp_path: Path, printed: Path) -> None:
    for name, data, said in (
        ("a.pdf", b"%PDF-1.7 broken", "不能读取 PDF"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "另存为 .xlsx"),
        ("a.xlsx", b"PK\x03\x04", "工作簿"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(Invalid, match=said):
            read(path, path.name)
    with pytest.raises(Unreadable, match="没有读完"):
        read(printed, printed.name, Limits(deadline_s=0.01))


def test_the_verb_writes_a_proposal_to_be_checked(book: Path, tmp_path: Path) -> None:
    out = tmp_path / "permit.json"
    done = CliRunner().invoke(app, ["read", str(book), "--out", str(out)])
    assert (done.exit_code, "未采用" in done.output) == (0, True)
    document = json.loads(out.read_text(encoding="utf-8"))
    assert (document["checked_by"], document["permit"]["permit_no"]) == ("", permit_copy.CODE)


def test_a_scanned_page_says_the_same_or_is_doubted(printed: Path, proposal: Proposal) -> None:
    pytest.importorskip("rapidocr")
    read_page = scan.engine()
    with pdfplumber.open(permit_copy.scan(printed)) as document:
        before, picture = (np.asarray(document.pages[at].to_image(resolution=scan.DPI).original.convert("RGB")) for at in (2, 3))
    # One page after the other, as in a whole copy.
    assert scan.page_of(read_page, before, 3)[0]
    grids, lines = scan.page_of(read_page, picture, 4)
    found = proposal_of(Copy(tuple(grids), tuple(lines), "scan", 1), "扫描.pdf", "")
    outlets = {outlet["code"]: outlet for outlet in found.permit["outlets"]}
    assert list(outlets) == ["DA001", "DA002", "DA003"]
    assert [(one["name"], one["limit"]["value"], one["annual_t"]) for one in outlets["DA001"]["pollutants"]] == [
        ("颗粒物", 20, 66.5),
        ("二氧化硫", 100, 120),
        ("氮氧化物", 260, 830.25),
    ]
    assert [row["annual_t"][0] for row in found.permit["totals"]] == [100, 120, 830.25]
    # A stroke that says "no limit" looks like a one.
    assert not [value.path for value in found.values if value.text in ("1", "一") or "rate_limit" in value.path]
    known = {value.text.replace(" ", "") for value in proposal.values}
    assert not [value.text for value in found.values if value.text.replace(" ", "") not in known and value.confidence >= DOUBTFUL]


@pytest.mark.parametrize(
    ("text", "size", "expected"), [("—", 60, "—"), ("/", 60, "/"), ("-", 60, "—"), ("1", 60, None), ("2", 60, None), (".", 60, None)]
)
def test_a_lone_stroke_is_told_from_a_figure(text: str, size: int, expected: str | None) -> None:
    page = Image.new("L", (3 * size, 3 * size), 255)
    ImageDraw.Draw(page).text((size, size // 2), text, 0, ImageFont.truetype(font_file(), size))
    for lean in (-0.5, 0, 0.5):
        assert stroke(np.asarray(page.rotate(lean, fillcolor=255)) < 128) == expected


def test_without_a_reader_of_pictures_a_scan_says_so(printed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "find_spec", lambda _: None)
    with pytest.raises(scan.NoOcr, match="--extra ocr"):
        scan.copy_of_scan(printed.read_bytes(), silent)
