import pytest
import samples
import shapely

from models3d.heights import PLATE, STOREY_M, SUNK_M, extent
from models3d.sizes import size

SQUARE = shapely.box(0, 0, 10, 10)


@pytest.mark.parametrize(
    ("kind", "type_", "given", "expected"),
    [
        ("building", None, {"z_min_m": 2.0, "z_max_m": 9.0, "height_m": 30.0}, (2.0, 9.0)),
        ("building", None, {"height_m": 12.0}, (0.0, 12.0)),
        ("building", None, {"z_min_m": 5.0, "height_m": 12.0}, (5.0, 17.0)),
        ("building", None, {"attributes": {"storeys": 4}}, (0.0, 4 * STOREY_M)),
        ("building", None, {}, (0.0, size("height_m", "building"))),
        ("building", None, {"height_m": 0.0}, (0.0, 0.0)),
        ("structure", "stack", {}, (0.0, 30.0)),
        ("structure", None, {}, (0.0, 4.0)),
        ("structure", "pond", {"attributes": {"depth_m": 4.0}}, (-4.0, 1.2)),
        ("structure", "pond", {"z_min_m": -3.0, "height_m": 1.2}, (-3.0, 1.2)),
        ("underground_structure", "tank", {"z_min_m": -4.5, "z_max_m": -0.8}, (-4.5, -0.8)),
        ("underground_structure", "tank", {"z_max_m": -1.0, "attributes": {"depth_m": 3.0}}, (-4.0, -1.0)),
        ("underground_structure", "tank", {"z_min_m": -4.0, "height_m": 3.0}, (-4.0, -1.0)),
        ("underground_structure", "tank", {}, (-3.0, 0.0)),
        ("site_boundary", None, {"height_m": 3.0}, PLATE),
        ("storage", "hazardous", {"height_m": 4.0}, (0.0, 4.0)),
        ("storage", "hazardous", {"z_min_m": 0.0, "z_max_m": 4.0}, (0.0, 4.0)),
        ("storage", "hazardous", {"z_min_m": 0.0}, (-SUNK_M, 0.2)),
        ("green", None, {}, (-SUNK_M, 0.06)),
        ("receptor", "school", {}, (-SUNK_M, 0.08)),
        ("parcel_3d", None, {"z_min_m": 3.0, "z_max_m": 6.0}, (3.0, 6.0)),
        ("parcel_3d", None, {}, (0.0, 3.0)),
    ],
)
def test_what_is_given_wins(kind: str, type_: str | None, given: dict[str, object], expected: tuple[float, float]) -> None:
    assert extent(samples.feature(kind, "X1", "", SQUARE, **given), type_) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "type_", "given", "expected"),
    [
        ("road", "carriageway", {}, (-SUNK_M, 0.08)),
        ("road", "kerb", {}, (-SUNK_M, 0.15)),
        ("wall", "wall", {}, (0.0, 2.0)),
        ("wall", "dike", {}, (0.0, 0.8)),
        ("wall", "fence", {"height_m": 2.5}, (0.0, 2.5)),
        ("wall", "wall", {"z_min_m": -0.5, "z_max_m": 1.5}, (-0.5, 1.5)),
        ("pipe", "sewage", {}, (0.05, 0.35)),
        ("pipe", "sewage", {"attributes": {"diameter_m": 0.8}}, (0.05, 0.85)),
        ("pipe", "sewage", {"attributes": {"buried": True, "diameter_m": 0.5}}, (-1.5, -1.0)),
        ("pipe", "gas", {}, (5.0, 5.3)),
        ("pipe", "gas", {"attributes": {"buried": True}}, (-1.3, -1.0)),
        ("pipe", "gas", {"z_min_m": 7.0}, (7.0, 7.3)),
        ("pipe", None, {"z_max_m": -2.0, "attributes": {"buried": True}}, (-2.3, -2.0)),
    ],
)
def test_lines_lie_where_they_are_said_to(kind: str, type_: str | None, given: dict[str, object], expected: tuple[float, float]) -> None:
    line = shapely.LineString([(0, 0), (10, 0)])
    assert extent(samples.feature(kind, "X1", "", line, **given), type_) == pytest.approx(expected)
