"""The city's tileset: the massing of every enterprise in one picture, 3D Tiles 1.1 (OGC 22-025r4), in memory.

Root: one block an enterprise, all in one mesh, replaced by the cells of a wide grid with the massings as the enterprises' own tilesets
have them. It is put together from those tilesets' files, so an edit costs one cell and the root, and no feature is read again. State is
left out of it: that reaches the open browser by itself.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.crs import enu_frame, xy_to_lonlat
from models3d.massing import block
from models3d.mesh import Mesh
from styles.tokens import scene_colour
from tiles.glb import Surface, compact, extent, read, write
from tiles.grid import cells
from tiles.lattice import COARSE_M
from tiles.metadata import CLASS, Row, Schema, schema
from tiles.table import statistics, together, told
from tiles.tileset import LEAST_ERROR_M, SCHEMA, Corners, TilesetFiles, padded, schema_uri, tile, union

CELL_M = 16_384.0
"""Side of a cell, metres: so that a city is some dozens of them."""
MAX_MASSINGS = 16
"""In one cell; a crowded one is quartered."""
OVERVIEW = "overview.glb"
PROPERTIES = ("feature_id", "enterprise_id", "kind", "name", "code", "z_min_m", "z_max_m")
"""What an enterprise says of itself here."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """One enterprise as it goes into the city."""

    enterprise_id: UUID
    origin: tuple[float, float, float]
    """Of its own frame: longitude, latitude (degrees, EPSG:4490), ellipsoid height (metres)."""
    massing: bytes
    """The GLB of its own tileset."""
    schema: Schema
    """The metadata schema of its own tileset."""


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """A massing in geocentric metres."""

    surface: Surface
    row: Row


@cache
def city_schema() -> Schema:
    """Return the schema of the city's tiles, a part of that of the enterprises'; treat it as read-only."""
    whole = schema()
    properties = {name: row for name, row in whole["classes"][CLASS]["properties"].items() if name in PROPERTIES}
    return {
        "id": "quanjing_city",
        "classes": {CLASS: {"name": "企业", "properties": properties}},
        "enums": {"kind": whole["enums"]["kind"]},
    }


def _centre(key: str) -> Floats:
    """Return the frame of a cell, or of the quarters of it: 4×4, east-north-up at the middle of the cell to geocentric."""
    column, row = (int(number) for number in key.partition("q")[0].split("_")[:2])
    lon, lat = xy_to_lonlat((np.array([[column, row]]) + 0.5) * CELL_M)[0].tolist()
    return enu_frame((lon, lat, 0.0))


def _middle(keys: Iterable[str]) -> str:
    """Return the cell in the middle: it moves only when the city grows over its edge."""
    places = np.array([[int(number) for number in key.partition("q")[0].split("_")[:2]] for key in keys])
    column, row = ((places.min(axis=0) + places.max(axis=0)) // 2).tolist()
    return f"{column}_{row}"


def _moved(surface: Surface, frame: Floats) -> Surface:
    """Return a surface in another frame, by a rigid 4×4 motion."""
    turn = frame[:3, :3]
    return replace(surface, positions=surface.positions @ turn.T + frame[:3, 3], normals=(surface.normals @ turn.T).astype(np.float32))


def _in_frame(part: Part, frame: Floats) -> _Placed:
    """Read a massing into a frame (4×4, to geocentric)."""
    surface, rows = read(part.massing, part.schema)
    return _Placed(_moved(surface, np.linalg.inv(frame) @ enu_frame(part.origin)), {name: rows[0].get(name) for name in PROPERTIES})


def _joined(placed: Sequence[_Placed]) -> tuple[Surface, list[Row]]:
    """Return the surfaces as one, a row of the property table each."""
    sizes = [len(one.surface.positions) for one in placed]
    starts = np.cumsum([0, *sizes[:-1]])
    return Surface(
        np.concatenate([one.surface.positions for one in placed]),
        np.concatenate([one.surface.normals for one in placed]),
        np.concatenate([one.surface.colours for one in placed]),
        np.repeat(np.arange(len(placed)), sizes),
        np.concatenate([one.surface.triangles + np.uint32(start) for one, start in zip(placed, starts, strict=True)]),
    ), [one.row for one in placed]


def _glb(path: str, placed: Sequence[_Placed]) -> bytes:
    surface, rows = _joined(placed)
    return write(surface, city_schema(), CLASS, rows, schema_uri(path), steps_m=COARSE_M)


def _block(part: Part, frame: Floats) -> _Placed:
    """Return what stands for an enterprise from afar."""
    surface, rows = read(part.massing, part.schema)
    mesh: Mesh = block(surface.positions)
    colours = np.tile(np.array(scene_colour("massing"), np.uint8), (len(mesh.positions), 1))
    whole = Surface(mesh.positions, mesh.normals, colours, np.zeros(len(mesh.positions), np.int64), mesh.triangles)
    return _Placed(_moved(whole, np.linalg.inv(frame) @ enu_frame(part.origin)), {name: rows[0].get(name) for name in PROPERTIES})


def _digest(parts: Sequence[Part], recipe: str) -> str:
    digest = hashlib.sha256(recipe.encode())
    for part in parts:
        digest.update(part.enterprise_id.bytes + repr(part.origin).encode() + hashlib.sha256(part.massing).digest())
    return digest.hexdigest()[:16]


def _cell(path: str, key: str, parts: Sequence[Part], known: Callable[[str], bytes | None] | None) -> tuple[bytes, Corners]:
    """Return the content of a cell and its box in its own frame; made only where the version before has it not."""
    content = known(path) if known else None
    if content is None:
        frame = _centre(key)
        content = _glb(path, [_in_frame(part, frame) for part in parts])
    return content, padded(_around(read(content, city_schema())[0].positions))


def _around(positions: Floats) -> Corners:
    """Return the least box around positions, `(n, 3)` metres."""
    return np.array([positions.min(axis=0), positions.max(axis=0)])


def _spread(box: Corners, frame: Floats) -> Corners:
    """Return the box around a box moved by a frame."""
    corners = np.array(np.meshgrid(*box.T)).reshape(3, -1).T
    return padded(_around(corners @ frame[:3, :3].T + frame[:3, 3]))


def build_city(parts: Sequence[Part], recipe: str, known: Callable[[str], bytes | None] | None = None) -> TilesetFiles:
    """Put the city's tileset together.

    Parameters
    ----------
    parts : sequence of Part
        Every enterprise with a tileset, at least one; their order does not matter.
    recipe : str
        What the files are made by (`tiles.recipe`): part of the cells' names.
    known : callable, optional
        Path → content in the version before. A cell's name tells all that it is made of, so what is found there is taken as it is, and
        the result is the same to the byte as without it.

    Returns
    -------
    dict of str to bytes
        Each enterprise is one feature of the root and one of exactly one cell.
    """
    parts = sorted(parts, key=lambda part: part.enterprise_id)
    places = cells([shapely.Point(part.origin[:2]) for part in parts], MAX_MASSINGS, CELL_M)
    root = _centre(_middle(places))
    blocks, rows = _joined([_block(part, root) for part in parts])
    files = {OVERVIEW: write(blocks, city_schema(), CLASS, rows, schema_uri(OVERVIEW), steps_m=COARSE_M)}
    boxes, children = [padded(extent(blocks, steps_m=COARSE_M))], []
    for key, members in sorted(places.items()):
        inside = [parts[index] for index in members]
        path = f"cells/{key}-{_digest(inside, recipe)}.glb"
        files[path], box = _cell(path, key, inside, known)
        frame = np.linalg.inv(root) @ _centre(key)
        # The last row is exact by nature, not by arithmetic.
        frame[3] = (0, 0, 0, 1)
        boxes.append(_spread(box, frame))
        children.append({"transform": frame.T.ravel().tolist(), **tile(box, 0, path)})
    whole = union(boxes)
    widest = max(float(np.linalg.norm(np.ptp(blocks.positions[blocks.feature_ids == index], axis=0))) for index in range(len(parts)))
    error_m = round(max(widest, LEAST_ERROR_M), 3)
    document: dict[str, Any] = {
        "asset": {"version": "1.1", "extras": {"generator": "quanjing", "enterprises": len(parts)}},
        "schemaUri": SCHEMA,
        "statistics": statistics(city_schema(), CLASS, together([told(city_schema(), CLASS, rows)])),
        "geometricError": round(max(float(np.linalg.norm(np.diff(whole, axis=0))), error_m), 3),
        "root": {"transform": root.T.ravel().tolist(), **tile(whole, error_m, OVERVIEW, refine="REPLACE", children=children)},
    }
    return {"tileset.json": compact(document), SCHEMA: compact(city_schema()), **files}
