"""`/api/progress`: long work that fills the store."""

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from gis.store.connect import reading
from gis.store.progress import going

router = APIRouter(dependencies=[Depends(requires(Permission.HEALTH_READ))])


@router.get("/api/progress")
async def progress(house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Say what is being put into the store, and how far it has come."""
    async with reading(house.pool, caller.scope) as connection:
        return answer({"going": await going(connection)})
