"""`/changes`: what has changed since, for other systems that come by now and then."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.ogc.parameters import read, whole
from gis.errors import Conflict, Invalid, Swept
from gis.store.changes import START, changes_after, parse_event_id, stands, swept_to
from gis.store.connect import reading

router = APIRouter()
USUAL, MOST = 1000, 10_000
TOLD = ("layer", "kind", "op", "feature_id", "enterprise_id", "bbox", "at", "author", "reason", "origin")


@router.get("/changes", dependencies=[Depends(requires(Permission.FEATURES_READ))])
async def changes(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """List what has changed after a cursor, oldest first, as far as the caller sees; who has all of it gets an empty list.

    Without a cursor it begins with the oldest change that is kept; `complete` says whether that was the first.
    """
    parameters = read(request.scope["query_string"], ("since", "limit"))
    limit = whole(parameters, "limit", USUAL, 1, MOST)
    text = parameters.get("since")
    parsed = (house.store_id, START) if text is None else parse_event_id(text)
    if parsed is None:
        raise Invalid("since", "不是变更日志的位置；请用上一次回答的 cursor，或去掉此参数从头开始")
    store, position = parsed
    async with reading(house.pool, caller.scope) as connection:
        swept = await swept_to(connection)
        if store == house.store_id and START < position < swept:
            raise Swept("这个位置之后的变更有一部分已不再保留；请重新读取图层，再从 /changes 的最新位置继续")
        if store != house.store_id or not await stands(connection, position):
            raise Conflict("变更日志不是原来的那一份（数据库已恢复或更换）；请重新读取图层，再从头开始")
        rows = await changes_after(connection, position, limit)
    seen = [row for row in rows if row.visible_in(caller.scope)]
    end = rows[-1].position if rows else position
    listed = [{"id": row.position.event_id(store)} | {name: getattr(row, name) for name in TOLD} for row in seen]
    return answer({"cursor": end.event_id(store), "more": len(rows) == limit, "complete": position >= swept, "changes": listed})
