"""Tilesets: an enterprise as 3D Tiles 1.1 (OGC 22-025r4), in memory.

Root: the massing of the whole, replaced by the cells of the grid with the exact solids; what is small in a cell (manholes, elevation
points) is a tile of its own below it, added when one is near. The root's transform is the local frame of the site, so all boxes below
it are in east, north, up metres.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.crs import enu_frame
from gis.ground import Ground
from gis.kinds import KINDS
from gis.models.feature import Site
from models3d.massing import massing
from models3d.mesh import concatenate
from models3d.scene import scene
from models3d.solid import SolidMesh
from tiles.glb import Instances, Surface, compact, extent, write
from tiles.grid import cells
from tiles.instances import alike
from tiles.lattice import COARSE_M, FINE_M
from tiles.metadata import CLASS, Row, row, schema
from tiles.table import statistics

TilesetFiles = dict[str, bytes]
"""Path below the tileset's folder → content; `tileset.json` is the way in."""

MASSING = "massing.glb"
SCHEMA = "schema.json"
"""The metadata schema, once for the tileset and all its contents."""
LEAST_ERROR_M = 16.0
"""Least geometric error of a massing, so that a small plant still turns into its features before it fills the screen."""
SMALL_M = 1.5
"""Solids no larger across wait until one is near: thousands of them neither slow nor hide the picture of a whole plant."""
SMALL_ERROR_M = 2.0
"""Geometric error of a cell without its small solids: they come within about 150 m on a screen of 1080 lines."""
PADDING_M = 0.001
"""Of boxes, against the rounding of those who read them."""

Tile = dict[str, Any]
Corners = NDArray[np.float64]
"""`(2, 3)` metres: least and greatest east, north, up."""


def padded(corners: Corners) -> Corners:
    """Return a box with its padding."""
    return np.array([corners[0] - PADDING_M, corners[1] + PADDING_M])


def union(boxes: Sequence[Corners]) -> Corners:
    """Return the least box around boxes of one frame."""
    return np.array([np.min([box[0] for box in boxes], axis=0), np.max([box[1] for box in boxes], axis=0)])


def volume(corners: Corners) -> dict[str, list[float]]:
    """Return an oriented box: centre, then the three half axes."""
    centre, half = corners.mean(axis=0), np.diff(corners, axis=0)[0] / 2
    return {"box": [*centre.tolist(), *np.diag(half).ravel().tolist()]}


def schema_uri(path: str) -> str:
    """Return where the schema lies, seen from a file of the tileset."""
    return "../" * path.count("/") + SCHEMA


def _surface(solids: Sequence[SolidMesh], ids: NDArray[np.int64]) -> Surface:
    """Return solids as one surface, with a row of the property table each."""
    mesh = concatenate([solid.mesh for solid in solids])
    colours = np.concatenate([solid.colours for solid in solids])
    return Surface(mesh.positions, mesh.normals, colours, np.repeat(ids, [len(solid.mesh.positions) for solid in solids]), mesh.triangles)


def _shape(solids: Sequence[SolidMesh], ids: NDArray[np.int64]) -> Instances:
    """Return solids of one look as instances of the first."""
    offsets = np.array([solid.mesh.positions[0] for solid in solids])
    first = solids[0]
    here = replace(first, mesh=replace(first.mesh, positions=first.mesh.positions - offsets[0]))
    return Instances(_surface([here], np.zeros(1, np.int64)), offsets, ids)


def _glb(path: str, solids: Sequence[SolidMesh], rows: Sequence[Row], steps_m: Sequence[float] = FINE_M) -> tuple[bytes, Corners]:
    """Return a content and the box around it."""
    groups, rest = alike(solids)
    instances = [_shape([solids[index] for index in group], group) for group in groups]
    surface = _surface([solids[index] for index in rest], rest) if len(rest) else None
    content = write(surface, schema(), CLASS, rows, schema_uri(path), instances=instances, steps_m=steps_m)
    return content, padded(extent(surface, instances, steps_m))


def _missing_m(solids: Sequence[SolidMesh]) -> float:
    """Return the size of the largest thing that a massing does not show as itself: its geometric error."""
    diagonals = [_across_m(solid) for solid in solids if KINDS[solid.feature.kind].form in ("solid", "marker")]
    return round(max(diagonals, default=0.0), 3)


def _across_m(solid: SolidMesh) -> float:
    return float(np.linalg.norm(np.ptp(solid.mesh.positions, axis=0)))


def tile(corners: Corners, error_m: float, path: str, **rest: Any) -> Tile:
    """Return a tile with content, in its own frame."""
    return {"boundingVolume": volume(corners), "geometricError": error_m, "content": {"uri": path}, **rest}


def _cell(key: str, solids: Sequence[SolidMesh], rows: Sequence[Row]) -> tuple[Tile, Corners, TilesetFiles]:
    """Return the tile of a cell, its box and its files."""
    small = np.array([_across_m(solid) <= SMALL_M for solid in solids])
    layers = [(f"cells/{key}{suffix}.glb", np.flatnonzero(chosen)) for suffix, chosen in (("", ~small), ("_small", small)) if chosen.any()]
    files, tiles, boxes = {}, [], []
    for path, members in layers:
        inside = [solids[index] for index in members]
        files[path], box = _glb(path, inside, [rows[index] for index in members])
        boxes.append(box)
        tiles.append(tile(boxes[-1], 0, path))
    whole = union(boxes)
    if not small.any():
        return tiles[0], whole, files
    # Of small solids alone the cell has no content of its own.
    above = {"content": tiles[0]["content"]} if len(tiles) == 2 else {}
    return (
        {"boundingVolume": volume(whole), "geometricError": SMALL_ERROR_M, "refine": "ADD", **above, "children": tiles[-1:]},
        whole,
        files,
    )


def build(site: Site, ground: Ground) -> TilesetFiles:
    """Bake a site.

    The same site with the same `state_epoch` gives the same bytes, in whatever order its features come. Every feature is in exactly
    one cell; the massing tile carries the enterprise as its one feature.

    Raises
    ------
    gis.errors.GeometryError
        Features on which no solid can stand; names all of them.
    """
    site = replace(site, features=tuple(sorted(site.features, key=lambda feature: feature.feature_id)))
    solids = scene(site, ground).solids
    whole = massing(site, ground)
    enterprise_id = site.enterprise.feature_id
    rows = [row(solid, enterprise_id) for solid in solids]
    massing_glb, box = _glb(MASSING, [whole], [row(whole, enterprise_id)], COARSE_M)
    files, boxes, children = {MASSING: massing_glb}, [box], []
    for key, members in sorted(cells([solid.feature.geom for solid in solids]).items()):
        cell, box, contents = _cell(key, [solids[index] for index in members], [rows[index] for index in members])
        files |= contents
        boxes.append(box)
        children.append(cell)
    extent = union(boxes)
    error_m = max(_missing_m(solids), LEAST_ERROR_M) if children else 0.0
    below = {"children": children} if children else {}
    root = {"transform": enu_frame(site.origin).T.ravel().tolist(), **tile(extent, error_m, MASSING, refine="REPLACE", **below)}
    epoch = site.state_epoch.astimezone(UTC).isoformat().replace("+00:00", "Z")
    document = {
        "asset": {"version": "1.1", "extras": {"generator": "quanjing", "enterprise_id": str(enterprise_id), "state_epoch": epoch}},
        "schemaUri": SCHEMA,
        "statistics": statistics(schema(), CLASS, rows or [row(whole, enterprise_id)]),
        "geometricError": round(max(float(np.linalg.norm(np.diff(extent, axis=0))), error_m), 3),
        "root": root,
    }
    return {"tileset.json": compact(document), SCHEMA: compact(schema()), **files}


def version(files: TilesetFiles) -> str:
    """Return the name of exactly these files: 16 hexadecimal digits of a SHA-256 over paths and contents.

    >>> version({"a": b"x"}) == version({"a": b"x"}) != version({"a": b"y"})
    True
    """
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        name = path.encode()
        digest.update(len(name).to_bytes(8, "big") + name + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:16]
