"""`/api/readings`: values and means of what is measured, as of now or an earlier time."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.answers import answer
from api.caller import Caller, CurrentCaller, Permission, requires
from api.house import CurrentHouse, House
from feeds.factors import amount_unit, label, unit
from gis.clock import during, time_of
from gis.errors import Invalid
from gis.store import means as store
from gis.store.cluster import urls
from gis.store.connect import Plain, glancing

router = APIRouter(prefix="/api/readings", dependencies=[Depends(requires(Permission.FEATURES_READ))])

T = TypeVar("T")
AtOnce = CapacityLimiter(4)
"""Questions that are worked out at once; each has a connection and a thread of its own."""
MOST_ROWS = 200_000


async def _asked(house: House, caller: Caller, question: Callable[[Plain], T]) -> T:
    def run() -> T:
        with glancing(urls(house.settings).reader, caller.scope) as connection:
            return question(connection)

    return await to_thread.run_sync(run, limiter=AtOnce)


def _then(text: str | None) -> datetime | None:
    return time_of("as-of", text) if text else None


@router.get("/statistics")
async def statistics(
    house: CurrentHouse,
    caller: CurrentCaller,
    day: Annotated[date, Query(description="哪一天（北京时间）")],
    by: Annotated[store.By, Query(description="测点、排放口、企业或县")] = "county",
    as_of: Annotated[str | None, Query(alias="as-of", description="按当时所知")] = None,
) -> Response:
    """Return a day's figures by station, outlet, enterprise or county."""
    then = _then(as_of)
    found = await _asked(house, caller, lambda connection: store.statistics(connection, day, by, then=then))
    rows = [asdict(one) | {"label": label(one.factor), "unit": unit(one.factor), "amount_unit": amount_unit(one.factor)} for one in found]
    return answer({"day": day, "by": by, "rows": rows})


@router.get("/{feature_id}")
async def means(
    *,
    feature_id: UUID,
    house: CurrentHouse,
    caller: CurrentCaller,
    begin: Annotated[str, Query(alias="from", description="起")],
    end: Annotated[str, Query(alias="to", description="止")],
    period: Annotated[store.Period, Query(description="rtd、minute、hour、day 或 month")] = "hour",
    factor: Annotated[list[str] | None, Query(max_length=50)] = None,
    as_of: Annotated[str | None, Query(alias="as-of", description="按当时所知")] = None,
) -> Response:
    """Return values or means of a point, an outlet or an enterprise."""
    times = during(time_of("from", begin), time_of("to", end), store.MOST_DAYS)
    then = _then(as_of)

    def question(connection: Plain) -> list[dict[str, Any]]:
        of = store.places_of(connection, feature_id)
        days = (times[1] - times[0]).total_seconds() / 86_400
        if days * len(of) * store.A_DAY[period] > MOST_ROWS:
            raise Invalid("to", "要的数据太多：缩短时间，或换更长的周期")
        by_point = {place.point_id: place for place in of}
        found = store.means(connection, of, period, *times, then=then, factors=factor)
        return [
            {
                "feature_id": by_point[point].feature_id,
                "mn": by_point[point].mn,
                "outlet": by_point[point].outlet,
                "factor": code,
                "label": label(code),
                "unit": unit(code),
                "values": [store.mean_row(mean) for mean in rows],
            }
            for (point, code), rows in sorted(found.items())
        ]

    return answer({"period": period, "series": await _asked(house, caller, question)})
