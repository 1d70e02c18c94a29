"""Tilesets: an enterprise as 3D Tiles 1.1 (OGC 22-025r4), in memory.

Root: the massing of the whole, replaced by the cells of the grid with the exact solids. The root's transform is the local frame of
the site, so all boxes below it are in east, north, up metres.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

import numpy as np
from numpy.typing import NDArray

from gis.crs import enu_frame
from gis.ground import Ground
from gis.models.feature import Site
from models3d.massing import massing
from models3d.mesh import concatenate
from models3d.scene import SolidMesh, scene
from tiles.glb import Surface, compact, write
from tiles.grid import cells
from tiles.metadata import CLASS, Row, row, schema
from tiles.table import statistics

TilesetFiles = dict[str, bytes]
"""Path below the tileset's folder → content; `tileset.json` is the way in."""

MASSING = "massing.glb"
LEAST_ERROR_M = 16.0
"""Least geometric error of a massing, so that a small plant still turns into its features before it fills the screen."""
PADDING_M = 0.001
"""Of boxes: more than float32 positions lose within 10 km."""

Corners = NDArray[np.float64]
"""`(2, 3)` metres: least and greatest east, north, up."""


def _corners(solids: Sequence[SolidMesh]) -> Corners:
    lows = np.min([solid.mesh.positions.min(axis=0) for solid in solids], axis=0)
    highs = np.max([solid.mesh.positions.max(axis=0) for solid in solids], axis=0)
    return np.array([lows - PADDING_M, highs + PADDING_M])


def _union(boxes: Sequence[Corners]) -> Corners:
    return np.array([np.min([box[0] for box in boxes], axis=0), np.max([box[1] for box in boxes], axis=0)])


def _volume(corners: Corners) -> dict[str, list[float]]:
    """Return an oriented box: centre, then the three half axes."""
    centre, half = corners.mean(axis=0), np.diff(corners, axis=0)[0] / 2
    return {"box": [*centre.tolist(), *np.diag(half).ravel().tolist()]}


def _glb(solids: Sequence[SolidMesh], rows: Sequence[Row]) -> bytes:
    mesh = concatenate([solid.mesh for solid in solids])
    ids = np.repeat(np.arange(len(solids)), [len(solid.mesh.positions) for solid in solids])
    colours = np.concatenate([solid.colours for solid in solids])
    return write(Surface(mesh.positions, mesh.normals, colours, ids, mesh.triangles), schema(), CLASS, rows)


def _missing_m(solids: Sequence[SolidMesh]) -> float:
    """Return the size of the largest thing that a massing does not show as itself: its geometric error."""
    diagonals = [np.linalg.norm(np.ptp(solid.mesh.positions, axis=0)) for solid in solids if solid.feature.kind != "site_boundary"]
    return round(float(max(diagonals, default=0.0)), 3)


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
    files = {MASSING: _glb([whole], [row(whole, enterprise_id)])}
    boxes, children = [_corners([whole])], []
    for key, members in sorted(cells([solid.feature.geom for solid in solids]).items()):
        inside = [solids[index] for index in members]
        path = f"cells/{key}.glb"
        files[path] = _glb(inside, [rows[index] for index in members])
        boxes.append(_corners(inside))
        children.append({"boundingVolume": _volume(boxes[-1]), "geometricError": 0, "content": {"uri": path}})
    extent = _union(boxes)
    error_m = max(_missing_m(solids), LEAST_ERROR_M) if children else 0.0
    root = {
        "transform": enu_frame(site.origin).T.ravel().tolist(),
        "boundingVolume": _volume(extent),
        "geometricError": error_m,
        "refine": "REPLACE",
        "content": {"uri": MASSING},
        **({"children": children} if children else {}),
    }
    epoch = site.state_epoch.astimezone(UTC).isoformat().replace("+00:00", "Z")
    document = {
        "asset": {"version": "1.1", "extras": {"generator": "quanjing", "enterprise_id": str(enterprise_id), "state_epoch": epoch}},
        "schema": schema(),
        "statistics": statistics(schema(), CLASS, rows or [row(whole, enterprise_id)]),
        "geometricError": round(max(float(np.linalg.norm(np.diff(extent, axis=0))), error_m), 3),
        "root": root,
    }
    return {"tileset.json": compact(document), **files}


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
