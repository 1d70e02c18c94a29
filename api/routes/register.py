"""`/api/register`: enterprises are registered, one on a form or many by a workbook."""

import asyncio
import base64
from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from psycopg import AsyncConnection

from api.answers import answer
from api.caller import Caller, CurrentCaller, Permission, requires
from api.forms import EXCEL, as_file, described, filled_in
from api.house import CurrentHouse, House
from api.uploads import of_type, parts, same_site
from gis.enterprise_file import Row
from gis.errors import Conflict, Invalid, NotFound
from gis.file_workbook import MOST_BYTES, read_workbook, refused, register_form, workbook
from gis.register import check, register
from gis.store import registrations
from gis.store.asking import asked_aside
from gis.store.changes import FALLBACK_S
from gis.store.connect import reading
from gis.store.drafts import drafting
from gis.store.registrations import Registration

router = APIRouter(prefix="/api/register", dependencies=[Depends(requires(Permission.FEATURES_READ)), Depends(same_site)])
WRITES = [Depends(requires(Permission.ENTERPRISES_WRITE))]
PATIENCE_S = 20.0
"""How long a request waits for the worker; what is queued is done however long it takes."""


async def _registered(connection: AsyncConnection, enterprise: UUID | str | None = None) -> list[Row]:
    return await asked_aside(connection, registrations.registered(enterprise))


async def _carried_out(house: House, caller: Caller, rows: Sequence[Row], reason: str) -> Registration:
    """Queue a registration and return what became of it; raises Conflict where nothing did."""
    async with drafting(house.pool) as connection:
        key = await registrations.create(connection, rows, author=caller.name, scope=caller.scope, reason=reason)
    end = asyncio.get_running_loop().time() + PATIENCE_S
    with house.watch.news_of(key) as news:
        while True:
            async with reading(house.pool, caller.scope) as connection:
                at = await registrations.registration(connection, key)
            if at.state == "failed":
                raise Conflict(at.failure or "没有登记")
            if at.state == "done" or asyncio.get_running_loop().time() > end:
                return at
            news.clear()
            try:
                async with asyncio.timeout(FALLBACK_S):
                    await news.wait()
            except TimeoutError:
                continue


async def _put(house: House, caller: Caller, row: Row) -> Response:
    done = await _carried_out(house, caller, [row], f"登记企业：{row['name']}")
    one = done.outcome[0] if done.outcome else {"feature_id": None, "action": None}
    response = answer({"state": done.state, **one})
    response.status_code = 202 if done.state == "waiting" else 201 if one["action"] == "insert" else 200
    return response


@router.get("")
async def all_(house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the form, and what the register says of the enterprises in the caller's scope."""
    async with reading(house.pool, caller.scope) as connection:
        rows = await _registered(connection)
    return answer({**described(register()), "rows": rows})


@router.get(".xlsx")
async def as_workbook(house: CurrentHouse, caller: CurrentCaller, *, blank: bool = False) -> Response:
    """Return the register as a workbook, or the blank one to fill in."""
    rows: list[Row] = []
    if not blank:
        async with reading(house.pool, caller.scope) as connection:
            rows = await _registered(connection)
    data = await run_in_threadpool(workbook, {"register": rows}, register_form())
    return as_file(data, f"企业登记{'_模板' if blank else ''}.xlsx")


@router.post(".xlsx", dependencies=WRITES)
async def import_(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Take a filled-in workbook: good rows are registered, refused ones come back in a workbook."""
    of_type(request, EXCEL, "application/octet-stream")
    data = b"".join([piece async for piece in parts(request, "file", MOST_BYTES)])
    read = await run_in_threadpool(read_workbook, data, register_form())
    rows = [one.row for one in read if not one.faults]
    done = await _carried_out(house, caller, rows, "导入企业登记表") if rows else None
    counts = {"insert": 0, "update": 0, "unchanged": 0}
    for one in (done.outcome if done else None) or ():
        counts[one["action"]] += 1
    wrong = await run_in_threadpool(refused, read)
    faults = [said for one in read for said in one.told]
    refusals = {"refused": sum(bool(one.faults) for one in read), "faults": faults[:100], "fault_count": len(faults)}
    kept = {"workbook": base64.b64encode(wrong).decode() if wrong else None}
    return answer({"state": done.state if done else "done", **counts, **refusals, **kept})


@router.post("", dependencies=WRITES)
async def add(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Register an enterprise (JSON); one whose code is registered already is not changed by that."""
    row = await filled_in(request, register(), check)
    async with reading(house.pool, caller.scope) as connection:
        there = await _registered(connection, row["source_code"])
    if there:
        raise Conflict(f"排污单位编码 {row['source_code']} 已登记为“{there[0]['name']}”；要修改，请在企业档案中打开它")
    return await _put(house, caller, row)


@router.put("/{feature_id}", dependencies=WRITES)
async def change(feature_id: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Write anew what the register says of an enterprise (JSON); its code stays."""
    row = await filled_in(request, register(), check)
    async with reading(house.pool, caller.scope) as connection:
        found = await _registered(connection, feature_id)
    if not found:
        raise NotFound("没有这家企业")
    if found[0]["source_code"] != row["source_code"]:
        raise Invalid("source_code", "排污单位编码不能修改；编码有误的，请重新登记")
    return await _put(house, caller, row)
