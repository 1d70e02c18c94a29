"""Bulge paths: the arcs they stand for."""

import math

import pytest

from styles.paths import Arc, Path, arc, circle, flat, pieces, placed


def test_a_circle_is_two_half_arcs() -> None:
    one, other = pieces(circle((3.0, 4.0), 2.0))
    assert isinstance(one, Arc)
    assert isinstance(other, Arc)
    for piece in (one, other):
        assert piece.centre == pytest.approx((3.0, 4.0))
        assert piece.radius == pytest.approx(2.0)
        assert piece.sweep == pytest.approx(math.pi)


@pytest.mark.parametrize(("start", "end"), [(0, 90), (30, 300), (-50, 50), (350, 10), (0, 360)])
def test_an_arc_goes_from_one_angle_to_the_other(start: float, end: float) -> None:
    path = arc((1.0, 2.0), 5.0, start, end)
    sweep = sum(piece.sweep for piece in pieces(path) if isinstance(piece, Arc))
    assert sweep == pytest.approx(math.radians((end - start) % 360 or 360))
    for x, y in flat(path):
        assert math.hypot(x - 1, y - 2) == pytest.approx(5.0)
    assert path.vertices[-1][:2] == pytest.approx((1 + 5 * math.cos(math.radians(end)), 2 + 5 * math.sin(math.radians(end))))


def test_a_negative_bulge_turns_clockwise() -> None:
    (piece,) = pieces(Path(((0.0, 0.0, -1.0), (2.0, 0.0, 0.0))))
    assert isinstance(piece, Arc)
    assert piece.sweep == pytest.approx(-math.pi)
    assert max(y for _, y in flat(Path(((0.0, 0.0, -1.0), (2.0, 0.0, 0.0))))) == pytest.approx(1.0, abs=0.01)


def test_flattening_keeps_to_its_sagitta() -> None:
    points = flat(circle((0.0, 0.0), 10.0), sagitta=0.05)
    middles = [((x1 + x2) / 2, (y1 + y2) / 2) for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True)]
    assert all(10 - math.hypot(x, y) <= 0.05 + 1e-9 for x, y in middles)


def test_placing_keeps_arcs() -> None:
    moved = placed(circle((1.0, 0.0), 1.0), (10.0, 20.0), scale=2.0, turn_deg=90.0)
    one, _ = pieces(moved)
    assert isinstance(one, Arc)
    assert one.centre == pytest.approx((10.0, 22.0))
    assert one.radius == pytest.approx(2.0)
