"""The tables of scanned pages: straightened, cells by their rules, text by RapidOCR where it is installed (docs/decisions/015-ocr.md)."""

import io
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pdfplumber
from numpy.typing import NDArray

from drawings.permit.grid import Box, Copy, Grid, Line, Place, characters
from drawings.permit.pdf import laid_out
from drawings.permit.strokes import stroke
from drawings.read import Progress
from gis.errors import QuanjingError

if TYPE_CHECKING:
    from rapidocr import RapidOCR

DPI = 200
"""That pages are looked at with."""
POINT = 72 / DPI
STEEPEST_DEG = 5.0
"""Further than this no page lies askew."""
LEAST_CELL = 12
"""Side of the smallest cell, dots."""
RULE = 40
"""Least length of a rule, dots: longer than a stroke of a letter."""

CHINESE_IN_BRACKETS = re.compile(r"[(（]([^()（）]*[\u4e00-\u9fff][^()（）]*)[)）]")
STANDARD = re.compile(r"\b((?:GB|HJ|DB\d{2})(?:/T)?)(?=\d)")

Picture = NDArray[np.uint8]


class NoOcr(QuanjingError):
    """The library that reads pictures is not installed."""


@dataclass(frozen=True, slots=True)
class Word:
    """A run of letters on a picture, dots."""

    text: str
    box: Box
    confidence: float

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of it."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def written(text: str) -> str:
    """Return a text that was read as it is written: brackets around Chinese are wide, a standard's number stands apart from its letters.

    >>> written("污水处理厂(示范)"), written("HJ57-2017"), written("GB/T16157"), written("(mg/L)")
    ('污水处理厂（示范）', 'HJ 57-2017', 'GB/T 16157', '(mg/L)')
    """
    return STANDARD.sub(r"\1 ", CHINESE_IN_BRACKETS.sub(r"（\1）", characters(text)))


def engine() -> "RapidOCR":
    """Return what reads pictures, with the models that its package carries.

    Raises
    ------
    NoOcr
        It is not installed.
    """
    if find_spec("rapidocr") is None or find_spec("onnxruntime") is None:
        raise NoOcr("这份副本是扫描件；识别文字须另装：uv sync --extra ocr（或 pip install 'quanjing[ocr]'）")
    from rapidocr import RapidOCR  # noqa: PLC0415 — heavy, and there only where it was asked for

    return RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": 1, "Global.log_level": "error"})


def _ink(picture: Picture) -> Picture:
    import cv2  # noqa: PLC0415 — comes with the reader

    # Stamps are red: in the red channel they are light.
    red = np.ascontiguousarray(picture[:, :, 0])
    dark: Picture = cv2.adaptiveThreshold(red, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 15)
    return dark


def _largest(dark: Picture) -> NDArray[np.bool_]:
    """Return the largest piece of ink alone: specks and the ends of rules lie around it."""
    import cv2  # noqa: PLC0415

    count, labels, figures, _ = cv2.connectedComponentsWithStats(dark)
    if count < 2:
        return dark > 0
    largest: NDArray[np.bool_] = labels == 1 + int(np.argmax(figures[1:, cv2.CC_STAT_AREA]))
    return largest


def straightened(picture: Picture) -> Picture:
    """Return a page with its horizontal rules horizontal."""
    import cv2  # noqa: PLC0415

    # Half as large is fine enough for an angle, and eight times as fast.
    small = cv2.resize(_ink(picture), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    width = small.shape[1]
    found = cv2.HoughLinesP((small > 100).astype(np.uint8), 1, np.pi / 1800, width // 6, minLineLength=width // 5, maxLineGap=6)
    if found is None:
        return picture
    lines = found.reshape(-1, 4).astype(float)
    angles = np.degrees(np.arctan2(lines[:, 3] - lines[:, 1], lines[:, 2] - lines[:, 0]))
    flat = angles[np.abs(angles) < STEEPEST_DEG]
    if not len(flat):
        return picture
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(np.median(flat)), 1.0)
    turned: Picture = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))
    return turned


def ruled(picture: Picture) -> tuple[list[list[Box]], Picture]:
    """Return the cells of each table of a straight page, dots, and the page without its rules."""
    import cv2  # noqa: PLC0415

    dark = _ink(picture)
    across = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, RULE), np.uint8))
    down = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((RULE, 1), np.uint8))
    rules = cv2.dilate(across | down, np.ones((3, 3), np.uint8))
    rules = cv2.morphologyEx(rules, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    contours, levels = cv2.findContours(rules, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    tables: dict[int, list[Box]] = defaultdict(list)
    for number, contour in enumerate(contours):
        parent = int(levels[0][number][3]) if levels is not None else -1
        left, top, width, height = cv2.boundingRect(contour)
        # A hole in the net of rules is a cell.
        if parent >= 0 and min(width, height) >= LEAST_CELL:
            tables[parent].append((float(left), float(top), float(left + width), float(top + height)))
    bare = picture.copy()
    bare[rules > 0] = 255
    found = [cells for cells in tables.values() if len(cells) > 1]
    return sorted(found, key=lambda cells: min(box[1] for box in cells)), bare


def _words(read: "RapidOCR", picture: Picture) -> list[Word]:
    # The reader keeps what it was last told, and pieces of the page before were read without looking for words.
    found = read(picture, use_det=True, use_cls=True)
    if found.boxes is None or found.txts is None or found.scores is None:
        return []
    words = []
    for points, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        words.append(Word(written(text), (float(left), float(top), float(right), float(bottom)), float(score)))
    return words


def _cut(read: "RapidOCR", picture: Picture, word: Word, cells: Sequence[Box]) -> list[Word]:
    """Return a run that goes over rules as one run a cell, each read anew."""
    x0, y0, x1, y1 = word.box
    y = (y0 + y1) / 2
    over = sorted(box for box in cells if box[1] <= y <= box[3] and min(x1, box[2]) - max(x0, box[0]) > 0.3 * (y1 - y0))
    if len(over) < 2:
        return [word]
    parts = []
    for box in over:
        part = (max(x0, box[0]), y0, min(x1, box[2]), y1)
        piece = np.ascontiguousarray(picture[int(y0) : int(y1) + 1, int(part[0]) : int(part[2]) + 1])
        found = read(piece, use_det=False, use_cls=False)
        if found.txts and found.txts[0].strip():
            parts.append(Word(written(found.txts[0]), part, float(found.scores[0])))
    return parts


def _said(picture: Picture, word: Word) -> Word:
    """Return a word as it was read; one of a single letter as the stroke that it is, where it is one."""
    if len(word.text) > 1:
        return word
    x0, y0, x1, y1 = (int(edge) for edge in word.box)
    sign = stroke(_largest(_ink(picture[max(0, y0 - 4) : y1 + 5, max(0, x0 - 4) : x1 + 5])))
    return word if sign is None else replace(word, text=sign, confidence=1.0)


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """Return runs line by line."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.middle[1]):
        if rows and word.middle[1] - rows[-1][0].middle[1] < 0.5 * (word.box[3] - word.box[1]):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda word: word.box[0]) for row in rows]


def _sure(words: Sequence[Word]) -> float:
    return min(word.confidence for word in words)


def _points(box: Box) -> Box:
    return box[0] * POINT, box[1] * POINT, box[2] * POINT, box[3] * POINT


def page_of(read: "RapidOCR", picture: Picture, number: int) -> tuple[list[Grid], list[Line]]:
    """Return the tables of a scanned page, and its lines outside of them.

    Parameters
    ----------
    read : RapidOCR
    picture : (height, width, 3) uint8
        The page, `DPI` dots an inch, red green blue.
    number : int
        Of the page, from 1.
    """
    straight = straightened(picture)
    tables, bare = ruled(straight)
    every = [(box, (at, cell)) for at, cells in enumerate(tables) for cell, box in enumerate(cells)]
    boxes = [box for box, _ in every]
    words = [_said(bare, part) for word in _words(read, bare) for part in _cut(read, bare, word, boxes)]
    owned: dict[tuple[int, int], list[Word]] = defaultdict(list)
    free: list[Word] = []
    for word in words:
        x, y = word.middle
        home = next((where for box, where in every if box[0] <= x <= box[2] and box[1] <= y <= box[3]), None)
        (free if home is None else owned[home]).append(word)
    lines = [Line(" ".join(word.text for word in row), Place(number, _points(row[0].box)), _sure(row)) for row in _rows(free)]
    grids, above = [], 0.0
    for at, cells in enumerate(tables):
        placed = [_points(box) for box in cells]
        top = min(box[1] for box in placed)
        headings = tuple(line.text for line in lines if line.place.box and above <= line.place.box[1] < top)
        texts = {
            cell: tuple("".join(word.text for word in row) for row in _rows(said)) for (table, cell), said in owned.items() if table == at
        }
        sure = {cell: _sure(owned[at, cell]) for cell in texts}
        grids.append(laid_out(placed, texts, number, sure, headings))
        above = max(box[3] for box in boxes)
    return grids, lines


def copy_of_scan(data: bytes, progress: Progress) -> Copy:
    """Return the tables of a PDF whose pages are pictures. `progress` hears the share of the pages that were read.

    Raises
    ------
    NoOcr
        The library that reads pictures is not installed.
    """
    read = engine()
    grids: list[Grid] = []
    lines: list[Line] = []
    with pdfplumber.open(io.BytesIO(data)) as document:
        for number, page in enumerate(document.pages, 1):
            progress("ocr", (number - 1) / len(document.pages))
            picture: Any = np.asarray(page.to_image(resolution=DPI).original.convert("RGB"))
            found, text = page_of(read, picture, number)
            grids += found
            lines += text
            page.close()
        return Copy(tuple(grids), tuple(lines), "scan", len(document.pages))
