"""`/api/enterprises/{feature_id}/process`: the production process of an enterprise, to be asked and to be looked at."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from drawings.process.picture import svg
from drawings.process.report import described
from drawings.process.storing import layout_of
from gis.models.process import ProcessGraph, ProcessLayout
from gis.store import read
from gis.store.connect import reading
from gis.store.process import read_process
from styles.palette import Theme

router = APIRouter(prefix="/api/enterprises", dependencies=[Depends(requires(Permission.FEATURES_READ))])


async def _laid_out(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> tuple[ProcessGraph, ProcessLayout]:
    async with reading(house.pool, caller.scope) as connection:
        await read.enterprise_name(connection, feature_id)
        process = await read_process(connection, feature_id)
    # ELK is asked only where the places that are stored no longer stand.
    return process.graph, await run_in_threadpool(layout_of, process, house.elk.lay_out)


LaidOut = Annotated[tuple[ProcessGraph, ProcessLayout], Depends(_laid_out)]


@router.get("/{feature_id}/process")
async def process(laid_out: LaidOut) -> Response:
    """Return an enterprise's production process: nodes, streams, where they are drawn, and what becomes of what arises."""
    return answer(described(*laid_out))


@router.get("/{feature_id}/process.svg")
async def picture(
    laid_out: LaidOut,
    *,
    theme: Annotated[Theme, Query(description="light、wall-dark 或 print-bw")] = "light",
    ground: Annotated[bool, Query(description="false：没有底色")] = True,
) -> Response:
    """Return the picture of an enterprise's production process, millimetres."""
    graph, layout = laid_out
    return Response(svg(graph, layout, theme, ground=ground), media_type="image/svg+xml", headers={"Cache-Control": "no-cache"})
