"""Materials and billboards, read by the Khronos validator and by trimesh."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import trimesh
from gltf_validator import validated
from styles_pictures import agreement, colour_distance

from gis.kinds import KINDS
from styles.canvas import picture
from styles.gltf import CELL, EDGE
from styles.library import symbols, types_of
from styles.outputs import write_models
from styles.svg import file_name
from styles.symbol import GRID, MARGIN, STATES
from styles.tokens import scene_colour

PIXELS = CELL - 2 * EDGE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_models(folder)
    return folder / "3d"


def test_documents_are_valid(folder: Path) -> None:
    for said in validated(sorted(folder.glob("*.gltf"))).values():
        assert said == {"errors": 0, "warnings": 0, "messages": [], "notes": []}


def pictures(scene: trimesh.Scene) -> Iterator[tuple[str, np.ndarray, trimesh.Trimesh]]:
    """Yield each billboard's name, what it shows (rows of RGBA), and its mesh."""
    texture = np.asarray(next(iter(scene.geometry.values())).visual.material.baseColorTexture.convert("RGBA"))
    height, width = texture.shape[:2]
    for name, mesh in scene.geometry.items():
        # trimesh turns v upside down on reading: here it counts from below.
        (left, right), (low, high) = (np.unique(mesh.visual.uv[:, axis] * size) for axis, size in ((0, width), (1, height)))
        rows, columns = slice(round(height - high), round(height - low)), slice(round(left), round(right))
        yield name, texture[rows, columns], mesh


@pytest.mark.parametrize("theme", ["light", "wall-dark"])
def test_billboards_show_the_master(folder: Path, theme: str) -> None:
    shown = {name: (drawn, mesh) for name, drawn, mesh in pictures(trimesh.load_scene(folder / f"billboards.{theme}.gltf"))}
    assert len(shown) == len(symbols()) * len(STATES)
    for symbol in symbols().values():
        for state in STATES:
            drawn, mesh = shown[file_name(symbol, state)]
            master = picture(symbol, PIXELS, theme, state)  # type: ignore[arg-type]
            assert drawn.shape == master.shape
            assert agreement(drawn, master) >= 0.97
            assert colour_distance(drawn, master) <= 2
        # The anchor lies at the origin: so far from the lower left corner as on the grid.
        unit = mesh.extents[0] / (GRID + 2 * MARGIN)
        assert -mesh.bounds[0][:2] / unit - MARGIN == pytest.approx(symbol.anchor, abs=1e-3)
        if symbol.model3d:
            assert unit * GRID == pytest.approx(symbol.model3d.height_m)


def test_every_kind_with_a_body_has_its_colour(folder: Path) -> None:
    scene = trimesh.load_scene(folder / "materials.gltf")
    for kind, row in KINDS.items():
        if row.form != "none":
            for type_ in (None, *types_of(kind)):
                mesh = scene.geometry[f"{kind}.{type_}" if type_ else kind]
                # trimesh hands factors on as bytes, linear as they are.
                factors = np.asarray(mesh.visual.material.baseColorFactor[:3]) / 255
                encoded = np.where(factors <= 0.0031308, factors * 12.92, 1.055 * factors ** (1 / 2.4) - 0.055)
                assert encoded * 255 == pytest.approx(scene_colour(kind, type_), abs=8)
                mesh.merge_vertices(merge_norm=True)
                assert mesh.is_watertight
                assert mesh.volume == pytest.approx(1.0)
