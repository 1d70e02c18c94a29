"""What a person compares a reading with: a page of a copy as a picture, or the rows of a worksheet; made in a child process with limits."""

import io
from typing import Any, TypeVar

import pdfplumber
from openpyxl import load_workbook

from drawings.permit.excel import MOST_COLUMNS, MOST_ROWS, shown
from drawings.permit.reading import Unreadable
from drawings.read import Progress
from gis.child import Failure, run
from gis.errors import NotFound
from gis.limits import Limits

DPI = 110
"""Of a page on the screen: letters of 7 points are legible."""
SCANNED_DPI = 200
"""Of a scanned page before it is straightened, which needs the dots that it was read with."""
LIMITS = Limits(memory_bytes=1024**3, deadline_s=60.0)
QUALITY = 80

T = TypeVar("T")


def page_picture(data: bytes, page: int, form: str, *, progress: Progress) -> bytes:
    """Return a page of a PDF as a JPEG, `page` from 1; a scanned one straightened, as its boxes are.

    Raises
    ------
    NotFound
        There is no such page.
    """
    del progress
    with pdfplumber.open(io.BytesIO(data)) as document:
        if not 1 <= page <= len(document.pages):
            raise NotFound(f"没有第 {page} 页，共 {len(document.pages)} 页")
        picture = document.pages[page - 1].to_image(resolution=SCANNED_DPI if form == "scan" else DPI).original.convert("RGB")
    if form == "scan":
        import numpy as np  # noqa: PLC0415
        from PIL import Image  # noqa: PLC0415

        from drawings.permit.scan import straightened  # noqa: PLC0415 — what it needs is there only where scans are read

        whole = Image.fromarray(straightened(np.asarray(picture)))
        picture = whole.resize((round(whole.width * DPI / SCANNED_DPI), round(whole.height * DPI / SCANNED_DPI)))
    packed = io.BytesIO()
    picture.save(packed, "JPEG", quality=QUALITY)
    return packed.getvalue()


def worksheet_rows(data: bytes, name: str, *, progress: Progress) -> dict[str, Any]:
    """Return the texts of a worksheet, row by row from its first, and its merged ranges as `A1:B2`.

    Raises
    ------
    NotFound
        There is no such worksheet.
    """
    del progress
    book = load_workbook(io.BytesIO(data), data_only=True)
    if name not in book.sheetnames:
        raise NotFound(f"没有工作表“{name}”")
    sheet = book[name]
    rows = sheet.iter_rows(max_row=min(sheet.max_row, MOST_ROWS), max_col=min(sheet.max_column, MOST_COLUMNS), values_only=True)
    return {"rows": [[shown(value) for value in row] for row in rows], "merged": [str(one) for one in sheet.merged_cells.ranges]}


def page_of_copy(data: bytes, page: int, form: str) -> bytes:
    """Return a page as `page_picture` makes it; raises also Unreadable, where it took too much."""
    return _whole(run(page_picture, data, page, form, limits=LIMITS), f"第 {page} 页")


def worksheet_of_copy(data: bytes, name: str) -> dict[str, Any]:
    """Return a worksheet as `worksheet_rows` tells it; raises also Unreadable, where it took too much."""
    return _whole(run(worksheet_rows, data, name, limits=LIMITS), f"工作表“{name}”")


def _whole(done: T | Failure, what: str) -> T:
    if isinstance(done, Failure):
        raise Unreadable(f"{what}没有画出来：太大或已损坏")
    return done
