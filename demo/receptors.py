"""What an accident at a plant could reach: villages, schools, hospitals, the river, an intake (HJ 169-2018, annex D: within 5 km)."""

import math
import random
from dataclasses import dataclass

from shapely.geometry import Point

from demo.geography import TRANSPLANTED, City
from demo.names import person
from demo.sites import PlantSite
from gis.surroundings import AIR_REACH_M, WATER_REACH_M

MOST = 9
HAMLETS = ("塆", "坝", "沟", "院子", "桥头", "坡", "岩")


@dataclass(frozen=True, slots=True)
class Receptor:
    """One receptor of one site."""

    code: str
    kind: str
    """A receptor's type: village, residential, school, hospital, intake, river."""
    name: str
    people: int
    east: float
    north: float
    """EPSG:4545, metres."""
    distance_m: float
    """From the middle of the site."""
    contact: str = ""
    phone: str = ""


def receptors(of: City, site: PlantSite, sites: tuple[PlantSite, ...]) -> tuple[Receptor, ...]:
    """Return the receptors of a site: hamlets close by, nearest places (5 km), river, intake downstream (10 km).

    Parameters
    ----------
    of : City
        Around the plants.
    site : PlantSite
        Whose receptors.
    sites : tuple of PlantSite
        All of the city: no hamlet lies on one.
    """
    middle = Point(site.east, site.north)
    dice = random.Random(f"{of.seed}:receptors:{site.number}")  # noqa: S311 — an invented map
    found = [_hamlet(of, site, sites, number, dice) for number in range(dice.randint(2, 3))]
    near = sorted((place.xy.distance(middle), place.code, place) for place in of.places if place.xy.distance(middle) <= AIR_REACH_M)
    found += [
        Receptor(place.code, place.kind, place.name, place.people, place.xy.x, place.xy.y, round(away), place.contact, place.phone)
        for away, _, place in near[:MOST]
    ]
    river = next(one for one in of.rivers if one.name == site.river)
    on = river.xy.interpolate(river.xy.project(middle))
    name = f"{river.name}（{river.target}类）"
    if on.distance(middle) < WATER_REACH_M:
        found.append(Receptor(f"RV{site.number + 1:04d}", "river", name, 0, round(on.x, 1), round(on.y, 1), round(on.distance(middle))))
    if river.name == "州河" and river.xy.project(middle) < river.xy.project(of.intake) and of.intake.distance(middle) < WATER_REACH_M:
        away = round(of.intake.distance(middle))
        found.append(Receptor("QSK001", "intake", "罗江镇水源地取水口（示意）", 0, round(of.intake.x, 1), round(of.intake.y, 1), away))
    return tuple(found)


def _hamlet(of: City, site: PlantSite, sites: tuple[PlantSite, ...], number: int, dice: random.Random) -> Receptor:
    """Return a hamlet beside a site, on no other site and in no river."""
    for _ in range(200):
        away, angle = dice.uniform(420, 1500), dice.uniform(0, 2 * math.pi)
        east, north = round(site.east + away * math.cos(angle), 1), round(site.north + away * math.sin(angle), 1)
        clear = all(math.dist((east, north), (other.east, other.north)) > 380 for other in sites)
        if clear and not TRANSPLANTED.contains(Point(east, north)) and of.river_near(Point(east, north))[1] > 90:
            break
    households = dice.randint(12, 70)
    name = f"{dice.choice('张王李陈刘杨何邓罗唐')}家{dice.choice(HAMLETS)}（示范）"
    return Receptor(
        f"ZH{site.number + 1:04d}{number + 1}", "residential", name, households * 3, east, north, round(away), person(dice),
        f"0818-0{dice.randint(100000, 999999)}",
    )  # fmt: skip
