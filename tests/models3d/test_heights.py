import pytest
import samples
import shapely

from models3d.heights import DEPTH_M, NOMINAL_M, NOMINAL_OTHER_M, PLATE, STOREY_M, extent

SQUARE = shapely.box(0, 0, 10, 10)


@pytest.mark.parametrize(
    ("kind", "type_", "given", "expected"),
    [
        ("building", None, {"z_min_m": 2.0, "z_max_m": 9.0, "height_m": 30.0}, (2.0, 9.0)),
        ("building", None, {"height_m": 12.0}, (0.0, 12.0)),
        ("building", None, {"z_min_m": 5.0, "height_m": 12.0}, (5.0, 17.0)),
        ("building", None, {"attributes": {"storeys": 4}}, (0.0, 4 * STOREY_M)),
        ("building", None, {}, (0.0, NOMINAL_M["building"])),
        ("building", None, {"height_m": 0.0}, (0.0, 0.0)),
        ("structure", "stack", {}, (0.0, NOMINAL_M["structure.stack"])),
        ("structure", None, {}, (0.0, NOMINAL_OTHER_M)),
        ("structure", "pond", {"attributes": {"depth_m": 4.0}}, (-4.0, NOMINAL_M["structure.pond"])),
        ("structure", "pond", {"z_min_m": -3.0, "height_m": 1.2}, (-3.0, 1.2)),
        ("underground_structure", "tank", {"z_min_m": -4.5, "z_max_m": -0.8}, (-4.5, -0.8)),
        ("underground_structure", "tank", {"z_max_m": -1.0, "attributes": {"depth_m": 3.0}}, (-4.0, -1.0)),
        ("underground_structure", "tank", {"z_min_m": -4.0, "height_m": 3.0}, (-4.0, -1.0)),
        ("underground_structure", "tank", {}, (-DEPTH_M, 0.0)),
        ("site_boundary", None, {"height_m": 3.0}, PLATE),
    ],
)
def test_what_is_given_wins(kind: str, type_: str | None, given: dict[str, object], expected: tuple[float, float]) -> None:
    assert extent(samples.feature(kind, "X1", "", SQUARE, **given), type_) == pytest.approx(expected)
