"""What stands in a filter as it is: instants, intervals and shapes, read strictly."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from gis.errors import CoordinateError
from gis.reference_systems import ReferenceSystem

FULL_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""RFC 3339, section 5.6: `full-date`, `date-time`."""
MOST_POINTS = 100_000
FAR_M = 1e9
OFF_EARTH = "纬度超出 ±90，请核对轴序"


def date_of(text: Any) -> date:
    """Return a date of RFC 3339; raises ValueError."""
    if not isinstance(text, str) or not FULL_DATE.fullmatch(text):
        raise ValueError(f"{text!r:.40} 不是日期，应如 2026-03-01")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"没有日期 {text}") from error


def timestamp_of(text: Any) -> datetime:
    """Return an instant of RFC 3339, in UTC; raises ValueError."""
    if not isinstance(text, str) or not DATE_TIME.fullmatch(text.upper()):
        raise ValueError(f"{text!r:.40} 不是时刻，应如 2026-03-01T08:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"没有时刻 {text}") from error


def instant_of(text: Any) -> date | datetime:
    """Return a date or an instant of RFC 3339; raises ValueError."""
    return date_of(text) if isinstance(text, str) and FULL_DATE.fullmatch(text) else timestamp_of(text)


def numbers_of(given: Any, counts: Sequence[int]) -> list[float]:
    """Return a list of so many finite numbers; raises ValueError."""
    good = isinstance(given, Sequence) and not isinstance(given, str) and len(given) in counts
    if not good or not all(isinstance(one, (int, float)) and not isinstance(one, bool) and math.isfinite(one) for one in given):
        raise ValueError(f"应为 {' 或 '.join(map(str, counts))} 个数")
    return [float(one) for one in given]


def _box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """Return a box; one without breadth is a line or a point."""
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def box_of(given: Any, system: ReferenceSystem) -> BaseGeometry:
    """Return a bounding box of four or six numbers as a shape, longitude first; heights are left out.

    Where its west lies east of its east it spans the antimeridian and becomes two (RFC 7946, section 5.2).

    Raises
    ------
    ValueError
        No such box.
    """
    numbers = numbers_of(given, (4, 6))
    half = len(numbers) // 2
    if half == 3 and numbers[2] > numbers[5]:
        raise ValueError("最低高度大于最高高度")
    first, second = (numbers[0], numbers[1]), (numbers[half], numbers[half + 1])
    if system.swapped:
        first, second = first[::-1], second[::-1]
    (west, south), (east, north) = first, second
    if south > north:
        raise ValueError("南边大于北边，请核对轴序")
    if not system.geographic:
        if west > east:
            raise ValueError("西边大于东边")
        # No grid has coordinates near this, and GEOS fails on absurd ones.
        if max(map(abs, (west, south, east, north))) > FAR_M:
            raise ValueError(f"坐标不在 {system.code} 的范围内")
        # Sides of a grid are no meridians: they bend.
        sides = shapely.segmentize(_box(west, south, east, north), max((east - west) / 16, (north - south) / 16, 1e-6))
        return to_lonlat(sides, replace(system, swapped=False))
    if south < -90 or north > 90:
        raise ValueError(OFF_EARTH)
    if west > east:
        return shapely.union_all([_box(west, south, max(west, 180.0), north), _box(min(east, -180.0), south, east, north)])
    return _box(max(west, -180.0), south, min(east, 180.0), north) if west <= 180 and east >= -180 else _box(west, south, east, north)


def to_lonlat(geometry: BaseGeometry, system: ReferenceSystem) -> BaseGeometry:
    """Return a shape given in a reference system as longitude and latitude (EPSG:4490), heights left out; raises ValueError."""
    flat = shapely.force_2d(geometry)
    if not system.swapped and system.geographic:
        return _on_earth(flat)
    try:
        moved: BaseGeometry = shapely.transform(flat, system.to_lonlat)
    except CoordinateError as error:
        raise ValueError(str(error)) from error
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise ValueError(f"坐标不在 {system.code} 的范围内")
    return _on_earth(moved)


def _on_earth(geometry: BaseGeometry) -> BaseGeometry:
    """Return a shape of longitude and latitude as it is; raises ValueError where a latitude is none (21-065r2, A.6, s_intersects)."""
    _, south, _, north = geometry.bounds
    if south < -90 or north > 90:
        raise ValueError(OFF_EARTH)
    return geometry


def _positions(given: Any, depth: int = 0) -> Iterator[Sequence[Any]]:
    if not isinstance(given, Sequence) or isinstance(given, str) or depth > 4:
        raise ValueError("坐标应为数的列表")
    if given and not isinstance(given[0], Sequence):
        yield given
        return
    for one in given:
        yield from _positions(one, depth + 1)


def _checked(node: Mapping[str, Any]) -> None:
    """Refuse coordinates that are no numbers; raises ValueError."""
    if node.get("type") == "GeometryCollection":
        parts = node.get("geometries")
        if not isinstance(parts, list) or not parts:
            raise ValueError("GEOMETRYCOLLECTION 没有几何")
        for part in parts:
            if not isinstance(part, Mapping) or part.get("type") == "GeometryCollection":
                raise ValueError("GEOMETRYCOLLECTION 里应为几何")
            _checked(part)
        return
    dimensions = {len(numbers_of(position, (2, 3))) for position in _positions(node.get("coordinates"))}
    if len(dimensions) != 1:
        raise ValueError("没有坐标，或有的有高度、有的没有")


def geometry_of(node: Mapping[str, Any], system: ReferenceSystem) -> BaseGeometry:
    """Return a GeoJSON geometry of a filter as longitude and latitude (EPSG:4490).

    Raises
    ------
    ValueError
        It is none, empty, not closed, or crosses itself.
    """
    _checked(node)
    try:
        geometry = shape(node)
    except (ShapelyError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"不是几何：{error}") from error
    if geometry.is_empty or shapely.get_num_coordinates(geometry) > MOST_POINTS:
        raise ValueError(f"几何为空，或超过 {MOST_POINTS} 个点")
    for ring in _rings(node):
        if list(ring[0]) != list(ring[-1]) or len(ring) < 4:
            raise ValueError("多边形的环没有闭合")
    if not geometry.is_valid:
        raise ValueError(f"几何无效：{shapely.is_valid_reason(geometry)}")
    return to_lonlat(geometry, system)


def _rings(node: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    match node.get("type"):
        case "Polygon":
            yield from node["coordinates"]
        case "MultiPolygon":
            for polygon in node["coordinates"]:
                yield from polygon
        case "GeometryCollection":
            for part in node["geometries"]:
                yield from _rings(part)
