import cmath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import GeometryError
from gis.geometry.similarity import IDENTITY, SWAP_AXES, Similarity, fit, residuals, rms, spread, straightness

HERE = (450_400.0, 3_447_700.0)
PLACES = st.floats(-4e6, 4e6).map(lambda value: round(value, 3))
SIMILARITIES = st.builds(
    Similarity,
    source=st.tuples(PLACES, PLACES),
    target=st.tuples(PLACES, PLACES),
    factor=st.builds(cmath.rect, st.floats(1e-3, 1e3), st.floats(-3.1, 3.1)),
    mirrored=st.booleans(),
)
CORNERS = np.array([(0.0, 0.0), (300.0, 0.0), (310.0, 200.0), (-20.0, 180.0)])


@given(SIMILARITIES)
def test_a_similarity_is_found_again(similarity: Similarity) -> None:
    source = CORNERS / similarity.scale + similarity.source
    target = similarity.points(source)
    found = fit(source, target, mirrored=similarity.mirrored)
    assert rms(residuals(found, source, target)) < 1e-6
    assert found.scale == pytest.approx(similarity.scale, rel=1e-6)
    assert cmath.phase(found.factor / similarity.factor) == pytest.approx(0.0, abs=1e-6)


@given(SIMILARITIES)
def test_points_directions_and_angles_agree(similarity: Similarity) -> None:
    base = np.array([similarity.source])
    for angle in (0.0, 1.0, -2.5):
        ray = np.array([[np.cos(angle), np.sin(angle)]])
        moved = similarity.vectors(ray)
        np.testing.assert_allclose(similarity.points(base + ray) - similarity.points(base), moved, atol=1e-6, rtol=1e-5)
        turned = similarity.angle(angle)
        np.testing.assert_allclose(moved, [[similarity.scale * np.cos(turned), similarity.scale * np.sin(turned)]], rtol=1e-9, atol=1e-9)


def test_identity_and_exchanged_axes_are_exact() -> None:
    points = np.array([HERE])
    assert IDENTITY.points(points).tolist() == [list(HERE)]
    assert SWAP_AXES.points(points).tolist() == [list(HERE[::-1])]


def test_noise_is_shared_out() -> None:
    noise = np.array([(0.1, 0.0), (-0.1, 0.0), (0.0, 0.1), (0.0, -0.1)])
    offsets = residuals(fit(CORNERS, CORNERS + noise), CORNERS, CORNERS + noise)
    assert rms(offsets) <= rms(noise)
    np.testing.assert_allclose(offsets.sum(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize("points", [np.empty((0, 2)), np.array([HERE]), np.array([HERE, HERE, HERE])])
def test_too_few_points(points: np.ndarray) -> None:
    with pytest.raises(GeometryError):
        fit(points, points)


def test_points_whose_targets_have_no_similarity() -> None:
    with pytest.raises(GeometryError):
        fit(np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]), np.array([(0.0, 0.0), (1.0, 1.0), (1.0, 1.0), (0.0, 0.0)]))


def test_straightness() -> None:
    assert straightness(np.array([(0, 0), (1, 1), (2, 2)], dtype=float)) < 1e-9
    assert straightness(np.array([(0, 0), (1, 0), (0, 1), (1, 1)], dtype=float)) == pytest.approx(1.0)
    assert spread(np.array([HERE, HERE])) == 0.0
