"""`/tiles3d`: baked tilesets; a version never changes, one small pointer does."""

import asyncio
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import encoded, unchanged
from api.caller import Caller, CurrentCaller, Permission, requires
from api.house import CurrentHouse, House
from api.live import city_url, tileset_url
from api.ogc.volumes import TILESET
from gis.errors import NotFound
from gis.store import read
from gis.store.bakes import CITY, city_version
from gis.store.connect import EVERYWHERE, reading

router = APIRouter(prefix="/tiles3d", dependencies=[Depends(requires(Permission.TILES_READ))])

IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
MEDIA = {"json": "application/json", "glb": "model/gltf-binary"}


def _sees_all(caller: Caller) -> None:
    """Refuse the city to whoever sees only a part of it: its tiles show all enterprises."""
    if caller.scope != EVERYWHERE:
        raise NotFound("全市三维切片只对可见全市的用户开放")


def _pointer(request: Request, version: str, url: str) -> Response:
    headers = {"Cache-Control": "no-cache", "ETag": f'"{version}"'}
    if known := unchanged(request, headers):
        return known
    return Response(encoded({"version": version, "url": url}), media_type="application/json", headers=headers)


async def _file(house: House, owner: UUID, version: str, path: str) -> Response:
    data = await asyncio.to_thread(house.tiles.get, owner, version, path)
    if data is None:
        raise NotFound(f"版本 {version} 中没有 {path}；旧版本保留一小时")
    media = TILESET if path == "tileset.json" else MEDIA.get(path.rpartition(".")[2], "application/octet-stream")
    return Response(data, media_type=media, headers=IMMUTABLE)


@router.get("/city/current.json")
async def city_current(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Point at the current version of the city's tileset."""
    _sees_all(caller)
    async with reading(house.pool, caller.scope) as connection:
        version = await city_version(connection)
    if version is None:
        raise NotFound("还没有全市三维切片；导入图纸后自动生成")
    return _pointer(request, version, city_url(version))


@router.get("/city/{version}/{path:path}")
async def city_content(version: str, path: str, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a file of a version of the city's tileset, for ever the same."""
    _sees_all(caller)
    return await _file(house, CITY, version, path)


@router.get("/{enterprise}/current.json")
async def current(enterprise: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Point at the current version."""
    async with reading(house.pool, caller.scope) as connection:
        await read.kind_of(connection, enterprise)
        version = (await read.versions(connection, [enterprise])).get(enterprise)
    if version is None:
        raise NotFound("这个企业还没有三维切片；导入图纸后自动生成")
    return _pointer(request, version, tileset_url(enterprise, version))


@router.get("/{enterprise}/{version}/{path:path}")
async def content(enterprise: UUID, version: str, path: str, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a file of a version, for ever the same."""
    async with reading(house.pool, caller.scope) as connection:
        await read.kind_of(connection, enterprise)
    return await _file(house, enterprise, version, path)
