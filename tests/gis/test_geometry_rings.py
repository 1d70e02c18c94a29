import numpy as np
import pytest

from gis.geometry.rings import area_m2, gap_m, polygon, self_crossing

SQUARE = np.array([(0, 0), (4, 0), (4, 4), (0, 4)], dtype=float)
FAR = np.array([450_000.0, 3_450_000.0])
BOW_TIE = np.array([(0, 0), (4, 4), (4, 0), (0, 4)], dtype=float)


@pytest.mark.parametrize(("points", "gap"), [(SQUARE, 4.0), (SQUARE[:1], 0.0), (SQUARE[:0], 0.0), (np.vstack([SQUARE, SQUARE[:1]]), 0.0)])
def test_gap(points: np.ndarray, gap: float) -> None:
    assert gap_m(points) == gap


def test_area_is_signed_and_exact_far_from_the_origin() -> None:
    assert area_m2(SQUARE + FAR) == 16
    assert area_m2((SQUARE + FAR)[::-1]) == -16
    assert area_m2(SQUARE[:0]) == 0


@pytest.mark.parametrize(
    ("points", "place"),
    [
        (SQUARE + FAR, None),
        (BOW_TIE, (2.0, 2.0)),
        (BOW_TIE + FAR, (450_002.0, 3_450_002.0)),
        (np.array([(0, 0), (4, 0), (2, 0)], dtype=float), (2.0, 0.0)),
        (SQUARE[:2], (0.0, 0.0)),
        (SQUARE[:0], None),
    ],
)
def test_self_crossing_names_the_place(points: np.ndarray, place: tuple[float, float] | None) -> None:
    assert self_crossing(points) == (pytest.approx(place) if place else None)


def test_polygon_is_oriented_whatever_the_drafter_did() -> None:
    hole = np.array([(1, 1), (2, 1), (2, 2), (1, 2)], dtype=float)
    for exterior in (SQUARE, SQUARE[::-1]):
        for inner in (hole, hole[::-1]):
            shape = polygon(exterior, (inner,))
            assert shape.area == 15
            assert shape.exterior.is_ccw
            assert not shape.interiors[0].is_ccw
