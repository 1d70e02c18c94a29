"""Laying out a plant: from the recipe of its industry to everything that is drawn of it."""

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import replace

from demo.cells import Cell, Codes, box, cell_of, count_of, moved, rounded
from demo.drains import rain, sewage
from demo.grounds import boundary, gatehouse, greens, hydrants, roads, wall, watch
from demo.plant import Plant, Text, Thing, Values, Vertex
from demo.plots import Contents, Grid, Standing, arrange, stand
from demo.recipe import Item, Recipe, Store, Water, recipe

RACK_M = 2.4
"""Width of a pipe rack."""
ENV = "env"


def _cells(items: Sequence[Item], dice: random.Random, codes: Codes, group: int) -> list[Cell]:
    return [cell_of(item, dice, codes, group) for item in items for _ in range(count_of(item, dice))]


def _pool(cell: Cell, name: str, dice: random.Random) -> Cell:
    """Mark a pond as the emergency pond."""
    west, south, east, north = cell.body
    volume = rounded((east - west) * (north - south) * dice.uniform(2.6, 3.8), 10)
    values: Values = {"NAME": name, "CAP": volume, "KIND": "常空，收集事故废水和消防废水"}
    ring = box(west + 0.5, south + 0.5, east - 0.5, north - 0.5)
    cell.things.append(Thing("QJ-A-EMERG", "ring", ring, block="QJ_POOL", values=values, label=((west + east) / 2, south + 1.5)))
    return cell


def _treatment(water: Water, dice: random.Random, codes: Codes, group: int) -> list[Cell]:
    """Return the ponds and the house of the water treatment in the order of the flow."""
    cells = _cells(water.ponds, dice, codes, group)
    house = Item(name=water.name, size=list(water.house), h=[4.5, 6.5], use="环保")
    cell = cell_of(house, dice, codes, group)
    code = codes.next("TW", 3)
    west, south, east, north = cell.body
    values: Values = {"CODE": code, "NAME": water.name, "KIND": water.how, "POLL": water.poll}
    ring = box(west + 0.8, south + 0.8, round(east - 0.8, 3), round(north - 0.8, 3))
    cell.things.append(Thing("QJ-A-TREAT", "ring", ring, block="QJ_TW", values=values, label=((west + east) / 2, round(south + 2.2, 3))))
    return [*cells, cell]


def _env(plan: Recipe, dice: random.Random, codes: Codes, group: int) -> Contents:
    """Return the environmental corner: stores and ponds at the road, the water treatment behind, towards the low side."""
    front = _cells(plan.env, dice, codes, group)
    if plan.hazardous:
        store = Store(type="hazardous", kind=plan.hazardous, cap=[10, 60])
        front += _cells([Item(name="危废贮存间", size=[9, 6], h=[4.2, 5.4], roof="gable", use="环保", store=store)], dice, codes, group)
    if plan.emergency:
        pond = Item(form="pond", name="事故应急池", size=list(plan.emergency), h=[0.5, 0.9], depth=4.0, kind="事故废水")
        front += [_pool(cell, "事故应急池", dice) for cell in _cells([pond], dice, codes, group)]
        first = Item(
            form="pond",
            name="初期雨水池",
            size=[plan.emergency[0] * 0.7, plan.emergency[1] * 0.8],
            h=[0.4, 0.7],
            depth=3.5,
            kind="初期雨水",
        )
        front += _cells([first], dice, codes, group)
    line = _treatment(plan.water, dice, codes, group) if plan.water else []
    shelves = tuple(tuple(shelf) for shelf in (front, line) if shelf)
    return Contents(ENV, "环保区", (*front, *line), 5.0, shelves=shelves, eastward=True)


def _contents(plan: Recipe, rows: Sequence[Sequence[str]], dice: random.Random, codes: Codes) -> list[list[Contents]]:
    made: dict[str, Contents] = {}
    for group, (name, zone) in enumerate(plan.zones.items(), start=1):
        cells = tuple(_cells(zone.items, dice, codes, group))
        made[name] = Contents(name, zone.label, cells, zone.gap, 12.0 if zone.rack else 8.0)
    made[ENV] = _env(plan, dice, codes, len(made) + 1)
    return [[made[name] for name in row if made[name].cells] for row in rows]


def _racks(grid: Grid, standing: dict[str, list[Standing]], plan: Recipe, codes: Codes) -> list[Thing]:
    """Return a pipe rack along the alley of each zone that wants one, above the ground that people walk on."""
    things = []
    for plot in grid.plots:
        zone = plan.zones.get(plot.contents.zone)
        if zone is None or not zone.rack or len(plot.shelves) < 2:
            continue
        lower = [one.v + one.cell.depth for one in standing[plot.contents.zone] if not one.northward]
        upper = [one.v for one in standing[plot.contents.zone] if one.northward]
        low, high = max(lower), min(upper)
        if high - low < RACK_M + 2 or len(plot.shelves) > 2:
            continue
        south = rounded((low + high - RACK_M) / 2)
        west, east = plot.bounds[0] + 5, plot.bounds[2] - 5
        values: Values = {"CODE": codes.next("S-"), "NAME": f"{zone.label}管廊", "HEIGHT": 2.2, "BASE": 4.5, "KIND": "管廊"}
        ring = box(round(west, 3), south, round(east, 3), round(south + RACK_M, 3))
        label = (round((west + east) / 2, 3), round(south + RACK_M / 2, 3))
        things.append(Thing("QJ-A-BLDG", "ring", ring, block="QJ_STRUCT", values=values, label=label))
    return things


def _water(grid: Grid, standing: dict[str, list[Standing]], water: Water, ring: Sequence[Vertex], codes: Codes) -> list[Thing]:
    """Return the sewage net, the pipes through the treatment, the outlet and what monitors it."""
    placed = [one for ones in standing.values() for one in ones]
    env = standing[ENV]
    line = sorted((one for one in env if one.northward or len(env) == 1), key=lambda one: -one.u)
    first = line[0]
    _, low, _, high = first.cell.body
    middle = round(first.v + (low + high) / 2, 3)
    inlet = (_side(first, middle, east=True), middle)
    net = sewage(grid, placed, inlet)
    things = net.things(codes, "WS")
    for one, then in itertools.pairwise(line):
        a, b = one.cell.body, then.cell.body
        shared = max(one.v + a[1], then.v + b[1]), min(one.v + a[3], then.v + b[3])
        v = round((shared[0] + shared[1]) / 2, 3)
        ends = ((_side(one, v, east=False), v, 0.0), (_side(then, v, east=True), v, 0.0))
        things.append(Thing("QJ-P-SEW", "line", ends))
    house = line[-1]
    facility = next(str(thing.values["CODE"]) for thing in house.cell.things if thing.block == "QJ_TW")
    if water.way == "none":
        return things
    u = round(house.u + house.cell.width * 0.4, 3)
    start = (u, round(house.v + house.cell.body[3], 3))
    end = (u, round(_edge(ring, u) - 1.0, 3))
    things.append(Thing("QJ-P-SEW", "line", ((*start, 0.0), (*end, 0.0))))
    outlet: Values = {"CODE": codes.next("DW", 3), "NAME": water.code_name, "HEIGHT": 2}
    outlet |= {"KIND": "main" if water.main else "general", "WAY": water.way, "POLL": water.poll, "PARENT": facility}
    things.append(Thing("QJ-A-OUTLET", "point", ((*end, 0.0),), block="QJ_DW", values=outlet))
    things += _outlet_watch(water, str(outlet["CODE"]), (u, end[1]), codes)
    power: Values = {"CODE": codes.next("M"), "NAME": f"{water.name}用电监控", "HEIGHT": 2, "MN": "", "PARENT": facility}
    at = (round(house.u + house.cell.width + 1.2, 3), round(house.v + 1.0, 3), 0.0)
    things.append(Thing("QJ-M-POWER", "point", (at,), block="QJ_POWER", values=power))
    return things


def _outlet_watch(water: Water, parent: str, at: tuple[float, float], codes: Codes) -> list[Thing]:
    """Return what watches the outlet of the treated water: online and on camera at a main one, else samples by hand."""
    u, v = at
    if not water.main:
        sample: Values = {"CODE": codes.next("M"), "NAME": "废水手工采样点", "PARENT": parent, "POLL": water.poll}
        return [Thing("QJ-M-MANUAL", "point", ((round(u + 1.5, 3), v, 0.0),), block="QJ_SAMPLE", values=sample)]
    online: Values = {"CODE": codes.next("M"), "NAME": "废水在线监测", "HEIGHT": 3, "MN": "", "PARENT": parent}
    online["POLL"] = f"{water.poll}、流量"
    camera: Values = {"CODE": codes.next("M"), "NAME": "排放口视频监控", "HEIGHT": 5, "MN": "", "PARENT": parent}
    return [
        Thing("QJ-M-WAT", "point", ((round(u + 2.5, 3), round(v - 1.0, 3), 0.0),), block="QJ_WATER_ONLINE", values=online),
        Thing("QJ-M-VIDEO", "point", ((round(u - 2.5, 3), round(v - 1.0, 3), 0.0),), block="QJ_CAM", values=camera),
    ]


def _side(one: Standing, v: float, *, east: bool) -> float:
    """Return where the east or west side of a body is at some v: a round one recedes from the box around it."""
    west_u, low, east_u, high = one.cell.body
    across = 0.0
    if any(thing.form == "circle" and thing.radius * 2 == east_u - west_u for thing in one.cell.things):
        radius = (east_u - west_u) / 2
        across = radius - math.sqrt(max(radius**2 - (v - one.v - (low + high) / 2) ** 2, 0.0))
    return round(one.u + (east_u - across if east else west_u + across), 3)


def _edge(ring: Sequence[Vertex], u: float) -> float:
    """Return how far north the boundary reaches at some u."""
    reach = []
    for (u0, v0, _), (u1, v1, _) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if min(u0, u1) <= u <= max(u0, u1) and u0 != u1:
            reach.append(v0 + (v1 - v0) * (u - u0) / (u1 - u0))
    return max(reach)


def _rain(grid: Grid, ring: Sequence[Vertex], codes: Codes) -> list[Thing]:
    trunk = round(grid.width + min(grid.perimeter, 8.0) / 2 + 1.4, 3)
    end = (trunk, round(_edge(ring, trunk) - 1.0, 3))
    things = rain(grid, end).things(codes, "YJ")
    outlet: Values = {"CODE": codes.next("YS", 3), "NAME": "雨水排放口", "HEIGHT": 2, "KIND": "rain", "WAY": "direct"}
    outlet["POLL"] = "化学需氧量、悬浮物"
    things.append(Thing("QJ-A-OUTLET", "point", ((*end, 0.0),), block="QJ_YS", values=outlet))
    valve: Values = {"NAME": "雨水切断阀", "KIND": "手电两用"}
    things.append(Thing("QJ-A-EMERG", "point", ((trunk, round(end[1] - 2.0, 3), 0.0),), block="QJ_VALVE", values=valve))
    return things


def _turned(thing: Thing, shift: tuple[float, float], *, mirror: bool) -> Thing:
    """Return a thing about the middle of the site, mirrored at its north–south axis where asked."""
    centred = moved(thing, *shift)
    if not mirror:
        return centred

    def flip(points: tuple[Vertex, ...], *, ring: bool) -> tuple[Vertex, ...]:
        if not ring:
            return tuple((-u, v, -bulge) for u, v, bulge in points)
        # A ring stays anticlockwise; the bulge of a segment goes with the segment.
        bulges = [points[number - 1][2] for number in range(len(points))]
        return tuple((-u, v, bulge) for (u, v, _), bulge in reversed(list(zip(points, bulges, strict=True))))

    label = (-centred.label[0], centred.label[1]) if centred.label else None
    holes = tuple(flip(hole, ring=True) for hole in centred.holes)
    return replace(centred, points=flip(centred.points, ring=centred.form == "ring"), label=label, holes=holes)


def _texts(grid: Grid) -> list[Text]:
    return [
        Text(plot.contents.label, (round((plot.bounds[0] + plot.bounds[2]) / 2, 3), round(plot.bounds[1] + 1.6, 3)), 1.8)
        for plot in grid.plots
    ]


def _led(things: Sequence[Thing], plan: Recipe) -> None:
    """Tell the units whose exhaust is led to a treatment in another body, and that treatment, of each other."""
    bodies = [*(item for zone in plan.zones.values() for item in zone.items), *plan.env]
    wanted = {unit.name: unit.to for body in bodies for unit in body.units if unit.to}
    facilities = {str(thing.values["NAME"]): thing for thing in things if thing.block == "QJ_TA"}
    for thing in things:
        to = wanted.get(str(thing.values["NAME"])) if thing.block == "QJ_MF" else None
        if to:
            served = facilities[to].values
            thing.values["PARENT"] = served["CODE"]
            served["PARENT"] = "、".join(part for part in (str(served.get("PARENT", "")), str(thing.values["CODE"])) if part)


def lay_out(industry: str, variant: int, seed: int, number: int) -> Plant:
    """Return a plant of an industry, the same for the same arguments.

    Parameters
    ----------
    industry : str
        Key of a recipe.
    variant : int
        Which arrangement; taken modulo the recipe's.
    seed, number : int
        Of the city, and of the plant in it.
    """
    plan = recipe(industry)
    dice = random.Random(f"{seed}:layout:{number}")  # noqa: S311 — a plan, no secret
    chosen = plan.variants[variant % len(plan.variants)]
    codes = Codes()
    grid = arrange(_contents(plan, chosen.rows, dice, codes), dice, ring=chosen.ring)
    ring, least = boundary(grid, dice)
    standing: dict[str, list[Standing]] = {}
    free: list[tuple[float, float, float, float]] = []
    for plot in grid.plots:
        standing[plot.contents.zone], left = stand(plot)
        free += left
    things = [Thing("QJ-A-BOUND", "ring", ring)]
    things += [moved(thing, one.u, one.v) for ones in standing.values() for one in ones for thing in one.cell.things]
    _led(things, plan)
    things += _racks(grid, standing, plan, codes)
    guard, gate = gatehouse(grid, codes)
    things += [*guard, *roads(grid), *wall(ring, gate), *greens(grid, least, free), *hydrants(grid.plots, codes)]
    if plan.water:
        things += _water(grid, standing, plan.water, ring, codes)
    things += [*_rain(grid, ring, codes), *watch(ring, codes, groundwater=plan.groundwater)]
    us, vs = [u for u, _, _ in ring], [v for _, v, _ in ring]
    shift = -round((min(us) + max(us)) / 2, 3), -round((min(vs) + max(vs)) / 2, 3)
    mirror = dice.random() < 0.5
    turned = [_turned(thing, shift, mirror=mirror) for thing in things]
    sign = -1 if mirror else 1
    texts = tuple(replace(text, at=(round(sign * (text.at[0] + shift[0]), 3), round(text.at[1] + shift[1], 3))) for text in _texts(grid))
    at = (round(sign * (gate[0] + shift[0]), 3), round(min(vs) + shift[1], 3))
    return Plant(industry, variant, turned[0].points, tuple(turned), texts, at, (0.0, 1.0))
