import numpy as np
import samples
import shapely

from tiles.grid import CELL_M, MAX_DEPTH, cells


def points(xy: np.ndarray) -> list[shapely.Point]:
    return [samples.at(shapely.Point(x, y)) for x, y in xy]


def test_nothing_has_no_cells() -> None:
    assert cells([]) == {}


def test_cells_lie_on_a_fixed_origin() -> None:
    column, row = np.floor(samples.ANCHOR_XY / CELL_M).astype(int)
    assert list(cells([shapely.Point(samples.LONLAT)])) == [f"{column}_{row}"]
    west, south = -(samples.ANCHOR_XY % CELL_M)
    around = points(np.array([[west - 0.01, south + 1], [west + 0.01, south + 1], [west + 1, south - 0.01]]))
    assert list(cells(around)) == [f"{column - 1}_{row}", f"{column}_{row - 1}", f"{column}_{row}"]


def test_other_features_do_not_move_a_feature() -> None:
    some = points(np.array([[0, 0], [700, 0], [0, -900]]))
    alone = {key for one in some for key in cells([one])}
    assert set(cells(some)) == alone


def test_every_feature_is_in_one_cell_of_at_most_the_capacity() -> None:
    chance = np.random.default_rng(1)
    many = points(chance.uniform(-600, 600, (300, 2)))
    found = cells(many, capacity=7)
    assert sorted(np.concatenate(list(found.values())).tolist()) == list(range(300))
    assert max(map(len, found.values())) <= 7


def test_a_crowd_in_one_place_is_cut_in_runs() -> None:
    found = cells([shapely.Point(samples.LONLAT)] * 25, capacity=10)
    assert sorted(map(len, found.values())) == [5, 10, 10]
    assert all(key.count("q") == MAX_DEPTH for key in found)


def test_a_footprint_is_keyed_by_a_point_inside_it() -> None:
    ring = shapely.Polygon([(-9, -9), (9, -9), (9, 9), (-9, 9)], [[(-8, -8), (8, -8), (8, 8), (-8, 8)]])
    assert len(cells([samples.at(ring)])) == 1
