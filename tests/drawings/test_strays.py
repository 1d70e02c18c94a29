import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from drawings.frames import Frame
from drawings.strays import stray_issues, strays
from gis.geometry.similarity import Similarity

METRES = Frame(True)
SEEDS = st.integers(0, 2**32 - 1)


def plant(seed: int, count: int = 60, side: float = 400.0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, side, (count, 2)) + np.array([450_400.0, 3_447_700.0])


@given(SEEDS)
def test_a_plant_has_none(seed: int) -> None:
    assert strays(plant(seed), METRES).tolist() == []


@given(SEEDS, st.integers(0, 5), st.sampled_from([1.0, 0.001]))
def test_what_lies_far_off_is_found_wherever_it_stands(seed: int, many: int, scale: float) -> None:
    points = plant(seed)
    far = np.random.default_rng(seed).choice(len(points), many, replace=False)
    points[far] += (3_000.0, 0.0)
    frame = Frame(True, Similarity(factor=complex(scale)))
    assert strays(points / scale, frame).tolist() == sorted(far.tolist())


def test_what_is_drawn_densely_makes_no_strays_of_its_neighbours() -> None:
    dense = plant(1, 500, 15.0)
    around = plant(2, 20, 280.0) - 130
    assert strays(np.vstack([dense, around]), METRES).tolist() == []


def test_a_chain_of_neighbours_is_a_plant() -> None:
    chain = np.column_stack([np.arange(100.0) * 80, np.zeros(100)])
    assert strays(chain, METRES).tolist() == []


def test_a_tenth_elsewhere_is_another_part_and_few_points_are_no_plant() -> None:
    assert strays(np.vstack([plant(1, 30), plant(2, 30) + 8_000]), METRES).tolist() == []
    assert strays(np.array([(0.0, 0.0), (0.0, 1.0), (9e6, 0.0)]), METRES).tolist() == []
    assert strays(np.empty((0, 2)), METRES).tolist() == []


def test_the_warning_names_the_farthest() -> None:
    points = np.vstack([plant(1), (460_000.0, 3_447_900.0), (450_600.0, 3_457_900.0)])
    found = stray_issues(points, strays(points, METRES), METRES)
    assert [issue.code for issue in found] == ["W107"]
    assert found[0].message == "2 个图元远离厂区，最远 10.0 km"
    assert found[0].place.xy == (450_600.0, 3_457_900.0)
    assert stray_issues(points, np.empty(0, dtype=np.int64), METRES) == []
