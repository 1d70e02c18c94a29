import numpy as np
import pytest
import trimesh

from models3d.mesh import concatenate, volume_m3
from models3d.parts.marker import HEIGHT_M, Head, marker


@pytest.mark.parametrize("shape", ["octahedron", "cube"])
def test_a_marker_is_two_closed_bodies_on_its_foot(shape: Head) -> None:
    mesh = concatenate(marker(shape, (100.0, -50.0, 45.0)))
    solid = trimesh.Trimesh(mesh.positions, mesh.triangles, process=False)
    solid.merge_vertices(merge_norm=True)
    assert solid.is_watertight
    assert solid.body_count == 2
    assert volume_m3(mesh) > 0.1
    assert mesh.positions[:, 2].min() == 45.0
    assert mesh.positions[:, 2].max() == pytest.approx(45.0 + HEIGHT_M)
    assert np.allclose(mesh.positions[:, :2].mean(axis=0), [100, -50], atol=0.01)


def test_heads_differ() -> None:
    assert len(marker("octahedron", (0, 0, 0))[1].positions) != len(marker("cube", (0, 0, 0))[1].positions) or not np.allclose(
        marker("octahedron", (0, 0, 0))[1].positions, marker("cube", (0, 0, 0))[1].positions
    )
