"""Terrain as it is served: baked tiles, and in their stead such with level ground where enterprises stand."""

import asyncio
import gzip
import hashlib
import json
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from uuid import UUID

import shapely

from gis.store.yards import Yard
from tiles.terrain.bake import LAYER, SOURCE, Ranges, finished, layer, ranges
from tiles.terrain.build import block
from tiles.terrain.dem import Dem, open_dem
from tiles.terrain.ground import Stand, TerrainGround, stands
from tiles.terrain.hole import with_hole
from tiles.terrain.lattice import Rectangle, Tile
from tiles.terrain.quantized import compressed
from tiles.terrain.relief import FINEST, FROM_LEVEL, METRES_A_DEGREE, REACH_M, Graded

KEPT = 800
"""Tiles with level ground that are kept in memory."""
AROUND_DEG = 0.004
"""So far around a yard there are tiles of the finest level."""


@dataclass(slots=True, eq=False)
class Terrain:
    """One baked terrain, with the ground of enterprises in it; threads may share it."""

    folder: Path
    dem: Dem
    version: str
    attribution: str
    stands: tuple[Stand, ...] = ()
    grounds: dict[Hashable, tuple[Stand, ...]] = field(default_factory=dict, repr=False)
    """The same by the yard they are of."""
    tree: shapely.STRtree | None = None
    available: Ranges = field(default_factory=list)
    digest: str = ""
    """A text that is another one whenever a tile is."""
    kept: OrderedDict[tuple[Tile, UUID | None], bytes] = field(default_factory=OrderedDict, repr=False)
    """Tiles as they are served, whole or with the hole over an enterprise."""
    lock: Lock = field(default_factory=Lock, repr=False)

    def settle(self, yards: Sequence[Yard]) -> None:
        """Take over where enterprises stand now."""
        kept = self.grounds
        # Where one of a hundred plants changes, the others need not be measured again.
        self.grounds = {key: kept.get(key) or tuple(stands(self.dem, [yard])) for key, yard in ((yard.key, yard) for yard in yards)}
        found = tuple(stand for own in self.grounds.values() for stand in own)
        said = "".join(f"{stand.enterprise_id}{stand.height_m}{stand.outline.wkt}" for stand in found)
        digest = hashlib.sha256(f"{self.version}{said}".encode()).hexdigest()[:12]
        if digest == self.digest:
            return
        rectangles: list[tuple[Rectangle, int]] = [(self.dem.bounds, self.dem.finest)]
        for stand in found:
            west, south, east, north = stand.outline.bounds
            rectangles.append(((west - AROUND_DEG, south - AROUND_DEG, east + AROUND_DEG, north + AROUND_DEG), FINEST))
        with self.lock:
            self.stands, self.available = found, ranges(rectangles)
            self.tree = shapely.STRtree([stand.outline for stand in found])
            self.kept.clear()
            self.digest = digest

    def layer(self) -> bytes:
        """Return `layer.json`."""
        return json.dumps(layer(self.available, self.dem.bounds, self.digest, self.attribution), ensure_ascii=False).encode()

    def heights(self) -> dict[UUID, float]:
        """Return the ellipsoid height of each enterprise's ground, metres."""
        return {stand.enterprise_id: stand.height_m for stand in self.stands}

    def ground(self, yards: Sequence[Yard]) -> TerrainGround:
        """Return the ground of enterprises, for their models."""
        return TerrainGround(self.dem, tuple(stands(self.dem, yards)))

    def near(self, tile: Tile) -> list[Stand]:
        """Return the level grounds that decide anything of a tile: in it, or in a neighbour."""
        if self.tree is None or not self.stands or tile.z < FROM_LEVEL:
            return []
        west, south, east, north = tile.rectangle
        reach = 1.05 * (east - west) + 2 * REACH_M / METRES_A_DEGREE
        return [self.stands[row] for row in sorted(self.tree.query(shapely.box(west - reach, south - reach, east + reach, north + reach)))]

    def tile(self, tile: Tile) -> bytes | None:
        """Return a tile, compressed; None where there is none."""
        if not 0 <= tile.z < len(self.available) or not any(
            one["startX"] <= tile.x <= one["endX"] and one["startY"] <= tile.y <= one["endY"] for one in self.available[tile.z]
        ):
            return None
        grounds = self.near(tile)
        path = self.folder / f"{tile.z}/{tile.x}/{tile.y}.terrain"
        if not grounds and path.exists():
            return path.read_bytes()
        known = self._known(tile, None)
        if known is not None:
            return known
        relief = Graded(self.dem, [stand.level for stand in grounds])
        made = finished(tile, block(relief, tile.z, (tile.x, tile.y, tile.x, tile.y))[tile], self.available)
        return self._keep(tile, None, made)

    def _known(self, tile: Tile, over: UUID | None) -> bytes | None:
        with self.lock:
            return self.kept.get((tile, over))

    def _keep(self, tile: Tile, over: UUID | None, made: bytes) -> bytes:
        with self.lock:
            self.kept[tile, over] = made
            while len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        return made

    def opened(self, tile: Tile, over: UUID) -> bytes | None:
        """Return a tile with a hole over the grounds of an enterprise, compressed; None where there is no such tile."""
        whole = self.tile(tile)
        west, south, east, north = tile.rectangle
        here = shapely.box(west, south, east, north)
        grounds = [stand.outline for stand in self.stands if stand.enterprise_id == over and stand.outline.intersects(here)]
        if whole is None or not grounds:
            return whole
        return self._known(tile, over) or self._keep(tile, over, compressed(with_hole(whole, tile, shapely.union_all(grounds))))

    def plain(self, tile: Tile) -> bytes | None:
        """Return a tile, not compressed."""
        found = self.tile(tile)
        return None if found is None else gzip.decompress(found)


def open_terrain(folder: Path) -> Terrain | None:
    """Open what `quanjing terrain bake` wrote; None where there is nothing whole, or its DEM is gone."""
    try:
        source = json.loads(folder.joinpath(SOURCE).read_text(encoding="utf-8"))
        written = folder.joinpath(LAYER).read_bytes()
    except (OSError, ValueError):
        return None
    path = Path(source["dem"])
    if not path.exists():
        return None
    terrain = Terrain(
        folder, open_dem(path, source["above"], source["crs"]), hashlib.sha256(written).hexdigest()[:12], source["attribution"]
    )
    terrain.settle([])
    return terrain


@dataclass(slots=True, eq=False)
class Terrains:
    """The terrain of a data folder, opened when it is there, and anew when it is another."""

    folder: Path
    current: Terrain | None = None
    stamp: tuple[int, int] | None = None
    settled: str = ""
    """Which state of the store's yards it stands for."""
    lock: Lock = field(default_factory=Lock, repr=False)
    settling: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """Whoever holds it takes over where enterprises stand: many who ask at once need it once."""

    def open(self) -> Terrain | None:
        """Return the terrain, None where none is baked."""
        with self.lock:
            try:
                about = self.folder.joinpath(LAYER).stat()
            except OSError:
                self.current = self.stamp = None
                return None
            if self.stamp != (about.st_mtime_ns, about.st_size):
                self.current, self.stamp, self.settled = open_terrain(self.folder), (about.st_mtime_ns, about.st_size), ""
            return self.current
