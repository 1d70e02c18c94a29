"""Forms as a workbook, a worksheet a part: the enterprise's file, the register; read back, refused rows go into another one."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from gis.enterprise_file import Fault, Field, Part, Row, check, parts
from gis.errors import Invalid
from gis.register import check as check_register
from gis.register import register

MOST_BYTES = 32 * 2**20
MOST_ROWS = 50_000
"""Of one worksheet."""
FILLED_IN = 2000
"""Rows of a template that have drop-downs."""
NOTES = "填写说明"
REASON = "错误"
HEAD = Font(bold=True)
REQUIRED = PatternFill("solid", fgColor="FFF2CC")
WRONG = PatternFill("solid", fgColor="F8CBAD")
GUIDE = (
    "每个工作表是企业档案的一部分；第一行是表头，不要改动，从第二行起填写，空行不算。",
    "底色为黄的列必填；日期如 2026-01-31；有下拉的列只能选列表中的值；CAS 号末位为校验码。",
    "同一行再次导入不产生改动；主要字段相同而内容不同的行，替换原来的行，原来的行保留在历史中。",
    "有错误的行不入库，连同错误写进另一个工作簿，改好后可再导入。",
)
REGISTER_GUIDE = (
    "企业登记：每家企业一行；第一行是表头，不要改动，从第二行起填写，空行不算。",
    "底色为黄的列必填；日期如 2026-01-31；有下拉的列只能选列表中的值；表头的批注说明怎样填。",
    "同一排污单位编码再次导入：内容相同不产生改动，不同则更新，从前的内容保留在历史中。",
    "有错误的行不登记，连同错误写进另一个工作簿，改好后可再导入。",
)


@dataclass(frozen=True, slots=True)
class Form:
    """What a workbook is a form of."""

    parts: Mapping[str, Part]
    check: Callable[[Part, Mapping[str, Any]], tuple[Row, list[Fault]]]
    guide: tuple[str, ...]
    template: str
    """The command that writes it empty."""


@cache
def file_form() -> Form:
    """Return the form of the enterprise's file."""
    return Form(parts(), check, GUIDE, "quanjing enterprise file template")


@cache
def register_form() -> Form:
    """Return the form of the register of enterprises."""
    return Form({"register": register()}, check_register, REGISTER_GUIDE, "quanjing enterprise template")


@dataclass(frozen=True, slots=True)
class Read:
    """One row of a worksheet."""

    part: Part
    sheet: str
    number: int
    """As Excel counts it."""
    cells: Mapping[str, Any]
    """Field → what stands there."""
    columns: Mapping[str, str]
    """Field → letter of its column."""
    row: Row
    faults: tuple[Fault, ...]

    @property
    def told(self) -> list[str]:
        """What is wrong, each with worksheet, row and column."""
        labels = {field.name: field.label for field in self.part.fields}
        row = f"{self.sheet} 第 {self.number} 行"
        return [
            f"{row} {self.columns.get(fault.field, '')} 列“{labels.get(fault.field, fault.field)}”：{fault.message}"
            for fault in self.faults
        ]


def _choices(sheet: Worksheet, field: Field, column: int) -> None:
    rule = DataValidation(type="list", formula1='"' + ",".join(field.choices.values()) + '"', allow_blank=True, showErrorMessage=True)
    rule.error, rule.errorTitle = "请从列表中选择", field.label
    letter = get_column_letter(column)
    sheet.add_data_validation(rule)
    rule.add(f"{letter}2:{letter}{FILLED_IN}")


def _shown(field: Field, value: Any) -> Any:
    return field.choices.get(value, value) if field.enum else value


def _sheet(book: Workbook, part: Part, rows: Sequence[Mapping[str, Any]]) -> Worksheet:
    sheet = book.create_sheet(part.label)
    for column, field in enumerate(part.fields, 1):
        head = sheet.cell(1, column, field.title)
        head.font = HEAD
        if field.required:
            head.fill = REQUIRED
        if field.hint:
            head.comment = Comment(field.hint, "quanjing")
        if field.enum:
            _choices(sheet, field, column)
        sheet.column_dimensions[get_column_letter(column)].width = 40 if field.wide else max(12, 2.2 * len(field.title) + 2)
        for number, row in enumerate(rows, 2):
            cell = sheet.cell(number, column, _shown(field, row.get(field.name)))
            if isinstance(cell.value, date):
                cell.number_format = "yyyy-mm-dd"
            if isinstance(cell.value, str):
                # A text that begins with = is a text.
                cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=field.wide, vertical="top")
    sheet.freeze_panes = "A2"
    return sheet


def _bytes(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def workbook(file: Mapping[str, Sequence[Mapping[str, Any]]] | None = None, form: Form | None = None) -> bytes:
    """Return a workbook to fill in, or one that holds a file.

    Parameters
    ----------
    file : mapping, optional
        Part → rows, as `gis.store.enterprise_file.file_of` returns them.
    form : Form, optional
        The enterprise's file, where it is not said.
    """
    form = form or file_form()
    book = Workbook()
    notes = book.active
    notes.title = NOTES
    for line in form.guide:
        notes.append([line])
    notes.column_dimensions["A"].width = 100
    for name, part in form.parts.items():
        _sheet(book, part, (file or {}).get(name, ()))
    return _bytes(book)


def _columns(sheet: Worksheet, part: Part, template: str) -> dict[int, Field]:
    """Return the columns of a worksheet by its first row; raises Invalid where one is missing or unknown."""
    named = {title: field for field in part.fields for title in (field.title, field.label, field.name)}
    found: dict[int, Field] = {}
    unknown = []
    for cell in sheet[1]:
        title = str(cell.value or "").strip()
        if title in named:
            found[cell.column] = named[title]
        elif title and title != REASON:
            unknown.append(f"{cell.column_letter} 列“{title}”")
    missing = [field.title for field in part.fields if field.required and field not in found.values()]
    if unknown or missing:
        said = "；".join([*(f"{one}不认识" for one in unknown), *(f"缺少“{one}”列" for one in missing)])
        raise Invalid("FILE", f"工作表“{sheet.title}”的表头：{said}；用 {template} 取模板")
    return found


def _rows(sheet: Worksheet, part: Part, form: Form) -> Iterator[Read]:
    columns = _columns(sheet, part, form.template)
    letters = {field.name: get_column_letter(column) for column, field in columns.items()}
    seen: dict[tuple[Any, ...], int] = {}
    for number, cells in enumerate(sheet.iter_rows(min_row=2, values_only=True), 2):
        said = {field.name: cells[column - 1] for column, field in columns.items() if column <= len(cells)}
        if all(value is None or str(value).strip() == "" for value in said.values()):
            continue
        row, faults = form.check(part, said)
        if not faults:
            key = tuple(row[name] for name in part.key)
            if key in seen:
                faults = [Fault(part.key[0], f"与第 {seen[key]} 行重复")]
            seen.setdefault(key, number)
        yield Read(part, sheet.title, number, said, letters, row, tuple(faults))


def read_workbook(data: bytes, form: Form | None = None) -> list[Read]:
    """Return the rows of a filled-in workbook, each with what is wrong with it.

    Raises
    ------
    Invalid
        It is no workbook, has a worksheet that is no part of the form, or a heading is not as in the template.
    """
    form = form or file_form()
    try:
        book = load_workbook(io.BytesIO(data), data_only=True)
    except Exception as error:
        raise Invalid("FILE", f"不能读取 Excel 工作簿：{error}（请另存为 .xlsx）") from error
    labels = {part.label: part for part in form.parts.values()}
    unknown = [sheet.title for sheet in book.worksheets if sheet.title not in labels and sheet.title != NOTES]
    if unknown or len(unknown) == len(book.sheetnames):
        raise Invalid("FILE", f"没有叫“{'”“'.join(unknown)}”的部分；工作表名应为 {'、'.join(labels)}")
    read: list[Read] = []
    for sheet in book.worksheets:
        if sheet.max_row > MOST_ROWS:
            raise Invalid("FILE", f"工作表“{sheet.title}”超过 {MOST_ROWS} 行")
        if sheet.title in labels and sheet.max_row > 1:
            read += _rows(sheet, labels[sheet.title], form)
    return read


def refused(read: Sequence[Read]) -> bytes | None:
    """Return a workbook of the rows that are wrong, as they were, with why; None where none is."""
    wrong = [one for one in read if one.faults]
    if not wrong:
        return None
    book = Workbook()
    book.remove(book.active)
    for name in dict.fromkeys(one.part.name for one in wrong):
        rows = [one for one in wrong if one.part.name == name]
        part = rows[0].part
        sheet = _sheet(book, part, [one.cells for one in rows])
        last = len(part.fields) + 1
        sheet.cell(1, last, REASON).font = HEAD
        sheet.column_dimensions[get_column_letter(last)].width = 70
        places = {field.name: column for column, field in enumerate(part.fields, 1)}
        for number, one in enumerate(rows, 2):
            sheet.cell(number, last, "；".join(one.told)).alignment = Alignment(wrap_text=True, vertical="top")
            for fault in one.faults:
                if fault.field in places:
                    sheet.cell(number, places[fault.field]).fill = WRONG
    return _bytes(book)
