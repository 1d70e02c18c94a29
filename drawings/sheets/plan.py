"""Drawing A, the site plan: boundary, production units, treatment, outlets, where the sewage flows, receptors around (P1 to P6)."""

from collections.abc import Sequence
from dataclasses import replace

import shapely
from shapely.geometry.base import BaseGeometry

from drawings.sheets import receptors
from drawings.sheets.column import boxes, column
from drawings.sheets.framing import frame
from drawings.sheets.furniture import scale_bar
from drawings.sheets.ground import Thing, things
from drawings.sheets.inks import Sheet, ink
from drawings.sheets.labels import Placed, Placing, Wanted
from drawings.sheets.legend import label_of, merged
from drawings.sheets.maps import Map, joined, lettered, symbol_named
from drawings.sheets.paper import SMALL, Box
from drawings.sheets.receptors import Around, metres, plain
from drawings.sheets.stamps import day_of, stamp
from drawings.sheets.tables import Column, Table, paired
from drawings.sheets.window import around, grid
from gis.models.sheet import TITLES, SheetFacts
from styles.library import style_of
from styles.palette import Theme

COLUMN_MM = 124.0
RECEPTORS_MM, NUMBERED_MM = 66.0, 54.0
CODE_MM = 12.0
MARGIN_MM = 15.0
GROUND = (
    "green",
    "building",
    "structure",
    "underground_structure",
    "storage",
    "emergency_facility",
    "production_unit",
    "treatment_facility",
)
"""Kinds drawn as outlines, from below to above."""
PIPES = ("rain", "gas", "sludge", "reuse", "water", "fuel", "process", "other", "sewage")
"""Media of pipes, from below to above: the sewage matters most."""
CODED = ("production_unit", "treatment_facility", "outlet")
"""Kinds that the plan's table lists."""
NUMBER = ("88",)
"""Stands for a number until all labels are placed."""
SIGNED = ("hazardous", "general")
"""Stores that a sign stands at (GB 15562.2-1995)."""
EDGE_MM = 6.0
STUB_MM = 6.0
"""A shorter pipe has no arrow."""


def has_boundary(own: Sequence[Thing]) -> bool:
    """Return whether somebody drew the boundary of a plant."""
    return any(thing.kind == "site_boundary" for thing in own)


def site_of(own: Sequence[Thing], enterprise: Thing) -> BaseGeometry:
    """Return the boundary of a plant, else what encloses all that stands on it, else the ground at its registered point."""
    if has_boundary(own):
        drawn: BaseGeometry = shapely.union_all([thing.xy for thing in own if thing.kind == "site_boundary"])
        return drawn
    standing = [thing.xy for thing in own if thing.kind in GROUND and thing.xy.geom_type in ("Polygon", "MultiPolygon")]
    hull: BaseGeometry = shapely.GeometryCollection(standing).convex_hull if standing else enterprise.xy.buffer(50)
    return hull


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
            runs = sorted(getattr(joined(shapes), "geoms", [joined(shapes)]), key=lambda run: -drawing.shown(run).length)
            for number, run in enumerate(runs):
                # The arrow of a stub would hide it. Sewage keeps all its arrows: where it flows is what the plan is for.
                bare = STUB_MM if number and medium != "sewage" else 0.0
                drawing.line(run, style.id, f"{label_of('pipe', medium)}管线及流向", bare_mm=bare)


def draw_boundary(drawing: Map, site: Sequence[Thing]) -> None:
    """Draw the boundary."""
    for thing in site:
        style = style_of("site_boundary").line
        for ring in (part.exterior for part in getattr(thing.xy, "geoms", [thing.xy])):
            drawing.line(ring, style.id if style else "", "厂界", closed=True)


def draw_river(drawing: Map, listed: Sequence[Thing]) -> None:
    """Draw rivers with their flow and names."""
    for thing in listed:
        shown = drawing.line(thing.xy, "river", "河流及流向")
        if shown is not None:
            longest = max(getattr(shown, "geoms", [shown]), key=lambda part: part.length)
            drawing.wanted.append(
                Wanted(f"river {thing.feature.feature_id}", ((thing.name,),), longest, "along", 1.2, 7, SMALL, "bold", must=False)
            )


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
    """Draw the symbols of what stands inside, and ask for all labels."""
    told = {thing.name for thing in own if thing.kind in (*CODED, "storage", "emergency_facility")}
    for thing in sorted(own, key=lambda thing: thing.kind != "outlet"):
        key = str(thing.feature.feature_id)
        if thing.kind == "outlet":
            at, clear = drawing.symbol(thing, label=f"{label_of('outlet', thing.type)}排放口")
            drawing.wanted.append(Wanted(key, outlet_label(facts, thing), shapely.Point(at), clear=clear, rank=0, weight="bold"))
        elif thing.kind in CODED:
            rank = 1 if thing.kind == "treatment_facility" else 2
            forms = ((f"{thing.code} {thing.name}",), (thing.code, thing.name), (thing.code,))
            drawing.wanted.append(Wanted(key, forms, drawing.window.on_paper(thing.xy), "inside", rank=rank))
        elif thing.kind == "emergency_facility" or (thing.kind == "storage" and thing.type in SIGNED):
            at, clear = drawing.symbol(thing)
            drawing.wanted.append(Wanted(key, _short(thing.name), shapely.Point(at), clear=clear, rank=3))
        elif thing.kind == "storage":
            drawing.wanted.append(Wanted(key, _short(thing.name), drawing.window.on_paper(thing.xy), "inside", rank=3))
        elif thing.kind in ("building", "structure") and thing.name not in (*told, label_of(thing.kind), label_of(thing.kind, thing.type)):
            named = (*_short(thing.name), NUMBER)
            drawing.wanted.append(Wanted(key, named, drawing.window.on_paper(thing.xy), "inside", rank=6, must=False))


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
    whole = drawing.window.box.inset(EDGE_MM + 2)
    box = Box(whole.left, whole.bottom + 9, whole.right, whole.top)
    middle = drawing.window.point(site.centroid.x, site.centroid.y)
    beyond: list[Around] = []
    for one in listed:
        at = drawing.window.point(one.thing.xy.centroid.x, one.thing.xy.centroid.y)
        if box.holds(at):
            at, clear = drawing.symbol(one.thing, label=f"受体：{one.label}")
            text = f"{one.number} {one.name}"
            drawing.wanted.append(
                Wanted(f"receptor {one.number}", ((text, metres(one.distance_m)), (text,)), shapely.Point(at), clear=clear, rank=0)
            )
        else:
            beyond.append(one)
    places = receptors.spread(box, [receptors.edge(box, middle, one.bearing_deg) for one in beyond], 6.0)
    for one, spot in zip(beyond, places, strict=True):
        at, clear = drawing.sign(symbol_named("flow-arrow"), spot, "图外受体方向", turn_deg=90 - one.bearing_deg)
        name, away = f"{one.number} {one.name}", metres(one.distance_m)
        forms = ((f"{name} {away}",), (name, away))
        drawing.wanted.append(Wanted(f"receptor {one.number}", forms, shapely.Point(at), clear=clear, rank=0))


def _renumbered(own: Sequence[Thing], placing: Placing) -> tuple[list[Placed], Table]:
    """Return the labels with the buildings whose names found no room numbered from the upper left, and the table of those."""
    named = {str(thing.feature.feature_id): thing for thing in own}
    bare = sorted((-round(label.centre[1]), round(label.centre[0]), label.key) for label in placing.placed if label.lines == NUMBER)
    numbers = {key: number for number, (_, _, key) in enumerate(bare, 1)}
    labels = [replace(label, lines=(str(numbers[label.key]),)) if label.key in numbers else label for label in placing.placed]
    columns = (Column("号", 5.0, "centre"), Column("名称", NUMBERED_MM / 2 - 5.0, most=2))
    return labels, paired(Table("建（构）筑物", columns, tuple((str(number), named[key].name) for key, number in numbers.items())))


def coded(own: Sequence[Thing], width: float) -> Table:
    """Return the table of production units, treatment facilities and outlets, of a width."""
    rows = sorted((CODED.index(thing.kind), thing.code, thing.name) for thing in own if thing.kind in CODED)
    columns = (Column("编号", CODE_MM, "centre"), Column("名称", width / 2 - CODE_MM, most=2))
    return paired(Table("重点产污单元、治理设施、排放口", columns, tuple((code, name) for _, code, name in rows)))


def notes_of(facts: SheetFacts) -> list[str]:
    """Return what must be said of the data: that nobody drew the boundary, that they are invented, where that is so."""
    said = (facts.permit or {}).get("note")
    bare = not any(feature.kind == "site_boundary" for feature in facts.features)
    return [*(["厂界未绘制：范围和距离按厂内建（构）筑物的外包线量取。"] if bare else []), *([said] if said else [])]


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
    ticks, taken = grid(window, ink(theme, "base"), ink(theme), ink(theme, "paper"))
    drawing.hard += [shapely.box(box.left, box.bottom, box.right, box.top) for box in (bar_box, *taken)]
    _outside(drawing, listed, site)
    _want(drawing, facts, own)
    placing = drawing.place()
    labels, numbered = _renumbered(own, placing)
    water = [thing for thing in own if thing.kind == "outlet" and thing.type == "water"]
    notes = [*_water_notes(facts, water), *(["建（构）筑物名称写不下的用编号，见表。"] if numbered.rows else []), *notes_of(facts)]
    blocks = ((coded(own, side.width - 4.0),), (receptors.table(listed, RECEPTORS_MM), numbered))
    inks, links = column(side, stamp(facts, "A", window.scale, base_url), merged(drawing.entries.values()), blocks, notes, theme=theme)
    every = [*frame(theme), *drawing.inks, *ticks, *drawing.signs, *lettered(labels, theme), *bar, *inks]
    return Sheet(tuple(every), tuple(links), f"{facts.enterprise.name}{TITLES['A']}", facts.enterprise.code or "", day_of(facts))


def _water_notes(facts: SheetFacts, water: Sequence[Thing]) -> list[str]:
    """Return where the sewage goes, as a sentence."""
    ways = [f"{thing.code} {water_way(facts, thing.code)}" for thing in water if water_way(facts, thing.code)]
    if ways:
        return [f"污水流通去向：产污单元 → 污水处理设施 → {'；'.join(ways)}。"]
    if water:
        return ["污水流通去向：见污水管线箭头。"]
    if facts.permit is None:
        return ["污水流通去向：未登记排污许可证，图上无废水排放口，待核实。"]
    return ["污水流通去向：厂内处理后回用，无废水外排口。"]
