import numpy as np
import pytest
import samples
import shapely
import trimesh

from gis.errors import GeometryError
from models3d.mesh import Mesh, volume_m3
from models3d.parts import caps
from models3d.parts.prism import prism, prisms


def welded(mesh: Mesh) -> trimesh.Trimesh:
    solid = trimesh.Trimesh(mesh.positions, mesh.triangles, process=False)
    solid.merge_vertices(merge_norm=True, merge_tex=True)
    return solid


def directed_edges(mesh: Mesh) -> set[tuple[tuple[float, ...], tuple[float, ...]]] | list:
    corners = np.round(mesh.positions[mesh.triangles], 9).tolist()
    return [(tuple(triangle[k]), tuple(triangle[(k + 1) % 3])) for triangle in corners for k in range(3)]


def assert_outward(mesh: Mesh) -> None:
    """Each triangle's winding agrees with the normals stored at its corners, and those are unit."""
    a, b, c = np.moveaxis(mesh.positions[mesh.triangles], 1, 0)
    face = np.cross(b - a, c - a)
    size = np.linalg.norm(face, axis=1)
    dots = np.einsum("ij,ikj->ik", face, mesh.normals[mesh.triangles]) / np.where(size > 0, size, 1)[:, None]
    assert (dots[size > 1e-9] > 0.9).all()
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", samples.ODD_OUTLINES)
def test_a_prism_is_watertight_faces_outward_and_has_its_volume(name: str) -> None:
    outline = samples.ODD_OUTLINES[name]
    mesh = prism(outline, -1.25, 3.5)
    solid = welded(mesh)
    assert solid.is_watertight
    assert solid.is_winding_consistent
    assert volume_m3(mesh) == pytest.approx(outline.area * 4.75, rel=1e-12)
    assert solid.volume == pytest.approx(outline.area * 4.75, rel=1e-9)
    assert_outward(mesh)
    assert mesh.positions[:, 2].min() == -1.25
    assert mesh.positions[:, 2].max() == 3.5


@pytest.mark.parametrize("name", samples.TOUCHING_OUTLINES)
def test_rings_that_touch_still_close(name: str) -> None:
    outline = samples.TOUCHING_OUTLINES[name]
    mesh = prism(outline, 0, 2)
    assert volume_m3(mesh) == pytest.approx(outline.area * 2, rel=1e-12)
    edges = directed_edges(mesh)
    assert sorted(edges) == sorted((stop, start) for start, stop in edges)


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    outlines = np.array([*samples.ODD_OUTLINES.values(), *samples.TOUCHING_OUTLINES.values()], object)
    low, high = np.arange(len(outlines)) - 5.0, np.arange(len(outlines)) + 1.0
    for mesh, outline, z_min, z_max in zip(prisms(outlines, low, high), outlines, low, high, strict=True):
        alone = prism(outline, z_min, z_max)
        assert np.array_equal(mesh.positions, alone.positions)
        assert np.array_equal(mesh.normals, alone.normals)
        assert np.array_equal(mesh.triangles, alone.triangles)


def test_nothing_gives_nothing() -> None:
    assert prisms(np.array([], object), np.array([]), np.array([])) == []


def test_walls_of_a_circle_are_smooth_and_those_of_a_box_are_sharp() -> None:
    round_walls = prism(samples.circle(3, -2, 10), 0, 4).normals[-400:]
    assert len(np.unique(np.round(round_walls, 5), axis=0)) < 200  # neighbours share theirs
    square = prism(shapely.box(0, 0, 4, 4), 0, 4)
    assert {tuple(normal) for normal in np.round(square.normals).tolist()} == {
        (0, 0, 1),
        (0, 0, -1),
        (1, 0, 0),
        (-1, 0, 0),
        (0, 1, 0),
        (0, -1, 0),
    }


def test_normals_of_a_circle_point_from_its_axis() -> None:
    mesh = prism(samples.circle(0, 0, 10), 0, 4)
    wall = np.abs(mesh.normals[:, 2]) < 0.5
    radial = mesh.positions[wall, :2] / np.linalg.norm(mesh.positions[wall, :2], axis=1, keepdims=True)
    assert np.allclose(mesh.normals[wall, :2], radial, atol=1e-6)


def test_a_frustum_has_the_volume_of_its_formula() -> None:
    outline, taper, height = samples.circle(50, 20, 2), 0.7, 45.0
    mesh = prism(outline, 0, height, taper)
    assert volume_m3(mesh) == pytest.approx(outline.area * height / 3 * (1 + taper + taper**2), rel=1e-9)
    assert welded(mesh).is_watertight
    assert_outward(mesh)


def test_what_earcut_cannot_do_is_left_to_geos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caps, "_earcut", lambda _, polygons: (np.empty((0, 3), np.int64), np.zeros(len(polygons), np.int64)))
    outline = samples.ODD_OUTLINES["two holes"]
    mesh = prism(outline, 0, 2)
    assert welded(mesh).is_watertight
    assert volume_m3(mesh) == pytest.approx(outline.area * 2)


def test_an_outline_that_crosses_itself_is_refused() -> None:
    with pytest.raises(GeometryError):
        prism(shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10), (-4, 5)]), 0, 1)
