"""`/terrain`, `/imagery`: the ground and what it looks like, from the data folder alone."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import answer, unchanged
from api.caller import Permission, requires
from api.house import CurrentHouse, House
from gis.errors import NotFound
from gis.store.connect import EVERYWHERE, reading
from gis.store.yards import stamp, yards
from tiles.terrain.ground import at
from tiles.terrain.lattice import Tile
from tiles.terrain.service import Terrain

router = APIRouter(dependencies=[Depends(requires(Permission.TILES_READ))])

KEEP = "public, max-age=86400"
"""Addresses carry a version, so what is kept is never the wrong one; after a day a browser asks whether it still holds."""


async def settled(house: House) -> Terrain | None:
    """Return the terrain with level ground where enterprises stand now, None where none is baked."""
    terrain = await asyncio.to_thread(house.terrains.open)
    if terrain is None:
        return None
    async with reading(house.pool, EVERYWHERE) as connection:
        if await stamp(connection) == house.terrains.settled:
            return terrain
    async with house.terrains.settling, reading(house.pool, EVERYWHERE) as connection:
        state = await stamp(connection)
        if state != house.terrains.settled:
            await asyncio.to_thread(terrain.settle, await yards(connection))
            house.terrains.settled = state
    return terrain


async def grounds_m(house: House, terrain: Terrain | None, rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the ellipsoid height of the ground of enterprises (rows with `feature_id`, `lon`, `lat`), metres."""
    if terrain is None:
        return [house.settings.ground_ellipsoid_m] * len(rows)
    known = terrain.heights()

    def found() -> list[float]:
        return [known[row["feature_id"]] if row["feature_id"] in known else at(terrain.dem, row["lon"], row["lat"]) for row in rows]

    return await asyncio.to_thread(found)


def _missing() -> NotFound:
    return NotFound("没有地形；用 quanjing terrain bake 由 DEM 生成")


def _tagged(request: Request, content: bytes, media: str, caching: str, **more: str) -> Response:
    headers = {"Cache-Control": caching, "ETag": f'"{hashlib.sha256(content).hexdigest()[:24]}"', **more}
    return unchanged(request, headers) or Response(content, media_type=media, headers=headers)


@router.get("/api/land")
async def land(house: CurrentHouse) -> Response:
    """Say whether there is terrain, and which base maps."""
    terrain, shown = await settled(house), await asyncio.to_thread(house.imagery.list)
    maps: list[dict[str, Any]] = [
        {
            "name": one.layer.name,
            "label": one.layer.label,
            "attribution": one.layer.attribution,
            "url": f"/imagery/{one.layer.name}/{{z}}/{{x}}/{{y}}?v={one.version}",
            "bounds": one.bounds,
            "max_zoom": one.max_zoom,
        }
        for one in shown
    ]
    return answer({"terrain": {"url": "/terrain", "version": terrain.digest} if terrain else None, "imagery": maps})


@router.get("/terrain/over/{enterprise}/layer.json")
@router.get("/terrain/layer.json")
async def layer(request: Request, house: CurrentHouse) -> Response:
    """Describe the terrain."""
    terrain = await settled(house)
    if terrain is None:
        raise _missing()
    return _tagged(request, terrain.layer(), "application/json", "no-cache")


@router.get("/terrain/over/{enterprise}/{z}/{x}/{y}.terrain")
async def opened(  # noqa: PLR0917 — a route
    enterprise: UUID, z: int, x: int, y: int, request: Request, house: CurrentHouse, v: str = ""
) -> Response:
    """Return a tile of the ground with a hole over an enterprise: what lies below it is seen from above."""
    return await _tile(request, house, v, Tile(z, x, y), enterprise)


@router.get("/terrain/{z}/{x}/{y}.terrain")
async def tile(z: int, x: int, y: int, request: Request, house: CurrentHouse, v: str = "") -> Response:  # noqa: PLR0917 — a route
    """Return a tile of the ground (quantized-mesh 1.0)."""
    return await _tile(request, house, v, Tile(z, x, y), None)


async def _tile(request: Request, house: House, v: str, place: Tile, over: UUID | None) -> Response:
    terrain = house.terrains.current
    if terrain is None or not house.terrains.settled or (v and v != terrain.digest):
        terrain = await settled(house)
    if terrain is None:
        raise _missing()
    found = await (asyncio.to_thread(terrain.opened, place, over) if over else asyncio.to_thread(terrain.tile, place))
    if found is None:
        raise NotFound(f"没有地形瓦片 {place.z}/{place.x}/{place.y}")
    return _tagged(request, found, "application/vnd.quantized-mesh", KEEP, **{"Content-Encoding": "gzip"})


@router.get("/imagery/{name}/{z}/{x}/{y}")
async def picture(name: str, z: int, x: int, y: int, request: Request, house: CurrentHouse) -> Response:  # noqa: PLR0917 — a route
    """Return a tile of a base map (XYZ, web Mercator)."""
    found = await asyncio.to_thread(house.imagery.tile, name, z, x, y)
    if found is None:
        return Response(status_code=204, headers={"Cache-Control": KEEP})
    content, media = found
    return _tagged(request, content, media, KEEP)
