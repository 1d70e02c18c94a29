"""Receptors around a plant: where they lie, how far, how many people (HJ 169-2018, annex D)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from drawings.sheets.furniture import direction_name
from drawings.sheets.ground import Thing
from drawings.sheets.legend import label_of
from drawings.sheets.paper import Box, Point
from drawings.sheets.tables import Column, Table


@dataclass(frozen=True, slots=True)
class Around:
    """A receptor seen from the plant."""

    number: int
    thing: Thing
    distance_m: float
    """From the boundary, as measured on the ground."""
    bearing_deg: float
    """From the middle of the plant, clockwise from north."""

    @property
    def label(self) -> str:
        """What sort of receptor it is."""
        return label_of("receptor", self.thing.type)

    @property
    def name(self) -> str:
        """Its name, without the mark of an invented one."""
        return plain(self.thing.name)


def plain(name: str) -> str:
    """Return a name without the mark of an invented one, which the sheet carries once.

    >>> plain("张家塆（示范）")
    '张家塆'
    """
    return name.replace("（示范）", "").replace("（示意）", "")


def bearing(start: Point, end: Point) -> float:
    """Return the bearing from a point to another, degrees clockwise from north (EPSG:4545).

    >>> bearing((0.0, 0.0), (1.0, 0.0))
    90.0
    """
    return math.degrees(math.atan2(end[0] - start[0], end[1] - start[1])) % 360


def around(receptors: Sequence[Thing], site: BaseGeometry) -> list[Around]:
    """Return the receptors of a plant, the nearest first.

    Parameters
    ----------
    receptors : sequence of Thing
    site : geometry
        Its boundary, or its registered point (EPSG:4545).
    """
    middle = site.centroid
    found = []
    for thing in receptors:
        away = float(thing.xy.distance(site))
        to = thing.xy.centroid
        found.append((away, thing.code, thing, bearing((middle.x, middle.y), (to.x, to.y))))
    found.sort(key=lambda row: (row[0], row[1]))
    return [Around(number, thing, away, towards) for number, (away, _, thing, towards) in enumerate(found, 1)]


def metres(distance_m: float) -> str:
    """Return a distance as people read it.

    >>> metres(482.4), metres(3160.0)
    ('482 m', '3.16 km')
    """
    return f"{distance_m:.0f} m" if distance_m < 1000 else f"{distance_m / 1000:.2f} km"


def table(listed: Sequence[Around], width: float, *, contacts: bool = False, title: str = "周边风险敏感受体") -> Table:
    """Return the receptors as a table of a width, with whom to call where that is wanted."""
    fixed = [Column("类型", 10.5, "centre"), Column("方位", 8.0, "centre"), Column("距离", 12.5, "right"), Column("人数", 9.5, "right")]
    fixed += [Column("联系人", 16.0, "centre", most=1), Column("电话", 22.0, "centre", most=1)] if contacts else []
    columns = (Column("号", 5.0, "centre"), Column("名称", width - 5.0 - sum(column.width for column in fixed), most=2), *fixed)
    rows = []
    for one in listed:
        row = [
            str(one.number),
            one.name,
            one.label,
            direction_name(one.bearing_deg),
            metres(one.distance_m),
            one.thing.says("population") or "—",
        ]
        rows.append((*row, *((plain(one.thing.says("contact")) or "—", one.thing.says("phone") or "—") if contacts else ())))
    return Table(title, columns, tuple(rows))


def edge(box: Box, start: Point, towards_deg: float) -> Point:
    """Return where the way from a point inside a box in a direction leaves the box."""
    dx, dy = math.sin(math.radians(towards_deg)), math.cos(math.radians(towards_deg))
    reach = min(
        ((box.right if dx > 0 else box.left) - start[0]) / dx if abs(dx) > 1e-9 else math.inf,
        ((box.top if dy > 0 else box.bottom) - start[1]) / dy if abs(dy) > 1e-9 else math.inf,
    )
    return start[0] + dx * reach, start[1] + dy * reach


def spread(box: Box, places: Sequence[Point], apart: float) -> list[Point]:
    """Return places on the edge of a box, moved along it until they are apart, in the same order."""
    along = sorted((_along(box, point), index) for index, point in enumerate(places))
    total = 2 * (box.width + box.height)
    if not along:
        return []
    moved = [along[0][0]]
    for at, _ in along[1:]:
        moved.append(max(at, moved[-1] + apart))
    # What was pushed beyond the start of the round is pushed back.
    over = moved[-1] - (moved[0] + total - apart)
    if over > 0:
        moved = [at - over * index / max(len(moved) - 1, 1) for index, at in enumerate(moved)]
    found: dict[int, Point] = {index: _at(box, at % total) for at, (_, index) in zip(moved, along, strict=True)}
    return [found[index] for index in range(len(places))]


def _along(box: Box, point: Point) -> float:
    ring = shapely.LinearRing(box.corners)
    return float(ring.project(shapely.Point(point)))


def _at(box: Box, along: float) -> Point:
    point = shapely.LinearRing(box.corners).interpolate(along)
    return float(point.x), float(point.y)
