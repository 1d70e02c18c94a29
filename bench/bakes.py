"""Baking generated buildings into 3D Tiles, beside py3dtiles and trimesh."""

import gc
import gzip
from dataclasses import replace
from statistics import median

import numpy as np
import shapely
import trimesh
from figures import Clock, Row, timed
from py3dtiles.tileset.content.gltf import Gltf
from py3dtiles.tileset.content.gltf_utils import GltfMesh
from town import farm, outlines, town

from gis.ground import ConstantGround
from models3d.mesh import volume_m3
from models3d.parts.prism import prisms
from tiles.glb import unpack
from tiles.grid import cells
from tiles.tileset import TilesetFiles, bake, build

ABOUT = (
    "Generated buildings (60 % boxes, 25 % L, 15 % with a court), in memory, CPU time. Ours: `tiles.tileset.build` from longitude and "
    "latitude to a whole 3D Tiles 1.1 tileset: solids, massing, one property table a tile, statistics. Peer: `trimesh.creation."
    "extrude_polygon` (earcut) and py3dtiles' `Gltf.from_meshes`, one `GltfMesh` a building with flat normals, cut into the same cells, "
    "four values a building in `extras`; it is given the footprints in metres and makes no tileset.json, massing, or property tables. "
    "Sizes are of whole tilesets, nine attributes known of each building. An edit is one building of 10,000 raised, going on from the bake "
    "before, as the worker does, beside the full bake. Instances are 5,000 tanks and stacks of 12 sizes close together; without their 12 "
    "shapes a tile. "
    "(For `py3dtiles export` out of PostGIS see store.) Extrusion alone: `models3d.parts.prism.prisms` "
    "beside `extrude_polygon`, volumes equal to 1e-6."
)
EXTRUDED = 10_000
TANKS = 5000
EDITS = 20


def _peer(count: int) -> tuple[Clock, Clock, int]:
    """Return the times of extruding and of writing, and the bytes written."""
    site = town(count)
    shapes, heights = outlines(count)
    members = cells([feature.geom for feature in site.features])
    with timed() as extruding:
        solids = [trimesh.creation.extrude_polygon(shape, height) for shape, height in zip(shapes, heights, strict=True)]
    size = 0
    with timed() as writing:
        for inside in members.values():
            meshes = []
            for index in inside:
                solid, feature = solids[index], site.features[index]
                properties = {"id": str(feature.feature_id), "name": feature.name, "code": feature.code, "height_m": feature.height_m}
                points = solid.triangles.reshape(-1, 3).astype(np.float32)
                normals = np.repeat(solid.face_normals, 3, axis=0).astype(np.float32)
                meshes.append(GltfMesh(points, feature.name, normals, properties=properties))
            size += len(Gltf.from_meshes(meshes).to_array().tobytes())
    return extruding, writing, size


def _ours(count: int) -> tuple[Clock, TilesetFiles]:
    site, ground = town(count), ConstantGround()
    gc.collect()
    with timed() as clock:
        files = build(site, ground)
    return clock, files


def _size(files: TilesetFiles) -> int:
    return sum(map(len, files.values()))


def _edits(count: int) -> tuple[float, int]:
    """Return the median CPU time of a bake after one building was raised, and how many files one writes at most."""
    site = town(count)
    made, times, written = bake(site, ConstantGround()), [], 0
    for number in range(EDITS):
        one = site.features[count // EDITS * number]
        with timed() as clock:
            made = made.after({one.feature_id: replace(one, height_m=33.3, z_max_m=33.3)}, site.state_epoch)
            assert made.version
        times.append(clock.own)
        written = max(written, len(made.contents))
    return median(times), written


def _instances() -> Row:
    """Return the bytes that a tank takes that looks like many others."""
    contents = {path: content for path, content in build(farm(TANKS), ConstantGround()).items() if path.startswith("cells/")}
    shapes = 0
    for content in contents.values():
        document = unpack(content).document
        views = set[int]()
        for mesh in document["meshes"]:
            (primitive,) = mesh["primitives"]
            views |= {document["accessors"][index]["bufferView"] for index in (*primitive["attributes"].values(), primitive["indices"])}
        shapes += sum(document["bufferViews"][view]["extensions"]["EXT_meshopt_compression"]["byteLength"] for view in views)
    note = f"with the shapes {_size(contents) / TANKS:.0f}; {len(contents)} tiles"
    return Row(f"{TANKS:,} tanks and stacks", (_size(contents) - shapes) / TANKS, "bytes/instance", note=note)


def _extrusion() -> Row:
    shapes, heights = outlines(EXTRUDED)
    with timed() as ours:
        meshes = prisms(shapes, np.zeros(EXTRUDED), heights)
    with timed() as peer:
        solids = [trimesh.creation.extrude_polygon(shape, height) for shape, height in zip(shapes, heights, strict=True)]
    expected = shapely.area(shapes) * heights
    np.testing.assert_allclose([volume_m3(mesh) for mesh in meshes], expected, rtol=1e-6)
    np.testing.assert_allclose([solid.volume for solid in solids], expected, rtol=1e-6)
    rates = (EXTRUDED / ours.own, EXTRUDED / peer.own)
    return Row(f"extrude {EXTRUDED:,} footprints", rates[0], "buildings/CPU s", rates[1], "trimesh", "more", "volumes equal to 1e-6")


def run() -> list[Row]:
    """Measure."""
    _ours(10)
    small, small_files = _ours(1000)
    extruding, writing, peer_bytes = _peer(1000)
    large, large_files = _ours(10_000)
    edit, others = _edits(10_000)
    packed = sum(len(gzip.compress(content, 6)) for content in large_files.values())
    name, unit = "trimesh + py3dtiles", "buildings/CPU s"
    note = f"peer: extruding {extruding.own:.2f} s, writing {writing.own:.2f} s"
    return [
        Row("bake 1,000 buildings", 1000 / small.own, unit, 1000 / (extruding.own + writing.own), name, "more", note),
        Row(
            "size at 1,000",
            _size(small_files) / 1000,
            "bytes/building",
            peer_bytes / 1000,
            name,
            note="ours with massing and property tables",
        ),
        Row("bake 10,000 buildings", 10_000 / large.own, unit, better="more"),
        Row("size at 10,000", _size(large_files) / 10_000, "bytes/building", note=f"gzip {packed / 10_000:.0f}"),
        Row("one of 10,000 raised", edit * 1000, "CPU ms", large.own * 1000, "full bake", note=f"median; {others} files written"),
        _instances(),
        _extrusion(),
    ]
