"""A bad solid is named for what is wrong with it, and keeps no other from being looked at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.models.body import Body, Model
from models3d import crossing
from models3d.preflight import check, preflight

CUBE = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], float)
QUADS = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [1, 3, 7, 5], [3, 2, 6, 7], [2, 0, 4, 6]]
TRIANGLES = np.array([[q[0], q[i], q[i + 1]] for q in QUADS for i in (1, 2)])


def cube(name="a", *, at=(0.0, 0.0, 0.0), size=1.0, triangles=TRIANGLES, solid=True, points=CUBE):
    return Body(name, "Building", points * size + at, triangles, solid=solid)


def merged(*bodies):
    starts = np.cumsum([0, *(len(body.points) for body in bodies[:-1])])
    points = np.concatenate([body.points for body in bodies])
    triangles = np.concatenate([body.triangles + start for body, start in zip(bodies, starts, strict=True)])
    return Body("both", "Building", points, triangles, solid=True)


def flipped(rows):
    triangles = TRIANGLES.copy()
    triangles[rows] = triangles[rows][:, ::-1]
    return cube(triangles=triangles)


def spiked():
    """A corner of the top goes through the floor."""
    points = CUBE.copy()
    points[7] = [0.3, 0.4, -1.0]
    return cube(points=points)


def with_nan():
    points = CUBE.copy()
    points[3, 1] = np.nan
    return cube(points=points)


BAD = {
    "E903": with_nan(),
    "E904": cube(points=CUBE * [1, 1, 0]),
    "W904": cube(triangles=TRIANGLES[2:]),
    "E905": cube(triangles=np.delete(TRIANGLES, [0, 5, 9], axis=0), points=CUBE + np.arange(24).reshape(8, 3) ** 2 / 2000),
    "W905": cube(triangles=TRIANGLES[2:], solid=False),
    "W906": flipped([1, 4]),
    "E907": spiked(),
    "W913": merged(cube(), cube(at=(0.5, 0.5, 0.5))),
}


@pytest.mark.parametrize("code", BAD)
def test_each_fault_has_its_code(code):
    _, issues = check(BAD[code])
    assert [issue.code for issue in issues] == [code]
    assert issues[0].place.handle == BAD[code].body_id


def test_a_body_of_too_many_faces_is_said_to_be_unproved(monkeypatch):
    monkeypatch.setattr(crossing, "MOST_PAIRS", 1)
    one, issues = check(cube())
    assert [issue.code for issue in issues] == ["W907"]
    assert one.taken


def test_a_moebius_band_can_not_be_turned():
    turns = np.linspace(0, np.pi, 13)[:-1]
    middle = np.column_stack([np.cos(2 * turns), np.sin(2 * turns), 0 * turns]) * 3
    across = np.column_stack([np.cos(turns) * np.cos(2 * turns), np.cos(turns) * np.sin(2 * turns), np.sin(turns)])
    points = np.concatenate([middle + across, middle - across])
    rows = []
    for i in range(12):
        a, b, c, d = i, i + 12, (i + 1) % 12, (i + 1) % 12 + 12
        if i == 11:
            c, d = d, c
        rows += [[a, b, c], [c, b, d]]
    _, issues = check(Body("m", "x", points, np.array(rows)))
    assert {"E906", "W905"} <= {issue.code for issue in issues}


def test_one_bad_body_keeps_no_other_from_being_looked_at():
    bodies = tuple(BAD.values())
    wild = Body("wild", "x", CUBE, TRIANGLES + 99)
    report = preflight(Model("x", (*bodies, wild, cube("good")), len(bodies) + 2))
    assert {issue.place.handle for issue in report.issues if issue.code == "E902"} == {"wild"}
    assert report.checked[-1].volume_m3 == pytest.approx(1)
    assert [one.taken for one in report.checked[:2]] == [False, False]


def test_axes_and_units_are_suspected_of_the_whole():
    def codes(*bodies):
        return [issue.code for issue in preflight(Model("x", bodies, 1)).issues]

    assert codes(cube(at=(3_453_256.0, 452_347.0, 300.0))) == ["E909"]
    assert codes(cube(at=(452_347.0, 3_453_256.0, 300.0))) == []
    assert codes(cube(size=20_000.0)) == ["W910"]
    assert codes(cube(size=0.02)) == ["W910"]
    pyramid = np.array([[0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0], [2, 2, 3]], float)
    sides = np.array([[0, 2, 1], [0, 3, 2], [0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
    assert codes(Body("p", "x", pyramid, sides)) == []
    assert codes(Body("p", "x", pyramid[:, [0, 2, 1]], sides[:, ::-1])) == ["E909"]


@given(st.floats(0.5, 100), st.lists(st.integers(0, 11), unique=True, max_size=12), st.floats(-4e6, 4e6))
def test_a_box_is_mended_whatever_of_its_faces_look_inward(size, rows, far):
    triangles = TRIANGLES.copy()
    triangles[rows] = triangles[rows][:, ::-1]
    one, issues = check(cube(size=size, at=(far, -far, 0.0), triangles=triangles))
    assert one.volume_m3 == pytest.approx(size**3, rel=1e-4)
    assert {issue.code for issue in issues} <= {"W906"}
