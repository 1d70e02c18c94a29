"""Cells: a body with all that belongs to it (units, treatment, stack, store), laid out around its own corner."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from demo.plant import Thing, Values, Vertex
from demo.recipe import Air, Item, Span

BLOCK = {
    "tank": ("QJ-A-TANK", "QJ_TANK", "T"),
    "silo": ("QJ-A-BLDG", "QJ_SILO", "L"),
    "tower": ("QJ-A-BLDG", "QJ_TOWER", "Q"),
    "stack": ("QJ-A-BLDG", "QJ_STACK", "P"),
    "pond": ("QJ-A-BLDG", "QJ_POND", "C"),
    "struct": ("QJ-A-BLDG", "QJ_STRUCT", "S"),
    "under": ("QJ-A-UNDER", "QJ_UNDER", "U"),
}
"""Form → layer and block of the norm, letter of its codes."""
STORE = {"raw": "QJ_STORE", "product": "QJ_PRODUCT", "hazardous": "QJ_HW", "general": "QJ_SW"}
INSET_M = 0.8
"""Units and stores are drawn so far inside their building, metres."""
STEP_M = 2.0
"""Between a body, its treatment and its stack, metres."""


class Codes:
    """Hands out codes: each series counts up by itself."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def next(self, series: str, width: int = 2, dash: str = "") -> str:
        """Return the next code of a series."""
        self._counts[series] += 1
        return f"{series}{dash}{self._counts[series]:0{width}d}"

    def tank(self, group: int) -> str:
        """Return the next code of a tank: its group in the hundreds."""
        self._counts[f"T-{group}"] += 1
        return f"T-{group}{self._counts[f'T-{group}']:02d}"


@dataclass(slots=True)
class Cell:
    """A body and what belongs to it; its south-west corner is (0, 0)."""

    width: float
    depth: float
    things: list[Thing]
    wet: str | None = None
    """Code of the body whose waste water has to be led away."""
    drain_u: float = 0.0
    """Where along the front the drain leaves, metres."""
    body: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """West, south, east, north of the body itself."""


def rounded(value: float, step: float = 0.1) -> float:
    """Return a length as a designer would choose it: a whole multiple of a step."""
    return round(round(value / step) * step, 3)


def pick(dice: random.Random, span: Span, step: float = 0.1) -> float:
    """Return a length within a span."""
    return rounded(dice.uniform(*span), step)


def box(west: float, south: float, east: float, north: float) -> tuple[Vertex, ...]:
    """Return a box as a ring, anticlockwise."""
    return ((west, south, 0.0), (east, south, 0.0), (east, north, 0.0), (west, north, 0.0))


def moved(thing: Thing, du: float, dv: float) -> Thing:
    """Return a thing elsewhere."""

    def shift(ring: tuple[Vertex, ...]) -> tuple[Vertex, ...]:
        return tuple((round(u + du, 3), round(v + dv, 3), bulge) for u, v, bulge in ring)

    label = (round(thing.label[0] + du, 3), round(thing.label[1] + dv, 3)) if thing.label else None
    return replace(thing, points=shift(thing.points), label=label, holes=tuple(shift(hole) for hole in thing.holes))


def _shaped(item: Item, width: float, depth: float) -> tuple[tuple[Vertex, ...], tuple[float, float], tuple[tuple[Vertex, ...], ...]]:
    """Return ring, place of the label and holes of a body of some shape."""
    middle = (width / 2, depth / 2)
    ring: tuple[Vertex, ...]
    wing_w, wing_d = rounded(width * 0.34), rounded(depth * 0.4)
    match item.shape:
        case "L":
            ring = ((0, 0, 0), (width, 0, 0), (width, wing_d, 0), (wing_w, wing_d, 0), (wing_w, depth, 0), (0, depth, 0))
            return ring, (wing_w / 2, wing_d / 2), ()
        case "U":
            inner = width - wing_w
            ring = (
                (0, 0, 0), (width, 0, 0), (width, depth, 0), (inner, depth, 0),
                (inner, wing_d, 0), (wing_w, wing_d, 0), (wing_w, depth, 0), (0, depth, 0),
            )  # fmt: skip
            return ring, (width / 2, wing_d / 2), ()
        case "court":
            a, b = rounded(width * 0.3), rounded(depth * 0.32)
            return box(0, 0, width, depth), (width / 2, b / 2), (box(a, b, width - a, depth - b),)
        case _:
            return box(0, 0, width, depth), middle, ()


def _values(item: Item, code: str, height: float, **more: str | int | float) -> Values:
    return {"CODE": code, "NAME": item.name, "HEIGHT": height, **more}


def _body(item: Item, dice: random.Random, codes: Codes, group: int) -> tuple[list[Thing], float, float, str]:
    """Return the body of an item, its width and depth, and its code."""
    height = pick(dice, item.h)
    if item.form == "building":
        size = item.size or [20, 12]
        width, depth = (rounded(side * dice.uniform(0.88, 1.14), 0.5) for side in size)
        code = codes.next("B")
        ring, label, holes = _shaped(item, width, depth)
        if item.storeys > 1:
            height = rounded(item.storeys * dice.uniform(3.3, 3.9) + 0.6)
        values = _values(item, code, height, STOREYS=item.storeys, ROOF=item.roof, KIND=item.use)
        return [Thing("QJ-A-BLDG", "ring", ring, block="QJ_BLDG", values=values, label=label, holes=holes)], width, depth, code
    if item.form == "yard":
        width, depth = (rounded(side * dice.uniform(0.88, 1.14), 0.5) for side in item.size or [30, 20])
        return [], width, depth, ""
    layer, block, letter = BLOCK[item.form]
    code = codes.tank(group) if item.form == "tank" else codes.next(f"{letter}-")
    more: Values = {"KIND": item.kind or item.name}
    if item.depth:
        more["DEPTH"] = item.depth
    if item.form == "under":
        more["BASE"] = item.base if item.base is not None else -0.8
        values = {"CODE": code, "NAME": item.name, **more}
    else:
        values = _values(item, code, height, **more)
        if item.base is not None:
            values["BASE"] = item.base
    if item.dia:
        across = pick(dice, item.dia)
        values["DIAM"] = across
        circle = Thing(layer, "circle", ((across / 2, across / 2, 0.0),), across / 2, block, values, (across / 2, across / 2))
        if item.form == "under":
            values.pop("DIAM")
        return [circle], across, across, code
    width, depth = (rounded(side * dice.uniform(0.9, 1.12), 0.5) for side in item.size or [8, 6])
    return [Thing(layer, "ring", box(0, 0, width, depth), block=block, values=values, label=(width / 2, depth / 2))], width, depth, code


def _units(item: Item, width: float, depth: float, codes: Codes) -> list[Thing]:
    """Return the production units of a body, side by side inside it."""
    count = len(item.units)
    if item.shape != "box":
        depth = rounded(depth * (0.4 if item.shape in "LU" else 0.32))
    inset = min(INSET_M, width / 6, depth / 6)
    share = (width - 2 * inset) / max(count, 1)
    things = []
    for number, unit in enumerate(item.units):
        west, east = inset + number * share, inset + (number + 1) * share - (0.4 if number < count - 1 else 0)
        values: Values = {"CODE": codes.next("MF", 4), "NAME": unit.name, "KIND": unit.kind or unit.name}
        values |= {"POLL": unit.poll} if unit.poll else {}
        ring = tuple((round(u, 3), round(v, 3), 0.0) for u, v, _ in box(west, inset, east, depth - inset))
        label = (round((west + east) / 2, 3), round(depth * 0.32, 3))
        things.append(Thing("QJ-A-UNIT", "ring", ring, block="QJ_MF", values=values, label=label))
    return things


def _stored(item: Item, width: float, depth: float, dice: random.Random) -> list[Thing]:
    store = item.store
    if store is None:
        return []
    values: Values = {"NAME": item.name, "KIND": store.kind}
    values |= {"CAP": rounded(dice.uniform(*store.cap), 5)} if store.cap else {}
    values |= {"CAS": store.cas} if store.cas else {}
    inset = INSET_M if item.form == "building" else 0.0
    layer = "QJ-A-HW" if store.type in ("hazardous", "general") else "QJ-A-STORE"
    ring = box(inset, inset, rounded(width - inset, 0.001), rounded(depth - inset, 0.001))
    return [Thing(layer, "ring", ring, block=STORE[store.type], values=values, label=(width / 2, round(depth * 0.7, 3)))]


def _watched(air: Air, name: str, about: tuple[str, str], spots: Sequence[tuple[float, float]], codes: Codes) -> list[Thing]:
    """Return what watches a treatment (its code first) and its outlet: power always, emissions and working conditions at a main one."""
    ta, da = about
    at = [((round(u, 3), round(v, 3), 0.0),) for u, v in spots]
    power: Values = {"CODE": codes.next("M"), "NAME": f"{air.ta}用电监控", "HEIGHT": 2, "MN": "", "PARENT": ta}
    things = [Thing("QJ-M-POWER", "point", at[0], block="QJ_POWER", values=power)]
    if air.main:
        gas: Values = {"CODE": codes.next("M"), "NAME": f"{name}烟气在线监测", "HEIGHT": 2.5, "MN": "", "PARENT": da, "POLL": air.poll}
        state: Values = {"CODE": codes.next("M"), "NAME": f"{air.ta}工况监控", "HEIGHT": 2, "MN": "", "PARENT": ta}
        things.append(Thing("QJ-M-CEMS", "point", at[1], block="QJ_CEMS", values=gas))
        things.append(Thing("QJ-M-WORK", "point", at[2], block="QJ_STATE", values=state))
    return things


def _exhaust(item: Item, cell: Cell, units: list[Thing], dice: random.Random, codes: Codes) -> None:
    """Add treatment, stack, outlet, duct and monitors east of a body."""
    air = item.air
    if air is None:
        return
    _, south, east, north = cell.body
    middle = rounded((south + north) / 2)
    wide, deep = air.size
    dia = pick(dice, air.dia)
    at = east + STEP_M
    ta, da = codes.next("TA", 3), codes.next("DA", 3)
    low = rounded(middle - deep / 2)
    served = "、".join(str(unit.values["CODE"]) for unit in units)
    values: Values = {"CODE": ta, "NAME": air.ta, "KIND": air.how or air.ta, "POLL": air.poll}
    values |= {"PARENT": served} if served else {}
    ring = box(at, low, at + wide, low + deep)
    cell.things.append(Thing("QJ-A-TREAT", "ring", ring, block="QJ_TA", values=values, label=(at + wide / 2, low + deep * 0.3)))
    height = rounded(min(max(4.0, air.stack[0] * 0.4), 18.0))
    equipment: Values = {"NAME": air.ta, "HEIGHT": height, "KIND": air.how or air.ta}
    if air.tower:
        radius = rounded(min(wide, deep) / 2 - 0.4)
        centre = (at + wide / 2, middle)
        equipment |= {"CODE": codes.next("Q-"), "DIAM": 2 * radius}
        cell.things.append(Thing("QJ-A-BLDG", "circle", ((*centre, 0.0),), radius, "QJ_TOWER", equipment, centre))
        edge_in, edge_out = centre[0] - radius, centre[0] + radius
    else:
        equipment["CODE"] = codes.next("S-")
        inner = box(at + 0.3, low + 0.3, at + wide - 0.3, low + deep - 0.3)
        cell.things.append(Thing("QJ-A-BLDG", "ring", inner, block="QJ_STRUCT", values=equipment, label=(at + wide / 2, low + deep * 0.6)))
        edge_in, edge_out = at + 0.3, at + wide - 0.3
    stack_u = at + wide + STEP_M + dia / 2
    stack: Values = {"CODE": codes.next("P-"), "NAME": f"{air.name or item.name}排气筒"}
    stack |= {"HEIGHT": pick(dice, air.stack, 1), "DIAM": dia, "KIND": air.poll}
    centre = (round(stack_u, 3), middle)
    cell.things.append(Thing("QJ-A-BLDG", "circle", ((*centre, 0.0),), dia / 2, "QJ_STACK", stack, centre))
    for first, last in ((east, edge_in), (edge_out, stack_u - dia / 2)):
        duct = ((round(first, 3), middle, 0.0), (round(last, 3), middle, 0.0))
        cell.things.append(Thing("QJ-P-GAS", "line", duct))
    outlet: Values = {"CODE": da, "NAME": f"{air.name or item.name}废气排放口", "HEIGHT": 2}
    outlet |= {"KIND": "main" if air.main else "general", "WAY": "direct", "POLL": air.poll, "PARENT": ta}
    south_of = round(middle - dia / 2 - 0.8, 3)
    cell.things.append(Thing("QJ-A-OUTLET", "point", ((centre[0], south_of, 0.0),), block="QJ_DA", values=outlet))
    spots = ((at + wide / 2, low - 0.8), ((edge_out + stack_u) / 2, middle + 0.8), (at + wide * 0.75, low + deep + 0.8))
    cell.things += _watched(air, air.name or item.name, (ta, da), spots, codes)
    for unit in units:
        unit.values["PARENT"] = ta
    cell.width = max(cell.width, round(stack_u + dia / 2 + 0.5, 3))
    if low < 0:
        # What treats the exhaust is deeper than the body: both are centred.
        cell.things = [moved(thing, 0, -low) for thing in cell.things]
        cell.body = (cell.body[0], south - low, east, north - low)
    cell.depth = max(cell.depth, deep)


def _farm(item: Item, dice: random.Random, codes: Codes, group: int) -> Cell:
    """Return a tank farm: tanks in a row or two inside a dike."""
    tanks: list[tuple[list[Thing], float]] = []
    for kind in item.tanks:
        for _ in range(count_of(kind, dice)):
            things, across, _, _ = _body(kind, dice, codes, group)
            tanks.append((things, across))
    rows = 2 if len(tanks) > 4 else 1
    share = -(-len(tanks) // rows)
    cell = Cell(0.0, 0.0, [])
    v = 3.0
    for start in range(0, len(tanks), share):
        row = tanks[start : start + share]
        deepest = max(across for _, across in row)
        u = 3.0
        for things, across in row:
            cell.things += [moved(thing, u, v + (deepest - across) / 2) for thing in things]
            u += across + max(2.0, rounded(across * 0.45))
        cell.width = max(cell.width, u + 1.0)
        v += deepest + max(2.0, rounded(deepest * 0.35))
    cell.width, cell.depth = rounded(cell.width, 0.5), rounded(v + 1.0, 0.5)
    ring = box(0, 0, cell.width, cell.depth)
    values: Values = {"NAME": item.name, "KIND": "、".join(dict.fromkeys(tank.kind for tank in item.tanks))}
    values |= {"CAS": item.cas} if item.cas else {}
    values |= {"CAP": rounded(dice.uniform(*item.cap), 5)} if item.cap else {}
    cell.things.append(Thing("QJ-A-STORE", "ring", ring, block="QJ_FARM_TANK", values=values, label=(1.5, 1.5)))
    cell.things.append(Thing("QJ-A-WALL", "line", (*ring, ring[0])))
    cell.body = (0, 0, cell.width, cell.depth)
    return cell


def count_of(item: Item, dice: random.Random) -> int:
    """Return how many of an item there are."""
    return item.n if isinstance(item.n, int) else dice.randint(*item.n)


def cell_of(item: Item, dice: random.Random, codes: Codes, group: int) -> Cell:
    """Return one cell of an item.

    Parameters
    ----------
    item : Item
        Of a recipe.
    dice : random.Random
        Decides sizes.
    codes : Codes
        Of the plant.
    group : int
        Number of the zone: the hundreds of its tanks' codes.
    """
    if item.form == "farm":
        return _farm(item, dice, codes, group)
    things, width, depth, code = _body(item, dice, codes, group)
    cell = Cell(width, depth, things, code if item.wet else None, rounded(width * (0.5 if item.dia else 0.3)), (0.0, 0.0, width, depth))
    units = _units(item, width, depth, codes)
    cell.things += units
    cell.things += _stored(item, width, depth, dice)
    _exhaust(item, cell, units, dice, codes)
    return cell
