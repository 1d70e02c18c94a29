"""The findings on paper: an A4 report in Chinese that a drafter can work through, searchable, the same bytes for the same findings."""

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import cairocffi

from drawings.checking import Checked, counted
from drawings.report import SEVERITY_LABELS
from gis.issues import CODES, GROUPS, Issue, Severity
from styles.tokens import Rgb, rgb, tokens

FAMILY = "Noto Sans CJK SC"
A4 = (210.0, 297.0)
MARGIN = 16.0
FOOT = 14.0
"""From the lower edge to the page number, mm."""
POINT_MM = 72 / 25.4
SIZES = {"title": 6.0, "head": 4.2, "text": 3.0, "small": 2.5}
"""Of type, mm."""
LEADING = 1.5
CODE_W, LEVEL_W, PLACE_W = 13.0, 17.0, 46.0
PAPER = tokens("light")
"""Colours that can be read on white."""
BLACK, GREY, LINE = (rgb(PAPER["ui"][name]) for name in ("text", "text-soft", "line"))
COLOURS = {
    Severity.ERROR: rgb(PAPER["ui"]["bad"]),
    Severity.WARNING: rgb(PAPER["ui"]["warn"]),
    Severity.VIOLATION: rgb(PAPER["drawing"]["emergency"]),
}
NO_START = "，。；：、）”％!?"


class _Pages:
    """Pages that are filled from the top; a line that does not fit begins a new one."""

    def __init__(self, foot: str, created: date, total: int) -> None:
        self.buffer = io.BytesIO()
        self.surface = cairocffi.PDFSurface(self.buffer, A4[0] * POINT_MM, A4[1] * POINT_MM)
        stamp = f"{created.isoformat()}T00:00:00"
        for name, value in (("TITLE", foot), ("CREATOR", "quanjing"), ("CREATE_DATE", stamp), ("MOD_DATE", stamp)):
            self.surface.set_metadata(getattr(cairocffi, f"PDF_METADATA_{name}"), value)
        self.context: Any = cairocffi.Context(self.surface)
        self.context.scale(POINT_MM, POINT_MM)
        self.context.set_font_options(cairocffi.FontOptions(hint_style=cairocffi.HINT_STYLE_NONE, hint_metrics=cairocffi.HINT_METRICS_OFF))
        self.foot, self.total = foot, total
        self.page, self.y = 0, 0.0
        self._turn()

    def _turn(self) -> None:
        if self.page:
            self.surface.show_page()
        self.page += 1
        self.y = MARGIN
        self.text(MARGIN, A4[1] - FOOT, self.foot, "small")
        number = f"第 {self.page} 页" + (f" 共 {self.total} 页" if self.total else "")
        self.text(A4[0] - MARGIN - self.width(number, "small"), A4[1] - FOOT, number, "small")

    def room(self, height: float) -> None:
        """Begin a new page where so much, mm, does not fit."""
        if self.y + height > A4[1] - FOOT - 6:
            self._turn()

    def _font(self, size: str, *, bold: bool = False) -> None:
        weight = cairocffi.FONT_WEIGHT_BOLD if bold else cairocffi.FONT_WEIGHT_NORMAL
        self.context.select_font_face(FAMILY, cairocffi.FONT_SLANT_NORMAL, weight)
        self.context.set_font_size(SIZES[size])

    def width(self, text: str, size: str) -> float:
        """Return the width of a line, mm."""
        self._font(size)
        return float(self.context.text_extents(text)[4])

    def text(self, x: float, y: float, text: str, size: str, *, bold: bool = False, colour: Rgb = BLACK) -> None:
        """Write a line from its baseline's left end."""
        self._font(size, bold=bold)
        self.context.set_source_rgb(*(value / 255 for value in colour))
        self.context.move_to(x, y)
        self.context.show_text(text)

    def wrapped(self, text: str, room: float, size: str) -> list[str]:
        """Return text in lines that fit a width: Chinese breaks anywhere but before a closing mark."""
        lines = [""]
        for letter in text:
            if letter == "\n":
                lines.append("")
            elif self.width(lines[-1] + letter, size) > room and letter not in NO_START:
                lines.append(letter)
            else:
                lines[-1] += letter
        return lines

    def rule(self, weight: float = 0.1) -> None:
        """Draw a line across the page."""
        self.context.set_source_rgb(*(value / 255 for value in LINE))
        self.context.set_line_width(weight)
        self.context.move_to(MARGIN, self.y)
        self.context.line_to(A4[0] - MARGIN, self.y)
        self.context.stroke()

    def line(self, text: str, size: str, *, bold: bool = False) -> None:
        """Write a paragraph."""
        step = SIZES[size] * LEADING
        for part in self.wrapped(text, A4[0] - 2 * MARGIN, size):
            self.room(step)
            self.y += step
            self.text(MARGIN, self.y - step * 0.25, part, size, bold=bold)

    def row(self, cells: Sequence[tuple[float, Sequence[tuple[str, str, Rgb]]]]) -> None:
        """Write a row of a table: cells with their place and lines (text, size, colour)."""
        height = max(sum(SIZES[size] * LEADING for _, size, _ in lines) for _, lines in cells) + 1.6
        self.room(height)
        for x, lines in cells:
            y = self.y + 0.8
            for text, size, colour in lines:
                y += SIZES[size] * LEADING
                self.text(x, y - SIZES[size] * LEADING * 0.25, text, size, colour=colour)
        self.y += height
        self.rule()

    def done(self) -> bytes:
        """Return the file."""
        self.surface.finish()
        return self.buffer.getvalue()


def _issue(pages: _Pages, issue: Issue) -> None:
    place = issue.place
    at = f"({place.xy[0]:.2f}, {place.xy[1]:.2f})" if place.xy else ""
    where = [
        part for part in (place.layer, f"图元 {place.handle}" if place.handle else "", place.field and f"属性 {place.field}", at) if part
    ]
    middle = A4[0] - 2 * MARGIN - CODE_W - LEVEL_W - PLACE_W - 4
    lines = [(line, "text", BLACK) for line in pages.wrapped(issue.message, middle, "text")]
    lines += [(line, "small", GREY) for line in pages.wrapped(f"→ {issue.hint}", middle, "small") if issue.hint]
    places = [(line, "small", GREY) for part in where for line in pages.wrapped(part, PLACE_W, "small")]
    colour = COLOURS[issue.severity]
    pages.row(
        [
            (MARGIN, [(issue.code, "text", colour)]),
            (MARGIN + CODE_W, [(SEVERITY_LABELS[issue.severity], "text", colour)]),
            (MARGIN + CODE_W + LEVEL_W, lines),
            (A4[0] - MARGIN - PLACE_W, places or [("", "small", GREY)]),
        ]
    )


def _summary(pages: _Pages, checked: Sequence[Checked]) -> None:
    drawings = sum(len(one.plans) for one in checked)
    counts = counted(checked)
    pages.line(f"企业 {len(checked)} 家，图纸 {drawings} 张，问题 {sum(counts.values())} 处", "text")
    pages.y += 2
    for code, number in counts.items():
        entry = CODES[code]
        pages.row(
            [
                (MARGIN, [(code, "text", COLOURS[entry.severity])]),
                (MARGIN + CODE_W, [(SEVERITY_LABELS[entry.severity], "text", COLOURS[entry.severity])]),
                (MARGIN + CODE_W + LEVEL_W, [(entry.label, "text", BLACK), (GROUPS[f"E{code[1]}"], "small", GREY)]),
                (A4[0] - MARGIN - 14, [(f"{number} 处", "text", BLACK)]),
            ]
        )


def _enterprise(pages: _Pages, one: Checked) -> None:
    pages.y += 5
    pages.room(24)
    pages.line(" ".join(part for part in (one.name, one.source_code or "") if part) or "未注明企业的图纸", "head", bold=True)
    for plan in one.plans:
        counts = plan.counts
        pages.line(
            f"{plan.file_name}：图元 {counts.entities} = 入库 {counts.stored} + 忽略 {counts.ignored} + 拒绝 {counts.refused}", "small"
        )
    pages.y += 1.5
    pages.rule(0.3)
    groups: dict[str, list[Issue]] = {}
    for issue in one.every:
        groups.setdefault(issue.place.file or "四张图之间、图纸与许可证", []).append(issue)
    for file, issues in groups.items():
        pages.room(16)
        if len(one.plans) > 1 or len(groups) > 1:
            pages.y += 1
            pages.line(file, "text", bold=True)
            pages.y += 0.6
        for issue in issues:
            _issue(pages, issue)


def _written(checked: Sequence[Checked], created: date, total: int) -> _Pages:
    title = "图纸检查报告"
    pages = _Pages(f"{title}（制图规范 QJ-DN 1.0）· {created:%Y-%m-%d}", created, total)
    pages.line(title, "title", bold=True)
    _summary(pages, checked)
    found = [one for one in checked if one.every]
    for one in found:
        _enterprise(pages, one)
    if not found:
        pages.y += 4
        pages.line("没有问题", "head", bold=True)
    return pages


def handout(checked: Sequence[Checked], created: date) -> bytes:
    """Return the report on drawings as a PDF.

    Parameters
    ----------
    checked : sequence of Checked
        What was found; enterprises without a finding are counted only.
    created : date
        Printed on each page.
    """
    # How many pages there are is known once they have been written.
    return _written(checked, created, _written(checked, created, 0).page).done()
