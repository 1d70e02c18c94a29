"""`/look`: a quick look at a layer, as a page that can be saved and passed on."""

import asyncio
import gzip
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.look import page, policy, see
from gis.store.connect import reading

router = APIRouter(prefix="/look", dependencies=[Depends(requires(Permission.FEATURES_READ))])


@router.get("/{layer}")
async def look(
    layer: str,
    request: Request,
    house: CurrentHouse,
    caller: CurrentCaller,
    enterprise: Annotated[UUID | None, Query(description="企业的 feature_id；缺省为全市")] = None,
) -> Response:
    """Return a page that shows all features of a kind."""
    async with reading(house.pool, caller.scope) as connection:
        seen = await see(connection, layer, enterprise)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": f"{policy()}; frame-ancestors 'self'", "Vary": "Accept-Encoding"}
    body = await asyncio.to_thread(page, *seen)
    if "gzip" in request.headers.get("accept-encoding", ""):
        # Megabytes: not on the loop, where the middleware would do it.
        body = await asyncio.to_thread(gzip.compress, body, 6)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type="text/html", headers=headers)
