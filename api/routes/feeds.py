"""`/api/feeds/status`: how the reception of data loggers stands."""

from datetime import UTC, datetime

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from gis.store.asking import asked_aside
from gis.store.connect import reading
from gis.store.feed_status import read_status

router = APIRouter(dependencies=[Depends(requires(Permission.HEALTH_READ))])


@router.get("/api/feeds/status")
async def status(house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Say how many loggers are connected, what waits, what was faulty, and who speaks without being registered."""
    async with reading(house.pool, caller.scope) as connection:
        return answer(await asked_aside(connection, read_status(datetime.now(UTC))))
