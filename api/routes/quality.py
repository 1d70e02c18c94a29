"""`/api/quality`: air stations by HJ 633, water sections by GB 3838."""

from datetime import datetime

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.ogc.parameters import read
from gis.clock import BEIJING, time_of
from gis.quality_report import air_day, water_month
from gis.store.asking import asked_aside
from gis.store.connect import reading
from gis.store.quality import read_air, read_water

router = APIRouter(prefix="/api/quality", dependencies=[Depends(requires(Permission.FEATURES_READ))])


@router.get("/air")
async def air(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a day's air quality index at each station, today's without `day`, with the indices of its hours."""
    given = read(request.scope["query_string"], ("day",))
    day = time_of("day", given["day"]).date() if "day" in given else datetime.now(BEIJING).date()
    async with reading(house.pool, caller.scope) as connection:
        found = await asked_aside(connection, read_air(day))
    return answer({"day": day.isoformat(), "stations": [air_day(one) for one in found]})


@router.get("/water")
async def water(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a month's class of water at each section, this month's without `month` (YYYY-MM)."""
    given = read(request.scope["query_string"], ("month",))
    first = time_of("month", f"{given['month']}-01").date() if "month" in given else datetime.now(BEIJING).date().replace(day=1)
    async with reading(house.pool, caller.scope) as connection:
        found = await asked_aside(connection, read_water(first))
    return answer({"month": f"{first:%Y-%m}", "sections": [water_month(one) for one in found]})
