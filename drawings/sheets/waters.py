"""Where water flows on: the way down a river and into the next, so many kilometres from an outlet."""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from drawings.sheets.ground import Thing
from gis.surroundings import WATER_REACH_M

JOIN_M = 60.0
"""A river that ends so near to another flows into it."""


@dataclass(frozen=True, slots=True)
class Downstream:
    """The way of water from a plant."""

    rivers: tuple[str, ...]
    """Names, in the order that they are reached."""
    way: BaseGeometry
    """EPSG:4545, from where it begins to at most `WATER_REACH_M` on; empty where no river is near."""
    start_m: float
    """How far the river is from the plant."""

    def metres_to(self, place: BaseGeometry, within_m: float = 200.0) -> float | None:
        """Return how far down the way something lies, None where it is not by the way."""
        if self.way.is_empty or self.way.distance(place) > within_m:
            return None
        away = float(self.way.project(place.centroid))
        # What lies beyond the end of the reach is nearest to its end.
        return None if away > WATER_REACH_M - 1 else away


def downstream(rivers: Sequence[Thing], start: BaseGeometry, preferred: str = "") -> Downstream:
    """Return the way of water from a place.

    Parameters
    ----------
    rivers : sequence of Thing
        Each drawn in the direction of its flow.
    start : geometry
        Outlet or plant (EPSG:4545).
    preferred : str
        Name of the receiving river, where the permit says it; else the nearest is taken.
    """
    lines = [(thing, part) for thing in rivers for part in getattr(thing.xy, "geoms", [thing.xy]) if part.geom_type == "LineString"]
    if not lines:
        return Downstream((), shapely.LineString(), 0.0)
    point = start.centroid
    thing, line = min(lines, key=lambda row: (bool(preferred) and row[0].name != preferred, row[1].distance(point)))
    begun = line.distance(start)
    at, left = line.project(point), WATER_REACH_M
    names: list[str] = []
    points: list[tuple[float, float]] = []
    passed: set[int] = set()
    while True:
        names.append(thing.name)
        passed.add(id(line))
        piece = substring(line, at, min(line.length, at + left))
        points += [(x, y) for x, y in shapely.get_coordinates(piece).tolist()]
        left -= piece.length
        end = shapely.Point(points[-1])
        onward = [
            row for row in lines if id(row[1]) not in passed and row[1].distance(end) < JOIN_M and row[1].project(end) < row[1].length - 1
        ]
        if left < 1 or not onward:
            break
        thing, line = min(onward, key=lambda row: row[1].distance(end))
        at = line.project(end)
    return Downstream(tuple(dict.fromkeys(names)), shapely.LineString(points) if len(points) > 1 else shapely.LineString(), begun)
