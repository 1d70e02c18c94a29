"""The monthly report of 传输有效率 as a workbook: city, enterprises, points, days; the formulas beside the figures."""

import io
from collections.abc import Sequence
from datetime import date
from typing import Any
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from gis.store.transmission import Month
from gis.transmission import Tally, counted, reasons

RATES = ("传输有效率", "传输率", "有效率", "及时率", "补全率")
COUNTS = ("应传", "实传", "及时", "有效")
HEAD = Font(bold=True)
BELOW = PatternFill("solid", fgColor="F8CBAD")
FORMULAS = (
    "一条记录：一个测点、一个因子、一个小时的小时数据。应传不含经批准的停运、停产时段，也不含还没有结束或还没有到期的小时。",
    "传输率＝实传÷应传；有效率＝有效÷实传；传输有效率＝传输率×有效率；及时率＝及时÷应传；补全率＝补传÷未及时传的。",
)


def row_of(tally: Tally) -> list[Any]:
    """Return the cells of a tally: rates, counts, reasons."""
    rates = [tally.effective, tally.transmission, tally.validity, tally.timeliness, tally.filled]
    why = "；".join(counted(what, count) for what, count in reasons(tally))
    return [*rates, tally.due, tally.received, tally.timely, tally.valid, why]


def _columns(text: str) -> int:
    """Return how many digits of a column a text takes: a Chinese character takes two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _sheet(book: Workbook, title: str, before: Sequence[str], rows: Sequence[tuple[Sequence[Any], Tally]], gate: float) -> None:
    sheet: Worksheet = book.create_sheet(title)
    sheet.append([*before, *RATES, *COUNTS, "原因（记录数）"])
    for cell in sheet[1]:
        cell.font = HEAD
    rates, counts = len(before), len(before) + len(RATES)
    for names, tally in rows:
        sheet.append([*names, *row_of(tally)])
        line = sheet[sheet.max_row]
        for cell in line[:rates]:
            cell.number_format = "yyyy-mm-dd" if isinstance(cell.value, date) else "@"
        for cell in line[rates:counts]:
            cell.number_format = "0.00%"
        for cell in line[counts:-1]:
            cell.number_format = "#,##0"
        line[-1].alignment = Alignment(wrap_text=True, vertical="top")
        if tally.effective is not None and tally.effective < gate:
            line[rates].fill = BELOW
    widths = [max([10, *(_columns(str(names[place])) + 2 for names, _ in rows)]) for place in range(len(before))]
    for place, width in enumerate([*widths, *[12] * len(RATES), *[10] * len(COUNTS), 60], 1):
        sheet.column_dimensions[get_column_letter(place)].width = min(width, 60)
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    sheet.freeze_panes = sheet.cell(2, len(before) + 1)


def workbook(month: Month) -> bytes:
    """Return a month's report as an Excel file."""
    book = Workbook()
    notes = book.active
    notes.title = "说明"
    lines = [f"{month.first:%Y 年 %m 月}传输有效率", *FORMULAS, f"门槛：{month.rule.gate:.0%}。统计到 {month.until:%Y-%m-%d %H:%M}。"]
    for number, text in enumerate([*lines, f"规则：{month.rule.source}"], 1):
        notes.cell(number, 1, text).alignment = Alignment(wrap_text=True, vertical="top")
    notes.column_dimensions["A"].width = 96
    notes["A1"].font = HEAD
    gate = month.rule.gate
    _sheet(book, "全市", ["范围"], [(["全市"], month.city)], gate)
    enterprises = {watch.enterprise_id: watch.enterprise for watch in month.watches}
    firms = [([name], month.enterprise(identity)) for identity, name in enterprises.items()]
    _sheet(book, "企业", ["企业"], sorted(firms, key=lambda row: row[1].effective or 0.0), gate)
    points = [([watch.enterprise, watch.outlet, watch.name, watch.mn], month.point(watch)) for watch in month.watches]
    _sheet(book, "测点", ["企业", "排放口", "测点", "MN"], sorted(points, key=lambda row: row[1].effective or 0.0), gate)
    days = sorted({day for days in month.days.values() for day in days})
    _sheet(book, "逐日", ["日期"], [([day], month.day(day)) for day in days], gate)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
