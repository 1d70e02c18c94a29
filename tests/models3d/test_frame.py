import numpy as np
import pytest
import samples
import shapely
import trimesh

from models3d.mesh import volume_m3
from models3d.parts.frame import BAR_M, frame


@pytest.mark.parametrize("name", sorted(samples.ODD_OUTLINES.keys() - {"sliver", "star"}))
def test_a_frame_is_closed_bars_around_the_prism(name: str) -> None:
    outline = samples.ODD_OUTLINES[name]
    mesh = frame(outline, 3.0, 6.0)
    solid = trimesh.Trimesh(mesh.positions, mesh.triangles, process=False)
    solid.merge_vertices(merge_norm=True, merge_tex=True)
    assert solid.is_winding_consistent
    assert 0 < volume_m3(mesh) < 0.2 * outline.area * 3
    assert solid.bounds[:, 2] == pytest.approx([3.0, 6.0])
    assert np.allclose(solid.bounds[:, :2].ravel(), outline.bounds, atol=BAR_M)


def test_a_square_has_twelve_edges() -> None:
    mesh = frame(shapely.box(0, 0, 10, 10), 0.0, 3.0)
    assert volume_m3(mesh) == pytest.approx(BAR_M**2 * (2 * 40 + 4 * (3 - 2 * BAR_M)), rel=1e-6)
