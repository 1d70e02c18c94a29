"""The tables of a PDF that has text: cells by their rules, text by where its letters stand."""

import io
import logging
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pdfplumber
from pdfplumber.page import Page

from drawings.permit.grid import Box, Cell, Copy, Grid, Line, Place, characters
from drawings.read import Progress
from gis.errors import Invalid

NEAR = 2.5
"""Rules that are nearer to each other are one, points."""
MOST_PAGES = 600
LEAST_LETTERS = 30
"""A page with fewer is a picture of one, where it holds a picture."""

Letter = dict[str, Any]


def _edges(values: Iterable[float]) -> list[float]:
    """Return the rules that values lie on."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > NEAR:
            found.append(value)
    return found


def slot(edges: Sequence[float], value: float) -> int:
    """Return between which two edges a value lies, -1 before the first."""
    return bisect_right(edges, value) - 1


def text_lines(letters: Iterable[Letter]) -> list[list[Letter]]:
    """Return letters line by line, from above to below and from left to right."""
    lines: list[list[Letter]] = []
    for letter in sorted(letters, key=lambda letter: (letter["top"] + letter["bottom"], letter["x0"])):
        middle = (letter["top"] + letter["bottom"]) / 2
        if lines and middle < max(lines[-1][0]["bottom"], lines[-1][-1]["bottom"]) - 0.25 * (letter["bottom"] - letter["top"]):
            lines[-1].append(letter)
        else:
            lines.append([letter])
    return [sorted(line, key=lambda letter: letter["x0"]) for line in lines]


def written(line: Sequence[Letter]) -> str:
    """Return what a line of letters says; a wide gap is a blank."""
    text, end = "", None
    for letter in line:
        if end is not None and letter["x0"] - end > 0.6 * (letter["bottom"] - letter["top"]) and not text.endswith(" "):
            text += " "
        text += letter["text"]
        end = letter["x1"]
    return characters(text.strip())


def around(letters: Sequence[Letter]) -> Box:
    """Return the box that letters stand in."""
    return (
        min(letter["x0"] for letter in letters),
        min(letter["top"] for letter in letters),
        max(letter["x1"] for letter in letters),
        max(letter["bottom"] for letter in letters),
    )


def laid_out(boxes: Sequence[Box], texts: dict[int, tuple[str, ...]], page: int, sure: dict[int, float], headings: tuple[str, ...]) -> Grid:
    """Return the grid that cells make.

    Parameters
    ----------
    boxes : sequence of Box
        Of the cells, that do not overlap.
    texts, sure : dict
        Number of a cell → its lines; how sure they are.
    page : int
    headings : tuple of str
    """
    xs = _edges(value for box in boxes for value in (box[0], box[2]))
    ys = _edges(value for box in boxes for value in (box[1], box[3]))
    whole: Box = (xs[0], ys[0], xs[-1], ys[-1])
    empty = Cell((), Place(page, whole))
    rows = [[empty] * (len(xs) - 1) for _ in range(len(ys) - 1)]
    for number, box in enumerate(boxes):
        cell = Cell(texts.get(number, ()), Place(page, box), sure.get(number, 1.0))
        for row in range(slot(ys, box[1] + NEAR), slot(ys, box[3] - NEAR) + 1):
            for column in range(slot(xs, box[0] + NEAR), slot(xs, box[2] - NEAR) + 1):
                rows[row][column] = cell
    return Grid(tuple(map(tuple, rows)), Place(page, whole), tuple(xs), headings)


def tables_of(page: Page) -> tuple[list[Grid], list[Line]]:
    """Return the tables of a page, and its lines of text outside of them."""
    tables = [[tuple(map(float, box)) for box in table.cells] for table in page.find_tables()]
    letters = [letter for letter in page.chars if letter["text"].strip() or letter["text"] == " "]
    owned: dict[tuple[int, int], list[Letter]] = defaultdict(list)
    free: list[Letter] = []
    for letter in letters:
        x, y = (letter["x0"] + letter["x1"]) / 2, (letter["top"] + letter["bottom"]) / 2
        home = next(
            (
                (table, cell)
                for table, boxes in enumerate(tables)
                for cell, box in enumerate(boxes)
                if box[0] <= x <= box[2] and box[1] <= y <= box[3]
            ),
            None,
        )
        if home is None:
            free.append(letter)
        else:
            owned[home].append(letter)
    number = page.page_number
    lines = [Line(text, Place(number, around(line))) for line in text_lines(free) if (text := written(line))]
    grids = []
    order = sorted(range(len(tables)), key=lambda table: min(box[1] for box in tables[table]))
    above = 0.0
    for table in order:
        boxes: list[Box] = tables[table]  # type: ignore[assignment]
        top = min(box[1] for box in boxes)
        headings = tuple(line.text for line in lines if line.place.box and above <= line.place.box[1] and line.place.box[3] <= top + NEAR)
        texts = {
            cell: tuple(text for line in text_lines(owned[table, cell]) if (text := written(line)))
            for cell in range(len(boxes))
            if (table, cell) in owned
        }
        grids.append(laid_out(boxes, texts, number, {}, headings))
        above = max(box[3] for box in boxes) - NEAR
    return grids, lines


def is_picture(page: Page) -> bool:
    """Return whether a page is a picture of one: scanned, without text."""
    return bool(page.images) and len(page.chars) < LEAST_LETTERS


def copy_of_pdf(data: bytes, progress: Progress) -> Copy | None:
    """Return the tables of a PDF; None where its pages are pictures. `progress` hears the share of the pages that were read.

    Raises
    ------
    Invalid
        The file is no PDF, is locked, or has too many pages.
    """
    # What it complains of in a file is nothing that a reader of the permit could mend.
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    try:
        document = pdfplumber.open(io.BytesIO(data))
    except Exception as error:
        raise Invalid("FILE", f"不能读取 PDF：{error}（可能有密码或已损坏）") from error
    with document:
        if len(document.pages) > MOST_PAGES:
            raise Invalid("FILE", f"有 {len(document.pages)} 页，超过 {MOST_PAGES} 页的上限")
        grids: list[Grid] = []
        lines: list[Line] = []
        pictures = 0
        for number, page in enumerate(document.pages):
            progress("text", number / len(document.pages))
            pictures += is_picture(page)
            found, text = tables_of(page)
            grids += found
            lines += text
            page.close()
        if pictures * 2 > len(document.pages):
            return None
        return Copy(tuple(grids), tuple(lines), "pdf", len(document.pages))
