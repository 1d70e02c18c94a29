import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box
from shapely.geometry.base import BaseGeometry

from gis.geometry.matching import Ambiguity, iou, match_one_to_one

HOUSE = box(0, 0, 20, 10)


def moved(shape: BaseGeometry, dx: float) -> BaseGeometry:
    return box(shape.bounds[0] + dx, shape.bounds[1], shape.bounds[2] + dx, shape.bounds[3])


@pytest.mark.parametrize(
    ("one", "other", "expected"), [(HOUSE, HOUSE, 1.0), (HOUSE, moved(HOUSE, 20), 0.0), (Point(0, 0), Point(0, 0), 0.0)]
)
def test_iou(one: BaseGeometry, other: BaseGeometry, expected: float) -> None:
    assert iou(one, other) == expected


CASES = {
    "nothing": ([], [], (), ()),
    "all new": ([], [HOUSE], (), ()),
    "the same": ([HOUSE, Point(5, 5)], [Point(5, 5), HOUSE], ((0, 1), (1, 0)), ()),
    "moved by 2 m": ([HOUSE], [moved(HOUSE, 2)], ((0, 0),), ()),
    "moved too far": ([HOUSE], [moved(HOUSE, 15)], (), ()),
    "a building is no point": ([HOUSE], [Point(10, 5)], (), ()),
    "a point 5 m off": ([Point(0, 0)], [Point(5, 0)], ((0, 0),), ()),
    "a point beyond": ([Point(0, 0)], [Point(5.1, 0)], (), ()),
    "one becomes two alike": ([HOUSE], [moved(HOUSE, 2), moved(HOUSE, -2)], (), (Ambiguity(0, (0,), (1,)), Ambiguity(1, (0,), (0,)))),
    "two points in the middle": ([Point(0, 0), Point(2, 0)], [Point(1, 0)], (), (Ambiguity(0, (0, 1)),)),
    "a clear pair frees its neighbour": (
        [Point(0, 0), Point(4.5, 0)],
        [Point(0.1, 0), Point(2.4, 0)],
        ((0, 0), (1, 1)),
        (),
    ),
}


@pytest.mark.parametrize(("old", "new", "pairs", "ambiguous"), CASES.values(), ids=CASES.keys())
def test_match(old: list[BaseGeometry], new: list[BaseGeometry], pairs: tuple, ambiguous: tuple) -> None:
    found = match_one_to_one(old, new)
    assert found.pairs == pairs
    assert found.ambiguous == ambiguous


@given(st.permutations(range(12)), st.floats(-2, 2))
def test_a_row_of_tanks_keeps_its_identities_in_any_order(order: list[int], shift: float) -> None:
    old = [Point(i * 14, 0).buffer(5) for i in range(12)]
    new = [Point(i * 14 + shift, 0).buffer(5) for i in order]
    assert match_one_to_one(old, new).pairs == tuple((o, order.index(o)) for o in range(12))
