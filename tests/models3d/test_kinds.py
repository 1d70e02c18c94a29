"""Every kind that a scene shows, as every shape that it may have."""

from dataclasses import replace

import numpy as np
import pytest
import samples
import shapely

from gis.errors import GeometryError
from gis.ground import ConstantGround
from gis.kinds import KINDS
from gis.models.feature import Feature
from models3d.heights import SUNK_M
from models3d.mesh import volume_m3
from models3d.scene import scene, without_faults
from models3d.sizes import size
from models3d.solid import SolidMesh
from styles.tokens import scene_colour

GROUND = ConstantGround()
SHAPES: dict[str, tuple[shapely.Geometry, ...]] = {
    "Point": (shapely.Point(3, 4),),
    "LineString": (shapely.LineString([(0, 0), (30, 0), (30, 20)]),),
    "Polygon": (shapely.box(0, 0, 20, 10),),
    "PolygonZ": (shapely.force_3d(shapely.box(0, 0, 20, 10), 3.0),),
    "MultiPolygon": (shapely.MultiPolygon([shapely.box(0, 0, 20, 10), shapely.box(30, 0, 40, 10)]),),
    "Geometry": (shapely.Point(3, 4), shapely.box(0, 0, 20, 10)),
}
SHOWN = [kind for kind in KINDS.values() if kind.form != "none"]
EVERY = [(kind.name, shape) for kind in SHOWN for shape in SHAPES[kind.geometry]]


def solid(feature: Feature, *others: Feature) -> SolidMesh:
    return scene(samples.site_of(feature, *others), GROUND).solids[0]


@pytest.mark.parametrize(("kind", "shape"), EVERY, ids=[f"{kind} {shape.geom_type}" for kind, shape in EVERY])
def test_every_kind_is_drawn_closed_in_its_colour(kind: str, shape: shapely.Geometry) -> None:
    drawn = solid(samples.feature(kind, "X1", "", shape))
    assert volume_m3(drawn.mesh) > 0
    assert np.isfinite(drawn.mesh.positions).all()
    assert drawn.z_min_m < drawn.z_max_m
    assert scene_colour(kind) in set(map(tuple, drawn.colours.tolist()))
    corners = np.round(drawn.mesh.positions[drawn.mesh.triangles], 7).tolist()
    edges = [(tuple(one[k]), tuple(one[(k + 1) % 3])) for one in corners for k in range(3)]
    assert sorted(edges) == sorted((stop, start) for start, stop in edges)


def test_kinds_without_a_form_are_left_out() -> None:
    county = samples.feature("county", "C1", "县", shapely.MultiPolygon([samples.box(0, 0, 9, 9)]))
    node = replace(samples.feature("process_node", "N1", "工序", shapely.Point(0, 0)), geom=None)
    house = samples.feature("building", "B1", "房", samples.box(0, 0, 9, 9))
    assert [one.feature.code for one in scene(samples.site_of(county, node, house), GROUND).solids] == ["B1"]


def test_a_ribbon_has_its_width_and_lies_on_the_ground() -> None:
    line = shapely.LineString([(0, 0), (50, 0)])
    edge, wide = solid(samples.feature("road", "R1", "", line)), solid(samples.feature("road", "R2", "", line, attributes={"width_m": 7.0}))
    assert volume_m3(edge.mesh) == pytest.approx(50 * 0.3 * (0.08 + SUNK_M), rel=1e-3)
    assert volume_m3(wide.mesh) == pytest.approx(50 * 7.0 * (0.08 + SUNK_M), rel=1e-3)
    assert edge.mesh.positions[:, 2].max() == pytest.approx(0.08, abs=0.001)


def test_a_buried_pipe_is_under_the_ground_and_a_gas_pipe_overhead() -> None:
    line = shapely.LineString([(0, 0), (50, 0)])
    buried = solid(samples.feature("pipe", "P1", "", line, attributes={"medium": "rain", "buried": True, "diameter_m": 0.6}))
    assert (buried.z_min_m, buried.z_max_m) == pytest.approx((-1.6, -1.0))
    assert (buried.mesh.positions[:, 2] < -0.99).all()
    assert solid(samples.feature("pipe", "P2", "", line, attributes={"medium": "gas"})).mesh.positions[:, 2].min() > 4.9


def test_a_patch_reaches_out_around_a_basin_and_lies_on_the_roof_that_covers_it() -> None:
    unit = samples.feature("production_unit", "MF0001", "", samples.box(2, 2, 6, 6))
    hall = samples.feature("building", "B1", "", samples.box(0, 0, 20, 10), height_m=8.0)
    pond = samples.feature("structure", "P1", "", samples.box(2, 2, 6, 6), height_m=1.0, attributes={"structure_type": "pond"})
    assert (solid(unit, hall).z_min_m, solid(unit, hall).z_max_m) == pytest.approx((8.0, 8.14))
    for drawn in (solid(unit), solid(unit, pond)):
        assert drawn.z_min_m == -SUNK_M
        assert np.ptp(drawn.mesh.positions[:, 0]) == pytest.approx(6.8, abs=0.05)


def test_a_parcel_is_a_border_that_hides_nothing() -> None:
    court = samples.box(0, 0, 40, 40).difference(samples.box(10, 10, 5, 5))
    drawn = solid(samples.feature("parcel", "ZD1", "", court))
    assert volume_m3(drawn.mesh) == pytest.approx((160 + 20) * 0.5 * (0.04 + SUNK_M), rel=1e-3)
    raised = solid(samples.feature("parcel", "ZD2", "", samples.box(0, 0, 4, 4), height_m=3.0))
    assert volume_m3(raised.mesh) == pytest.approx(48, rel=1e-3)


def test_a_patch_with_a_height_is_a_prism() -> None:
    room = samples.feature("storage", "HW1", "危废间", samples.box(0, 0, 6, 4), height_m=3.5, z_min_m=0.0)
    assert volume_m3(solid(room).mesh) == pytest.approx(24 * 3.5, rel=1e-3)


def test_markers_stand_on_patches() -> None:
    hole = samples.feature("manhole", "W1", "", shapely.Point(3, 3))
    yard = samples.feature("treatment_facility", "TW001", "", samples.box(0, 0, 9, 9))
    assert solid(hole, yard).mesh.positions[:, 2].min() == pytest.approx(size("surface", "treatment_facility")["top_m"], abs=1e-3)
    assert np.ptp(solid(hole).mesh.positions[:, 0]) == pytest.approx(0.7, abs=0.01)


def test_a_three_dimensional_parcel_hides_nothing() -> None:
    parcel = samples.feature("parcel_3d", "Z1", "", shapely.force_3d(samples.box(0, 0, 20, 10)), z_min_m=3.0, z_max_m=6.0)
    drawn = solid(parcel)
    assert drawn.mesh.positions[:, 2].min() == pytest.approx(3, abs=1e-3)
    assert drawn.mesh.positions[:, 2].max() == pytest.approx(6, abs=1e-3)
    assert volume_m3(drawn.mesh) < 0.01 * 20 * 10 * 3


def test_thousands_of_elevation_points_are_light() -> None:
    points = [samples.feature("elevation_point", f"E{k}", "", shapely.Point(k % 50, k // 50)) for k in range(2000)]
    drawn = scene(samples.site_of(*points), GROUND).solids
    assert sum(len(one.mesh.positions) for one in drawn) == 2000 * 12


BAD = {
    "no length": samples.feature("road", "R1", "零长", shapely.LineString([(1, 1), (1, 1)])),
    "no number": samples.feature("pipe", "R2", "非数", shapely.LineString([(0, 0), (1, 1)])),
    "upside down": samples.feature("wall", "R3", "倒置", shapely.LineString([(0, 0), (1, 1)]), z_min_m=2.0, z_max_m=1.0),
    "an outline that is a line": samples.feature("green", "R4", "线状", shapely.LineString([(0, 0), (5, 5)])),
    "thin air": samples.feature("pipe", "R5", "无径", shapely.LineString([(0, 0), (9, 0)]), attributes={"diameter_m": -1.0}),
}
with np.errstate(invalid="ignore"):
    NOWHERE = shapely.LineString([(107.5, 31.2), (float("nan"), 31.2), (107.6, 31.2)])
BAD["no number"] = replace(BAD["no number"], geom=NOWHERE)


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_drawn_is_refused_by_name_and_keeps_nothing_else_away(name: str) -> None:
    bad = BAD[name]
    with pytest.raises(GeometryError, match=f"{bad.code} {bad.name}.*{bad.feature_id}"):
        scene(samples.site_of(bad), GROUND)
    kept, reasons = without_faults(replace(samples.SITE, features=(*samples.FEATURES, bad)), GROUND)
    assert (kept.features, len(reasons)) == (samples.FEATURES, 1)


def test_sizes_of_a_type_add_to_those_of_its_kind() -> None:
    assert size("line", "wall", "fence") == {"width_m": 0.08, "height_m": 1.6, "top_m": 0.08}
    assert size("height_m", "structure", "castle") == size("height_m", "structure") == 4.0
    with pytest.raises(KeyError):
        size("depth_m", "building")


def test_each_of_several_faults_is_named_once_and_the_order_stays() -> None:
    mixed = [one for pair in zip(BAD.values(), samples.FEATURES, strict=False) for one in pair]
    kept, reasons = without_faults(samples.site_of(*mixed), GROUND)
    assert kept.features == samples.FEATURES[: len(BAD)]
    assert [bad.name in reason for bad, reason in zip(BAD.values(), reasons, strict=True)] == [True] * len(BAD)
