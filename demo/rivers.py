"""The rivers of the demo city: real names, invented courses."""

import random
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point

from demo.counties import counties
from gis.crs import lonlat_to_xy, xy_to_lonlat
from gis.facts import facts

LEVELS = 5
"""Times that every stretch is bent at its middle."""
SWING = 0.17
"""Greatest bend of a stretch, of its length."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Section:
    """A monitored section of a river."""

    name: str
    river: str
    level: str
    """national, provincial or municipal."""
    xy: Point


@dataclass(frozen=True, slots=True)
class River:
    """A river within the city, in the direction of its flow."""

    name: str
    xy: LineString
    """EPSG:4545, metres."""
    head_m: float
    mouth_m: float
    """Water level at its ends, 1985 metres."""
    width_m: float
    target: str
    """Target class (GB 3838-2002)."""
    sections: tuple[Section, ...]

    def level_m(self, point: Point) -> float:
        """Return the water level where the river is nearest to a point, 1985 metres."""
        return self.head_m + (self.mouth_m - self.head_m) * float(self.xy.project(point, normalized=True))

    @property
    def geom(self) -> LineString:
        """The course in EPSG:4490, degrees."""
        line: LineString = shapely.transform(self.xy, lambda points: xy_to_lonlat(points).round(7))
        return line


def _bent(points: Floats, dice: random.Random) -> Floats:
    """Return a course with every stretch bent at its middle, ever finer, then smoothed."""
    swing = SWING
    for _ in range(LEVELS):
        middles = (points[:-1] + points[1:]) / 2
        along = np.diff(points, axis=0)
        across = np.column_stack([-along[:, 1], along[:, 0]])
        middles += across * np.array([[dice.uniform(-swing, swing)] for _ in middles])
        woven = np.empty((len(points) + len(middles), 2))
        woven[0::2], woven[1::2] = points, middles
        points, swing = woven, swing * 0.92
    for _ in range(2):
        # Chaikin's corner cutting; the ends stay, where rivers meet.
        cut = np.empty((2 * len(points) - 2, 2))
        cut[0::2], cut[1::2] = points[:-1] * 0.75 + points[1:] * 0.25, points[:-1] * 0.25 + points[1:] * 0.75
        points = np.vstack([points[:1], cut, points[-1:]])
    return points


def _joined(course: LineString, into: LineString | None) -> LineString:
    """Return a course that ends in the middle of the river it runs into."""
    if into is None:
        return course
    mouth = Point(course.coords[-1])
    end = into.interpolate(into.project(mouth))
    return course if end.distance(mouth) < 0.5 else LineString([*course.coords, (round(end.x, 2), round(end.y, 2))])


@cache
def rivers(seed: int) -> tuple[River, ...]:
    """Return the rivers, each cut to what lies within the city.

    Parameters
    ----------
    seed : int
        Decides the meanders.
    """
    city = shapely.union_all([county.xy for county in counties()])
    rows = facts("demo", "rivers.yaml")
    courses: dict[str, LineString] = {}
    for name, row in rows.items():
        dice = random.Random(f"{seed}:river:{name}")  # noqa: S311 — a course, no secret
        whole = LineString(_bent(lonlat_to_xy(np.array(row["bends"], dtype=float)), dice).round(2))
        inside = whole.intersection(city)
        parts = [part for part in getattr(inside, "geoms", [inside]) if isinstance(part, LineString)]
        courses[name] = max(parts, key=lambda part: part.length).simplify(3.0)
    found = []
    for name, row in rows.items():
        course = _joined(courses[name], courses.get(row.get("into", "")))
        sections = tuple(
            Section(section, name, level, course.interpolate(share, normalized=True)) for section, (share, level) in row["sections"].items()
        )
        found.append(River(name, course, row["head"], row["mouth"], row["width"], row["target"], sections))
    return tuple(found)
