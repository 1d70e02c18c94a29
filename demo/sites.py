"""Sites: which enterprise stands where, under which name and codes."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely import STRtree
from shapely.affinity import rotate, translate
from shapely.geometry import Point, Polygon
from shapely.prepared import prep

from demo.codes import credit_code, source_code
from demo.geography import TRANSPLANTED, City, Zone, seat
from demo.industry import Industry, industries, shares
from demo.layout import lay_out
from demo.names import names, person
from demo.plant import Plant
from gis.errors import QuanjingError

APART_M = 60.0
"""Between two boundaries."""
BANK_M = 45.0
"""Between a boundary and the middle of a river, beside half its width."""
OUTFALL_M = 3000.0
"""Between the middle of a site and the river that it discharges into directly."""
MOST_TRIES = 4000


class NoRoom(QuanjingError):
    """A site was found nowhere."""


@dataclass(frozen=True, slots=True)
class PlantSite:
    """An enterprise and its place."""

    number: int
    """From 0."""
    county: str
    """GB/T 2260."""
    county_name: str
    industry: Industry
    variant: int
    east: float
    north: float
    """Middle of the site, EPSG:4545, metres."""
    turn_deg: float
    base_1985_m: float
    name: str
    credit_code: str
    source_code: str
    address: str
    legal_person: str
    contact: str
    phone: str
    river: str
    """Receiving water."""
    river_m: float
    """How far it is from the middle of the site, metres."""
    zone: str = ""
    """Industrial zone, where it stands in one."""

    def xy(self, u: float, v: float) -> tuple[float, float]:
        """Return the place of local metres (EPSG:4545, whole millimetres)."""
        turn = math.radians(self.turn_deg)
        east = self.east + u * math.cos(turn) - v * math.sin(turn)
        north = self.north + u * math.sin(turn) + v * math.cos(turn)
        return round(east, 3), round(north, 3)


@dataclass(slots=True)
class _Taken:
    """Where nothing more can stand."""

    areas: list[Polygon]

    def free(self, area: Polygon) -> bool:
        return not self.areas or not len(STRtree(self.areas).query(area, predicate="dwithin", distance=APART_M))


def _outline(plant: Plant) -> Polygon:
    return Polygon([(u, v) for u, v, _ in plant.boundary])


def _spot(of: City, industry: Industry, county: str, dice: random.Random) -> tuple[Point, float | None, str]:
    """Return where a plant of an industry might stand, the turn of its zone, and the zone's name."""
    if industry.setting == "park":
        zones = [zone for zone in of.zones if zone.county == county]
        if zones:
            zone: Zone = dice.choice(zones)
            west, south, east, north = zone.xy.bounds
            return Point(dice.uniform(west, east), dice.uniform(south, north)), zone.turn_deg, zone.name
    near = [river for river in of.rivers if river.xy.intersects(next(one.xy for one in of.counties if one.adcode == county))]
    if industry.setting == "town" or not near:
        middle, reach = seat(county), 2600.0 if industry.key == "hospital" else 5200.0
        return Point(middle.x + dice.gauss(0, reach), middle.y + dice.gauss(0, reach)), None, ""
    on = dice.choice(near).xy.interpolate(dice.random(), normalized=True)
    away = dice.uniform(120, 900) if industry.setting == "river" else dice.uniform(300, 4200)
    angle = dice.uniform(0, 2 * math.pi)
    return Point(on.x + away * math.cos(angle), on.y + away * math.sin(angle)), None, ""


def _turn_to(of: City, spot: Point) -> tuple[float, str, float]:
    """Return the turn at which the low side of a site faces its river, the river and how far it is."""
    river, away = of.river_near(spot)
    there = river.xy.interpolate(river.xy.project(spot))
    return round(math.degrees(math.atan2(-(there.x - spot.x), there.y - spot.y)), 1), river.name, away


def _kept(of: City) -> shapely.geometry.base.BaseGeometry:
    """Return where no plant may stand: rivers and the protection areas of the water source."""
    banks = [river.xy.simplify(5).buffer(river.width_m / 2 + BANK_M, quad_segs=3) for river in of.rivers]
    return shapely.union_all([*banks, *of.source.values()])


def _names(industry: Industry, county_name: str, used: set[str], dice: random.Random) -> str:
    """Return a name that nobody has yet."""
    short = county_name[:-1] if len(county_name) > 2 else county_name
    for number in range(10_000):
        if industry.institution or industry.key in ("sewage_works", "landfill"):
            serial = "一二三四五六七八九十"[number] if number < 10 else str(number + 1)
            middle = {"hospital": f"第{serial}", "sewage_works": f"第{serial}", "landfill": dice.choice(names().firms)}[industry.key]
            name = f"{short}{middle}{industry.word}（示范）"
        else:
            name = f"{dice.choice(('达州', short))}{dice.choice(names().firms)}{industry.word}（示范）"
            if number > 200:
                name = name.replace(industry.word, f"第{number}{industry.word}")
        if name not in used:
            used.add(name)
            return name
    raise NoRoom(f"没有可用的{industry.label}企业名称")


def sites(of: City, count: int = 140) -> tuple[tuple[PlantSite, Plant], ...]:
    """Return the enterprises of a city with what stands on their sites, in a fixed order.

    Plants stand in the industrial zones, by the rivers, near the towns or in the valleys, as their industry does; within 3 km of a river
    where they discharge into one; never in a river, in the protection areas of the water source, or within 60 m of each other or of the
    transplanted survey; inside their county.

    Raises
    ------
    NoRoom
        So many do not fit.
    """
    order = [(industries()[key], number) for key, share in shares(count).items() for number in range(share)]
    # The largest first: they find room only while there is some.
    order.sort(key=lambda row: (row[0].key not in ("steel", "power_plant", "cement"), row[0].key, row[1]))
    taken, kept = _Taken([TRANSPLANTED]), prep(_kept(of))
    inside = {county.adcode: (county, prep(county.xy)) for county in of.counties}
    used: set[str] = set()
    found = []
    for number, (industry, serial) in enumerate(order):
        dice = random.Random(f"{of.seed}:site:{number}")  # noqa: S311 — an invented city
        plant = lay_out(industry.key, serial, of.seed, number)
        shape = _outline(plant)
        allowed: Sequence[str] = industry.where or tuple(inside)
        for attempt in range(MOST_TRIES):
            wide = allowed if attempt < MOST_TRIES // 2 else tuple(inside)
            county, holds = inside[dice.choice(wide)]
            spot, turn, zone = _spot(of, industry, county.adcode, dice)
            if not holds.contains(spot):
                continue
            to_river, river, away = _turn_to(of, spot)
            if plant.direct_outlets and away > OUTFALL_M:
                continue
            # Within a zone streets are parallel; the low side is the one of the four that looks most to the river.
            turn = to_river if turn is None else turn + 90 * round((to_river - turn) / 90)
            area = translate(rotate(shape, turn, origin=(0, 0)), spot.x, spot.y)
            if not kept.intersects(area) and holds.contains(area) and taken.free(area):
                break
        else:
            raise NoRoom(f"第 {number + 1} 家（{industry.label}）找不到位置；请减少 --enterprises")
        taken.areas.append(area)
        credit = credit_code(county.adcode, number, institution=industry.institution)
        street = dice.choice(names().streets)
        site = PlantSite(
            number=number,
            county=county.adcode,
            county_name=county.name,
            industry=industry,
            variant=plant.variant,
            east=round(spot.x, 1),
            north=round(spot.y, 1),
            turn_deg=round((turn + 180) % 360 - 180, 1),
            base_1985_m=of.ground_m(spot),
            name=_names(industry, county.name, used, dice),
            credit_code=credit,
            source_code=source_code(credit),
            address=f"四川省达州市{county.name}{zone.removesuffix('（示意）')}{street}{dice.randint(1, 399)}号（示范）",
            legal_person=f"{person(dice)}（示范）",
            contact=f"{person(dice)}（示范）",
            phone=f"0818-0{dice.randint(100000, 999999)}",
            river=river,
            river_m=round(away, 1),
            zone=zone,
        )
        found.append((site, plant))
    return tuple(found)
