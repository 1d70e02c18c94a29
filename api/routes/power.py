"""`/api/enterprises/{feature_id}/power`: what the electricity of an enterprise says."""

from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.ogc.parameters import read
from gis.clock import BEIJING, during, time_of
from gis.rules.power import Loads, told
from gis.store.asking import asked_aside
from gis.store.connect import reading
from gis.store.power import DAYS_MOST, PowerJudgement, read_judgement
from gis.store.read import enterprise_name

router = APIRouter(prefix="/api/enterprises", dependencies=[Depends(requires(Permission.FEATURES_READ))])


def _last(level: float | Loads | None) -> float | None:
    """Return a level as it is at the end of what was asked for."""
    found = np.asarray(np.nan if level is None else level).ravel()
    return None if not found.size or np.isnan(found[-1]) else float(found[-1])


def _described(found: PowerJudgement) -> dict[str, object]:
    devices = []
    for code, series in found.devices.items():
        loads = [None if load != load else round(float(load), 3) for load in series.loads]  # noqa: PLR0124 — NaN
        devices.append({"code": code, "running": _last(series.running), "floor": _last(series.floor), "loads": loads})
    return {
        "begin": found.begin.isoformat(),
        "end": found.end.isoformat(),
        "step_s": found.rule.step.total_seconds(),
        "pairs": [{"treatment": pair.treatment, "production": pair.production} for pair in found.pairs],
        "channels": [{"mn": one.mn, "factor": one.factor, "unit_code": one.unit_code, "rated": one.rated} for one in found.channels],
        "devices": devices,
        "findings": [told(one, found.rule) for one in found.findings],
    }


@router.get("/{feature_id}/power")
async def power(feature_id: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the loads of an enterprise's devices on a grid of steps, and what they say; the last day where no time is asked for."""
    given = read(request.scope["query_string"], ("from", "to"))
    end = time_of("to", given["to"]) if "to" in given else datetime.now(BEIJING)
    begin = time_of("from", given["from"]) if "from" in given else end - timedelta(days=1)
    during(begin, end, DAYS_MOST)
    async with reading(house.pool, caller.scope) as connection:
        await enterprise_name(connection, feature_id)
        return answer(_described(await asked_aside(connection, read_judgement(feature_id, begin, end))))
