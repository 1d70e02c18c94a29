"""`/api/city`: what belongs to no enterprise, for a map of the whole city."""

import asyncio
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from psycopg import AsyncConnection

from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.kept import kept
from api.routes.land import settled
from gis.errors import NotFound
from gis.kinds import KINDS
from gis.store import read
from tiles.terrain.dem import Dem

router = APIRouter(prefix="/api/city", dependencies=[Depends(requires(Permission.FEATURES_READ))])


APART_DEG = 0.004
"""Along a line over hills there is a height at least so often."""


def _laid(features: list[dict[str, Any]], dem: Dem) -> None:
    """Give each position the ellipsoid height of the ground there."""
    shapes = shapely.segmentize([shapely.geometry.shape(feature["geometry"]) for feature in features], APART_DEG)
    lonlat = shapely.get_coordinates(shapes)
    heights = dem.roughly(lonlat).round(1) if len(lonlat) else np.zeros(0)
    shapes = shapely.set_coordinates(shapely.force_3d(shapes), np.column_stack([lonlat, heights]))
    for feature, shape in zip(features, shapes, strict=True):
        feature["geometry"] = shapely.geometry.mapping(shape)


@router.get("/{kind}")
async def city(kind: Annotated[str, Path()], request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a city layer as GeoJSON (EPSG:4490), thinned to the scale of the whole city; with ellipsoid heights where there is terrain."""
    if kind not in read.CITY_LAYERS:
        raise NotFound(f"没有城市图层 {kind}；可用的有 {'、'.join(read.CITY_LAYERS)}")

    terrain = await settled(house)

    async def made(connection: AsyncConnection) -> dict[str, Any]:
        features = await read.city_layer(connection, KINDS[kind])
        if terrain is not None:
            await asyncio.to_thread(_laid, features, terrain.dem)
        return {"type": "FeatureCollection", "features": features}

    return await kept(request, house, caller.scope, made, terrain.digest if terrain else "")
