"""A permit's copy on the page `/file`, in a real browser, read by a real worker: brought, compared, corrected, registered, printed."""

import io
from pathlib import Path

import httpx
import pdfplumber
import permit_copy
import pytest
from browser import chromium, visit
from city import City, found_city
from openpyxl import load_workbook
from serving import serving
from working import working

from gis.store.cluster import Urls

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def faulty(folder: Path) -> bytes:
    """Return the copy as a workbook in which the number is another holder's and a sum does not hold."""
    book = load_workbook(permit_copy.workbook(folder))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value == 33.5:
                    cell.value = 43.5
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def stored(city: City) -> list[tuple[object, ...]]:
    return city.rows("SELECT document->>'permit_no', document->>'holder', reason FROM permits ORDER BY recorded_at")


def test_a_copy_becomes_the_permit(database: Urls, tmp_path: Path) -> None:
    city = found_city(database.owner, drawing=None)
    printed = permit_copy.pdf(tmp_path)
    with (
        serving(database.reader, tmp_path) as address,
        working(city.url, tmp_path),
        chromium() as browser,
        visit(browser, f"{address}/file#enterprise={city.enterprise_id}&part=permit") as seen,
    ):
        page = seen.page
        page.set_input_files("[data-testid=permit-file]", {"name": "照片.jpg", "mimeType": "", "buffer": b"\xff\xd8\xff"})
        page.wait_for_selector("[data-testid=permit-problem]:has-text('不是 PDF')")
        page.set_input_files("[data-testid=permit-file]", printed)
        page.wait_for_selector("[data-testid=permit-review]")
        # The page is beside the values, and what a field says is marked on it.
        page.click("[data-section=outlets] summary")
        page.click("[data-path='outlets[1].pollutants[1].limit'] input")
        page.wait_for_selector("[data-testid=permit-copy][data-shown=true] .copy-mark")
        field = page.input_value("[data-path='outlets[1].pollutants[1].limit'] input")
        shown = page.get_attribute("[data-testid=permit-copy]", "data-page") or ""
        with pdfplumber.open(printed) as document:
            assert field == "20 mg/m³"
            assert "20mg/Nm3" in document.pages[int(shown) - 1].extract_text()
        page.fill("[data-path='outlets[1].pollutants[1].limit'] input", "15 mg/m³")
        page.fill("[data-path=holder] input", "达州示范水泥有限责任公司")
        page.click("[data-section=wastes] summary")
        page.click("[data-section=wastes] .permit-another")
        page.fill("[data-path='wastes[1].name'] input", "废矿物油")
        page.check("[data-testid=permit-rest]")
        assert page.is_disabled("[data-testid=permit-register]")
        page.fill("[data-testid=permit-name]", "王核对")
        page.click("[data-testid=permit-register]")
        # The number is another holder's: nothing is stored before that is said to be right.
        page.wait_for_selector("[data-testid=permit-refused]:has-text('不一致')")
        page.check("[data-testid=permit-other]")
        page.click("[data-testid=permit-register]")
        page.wait_for_selector("[data-testid=permit-done]:has-text('改正 3 处')")
        (document,) = city.rows("SELECT document FROM permits")[0]
        first = document["outlets"][0]["pollutants"][0]
        assert (first["limit"]["value"], first["limit"]["unit"], first["limit"]["standard"][:2]) == (15, "mg/m³", "水泥")
        assert document["wastes"] == [{"name": "废矿物油"}]
        sheet = httpx.get(f"{address}{page.get_attribute('[data-testid=permit-sheet]', 'href')}").content
        with pdfplumber.open(io.BytesIO(sheet)) as pages:
            assert "达州示范水泥有限责任公司" in (pages.pages[0].extract_text() or "")
        # A workbook, with a sum that does not hold: the contradiction comes first and leads to its cell.
        page.click("[data-testid=permit-done] button")
        page.set_input_files("[data-testid=permit-file]", {"name": "副本.xlsx", "mimeType": "", "buffer": faulty(tmp_path)})
        page.wait_for_selector("[data-testid=permit-findings]:has-text('各排放口之和')")
        page.click("[data-testid=permit-findings] button")
        page.wait_for_selector(".copy td.here")
        page.click("[data-testid=permit-review] header button")
        page.wait_for_selector("[data-testid=permit-open]:has-text('待核对')")
        assert stored(city) == [
            (permit_copy.CODE, "达州示范水泥有限责任公司", "登记排污许可证：副本.pdf（核对：王核对，改正 3 处）"),
        ]
        assert seen.foreign == []
        assert [said for said in seen.complaints if "400" not in said] == []
