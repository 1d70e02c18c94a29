import numpy as np
import pytest

from gis.geometry.chaining import chain
from gis.geometry.rings import area_m2


def line(*points: tuple[float, float]) -> np.ndarray:
    return np.array([(x, y, 0.0) for x, y in points], dtype=float)


SQUARE = [line((0, 0), (10, 0)), line((10, 10), (10, 0)), line((10, 10), (0, 10)), line((0, 0), (0, 10))]
"""Four sides, two of them drawn against the others."""


def test_sides_in_any_sense_make_a_ring() -> None:
    (ring,) = chain(SQUARE).rings
    assert area_m2(ring.points[:, :2]) == pytest.approx(100)
    assert {piece.curve for piece in ring.pieces} == {0, 1, 2, 3}
    assert ring.gap == 0


def test_a_small_gap_is_closed_and_a_larger_one_only_proposed() -> None:
    near = chain([line((0.04, 0), (10, 0)), *SQUARE[1:]])
    assert [ring.gap for ring in near.rings] == [pytest.approx(0.04, abs=1e-6)]
    far = chain([line((0.3, 0), (10, 0)), *SQUARE[1:]])
    assert far.rings == ()
    assert [gap.size for gap in far.proposals] == [pytest.approx(0.3)]
    open_ = chain([line((0.8, 0), (10, 0)), *SQUARE[1:]])
    assert (open_.rings, open_.proposals) == ((), ())
    assert len(open_.loose) == 2


def test_arcs_keep_their_bulge_when_they_run_backwards() -> None:
    half = np.array([(10.0, 0.0, 1.0), (0.0, 0.0, 0.0)])
    for arc in (half, np.array([(0.0, 0.0, -1.0), (10.0, 0.0, 0.0)])):
        (ring,) = chain([line((0, 0), (10, 0)), arc]).rings
        assert np.abs(ring.points[:, 2]).max() == pytest.approx(1.0)
        assert ring.points[:, 2].sum() > 0


def test_a_side_drawn_twice_is_named() -> None:
    found = chain([*SQUARE, line((0, 0), (10, 0))])
    assert len(found.rings) == 1
    assert len(found.repeats) == 1
