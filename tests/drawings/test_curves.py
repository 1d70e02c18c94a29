"""Curves whose length or area is known exactly."""

import math

import numpy as np
import pytest
import shapely
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.filemanagement import new
from ezdxf.layouts.layout import Modelspace
from ezdxf.math import OCS
from shapely.geometry import LineString, Point, Polygon

from drawings.curves import Curve, curve_of
from drawings.native import points_of

FINE = 1e-5
SLOPE = {"extrusion": OCS((0, 0.6, 0.8)).uz}
"""A plane that rises by 3 in 4: a circle in it is 0.8 as deep from above."""
UPRIGHT = {"extrusion": (0, 1, 0)}
CORNERS = np.array([(449000, 3447000), (449050, 3447100), (449150, 3447100), (449200, 3447000), (449100, 3446950)], dtype=float)


@pytest.fixture
def space() -> Modelspace:
    return new("R2013").modelspace()


def read(entity: DXFGraphic) -> Curve:
    curve = curve_of(entity, FINE)
    assert curve is not None
    return curve


def uniform_cubic(corners: np.ndarray, steps: int) -> np.ndarray:
    """Return points of the closed uniform cubic B-spline of some corners, by its basis matrix."""
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    basis = np.hstack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    return np.vstack([basis @ np.roll(corners, -first, axis=0)[:4] for first in range(len(corners))])


def test_a_periodic_spline_stays_where_it_is_drawn(space: Modelspace) -> None:
    entity = space.add_spline()
    entity.set_closed([(x, y, 0) for x, y in CORNERS])
    curve = read(entity)
    assert curve.closed
    truth = Polygon(uniform_cubic(CORNERS, 2000))
    assert Polygon(curve.line).symmetric_difference(truth).area < 1e-5 * truth.area
    assert Polygon(points_of(curve.shape, FINE)).symmetric_difference(truth).area < 1e-5 * truth.area


def test_a_periodic_rational_spline_with_equal_weights_is_the_plain_one(space: Modelspace) -> None:
    plain, rational = space.add_spline(), space.add_spline()
    plain.set_closed([(x, y, 0) for x, y in CORNERS])
    rational.set_closed_rational([(x, y, 0) for x, y in CORNERS], [2.0] * len(CORNERS))
    lines = [LineString(read(one).line) for one in (plain, rational)]
    assert lines[0].hausdorff_distance(lines[1]) < 1e-4
    assert read(rational).shape["weights"] == pytest.approx([2.0] * len(read(plain).shape["control_points"]))


def test_a_spline_by_fit_points_runs_through_them(space: Modelspace) -> None:
    fit = [(0, 0), (5, 10), (10, -10), (20, 0)]
    entity = space.add_spline(fit)
    assert entity.control_point_count() == 0
    curve = read(entity)
    line = LineString(curve.line)
    assert max(line.distance(Point(point)) for point in fit) < 1e-3
    assert curve.line[[0, -1]] == pytest.approx(np.array([fit[0], fit[-1]]), abs=1e-9)
    assert LineString(points_of(curve.shape, FINE)).hausdorff_distance(line) < 1e-3


@pytest.mark.parametrize("knots", [[0.0] * 8, [0, 0, 0, 0, 3, 2, 1, 4.0], [5, 5, 5, 5, 5, 5, 5, 5.0]])
def test_knots_that_leave_no_curve(space: Modelspace, knots: list[float]) -> None:
    entity = space.add_open_spline([(0, 0), (1, 1), (2, 0), (3, 1)])
    entity.knots = knots
    assert curve_of(entity) is None


def test_a_spline_without_points_is_none(space: Modelspace) -> None:
    assert curve_of(space.add_spline()) is None


def test_a_tilted_circle_is_an_ellipse_from_above(space: Modelspace) -> None:
    curve = read(space.add_circle((5, 5), 7.5, dxfattribs=SLOPE))
    assert curve.shape["type"] == "ellipse"
    assert Polygon(curve.line).area == pytest.approx(0.8 * math.pi * 7.5**2, rel=1e-5)
    assert np.ptp(curve.line, axis=0) == pytest.approx([15, 12], rel=1e-5)
    centre = OCS(SLOPE["extrusion"]).to_wcs((5, 5, 0))
    assert curve.shape["center"] == pytest.approx([centre.x, centre.y])


def test_a_circle_on_a_wall_has_no_outline(space: Modelspace) -> None:
    assert curve_of(space.add_circle((5, 5), 7.5, dxfattribs=UPRIGHT)) is None


def test_a_tilted_arc_and_a_tilted_bulge_are_the_same_half_ellipse(space: Modelspace) -> None:
    arc = read(space.add_arc((5, 5), 7.5, 0, 180, dxfattribs=SLOPE))
    bulge = read(space.add_lwpolyline([(12.5, 5, 1), (-2.5, 5, 0)], format="xyb", dxfattribs=SLOPE))
    assert LineString(arc.line).hausdorff_distance(LineString(bulge.line)) < 1e-4
    assert Polygon(arc.line).area == pytest.approx(0.4 * math.pi * 7.5**2, rel=1e-5)
    # Chords, as its arcs are none from above.
    assert not any(row[2] for row in bulge.shape["points"])


def test_a_tilted_ellipse_is_seen_from_above(space: Modelspace) -> None:
    flat = read(space.add_ellipse((3, 4), (10, 0), 0.5))
    tilted = read(space.add_ellipse((3, 4), (10, 0), 0.5, dxfattribs=SLOPE))
    assert Polygon(flat.line).area == pytest.approx(50 * math.pi, rel=1e-5)
    assert tilted.closed
    assert Polygon(tilted.line).area == pytest.approx(0.8 * 50 * math.pi, rel=1e-5)


@pytest.mark.parametrize("bulge", [0.3, 1.0, 2.5, 20.0, -2.5])
def test_a_bulge_is_an_arc_of_its_length(space: Modelspace, bulge: float) -> None:
    curve = read(space.add_lwpolyline([(449000, 3447000, bulge), (449003, 3447004, 0)], format="xyb"))
    radius, angle = 5 * (1 + bulge**2) / (4 * abs(bulge)), 4 * math.atan(abs(bulge))
    assert shapely.length(LineString(curve.line)) == pytest.approx(radius * angle, rel=1e-5)


@pytest.mark.parametrize("extrusion", [(0, 0, 1), (0, 0, -1)])
def test_sectors_seen_from_above_and_from_below(space: Modelspace, extrusion: tuple[int, int, int]) -> None:
    down = {"extrusion": extrusion}
    arc = read(space.add_arc((5, 5), 7.5, 350, 20, dxfattribs=down))
    assert shapely.length(LineString(arc.line)) == pytest.approx(math.radians(30) * 7.5, rel=1e-5)
    side = extrusion[2]
    # Where the plane is seen from below its x axis points the other way.
    assert arc.line[0] == pytest.approx([side * (5 + 7.5 * math.cos(math.radians(350))), 5 + 7.5 * math.sin(math.radians(350))])
    assert read(space.add_circle((5, 5), 7.5, dxfattribs=down)).shape == {"type": "circle", "center": [side * 5, 5], "radius": 7.5}
