"""`/layers3d`: finished 3D Tiles of others as layers: oblique photogrammetry, point clouds."""

import asyncio
from pathlib import Path

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, Response

from api.answers import answer, unchanged
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from gis.errors import NotFound
from gis.store.connect import reading
from gis.store.tile_layers import clips, layer_named, layers
from tiles.delivered import inside

router = APIRouter(prefix="/layers3d", dependencies=[Depends(requires(Permission.TILES_READ))])

CACHE = "public, max-age=3600"
"""The address has the layer's version; a file that is exchanged in its place is asked for anew after an hour."""
MEDIA = {"json": "application/json", "glb": "model/gltf-binary", "gltf": "model/gltf+json", "jpg": "image/jpeg", "png": "image/png"}


@router.get("")
async def listed(house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the layers, where they are moved to, and the outlines that are cut out of them."""
    async with reading(house.pool, caller.scope) as connection:
        rows = [
            {
                "name": layer.name,
                "label": layer.label,
                "content": layer.content,
                "url": f"/layers3d/{layer.name}/{layer.version}/{layer.entry}",
                "offset_m": [layer.east_m, layer.north_m, layer.up_m],
                "lon": layer.lon,
                "lat": layer.lat,
                "radius_m": layer.radius_m,
                "clips": await clips(connection, layer),
            }
            for layer in await layers(connection)
        ]
    return answer({"layers": rows})


@router.get("/{name}/{version}/{path:path}")
async def content(request: Request, house: CurrentHouse, caller: CurrentCaller, *, name: str, version: str, path: str) -> Response:
    """Return a file of a layer, whole or a range of it."""
    async with reading(house.pool, caller.scope) as connection:
        layer = await layer_named(connection, name)
    file = await asyncio.to_thread(inside, Path(layer.folder), path) if version == layer.version else None
    if file is None:
        raise NotFound(f"三维图层 {name} 中没有 {path}；图层重新登记后地址会变")
    state = file.stat()
    headers = {"Cache-Control": CACHE, "ETag": f'"{state.st_mtime_ns:x}-{state.st_size:x}"'}
    if known := unchanged(request, headers):
        return known
    return FileResponse(file, headers=headers, media_type=MEDIA.get(file.suffix[1:].lower(), "application/octet-stream"), stat_result=state)
