"""The checklist on A4: a map of the walk, a table with boxes to tick, and who checked; drawn as the other sheets are."""

from collections.abc import Sequence

import shapely

from drawings.inspection.checklist import Checklist, Stop
from drawings.sheets.flowing import WIDTH, Figure, Paper, flowed, wide_table
from drawings.sheets.furniture import scale_bar
from drawings.sheets.ground import things
from drawings.sheets.inks import FINE, MEDIUM, Ink, Sheet, Text, filled, framed, ink, stroke
from drawings.sheets.maps import Map
from drawings.sheets.paper import TINY, Box
from drawings.sheets.plan import draw_boundary, draw_ground, site_of
from drawings.sheets.stamps import day_of, permit_text
from drawings.sheets.tables import Table
from drawings.sheets.window import around
from gis.models.sheet import SheetFacts
from styles.palette import Theme

TITLE = "现场检查表"
MAP_MM = 96.0
BAR_MM = 9.0
"""At the foot of the map, for its scale."""
HALF_MM = 1.9
"""Half the side of a number's box."""
TICKS = "□是 □否 □不涉及"


def _spread(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return places for numbers: at their points, or beside where another stands."""
    placed: list[tuple[float, float]] = []
    step = 2 * HALF_MM + 0.3
    for x, y in points:
        tries = (
            (x + dx * step, y + dy * step)
            for ring in range(12)
            for dx in range(-ring, ring + 1)
            for dy in range(-ring, ring + 1)
            if max(abs(dx), abs(dy)) == ring
        )
        placed.append(
            next(((u, v) for u, v in tries if all(abs(u - p) >= step - 0.01 or abs(v - q) >= step - 0.01 for p, q in placed)), (x, y))
        )
    return placed


def _map(facts: SheetFacts, stops: Sequence[Stop], box: Box, theme: Theme) -> list[Ink]:
    """Return the plan of the plant with the numbers of the stops and the walk between them."""
    enterprise, *own = things((facts.enterprise, *facts.features))
    black, paper = ink(theme), ink(theme, "paper")
    shapes = [site_of(own, enterprise), *(shapely.Point(stop.at) for stop in stops)]
    window = around(shapes, Box(box.left, box.bottom + BAR_MM, box.right, box.top), 5.0)
    drawing = Map(window, theme)
    draw_ground(drawing, own)
    draw_boundary(drawing, [thing for thing in own if thing.kind == "site_boundary"])
    points = [window.point(*stop.at) for stop in stops]
    inks = list(drawing.inks)
    if len(points) > 1:
        inks.append(stroke(points, black, MEDIUM, (1.6, 0.8)))
    for stop, at, (x, y) in zip(stops, points, _spread(points), strict=True):
        if (x, y) != at:
            inks.append(stroke((at, (x, y)), black, FINE))
        square = Box(x - HALF_MM, y - HALF_MM, x + HALF_MM, y + HALF_MM)
        problem = any(look.problem for look in stop.looks)
        inks += [filled(square, black if problem else paper), framed(square, black, FINE)]
        inks.append(Text(str(stop.number), (x, y), TINY, "centre", weight="bold", colour=paper if problem else black))
    bar, _ = scale_bar(window.scale, (box.left + 6, box.bottom + 5), theme)
    return [*inks, *bar, framed(box, black, MEDIUM)]


def _place(stop: Stop) -> str:
    named = " ".join(part for part in (stop.code, stop.name) if part)
    told = f"{named}·{stop.label}" if stop.label and stop.label not in named else named
    return f"{told}，行走{stop.walk_m:.0f}m" if stop.walk_m >= 1 else told


def _stops(listed: Sequence[Stop]) -> Table:
    rows: list[tuple[str, ...]] = []
    for stop in listed:
        for number, look in enumerate(stop.looks):
            first = (str(stop.number), _place(stop)) if number == 0 else ("", "")
            rows.append((*first, f"【问题】{look.text}" if look.problem else look.text, look.basis, TICKS, ""))
    return wide_table("检查内容（按行走路线）", "序 7c|地点 29|看什么 62|依据 27|结果 29|备注 20", rows)


def _heading(found: Checklist) -> Table:
    rows = [
        ("检查时间", "　　年　月　日　时　分 至 　时　分", "天气", ""),
        ("检查人员", "", "执法证号", ""),
        ("检查人员", "", "执法证号", ""),
        ("企业负责人", "", "职务、电话", ""),
        ("检查点", f"{len(found.stops)} 处，行走约 {found.walk_m:.0f} m", "未消除的问题", f"{found.problems} 个"),
    ]
    return wide_table("检查情况", "项目 22c|内容 65|项目 22c|内容 65", rows)


def _signing() -> Table:
    signed = "　　　　　　　　".join(("检查人员：", "企业负责人：", "日期：　　年　月　日"))
    free = [("", "")] * 3
    rows = [
        ("检查结论", ""),
        *free,
        ("企业意见", ""),
        *free,
        ("签字", signed),
    ]
    return wide_table("结论和签字", "项目 22c|内容 152", rows)


def printed_checklist(facts: SheetFacts, found: Checklist, theme: Theme, base_url: str) -> list[Sheet]:
    """Return the sheets of a checklist.

    Parameters
    ----------
    facts : SheetFacts
        That it was made of.
    found : Checklist
        As `checklist` makes it.
    theme : str
        `light` in colour, `print-bw` in black and white.
    base_url : str
        Address of the panorama.
    """
    rows = (
        (("排污单位编码", facts.enterprise.code or "（未登记）"),),
        (("许可证版本", permit_text(facts)),),
        (("数据日期", day_of(facts)),),
        (("检查点", f"{len(found.stops)} 处"), ("未消除的问题", f"{found.problems} 个")),
    )
    address = f"{base_url.rstrip('/')}/#sel={facts.enterprise.feature_id}"
    paper = Paper(TITLE, facts.enterprise.name, rows, address, facts.enterprise.code or "", day_of(facts))
    placed = [stop for stop in found.stops if stop.thing is not None]
    walked = [Figure("行走路线（黑底的点有未消除的问题）", WIDTH, MAP_MM, lambda box: _map(facts, placed, box, theme))] if placed else []
    return flowed(paper, [_heading(found), *walked, _stops(found.stops), _signing()], [], theme)
