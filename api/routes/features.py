"""`/api/features`: all that is known of one thing."""

from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from gis.store import read
from gis.store.connect import reading

router = APIRouter(prefix="/api/features", dependencies=[Depends(requires(Permission.FEATURES_READ))])


@router.get("/{feature_id}")
async def card(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a feature's card: attributes, alarms, readings, case links."""
    async with reading(house.pool, caller.scope) as connection:
        return answer(await read.card(connection, feature_id))


@router.get("/{feature_id}/history")
async def history(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return who changed a feature, when, why and what."""
    async with reading(house.pool, caller.scope) as connection:
        return answer({"history": await read.history(connection, feature_id)})
