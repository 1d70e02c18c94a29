"""Drawing D, the surrounding risks: receptors within 500 m and 5 km, 10 km of water downstream, wind, ways out (R1)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from drawings.sheets import receptors
from drawings.sheets.column import boxes, column
from drawings.sheets.framing import frame
from drawings.sheets.furniture import climate, direction_name, scale_bar
from drawings.sheets.ground import Thing, things
from drawings.sheets.inks import MEDIUM, Ink, Sheet, Text, filled, framed, ink
from drawings.sheets.labels import Wanted
from drawings.sheets.legend import Entry, label_of, merged
from drawings.sheets.maps import Map, lettered, symbol_named
from drawings.sheets.paper import BODY, SMALL, TINY, Box, Point
from drawings.sheets.plan import draw_boundary, has_boundary, notes_of, site_of
from drawings.sheets.receptors import Around, metres, plain
from drawings.sheets.stamps import day_of, stamp
from drawings.sheets.tables import Column, Table
from drawings.sheets.waters import Downstream, downstream
from drawings.sheets.window import Window, grid
from gis.models.sheet import TITLES, SheetFacts
from gis.surroundings import AIR_REACH_M, NEAR_M, WATER_REACH_M
from styles.palette import Theme

COLUMN_MM = 122.0
SCALE = 50000
INSET_SCALES = (10000, 15000, 20000, 25000)
"""Of the enlarged map: the largest at which it is not too wide."""
INSET_MM = (60.0, 82.0)
"""Least and greatest side of the enlarged map of what is near."""
MARGIN_MM = 8.0
HEAD_MM = 4.0
"""Beyond that above and below, where title and scale bar stand: a symbol on the ring stands on neither."""
SHIFT_MM = (22.0, 17.0)
"""How far the rings stand from the middle of the map, away from the enlarged one."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the drawing is about."""

    own: Sequence[Thing]
    site: BaseGeometry
    """Boundary of the plant, EPSG:4545."""
    rivers: Sequence[Thing]
    flow: Downstream
    listed: Sequence[Around]
    """Its receptors."""


def _inset(ground_m: float) -> tuple[float, int]:
    """Return the side of the enlarged map, mm, and its scale."""
    for scale in INSET_SCALES:
        side = ground_m * 1000 / scale + 2 * MARGIN_MM
        if side <= INSET_MM[1]:
            return max(side, INSET_MM[0]), scale
    return INSET_MM[1], INSET_SCALES[-1]


def windows(map_box: Box, site: BaseGeometry, way: BaseGeometry, seen: Sequence[Point]) -> tuple[Window, Window]:
    """Return the window of the rings and that of the enlarged map, in the corner of the first with the least below it."""
    west, south, east, north = site.buffer(NEAR_M).bounds
    side, near_scale = _inset(max(east - west, north - south))
    high = side + 2 * HEAD_MM
    middle = site.centroid
    best: tuple[float, Window, Window] | None = None
    for right, up in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
        # The rings move towards the corner opposite to the enlarged map.
        centre = (round(middle.x - right * SHIFT_MM[0] * SCALE / 1000), round(middle.y - up * SHIFT_MM[1] * SCALE / 1000))
        window = Window(map_box, SCALE, centre)
        corner = Box(
            map_box.left if right > 0 else map_box.right - side,
            map_box.bottom if up > 0 else map_box.top - high,
            map_box.left + side if right > 0 else map_box.right,
            map_box.bottom + high if up > 0 else map_box.top,
        )
        area = shapely.box(corner.left, corner.bottom, corner.right, corner.top)
        shown = shapely.clip_by_rect(window.on_paper(way), map_box.left, map_box.bottom, map_box.right, map_box.top)
        hidden = window.on_paper(way).length - shown.length + shown.intersection(area).length
        covered = sum(corner.holds(window.point(*point)) for point in seen)
        cost = hidden + 60.0 * covered
        if best is None or cost < best[0]:
            best = cost, window, Window(corner, near_scale, (round(middle.x), round(middle.y)))
    assert best is not None  # noqa: S101 — four corners were tried
    return best[1], best[2]


def _leaving(site: BaseGeometry, ring: BaseGeometry, towards_deg: float) -> Point:
    """Return where the way from the middle of a plant in a direction leaves a ring around it."""
    middle, turn = site.centroid, math.radians(towards_deg)
    west, south, east, north = ring.bounds
    reach = (east - west) + (north - south)
    ray = shapely.LineString([middle, (middle.x + reach * math.sin(turn), middle.y + reach * math.cos(turn))])
    found = shapely.get_coordinates(ray.intersection(ring))[-1]
    return float(found[0]), float(found[1])


def _ring(drawing: Map, site: BaseGeometry, radius_m: float, label: str, towards_deg: float) -> None:
    """Draw a distance from the boundary, and write it where the line lies in a direction."""
    ring = site.convex_hull.buffer(radius_m, quad_segs=48).exterior
    drawing.line(ring, "ring", "厂界外距离", closed=True)
    at = drawing.window.point(*_leaving(site, ring, towards_deg))
    drawing.wanted.append(Wanted(f"ring {label}", ((label,),), shapely.Point(at), clear=-1.0, rank=0, weight="bold"))


def _water(drawing: Map, rivers: Sequence[Thing], flow: Downstream) -> None:
    for thing in rivers:
        shown = drawing.line(thing.xy, "river", "河流及流向")
        if shown is not None:
            parts = sorted(getattr(shown, "geoms", [shown]), key=lambda part: -part.length)
            drawing.wanted.append(
                Wanted(f"river {thing.feature.feature_id}", ((thing.name,),), parts[0], "along", 1.2, 4, SMALL, "bold", must=False)
            )
    for kilometres in (2, 4, 6, 8, 10):
        if flow.way.length >= kilometres * 1000 - 1:
            point = flow.way.interpolate(kilometres * 1000)
            at = drawing.window.point(point.x, point.y)
            if drawing.window.box.inset(4).holds(at):
                text = f"下游 {kilometres} km"
                drawing.wanted.append(Wanted(f"km {kilometres}", ((text,),), shapely.Point(at), clear=0.6, rank=3, must=False))


def _section(name: str) -> str:
    """Return the name of a water-quality section."""
    return f"{plain(name).removesuffix('断面')}断面"


def _zones(drawing: Map, around: Sequence[Thing]) -> None:
    for thing in around:
        if thing.kind == "water_source" and (shape := drawing.area(thing, f"水源{label_of('water_source', thing.type)}")) is not None:
            drawing.wanted.append(
                Wanted(f"source {thing.feature.feature_id}", ((plain(thing.name),),), shape, "inside", rank=5, must=False)
            )
    for thing in around:
        if thing.kind == "water_station":
            at = drawing.window.point(thing.xy.x, thing.xy.y)
            if drawing.window.box.inset(5).holds(at):
                stands, clear = drawing.symbol(thing)
                drawing.wanted.append(
                    Wanted(f"station {thing.feature.feature_id}", ((_section(thing.name),),), shapely.Point(stands), clear=clear, rank=3)
                )


def _area(box: Box) -> BaseGeometry:
    return shapely.box(box.left, box.bottom, box.right, box.top)


def _receptors(drawing: Map, listed: Sequence[Around], start: Point | None = None, hidden: Sequence[Box] = ()) -> None:
    """Draw receptors with their numbers, names and distances; one off the map at its edge, as seen from the plant, where that is given.

    Nothing stands on what covers the map (`hidden`).
    """
    free = _area(drawing.window.box.inset(4)).difference(shapely.union_all([_area(box).buffer(4) for box in hidden]))
    for one in listed:
        place = one.thing.xy.centroid
        at = drawing.window.point(place.x, place.y)
        far = metres(one.distance_m)
        if not free.intersects(shapely.Point(at)):
            if start is None:
                continue
            onward = shapely.LineString([start, at]).intersection(free)
            first = min(getattr(onward, "geoms", [onward]), key=shapely.Point(start).distance)
            at = shapely.get_coordinates(first)[-1].tolist()
            far = f"{far}（图外）"
        stands, clear = drawing.symbol(one.thing, (at[0], at[1]))
        name = f"{one.number} {one.name}"
        forms = ((name, far), (name,), (str(one.number),))
        drawing.wanted.append(Wanted(f"receptor {one.number}", forms, shapely.Point(stands), clear=clear, rank=1))


def ways_out(site: BaseGeometry, gate: BaseGeometry, flow: Downstream) -> list[tuple[BaseGeometry, str]]:
    """Return the ways out that are advised, EPSG:4545: from the place of assembly across the prevailing wind, out of the near ring.

    A way that would cross the river or lead back through the plant is left out where the other one does not.
    """
    across = climate().prevailing_deg + 90
    ring, width = site.convex_hull.buffer(NEAR_M + 30).exterior, site.length / 8
    found = []
    for turn in (across, across + 180):
        line = shapely.LineString([(gate.x, gate.y), _leaving(site, ring, turn)])
        wet = not flow.way.is_empty and line.intersects(flow.way)
        found.append((wet, line.intersection(site).length > width, turn % 360, line))
    found.sort(key=lambda row: row[:3])
    good = [row for row in found if row[:2] == found[0][:2]]
    return [(line, f"向{direction_name(turn)}疏散") for _, _, turn, line in good]


def covering(window: Window, theme: Theme) -> tuple[Box, list[Ink], Box]:
    """Return what covers the enlarged map: the strip of its title, its scale bar, and the box that this takes."""
    box = window.box
    return Box(box.left, box.top - 6.5, box.right, box.top), *scale_bar(window.scale, (box.left + 1, box.bottom + 1), theme, 7.0)


def _near(window: Window, scene: Scene, theme: Theme) -> tuple[list[Ink], list[Entry]]:
    """Return the enlarged map of what is within 500 m, with the ways out, and what the legend must say of it."""
    own, site, box = scene.own, scene.site, window.box
    drawing = Map(window, theme)
    _water(drawing, scene.rivers, Downstream((), shapely.LineString(), 0.0))
    for thing in own:
        if thing.kind == "building":
            drawing.area(thing)
    draw_boundary(drawing, [thing for thing in own if thing.kind == "site_boundary"])
    _ring(drawing, site, NEAR_M, "500 m", 0.0)
    posts = [thing for thing in own if thing.kind == "emergency_facility" and thing.type == "assembly"]
    gate = posts[0].xy.centroid if posts else site.centroid
    for line, text in ways_out(site, gate, scene.flow):
        drawing.line(line, "evacuation", "疏散路线（建议）")
        drawing.wanted.append(Wanted(f"way {text}", ((text,),), window.on_paper(line), "along", 1.6, 2, TINY, "bold"))
    for post in posts:
        at, clear = drawing.symbol(post)
        drawing.wanted.append(Wanted("assembly", ((post.name,),), shapely.Point(at), clear=clear, rank=2))
    for thing in own:
        if thing.kind == "outlet" and thing.type == "water":
            at, clear = drawing.symbol(thing, label="废水排放口")
            drawing.wanted.append(Wanted(f"outlet {thing.code}", ((thing.code,),), shapely.Point(at), clear=clear, rank=0, weight="bold"))
    head, bar, bar_box = covering(window, theme)
    _receptors(drawing, scene.listed, hidden=(head, bar_box))
    drawing.hard += [shapely.box(part.left, part.bottom, part.right, part.top) for part in (head, bar_box)]
    placing = drawing.place()
    black, paper = ink(theme), ink(theme, "paper")
    title = Text(f"厂界外 500 m 范围（1:{window.scale}）", (box.middle[0], box.top - 3.4), BODY, "centre", weight="bold", colour=black)
    every = [filled(box, paper), *drawing.inks, *drawing.signs, *lettered(placing.placed, theme), *bar,
             filled(head, paper), title, framed(box, black, MEDIUM)]  # fmt: skip
    return every, list(drawing.entries.values())


def _waters_table(flow: Downstream, around: Sequence[Thing], listed: Sequence[Around], width: float, start: str) -> Table:
    """Return what lies along the water downstream; `start` names what the way to it is measured from."""
    rows = []
    if flow.rivers:
        rows.append(("—", " → ".join(flow.rivers), "受纳水体", f"距{start} {metres(flow.start_m)}"))
    places = [(thing.xy, _section(thing.name), "水质断面") for thing in around if thing.kind == "water_station"]
    places += [(one.thing.xy, one.name, "取水口") for one in listed if one.thing.type == "intake"]
    places += [
        (thing.xy, plain(thing.name), f"水源{label_of('water_source', thing.type)}") for thing in around if thing.kind == "water_source"
    ]
    found = sorted((away, name, sort) for shape, name, sort in places if (away := flow.metres_to(shape, 400.0)) is not None)
    rows += [(str(number), name, sort, f"下游 {metres(away)}") for number, (away, name, sort) in enumerate(found, 1)]
    if not flow.rivers:
        rows.append(("—", "未登记下游河流", "", ""))
    elif not found:
        rows.append(("—", f"{flow.way.length / 1000:.1f} km 内无水源保护区、取水口和水质断面", "", ""))
    columns = (
        Column("号", 6.0, "centre"),
        Column("名称", width - 56.0, most=2),
        Column("类型", 24.0, "centre"),
        Column("位置", 26.0, "right"),
    )
    return Table(f"下游 {WATER_REACH_M / 1000:.0f} km 水体", columns, tuple(rows))


def _people(listed: Sequence[Around]) -> str:
    if not listed:
        return "周边风险受体未绘制：图上没有受体，人数待查。"
    near, far = (sum(int(one.thing.says("population") or 0) for one in listed if one.distance_m <= away) for away in (NEAR_M, AIR_REACH_M))
    return f"受体人数：500 m 内 {near} 人，5 km 内 {far} 人（{len(listed)} 处受体；河流和取水口不计人数）。"


def risk(facts: SheetFacts, theme: Theme, base_url: str) -> Sheet:
    """Return the drawing of the risks around an enterprise."""
    enterprise, *own = things((facts.enterprise, *facts.features))
    around = things(facts.around)
    rivers = [thing for thing in around if thing.kind == "river"]
    site = site_of(own, enterprise)
    listed = receptors.around([thing for thing in own if thing.kind == "receptor"], site)
    outlets = [thing.xy for thing in own if thing.kind == "outlet" and thing.type == "water"]
    named = next(
        (
            row["receiving_water"]
            for row in (facts.permit or {}).get("outlets", ())
            if row.get("way") == "direct" and row.get("receiving_water")
        ),
        "",
    )
    flow = downstream(rivers, outlets[0] if outlets else site, named)
    map_box, side = boxes(COLUMN_MM)
    seen = [(one.thing.xy.centroid.x, one.thing.xy.centroid.y) for one in listed]
    window, near = windows(map_box, site, flow.way, seen)
    corner = near.box
    drawing = Map(window, theme)
    _zones(drawing, around)
    _water(drawing, rivers, flow)
    away = (45.0 if corner.bottom == map_box.bottom else 135.0) * (1 if corner.left == map_box.left else -1)
    _ring(drawing, site, AIR_REACH_M, "厂界外 5 km", away)
    _ring(drawing, site, NEAR_M, "500 m", 180.0)
    bar, bar_box = scale_bar(window.scale, (map_box.left + 8, map_box.bottom + 7), theme)
    if corner.holds((bar_box.left, bar_box.bottom)):
        bar, bar_box = scale_bar(window.scale, (map_box.right - 8 - bar_box.width, map_box.bottom + 7), theme)
    here = window.point(site.centroid.x, site.centroid.y)
    at, clear = drawing.sign(symbol_named("enterprise"), here, "本企业")
    drawing.wanted.append(
        Wanted("enterprise", ((plain(facts.enterprise.name),),), shapely.Point(at), clear=clear, rank=0, size=SMALL, weight="bold")
    )
    _receptors(drawing, listed, here, (corner, bar_box))
    ticks, taken = grid(window, ink(theme, "base"), ink(theme), ink(theme, "paper"), corner)
    drawing.hard += [shapely.box(box.left, box.bottom, box.right, box.top) for box in (bar_box, corner, *taken)]
    placing = drawing.place()
    inset, entries = _near(near, Scene(own, site, rivers, flow, listed), theme)
    wind = climate()
    across = f"有风时垂直于主导风（{direction_name(wind.prevailing_deg)}风）疏散。"
    way_out = f"静风、逆温为主（静风 {wind.calm:.0f} %）：无风时向各方向远离厂区；{across}"
    notes = [
        _people(listed),
        f"{way_out}疏散路线为建议，由政府组织实施。",
        *(["距离自厂界量算。"] if has_boundary(own) else []),
        *notes_of(facts),
    ]
    wide = side.width - 4.0
    waters = _waters_table(flow, around, listed, wide, "排放口" if outlets else "厂界")
    blocks = ((receptors.table(listed, wide, contacts=True),), (waters,))
    inks, links = column(
        side, stamp(facts, "D", window.scale, base_url), merged([*drawing.entries.values(), *entries]), blocks, notes, theme=theme
    )
    every = [*frame(theme), *drawing.inks, *ticks, *drawing.signs, *lettered(placing.placed, theme), *bar, *inset, *inks]
    return Sheet(tuple(every), tuple(links), f"{facts.enterprise.name}{TITLES['D']}", facts.enterprise.code or "", day_of(facts))
