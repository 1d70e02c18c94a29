"""Operations: what symbols, lines and fills become."""

import math

import pytest

from styles.library import fills, lines, symbols
from styles.ops import Area, Stroke, Words, fill_ops, inside, line_ops, symbol_ops
from styles.palette import THEMES, colour
from styles.paths import Point, flat
from styles.symbol import STATES

SQUARE = [(0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0)]
HOLE = [(15.0, 15.0), (25.0, 15.0), (25.0, 25.0), (15.0, 25.0)]


def test_a_symbol_lies_with_its_anchor_on_the_place() -> None:
    symbol = symbols()["elevation-point"]
    ops = symbol_ops(symbol, size_mm=24.0, at=(100.0, 50.0))
    triangle = next(op for op in ops if isinstance(op, Area))
    assert triangle.paths[0].vertices[0][:2] == pytest.approx((100.0, 50.0))
    (words,) = (op for op in ops if isinstance(op, Words))
    assert (words.attribute, words.height_mm, words.at) == ("ELEV", 9.0, pytest.approx((100.0, 65.0)))


def test_a_turned_symbol_turns_about_its_anchor() -> None:
    arrow = symbols()["flow-arrow"]
    tip = flat(next(op for op in symbol_ops(arrow, size_mm=24.0, turn_deg=90.0) if isinstance(op, Area)).paths[0])[1]
    assert tip == pytest.approx((0.0, 11.0))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", STATES)
def test_every_symbol_has_operations_in_every_theme_and_state(theme: str, state: str) -> None:
    for symbol in symbols().values():
        ops = symbol_ops(symbol, theme, state)  # type: ignore[arg-type]
        assert any(isinstance(op, (Area, Stroke)) for op in ops)


def test_states_do_not_rely_on_colour() -> None:
    for symbol in symbols().values():
        shapes = {tuple(str(op.path if isinstance(op, Stroke) else op.paths) for op in symbol_ops(symbol, "print-bw", state)
                        if not isinstance(op, Words)) for state in STATES}  # fmt: skip
        assert len(shapes) == len(STATES)


def test_offline_takes_the_colours_away() -> None:
    ground = symbol_ops(symbols()["outlet-air"], state="offline")[0]
    assert isinstance(ground, Area)
    assert ground.colour == colour("offline", "light")


def test_arrows_lie_along_the_line_and_point_its_way() -> None:
    ops = line_ops(lines()["sewage"], [(0.0, 0.0), (0.0, 100.0)])
    arrows = [flat(op.paths[0]) for op in ops if isinstance(op, Area)]
    assert len(arrows) == 2
    assert [tip[1] for _, tip, _ in arrows] == pytest.approx([30 + 1.4, 70 + 1.4])
    assert sum(isinstance(op, Area) for op in line_ops(lines()["sewage"], [(0.0, 0.0), (3.0, 0.0)])) == 1
    assert not [op for op in line_ops(lines()["sewage"], [(1.0, 1.0), (1.0, 1.0)]) if isinstance(op, Area)]


def test_hatches_stop_at_rings_and_holes() -> None:
    strokes = [op for op in fill_ops(fills()["unit"], [SQUARE, HOLE]) if isinstance(op, Stroke)]
    assert len(strokes) > 20
    for stroke in strokes:
        (x1, y1), (x2, y2) = flat(stroke.path)
        assert math.isclose(math.atan2(y2 - y1, x2 - x1), math.radians(45), abs_tol=1e-9)
        middle: Point = ((x1 + x2) / 2, (y1 + y2) / 2)
        assert inside([SQUARE, HOLE], middle)


def test_marks_of_a_pattern_lie_inside() -> None:
    areas = [op for op in fill_ops(fills()["store"], [SQUARE, HOLE]) if isinstance(op, Area)]
    assert areas[0].opacity == fills()["store"].opacity
    assert len(areas) > 100
    for dot in areas[1:]:
        assert all(inside([SQUARE, HOLE], point) for point in flat(dot.paths[0], 0.05))
