"""`/api/city`: what belongs to no enterprise, for a map of the whole city."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from psycopg import AsyncConnection

from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.kept import kept
from gis.errors import NotFound
from gis.kinds import KINDS
from gis.store import read

router = APIRouter(prefix="/api/city", dependencies=[Depends(requires(Permission.FEATURES_READ))])


@router.get("/{kind}")
async def city(kind: Annotated[str, Path()], request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a city layer as GeoJSON (EPSG:4490), thinned to the scale of the whole city."""
    if kind not in read.CITY_LAYERS:
        raise NotFound(f"没有城市图层 {kind}；可用的有 {'、'.join(read.CITY_LAYERS)}")

    async def made(connection: AsyncConnection) -> dict[str, Any]:
        return {"type": "FeatureCollection", "features": await read.city_layer(connection, KINDS[kind])}

    return await kept(request, house, caller.scope, made)
