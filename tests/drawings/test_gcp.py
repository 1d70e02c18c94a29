import cmath

import ezdxf
import numpy as np
import pytest
from ezdxf.document import Drawing

from drawings.frames import Frame
from drawings.gcp import ControlPoint, contradiction, drawn_points, frame_by, points_of
from gis.geometry.similarity import Similarity
from gis.issues import Issue

HERE = (450_400.0, 3_447_700.0)
CORNERS = [(0.0, 0.0), (400.0, 0.0), (400.0, 300.0), (0.0, 300.0)]
LOCAL = Similarity(target=HERE, factor=cmath.rect(1.0, 0.4))
HEADER = "name,x,y,E,N,src\n"


def drawing(unit: int = 6) -> Drawing:
    made = ezdxf.new("R2013")
    made.header["$INSUNITS"] = unit
    return made


def control(similarity: Similarity = LOCAL, count: int = 4, source: str = "RTK") -> list[ControlPoint]:
    """Return control points of a drawing whose corners are given in metres."""
    drawn = np.array(CORNERS[:count]) / similarity.scale
    places = zip(drawn.tolist(), similarity.points(drawn).tolist(), strict=True)
    return [ControlPoint(f"G{index}", tuple(here), tuple(there), source) for index, (here, there) in enumerate(places, 1)]


def moved(points: list[ControlPoint], index: int, east: float, north: float = 0.0) -> list[ControlPoint]:
    one = points[index]
    return [*points[:index], ControlPoint(one.name, one.drawn, (one.true[0] + east, one.true[1] + north), one.source), *points[index + 1 :]]


def codes(issues: tuple[Issue, ...] | list[Issue]) -> list[str]:
    return [issue.code for issue in issues]


def test_points_that_agree() -> None:
    frame = frame_by(control(), drawing())
    assert frame.known
    assert frame.issues == ()
    assert (frame.method, frame.note["rms_m"], frame.note["transplanted"]) == ("gcp", 0.0, False)
    assert frame.note["turn_deg"] == pytest.approx(np.degrees(0.4))
    assert frame.note["residuals_m"] == {"G1": 0.0, "G2": 0.0, "G3": 0.0, "G4": 0.0}
    np.testing.assert_allclose(frame.xy(np.array([(100.0, 50.0)])), LOCAL.points(np.array([(100.0, 50.0)])), atol=1e-6)


@pytest.mark.parametrize(
    ("header", "scale", "says"), [(4, 1.0, ["W106"]), (6, 0.001, ["W106"]), (4, 0.001, []), (0, 1.0, []), (0, 0.001, ["W106"])]
)
def test_the_unit_is_settled_by_the_points(header: int, scale: float, says: list[str]) -> None:
    frame = frame_by(control(Similarity(target=HERE, factor=complex(scale))), drawing(header))
    assert frame.known
    assert codes(frame.issues) == says
    assert frame.note["unit_m"] == scale


def test_a_scale_that_is_no_unit() -> None:
    frame = frame_by(control(Similarity(target=HERE, factor=0.97 + 0j)), drawing())
    assert not frame.known
    assert codes(frame.issues) == ["E602"]
    assert "0.97" in frame.issues[0].message


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_wrong_point_is_named(count: int, index: int) -> None:
    frame = frame_by(moved(control(count=count), index, 20.0, -13.0), drawing())
    assert not frame.known
    assert codes(frame.issues) == ["E602"]
    assert f"G{index + 1}" in frame.issues[0].hint
    assert frame.note["residuals_m"][f"G{index + 1}"] > 1


def test_small_residuals_are_shown_and_taken() -> None:
    frame = frame_by(moved(control(), 0, 0.3), drawing())
    assert frame.known
    assert 0 < frame.note["rms_m"] < 0.3


def test_a_mirrored_drawing_is_refused() -> None:
    frame = frame_by(control(Similarity(target=HERE, mirrored=True)), drawing())
    assert not frame.known
    assert "镜像" in frame.issues[0].hint


@pytest.mark.parametrize(
    "points",
    [[], control(count=1), [*control(count=1), *control(count=1)], [ControlPoint("A", (0, 0), HERE), ControlPoint("B", (9, 9), HERE)]],
)
def test_too_few_points(points: list[ControlPoint]) -> None:
    frame = frame_by(points, drawing())
    assert not frame.known
    assert codes(frame.issues) == ["E602"]


def test_points_that_nothing_checks() -> None:
    assert codes(frame_by(control(count=2), drawing()).issues) == ["W612"]
    drawn = np.array([(0.0, 0.0), (100.0, 100.0), (300.0, 300.5)])
    line = [ControlPoint(str(at), tuple(here), tuple(LOCAL.points(np.array([here]))[0])) for at, here in enumerate(drawn.tolist())]
    assert codes(frame_by(line, drawing()).issues) == ["W612"]


@pytest.mark.parametrize("source", ["gcj02", "高德地图", "Google Earth", "BD-09", "AMAP"])
def test_points_of_shifted_maps_are_refused(source: str) -> None:
    frame = frame_by(control(source=source), drawing())
    assert not frame.known
    assert codes(frame.issues) == ["E611"] * 4


def test_a_transplant_is_marked() -> None:
    assert frame_by(control(source="transplanted"), drawing()).note["transplanted"]


def test_the_zone_prefix_is_taken_off() -> None:
    points = [ControlPoint(one.name, one.drawn, (one.true[0] + 36_000_000, one.true[1])) for one in control()]
    frame = frame_by(points, drawing())
    assert codes(frame.issues) == ["W603"]
    np.testing.assert_allclose(frame.xy(np.array([(0.0, 0.0)])), [HERE], atol=1e-6)


def test_a_table() -> None:
    text = "\ufeff# 校准点\nName,x,y,E,N,src\n\nG1,1,2,450400,3447700,RTK\n 东门 , 3 , 4 , 450410.5 , 3447710 \n"
    points, issues = points_of(text)
    assert issues == []
    assert points == [ControlPoint("G1", (1, 2), (450_400, 3_447_700), "RTK"), ControlPoint("东门", (3, 4), (450_410.5, 3_447_710))]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "表头"),
        ("a,b,c\n1,2,3", "name、x、y、E、N"),
        ("name,x,y,E\nG1,1,2,3", "表头缺少 N"),
        (HEADER + "G1,1,2,east,3447700", "第 2 行：E 不是数"),
        (HEADER + "# 注释\nG1,1,2", "第 3 行：E、N 不是数"),
        (HEADER + "G1,nan,inf,1,2", "第 2 行：x、y 不是数"),
        (HEADER + 'G1,1,"2,450400,3447700\nG2,1,2,450400,3447700', "第 2 行"),
        (HEADER + "G1,1,2,3,4\nG1,5,6,7,8", "第 3 行：点名 G1 重复"),
    ],
)
def test_faults_of_a_table_name_the_line(text: str, says: str) -> None:
    _, issues = points_of(text)
    assert codes(issues) == ["E602"]
    assert says in issues[0].message
    assert issues[0].hint


def with_blocks(values: list[dict[str, str]]) -> Drawing:
    made = drawing()
    made.blocks.new("QJ_GCP")
    for place, row in zip(CORNERS, values, strict=False):
        made.modelspace().add_blockref("QJ_GCP", place).add_auto_attribs({})
        insert = made.modelspace()[-1]
        for tag, text in row.items():
            insert.add_attrib(tag, text, place)  # type: ignore[attr-defined]
    return made


def test_blocks() -> None:
    rows = [{"NAME": one.name, "E": str(one.true[0]), "N": str(one.true[1]), "SRC": "RTK"} for one in control()]
    points, issues = drawn_points(with_blocks(rows))
    assert points == control()
    assert issues == []


def test_blocks_that_say_nothing() -> None:
    points, issues = drawn_points(with_blocks([{"E": "450400"}, {"E": "东", "N": "北"}]))
    assert points == []
    assert codes(issues) == ["E602", "E602"]
    assert all(issue.place.handle for issue in issues)


def test_control_points_check_a_drawing_in_true_coordinates() -> None:
    true = [ControlPoint("G1", HERE, HERE), ControlPoint("G2", (450_500.0, 3_447_800.0), (36_450_500.5, 3_447_800.0))]
    assert contradiction(Frame(True), []) == []
    assert contradiction(Frame(True), true[:1]) == []
    assert codes(contradiction(Frame(True), moved(true[:1], 0, 1.5))) == ["E602"]
