import math
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from gis.geometry.curves import circle_points
from gis.geometry.matching import shapes_of
from gis.geometry.sameness import SAME_M, chord_share, neighbours, renders, same_shapes, signatures

FAR = (452_000.0, 3_451_000.0)
LINE = shapely.LineString([(0, 0), (10, 0), (10, 5)])
HOUSE = shapely.Polygon([(0, 0), (10, 0), (10, 6), (4, 6), (4, 3), (0, 3)])
HOLED = shapely.Polygon([(0, 0), (20, 0), (20, 20), (0, 20)], [[(5, 5), (9, 5), (9, 9)]])


def placed(shape: BaseGeometry, by: float = 0.0) -> BaseGeometry:
    return translate(shape, FAR[0] + by, FAR[1] + by)


def turned(shape: shapely.Polygon, steps: int) -> shapely.Polygon:
    ring = list(shape.exterior.coords)[:-1]
    return shapely.Polygon(ring[steps:] + ring[:steps])


PAIRS: dict[str, tuple[BaseGeometry, BaseGeometry, bool]] = {
    "itself": (LINE, LINE, True),
    "rounding": (HOUSE, placed(HOUSE, 4e-4), True),
    "2 mm": (HOUSE, placed(HOUSE, 2e-3), False),
    "begun at another corner": (HOUSE, turned(HOUSE, 3), True),
    "run the other way round": (HOUSE, shapely.Polygon(list(HOUSE.exterior.coords)[::-1]), True),
    "a line the other way": (LINE, LINE.reverse(), False),
    "a hole moved": (HOLED, shapely.Polygon(HOLED.exterior, [[(5, 6), (9, 6), (9, 10)]]), False),
    "a point and a line": (shapely.Point(0, 0), LINE, False),
    "one corner more": (LINE, shapely.LineString([(0, 0), (5, 0), (10, 0), (10, 5)]), False),
    "the two diagonals of a box": (shapely.LineString([(0, 0), (2, 2)]), shapely.LineString([(0, 2), (2, 0)]), False),
    "a point drawn twice": (LINE, shapely.LineString([(0, 0), (10, 0), (10, 0), (10, 5)]), True),
    "a corner drawn twice": (HOUSE, shapely.Polygon([*HOUSE.exterior.coords[3:], *HOUSE.exterior.coords[:4]]), True),
    "another height": (shapely.force_3d(HOUSE, 1), shapely.force_3d(HOUSE, 2), False),
    "the same height": (shapely.force_3d(HOUSE, 1), shapely.force_3d(turned(HOUSE, 2), 1), True),
}


@pytest.mark.parametrize(("one", "other", "same"), PAIRS.values(), ids=PAIRS.keys())
def test_same_shapes(one: BaseGeometry, other: BaseGeometry, same: bool) -> None:
    other = other if other.bounds[0] > FAR[0] / 2 else placed(other)
    assert same_shapes(shapes_of([placed(one)]), shapes_of([other])).tolist() == [same]


def test_signatures_tell_shapes_apart_and_rounding_not() -> None:
    shapes = [LINE, LINE.reverse(), HOUSE, HOLED, shapely.Point(0, 0), shapely.Point(0.5, 0), PAIRS["the two diagonals of a box"][0]]
    shapes.append(PAIRS["the two diagonals of a box"][1])
    there = signatures(shapes_of([placed(shape) for shape in shapes]))
    assert len(set(there.tolist())) == len(shapes)
    assert signatures(shapes_of([placed(shape, 1e-8) for shape in shapes])).tolist() == there.tolist()
    half_millimetres = shapes_of([placed(shapely.Point(index * 5e-4, 0)) for index in range(200)])
    noisy = shapes_of([placed(shapely.Point(index * 5e-4 + (-1) ** index * 1e-9, 0)) for index in range(200)])
    assert signatures(half_millimetres).tolist() == signatures(noisy).tolist()


def test_neighbours() -> None:
    old, new = shapes_of([shapely.Point(0, 0), shapely.Point(9, 9)]), shapes_of([shapely.Point(0, 0.001)])
    assert [column.tolist() for column in neighbours(old, new, 2 * SAME_M)] == [[0], [0]]
    assert [column.tolist() for column in neighbours(old, shapes_of([]), 1)] == [[], []]


CIRCLE: dict[str, Any] = {"type": "circle", "center": [0, 0], "radius": 8}
SHAPES: dict[str, tuple[dict[str, Any] | None, float]] = {
    "nothing": (None, 0),
    "a block": ({"type": "insert", "point": [0, 0], "block": "QJ_DA", "rotation": 0}, 0),
    "straight": ({"type": "lwpolyline", "points": [[0, 0, 0], [1, 0, 0]], "closed": True}, 0),
    "without bulges": ({"type": "lwpolyline", "points": [[0, 0], [1, 0]], "closed": False}, 0),
    "bulged": ({"type": "lwpolyline", "points": [[0, 0, 0.3], [1, 0, 0]], "closed": True}, 0.011),
    "circle": (CIRCLE, 0.011),
    "ellipse": ({"type": "ellipse", "center": [0, 0], "major_axis": [4, 0], "ratio": 0.5}, 0.022),
    "spline": ({"type": "spline", "control_points": [[0, 0]], "degree": 3, "knots": []}, 0.05),
    "a straight outline with a round hole": ({"type": "lwpolyline", "points": [[0, 0, 0]], "closed": True, "holes": [CIRCLE]}, 0.011),
}


@pytest.mark.parametrize(("shape", "share"), SHAPES.values(), ids=SHAPES.keys())
def test_chord_share(shape: dict[str, Any] | None, share: float) -> None:
    assert chord_share(shape) == pytest.approx(share)


def chords(radius: float, degrees: float, count: int) -> BaseGeometry:
    angles = np.radians(np.arange(count) * degrees)
    return placed(shapely.Polygon(np.column_stack([radius * np.cos(angles), radius * np.sin(angles)])))


@pytest.mark.parametrize("radius", [0.3, 8.0, 60.0])
def test_a_circle_in_chords_of_four_degrees_renders_the_circle(radius: float) -> None:
    exact = placed(shapely.Polygon(circle_points((0, 0), radius)))
    assert renders(exact, chords(radius, 4, 90), 0.011)
    assert not renders(exact, chords(radius, 4, 90), 0.0)
    assert not renders(exact, chords(radius + 0.004, 4, 90), 0.011)


def test_a_cut_corner_or_a_polygon_of_few_sides_renders_nothing() -> None:
    exact = placed(shapely.Polygon(circle_points((0, 0), 8)))
    assert not renders(exact, chords(8, 30, 12), 0.011)
    assert not renders(exact, chords(8, 4, 60), 0.011)
    assert not renders(exact, exact.exterior, 0.011)


def test_an_arc_renders_only_between_its_ends() -> None:
    angles = np.linspace(0, math.pi / 2, 91)
    arc = placed(shapely.LineString(np.column_stack([8 * np.cos(angles), 8 * np.sin(angles)])))
    coarse = shapely.LineString(list(arc.coords)[::3])
    assert renders(arc, coarse, 0.011)
    assert not renders(arc, coarse.reverse(), 0.011)
    assert not renders(arc, shapely.LineString(list(arc.coords)[:80:3]), 0.011)
