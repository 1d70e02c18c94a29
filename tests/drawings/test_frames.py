import cmath
import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings.frames import Frame
from drawings.native import is_closed, lines_of, points_of
from gis.crs import Source, lonlat_to_gcj02, transformer, xy_to_lonlat
from gis.geometry.similarity import SWAP_AXES, Similarity

HERE = (450_400.0, 3_447_700.0)
FINE_M = 1e-5
SHAPES: dict[str, dict[str, Any]] = {
    "arcs": {"type": "lwpolyline", "points": [[0, 0, 0.5], [40, 0, 0], [40, 30, -0.4], [0, 30, 1.0]], "closed": True},
    "open": {"type": "lwpolyline", "points": [[0, 0, 0], [25, 3, -0.7], [50, 0, 0]], "closed": False},
    "circle": {"type": "circle", "center": [10, 20], "radius": 25.0},
    "ellipse": {"type": "ellipse", "center": [10, 20], "major_axis": [30, 10], "ratio": 0.4},
    "spline": {
        "type": "spline",
        "degree": 3,
        "control_points": [[0, 0], [20, 30], [50, -10], [70, 40], [90, 0]],
        "knots": [0, 0, 0, 0, 1, 2, 2, 2, 2],
        "weights": [],
    },
    "hole": {
        "type": "lwpolyline",
        "points": [[0, 0, 0], [90, 0, 0], [90, 70, 0.3], [0, 70, 0]],
        "closed": True,
        "holes": [{"type": "circle", "center": [40, 30], "radius": 12.0}],
    },
}


def drawn_at(shape: dict[str, Any], frame: Frame) -> dict[str, Any]:
    """Return a sample in the drawing coordinates of a frame: its size in metres, its place at the frame's middle."""
    return Frame(True, Similarity(target=frame.middle, factor=complex(1 / frame.scale))).shape(shape)


def line(points: np.ndarray, shape: dict[str, Any]) -> shapely.LineString:
    return shapely.LineString(np.vstack([points, points[:1]]) if is_closed(shape) else points)


def assert_same_place(shape: dict[str, Any], frame: Frame, *, within: float = 0.001) -> None:
    """A shape that was moved lies where its own points are moved to."""
    after = frame.shape(shape)
    for before, moved in zip(lines_of(shape), lines_of(after), strict=True):
        exact = line(frame.xy(points_of(before, FINE_M / frame.scale)), before)
        assert shapely.hausdorff_distance(exact, line(points_of(moved, FINE_M), moved)) <= within


def in_crs(epsg: int, *, shifted: bool = False) -> Frame:
    """Return the frame of a drawing in another CRS, with its middle at HERE."""
    lonlat = xy_to_lonlat(np.array([HERE]))
    lonlat = lonlat_to_gcj02(lonlat) if shifted else lonlat
    base = 4326 if epsg in (3857, 32648) else 4490
    x, y = transformer(base, epsg).transform(*lonlat[0])
    return Frame(True, source=Source(epsg, "gcj02" if shifted else None), middle=(x, y), method="crs")


SIMILARITIES = st.builds(
    Similarity,
    source=st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)),
    target=st.just(HERE),
    factor=st.builds(cmath.rect, st.sampled_from([1.0, 0.001, 0.0254, 0.3048]), st.floats(-3.1, 3.1)),
    mirrored=st.booleans(),
)


@settings(deadline=None, max_examples=30)
@given(SIMILARITIES, st.sampled_from(sorted(SHAPES)))
def test_curves_stay_curves_under_a_similarity(similarity: Similarity, name: str) -> None:
    frame = Frame(True, similarity, middle=similarity.source)
    shape = drawn_at(SHAPES[name], frame)
    assert frame.shape(shape)["type"] == shape["type"]
    assert_same_place(shape, frame, within=3 * FINE_M)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("frame", [in_crs(3857), in_crs(32648), in_crs(4544), in_crs(4545, shifted=True), in_crs(4490)], ids=str)
def test_curves_lie_within_a_millimetre_in_another_crs(name: str, frame: Frame) -> None:
    shape = drawn_at(SHAPES[name], frame)
    np.testing.assert_allclose(frame.xy(np.array([frame.middle])), [HERE], atol=1e-5)
    assert_same_place(shape, frame)


@pytest.mark.parametrize("name", ["arcs", "circle"])
def test_conformal_maps_keep_curves_and_others_straighten_them(name: str) -> None:
    conformal, degrees = in_crs(32648), in_crs(4490)
    kept, straight = conformal.shape(drawn_at(SHAPES[name], conformal)), degrees.shape(drawn_at(SHAPES[name], degrees))
    assert kept["type"] == SHAPES[name]["type"]
    assert straight["type"] == "lwpolyline"
    assert straight["closed"]
    assert not any(bulge for _, _, bulge in straight["points"])


def test_what_is_in_place_is_not_touched() -> None:
    frame, points = Frame(True), np.array([HERE])
    assert frame.xy(points) is points
    assert frame.shape(SHAPES["arcs"]) is SHAPES["arcs"]
    assert frame.scale == 1.0


def test_scale_is_metres_per_unit() -> None:
    assert Frame(True, Similarity(factor=0.001j)).scale == pytest.approx(0.001)
    assert in_crs(3857).scale == pytest.approx(math.cos(math.radians(31.15)), rel=0.005)
    assert 90_000 < in_crs(4490).scale < 111_000


def test_exchanged_axes_turn_blocks_and_bulges_over() -> None:
    frame = Frame(True, SWAP_AXES)
    insert = {"type": "insert", "point": [HERE[1], HERE[0]], "block": "QJ_DW", "rotation": 30.0}
    assert frame.shape(insert) == {**insert, "point": list(HERE), "rotation": pytest.approx(60.0), "yscale": -1.0}
    assert frame.shape(SHAPES["arcs"])["points"][0] == [0, 0, -0.5]


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e300, 1e13])
def test_numbers_that_are_no_places(bad: float) -> None:
    for frame in (Frame(True), in_crs(3857), in_crs(4490)):
        assert not frame.holds(np.array([(bad, 0.0)]))
    assert Frame(True, Similarity(factor=0.001 + 0j)).holds(np.array([HERE]) * 1000)
