"""Outlines drawn in pieces, by the norm and by a mapping's rule."""

import math

import ezdxf.filemanagement
import pytest
from ezdxf.document import Drawing
from ezdxf.layouts.layout import Modelspace

from drawings.example import drawing, place
from drawings.interpret import Reading, interpretation
from drawings.mapping import mapping_of

RULES = """
mapping: 1
unit: m
crs: EPSG:4545
rules:
- {when: {layer: "*"}, kind: green}
"""
BOX = [(400.0, 0.0), (430.0, 0.0), (430.0, 20.0), (400.0, 20.0)]


def sides(space: Modelspace, corners: list[tuple[float, float]], layer: str, *, move: tuple[float, float] = (0.0, 0.0)) -> list[str]:
    """Draw the sides of a ring as lines, the last end moved away; returns the handles."""
    handles = []
    for number, (first, last) in enumerate(zip(corners, [*corners[1:], corners[0]], strict=True)):
        u, v = (last[0] + move[0], last[1] + move[1]) if number == len(corners) - 1 else last
        handles.append(space.add_line(place(*first), place(u, v), dxfattribs={"layer": layer}).dxf.handle)
    return handles


def by_norm(document: Drawing) -> Reading:
    return interpretation(document)


def by_rule(document: Drawing) -> Reading:
    mapping, issues = mapping_of(RULES)
    assert mapping is not None, issues
    return interpretation(document, mapping=mapping)


def blank(by: str) -> tuple[Drawing, str]:
    return (drawing(), "QJ-A-GREEN") if by == "norm" else (ezdxf.filemanagement.new("R2013", units=6), "LAWN")


def read(document: Drawing, by: str) -> Reading:
    return by_norm(document) if by == "norm" else by_rule(document)


both = pytest.mark.parametrize("by", ["norm", "rule"])


@both
def test_four_lines_are_one_outline(by: str) -> None:
    document, layer = blank(by)
    handles = sides(document.modelspace(), BOX, layer)
    reading = read(document, by)
    (feature,) = [feature for feature in reading.plan.features if feature.source.handle in handles]
    assert feature.kind == "green"
    assert sorted(feature.source.handles) == sorted(handles)
    assert feature.xy.area == pytest.approx(600, abs=0.1)
    assert all(reading.fate(handle) == "stored" for handle in handles)


@both
def test_lines_and_arcs_keep_their_curve(by: str) -> None:
    document, layer = blank(by)
    space = document.modelspace()
    left, right = place(400, 0), place(420, 0)
    line = space.add_line(left, right, dxfattribs={"layer": layer})
    turn = math.degrees(math.atan2(right[1] - left[1], right[0] - left[0]))
    middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    arc = space.add_arc(middle, math.dist(left, right) / 2, turn, turn + 180, dxfattribs={"layer": layer})
    reading = read(document, by)
    (feature,) = [feature for feature in reading.plan.features if set(feature.source.handles) == {line.dxf.handle, arc.dxf.handle}]
    assert feature.xy.area == pytest.approx(math.pi * 50, rel=1e-3)
    assert feature.shape is not None
    assert any(abs(bulge) == pytest.approx(1, abs=1e-3) for _, _, bulge in feature.shape["points"])


@both
def test_a_gap_of_centimetres_is_closed_with_a_warning(by: str) -> None:
    document, layer = blank(by)
    handles = sides(document.modelspace(), BOX, layer, move=(0.0, 0.03))
    reading = read(document, by)
    assert {reading.fate(handle) for handle in handles} == {"stored"}
    (issue,) = [issue for issue in reading.plan.issues if issue.code == "W301"]
    assert "0.030" in issue.message


@both
def test_a_larger_gap_is_refused_with_the_exact_move(by: str) -> None:
    document, layer = blank(by)
    handles = sides(document.modelspace(), BOX, layer, move=(0.0, 0.3))
    reading = read(document, by)
    assert {reading.fate(handle) for handle in handles} == {"refused"}
    (issue,) = [issue for issue in reading.plan.issues if issue.code == "E301"]
    assert "0.300" in issue.message
    east, north = place(400, 0)
    assert f"({east:.3f}, {north:.3f})" in issue.hint or f"({place(400, 0.3)[0]:.3f}, {place(400, 0.3)[1]:.3f})" in issue.hint


@both
def test_a_wide_gap_is_refused_with_both_ends_named(by: str) -> None:
    document, layer = blank(by)
    handles = sides(document.modelspace(), BOX, layer, move=(0.0, 3.0))
    reading = read(document, by)
    assert {reading.fate(handle) for handle in handles} == {"refused"}
    messages = [issue.message for issue in reading.plan.issues if issue.code == "E301"]
    assert any(handles[0] in message and handles[3] in message and "3.000" in message for message in messages)


@both
def test_a_side_drawn_twice_is_left_out_with_a_warning(by: str) -> None:
    document, layer = blank(by)
    space = document.modelspace()
    handles = sides(space, BOX, layer)
    again = space.add_line(place(*BOX[1]), place(*BOX[0]), dxfattribs={"layer": layer}).dxf.handle
    reading = read(document, by)
    assert {reading.fate(handle) for handle in handles[1:]} == {"stored"}
    assert sorted([reading.fate(handles[0]), reading.fate(again)]) == ["ignored", "stored"]
    assert "W305" in {issue.code for issue in reading.plan.issues}
