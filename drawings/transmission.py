"""The monthly report of 传输有效率 on A4: the city, its days as a strip, and the points below the gate with what pulls them down."""

from collections.abc import Sequence
from datetime import date

from drawings.sheets.fonts import width
from drawings.sheets.pages import BLACK, GREY, LEADING, MARGIN, SIZES, Pages, Words, broken
from drawings.sheets.paper import A4
from gis.store.transmission import Month, Watch
from gis.transmission import Tally, counted, percent, reasons
from gis.transmission_workbook import FORMULAS
from styles.tokens import rgb, tokens

WIDTH = A4.width - 2 * MARGIN
RATES = tuple(MARGIN + edge for edge in (70, 84, 98, 112, 126))
"""Right edges of 传输有效率, 传输率, 有效率, 及时率, 补全率, mm: figures stand under each other."""
NAMED, WHY = MARGIN + 54, MARGIN + 131
"""Right edge of the points' names, left edge of the reasons, mm."""
STRIP = 26.0
"""Height of the days' strip, mm."""
LOWEST = 0.8
"""What the foot of the strip stands for."""
TITLES = ("测点", "传输有效率", "传输率", "有效率", "及时率", "补全率", "原因（记录数）")
RED = rgb(tokens("light")["alarm"]["1"])


def _rates(tally: Tally) -> tuple[float | None, ...]:
    return tally.effective, tally.transmission, tally.validity, tally.timeliness, tally.filled


def _strip(pages: Pages, days: Sequence[tuple[date, Tally]], gate: float) -> None:
    """Draw a bar a day, from `LOWEST` to 100 %, the gate as a line."""
    pages.room(STRIP + 12)
    top = pages.y + 3
    step = WIDTH / 31
    context = pages.context
    for day, tally in days:
        rate = tally.effective
        if rate is None:
            continue
        height = STRIP * max(0.02, (rate - LOWEST) / (1 - LOWEST))
        x = MARGIN + (day.day - 1) * step
        colour = RED if rate < gate else GREY
        context.set_source_rgb(*(value / 255 for value in colour))
        context.rectangle(x + 0.6, top + STRIP - height, step - 1.2, height)
        context.fill()
        pages.text(x + (step - width(str(day.day), SIZES["small"])) / 2, top + STRIP + 3.6, str(day.day), "small", colour=GREY)
    y = top + STRIP * (1 - (gate - LOWEST) / (1 - LOWEST))
    context.set_source_rgb(*(value / 255 for value in BLACK))
    context.set_line_width(0.2)
    context.move_to(MARGIN, y)
    context.line_to(MARGIN + WIDTH, y)
    context.stroke()
    pages.text(A4.right - MARGIN + 1, y + 0.9, f"{gate:.0%}", "small", colour=GREY)
    pages.text(A4.right - MARGIN + 1, top + STRIP, f"{LOWEST:.0%}", "small", colour=GREY)
    pages.y = top + STRIP + 6


def _row(pages: Pages, names: Sequence[Words], tally: Tally, gate: float) -> None:
    below = tally.effective is not None and tally.effective < gate
    cells: list[tuple[float, Sequence[Words]]] = [(MARGIN, names)]
    for place, (edge, rate) in enumerate(zip(RATES, _rates(tally), strict=True)):
        cells.append(_right(edge, Words(percent(rate), "small", RED if below and place == 0 else BLACK)))
    cells.append((WHY, _why(tally)))
    pages.row(cells)


def _why(tally: Tally) -> list[Words]:
    """Return what pulls a rate down, the first four, in lines that break between two reasons alone."""
    lines: list[str] = []
    for what, count in reasons(tally)[:4]:
        told = counted(what, count)
        if lines and width(f"{lines[-1]}；{told}", SIZES["small"]) <= A4.right - MARGIN - WHY:
            lines[-1] += f"；{told}"
        else:
            lines.append(told)
    return [Words(line, "small", GREY) for line in lines or ["—"]]


def _right(edge: float, words: Words) -> tuple[float, list[Words]]:
    """Return a cell of one line that ends at an edge."""
    return edge - width(words.text, SIZES[words.size], words.weight), [words]


def _head(pages: Pages) -> None:
    point, *rates, why = (Words(title, "small", weight="bold") for title in TITLES)
    pages.row([(MARGIN, [point]), *(_right(edge, title) for edge, title in zip(RATES, rates, strict=True)), (WHY, [why])])


def _names(watch: Watch) -> list[Words]:
    room = NAMED - MARGIN
    return [*broken(watch.enterprise, room, "small"), *broken(f"{watch.outlet} {watch.name}", room, "small", GREY)]


def _written(month: Month, total: int) -> Pages:
    gate, city = month.rule.gate, month.city
    pages = Pages(f"{month.first:%Y}年{month.first.month}月污染源自动监测数据传输有效率", month.until.date(), total)
    pages.paragraph(f"{month.first:%Y} 年 {month.first.month} 月污染源自动监测数据传输有效率", "title", weight="bold")
    pages.y += 2
    held = "达到" if city.effective is not None and city.effective >= gate else "低于"
    pages.paragraph(f"全市传输有效率 {percent(city.effective)}，{held}门槛 {gate:.0%}。统计到 {month.until:%Y-%m-%d %H:%M}。", "head")
    pages.paragraph(
        f"传输率 {percent(city.transmission)}，有效率 {percent(city.validity)}，及时率 {percent(city.timeliness)}，"
        f"补全率 {percent(city.filled)}。",
        "text",
    )
    pages.paragraph(f"应传 {city.due} 条，实传 {city.received} 条，有效 {city.valid} 条；测点 {len(month.watches)} 个。", "text")
    for line in FORMULAS:
        pages.paragraph(line, "small")
    days = sorted({day for each in month.days.values() for day in each})
    pages.y += 3
    pages.paragraph("逐日传输有效率", "head", weight="bold")
    _strip(pages, [(day, month.day(day)) for day in days], gate)
    tallies = sorted(((month.point(watch), watch) for watch in month.watches), key=lambda row: (row[0].effective or 0.0, row[1].mn))
    low = [(tally, watch) for tally, watch in tallies if tally.effective is not None and tally.effective < gate]
    for title, rows in ((f"低于门槛的测点（{len(low)} 个）", low), ("全部测点", tallies)):
        pages.room(30)
        pages.y += 3
        pages.paragraph(title, "head", weight="bold")
        _head(pages)
        for tally, watch in rows:
            before = pages.page
            pages.room(3 * SIZES["small"] * LEADING + 3)
            if pages.page != before:
                _head(pages)
            _row(pages, _names(watch), tally, gate)
        if not rows:
            pages.paragraph("没有", "text")
    return pages


def document(month: Month) -> bytes:
    """Return a month's report as a PDF file of A4 pages."""
    draft = _written(month, 0)
    draft.done()
    return _written(month, draft.page).done()
