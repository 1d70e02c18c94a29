"""The page `/file`, in a real browser on a real PostGIS: an enterprise's file, filled in by mouse and by workbook."""

import io
from pathlib import Path

import pytest
from browser import chromium, visit
from city import found_city
from openpyxl import load_workbook
from playwright.sync_api import Page
from serving import serving
from working import working

from gis.file_workbook import register_form, workbook
from gis.store.cluster import Urls

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def filled() -> bytes:
    """Return the template with a rule that is right and one that is not."""
    book = load_workbook(io.BytesIO(workbook()))
    book["管理制度"].append(["危险化学品安全管理制度", "化学品管理", "2024-06-01", None, "安环部"])
    book["管理制度"].append(["台账", "化学品管理", "去年"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def registers(page: Page) -> None:
    """Register an enterprise on the form, correct it, and one more by workbook."""
    page.click("[data-testid=register-new]")
    page.fill("[name=source_code]", "91511703MADEMA000X002P")
    page.fill("[name=name]", "达州示范纸业有限公司（示范）")
    page.fill("[name=lon]", "31.15")
    page.fill("[name=lat]", "31°9′")
    page.click("[data-testid=file-save]")
    page.wait_for_selector("[data-testid=file-refused]:has-text('校验码不符'):has-text('经纬度可能填反')")
    page.fill("[name=source_code]", "91511703MADEMA000P001P")
    page.fill("[name=lon]", "107°28′47.2″")
    page.click("[data-testid=file-save]")
    page.wait_for_selector("[data-testid=file-refused]:has-text('已登记为')")
    page.fill("[name=source_code]", "91511703MADEMA000P002P")
    page.click("[data-testid=file-save]")
    # Its file is open now, and the way to its drawings.
    page.wait_for_selector(".file-top h1:has-text('达州示范纸业有限公司')")
    assert "/drafting#enterprise=" in (page.get_attribute("[data-testid=to-drafting]", "href") or "")
    rows = [{"source_code": "91511703MADEMA000P003P", "name": "三厂（示范）", "lon": 107.5, "lat": 31.2, "contact": "王示范"}]
    book = workbook({"register": rows}, register_form())
    page.set_input_files("[data-testid=register-import]", {"name": "登记.xlsx", "mimeType": "", "buffer": book})
    page.wait_for_selector("[data-testid=file-imported]:has-text('新增 1，修改 0，不变 0，拒绝 0')")
    page.wait_for_selector("[data-testid=file-enterprise]:has-text('三厂（示范）')")


def test_a_file_is_filled_in(database: Urls, tmp_path: Path) -> None:
    city = found_city(database.owner, drawing=None)
    with (
        serving(database.reader, tmp_path) as address,
        working(database.owner, tmp_path),
        chromium() as browser,
        visit(browser, f"{address}/file") as seen,
    ):
        page = seen.page
        page.click("[data-testid=file-enterprise]")
        page.click("[data-part=chemicals]")
        page.click("[data-testid=file-add]")
        page.fill("[name=year]", "2025")
        page.fill("[name=cas]", "1336-21-7")
        page.click("[data-testid=file-save]")
        # Nothing is sent while something is wrong.
        page.wait_for_selector("[data-fault=name]:has-text('必填')")
        assert "校验码" in (page.text_content("[data-fault=cas]") or "")
        page.fill("[name=name]", "氨水（20%）")
        page.fill("[name=cas]", "1336-21-6")
        page.select_option("[name=role]", "auxiliary")
        page.fill("[name=used_t]", "3200")
        page.fill("[name=release_note]", "氨水罐区设围堰和喷淋")
        page.click("[data-testid=file-save]")
        page.wait_for_selector("[data-testid=file-row]")
        page.click("[data-testid=file-edit]")
        page.fill("[name=used_t]", "2900")
        page.click("[data-testid=file-save]")
        page.wait_for_selector("[data-testid=file-row]:has-text('2,900')")
        page.set_input_files("[data-testid=file-import]", {"name": "填报.xlsx", "mimeType": "", "buffer": filled()})
        page.wait_for_selector("[data-testid=file-imported]")
        told = page.text_content("[data-testid=file-imported]") or ""
        assert "新增 1，修改 0，不变 0，拒绝 1" in told
        assert "管理制度 第 3 行 C 列“发布日期”：“去年”应为日期" in told
        assert page.locator("[data-testid=file-errors]").get_attribute("download") == "企业档案_错误.xlsx"
        assert city.rows("SELECT used_t, removed_at IS NULL FROM chemicals ORDER BY recorded_at") == [(3200.0, False), (2900.0, True)]
        assert city.rows("SELECT title, keeper FROM management_rules") == [("危险化学品安全管理制度", "安环部")]
        page.click("[data-part=chemicals]")
        page.on("dialog", lambda dialog: dialog.accept())
        page.click("[data-testid=file-remove]")
        page.wait_for_selector("[data-testid=file-row]", state="detached")
        registers(page)
        assert city.rows("SELECT name, jurisdiction, reason FROM enterprises WHERE right(code, 4) = '002P'") == [
            ("达州示范纸业有限公司（示范）", None, "登记企业：达州示范纸业有限公司（示范）")
        ]
        assert city.rows("SELECT contact FROM enterprises WHERE right(code, 4) = '003P'") == [("王示范",)]
        # The browser's own lines on what the register refused.
        assert [line.partition("status of ")[2] for line in seen.complaints] == ["400 (Bad Request)", "409 (Conflict)"]
        assert seen.foreign == []
