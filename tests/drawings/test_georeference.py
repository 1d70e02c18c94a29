import math

import ezdxf
import numpy as np
import pytest
from ezdxf.document import Drawing

from drawings.frames import Frame
from drawings.georeference import extent_issues, frame_of, place_drawing
from drawings.units import Declared, norm_issues, settled_issues, unit_by_size, unit_of
from gis.crs import lonlat_to_gcj02, lonlat_to_xy, transformer, xy_to_lonlat
from gis.geometry.similarity import Similarity

HERE = (450_400.0, 3_447_700.0)
CORNERS = np.array([(0.0, 0.0), (300.0, 10.0), (280.0, 210.0), (10.0, 190.0), (150.0, 100.0)])
PLANT = CORNERS + HERE
MIDDLE = np.median(PLANT, axis=0)
REGISTERED = tuple(xy_to_lonlat(MIDDLE[None])[0].tolist())
GCP = "name,x,y,E,N,src\n" + "".join(
    f"G{at},{x},{y},{450_000 + x - 3_221_900},{3_447_000 + y - 540_000},transplanted\n"
    for at, (x, y) in enumerate([(3_221_900, 540_000), (3_222_900, 540_000), (3_222_900, 540_900)])
)


def drawing(unit: int = 6) -> Drawing:
    made = ezdxf.new("R2013")
    made.header["$INSUNITS"] = unit
    return made


def codes(frame: Frame) -> list[str]:
    return [issue.code for issue in frame.issues]


@pytest.mark.parametrize(
    ("point", "known", "offset", "code", "says"),
    [
        (HERE, True, 0.0, None, ""),
        ((36_000_000 + HERE[0], HERE[1]), True, 36_000_000.0, "W603", "EPSG:4524"),
        ((HERE[1], HERE[0]), False, 0.0, "E603", "对调"),
        ((HERE[1], 36_000_000 + HERE[0]), False, 0.0, "E603", "对调"),
        ((HERE[0] * 1000, HERE[1] * 1000), False, 0.0, "E106", "毫米"),
        ((HERE[0] / 1000, HERE[1] / 1000), False, 0.0, "E106", "千米"),
        ((HERE[0] / 0.3048, HERE[1] / 0.3048), False, 0.0, "E106", "英尺"),
        ((35_000_000 + HERE[0], HERE[1]), False, 0.0, "E603", "带号 35"),
        ((450_000.0, 2_500_000.0), False, 0.0, "E603", "达州"),
        ((120.0, 80.0), False, 0.0, "E601", "真实坐标"),
        ((0.0, 0.0), False, 0.0, "E601", "真实坐标"),
        ((107.5, 31.2), False, 0.0, "E601", "经纬度"),
        ((31.2, 107.5), False, 0.0, "E601", "经纬度"),
        ((-HERE[0], -HERE[1]), False, 0.0, "E603", "不在达州"),
    ],
)
def test_frame(point: tuple[float, float], known: bool, offset: float, code: str | None, says: str) -> None:
    frame = frame_of(np.array([point, point, point]))
    assert (frame.known, frame.similarity.source[0]) == (known, offset)
    assert codes(frame) == ([code] if code else [])
    assert all(says in issue.message and issue.hint for issue in frame.issues)


def test_one_stray_point_does_not_move_the_answer() -> None:
    assert frame_of(np.array([HERE, HERE, HERE, (0.0, 0.0)])).known
    assert frame_of(np.empty((0, 2))).known


@pytest.mark.parametrize(("code", "faulty"), [(6, False), (0, False), (4, True), (1, True), (99, True)])
def test_units(code: int, faulty: bool) -> None:
    assert [issue.code for issue in norm_issues(Declared(code))] == (["E106"] if faulty else [])


def test_settled_units_are_named() -> None:
    assert settled_issues(Declared(6), 1.0, "控制点") == []
    assert settled_issues(Declared(0), 1.0, "控制点") == []
    assert settled_issues(Declared(99), 0.0254, "控制点")[0].message == "单位按控制点确定为英寸（图中声明：代码 99）"
    assert [unit_of(scale) for scale in (1.0002, 0.0253999, 0.9)] == [1.0, 0.0254, None]


@pytest.mark.parametrize(
    ("size", "unit"), [(19.0, None), (25.0, 1.0), (9_000.0, 1.0), (15_000.0, None), (60_000.0, 0.001), (9e6, 0.001), (2e7, None)]
)
def test_the_unit_that_a_size_proves(size: float, unit: float | None) -> None:
    assert unit_by_size(np.array([(0.0, 0.0), (size, size / 3)])) == unit
    assert unit_by_size(np.empty((0, 2))) is None


@pytest.mark.parametrize(("side", "faulty"), [(19.0, True), (20.0, False), (10_000.0, False), (10_001.0, True)])
def test_extent(side: float, faulty: bool) -> None:
    assert bool(extent_issues((0.0, 0.0, side, 5.0))) is faulty


def test_a_drawing_by_the_norm() -> None:
    frame = place_drawing(drawing(), PLANT, registered=REGISTERED)
    assert (frame.known, frame.method, frame.issues) == (True, "norm", ())
    assert frame.xy(PLANT) is PLANT


def test_a_wrong_header_blocks_a_drawing_by_the_norm_only() -> None:
    assert codes(place_drawing(drawing(4), PLANT)) == ["E106"]
    assert codes(place_drawing(drawing(4), PLANT, crs="EPSG:4545")) == ["W106"]


def test_a_survey_far_away_comes_by_its_control_points() -> None:
    survey = CORNERS + np.array([3_222_000.0, 540_100.0])
    refused = place_drawing(drawing(4), survey)
    assert not refused.known
    assert codes(refused) == ["E106", "E603"]
    frame = place_drawing(drawing(4), survey, gcp=GCP)
    assert frame.known
    assert codes(frame) == ["W106", "W604"]
    assert frame.note["transplanted"]
    np.testing.assert_allclose(frame.xy(survey), CORNERS + np.array([450_100.0, 3_447_100.0]), atol=1e-6)


def test_control_points_that_lead_out_of_dazhou() -> None:
    swapped = GCP.replace("name,x,y,E,N", "name,x,y,N,E")
    frame = place_drawing(drawing(), CORNERS + np.array([3_222_000.0, 540_100.0]), gcp=swapped)
    assert not frame.known
    assert place_drawing(drawing(), PLANT, gcp="nothing").known is False


def test_a_local_drawing_in_millimetres_without_a_header() -> None:
    frame = place_drawing(drawing(0), CORNERS * 1000 + (1_860_000, 480_000))
    assert not frame.known
    assert codes(frame) == ["W106", "E601"]
    assert frame.scale == pytest.approx(0.001)


def blocks(east: float) -> Drawing:
    made = drawing()
    made.blocks.new("QJ_GCP")
    for x, y in CORNERS[:3].tolist():
        insert = made.modelspace().add_blockref("QJ_GCP", (x, y))
        insert.add_attrib("E", str(HERE[0] + x + east))
        insert.add_attrib("N", str(HERE[1] + y))
    return made


def test_a_local_drawing_comes_by_its_blocks() -> None:
    frame = place_drawing(blocks(0), CORNERS)
    assert (frame.known, frame.method) == (True, "gcp")
    np.testing.assert_allclose(frame.xy(CORNERS), PLANT, atol=1e-6)


def test_blocks_only_check_true_coordinates() -> None:
    made = blocks(0)
    for insert in made.modelspace():
        insert.translate(*HERE, 0)  # type: ignore[attr-defined]
    assert place_drawing(made, PLANT).issues == ()
    made.modelspace()[0].translate(2, 0, 0)  # type: ignore[attr-defined]
    frame = place_drawing(made, PLANT)
    assert frame.known
    assert codes(frame) == ["E602"]


def in_degrees(*, shifted: bool = False) -> np.ndarray:
    lonlat = xy_to_lonlat(PLANT)
    return lonlat_to_gcj02(lonlat) if shifted else lonlat


def projected(epsg: int, base: int = 4490, *, shifted: bool = False) -> np.ndarray:
    return np.column_stack(transformer(base, epsg).transform(*in_degrees(shifted=shifted).T))


STATED = {
    "as it stands": ("EPSG:4545", PLANT, []),
    "exchanged": ("EPSG:4545", PLANT[:, ::-1], ["W614"]),
    "prefixed": ("EPSG:4545", PLANT + np.array([36e6, 0]), ["W603"]),
    "exchanged and prefixed": ("EPSG:4545", (PLANT + np.array([36e6, 0]))[:, ::-1], ["W603", "W614"]),
    "millimetres": ("EPSG:4545", PLANT * 1000, ["W106"]),
    "exchanged millimetres": ("EPSG:4545", PLANT[:, ::-1] * 1000, ["W614", "W106"]),
    "EPSG:4524": ("EPSG:4524", PLANT + np.array([36e6, 0]), []),
    "next zone": ("EPSG:4544", projected(4544), []),
    "degrees": ("EPSG:4490", in_degrees(), []),
    "degrees, latitude first": ("EPSG:4490", in_degrees()[:, ::-1], ["W614"]),
    "UTM": ("EPSG:32648", projected(32648, 4326), ["W613"]),
    "Web Mercator": ("EPSG:3857", projected(3857, 4326), ["W613"]),
    "GCJ-02": ("gcj02", in_degrees(shifted=True), []),
    "GCJ-02, projected": ("gcj02+EPSG:4545", lonlat_to_xy(in_degrees(shifted=True)), []),
    "GCJ-02 web tiles": ("gcj02+EPSG:3857", projected(3857, 4326, shifted=True), []),
}


@pytest.mark.parametrize(("crs", "points", "says"), STATED.values(), ids=STATED)
def test_a_stated_crs(crs: str, points: np.ndarray, says: list[str]) -> None:
    frame = place_drawing(drawing(), points, crs=crs, registered=REGISTERED)
    assert (frame.known, frame.method) == (True, "crs")
    assert codes(frame) == says
    np.testing.assert_allclose(frame.xy(points), PLANT, atol=1e-5)
    assert frame.note["crs"] == crs


@pytest.mark.parametrize(
    ("crs", "points", "code", "says"),
    [
        ("EPSG:4545", CORNERS, "E603", "不在达州"),
        ("EPSG:32648", PLANT, "E603", "经度"),
        ("EPSG:4610", in_degrees(), "E610", "转换参数"),
        ("EPSG:2433", PLANT, "E610", "转换参数"),
        ("EPSG:1", PLANT, "E610", "不认识"),
        ("火星", PLANT, "E610", "不认识"),
    ],
)
def test_a_stated_crs_that_does_not_hold(crs: str, points: np.ndarray, code: str, says: str) -> None:
    frame = place_drawing(drawing(), points, crs=crs)
    assert not frame.known
    assert codes(frame) == [code]
    assert says in frame.issues[0].message
    assert np.all(np.isfinite(frame.xy(points)))


def test_a_plan_far_from_its_enterprise() -> None:
    assert place_drawing(drawing(), PLANT + np.array([2_000, 0]), registered=REGISTERED).known
    frame = place_drawing(drawing(), PLANT + np.array([2_300, 0]), registered=REGISTERED)
    assert not frame.known
    assert codes(frame) == ["E603"]
    assert "2.1 km" in frame.issues[0].message or "2.2 km" in frame.issues[0].message


def test_a_plan_where_a_shifted_map_would_put_it() -> None:
    shifted = lonlat_to_xy(in_degrees(shifted=True))
    frame = place_drawing(drawing(), shifted, registered=REGISTERED)
    assert not frame.known
    assert codes(frame) == ["E603"]
    assert "GCJ-02" in frame.issues[0].message
    assert math.isclose(np.hypot(*(np.median(shifted, axis=0) - MIDDLE)), 500, abs_tol=10)
    # Whoever states the CRS answers for it; half a kilometre the other way is no shifted map.
    assert place_drawing(drawing(), shifted, crs="EPSG:4545", registered=REGISTERED).known
    assert place_drawing(drawing(), 2 * PLANT - shifted, registered=REGISTERED).known


def test_a_wide_plan_around_the_registered_point_is_not_suspected() -> None:
    wide = (lonlat_to_xy(in_degrees(shifted=True)) - MIDDLE) * 5 + MIDDLE
    wide = np.vstack([wide - np.median(wide, axis=0) + np.median(lonlat_to_xy(in_degrees(shifted=True)), axis=0), MIDDLE - 10])
    assert place_drawing(drawing(), wide, registered=REGISTERED).known


@pytest.mark.parametrize("scale", [1.0, 0.001])
def test_strays_are_named_and_not_judged(scale: float) -> None:
    plant = np.vstack([PLANT] * 4)
    points = np.vstack([plant, MIDDLE + np.array([9_000, 0]), MIDDLE + np.array([0, -3_000])]) / scale
    frame = place_drawing(drawing(6 if scale == 1 else 4), points, crs="EPSG:4545", registered=REGISTERED)
    assert frame.known
    assert [issue.message for issue in frame.issues if issue.code == "W107"] == ["2 个图元远离厂区，最远 9.0 km"]
    assert Similarity(factor=complex(scale)) == frame.similarity


def test_a_stated_unit_takes_the_place_of_the_header() -> None:
    millimetres = PLANT * 1000
    assert not place_drawing(drawing(6), millimetres).known
    frame = place_drawing(drawing(6), millimetres, unit=0.001)
    assert frame.known
    assert codes(frame) == ["W106"]
    np.testing.assert_allclose(frame.xy(millimetres), PLANT, atol=1e-6)
    local = place_drawing(drawing(4), CORNERS * 1000, unit=0.001)
    assert codes(local) == ["E601"]
    assert local.scale == 0.001
