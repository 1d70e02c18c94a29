"""Shapes that stand in many places are written once."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import samples
from glbs import rows

from gis.ground import ConstantGround
from gis.models.feature import Site
from models3d.scene import scene
from models3d.solid import SolidMesh
from tiles.check import report
from tiles.glb import Glb, array, unpack, z_up
from tiles.instances import alike
from tiles.tileset import TilesetFiles, build

GROUND = ConstantGround()
SIZES = ((2.0, 6.0), (3.0, 8.0), (4.0, 9.0))
COUNT = 60


def tanks() -> Iterator[samples.Feature]:
    for index in range(COUNT):
        radius, height = SIZES[index % len(SIZES)]
        shape = samples.circle(-100 + 10 * (index % 10), -60 + 10 * (index // 10), radius)
        yield samples.feature(
            "structure",
            f"T{index:02d}",
            f"{index}号罐",
            shape,
            height_m=height,
            z_min_m=0.0,
            z_max_m=height,
            attributes={"structure_type": "tank"},
        )


LONE = samples.feature("building", "B9", "泵房", samples.box(60, 60, 12, 9), height_m=5.0)
SITE: Site = replace(samples.SITE, features=(*tanks(), LONE))
FILES = build(SITE, GROUND)
CELL = next(path for path in FILES if path.startswith("cells/"))


def drawn(files: TilesetFiles) -> dict[str, np.ndarray]:
    """Return the corners of each feature by its name, as the tile draws them, east, north, up."""
    glb, found = unpack(files[CELL]), {}
    names = [str(row["name"]) for row in rows(files, CELL)]
    for node in glb.document["nodes"]:
        attributes = glb.document["meshes"][node["mesh"]]["primitives"][0]["attributes"]
        points = array(glb, attributes["POSITION"]).astype(float)
        for moved, ids in _copies(glb, node, points, attributes):
            for row in np.unique(ids):
                corners = moved[ids == row] * node["scale"] + node["translation"]
                found[names[row]] = z_up(corners)
    return found


def _copies(glb: Glb, node: dict[str, object], points: np.ndarray, attributes: dict[str, int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    extensions = node.get("extensions")
    if extensions is None:
        yield points, array(glb, attributes["_FEATURE_ID_0"]).astype(int)
        return
    own = extensions["EXT_mesh_gpu_instancing"]["attributes"]  # type: ignore[index]
    for place, row in zip(array(glb, own["TRANSLATION"]), array(glb, own["_FEATURE_ID_0"]).astype(int), strict=True):
        yield points + place, np.full(len(points), row)


def sorted_rows(points: np.ndarray) -> np.ndarray:
    return points[np.lexsort(np.round(points, 1).T)]


def test_a_shape_is_written_once() -> None:
    document = unpack(FILES[CELL]).document
    instanced = [node for node in document["nodes"] if "extensions" in node]
    assert (len(document["nodes"]), len(instanced)) == (len(SIZES) + 1, len(SIZES))
    assert {"EXT_mesh_gpu_instancing", "EXT_instance_features"} <= set(document["extensionsUsed"])
    assert "EXT_mesh_gpu_instancing" in document["extensionsRequired"]
    counts = [
        document["accessors"][node["extensions"]["EXT_mesh_gpu_instancing"]["attributes"]["TRANSLATION"]]["count"] for node in instanced
    ]
    assert counts == [COUNT // len(SIZES)] * len(SIZES)


def test_every_tank_stands_where_it_would_alone() -> None:
    solids = {solid.feature.name: solid.mesh.positions for solid in scene(SITE, GROUND).solids}
    found = drawn(FILES)
    assert set(found) == set(solids)
    for name, points in solids.items():
        low, high = found[name].min(axis=0), found[name].max(axis=0)
        assert np.abs(low - points.min(axis=0)).max() <= 0.02, name
        assert np.abs(high - points.max(axis=0)).max() <= 0.02, name


def test_the_check_finds_nothing(tmp_path: Path) -> None:
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    found = report(tmp_path)
    assert (found.issues, found.features) == ((), COUNT + 1)
    document = json.loads(FILES["tileset.json"])
    del document["statistics"]
    (child,) = document["root"]["children"]
    child["boundingVolume"]["box"][5 + 2] -= 5
    (tmp_path / "tileset.json").write_text(json.dumps(document))
    assert "T208" in {issue.code for issue in report(tmp_path).issues}


def test_few_are_not_worth_it() -> None:
    site = replace(samples.SITE, features=(*list(tanks())[:4], LONE))
    files = build(site, GROUND)
    assert all("extensions" not in node for path in files if path.startswith("cells/") for node in unpack(files[path]).document["nodes"])


@pytest.mark.parametrize("part", ["positions", "colours", "normals"])
def test_what_differs_is_another_shape(part: str) -> None:
    first = next(solid for solid in scene(SITE, GROUND).solids if solid.feature.kind == "structure")
    moved = replace(first.mesh, positions=first.mesh.positions + np.array([3.2, 0.001, 1e-7]))
    same = [replace(first, mesh=moved) for _ in range(20)]
    mesh, colours = moved, first.colours.copy()
    if part == "colours":
        colours[5] = 0
    else:
        values = getattr(moved, part).copy()
        values[5] += 0.1
        mesh = replace(moved, **{part: values})
    other: SolidMesh = replace(first, mesh=mesh, colours=colours)
    groups, rest = alike([first, *same, other])
    assert [group.tolist() for group in groups] == [list(range(21))]
    assert rest.tolist() == [21]
