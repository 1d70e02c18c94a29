"""Copies of permits in the browser: `/api/enterprises/{feature_id}/permit-copies` and `/api/permit-copies/{copy_id}`."""

import hashlib
from functools import cache
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import pydantic
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect

from api.answers import answer
from api.caller import Caller, CurrentCaller, Permission, requires
from api.drafting import followed
from api.house import CurrentHouse, House
from api.uploads import document, of_type, parts, same_site
from drawings.permit.pictures import page_of_copy, worksheet_of_copy
from gis.errors import Invalid
from gis.models.permit import Permit, permit_of
from gis.models.permit import schema as schema_of_permit
from gis.store import drafts, permit_copies, read
from gis.store.connect import reading
from gis.store.drafts import drafting
from gis.store.permit_copies import MAX_BYTES, PermitCopy
from gis.store.permits import MAX_BYTES as MAX_PERMIT
from gis.store.permits import registered_permits

router = APIRouter(dependencies=[Depends(requires(Permission.FILE_WRITE)), Depends(same_site)])

PDF, XLSX, ANY = "application/pdf", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream"
STARTS = (b"%PDF-", b"PK\x03\x04")
"""What copies begin with that can be read: PDF, workbook."""
FOR_GOOD = "private, max-age=604800, immutable"
"""A page of a copy never changes."""
LICENCE = 18
"""Characters of a permit's number that are the holder's credit code (HJ 608-2017, 5.2)."""


class Checked(pydantic.BaseModel):
    """What a person made of a copy."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    permit: dict[str, Any]
    checked_by: str = pydantic.Field(min_length=1, max_length=40)
    corrected: list[Annotated[str, pydantic.Field(max_length=200)]] = pydantic.Field(default=[], max_length=5000)
    other_holder: bool = False
    """The permit is this enterprise's though its number has another credit code."""


@cache
def _schema() -> dict[str, Any]:
    return schema_of_permit()


async def _seen(house: House, caller: Caller, copy_id: UUID) -> PermitCopy:
    """Return a copy of an enterprise that the caller may see; raises NotFound."""
    async with reading(house.pool, caller.scope) as connection:
        found = await permit_copies.permit_copy(connection, copy_id)
        await read.enterprise_name(connection, found.enterprise_id)
    return found


async def _body(request: Request) -> bytes:
    data = b"".join([part async for part in parts(request, "file", MAX_BYTES)])
    if not data:
        raise Invalid("file", "文件是空的")
    if not data[:1024].lstrip().startswith(STARTS):
        raise Invalid("file", "不是 PDF，也不是 Excel 工作簿（.xlsx）；旧的 .xls 请另存为 .xlsx，照片请先合成 PDF")
    return data


@router.get("/api/enterprises/{feature_id}/permit-copies")
async def listed(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the registered permits of an enterprise, version by version, and the copies that were brought."""
    async with reading(house.pool, caller.scope) as connection:
        await read.enterprise_name(connection, feature_id)
        copies = await permit_copies.copies_of(connection, feature_id)
        registered = await registered_permits(connection, feature_id)
    return answer({"registered": registered, "copies": [copy.shown() for copy in copies], "schema": _schema()})


@router.post("/api/enterprises/{feature_id}/permit-copies")
async def upload(
    *,
    feature_id: UUID,
    request: Request,
    house: CurrentHouse,
    caller: CurrentCaller,
    file_name: Annotated[str, Query(min_length=1, max_length=255)],
) -> Response:
    """Take a copy (the body: PDF or .xlsx) and begin to read it."""
    of_type(request, PDF, XLSX, ANY)
    if any(letter in file_name for letter in "/\\\0"):
        raise Invalid("file_name", "只写文件名，不写文件夹")
    async with reading(house.pool, caller.scope) as connection:
        await read.enterprise_name(connection, feature_id)
    try:
        data = await _body(request)
    except ClientDisconnect:
        return Response(status_code=499)
    digest = await run_in_threadpool(lambda: hashlib.sha256(data).hexdigest())
    async with drafting(house.pool) as connection:
        copy_id = await permit_copies.create(
            connection, feature_id, author=caller.name, scope=caller.scope, file_name=file_name, sha256=digest, data=data
        )
    response = answer((await _seen(house, caller, copy_id)).shown())
    response.status_code = 201
    response.headers["Location"] = f"/api/permit-copies/{copy_id}"
    return response


@router.get("/api/permit-copies/{copy_id}")
async def one(copy_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a copy: its state, what was read in figures."""
    return answer((await _seen(house, caller, copy_id)).shown())


@router.get("/api/permit-copies/{copy_id}/events")
async def events(copy_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> StreamingResponse:
    """Stream a copy's state as server-sent events."""

    async def look() -> dict[str, Any]:
        return (await _seen(house, caller, copy_id)).shown()

    await look()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(followed(house.watch, copy_id, "copy", look), media_type="text/event-stream", headers=headers)


@router.get("/api/permit-copies/{copy_id}/proposal")
async def proposal(copy_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return what was read: the permit, each value with its place and confidence, findings, what was not taken."""
    await _seen(house, caller, copy_id)
    async with reading(house.pool, caller.scope) as connection:
        packed = await permit_copies.proposal(connection, copy_id)
    return Response(packed, media_type="application/json", headers={"Cache-Control": "no-cache", "Content-Encoding": "gzip"})


async def _content(house: House, caller: Caller, copy_id: UUID) -> tuple[PermitCopy, bytes]:
    found = await _seen(house, caller, copy_id)
    async with reading(house.pool, caller.scope) as connection:
        return found, await permit_copies.content(connection, copy_id)


@router.get("/api/permit-copies/{copy_id}/file")
async def file(copy_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the copy as it was brought."""
    found, data = await _content(house, caller, copy_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.file_name)}", "Cache-Control": FOR_GOOD}
    return Response(data, media_type=ANY, headers=headers)


@router.get("/api/permit-copies/{copy_id}/pages/{page}.jpg")
async def page(copy_id: UUID, page: int, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a page of a PDF as a picture, scanned ones straightened, as the boxes of the values are."""
    found, data = await _content(house, caller, copy_id)
    form = (found.summary or {}).get("form", "pdf")
    if form == "excel":
        raise Invalid("page", "这份副本是工作簿，没有页")
    picture = await run_in_threadpool(page_of_copy, data, page, form)
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": FOR_GOOD})


@router.get("/api/permit-copies/{copy_id}/worksheet")
async def worksheet(copy_id: UUID, name: Annotated[str, Query(max_length=100)], house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the texts of a worksheet of a workbook."""
    found, data = await _content(house, caller, copy_id)
    if (found.summary or {}).get("form") != "excel":
        raise Invalid("name", "这份副本不是工作簿")
    response = answer(await run_in_threadpool(worksheet_of_copy, data, name))
    response.headers["Cache-Control"] = FOR_GOOD
    return response


def _belongs(permit: Permit, source_code: str | None, checked: Checked) -> None:
    """Refuse a permit whose number is another holder's, unless it was said that it belongs here."""
    number = permit.permit_no.strip()
    if source_code and number[:LICENCE] != source_code[:LICENCE] and not checked.other_holder:
        raise Invalid(
            "permit_no", f"许可证编号 {number} 与本企业的统一社会信用代码 {source_code[:LICENCE]} 不一致；确是本企业的，请勾选确认"
        )


@router.post("/api/permit-copies/{copy_id}/register")
async def register(copy_id: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Register what a person made of a copy as the enterprise's permit (JSON); a version more where one is there."""
    checked = await document(request, Checked, 2 * MAX_PERMIT)
    if not checked.checked_by.strip():
        raise Invalid("checked_by", "填写核对人")
    permit = permit_of(checked.permit)
    found = await _seen(house, caller, copy_id)
    async with reading(house.pool, caller.scope) as connection:
        known = await drafts.place(connection, found.enterprise_id)
    _belongs(permit, known[0] if known else None, checked)
    said = {
        "permit": checked.permit,
        "checked_by": checked.checked_by.strip(),
        "corrected": checked.corrected,
        "account": caller.name,
    }
    async with drafting(house.pool) as connection:
        await permit_copies.ask_register(connection, found, said)
    response = answer((await _seen(house, caller, copy_id)).shown())
    response.status_code = 202
    return response


@router.delete("/api/permit-copies/{copy_id}")
async def cancel(copy_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Stop reading a copy, or put it aside."""
    await _seen(house, caller, copy_id)
    async with drafting(house.pool) as connection:
        await permit_copies.cancel(connection, copy_id)
    return Response(status_code=204)
