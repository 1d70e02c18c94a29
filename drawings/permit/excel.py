"""The tables of a workbook: each worksheet is one grid, merged cells in every place that they cover."""

import io
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from drawings.permit.grid import Cell, Copy, Grid, Place, characters
from gis.errors import Invalid

MOST_ROWS, MOST_COLUMNS = 20_000, 200


def shown(value: Any) -> str:
    """Return a cell's value as text, as a person would type it.

    >>> shown(20.0), shown(None), shown(date(2024, 3, 1))
    ('20', '', '2024-03-01')
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:.12g}"
    return characters(str(value).strip())


def _grid(sheet: Worksheet) -> Grid:
    height, width = sheet.max_row, sheet.max_column
    if height > MOST_ROWS or width > MOST_COLUMNS:
        raise Invalid("FILE", f"工作表“{sheet.title}”有 {height} 行 {width} 列，超过 {MOST_ROWS} 行 {MOST_COLUMNS} 列的上限")
    rows = [
        [
            Cell(
                tuple(line for line in shown(cell.value).splitlines() if line.strip()),
                Place(sheet=sheet.title, cell=f"{get_column_letter(column)}{row}"),
            )
            for column, cell in enumerate(cells, 1)
        ]
        for row, cells in enumerate(sheet.iter_rows(), 1)
    ]
    for merged in sheet.merged_cells.ranges:
        owner = rows[merged.min_row - 1][merged.min_col - 1]
        for row in range(merged.min_row - 1, merged.max_row):
            for column in range(merged.min_col - 1, merged.max_col):
                rows[row][column] = owner
    return Grid(tuple(map(tuple, rows)), Place(sheet=sheet.title), (), (sheet.title,))


def copy_of_excel(data: bytes) -> Copy:
    """Return the tables of a workbook (.xlsx).

    Raises
    ------
    Invalid
        The file is no workbook, or too large.
    """
    try:
        book = load_workbook(io.BytesIO(data), data_only=True)
    except Exception as error:
        raise Invalid("FILE", f"不能读取 Excel 工作簿：{error}（旧的 .xls 请另存为 .xlsx）") from error
    sheets = [_grid(sheet) for sheet in book.worksheets if sheet.max_row and sheet.dimensions]
    return Copy(tuple(sheets), (), "excel", len(sheets))
