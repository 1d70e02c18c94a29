import numpy as np
import pytest
import trimesh

from models3d.mesh import concatenate, volume_m3
from models3d.parts.marker import HEIGHT_M, Shape, marker


def solid_of(shape: Shape, size: float) -> trimesh.Trimesh:
    mesh = concatenate(marker(shape, size))
    assert volume_m3(mesh) > 0
    solid = trimesh.Trimesh(mesh.positions, mesh.triangles, process=False)
    solid.merge_vertices(merge_norm=True)
    assert solid.is_watertight
    assert solid.is_winding_consistent
    return solid


@pytest.mark.parametrize("shape", ["octahedron", "cube", "pin"])
@pytest.mark.parametrize("size", [1.0, 1.3])
def test_a_marker_is_two_closed_bodies_on_its_foot(shape: Shape, size: float) -> None:
    solid = solid_of(shape, size)
    assert solid.body_count == 2
    assert solid.bounds[:, 2] == pytest.approx([0, size * HEIGHT_M])
    assert np.allclose(solid.bounds.mean(axis=0)[:2], 0, atol=0.01)


@pytest.mark.parametrize(("shape", "vertices"), [("disc", 60), ("pyramid", 12)])
def test_what_lies_on_the_ground_is_small_and_light(shape: Shape, vertices: int) -> None:
    solid = solid_of(shape, 0.7)
    assert solid.body_count == 1
    assert solid.bounds[0, 2] == 0
    assert np.ptp(solid.bounds, axis=0).max() < 0.8
    assert len(concatenate(marker(shape, 0.7)).positions) == vertices


def test_shapes_differ() -> None:
    shapes: tuple[Shape, ...] = ("octahedron", "cube", "pin", "disc", "pyramid")
    assert len({marker(shape)[-1].positions.tobytes() for shape in shapes}) == 5
