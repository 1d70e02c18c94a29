import numpy as np
import pytest
import samples
import shapely
import trimesh

from models3d.mesh import concatenate, volume_m3
from models3d.parts.basin import FREEBOARD_M, WALL_M, basin


@pytest.mark.parametrize("name", samples.ODD_OUTLINES)
def test_body_and_water_close(name: str) -> None:
    body, water = basin(samples.ODD_OUTLINES[name], -2.0, 1.0)
    mesh = concatenate([body, water])
    solid = trimesh.Trimesh(mesh.positions, mesh.triangles, process=False)
    solid.merge_vertices(merge_norm=True)
    assert solid.is_watertight
    assert solid.is_winding_consistent


def test_the_volume_is_the_box_less_the_freeboard_over_the_water() -> None:
    body, water = basin(shapely.box(0, 0, 30, 18), -3.0, 1.2)
    inner = (30 - 2 * WALL_M) * (18 - 2 * WALL_M)
    assert volume_m3(concatenate([body, water])) == pytest.approx(30 * 18 * 4.2 - inner * FREEBOARD_M, rel=1e-9)


def test_the_water_lies_below_the_rim_and_looks_up() -> None:
    body, water = basin(shapely.box(0, 0, 30, 18), -3.0, 1.2)
    assert np.allclose(water.positions[:, 2], 1.2 - FREEBOARD_M)
    assert body.positions[:, 2].max() == 1.2
    assert (water.normals == [0, 0, 1]).all()


def test_what_is_too_narrow_for_a_wall_is_full_to_the_rim() -> None:
    sliver = samples.ODD_OUTLINES["sliver"]
    body, water = basin(shapely.union(sliver, shapely.box(0, -8, 8, 0)).union(shapely.box(70, -8, 80, 0)), 0.0, 1.0)
    assert (water.positions[:, 2] == 1.0).all()
    assert volume_m3(concatenate([body, water])) > 0
