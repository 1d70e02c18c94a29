import numpy as np
import pytest
import shapely

from demo.cover import paint, scene
from demo.geography import City, city
from demo.land import Land, Yard, land, stretched
from demo.noise import Floats, Grid

PIXEL_M = 240.0


@pytest.fixture(scope="module")
def around() -> City:
    return city(4)


@pytest.fixture(scope="module")
def yards(around: City) -> list[Yard]:
    middles = [zone.xy.centroid for zone in around.zones]
    return [Yard(str(number), middle.buffer(260), around.ground_m(middle)) for number, middle in enumerate(middles)]


@pytest.fixture(scope="module")
def lie(around: City, yards: list[Yard]) -> Land:
    return land(around, yards, PIXEL_M)


def at(lie: Land, points: shapely.Geometry) -> Floats:
    """The model's cells at points."""
    xy = shapely.get_coordinates(points)
    i = np.clip(((xy[:, 0] - lie.grid.x[0]) / PIXEL_M).round().astype(int), 0, len(lie.grid.x) - 1)
    j = np.clip(((lie.grid.y[0] - xy[:, 1]) / PIXEL_M).round().astype(int), 0, len(lie.grid.y) - 1)
    return lie.heights[j, i]


def test_rivers_run_downhill_in_their_valleys(around: City, lie: Land) -> None:
    for river in around.rivers:
        spots = shapely.line_interpolate_point(river.xy, np.linspace(0.02, 0.98, 60), normalized=True)
        water = np.array([river.level_m(spot) for spot in spots])
        bed = at(lie, spots)
        # A cell is wider than a river: it shows a part of its banks. Where one river meets another the other's level counts.
        assert np.quantile(np.abs(bed - water), 0.8) < 16
        assert np.polyfit(np.arange(60), bed, 1)[0] < 0


def test_plants_stand_near_their_given_height(yards: list[Yard], lie: Land) -> None:
    for yard in yards:
        assert float(at(lie, yard.outline.centroid)[0]) == pytest.approx(yard.base_1985_m, abs=8)


def test_the_same_seed_makes_the_same_land_and_picture(around: City, yards: list[Yard], lie: Land) -> None:
    again = land(around, yards, PIXEL_M)
    assert again.heights.tobytes() == lie.heights.tobytes()
    assert 200 < lie.heights.min() < 300
    assert 1200 < lie.heights.max() < 2600
    view = scene(around, lie, yards)
    west, south, _, _ = yards[0].outline.bounds
    grid = Grid(np.arange(west, west + 700, 4.0), np.arange(south + 700, south, -4.0))
    one = paint(view, grid, np.ones(grid.shape, np.float32))
    assert one.shape == (*grid.shape, 3)
    assert (one == paint(view, grid, np.ones(grid.shape, np.float32))).all()
    assert one.reshape(-1, 3).std(axis=0).min() > 6
    # A part of a picture is that part of it.
    part = Grid(grid.x[40:90], grid.y[30:70])
    assert np.abs(paint(view, part, np.ones(part.shape, np.float32)).astype(int) - one[30:70, 40:90]).max() <= 1
    assert stretched(lie.heights, lie.grid, part).shape == part.shape
