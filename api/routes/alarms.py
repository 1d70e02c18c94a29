"""`/api/alarms`: alarms as people work on them."""

from typing import Annotated, Any
from uuid import UUID

import pydantic
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.uploads import document, same_site
from gis.errors import Forbidden
from gis.models.alarm import Step, Taken
from gis.rules.alarm_rules import book, named
from gis.store import alarm_steps as store
from gis.store.asking import asked_aside
from gis.store.connect import Actor, reading, writing_aside

router = APIRouter(prefix="/api/alarms", dependencies=[Depends(requires(Permission.FEATURES_READ))])

MAX_BODY = 16 * 1024
REVIEWING: frozenset[Step] = frozenset({"review", "return", "close"})


class Saying(pydantic.BaseModel):
    """A step that somebody takes."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    step: Step
    signed: str
    reason: str = ""
    to: str = ""
    change: dict[str, Any] = {}
    accept: bool | None = None


@router.get("")
async def listed(
    *,
    house: CurrentHouse,
    caller: CurrentCaller,
    open_: Annotated[bool | None, Query(alias="open", description="未关闭的（缺省）或已关闭的")] = True,
    state: str | None = None,
    level: Annotated[int | None, Query(ge=1, le=4)] = None,
    rule: str | None = None,
    feature: Annotated[UUID | None, Query(description="要素，或企业及其全部要素")] = None,
    limit: Annotated[int, Query(ge=1, le=store.MOST)] = 100,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """List alarms, the most urgent first, with how many stand open."""
    if rule is not None:
        named([rule])
    wanted = store.listed(standing=open_, state=state, level=level, rule=rule, feature=feature, limit=limit, offset=offset)
    async with reading(house.pool, caller.scope) as connection:
        rows = await asked_aside(connection, wanted)
        return answer({"alarms": rows, "counts": await asked_aside(connection, store.counts())})


@router.get("/rules")
async def rules() -> Response:
    """Return the rules, deadlines and who is told when they pass."""
    return answer(book().model_dump(mode="json", by_alias=True))


@router.get("/{alarm_id}")
async def one(alarm_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return an alarm whole: evidence, steps, times that it held, proposals."""
    async with reading(house.pool, caller.scope) as connection:
        return answer(await asked_aside(connection, store.one(alarm_id)))


@router.post("/{alarm_id}/steps", dependencies=[Depends(requires(Permission.ALARMS_HANDLE)), Depends(same_site)])
async def take(alarm_id: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Take a step (JSON); 409 where it does not lead on from the alarm's state."""
    said = await document(request, Saying, MAX_BODY)
    if said.step in REVIEWING and Permission.ALARMS_REVIEW not in caller.permissions:
        raise Forbidden(f"需要权限 {Permission.ALARMS_REVIEW}")
    taken = Taken(said.step, said.signed, said.reason, said.to, said.change, said.accept)
    actor = Actor(caller.name, said.reason, "alarms", caller.scope)
    async with writing_aside(house.pool, actor) as connection:
        return answer(await asked_aside(connection, store.take(alarm_id, taken)))
