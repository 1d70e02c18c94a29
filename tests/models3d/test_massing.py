import numpy as np
import pytest
import samples
import shapely
import trimesh

from gis.ground import ConstantGround
from models3d.massing import SIGN_SCALE, block
from models3d.mesh import volume_m3
from models3d.parts.marker import HEIGHT_M
from models3d.parts.prism import prism
from models3d.scene import scene

GROUND = ConstantGround()


def test_the_massing_is_the_enterprise_closed_and_cheap() -> None:
    solid = samples.massed(samples.SITE, GROUND)
    body = trimesh.Trimesh(solid.mesh.positions, solid.mesh.triangles, process=False)
    body.merge_vertices(merge_norm=True)
    exact = scene(samples.SITE, GROUND)
    assert solid.feature.feature_id == samples.ENTERPRISE_ID
    assert body.is_volume
    assert len(solid.mesh.positions) < sum(len(one.mesh.positions) for one in exact.solids) / 5
    assert len(solid.colours) == len(solid.mesh.positions)


def test_it_keeps_the_heights_and_most_of_the_volume() -> None:
    solid = samples.massed(samples.SITE, GROUND)
    exact = [one for one in scene(samples.SITE, GROUND).solids if one.feature.code in {"B01", "B02", "T01", "G01", "W01", "S01"}]
    assert abs(solid.mesh.positions[:, 2].max() - 45) < 0.01
    assert (solid.z_min_m, solid.z_max_m) == (-3.0, 45.0)
    assert 0.85 < volume_m3(solid.mesh) / sum(volume_m3(one.mesh) for one in exact) < 1.2


def test_nothing_under_the_ground_shows() -> None:
    assert samples.massed(samples.SITE, GROUND).mesh.positions[:, 2].min() > -0.1


def test_an_enterprise_of_which_nothing_is_drawn_is_a_sign() -> None:
    points = samples.site_of(*(one for one in samples.FEATURES if one.kind == "outlet"))
    for site in (samples.EMPTY_SITE, points):
        solid = samples.massed(site, GROUND)
        assert np.isclose(solid.mesh.positions[:, 2].max(), SIGN_SCALE * HEIGHT_M, atol=0.01)
        assert volume_m3(solid.mesh) > 0


def test_a_block_is_the_upright_box_of_what_is_built() -> None:
    hall = prism(shapely.affinity.rotate(shapely.box(0, 0, 40, 10), 30), 0, 12)
    chimney = prism(shapely.box(18, 4, 19, 5), 0, 60)
    around = block(np.concatenate([hall.positions, hall.positions, chimney.positions]))
    assert volume_m3(around) == pytest.approx(40 * 10 * 12)
    assert volume_m3(block(np.array([[3.0, 4.0, 5.0]]))) == pytest.approx(1.0)
