import numpy as np
import pytest
import shapely

from models3d.mesh import Mesh, volume_m3
from models3d.parts.sweep import BAR, TUBE, sweeps
from models3d.parts.walls import CREASE_COS

LINES = {
    "straight": shapely.LineString([(0, 0), (10, 0)]),
    "bent": shapely.LineString([(0, 0), (10, 0), (10, 8), (4, 8)]),
    "repeated points": shapely.LineString([(0, 0), (0, 0), (10, 0), (10, 0), (10, 8), (10, 8)]),
    "there and back": shapely.LineString([(0, 0), (10, 0), (0, 0)]),
    "zigzag": shapely.LineString([(0, 0), (10, 1), (0, 2), (10, 3), (0, 4)]),
    "ring": shapely.LineString([(0, 0), (10, 0), (10, 8), (0, 8), (0, 0)]),
    "ring with a spike": shapely.LineString([(0, 0), (10, 0), (20, 0), (10, 0.5), (10, 8), (0, 8), (0, 0)]),
    "closed at a spike": shapely.LineString([(0, 0), (10, 1), (10, 2), (0, 0)]),
    "arc": shapely.LineString([(20 * np.cos(a), 20 * np.sin(a)) for a in np.linspace(0, 3, 40)]),
}
PROFILES = {"bar": (BAR, False), "tube": (TUBE, True)}


def swept(line: shapely.LineString, profile: str, half_m: float = 0.15, low: float = 1.0, high: float = 1.3) -> Mesh:
    shape, smooth = PROFILES[profile]
    (mesh,) = sweeps(np.array([line], object), np.array([half_m]), np.array([low]), np.array([high]), shape, smooth=smooth)
    return mesh


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", LINES)
def test_a_swept_line_is_closed_and_faces_outward(name: str, profile: str) -> None:
    mesh = swept(LINES[name], profile)
    corners = np.round(mesh.positions[mesh.triangles], 9).tolist()
    edges = [(tuple(one[k]), tuple(one[(k + 1) % 3])) for one in corners for k in range(3)]
    assert sorted(edges) == sorted((stop, start) for start, stop in edges)
    assert volume_m3(mesh) > 0
    assert mesh.positions[:, 2].min() == pytest.approx(1.0)
    assert mesh.positions[:, 2].max() == pytest.approx(1.3)
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-5)
    a, b, c = np.moveaxis(mesh.positions[mesh.triangles], 1, 0)
    face = np.cross(b - a, c - a)
    face /= np.linalg.norm(face, axis=1, keepdims=True)
    assert np.einsum("ij,ikj->ik", face, mesh.normals[mesh.triangles]).min() > 0.8


@pytest.mark.parametrize("name", ["straight", "bent", "ring"])
def test_the_volume_is_the_section_times_the_length(name: str) -> None:
    length = LINES[name].length
    assert volume_m3(swept(LINES[name], "bar")) == pytest.approx(0.09 * length, rel=1e-9)
    assert volume_m3(swept(LINES[name], "tube")) == pytest.approx(2 * np.sqrt(2) * 0.15**2 * length, rel=1e-9)


def test_a_mitre_stays_within_twice_the_half_width() -> None:
    for line in LINES.values():
        reach = shapely.distance(line, shapely.points(swept(line, "bar").positions[:, :2]))
        assert reach.max() <= 2 * 0.15 + 1e-9


def test_gentle_bends_of_a_tube_are_smooth() -> None:
    mesh = swept(LINES["arc"], "tube")
    sides = mesh.normals[: -2 * 8].reshape(-1, 4, 3)
    assert np.einsum("ij,ij->i", sides[:, 0], sides[:, 3]).min() > CREASE_COS


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    lines = np.array([*LINES.values()], object)
    low = np.arange(len(lines), dtype=float)
    for mesh, line, foot in zip(sweeps(lines, np.full(len(lines), 0.2), low, low + 1, BAR, smooth=False), lines, low, strict=True):
        alone = swept(line, "bar", 0.2, foot, foot + 1)
        assert np.array_equal(mesh.positions, alone.positions)
        assert np.array_equal(mesh.triangles, alone.triangles)
        assert np.array_equal(mesh.normals, alone.normals)


def test_nothing_gives_nothing() -> None:
    assert sweeps(np.array([], object), np.array([]), np.array([]), np.array([]), BAR, smooth=False) == []
