"""Vector tiles of a set of layers as one file that needs no server: PMTiles version 3."""

import gzip
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from psycopg import AsyncConnection

from gis.errors import NotFound
from gis.kinds import DETAIL_ZOOM, KINDS
from gis.store.vector_tiles import FULL_ZOOM, Place, TileQuery, boxes, configure, covering, vector_tile

Box = tuple[float, float, float, float]
E7 = 10_000_000


@dataclass(frozen=True, slots=True)
class Archive:
    """What was written."""

    tiles: int
    bytes: int


def candidates(found: dict[str, list[Box]], z: int, parents: set[tuple[int, int]] | None) -> list[Place]:
    """Return the tiles of a zoom in which a feature may be seen, in the order of the file.

    Parameters
    ----------
    found : dict
        Kind → boxes of its features.
    z : int
    parents : set of tuple of int, optional
        Columns and rows of the zoom before in which something is; None where that zoom shows not all kinds.
    """
    places: set[tuple[int, int]] = set()
    for kind, listed in found.items():
        if KINDS[kind].zoom > z:
            continue
        for box in listed:
            left, right, top, bottom = covering(box, z)
            places.update((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))
    if parents is not None:
        places = {(x, y) for x, y in places if (x >> 1, y >> 1) in parents}
    return sorted((Place(z, x, y) for x, y in places), key=lambda place: zxy_to_tileid(place.z, place.x, place.y))


def _fields(kind: str) -> dict[str, str]:
    row = KINDS[kind]
    types = {"integer": "Number", "number": "Number", "boolean": "Boolean"}
    common = {"feature_id": "String", "alarm_level": "Number", "case_count": "Number", "name": "String", "code": "String"}
    common |= {"anchor": "Boolean"} if row.areal else {}
    own = {a.name: types.get(a.type, "String") for a in row.attributes if a.in_tile and a.name != row.type_attribute}
    return common | ({"type": "String"} if row.type_attribute else {}) | own


def _metadata(layers: Sequence[str], last: int) -> dict[str, Any]:
    listed = [
        {"id": name, "description": KINDS[name].label, "minzoom": KINDS[name].zoom, "maxzoom": last, "fields": _fields(name)}
        for name in layers
    ]
    return {"name": "quanjing 全景", "type": "overlay", "format": "pbf", "vector_layers": listed}


def _extent(found: Iterable[Box]) -> Box:
    listed = list(found)
    return (*(min(box[side] for box in listed) for side in (0, 1)), *(max(box[side] for box in listed) for side in (2, 3)))  # type: ignore[return-value]


async def write_archive(
    url: str,
    out: Path,
    layers: Sequence[str],
    *,
    zooms: range = range(FULL_ZOOM + 1),
    as_of: datetime | None = None,
    step: Callable[[int, int], None] = lambda _, __: None,
) -> Archive:
    """Write layers as PMTiles, each from its zoom on; a file that is there is replaced when the new one is whole.

    Parameters
    ----------
    url : str
        Of the database.
    out : Path
    layers : sequence of str
        Names of kinds.
    zooms : range
    as_of : datetime, optional
        What the store knew then.
    step : callable
        Is told the zoom and how many tiles of it are left.

    Raises
    ------
    NotFound
        Nothing is there to be written.
    """
    async with await AsyncConnection.connect(url) as connection:
        await configure(connection)
        found = {name: listed for name in layers if (listed := await boxes(connection, KINDS[name]))}
        if not found:
            raise NotFound("这些图层没有要素，没有写出文件")
        half = out.with_name(f".{out.name}.new")
        with half.open("wb") as file:
            writer, parents = Writer(file), None
            for z in zooms:
                shown = tuple(sorted(name for name in found if KINDS[name].zoom <= z))
                wanted, standing = candidates(found, z, parents) if shown else [], set[tuple[int, int]]()
                for number, place in enumerate(wanted):
                    data = await vector_tile(connection, TileQuery(layers=shown, as_of=as_of), place)
                    if data:
                        standing.add((place.x, place.y))
                        writer.write_tile(zxy_to_tileid(place.z, place.x, place.y), gzip.compress(data, 6, mtime=0))
                    step(z, len(wanted) - number - 1)
                parents = standing if z >= DETAIL_ZOOM else None
            if not writer.addressed_tiles:
                half.unlink()
                raise NotFound(f"第 {zooms[0]} 至 {zooms[-1]} 级没有这些图层的要素，没有写出文件")
            west, south, east, north = (round(value * E7) for value in _extent(box for listed in found.values() for box in listed))
            header = {
                "tile_type": TileType.MVT, "tile_compression": Compression.GZIP,
                "min_lon_e7": west, "min_lat_e7": south, "max_lon_e7": east, "max_lat_e7": north,
                "center_zoom": zooms[0], "center_lon_e7": (west + east) // 2, "center_lat_e7": (south + north) // 2,
            }  # fmt: skip
            writer.finalize(header, _metadata([name for name in layers if name in found], zooms[-1]))
        half.replace(out)
        return Archive(writer.addressed_tiles, out.stat().st_size)
