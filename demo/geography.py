"""The city around the plants: counties, rivers, stations, the water source, zones, and where people live. All but counties is invented."""

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

import shapely
import shapely.ops
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box, mapping
from shapely.geometry.base import BaseGeometry
from shapely.prepared import prep

from demo.counties import SEATS, County, counties
from demo.names import names, person
from demo.rivers import River, rivers
from gis.crs import lonlat_to_xy, xy_to_lonlat

DIGITS = 7
PEOPLE = {"village": (120, 1400), "school": (260, 2400), "hospital": (90, 900)}
"""Fewest and most people of a place."""
IN_TOWN = (("school", "第一中学"), ("hospital", "中心医院"), ("school", "实验小学"), ("hospital", "中医院"))

WORKS = box(448_200, 3_446_220, 450_760, 3_447_720)
TRANSPLANTED = WORKS.union(box(450_430, 3_444_890, 451_590, 3_446_420))
"""What the transplanted survey (`demo.transplant`) covers: its works, and ground marks beside them (EPSG:4545, metres)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where people live, learn or lie ill."""

    code: str
    kind: str
    """village, school or hospital: a receptor's type."""
    name: str
    county: str
    people: int
    xy: Point
    contact: str
    phone: str


@dataclass(frozen=True, slots=True)
class Zone:
    """An industrial zone."""

    name: str
    county: str
    xy: Polygon
    turn_deg: float


@dataclass(frozen=True, slots=True)
class City:
    """The city; geometry in EPSG:4545 metres where not said otherwise."""

    seed: int
    counties: tuple[County, ...]
    rivers: tuple[River, ...]
    places: tuple[Place, ...]
    zones: tuple[Zone, ...]
    source: dict[str, MultiPolygon]
    """Protection level → area around the intake of 罗江镇."""
    intake: Point
    air: tuple[tuple[str, str, Point], ...]
    """Name, level and place of each air station."""

    def river_near(self, point: Point) -> tuple[River, float]:
        """Return the nearest river and how far it is, metres."""
        river = min(self.rivers, key=lambda one: one.xy.distance(point))
        return river, float(river.xy.distance(point))

    def ground_m(self, point: Point) -> float:
        """Return the invented height of the ground, 1985 metres: a terrace above the nearest river, then hills."""
        river, away = self.river_near(point)
        return round(river.level_m(point) + 9.0 + min(away, 600.0) * 0.02 + max(0.0, away - 600.0) * 0.035, 1)

    def layers(self) -> dict[str, dict[str, Any]]:
        """Return what is no enterprise's as GeoJSON feature collections by kind (EPSG:4490)."""
        return {kind: {"type": "FeatureCollection", "features": rows} for kind, rows in _layers(self).items()}


def _lonlat(geometry: BaseGeometry) -> BaseGeometry:
    return shapely.transform(geometry, lambda points: xy_to_lonlat(points).round(DIGITS))


def seat(adcode: str) -> Point:
    """Return a county's seat (EPSG:4545, metres)."""
    return shapely.transform(Point(SEATS[adcode]), lonlat_to_xy)


def _places(seed: int, streams: tuple[River, ...]) -> tuple[Place, ...]:
    """Return villages in the valleys, schools and hospitals in villages and towns."""
    found = []
    for county in counties():
        dice = random.Random(f"{seed}:places:{county.adcode}")  # noqa: S311 — an invented map
        inside = prep(county.xy)
        near = [river.xy for river in streams if river.xy.intersects(county.xy)] or [LineString([seat(county.adcode), county.xy.centroid])]
        count = max(30, round(county.xy.area / 4.2e7))
        chosen = dice.sample([f"{a}{b}" for a in names().villages for b in ("", "上", "下", "新")], count)
        made = 0
        while made < count:
            line = dice.choice(near)
            on = line.interpolate(dice.random(), normalized=True)
            spot = Point(round(on.x + dice.gauss(0, 1800), 1), round(on.y + dice.gauss(0, 1800), 1))
            if not inside.contains(spot) or TRANSPLANTED.contains(spot) or min(river.xy.distance(spot) for river in streams) < 140:
                continue
            kind = "school" if made % 6 == 2 else "hospital" if made % 11 == 5 else "village"
            label = {"village": "村", "school": "小学", "hospital": "卫生院"}[kind]
            found.append(
                _place(
                    dice,
                    spot,
                    code=f"{county.adcode}-{kind[0].upper()}{made + 1:03d}",
                    kind=kind,
                    name=f"{chosen[made]}{label}（示范）",
                    county=county.adcode,
                )
            )
            made += 1
        for number, (kind, label) in enumerate(
            (("school", "第一中学"), ("hospital", "中心医院"), ("school", "实验小学"), ("hospital", "中医院"))
        ):
            middle = seat(county.adcode)
            spot = Point(round(middle.x + dice.gauss(0, 900), 1), round(middle.y + dice.gauss(0, 900), 1))
            found.append(
                _place(
                    dice,
                    spot,
                    code=f"{county.adcode}-T{number + 1:03d}",
                    kind=kind,
                    name=f"{county.name}{label}（示范）",
                    county=county.adcode,
                )
            )
    return tuple(found)


def _place(dice: random.Random, spot: Point, *, code: str, kind: str, name: str, county: str) -> Place:
    people = round(dice.uniform(*PEOPLE[kind]), -1)
    return Place(code, kind, name, county, int(people), spot, person(dice), f"0818-0{dice.randint(100000, 999999)}")


ZONES = (
    ("达州高新技术产业园区（示意）", "511703", (107.40, 31.17), 2600), ("达州东部经济开发区（示意）", "511703", (107.60, 31.18), 2400),
    ("宣汉普光经济开发区（示意）", "511722", (107.80, 31.43), 1900), ("大竹工业园区（示意）", "511724", (107.22, 30.77), 1800),
    ("渠县工业园区（示意）", "511725", (106.99, 30.87), 1700), ("开江工业园区（示意）", "511723", (107.86, 31.06), 1400),
    ("万源工业园区（示意）", "511781", (108.00, 32.02), 1300), ("通川经济开发区（示意）", "511702", (107.47, 31.26), 1600),
)  # fmt: skip
"""Industrial zones: name, county, middle (EPSG:4490), radius in metres."""
AIR = (
    ("达州市环境监测站", "national", (107.51, 31.21)), ("凤凰小区", "national", (107.50, 31.23)),
    ("市机关宾馆", "national", (107.49, 31.20)),
    ("达川区站", "provincial", (107.52, 31.19)), ("宣汉站", "provincial", (107.73, 31.36)), ("开江站", "provincial", (107.87, 31.08)),
    ("大竹站", "provincial", (107.21, 30.74)), ("渠县站", "provincial", (106.97, 30.84)), ("万源站", "provincial", (108.04, 32.08)),
    ("高新区站", "municipal", (107.41, 31.16)),
)  # fmt: skip


def _zones(seed: int) -> tuple[Zone, ...]:
    by_code = {county.adcode: county for county in counties()}
    found = []
    for name, adcode, at, radius in ZONES:
        dice = random.Random(f"{seed}:zone:{name}")  # noqa: S311 — an invented map
        middle: Point = shapely.transform(Point(at), lonlat_to_xy)
        area = middle.buffer(radius, quad_segs=8).intersection(by_code[adcode].xy)
        whole = max(getattr(area, "geoms", [area]), key=lambda part: part.area)
        found.append(Zone(name, adcode, whole, round(dice.uniform(-30, 30), 1)))
    return tuple(found)


def _source(streams: tuple[River, ...]) -> tuple[dict[str, MultiPolygon], Point]:
    """Return the protection areas of the intake at 罗江镇: 1 000 m up and 100 m down, 2 000 m further (HJ 338-2018, 6.1)."""
    river = next(one for one in streams if one.name == "州河").xy
    at = river.project(shapely.transform(Point(107.565, 31.275), lonlat_to_xy))

    def reach(first: float, last: float, width: float) -> Polygon:
        return shapely.ops.substring(river, at + first, at + last).buffer(width, cap_style="flat")

    first = reach(-1000, 100, 130)
    second = reach(-3000, 300, 260).difference(first)

    def multi(area: BaseGeometry) -> MultiPolygon:
        return MultiPolygon([part for part in getattr(area, "geoms", [area]) if isinstance(part, Polygon)])

    return {"first": multi(first), "second": multi(second)}, river.interpolate(at)


@cache
def city(seed: int) -> City:
    """Return the city around the plants.

    Parameters
    ----------
    seed : int
        Decides everything that is invented.
    """
    streams = rivers(seed)
    source, intake = _source(streams)
    air = tuple((f"{name}（示意）", level, shapely.transform(Point(at), lonlat_to_xy)) for name, level, at in AIR)
    return City(seed, counties(), streams, _places(seed, streams), _zones(seed), source, intake, air)


def _row(geometry: BaseGeometry, code: str, name: str, **attributes: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": mapping(geometry), "properties": {"code": code, "name": name, **attributes}}


def _mn(system: str, number: int) -> str:
    """Return the number of a station's logger: 24 characters, city, system of HJ 212, DE for the demo."""
    return f"511700{system}DE{number:014d}"


def _layers(of: City) -> dict[str, list[dict[str, Any]]]:
    mark = "（示意）"
    sections = [section for river in of.rivers for section in river.sections]
    targets = {river.name: river.target for river in of.rivers}
    return {
        "county": [_row(county.geom, county.adcode, county.name, adcode=county.adcode) for county in of.counties],
        "river": [
            _row(river.geom, f"R{number:02d}", f"{river.name}{mark}", target_class=river.target, width_m=river.width_m)
            for number, river in enumerate(of.rivers, 1)
        ],
        "water_source": [
            _row(_lonlat(area), f"SY-{level}", f"罗江镇饮用水水源{label}{mark}", protection_level=level, source_type="河流型")
            for (level, area), label in zip(of.source.items(), ("一级保护区", "二级保护区"), strict=True)
        ],
        "air_station": [
            _row(_lonlat(at), f"KQ{number:02d}", name, station_class=level, factors="PM2.5、PM10、SO2、NO2、CO、O3", mn=_mn("22", number))
            for number, (name, level, at) in enumerate(of.air, 1)
        ],
        "water_station": [
            _row(
                _lonlat(section.xy),
                f"SZ{number:02d}",
                f"{section.name}断面{mark}",
                station_class=section.level,
                river=section.river,
                target_class=targets[section.river],
                mn=_mn("21", number),
            )
            for number, section in enumerate(sections, 1)
        ],
        "receptor": [
            _row(_lonlat(place.xy), place.code, place.name, receptor_type=place.kind, population=place.people, contact=place.contact)
            for place in of.places
        ],
    }
