"""The findings on paper: an A4 report in Chinese that a drafter can work through, searchable, the same bytes for the same findings."""

from collections.abc import Sequence
from datetime import date

from drawings.checking import Checked, counted
from drawings.report import SEVERITY_LABELS
from drawings.sheets.pages import GREY, MARGIN, PAPER, Pages, Words, broken
from drawings.sheets.paper import A4
from gis.issues import CODES, GROUPS, Issue, Severity
from styles.tokens import rgb

CODE_W, LEVEL_W, PLACE_W = 13.0, 17.0, 46.0
COLOURS = {
    Severity.ERROR: rgb(PAPER["ui"]["bad"]),
    Severity.WARNING: rgb(PAPER["ui"]["warn"]),
    Severity.VIOLATION: rgb(PAPER["drawing"]["emergency"]),
}


def _issue(pages: Pages, issue: Issue) -> None:
    place = issue.place
    at = f"({place.xy[0]:.2f}, {place.xy[1]:.2f})" if place.xy else ""
    where = [
        part for part in (place.layer, f"图元 {place.handle}" if place.handle else "", place.field and f"属性 {place.field}", at) if part
    ]
    middle = A4.width - 2 * MARGIN - CODE_W - LEVEL_W - PLACE_W - 4
    lines = broken(issue.message, middle)
    if issue.hint:
        lines += broken(f"→ {issue.hint}", middle, "small", GREY)
    places = [line for part in where for line in broken(part, PLACE_W, "small", GREY)]
    colour = COLOURS[issue.severity]
    pages.row(
        [
            (MARGIN, [Words(issue.code, colour=colour)]),
            (MARGIN + CODE_W, [Words(SEVERITY_LABELS[issue.severity], colour=colour)]),
            (MARGIN + CODE_W + LEVEL_W, lines),
            (A4.right - MARGIN - PLACE_W, places or [Words("")]),
        ]
    )


def _summary(pages: Pages, checked: Sequence[Checked]) -> None:
    drawings = sum(len(one.plans) for one in checked)
    counts = counted(checked)
    pages.paragraph(f"企业 {len(checked)} 家，图纸 {drawings} 张，问题 {sum(counts.values())} 处", "text")
    pages.y += 2
    for code, number in counts.items():
        entry = CODES[code]
        pages.row(
            [
                (MARGIN, [Words(code, colour=COLOURS[entry.severity])]),
                (MARGIN + CODE_W, [Words(SEVERITY_LABELS[entry.severity], colour=COLOURS[entry.severity])]),
                (MARGIN + CODE_W + LEVEL_W, [Words(entry.label), Words(GROUPS[f"E{code[1]}"], "small", GREY)]),
                (A4.right - MARGIN - 14, [Words(f"{number} 处")]),
            ]
        )


def _enterprise(pages: Pages, one: Checked) -> None:
    pages.y += 5
    pages.room(24)
    pages.paragraph(" ".join(part for part in (one.name, one.source_code or "") if part) or "未注明企业的图纸", "head", weight="bold")
    for plan in one.plans:
        counts = plan.counts
        pages.paragraph(
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
            pages.paragraph(file, "text", weight="bold")
            pages.y += 0.6
        for issue in issues:
            _issue(pages, issue)


def _written(checked: Sequence[Checked], created: date, total: int) -> Pages:
    title = "图纸检查报告"
    pages = Pages(f"{title}（制图规范 QJ-DN 1.0）· {created:%Y-%m-%d}", created, total)
    pages.paragraph(title, "title", weight="bold")
    _summary(pages, checked)
    found = [one for one in checked if one.every]
    for one in found:
        _enterprise(pages, one)
    if not found:
        pages.y += 4
        pages.paragraph("没有问题", "head", weight="bold")
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
