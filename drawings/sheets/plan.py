"""Drawing A, the site plan: boundary, production units, treatment, outlets, where the sewage flows, receptors around (P1 to P6)."""

from collections.abc import Sequence

import shapely
from shapely.geometry.base import BaseGeometry

from drawings.sheets import receptors
from drawings.sheets.column import boxes, column
from drawings.sheets.framing import frame
from drawings.sheets.furniture import scale_bar
from drawings.sheets.ground import Thing, things
from drawings.sheets.inks import Sheet, ink
from drawings.sheets.labels import Placing, Wanted
from drawings.sheets.legend import label_of
from drawings.sheets.maps import Map, lettered, merged, symbol_named
from drawings.sheets.paper import SMALL
from drawings.sheets.receptors import Around, metres, plain
from drawings.sheets.stamps import day_of, stamp
from drawings.sheets.tables import Column, Table
from drawings.sheets.window import around, grid
from gis.models.sheet import SheetFacts
from styles.library import style_of
from styles.palette import Theme

COLUMN_MM = 116.0
STACK_MM = 56.5
MARGIN_MM = 15.0
GROUND = ("green", "building", "structure", "underground_structure", "storage", "emergency_facility", "production_unit", "treatment_facility")
"""Kinds drawn as outlines, from below to above."""
PIPES = ("rain", "gas", "sludge", "reuse", "water", "fuel", "process", "other", "sewage")
"""Media of pipes, from below to above: the sewage matters most."""
CODED = ("production_unit", "treatment_facility", "outlet", "storage", "emergency_facility")
"""Kinds that the plan's table lists."""
EDGE_MM = 6.0


def site_of(own: Sequence[Thing], enterprise: Thing) -> BaseGeometry:
    """Return the boundary of a plant, else all that stands on it, else its registered point."""
    found = [thing.xy for thing in own if thing.kind == "site_boundary"]
    if not found:
        found = [thing.xy for thing in own if thing.kind not in ("receptor", "river", "river_outlet")]
    area: BaseGeometry = shapely.union_all(found) if found else enterprise.xy
    return area if area.geom_type != "Point" else area.buffer(50)


def draw_ground(drawing: Map, own: Sequence[Thing], kinds: Sequence[str] = GROUND) -> None:
    """Draw roads and walls, outlines, pipes and the boundary."""
    by_kind: dict[str, list[Thing]] = {}
    for thing in own:
        by_kind.setdefault(thing.kind, []).append(thing)
    for thing in by_kind.get("green", ()) if "green" in kinds else ():
        drawing.area(thing, soft=False)
    _lines(drawing, by_kind.get("road", ()), "road")
    for kind in kinds:
        for thing in by_kind.get(kind, ()) if kind != "green" else ():
            if thing.xy.geom_type != "Point":
                drawing.area(thing)
    _lines(drawing, by_kind.get("wall", ()), "wall")


def _lines(drawing: Map, listed: Sequence[Thing], kind: str) -> None:
    for thing in listed:
        style = style_of(kind, thing.type)
        if style.line:
            drawing.line(thing.xy, style.line.id, label_of(kind, thing.type))


def draw_pipes(drawing: Map, own: Sequence[Thing], media: Sequence[str] = PIPES) -> None:
    """Draw pipes with the arrows of their flow, runs of one medium joined."""
    for medium in media:
        shapes = [thing.xy for thing in own if thing.kind == "pipe" and thing.type == medium]
        style = style_of("pipe", medium).line
        if shapes and style:
            for run in getattr(merged(shapes), "geoms", [merged(shapes)]):
                drawing.line(run, style.id, f"{label_of('pipe', medium)}管线（箭头为流向）")


def draw_boundary(drawing: Map, site: Sequence[Thing]) -> None:
    """Draw the boundary."""
    for thing in site:
        style = style_of("site_boundary").line
        for ring in (part.exterior for part in getattr(thing.xy, "geoms", [thing.xy])):
            drawing.line(ring, style.id if style else "", "厂界", closed=True)


def draw_river(drawing: Map, listed: Sequence[Thing]) -> None:
    """Draw rivers with their flow and names."""
    for thing in listed:
        shown = drawing.line(thing.xy, "river", "河流（箭头为流向）")
        if shown is not None:
            longest = max(getattr(shown, "geoms", [shown]), key=lambda part: part.length)
            drawing.wanted.append(Wanted(f"river {thing.feature.feature_id}", ((thing.name,),), longest, "along", 1.2, 7, SMALL, "bold", must=False))


def water_way(facts: SheetFacts, code: str) -> str:
    """Return where the water of an outlet goes, as the permit says."""
    for row in (facts.permit or {}).get("outlets", ()):
        if row.get("code") == code and row.get("receiving_water"):
            way = {"direct": "直接排放", "indirect": "间接排放", "none": "不外排"}.get(row.get("way", ""), "")
            return f"→ {plain(row['receiving_water'])}" + (f"（{way}）" if way else "")
    return ""


def outlet_label(facts: SheetFacts, thing: Thing) -> tuple[tuple[str, ...], ...]:
    """Return what is written at an outlet, the most telling first."""
    way = water_way(facts, thing.code) if thing.code[:1] != "Y" and thing.type == "water" else ""
    full = (f"{thing.code} {thing.name}", way) if way else (f"{thing.code} {thing.name}",)
    return (full, (thing.code, way) if way else (thing.code, thing.name), (thing.code,))


def _want(drawing: Map, facts: SheetFacts, own: Sequence[Thing]) -> None:
    numbers = 0
    for thing in own:
        key, shape = str(thing.feature.feature_id), drawing.window.on_paper(thing.xy)
        if thing.kind == "outlet":
            clear = drawing.symbol(thing, label=f"{label_of('outlet', thing.type)}排放口")
            drawing.wanted.append(Wanted(key, outlet_label(facts, thing), shape, clear=clear, rank=0, weight="bold"))
        elif thing.kind in ("treatment_facility", "production_unit"):
            rank = 1 if thing.kind == "treatment_facility" else 2
            forms = ((f"{thing.code} {thing.name}",), (thing.code, thing.name), (thing.code,))
            drawing.wanted.append(Wanted(key, forms, shape, "inside", rank=rank))
        elif thing.kind == "storage":
            clear = drawing.symbol(thing, label=label_of("storage", thing.type)) if thing.type in ("hazardous", "general") else 0.0
            how = "point" if clear else "inside"
            at = shapely.Point(drawing.window.point(*shapely.get_coordinates(thing.xy.representative_point())[0])) if clear else shape
            drawing.wanted.append(Wanted(key, _short(thing.name), at, how, clear, rank=3))
        elif thing.kind == "emergency_facility":
            clear = drawing.symbol(thing)
            at = shapely.Point(drawing.window.point(*shapely.get_coordinates(thing.xy.representative_point())[0]))
            drawing.wanted.append(Wanted(key, _short(thing.name), at, clear=clear, rank=4))
        elif thing.kind in ("building", "structure"):
            numbers += 1
            drawing.wanted.append(Wanted(key, ((thing.name,), *_halved(thing.name), (str(numbers),)), shape, "inside", rank=6, must=False))


def _short(name: str) -> tuple[tuple[str, ...], ...]:
    return ((name,), *_halved(name))


def _halved(name: str) -> tuple[tuple[str, ...], ...]:
    """Return a long name on two lines."""
    if len(name) < 5:
        return ()
    half = -(-len(name) // 2)
    return ((name[:half], name[half:]),)


def _outside(drawing: Map, listed: Sequence[Around], site: BaseGeometry) -> None:
    """Draw the receptors: those in the window at their places, those beyond as arrows at its edge."""
    box = drawing.window.box.inset(EDGE_MM + 2)
    middle = drawing.window.point(site.centroid.x, site.centroid.y)
    beyond: list[Around] = []
    for one in listed:
        at = drawing.window.point(one.thing.xy.centroid.x, one.thing.xy.centroid.y)
        if box.holds(at):
            clear = drawing.symbol(one.thing, label=f"受体：{one.label}")
            text = f"{one.number} {one.name}"
            drawing.wanted.append(Wanted(f"receptor {one.number}", ((text, metres(one.distance_m)), (text,)), shapely.Point(at), clear=clear, rank=0))
        else:
            beyond.append(one)
    places = receptors.spread(box, [receptors.edge(box, middle, one.bearing_deg) for one in beyond], 6.0)
    for one, at in zip(beyond, places, strict=True):
        clear = drawing.sign(symbol_named("flow-arrow"), at, "图外受体方向", turn_deg=90 - one.bearing_deg)
        drawing.wanted.append(Wanted(f"receptor {one.number}", ((f"{one.number} {one.name} {metres(one.distance_m)}",), (f"{one.number} {one.name}", metres(one.distance_m))),
                                     shapely.Point(at), clear=clear, rank=0))  # fmt: skip


def _numbered(own: Sequence[Thing], placing: Placing) -> Table:
    """Return the table of the buildings whose names found no room, so that they bear numbers."""
    named = {str(thing.feature.feature_id): thing for thing in own}
    rows = sorted(
        (int(label.lines[0]), named[label.key].name) for label in placing.placed if label.key in named and label.lines[0].isdigit() and len(label.lines) == 1
    )
    columns = (Column("号", 5.5, "centre"), Column("名称", STACK_MM / 2 - 5.5, most=2)) * 2
    pairs = [(*rows[index], *(rows[index + 1] if index + 1 < len(rows) else ("", ""))) for index in range(0, len(rows), 2)]
    return Table("建（构）筑物", columns, tuple(tuple(map(str, pair)) for pair in pairs))


def coded(own: Sequence[Thing]) -> Table:
    """Return the table of production units, treatment facilities and outlets."""
    order = {kind: number for number, kind in enumerate(CODED[:3])}
    rows = sorted((order[thing.kind], thing.code, thing) for thing in own if thing.kind in order)
    columns = (Column("编号", 12.0, "centre"), Column("名称", 22.0, most=2), Column("污染物", STACK_MM - 34.0, most=2))
    return Table("产污单元、治理设施、排放口", columns, tuple((code, thing.name, thing.says("pollutants") or "—") for _, code, thing in rows))


def notes_of(facts: SheetFacts) -> list[str]:
    """Return what must be said of the data: that they are invented, where they are."""
    said = (facts.permit or {}).get("note")
    return [said] if said else []


def plan(facts: SheetFacts, theme: Theme, base_url: str) -> Sheet:
    """Return the site plan of an enterprise."""
    enterprise, *own = things((facts.enterprise, *facts.features))
    map_box, side = boxes(COLUMN_MM)
    site = site_of(own, enterprise)
    window = around([site], map_box, MARGIN_MM)
    drawing = Map(window, theme)
    draw_river(drawing, [thing for thing in things(facts.around) if thing.kind == "river"])
    draw_ground(drawing, own)
    draw_pipes(drawing, own)
    draw_boundary(drawing, [thing for thing in own if thing.kind == "site_boundary"])
    listed = receptors.around([thing for thing in own if thing.kind == "receptor"], site)
    bar, bar_box = scale_bar(window.scale, (map_box.left + 8, map_box.bottom + 7), theme)
    ticks, taken = grid(window, ink(theme, "base"), ink(theme))
    drawing.hard += [shapely.box(box.left, box.bottom, box.right, box.top) for box in (bar_box, *taken)]
    _outside(drawing, listed, site)
    _want(drawing, facts, own)
    placing = drawing.place()
    half = STACK_MM
    water = [thing for thing in own if thing.kind == "outlet" and thing.type == "water"]
    notes = [*_water_notes(facts, water), "建（构）筑物名称写不下的用编号，见表；长度单位 m。", *notes_of(facts)]
    stacks = ((coded(own),), (receptors.table(listed, half), _numbered(own, placing)))
    inks, links = column(side, stamp(facts, "A", window.scale, base_url), list(drawing.entries.values()), stacks, notes, theme)
    every = [*frame(theme), *drawing.inks, *ticks, *drawing.signs, *lettered(placing.placed, theme), *bar, *inks]
    return Sheet(tuple(every), tuple(links), f"{facts.enterprise.name}厂区平面图", facts.enterprise.code or "", day_of(facts))


def _water_notes(facts: SheetFacts, water: Sequence[Thing]) -> list[str]:
    """Return where the sewage goes, as a sentence."""
    ways = [f"{thing.code} {water_way(facts, thing.code)}" for thing in water if water_way(facts, thing.code)]
    if ways:
        return [f"污水流通去向：产污单元 → 污水处理设施 → {'；'.join(ways)}。"]
    return ["污水流通去向：厂内处理后回用，无废水外排口。" if not water else "污水流通去向：见污水管线箭头。"]


