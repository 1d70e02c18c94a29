import numpy as np
import pytest

from drawings.georeference import extent_issues, frame_of
from drawings.units import Declared, norm_issues

HERE = (450_400.0, 3_447_700.0)


@pytest.mark.parametrize(
    ("point", "known", "offset", "code", "says"),
    [
        (HERE, True, 0.0, None, ""),
        ((36_000_000 + HERE[0], HERE[1]), True, 36_000_000.0, "W603", "EPSG:4524"),
        ((HERE[1], HERE[0]), False, 0.0, "E603", "对调"),
        ((HERE[1], 36_000_000 + HERE[0]), False, 0.0, "E603", "对调"),
        ((HERE[0] * 1000, HERE[1] * 1000), False, 0.0, "E106", "毫米"),
        ((HERE[0] / 1000, HERE[1] / 1000), False, 0.0, "E106", "千米"),
        ((35_000_000 + HERE[0], HERE[1]), False, 0.0, "E603", "带号 35"),
        ((450_000.0, 2_500_000.0), False, 0.0, "E603", "达州"),
        ((120.0, 80.0), False, 0.0, "E601", "真实坐标"),
        ((0.0, 0.0), False, 0.0, "E601", "真实坐标"),
        ((-HERE[0], -HERE[1]), False, 0.0, "E603", "不在达州"),
    ],
)
def test_frame(point: tuple[float, float], known: bool, offset: float, code: str | None, says: str) -> None:
    frame = frame_of(np.array([point, point, point]))
    assert (frame.known, frame.offset_east) == (known, offset)
    assert [issue.code for issue in frame.issues] == ([code] if code else [])
    assert all(says in issue.message and issue.hint for issue in frame.issues)


def test_one_stray_point_does_not_move_the_answer() -> None:
    assert frame_of(np.array([HERE, HERE, HERE, (0.0, 0.0)])).known
    assert frame_of(np.empty((0, 2))).known


@pytest.mark.parametrize(("code", "faulty"), [(6, False), (0, False), (4, True), (1, True), (99, True)])
def test_units(code: int, faulty: bool) -> None:
    assert [issue.code for issue in norm_issues(Declared(code))] == (["E106"] if faulty else [])


@pytest.mark.parametrize(("side", "faulty"), [(19.0, True), (20.0, False), (10_000.0, False), (10_001.0, True)])
def test_extent(side: float, faulty: bool) -> None:
    assert bool(extent_issues((0.0, 0.0, side, 5.0))) is faulty
