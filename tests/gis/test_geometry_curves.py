import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.geometry.curves import SAGITTA_M, arc_points, bulge_points, chord_count, circle_points, ellipse_points, polyline_points

RADII = [0.0005, 0.01, 0.4, 1.0, 7.0, 45.0, 2_000.0]


def midpoints(ring: np.ndarray) -> np.ndarray:
    return (ring + np.roll(ring, -1, axis=0)) / 2


@pytest.mark.parametrize("radius", RADII)
def test_circle_keeps_the_sagitta(radius: float) -> None:
    ring = circle_points((452_000.0, 3_453_000.0), radius)
    distance = np.hypot(*(midpoints(ring) - [452_000.0, 3_453_000.0]).T)
    assert np.all(radius - distance <= SAGITTA_M + 1e-9)
    assert np.all(np.abs(np.hypot(*(ring - [452_000.0, 3_453_000.0]).T) - radius) < 1e-8)


@pytest.mark.parametrize("radius", RADII[2:])
def test_no_more_chords_than_needed(radius: float) -> None:
    count = chord_count(radius, 2 * math.pi)
    assert radius * (1 - math.cos(math.pi / count)) <= SAGITTA_M
    assert radius * (1 - math.cos(math.pi / (count - 1))) > SAGITTA_M


@pytest.mark.parametrize("ratio", [0.05, 0.5, 1.0])
def test_ellipse_keeps_the_sagitta(ratio: float) -> None:
    ring = ellipse_points((0.0, 0.0), (9.0, 12.0), ratio)
    angles = np.arctan2(12.0, 9.0)
    turned = ring @ np.array([[math.cos(angles), -math.sin(angles)], [math.sin(angles), math.cos(angles)]])
    fine = turned[:, 0] / 15, turned[:, 1] / (15 * ratio)
    assert np.allclose(np.hypot(*fine), 1)
    halfway = midpoints(np.column_stack(fine))
    depth = (1 - np.hypot(*halfway.T)) * 15
    assert np.all(depth <= SAGITTA_M)


@given(st.floats(-5, 5).filter(lambda bulge: abs(bulge) > 1e-3), st.floats(-50, 50), st.floats(-50, 50).filter(lambda y: abs(y) > 0.1))
def test_bulge_ends_are_exact_and_the_way_back_is_the_same(bulge: float, x: float, y: float) -> None:
    there = bulge_points((0.0, 0.0), (x, y), bulge)
    back = bulge_points((x, y), (0.0, 0.0), -bulge)
    assert tuple(there[0]) == (0.0, 0.0)
    assert tuple(there[-1]) == (x, y)
    assert np.allclose(there, back[::-1], atol=1e-6)


def test_bulge_sign_is_its_direction() -> None:
    # Half a circle from west to east: anticlockwise it runs below, clockwise above.
    assert bulge_points((-1.0, 0.0), (1.0, 0.0), 1.0)[:, 1].min() == pytest.approx(-1.0, abs=SAGITTA_M)
    assert bulge_points((-1.0, 0.0), (1.0, 0.0), -1.0)[:, 1].max() == pytest.approx(1.0, abs=SAGITTA_M)


def test_arc_runs_either_way() -> None:
    assert np.allclose(arc_points((0.0, 0.0), 2.0, 0.0, math.pi / 2)[-1], [0, 2])
    assert np.allclose(arc_points((0.0, 0.0), 2.0, 0.0, -math.pi / 2)[-1], [0, -2])


@pytest.mark.parametrize(
    ("points", "closed", "expected"),
    [
        ([], True, []),
        ([(1, 2, 0)], True, [(1, 2)]),
        ([(0, 0, 0), (1, 0, 0), (1, 1, 0)], True, [(0, 0), (1, 0), (1, 1)]),
        ([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 0, 0)], True, [(0, 0), (1, 0), (1, 1)]),
        ([(0, 0, 0), (1, 0, 0), (1, 0, 0), (1, 1, 0)], False, [(0, 0), (1, 0), (1, 1)]),
    ],
)
def test_polyline_drops_repeated_points(points: list[tuple[float, ...]], closed: bool, expected: list[tuple[float, ...]]) -> None:
    assert polyline_points(np.array(points, dtype=float).reshape(-1, 3), closed=closed).tolist() == [list(p) for p in expected]


def test_two_bulges_of_one_close_a_circle() -> None:
    ring = polyline_points(np.array([(-3.0, 0.0, 1.0), (3.0, 0.0, 1.0)]), closed=True)
    assert np.allclose(np.hypot(*ring.T), 3)
    assert len(ring) == 2 * chord_count(3.0, math.pi)
