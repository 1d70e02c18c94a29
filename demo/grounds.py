"""Grounds: boundary, wall, gate, roads, green and what watches the fence."""

import random
from collections.abc import Iterable, Sequence

from shapely.geometry import Polygon
from shapely.geometry import box as shapely_box

from demo.cells import Codes, rounded
from demo.plant import Thing, Values, Vertex
from demo.plots import Grid, Plot

QUARTER = 0.41421356
"""Bulge of a quarter circle."""
FRONT_M = (13.0, 19.0)
"""Between the outer kerb and the boundary at the gate's side."""
SIDE_M = (4.0, 11.0)
GATE_M = 9.0
KERB_M = 4.0
"""Radius of kerbs at corners."""

Ring = tuple[Vertex, ...]
Spot = tuple[float, float]


def boundary(grid: Grid, dice: random.Random) -> tuple[Ring, dict[str, float]]:
    """Return the boundary, sides askew and some corners cut, and its least distance from the outer kerb by side."""
    p = grid.perimeter
    west, south, east, north = -p, -p, grid.width + p, grid.depth + p
    front = rounded(dice.uniform(*FRONT_M), 0.5)
    skew = [rounded(dice.uniform(*SIDE_M), 0.5) for _ in range(6)]
    corners = [
        (west - skew[0], south - front),
        (east + skew[1], south - front),
        (east + skew[2], north + skew[3]),
        (west - skew[4], north + skew[5]),
    ]
    room = [skew[0] + front, skew[1] + front, skew[2] + skew[3], skew[4] + skew[5]]
    ring: list[Vertex] = []
    for number, (u, v) in enumerate(corners):
        if dice.random() < 0.45:
            ring.append((round(u, 3), round(v, 3), 0.0))
            continue
        cut = rounded(room[number] * dice.uniform(0.35, 0.7), 0.5)
        before, after = corners[number - 1], corners[(number + 1) % 4]
        ring += [(*_towards((u, v), before, cut), 0.0), (*_towards((u, v), after, cut), 0.0)]
    least = {"south": front, "east": min(skew[1], skew[2]), "north": min(skew[3], skew[5]), "west": min(skew[0], skew[4])}
    return tuple(ring), least


def _towards(start: Spot, end: Spot, length: float) -> Spot:
    whole = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    return round(start[0] + (end[0] - start[0]) * length / whole, 3), round(start[1] + (end[1] - start[1]) * length / whole, 3)


def kerb(bounds: Sequence[float], radius: float = KERB_M) -> Ring:
    """Return the kerb around a plot: a box with round corners."""
    west, south, east, north = (round(value, 3) for value in bounds)
    r = min(radius, (east - west) / 3, (north - south) / 3)
    corners = (
        (west + r, south, 0.0), (east - r, south, QUARTER), (east, south + r, 0.0), (east, north - r, QUARTER),
        (east - r, north, 0.0), (west + r, north, QUARTER), (west, north - r, 0.0), (west, south + r, QUARTER),
    )  # fmt: skip
    return tuple((round(u, 3), round(v, 3), bulge) for u, v, bulge in corners)


def roads(grid: Grid) -> list[Thing]:
    """Return the kerbs: around each plot, and around all, open at the gate."""
    things = [Thing("QJ-A-ROAD", "ring", kerb(plot.bounds)) for plot in grid.plots]
    p, gate = grid.perimeter, grid.crossing
    west, south, east, north = -p, -p, grid.width + p, grid.depth + p
    r = KERB_M + 2
    half = GATE_M / 2
    outer: Ring = (
        (gate + half, south - 9.0, 0.0), (gate + half, south - r, -QUARTER), (gate + half + r, south, 0.0),
        (east - r, south, QUARTER), (east, south + r, 0.0), (east, north - r, QUARTER), (east - r, north, 0.0),
        (west + r, north, QUARTER), (west, north - r, 0.0), (west, south + r, QUARTER), (west + r, south, 0.0),
        (gate - half - r, south, -QUARTER), (gate - half, south - r, 0.0), (gate - half, south - 9.0, 0.0),
    )  # fmt: skip
    things.append(Thing("QJ-A-ROAD", "line", tuple((round(u, 3), round(v, 3), bulge) for u, v, bulge in outer)))
    return things


def gatehouse(grid: Grid, codes: Codes) -> tuple[list[Thing], Spot]:
    """Return what stands at the gate, and the gate's middle on the front."""
    u, v = grid.crossing + GATE_M / 2 + 3.0, -grid.perimeter - 10.5
    corners = ((u, v, 0.0), (u + 6.0, v, 0.0), (u + 6.0, v + 4.2, 0.0), (u, v + 4.2, 0.0))
    ring = tuple((round(a, 3), round(b, 3), bulge) for a, b, bulge in corners)
    values: Values = {"CODE": codes.next("B"), "NAME": "门卫室", "HEIGHT": 3.6}
    values |= {"STOREYS": 1, "ROOF": "flat", "KIND": "门卫"}
    house = Thing("QJ-A-BLDG", "ring", ring, block="QJ_BLDG", values=values, label=(round(u + 3, 3), round(v + 2.1, 3)))
    assembly: Values = {"NAME": "应急集合点", "KIND": "全厂人员集合"}
    at = (round(grid.crossing - GATE_M / 2 - 9, 3), round(-grid.perimeter - 7.0, 3), 0.0)
    return [house, Thing("QJ-A-EMERG", "point", (at,), block="QJ_ASSEMBLY", values=assembly)], (grid.crossing, -grid.perimeter)


def wall(ring: Ring, gate: Spot) -> list[Thing]:
    """Return the wall: inside the boundary, open at the gate."""
    inner = Polygon([(u, v) for u, v, _ in ring]).buffer(-0.4, join_style="mitre")
    opening = shapely_box(gate[0] - GATE_M / 2 - 0.5, gate[1] - 30.0, gate[0] + GATE_M / 2 + 0.5, gate[1] - 2.0)
    left = inner.exterior.difference(opening)
    parts = sorted(getattr(left, "geoms", [left]), key=lambda part: part.length, reverse=True)
    coords = [list(part.coords) for part in parts]
    if len(coords) == 2:
        # The ring begins somewhere along the wall: its two parts meet there.
        first, second = coords
        coords = [[*first, *second[1:]]] if first[-1] == second[0] else [[*second, *first[1:]]] if second[-1] == first[0] else coords
    return [Thing("QJ-A-WALL", "line", tuple((round(u, 3), round(v, 3), 0.0) for u, v in part)) for part in coords]


def _green(bounds: tuple[float, float, float, float]) -> Thing:
    return Thing("QJ-A-GREEN", "ring", kerb(bounds, 1.0))


def greens(grid: Grid, least: dict[str, float], free: Iterable[tuple[float, float, float, float]]) -> list[Thing]:
    """Return the green: what plots leave free, and strips along the boundary."""
    p, gate = grid.perimeter, grid.crossing
    west, south, east, north = -p, -p, grid.width + p, grid.depth + p
    inset = 1.2
    strips = [(a, b, c, d) for a, b, c, d in free if c - a > 3 and d - b > 3]
    strips += [
        (west + 6, south - 6.2, gate - GATE_M / 2 - 14, south - inset),
        (gate + GATE_M / 2 + 12, south - 6.2, east - 6, south - inset),
        (east + inset, south + 6, east + least["east"] - inset, north - 12),
        (west - least["west"] + inset, south + 6, west - inset, north - 6),
        (west + 6, north + inset, east - 30, north + least["north"] - inset),
    ]
    return [_green(strip) for strip in strips if strip[2] - strip[0] > 2 and strip[3] - strip[1] > 2]


def watch(ring: Ring, codes: Codes, *, groundwater: bool) -> list[Thing]:
    """Return the points that watch the fence line: unorganised emissions, noise, and groundwater where it is at risk."""
    polygon = Polygon([(u, v) for u, v, _ in ring])
    line = polygon.buffer(-1.5, join_style="mitre").exterior
    blocks = {"FENCE": ("QJ_FENCE", "厂界无组织监测点", "颗粒物、非甲烷总烃"), "NOISE": ("QJ_NOISE", "厂界噪声监测点", "等效连续A声级")}
    things = []
    for offset, (block, name, factors) in zip((0.06, 0.17), blocks.values(), strict=True):
        for number in range(4):
            at = line.interpolate((offset + number / 4) % 1, normalized=True)
            values: Values = {"CODE": codes.next("G" if block == "QJ_FENCE" else "N"), "NAME": f"{name}{number + 1}#"}
            values["POLL"] = factors
            things.append(Thing("QJ-M-AMB", "point", ((round(at.x, 3), round(at.y, 3), 0.0),), block=block, values=values))
    for number in range(3 if groundwater else 0):
        at = line.interpolate((0.3 + number * 0.31) % 1, normalized=True)
        values = {
            "CODE": codes.next("W"),
            "NAME": f"地下水监测井{number + 1}#",
            "POLL": "pH、氨氮、高锰酸盐指数、硫酸盐、氟化物",
            "DEPTH": 25 + 5 * number,
        }
        things.append(Thing("QJ-M-AMB", "point", ((round(at.x, 3), round(at.y, 3), 0.0),), block="QJ_GW", values=values))
    return things


def hydrants(plots: Iterable[Plot], codes: Codes) -> list[Thing]:
    """Return a hydrant at the corner of every second plot."""
    things = []
    for plot in list(plots)[::2]:
        west, _, _, north = plot.bounds
        values: Values = {"CODE": codes.next("H"), "NAME": "室外消火栓", "KIND": "SS100/65"}
        at = (round(west + 1.5, 3), round(north - 5.5, 3), 0.0)
        things.append(Thing("QJ-A-EMERG", "point", (at,), block="QJ_HYDRANT", values=values))
    return things
