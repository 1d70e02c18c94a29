"""Drawing C, discharge and monitoring: every outlet and every point that watches, with what each watches and its number (M1 to M6)."""

from collections.abc import Sequence

import shapely

from drawings.sheets.column import boxes, column
from drawings.sheets.framing import frame
from drawings.sheets.furniture import scale_bar
from drawings.sheets.ground import Thing, things
from drawings.sheets.inks import Sheet, ink
from drawings.sheets.labels import Wanted
from drawings.sheets.legend import label_of, merged
from drawings.sheets.maps import Map, lettered
from drawings.sheets.paper import SMALL
from drawings.sheets.plan import draw_boundary, draw_ground, draw_pipes, draw_river, notes_of, outlet_label, site_of, water_way
from drawings.sheets.stamps import day_of, stamp
from drawings.sheets.tables import Column, Table
from drawings.sheets.window import around, grid
from gis.kinds import ENUMS
from gis.models.sheet import TITLES, SheetFacts
from styles.palette import Theme

COLUMN_MM = 130.0
MARGIN_MM = 9.0
GROUND = ("building", "structure", "production_unit", "treatment_facility")
TYPES = ("gas", "water", "video", "power", "working", "manual")
"""Types of monitoring points, in the order of the norm (M1 to M5, then manual ones)."""
FACTORS = {"video": "视频", "power": "用电", "working": "工况参数"}
"""What a point watches that names no pollutants."""
DISCHARGE = {"air": "废气", "water": "废水", "rain": "雨水"}


def ordered(own: Sequence[Thing]) -> list[Thing]:
    """Return the points that watch: monitors by type, then those at the boundary and in the ground."""
    monitors = [thing for thing in own if thing.kind == "monitoring_point"]
    monitors.sort(key=lambda thing: (TYPES.index(thing.type) if thing.type in TYPES else len(TYPES), thing.code))
    rest = sorted((thing for thing in own if thing.kind == "ambient_point"), key=lambda thing: (thing.type or "", thing.code))
    return [*monitors, *rest]


def points_table(listed: Sequence[Thing], width: float) -> Table:
    """Return the points with what each watches, the number that it reports by (HJ 212) and what it stands at."""
    columns = (
        Column("编号", 15.0, "centre"), Column("名称", width - 94.0, most=2), Column("监测因子", 30.0, most=3),
        Column("设备编号（MN）", 37.0, "centre"), Column("对应", 12.0, "centre"),
    )  # fmt: skip
    rows = [
        (
            thing.code or "—",
            thing.name,
            thing.says("pollutants") or FACTORS.get(thing.type or "", "—"),
            thing.says("mn") or "—",
            thing.says("outlet_code") or "—",
        )
        for thing in listed
        if thing.kind == "monitoring_point"
    ]
    groups: dict[tuple[str, str], list[Thing]] = {}
    for thing in listed:
        if thing.kind == "ambient_point":
            groups.setdefault((thing.type or "", thing.says("pollutants")), []).append(thing)
    for (type_, pollutants), same in groups.items():
        rows.append((spanned([thing.code or "—" for thing in same]), label_of("ambient_point", type_), pollutants or "—", "—", "—"))
    return Table("监控点位", columns, tuple(rows))


def spanned(codes: Sequence[str]) -> str:
    """Return codes in order, a run of consecutive ones by its ends.

    >>> spanned(["G01", "G02", "G03"]), spanned(["N01", "N03"])
    ('G01～G03', 'N01、N03')
    """
    digits = [code.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for code in codes]
    heads = {code.removesuffix(digit) for code, digit in zip(codes, digits, strict=True)}
    if len(codes) > 2 and len(heads) == 1 and all(digits) and all(digit.isdecimal() for digit in digits):
        numbers = [int(digit) for digit in digits]
        if numbers == list(range(numbers[0], numbers[0] + len(numbers))):
            return f"{codes[0]}～{codes[-1]}"
    return "、".join(codes)


def outlets_table(facts: SheetFacts, own: Sequence[Thing], width: float) -> Table:
    """Return the outlets with what leaves them and where it goes."""
    columns = (
        Column("编号", 12.0, "centre"),
        Column("名称", 38.0, most=2),
        Column("类别", 12.0, "centre"),
        Column("污染物", width - 100.0, most=3),
        Column("排放去向", 38.0, most=2),
    )
    rows = []
    for thing in sorted((thing for thing in own if thing.kind == "outlet"), key=lambda thing: thing.code):
        sort = ENUMS["outlet_class"].get(thing.says("outlet_class"), DISCHARGE.get(thing.type or "", "")).removesuffix("排放口")
        where = water_way(facts, thing.code).removeprefix("→ ") or ("大气" if thing.type == "air" else "—")
        rows.append((thing.code, thing.name, sort, thing.says("pollutants") or "—", where))
    rows += [
        (thing.code or "—", thing.name, "入河排污口", "—", thing.says("water_body") or "—") for thing in own if thing.kind == "river_outlet"
    ]
    return Table("污染物排放口", columns, tuple(rows))


def missing_note(listed: Sequence[Thing]) -> str:
    """Return which of the types that the drawing is for this enterprise has none of, and how many it has of the others."""
    names = ENUMS["monitor_type"]
    counts = {type_: sum(thing.type == type_ and thing.kind == "monitoring_point" for thing in listed) for type_ in TYPES}
    has = "、".join(f"{names[type_]} {count} 处" for type_, count in counts.items() if count)
    none = "、".join(names[type_] for type_, count in counts.items() if not count)
    return f"设有：{has or '无'}。" + (f"未设：{none}。" if none else "")


def monitoring(facts: SheetFacts, theme: Theme, base_url: str) -> Sheet:
    """Return the drawing of discharge and monitoring of an enterprise."""
    enterprise, *own = things((facts.enterprise, *facts.features))
    map_box, side = boxes(COLUMN_MM)
    site = site_of(own, enterprise)
    listed = ordered(own)
    # Points at the boundary and wells stand outside of it: they belong on the sheet, too.
    points = [thing.xy for thing in listed if thing.xy.distance(site) < 300]
    window = around([site, *points], map_box, MARGIN_MM)
    drawing = Map(window, theme)
    draw_river(drawing, [thing for thing in things(facts.around) if thing.kind == "river"])
    draw_ground(drawing, own, GROUND)
    draw_pipes(drawing, own, ("gas", "sewage"))
    draw_boundary(drawing, [thing for thing in own if thing.kind == "site_boundary"])
    bar, bar_box = scale_bar(window.scale, (map_box.left + 8, map_box.bottom + 7), theme)
    ticks, taken = grid(window, ink(theme, "base"), ink(theme), ink(theme, "paper"))
    drawing.hard += [shapely.box(box.left, box.bottom, box.right, box.top) for box in (bar_box, *taken)]
    for thing in own:
        # The outlet at the river may lie far off the sheet; the table has it.
        if thing.kind == "outlet" or (thing.kind == "river_outlet" and window.shows(thing.xy)):
            label = f"{DISCHARGE.get(thing.type or '', '')}排放口" if thing.kind == "outlet" else None
            at, clear = drawing.symbol(thing, label=label)
            forms = outlet_label(facts, thing) if thing.kind == "outlet" else ((thing.name,),)
            drawing.wanted.append(Wanted(str(thing.feature.feature_id), forms, shapely.Point(at), clear=clear, rank=1, weight="bold"))
    for thing in listed:
        at, clear = drawing.symbol(thing)
        drawing.wanted.append(
            Wanted(
                str(thing.feature.feature_id),
                ((thing.code or thing.name,),),
                shapely.Point(at),
                clear=clear,
                rank=0,
                size=SMALL,
                weight="bold",
            )
        )
    for thing in own:
        if thing.kind in ("production_unit", "treatment_facility"):
            shape = window.on_paper(thing.xy)
            forms = ((f"{thing.code} {thing.name}",), (thing.code, thing.name), (thing.code,))
            drawing.wanted.append(
                Wanted(str(thing.feature.feature_id), forms, shape, "inside", rank=3, must=thing.kind == "treatment_facility")
            )
    placing = drawing.place()
    wide = side.width - 4.0
    notes = [missing_note(listed), "对应：监测、监控所对应的排放口或治理设施编号。", *notes_of(facts)]
    blocks = ((points_table(listed, wide),), (outlets_table(facts, own, wide),))
    inks, links = column(side, stamp(facts, "C", window.scale, base_url), merged(drawing.entries.values()), blocks, notes, theme=theme)
    every = [*frame(theme), *drawing.inks, *ticks, *drawing.signs, *lettered(placing.placed, theme), *bar, *inks]
    return Sheet(tuple(every), tuple(links), f"{facts.enterprise.name}{TITLES['C']}", facts.enterprise.code or "", day_of(facts))
