"""Tilesets: an enterprise as 3D Tiles 1.1 (OGC 22-025r4), in memory.

Root: the massing of the whole, replaced by the cells of the grid with the exact solids; what is small in a cell (manholes, elevation
points) is a tile of its own below it, added when one is near. The root's transform is the local frame of the site, so all boxes below
it are in east, north, up metres.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.crs import enu_frame
from gis.errors import GeometryError
from gis.ground import Ground
from gis.kinds import KINDS
from gis.models.feature import Feature, Site
from models3d.massing import massing
from models3d.mesh import concatenate
from models3d.scene import scene, shown
from models3d.solid import SolidMesh
from tiles.glb import Instances, Surface, compact, extent, unpack, write
from tiles.grid import cells
from tiles.instances import alike
from tiles.lattice import COARSE_M, FINE_M
from tiles.metadata import CLASS, Row, row, schema
from tiles.parts import digests, modelled, standing_on
from tiles.recipe import recipe
from tiles.table import decode, statistics, telling

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

SMALL = "_small"
"""End of the name of a cell's small solids."""
LARGEST = "largest_m"
"""Of a cell: across its largest solid that a massing does not show as itself; the root's geometric error is the largest of these."""

AT_ONCE = 8192
"""Features that are modelled together."""

Known = Callable[[str], bytes | None]
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


def _missing_m(solids: Sequence[SolidMesh], across_m: NDArray[np.float64]) -> float:
    """Return the size of the largest of solids that a massing does not show as itself."""
    own = np.array([KINDS[solid.feature.kind].form in ("solid", "marker") for solid in solids])
    return round(float(across_m[own].max(initial=0.0)), 3)


def _across_m(solids: Sequence[SolidMesh]) -> NDArray[np.float64]:
    """Return the diagonal of each solid's upright box, metres."""
    positions = np.concatenate([solid.mesh.positions for solid in solids])
    starts = np.cumsum([0, *(len(solid.mesh.positions) for solid in solids[:-1])])
    spans: NDArray[np.float64] = np.linalg.norm(np.maximum.reduceat(positions, starts) - np.minimum.reduceat(positions, starts), axis=1)
    return spans


def tile(corners: Corners, error_m: float, path: str, **rest: Any) -> Tile:
    """Return a tile with content, in its own frame."""
    return {"boundingVolume": volume(corners), "geometricError": error_m, "content": {"uri": path}, **rest}


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of the grid: its tile, its files, and of its rows, in their order, what statistics look at."""

    tile: Tile
    files: TilesetFiles
    rows: list[Row]

    @property
    def corners(self) -> Corners:
        """Its box, as its tile says it: the same to the bit whether it was made or taken over."""
        centre, axes = np.array(self.tile["boundingVolume"]["box"]).reshape(4, 3)[0], self.tile["boundingVolume"]["box"][3:]
        half = np.diag(np.array(axes).reshape(3, 3))
        return np.array([centre - half, centre + half])


def _cell(name: str, solids: Sequence[SolidMesh], rows: Sequence[Row]) -> _Cell:
    """Make a cell."""
    across_m = _across_m(solids)
    small = across_m <= SMALL_M
    layers = [(f"cells/{name}{suffix}.glb", np.flatnonzero(chosen)) for suffix, chosen in (("", ~small), (SMALL, small)) if chosen.any()]
    files, tiles, boxes, ordered = dict[str, bytes](), list[Tile](), list[Corners](), list[Row]()
    for path, members in layers:
        ordered += [rows[index] for index in members]
        files[path], box = _glb(path, [solids[index] for index in members], [rows[index] for index in members])
        boxes.append(box)
        tiles.append(tile(boxes[-1], 0, path))
    extras = {"extras": {LARGEST: _missing_m(solids, across_m)}}
    if not small.any():
        return _Cell({**tiles[0], **extras}, files, telling(schema(), CLASS, ordered))
    # Of small solids alone the cell has no content of its own.
    above = {"content": tiles[0]["content"]} if len(tiles) == 2 else {}
    whole = {"boundingVolume": volume(union(boxes)), "geometricError": SMALL_ERROR_M, "refine": "ADD", **above, "children": tiles[-1:]}
    return _Cell({**whole, **extras}, files, telling(schema(), CLASS, ordered))


def _contents_of(child: Tile) -> list[str]:
    """Return the paths of a cell's contents, in their order."""
    own = [child["content"]["uri"]] if "content" in child else []
    return own + [path for below in child.get("children", []) for path in _contents_of(below)]


def _taken_over(child: Tile, known: Known) -> _Cell | None:
    """Return a cell as a former version has it; None where a file of it is gone."""
    files, rows = dict[str, bytes](), list[Row]()
    for path in _contents_of(child):
        content = known(path)
        if content is None:
            return None
        glb = unpack(content)
        table = glb.document["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
        rows += telling(schema(), CLASS, decode(schema(), table, glb.view))
        files[path] = content
    return _Cell(child, files, rows)


def _former(names: Iterable[str], known: Known | None) -> dict[str, _Cell]:
    """Return the cells of those names that a former version has."""
    document = known("tileset.json") if known else None
    if known is None or document is None:
        return {}
    children = json.loads(document)["root"].get("children", [])
    there = {_contents_of(child)[0].removeprefix("cells/").removesuffix(".glb").removesuffix(SMALL): child for child in children}
    found = {name: _taken_over(there[name], known) for name in names if name in there}
    return {name: cell for name, cell in found.items() if cell is not None}


def _sound(features: Sequence[Feature]) -> bool:
    """Say whether all features have a place."""
    geometries = np.array([feature.geom for feature in features], object)
    return not (shapely.is_missing(geometries).any() or shapely.is_empty(geometries).any()) and bool(
        np.isfinite(shapely.get_coordinates(geometries)).all()
    )


def _cells(site: Site, ground: Ground, known: Known | None) -> list[_Cell]:
    """Return the cells of a site: taken over where nothing in them is another, else made."""
    features = shown(site.features)
    if not _sound(features):
        # Whoever models it names the features that have none.
        scene(site, ground)
    members, below = cells([feature.geom for feature in features]), standing_on(features)
    made_by = f"{recipe()} {site.enterprise.feature_id} {site.origin}"
    names = {key: f"{key}-{digest}" for key, digest in digests(site, features, members, below, ground=ground, made_by=made_by).items()}
    former = _former(names.values(), known)
    missing = [key for key in sorted(members) if names[key] not in former]
    reasons: list[str] = []
    for batch in _batches(missing, members):
        chosen = modelled([members[key] for key in batch], below)
        try:
            modelled_there = scene(replace(site, features=tuple(features[row] for row in chosen)), ground).solids
        except GeometryError as error:
            reasons.append(str(error))
            continue
        solids = dict(zip(chosen.tolist(), modelled_there, strict=True))
        for key in batch:
            own = [solids[index] for index in members[key].tolist()]
            former[names[key]] = _cell(names[key], own, [row(solid, site.enterprise.feature_id) for solid in own])
    if reasons:
        raise GeometryError("; ".join(reasons))
    return [former[names[key]] for key in sorted(members)]


def _batches(keys: Sequence[str], members: Mapping[str, NDArray[np.int64]]) -> Iterator[list[str]]:
    """Yield cells in runs of some thousand features: so many meshes are in memory at once."""
    batch, count = list[str](), 0
    for key in keys:
        batch.append(key)
        count += len(members[key])
        if count >= AT_ONCE:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch


def build(site: Site, ground: Ground, known: Known | None = None) -> TilesetFiles:
    """Bake a site.

    The same site with the same `state_epoch` gives the same bytes, in whatever order its features come and whatever is known. Every
    feature is in exactly one cell; the massing tile carries the enterprise as its one feature.

    Parameters
    ----------
    site : Site
    ground : Ground
    known : callable, optional
        Path → content in a former version of the same enterprise. A cell's name tells all that it is made of, so one that is there under
        its name is taken over, and only the others are modelled.

    Raises
    ------
    gis.errors.GeometryError
        Features on which no solid can stand; names all of them.
    """
    site = replace(site, features=tuple(sorted(site.features, key=lambda feature: feature.feature_id)))
    made = _cells(site, ground, known)
    whole = massing(site, ground)
    enterprise_id = site.enterprise.feature_id
    massing_glb, box = _glb(MASSING, [whole], [row(whole, enterprise_id)], COARSE_M)
    corners = union([box, *(cell.corners for cell in made)])
    error_m = max(LEAST_ERROR_M, *(cell.tile["extras"][LARGEST] for cell in made)) if made else 0.0
    below = {"children": [cell.tile for cell in made]} if made else {}
    root = {"transform": enu_frame(site.origin).T.ravel().tolist(), **tile(corners, error_m, MASSING, refine="REPLACE", **below)}
    epoch = site.state_epoch.astimezone(UTC).isoformat().replace("+00:00", "Z")
    rows = [one for cell in made for one in cell.rows]
    document = {
        "asset": {"version": "1.1", "extras": {"generator": "quanjing", "enterprise_id": str(enterprise_id), "state_epoch": epoch}},
        "schemaUri": SCHEMA,
        "statistics": statistics(schema(), CLASS, rows or [row(whole, enterprise_id)]),
        "geometricError": round(max(float(np.linalg.norm(np.diff(corners, axis=0))), error_m), 3),
        "root": root,
    }
    files = {path: content for cell in made for path, content in cell.files.items()}
    return {"tileset.json": compact(document), SCHEMA: compact(schema()), MASSING: massing_glb, **files}


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
