"""What differs between two versions of a drawing, as a sheet: each change in its own colour, line and hatch, numbered, and listed."""

import math
from collections.abc import Sequence
from dataclasses import replace

import shapely
from shapely.geometry.base import BaseGeometry

from drawings.process.layout import Solve
from drawings.sheets import changed_flow, tables
from drawings.sheets.canvas import Format, bound_pages, printed
from drawings.sheets.column import NoSpace, boxes, column
from drawings.sheets.framing import frame
from drawings.sheets.furniture import scale_bar
from drawings.sheets.ground import Thing, things
from drawings.sheets.inks import FINE, Ink, Sheet, Text, ink, stroke
from drawings.sheets.labels import Wanted
from drawings.sheets.legend import Entry, inked, merged
from drawings.sheets.maps import Map, lettered
from drawings.sheets.paper import FRAME, HEAD, SMALL, Box
from drawings.sheets.plan import GROUND
from drawings.sheets.stamps import day_in_beijing, signature, stamp
from drawings.sheets.tables import Column, Table
from drawings.sheets.titleblock import Stamp
from drawings.sheets.window import Window, around, grid
from gis.kinds import KINDS
from gis.models.feature import Feature
from gis.models.sheet import TITLES, Kind, SheetFacts
from gis.models.version import CHANGES, Changed, Difference, Version
from styles.library import lines
from styles.ops import line_ops
from styles.palette import Theme

COLUMN_MM = 150.0
MARGIN_MM = 15.0
DISC_MM = 2.4
"""Radius of the disc that a point is shown as, mm."""
ARROW_MM = 2.0
"""A shorter move has no arrow, mm."""
NEAR_M = 1500.0
"""What is farther from the plant than this does not widen the map, metres: the list names it."""
ROWS = (Column("号", 8.0, "centre"), Column("变化", 20.0), Column("要素", 46.0, most=3), Column("内容", 74.0, most=6))
WIDE = (Column("号", 8.0, "centre"), Column("变化", 20.0), Column("要素", 60.0, most=2), Column("内容", 100.0, most=8))
PAGE_MARGIN = 4.0
HEADING_MM = 12.0


def rows(difference: Difference) -> list[tuple[str, str, str, str]]:
    """Return the list of changes: number, what happened, to what, how."""
    listed = []
    for number, one in enumerate(difference.changes, 1):
        feature = one.feature
        label = KINDS[feature.kind].label
        named = " ".join(part for part in (feature.code, feature.name) if part)
        listed.append((str(number), CHANGES[one.change], f"{label} {named}" if named != label else label, one.said))
    return listed


def _disc(at: shapely.Point) -> BaseGeometry:
    found: BaseGeometry = at.buffer(DISC_MM, quad_segs=8)
    return found


def _draw(drawing: Map, shape: BaseGeometry, change: str, label: str) -> BaseGeometry | None:
    """Draw what changed (EPSG:4545) in the manner of the change; returns it on paper."""
    style = f"change-{change}"
    if shape.geom_type in ("LineString", "MultiLineString"):
        return drawing.line(shape, style, f"{label}（线）")
    shown = drawing.shown(shape)
    if shown.is_empty:
        return None
    points = [part for part in getattr(shown, "geoms", [shown]) if part.geom_type == "Point"]
    return drawing.fill(shapely.union_all([_disc(point) for point in points]) if points else shown, style, label)


def _arrow(drawing: Map, old: BaseGeometry, new: BaseGeometry) -> None:
    """Draw where something moved to, where the move can be seen."""
    (x0, y0), (x1, y1) = (drawing.window.point(*shape.centroid.coords[0]) for shape in (old, new))
    long = math.hypot(x1 - x0, y1 - y0)
    if long < ARROW_MM or not (drawing.window.box.holds((x0, y0)) and drawing.window.box.holds((x1, y1))):
        return
    drawing.signs += inked(line_ops(lines()["change-way"], ((x0, y0), (x1, y1)), drawing.theme))
    drawing.note(Entry("line", "change-way", "移动方向"))


def _before(drawing: Map, thing: Thing) -> None:
    for shape in getattr(thing.xy, "geoms", [thing.xy]):
        if shape.geom_type == "Point":
            at = drawing.window.point(shape.x, shape.y)
            corners = [(float(x), float(y)) for x, y in shapely.get_coordinates(_disc(shapely.Point(at)))[:-1]]
            drawing.inks.append(stroke(corners, ink(drawing.theme, "change.moved"), 0.25, (0.8, 0.8), closed=True))
            continue
        rings = (shape.exterior, *shape.interiors) if shape.geom_type == "Polygon" else (shape,)
        for ring in rings:
            drawing.line(ring, "change-before", "移动前", closed=ring.is_ring)


def _same(drawing: Map, listed: Sequence[Thing]) -> None:
    for thing in listed:
        for shape in getattr(thing.xy, "geoms", [thing.xy]):
            if shape.geom_type == "Point":
                x, y = drawing.window.point(shape.x, shape.y)
                if drawing.window.box.holds((x, y)):
                    drawing.inks.append(stroke(((x - 0.8, y), (x + 0.8, y)), ink(drawing.theme, "base"), 0.18))
                    drawing.inks.append(stroke(((x, y - 0.8), (x, y + 0.8)), ink(drawing.theme, "base"), 0.18))
                continue
            for ring in (shape.exterior, *shape.interiors) if shape.geom_type == "Polygon" else (shape,):
                drawing.line(ring, "change-same", "未变的要素", closed=ring.is_ring)


def _window(changes: Sequence[Thing], same: Sequence[Thing], site: Thing, box: Box) -> Window:
    """Return the window that shows the plant and what changed in its reach."""
    ground = [thing.xy for thing in (*same, *changes) if thing.kind in ("site_boundary", *GROUND)] or [site.xy.buffer(50)]
    hull = shapely.union_all(ground).convex_hull
    near = [thing.xy for thing in changes if thing.xy.distance(hull) < NEAR_M and thing.kind != "river"]
    return around([hull, *near], box, MARGIN_MM)


def _map(difference: Difference, site: Feature, box: Box, theme: Theme) -> tuple[Map, list[Ink]]:
    placed = [(number, one) for number, one in enumerate(difference.changes, 1) if not one.feature.geom.is_empty]
    same = things([feature for feature in difference.same if not feature.geom.is_empty])
    new = {number: thing for (number, _), thing in zip(placed, things([one.feature for _, one in placed]), strict=True)}
    moved = [(number, one.old) for number, one in placed if one.change == "moved" and one.old is not None]
    old = {number: thing for (number, _), thing in zip(moved, things([feature for _, feature in moved]), strict=True)}
    drawing = Map(_window([*new.values(), *old.values()], same, things([site])[0], box), theme)
    _same(drawing, same)
    # Large areas first: what lies on them stays seen.
    for number, one in sorted(placed, key=lambda row: -new[row[0]].xy.area):
        if number in old:
            _before(drawing, old[number])
        # A boundary filled would lie on all that it bounds.
        xy = new[number].xy.boundary if one.feature.kind == "site_boundary" else new[number].xy
        shown = _draw(drawing, xy, one.change, CHANGES[one.change])
        if number in old:
            _arrow(drawing, old[number].xy, new[number].xy)
        if shown is not None:
            _number(drawing, number, one, shown)
    ticks, taken = grid(drawing.window, ink(theme, "base"), ink(theme), ink(theme, "paper"))
    bar, bar_box = scale_bar(drawing.window.scale, (box.left + 8, box.bottom + 7), theme)
    drawing.hard += [shapely.box(one.left, one.bottom, one.right, one.top) for one in (bar_box, *taken)]
    labels = lettered(drawing.place().placed, theme)
    return drawing, [*drawing.inks, *ticks, *drawing.signs, *labels, *bar]


def _number(drawing: Map, number: int, one: Changed, shown: BaseGeometry) -> None:
    code = f"{number} {one.feature.code}" if one.feature.code else str(number)
    forms = ((code,), (str(number),)) if code != str(number) else ((code,),)
    how = "point" if one.feature.geom.geom_type == "Point" else "inside"
    spot = shown.centroid if how == "point" else shown if shown.area > 0 else shapely.Point(shown.representative_point())
    clear = DISC_MM if how == "point" else 1.0
    drawing.wanted.append(
        Wanted(str(number), forms, spot, "inside" if spot.area > 0 and how == "inside" else "point", clear, 0, SMALL, "bold")
    )


def titled(facts: SheetFacts, difference: Difference, new: Version, scale: int | None, base_url: str) -> Stamp:
    """Return the title block of a sheet of differences."""
    kind: Kind = difference.drawing_kind  # type: ignore[assignment]
    before = f"第 {difference.old} 版" if difference.old is not None else "空白"
    code = facts.enterprise.code or ""
    return replace(
        stamp(facts, kind, scale, base_url),
        title=f"{TITLES[kind]}差异图",
        drawn=new.drawn_by,
        checked=signature(new.reviewer, new.reviewed_at),
        approved=signature(new.publisher if new.review else None, new.published_at),
        day=day_in_beijing(new.published_at or new.handed_at),
        revision=f"{before} → 第 {new.version} 版",
        number=f"{code}-{kind}-{difference.old or 0:02d}-{new.version:02d}",
    )


def _page(listed: Sequence[tuple[str, ...]], title: str, number: int, theme: Theme) -> tuple[list[Ink], int]:
    """Return a page of the list, two tables side by side, and how many rows it took."""
    room = FRAME.inset(PAGE_MARGIN)
    head = f"{title}：差异清单（续 {number}）"
    inks: list[Ink] = [*frame(theme), Text(head, (room.middle[0], room.top - 4), HEAD, "centre", weight="bold", colour=ink(theme))]
    taken = 0
    for left in (room.left, room.middle[0] + 1.0):
        fits = _fitting(listed[taken:], WIDE, room.height - HEADING_MM)
        if fits:
            table = Table("变化的要素", WIDE, tuple(listed[taken : taken + fits]))
            inks += tables.drawn(table, left, room.top - HEADING_MM + tables.HEADING, theme)[0]
            taken += fits
    return inks, taken


def _fitting(listed: Sequence[tuple[str, ...]], columns: tuple[Column, ...], room: float) -> int:
    """Return how many rows of a list fit a height, mm."""
    room -= tables.HEADING
    head, *tall = tables.heights(Table("", columns, tuple(listed)))
    room -= head
    for count, high in enumerate(tall):
        room -= high
        if room < 0:
            return count
    return len(tall)


def printed_sheets(sheets: Sequence[Sheet], format_: Format) -> bytes:
    """Return sheets as a file: all of them in a PDF, the first as SVG or PNG."""
    return bound_pages(sheets) if format_ == "pdf" else printed(sheets[0], format_)


def difference_sheets(facts: SheetFacts, difference: Difference, new: Version, theme: Theme, base_url: str, *, solve: Solve) -> list[Sheet]:
    """Return the sheets of what differs: the map or the process with as much of the list as it has room for, then pages of the list alone.

    Parameters
    ----------
    facts : SheetFacts
        Of the enterprise, as it is now: its name, code and permit.
    difference : Difference
        As `gis.store.differences.between` reads it.
    new : Version
        The later of the two.
    theme : str
        `light` in colour, `print-bw` in black and white.
    base_url : str
        Address of the panorama.
    solve : callable
        Lays a process out (`drawings.process.elk.Elk.lay_out`).
    """
    map_box, side = boxes(COLUMN_MM)
    listed = rows(difference)
    flat = difference.drawing_kind == "B"
    inks: list[Ink] = [*frame(theme)]
    scale = None
    if flat:
        shown_inks, listed_entries = changed_flow.drawn(difference, map_box.inset(PAGE_MARGIN), theme, solve)
        inks += [*shown_inks, stroke(map_box.corners, ink(theme), FINE, closed=True)]
        entries = merged(listed_entries)
    else:
        drawing, drawn = _map(difference, facts.enterprise, map_box, theme)
        inks += drawn
        entries, scale = merged(drawing.entries.values()), drawing.window.scale
    stamped = titled(facts, difference, new, scale, base_url)
    counts = "，".join(f"{CHANGES[name]} {count}" for name, count in difference.counts().items() if count) or "没有差异"
    notes = [
        f"{stamped.revision}：{counts}。",
        f"图上数字为表中的号；未变的{'节点、物流' if flat else '要素'}用灰线。",
        *(["两版画在一张流程上，各节点的位置不作比较。"] if flat else []),
    ]
    shown = len(listed)
    while True:
        more = [f"表中列出前 {shown} 项，其余 {len(listed) - shown} 项见续页。"] if shown < len(listed) else []
        block = ((Table("变化的要素", ROWS, tuple(listed[:shown])),),) if shown else ()
        try:
            filled, links = column(side, stamped, entries, block, [*notes, *more], theme=theme, whole=True, rose=not flat)
            break
        except NoSpace:
            shown -= max(1, shown // 8)
    title = f"{facts.enterprise.name}{stamped.title}"
    sheets = [Sheet((*inks, *filled), tuple(links), title, facts.enterprise.code or "", stamped.day)]
    while shown < len(listed):
        page, taken = _page(listed[shown:], f"{title} {stamped.revision}", len(sheets), theme)
        sheets.append(Sheet(tuple(page), (), title, facts.enterprise.code or "", stamped.day))
        shown += max(taken, 1)
    return sheets
