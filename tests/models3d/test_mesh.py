import numpy as np
import pytest
import shapely

from models3d.mesh import concatenate, faceted, scale, translate, volume_m3
from models3d.parts.prism import prism

CUBE = prism(shapely.box(0, 0, 2, 2), 0, 2)


def test_nothing_has_no_volume() -> None:
    empty = concatenate([])
    assert empty.positions.shape == (0, 3)
    assert volume_m3(empty) == 0


def test_joined_meshes_keep_their_own_vertices() -> None:
    both = concatenate([CUBE, translate(CUBE, np.array([10.0, 0, 0]))])
    assert volume_m3(both) == pytest.approx(16)
    assert both.triangles.max() == len(both.positions) - 1
    assert both.triangles.dtype == np.uint32


def test_scaling_cubes_the_volume() -> None:
    assert volume_m3(scale(CUBE, 3)) == pytest.approx(8 * 27)


def test_facets_have_the_normal_of_their_winding() -> None:
    triangle = faceted(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[0, 2, 1]]))
    assert np.array_equal(triangle.normals, np.tile([0, 0, -1], (3, 1)))
