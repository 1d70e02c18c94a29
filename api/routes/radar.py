"""`/api/radar`: radar sweeps as cells on the map, and their hotspots."""

import math
from datetime import datetime, timedelta

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.ogc.parameters import read
from gis.clock import BEIJING, during, time_of
from gis.errors import Invalid
from gis.store.asking import asked_aside
from gis.store.connect import reading
from gis.store.radar import DAYS_MOST, read_cells, read_hotspots, read_sweeps

router = APIRouter(prefix="/api/radar", dependencies=[Depends(requires(Permission.FEATURES_READ))])


def _during(request: Request) -> tuple[datetime, datetime]:
    given = read(request.scope["query_string"], ("from", "to"))
    end = time_of("to", given["to"]) if "to" in given else datetime.now(BEIJING)
    return during(time_of("from", given["from"]) if "from" in given else end - timedelta(days=1), end, DAYS_MOST)


@router.get("/sweeps")
async def sweeps(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """List the sweeps of a time, of the last day where none is asked for, the newest first."""
    async with reading(house.pool, caller.scope) as connection:
        return answer({"sweeps": await asked_aside(connection, read_sweeps(*_during(request)))})


@router.get("/sweeps/{sweep_id}")
async def sweep(sweep_id: int, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a sweep's cells as GeoJSON, those of at least `least` where that is said."""
    given = read(request.scope["query_string"], ("least",))
    try:
        least = float(given["least"]) if "least" in given else None
    except ValueError as error:
        raise Invalid("least", "应为数") from error
    if least is not None and not math.isfinite(least):
        raise Invalid("least", "应为数")
    async with reading(house.pool, caller.scope) as connection:
        return answer(await asked_aside(connection, read_cells(sweep_id, least)))


@router.get("/hotspots")
async def hotspots(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the hotspots of a time as GeoJSON, with the enterprises near them."""
    async with reading(house.pool, caller.scope) as connection:
        return answer({"type": "FeatureCollection", "features": await asked_aside(connection, read_hotspots(*_during(request)))})
