"""One batch of tiles of a layer: read, modelled, written; what any process or machine can do with what it is handed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from gis.crs import ecef_to_lonlat, enu_frame
from gis.errors import GeometryError, TilesetError
from gis.ground import ConstantGround, Ground
from gis.kinds import KINDS
from gis.models.feature import Feature, Site
from gis.store.bakes import CITY
from gis.store.outlines import features, joined
from gis.store.yards import Yard, yards
from models3d.scene import scene, without_faults
from models3d.solid import SolidMesh
from tiles.glb import compact, pack, unpack
from tiles.layer.subtrees import Place
from tiles.metadata import CLASS, schema, table
from tiles.object_store import Objects, objects_at
from tiles.table import Columns, stacked, told
from tiles.terrain.ground import TerrainGround
from tiles.terrain.service import Terrain, open_terrain
from tiles.tileset import glb

Floats = NDArray[np.float64]

PADDING_M = 0.05
PADDING_RAD = 1e-8
"""6 cm: of regions, against the rounding of those who read them."""
NEAR_DEG = 0.004
"""The banks of an enterprise's level ground reach no farther."""
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""The state of the day is left out of a layer."""
NO_ROWS = Columns(0, {})
Y_UP = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], float)
"""Z-up to y-up, as glTF has it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is the same for all batches of a layer."""

    kind: str
    version: str
    out: str
    """URL or folder."""
    database: str
    snapshot: str
    """Of the database, by name; empty where none is shared."""
    terrain: str | None
    """Folder of the terrain, None where the ground is level."""
    ground_m: float
    """Ellipsoid height of level ground."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Tiles that are made in one go."""

    order: Order
    number: int
    tiles: tuple[tuple[Place, bytes], ...]
    """Place and the ids of the features, 16 bytes each."""

    @property
    def record(self) -> str:
        """Where it is told what became of it."""
        return f"{self.order.version}/work/{self.number}.json"


def path_of(place: Place) -> str:
    """Return the path of a tile's content, below the version."""
    return f"content/{place[0]}/{place[1]}/{place[2]}.glb"


@lru_cache(maxsize=1)
def _terrain(order: Order) -> Terrain:
    """Return the terrain with all enterprises in it, once a process."""

    async def standing() -> list[Yard]:
        async with await psycopg.AsyncConnection.connect(order.database, autocommit=True) as connection, joined(connection, order.snapshot):
            return await yards(connection)

    terrain = open_terrain(Path(order.terrain or ""))
    if terrain is None:
        raise TilesetError(f"{order.terrain} 中没有地形：做瓦片的每台机器都要能读到它")
    terrain.settle(asyncio.run(standing()))
    return terrain


def _ground(order: Order, around: Sequence[Feature]) -> Ground:
    """Return the ground of features: of the enterprises only those that are near."""
    if order.terrain is None:
        return ConstantGround(order.ground_m)
    terrain = _terrain(order)
    box = shapely.box(*shapely.total_bounds([feature.geom for feature in around])).buffer(NEAR_DEG)
    near = sorted(terrain.tree.query(box).tolist()) if terrain.tree is not None and terrain.stands else []
    return TerrainGround(terrain.dem, tuple(terrain.stands[index] for index in near))


def _solids(site: Site, ground: Ground) -> tuple[tuple[SolidMesh, ...], list[str]]:
    """Model what can be modelled, and say why the rest was left out."""
    try:
        return scene(site, ground).solids, []
    except GeometryError:
        site, reasons = without_faults(site, ground)
        return scene(site, ground).solids, reasons


def _region(positions: Floats, frame: Floats) -> Floats:
    """Return the region around positions in a frame: radians and ellipsoid metres."""
    lonlat_h = ecef_to_lonlat(positions @ frame[:3, :3].T + frame[:3, 3])
    low, high = lonlat_h.min(axis=0), lonlat_h.max(axis=0)
    low[:2], high[:2] = np.radians(low[:2]) - PADDING_RAD, np.radians(high[:2]) + PADDING_RAD
    return np.array([low[0], low[1], high[0], high[1], low[2] - PADDING_M, high[2] + PADDING_M])


def framed(content: bytes, frame: Floats) -> bytes:
    """Return a GLB whose nodes stand in a frame (4×4, metres east, north, up to geocentric)."""
    found = unpack(content)
    document, matrix = dict(found.document), Y_UP @ frame @ Y_UP.T
    matrix[3] = (0, 0, 0, 1)
    (shown,) = document["scenes"]
    document["nodes"] = [*document["nodes"], {"matrix": matrix.T.ravel().tolist(), "children": shown["nodes"]}]
    document["scenes"] = [{"nodes": [len(document["nodes"]) - 1]}]
    return pack(document, found.binary)


def _tile(order: Order, place: Place, found: Sequence[Feature], objects: Objects) -> tuple[Floats | None, Columns, list[str]]:
    """Write a tile; returns its region, its rows, and what was left out and why."""
    west, south, east, north = shapely.total_bounds([feature.geom for feature in found]).tolist()
    origin = ((west + east) / 2, (south + north) / 2, 0.0)
    site = Site(Feature(CITY, "enterprise", None, None, "", shapely.Point(origin)), origin, tuple(found), EPOCH)
    solids, reasons = _solids(site, _ground(order, found))
    if not solids:
        return None, NO_ROWS, reasons
    frame = enu_frame(origin)
    rows = table(solids, CITY)
    content, _ = glb(path_of(place), solids, rows)
    objects.put(f"{order.version}/{path_of(place)}", framed(content, frame))
    return _region(np.concatenate([solid.mesh.positions for solid in solids]), frame), rows, reasons


@lru_cache(maxsize=1)
def _objects(out: str) -> Objects:
    return objects_at(out)


def make(batch: Batch) -> int:
    """Write the tiles of a batch, then tell what became of them; done twice it writes the same bytes. Returns the features shown."""
    order, objects = batch.order, _objects(batch.order.out)
    places, regions, rows, left_out = list[Place](), list[Floats](), list[Columns](), list[str]()
    wanted = [UUID(bytes=ids[at : at + 16]) for _, ids in batch.tiles for at in range(0, len(ids), 16)]
    with psycopg.connect(order.database, autocommit=True) as connection:
        known = {feature.feature_id.bytes: feature for feature in features(connection, KINDS[order.kind], wanted, order.snapshot)}
    for place, ids in batch.tiles:
        found = [known[one] for at in range(0, len(ids), 16) if (one := ids[at : at + 16]) in known]
        region, own, reasons = _tile(order, place, found, objects) if found else (None, NO_ROWS, [])
        left_out += reasons
        if region is not None:
            places.append(place)
            regions.append(region)
            rows.append(own)
    counts = told(schema(), CLASS, stacked(rows))
    said = {
        "tiles": [{"place": place, "region": region.tolist()} for place, region in zip(places, regions, strict=True)],
        "left_out": left_out,
        "count": counts.count,
        "numbers": {name: values.tolist() for name, values in counts.numbers.items()},
        "occurrences": counts.occurrences,
    }
    objects.put(batch.record, compact(said))
    return counts.count
