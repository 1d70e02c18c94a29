"""`/live`: what changes, as it changes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import StreamingResponse

from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.live import stream
from gis.errors import Invalid
from gis.store.changes import parse_event_id

router = APIRouter()


@router.get("/live", dependencies=[Depends(requires(Permission.FEATURES_READ))])
async def live(
    house: CurrentHouse,
    caller: CurrentCaller,
    after: Annotated[str | None, Query(description="事件号：从它之后开始")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Stream changes as server-sent events, from `Last-Event-ID` or `after` on."""
    text = last_event_id or after
    position = parse_event_id(text) if text else None
    if text and position is None:
        raise Invalid("Last-Event-ID" if last_event_id else "after", "不是事件号；请用列表中的 cursor，或去掉此参数从现在开始")
    return StreamingResponse(
        stream(house.hub, house.pool, caller.scope, position),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
