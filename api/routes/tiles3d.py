"""`/tiles3d`: baked tilesets; a version never changes, one small pointer does."""

import asyncio
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import encoded
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.live import tileset_url
from gis.errors import NotFound
from gis.store import read
from gis.store.connect import reading

router = APIRouter(prefix="/tiles3d", dependencies=[Depends(requires(Permission.TILES_READ))])

IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
MEDIA = {"json": "application/json", "glb": "model/gltf-binary"}


@router.get("/{enterprise}/current.json")
async def current(enterprise: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Point at the current version."""
    async with reading(house.pool, caller.scope) as connection:
        await read.kind_of(connection, enterprise)
        version = (await read.versions(connection, [enterprise])).get(enterprise)
    if version is None:
        raise NotFound("这个企业还没有三维切片；导入图纸后自动生成")
    headers = {"Cache-Control": "no-cache", "ETag": f'"{version}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    body = {"version": version, "url": tileset_url(enterprise, version)}
    return Response(encoded(body), media_type="application/json", headers=headers)


@router.get("/{enterprise}/{version}/{path:path}")
async def content(enterprise: UUID, version: str, path: str, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a file of a version, for ever the same."""
    async with reading(house.pool, caller.scope) as connection:
        await read.kind_of(connection, enterprise)
    data = await asyncio.to_thread(house.tiles.get, enterprise, version, path)
    if data is None:
        raise NotFound(f"版本 {version} 中没有 {path}；旧版本保留一小时")
    return Response(data, media_type=MEDIA.get(path.rpartition(".")[2], "application/octet-stream"), headers=IMMUTABLE)
