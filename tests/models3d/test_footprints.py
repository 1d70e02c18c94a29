import numpy as np
import pytest
import samples
import shapely

from gis.ground import ConstantGround
from models3d.footprints import fault, footprints


@pytest.mark.parametrize("shape", [shapely.Point(1, 2), shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])])
def test_what_can_carry_a_solid_has_no_fault(shape: shapely.Geometry) -> None:
    assert fault(shape) is None


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (None, "empty"),
        (shapely.Polygon(), "empty"),
        (shapely.LineString([(0, 0), (1, 1)]), "LineString"),
        (shapely.Point(np.inf, 0), "no numbers"),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "not valid"),
        (shapely.box(0, 0, 1e-4, 1e-4), "no area"),
    ],
)
def test_what_cannot_says_why(shape: shapely.Geometry, reason: str) -> None:
    assert reason in (fault(shape) or "")


def test_footprints_are_in_metres_at_the_origin_and_level() -> None:
    square = samples.feature("building", "B1", "方", samples.box(-5, -5, 10, 10))
    places = footprints([square], samples.ORIGIN, ConstantGround(3.0))
    assert places.shapes[0].area == pytest.approx(100, rel=1e-3)
    assert places.shapes[0].centroid.distance(shapely.Point(0, 0)) < 1e-6
    assert places.up_m == pytest.approx([3.0], abs=1e-4)


def test_points_that_say_nothing_are_left_out_and_heights_ignored() -> None:
    dense = samples.feature("building", "B2", "密", shapely.Polygon([(0, 0, 9), (5, 0, 9), (5, 0, 9), (10, 0, 9), (10, 10, 9), (0, 10, 9)]))
    (shape,) = footprints([dense], samples.ORIGIN, ConstantGround()).shapes
    assert not shape.has_z
    assert len(shape.exterior.coords) in (5, 6)
