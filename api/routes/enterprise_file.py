"""`/api/enterprises/{feature_id}/file`: the enterprise's file, row by row and as a workbook."""

import base64
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.answers import answer
from api.caller import Caller, CurrentCaller, Permission, requires
from api.forms import EXCEL, as_file, described, filled_in
from api.house import CurrentHouse, House
from api.uploads import of_type, same_site
from api.uploads import parts as body_parts
from gis.enterprise_file import Part, check, part_of, parts
from gis.file_workbook import MOST_BYTES, read_workbook, refused, workbook
from gis.store import read
from gis.store.asking import asked_aside
from gis.store.connect import Actor, reading, writing_aside
from gis.store.enterprise_file import end, file_of, put

router = APIRouter(prefix="/api/enterprises", dependencies=[Depends(requires(Permission.FEATURES_READ)), Depends(same_site)])
WRITES = [Depends(requires(Permission.FILE_WRITE))]


async def _seen(house: House, caller: Caller, feature_id: UUID) -> str:
    """Return the name of an enterprise that the caller may see; raises NotFound."""
    async with reading(house.pool, caller.scope) as connection:
        return await read.enterprise_name(connection, feature_id)


def _actor(caller: Caller, part: Part) -> Actor:
    return Actor(caller.name, f"填报企业档案：{part.label}", "file", caller.scope)


@router.get("/{feature_id}/file")
async def file(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the file: what its parts say, and their rows."""
    async with reading(house.pool, caller.scope) as connection:
        name = await read.enterprise_name(connection, feature_id)
        rows = await asked_aside(connection, file_of(feature_id))
    return answer(
        {
            "enterprise": {"feature_id": feature_id, "name": name},
            "parts": [{**described(part), "rows": rows[part.name]} for part in parts().values()],
        }
    )


@router.get("/{feature_id}/file.xlsx")
async def as_workbook(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller, *, blank: bool = False) -> Response:
    """Return the file as a workbook, or the blank one to fill in."""
    async with reading(house.pool, caller.scope) as connection:
        name = await read.enterprise_name(connection, feature_id)
        rows = {} if blank else await asked_aside(connection, file_of(feature_id))
    data = await run_in_threadpool(workbook, rows)
    return as_file(data, f"{name}_企业档案{'_模板' if blank else ''}.xlsx")


@router.post("/{feature_id}/file.xlsx", dependencies=WRITES)
async def import_(feature_id: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Take a filled-in workbook: good rows are stored, refused ones come back in a workbook."""
    of_type(request, EXCEL, "application/octet-stream")
    await _seen(house, caller, feature_id)
    data = b"".join([piece async for piece in body_parts(request, "file", MOST_BYTES)])
    read_rows = await run_in_threadpool(read_workbook, data)
    done = {"insert": 0, "update": 0, "unchanged": 0}
    async with writing_aside(house.pool, Actor(caller.name, "导入企业档案", "file", caller.scope)) as connection:
        for one in read_rows:
            if not one.faults:
                action, _ = await asked_aside(connection, put(feature_id, one.part, one.row))
                done[action] += 1
    wrong = await run_in_threadpool(refused, read_rows)
    faults = [said for one in read_rows for said in one.told]
    refusals = {"refused": sum(bool(one.faults) for one in read_rows), "faults": faults[:100], "fault_count": len(faults)}
    return answer({**done, **refusals, "workbook": base64.b64encode(wrong).decode() if wrong else None})


@router.post("/{feature_id}/file/{part}", dependencies=WRITES)
async def add(feature_id: UUID, part: str, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Add a row to a part of the file (JSON); one of the same key is replaced."""
    return await _put(feature_id, part, request, house=house, caller=caller)


@router.put("/{feature_id}/file/{part}/{record_id}", dependencies=WRITES)
async def change(*, feature_id: UUID, part: str, record_id: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Write a row in place of another one (JSON)."""
    return await _put(feature_id, part, request, house=house, caller=caller, instead_of=record_id)


async def _put(feature_id: UUID, name: str, request: Request, *, house: House, caller: Caller, instead_of: UUID | None = None) -> Response:
    part = part_of(name)
    await _seen(house, caller, feature_id)
    row = await filled_in(request, part, check)
    async with writing_aside(house.pool, _actor(caller, part)) as connection:
        action, record_id = await asked_aside(connection, put(feature_id, part, row, instead_of))
    response = answer({"action": action, "record_id": record_id})
    response.status_code = 201 if action == "insert" else 200
    return response


@router.delete("/{feature_id}/file/{part}/{record_id}", dependencies=WRITES)
async def remove(*, feature_id: UUID, part: str, record_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Remove a row; it stays as what was known."""
    found = part_of(part)
    await _seen(house, caller, feature_id)
    async with writing_aside(house.pool, _actor(caller, found)) as connection:
        await asked_aside(connection, end(feature_id, found, record_id))
    return Response(status_code=204)
