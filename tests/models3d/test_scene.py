from dataclasses import replace

import numpy as np
import pytest
import samples
import shapely
import trimesh

from gis.crs import enu_frame, lonlat_to_ecef, lonlat_to_enu
from gis.errors import GeometryError
from gis.ground import ConstantGround
from models3d.heights import extent
from models3d.mesh import volume_m3
from models3d.parts import caps
from models3d.parts.marker import HEIGHT_M
from models3d.scene import KERB_M, scene
from models3d.solid import type_of
from styles.tokens import scene_colour

GROUND = ConstantGround()
SCENE = scene(samples.SITE, GROUND)
BY_CODE = {solid.feature.code or "boundary": solid for solid in SCENE.solids}


def enu_area(geom: shapely.Geometry) -> float:
    """Area in the east–north plane of the site, by its own arithmetic."""
    flat = shapely.transform(geom, lambda lonlat: lonlat_to_enu(np.column_stack([lonlat, np.zeros(len(lonlat))]), samples.ORIGIN)[:, :2])
    return flat.area


def test_every_feature_has_a_solid_in_its_order() -> None:
    assert [solid.feature for solid in SCENE.solids] == list(samples.FEATURES)


@pytest.mark.parametrize("solid", SCENE.solids, ids=lambda solid: solid.feature.code or solid.feature.name)
def test_solids_are_closed_and_outward(solid) -> None:
    body = trimesh.Trimesh(solid.mesh.positions, solid.mesh.triangles, process=False)
    body.merge_vertices(merge_norm=True)
    assert body.is_watertight
    assert body.is_winding_consistent
    assert volume_m3(solid.mesh) > 0
    assert np.allclose(np.linalg.norm(solid.mesh.normals, axis=1), 1, atol=1e-5)
    assert solid.colours.shape == solid.mesh.positions.shape
    assert solid.z_min_m < solid.z_max_m


@pytest.mark.parametrize("code", ["B01", "B02", "U01", "boundary"])
def test_volume_is_footprint_times_height(code: str) -> None:
    solid = BY_CODE[code]
    low, high = extent(solid.feature, type_of(solid.feature))
    assert volume_m3(solid.mesh) == pytest.approx(enu_area(solid.feature.geom) * (high - low), rel=1e-6)


def test_underground_lies_below_the_ground() -> None:
    up = BY_CODE["U01"].mesh.positions[:, 2]
    assert (up < 0).all()
    assert up.min() == pytest.approx(-4.5, abs=0.01)
    assert (BY_CODE["U01"].z_min_m, BY_CODE["U01"].z_max_m) == (-4.5, -0.8)


def test_a_stack_narrows() -> None:
    mesh = BY_CODE["S01"].mesh
    spans = [np.ptp(mesh.positions[np.isclose(mesh.positions[:, 2], z, atol=0.01), 0]) for z in (0, 45)]
    assert spans[1] == pytest.approx(0.7 * spans[0], rel=1e-6)


def test_markers_stand_on_what_is_under_them() -> None:
    assert BY_CODE["DA001"].mesh.positions[:, 2].min() == pytest.approx(45, abs=0.01)
    assert BY_CODE["DW001"].mesh.positions[:, 2].min() == pytest.approx(0, abs=0.01)
    assert BY_CODE["DW001"].mesh.positions[:, 2].max() == pytest.approx(HEIGHT_M, abs=0.01)


def test_markers_alone_stand_on_the_ground_or_where_they_are_said_to() -> None:
    camera = samples.feature("monitoring_point", "V1", "球机", shapely.Point(3, 3), z_min_m=6.0, attributes={"monitor_type": "video"})
    (solid,) = scene(samples.site_of(camera), GROUND).solids
    assert solid.mesh.positions[:, 2].min() == pytest.approx(6, abs=1e-3)


def test_colours_come_from_the_tokens() -> None:
    assert (BY_CODE["T01"].colours[0] == scene_colour("structure", "tank")).all()
    assert set(map(tuple, BY_CODE["P01"].colours.tolist())) == {scene_colour("structure"), scene_colour("structure", "pond")}
    assert set(map(tuple, BY_CODE["DA001"].colours.tolist())) == {scene_colour("structure"), scene_colour("outlet", "air")}


def test_a_basin_flush_with_the_ground_is_drawn_with_a_kerb() -> None:
    pit = samples.feature(
        "structure", "P9", "事故池", samples.box(0, 0, 9, 9), z_min_m=-4.0, z_max_m=0.0, attributes={"structure_type": "pond"}
    )
    (solid,) = scene(samples.site_of(pit), GROUND).solids
    assert solid.mesh.positions[:, 2].max() == pytest.approx(KERB_M, abs=1e-3)
    assert solid.z_max_m == 0.0


def test_the_ground_lifts_everything() -> None:
    lifted = scene(samples.SITE, ConstantGround(260.0))
    for high, low in zip(lifted.solids, SCENE.solids, strict=True):
        assert high.mesh.positions[:, 2].mean() == pytest.approx(low.mesh.positions[:, 2].mean() + 260, abs=0.01)


def test_vertices_are_where_the_outline_is_on_the_globe() -> None:
    solid = BY_CODE["B02"]
    frame = enu_frame(samples.ORIGIN)
    found = solid.mesh.positions @ frame[:3, :3].T + frame[:3, 3]
    outline = shapely.get_coordinates(solid.feature.geom)
    wanted = lonlat_to_ecef(np.column_stack([outline, np.full(len(outline), solid.z_max_m)]))
    assert np.linalg.norm(wanted[:, None] - found[None], axis=2).min(axis=1).max() < 0.002


def test_parts_of_one_feature_are_one_solid() -> None:
    both = shapely.MultiPolygon([samples.box(0, 0, 4, 4), samples.box(10, 0, 4, 4)])
    (solid,) = scene(samples.site_of(samples.feature("building", "B9", "两栋", both, height_m=5.0)), GROUND).solids
    assert volume_m3(solid.mesh) == pytest.approx(enu_area(solid.feature.geom) * 5, rel=1e-6)


def test_an_empty_site_is_an_empty_scene() -> None:
    assert scene(samples.EMPTY_SITE, GROUND).solids == ()


BAD = {
    "empty": samples.feature("building", "E1", "空", shapely.Polygon()),
    "no area": samples.feature("building", "E2", "线", shapely.Polygon([(0, 0), (5, 0), (9, 0)])),
    "crosses itself": samples.feature("building", "E3", "蝴蝶结", shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])),
    "upside down": samples.feature("building", "E4", "倒置", samples.box(0, 0, 5, 5), z_min_m=3.0, z_max_m=1.0),
    "no height": samples.feature("building", "E5", "零高", samples.box(0, 0, 5, 5), height_m=0.0),
    "no number": samples.feature("building", "E6", "非数", samples.box(0, 0, 5, 5), height_m=float("nan")),
    "a line": samples.feature("building", "E7", "线状", shapely.LineString([(0, 0), (5, 5)])),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_stand_is_refused_by_name(name: str) -> None:
    bad = BAD[name]
    with pytest.raises(GeometryError, match=f"{bad.code} {bad.name}.*{bad.feature_id}"):
        scene(samples.site_of(bad), GROUND)


def test_all_that_cannot_stand_are_named_at_once() -> None:
    site = replace(samples.SITE, features=(*samples.FEATURES, BAD["upside down"], BAD["no height"]))
    with pytest.raises(GeometryError, match=r"E4[\s\S]*E5"):
        scene(site, GROUND)


def test_an_outline_that_cannot_be_cut_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caps, "_earcut", lambda _, polygons: (np.empty((0, 3), np.int64), np.zeros(len(polygons), np.int64)))
    monkeypatch.setattr(shapely, "constrained_delaunay_triangles", lambda _: shapely.GeometryCollection())
    with pytest.raises(GeometryError, match="B01 合成车间"):
        scene(samples.SITE, GROUND)
