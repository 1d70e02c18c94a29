"""The kit: every part closed, outward and as large as it says, in every detail and for any sizes; and where a scene takes it."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import samples
import shapely
import shapely.affinity
import trimesh
from gltf_validator import validated
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gis.errors import Invalid
from gis.ground import ConstantGround
from models3d.cli import app
from models3d.kit.catalogue import PARTS
from models3d.kit.dike import Dike
from models3d.kit.fixed_roof_tank import FixedRoofTank
from models3d.kit.house import House
from models3d.kit.lying_tank import LyingTank
from models3d.kit.piece import DETAILS, SIDES, Part, Piece
from models3d.kit.pipe_run import PipeRun
from models3d.kit.roof import ROOFS, slopes
from models3d.kit.sphere import Sphere
from models3d.mesh import volume_m3
from models3d.parts.lathe import cylinder
from models3d.parts.tube import tube
from models3d.scene import scene
from models3d.standing import circle, drape, rectangle
from styles.tokens import part_colour, scene_colour

REACH_M = 2.6
"""How far fittings stand out from a body at most; a flare's guys and a mast's arm are what they are."""
COUNTED = {"cells", "fields", "beds", "piers", "filled", "taper"}
"""Parameters that are no sizes."""


def sizes(name: str) -> st.SearchStrategy[Part]:
    """Return parts with every size between two thirds and double of what is usual."""
    usual = PARTS[name]()
    names = [one.name for one in fields(usual) if one.name not in COUNTED and isinstance(getattr(usual, one.name), float)]  # type: ignore[arg-type]
    changed = st.fixed_dictionaries({one: st.floats(0.67, 2.0).map(lambda share, one=one: getattr(usual, one) * share) for one in names})
    return changed.map(lambda values: replace(usual, **values))  # type: ignore[type-var]


def closed(piece: Piece) -> bool:
    mesh = trimesh.Trimesh(piece.mesh.positions, piece.mesh.triangles, process=False)
    mesh.merge_vertices(merge_norm=True, merge_tex=True)
    return bool(mesh.is_watertight and mesh.is_winding_consistent)


@pytest.mark.parametrize("name", PARTS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_a_part_is_closed_outward_and_as_large_as_it_says(name: str, data: st.DataObject) -> None:
    part = data.draw(sizes(name))
    triangles = []
    for detail in DETAILS:
        pieces = part.pieces(detail)
        for piece in pieces:
            assert closed(piece), (detail, piece.material)
            assert volume_m3(piece.mesh) > 0
            assert np.allclose(np.linalg.norm(piece.mesh.normals, axis=1), 1, atol=1e-5)
            assert piece.material == "body" or part_colour(piece.material)
        triangles.append(sum(len(piece.mesh.triangles) for piece in pieces))
        if name == "pipe_run":
            continue
        body = np.concatenate([piece.mesh.positions for piece in pieces if piece.material == "body"])
        everything = np.concatenate([piece.mesh.positions for piece in pieces])
        # The body fills its plan exactly; what carries it reaches to the foot; fittings stand out by a little.
        assert np.ptp(body, axis=0)[:2] == pytest.approx(part.size[:2], abs=1e-9)
        if detail or name not in ("sphere", "lying_tank"):
            assert np.ptp(everything, axis=0)[2] >= part.size[2] - 1e-9
        if name not in ("flare", "mast", "buried_tank", "dike", "kiln"):
            assert (np.ptp(everything, axis=0) - part.size <= 2 * REACH_M).all()
    assert triangles == sorted(triangles)


def test_volumes_are_those_of_the_formulas() -> None:
    for detail in DETAILS:
        sides = SIDES[detail]
        share = sides / 2 * np.sin(2 * np.pi / sides)
        tank = FixedRoofTank(12.0, 10.0)
        shell = share * 36 * (tank.eaves_m + (10.0 - tank.eaves_m) / 3)
        assert volume_m3(tank.pieces(detail)[0].mesh) == pytest.approx(shell)
        dike = Dike(40.0, 30.0, 1.2, 0.3)
        assert volume_m3(dike.pieces(detail)[0].mesh) == pytest.approx(40 * 30 * 1.2 - dike.capacity_m3)
    assert volume_m3(Sphere(12.0).pieces(2)[0].mesh) == pytest.approx(4 / 3 * np.pi * 216, rel=0.02)
    ends = 4 / 3 * np.pi * 1.3 * 1.3 * 0.65
    assert volume_m3(LyingTank(8.0, 2.6).pieces(2)[0].mesh) == pytest.approx(np.pi * 1.69 * 6.7 + ends, rel=0.02)
    run = PipeRun()
    assert volume_m3(run.pieces(2)[0].mesh) == pytest.approx(np.pi * 0.04 * run.length_m, rel=0.01)


def test_roofs_have_their_height_and_volume() -> None:
    outline, low, eaves, ridge = (-12.0, -6.0, 12.0, 6.0), 0.0, 5.0, 9.0
    box, rise = 24 * 12 * 5.0, 4.0
    expected = {
        "gable": box + 24 * 12 * rise / 2,
        "hip": box + 12 * 12 * rise / 2 + 12 * 12 * rise / 3,
        "sawtooth": box + 24 * 12 * rise / 2,
        "barrel": box + 24 * np.pi * 6 * rise / 2,
    }
    for name, roof in ROOFS.items():
        mesh = roof(outline, low, eaves, ridge)
        assert closed(Piece(mesh))
        assert volume_m3(mesh) == pytest.approx(expected[name], rel=0.01)
        assert mesh.positions.min(axis=0).tolist() == pytest.approx([-12, -6, 0])
        assert mesh.positions.max(axis=0).tolist() == pytest.approx([12, 6, 9])
        square = roof((-6, -6, 6, 6), low, eaves, ridge)
        narrow = roof((-4, -9, 4, 9), low, eaves, ridge)
        assert closed(Piece(square))
        assert closed(Piece(narrow))


def test_a_pipe_keeps_its_width_through_bends_and_refuses_to_turn_back() -> None:
    mesh = tube([(0, 0, 0), (0, 0, 5), (4, 0, 8), (4, 6, 8)], 0.5, 32)
    area = 32 / 2 * np.sin(2 * np.pi / 32) * 0.25
    assert volume_m3(mesh) == pytest.approx(area * (5 + 5 + 6), rel=1e-9)
    with pytest.raises(ValueError, match="120"):
        tube([(0, 0, 0), (5, 0, 0), (0, 0.1, 0)], 0.5, 8)


def test_what_is_round_stays_smooth() -> None:
    mesh = cylinder(2.0, 0.0, 5.0, 24)
    side = np.abs(mesh.normals[:, 2]) < 0.5
    assert np.allclose(mesh.normals[side][:, :2], mesh.positions[side][:, :2] / 2.0, atol=1e-6)


def test_parts_are_written_for_other_programs(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["export", str(tmp_path), "--part", "fixed_roof_tank", "--set", "diameter_m=20", "--detail", "1"])
    assert told.exit_code == 0, told.output
    path = tmp_path / "fixed_roof_tank.1.glb"
    read = trimesh.load_scene(path)
    size = read.geometry["fixed_roof_tank.body"].bounds
    assert np.ptp(size, axis=0).tolist() == pytest.approx([20, 20, 10])
    # y is up there.
    assert read.extents[1] == pytest.approx(10)
    (said,) = validated([path]).values()
    assert (said["errors"], said["warnings"]) == (0, 0)
    for given_ in (["--part", "rocket"], ["--part", "stack", "--set", "colour=3"], ["--part", "stack", "--set", "height_m=high"]):
        assert isinstance(CliRunner().invoke(app, ["export", str(tmp_path), *given_]).exception, Invalid)
    listed = CliRunner().invoke(app, ["list"]).output
    assert all(part.LABEL in listed for part in PARTS.values())


@pytest.mark.parametrize("turned", [0.0, 30.0, 90.0, 155.0])
def test_outlines_are_recognised_wherever_they_lie(turned: float) -> None:
    house = shapely.affinity.translate(shapely.affinity.rotate(shapely.box(-12, -5, 12, 5), turned, origin=(0, 0)), 100, 50)
    found = rectangle(house)
    assert found is not None
    assert (found.length_m, found.width_m) == pytest.approx((24, 10))
    assert found.centre == pytest.approx((100, 50))
    assert min(abs(found.turned_deg - turned), 180 - abs(found.turned_deg - turned)) == pytest.approx(0, abs=1e-6)
    assert circle(house) is None
    disc = shapely.Point(3, 4).buffer(7.5, quad_segs=12)
    assert circle(disc) is not None
    assert rectangle(disc) is None
    assert rectangle(shapely.box(0, 0, 10, 10).difference(shapely.box(4, 4, 6, 6))) is None


def test_a_scene_takes_parts_where_outlines_fit() -> None:
    features = (
        samples.feature("building", "B09", "成品库", samples.box(-80, -40, 60, 25), height_m=12.5, attributes={"roof": "gable"}),
        next(one for one in samples.FEATURES if one.code == "T01"),
    )
    house, tank = scene(replace(samples.SITE, features=features), ConstantGround()).solids
    for solid in (house, tank):
        high = solid.z_max_m - solid.z_min_m
        assert np.ptp(solid.mesh.positions[:, 2]) == pytest.approx(high, abs=0.02)
        assert (solid.colours[0] == scene_colour(solid.feature.kind, solid.feature.attributes.get("structure_type"))).all()
    assert np.ptp(tank.mesh.positions[:, 0]) >= 15.0
    part = House(60.0, 25.0, 12.5, "gable")
    assert volume_m3(house.mesh) == pytest.approx(sum(volume_m3(piece.mesh) for piece in part.pieces(1)), rel=1e-3)


@pytest.mark.parametrize("outline", [(-12.0, -6.0, 12.0, 6.0), (-4.0, -9.0, 4.0, 9.0), (-5.0, -5.0, 5.0, 5.0)])
@pytest.mark.parametrize("shape", ROOFS)
def test_the_faces_of_a_roof_are_its_surface(shape: str, outline: tuple[float, float, float, float]) -> None:
    faces = slopes(shape, outline, 5.0, 9.0)
    whole = shapely.box(*outline)
    assert shapely.union_all([region for region, _ in faces]).symmetric_difference(whole).area < 1e-9
    assert sum(region.area for region, _ in faces) == pytest.approx(whole.area)
    solid = ROOFS[shape](outline, 0.0, 5.0, 9.0)
    under = sum(_mean(region, plane) * region.area for region, plane in faces)
    assert under == pytest.approx(volume_m3(solid))
    draped = drape(whole.buffer(-0.5), faces, -0.05, 0.2)
    assert closed(Piece(draped))
    assert volume_m3(draped) == pytest.approx(whole.buffer(-0.5).area * 0.25, rel=3e-3)


def _mean(region: shapely.Polygon, plane: tuple[float, float, float]) -> float:
    spot = region.centroid
    return plane[0] * spot.x + plane[1] * spot.y + plane[2]


def test_a_store_under_a_gable_is_seen_on_its_roof() -> None:
    house = samples.feature("building", "B09", "成品库", samples.box(-80, -40, 60, 25), height_m=12.5, attributes={"roof": "gable"})
    store = samples.feature("storage", "S09", "成品库", samples.box(-78, -38, 56, 21), attributes={"storage_type": "product"})
    body, patch = scene(replace(samples.SITE, features=(house, store)), ConstantGround()).solids
    part = House(60.0, 25.0, 12.5, "gable")
    heights = patch.mesh.positions[:, 2] - body.mesh.positions[:, 2].min()
    assert heights.max() == pytest.approx(12.5 + 0.2, abs=0.02)
    assert heights.min() == pytest.approx(part.eaves_m + 2 * (12.5 - part.eaves_m) / 12.5 - 0.05, abs=0.02)
