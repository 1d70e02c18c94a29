"""`/api/drafts`: drawings that are tried out in the browser, then imported."""

import hashlib
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import pydantic
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from starlette.requests import ClientDisconnect

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.drafting import stream, view
from api.house import CurrentHouse
from api.uploads import document, of_type, parts, said, same_site
from gis.errors import Invalid, NotFound
from gis.limits import MAX_BYTES
from gis.store import drafts, read
from gis.store.connect import reading
from gis.store.drafts import Draft, drafting

router = APIRouter(prefix="/api/drafts", dependencies=[Depends(requires(Permission.DRAWINGS_IMPORT)), Depends(same_site)])

MAX_OPTIONS = 4 * 1024 * 1024
"""Largest body of options: a mapping file and control points."""
MAX_HANDED = 16 * 1024
MEDIA = ("application/octet-stream", "application/dxf", "image/vnd.dxf", "image/vnd.dwg")

Pool = AsyncConnectionPool[AsyncConnection]
DrawingKind = Literal["A", "B", "C", "D"]


class Options(pydantic.BaseModel):
    """How a drawing is to be read."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    enterprise: Annotated[UUID, pydantic.Field(strict=False)] | None = None
    drawing_kind: DrawingKind | None = None
    mapping: str | None = None
    """A mapping file (YAML); by the norm without it."""
    gcp: str | None = None
    """Control points (CSV: name,x,y,E,N,src)."""
    crs: str | None = pydantic.Field(default=None, max_length=100)

    @pydantic.field_validator("mapping", "gcp", "crs")
    @classmethod
    def _text(cls, value: str | None) -> str | None:
        if value is not None and "\0" in value:
            raise ValueError("含有空字符")
        return value


class HandedIn(pydantic.BaseModel):
    """How a drawing is handed in."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    review: bool = False
    """Somebody else must look at it before it is published."""
    drawn_by: str | None = pydantic.Field(default=None, max_length=40)
    reason: str | None = pydantic.Field(default=None, max_length=500)
    resurvey_on: Annotated[date, pydantic.Field(strict=False)] | None = None

    @pydantic.field_validator("drawn_by", "reason")
    @classmethod
    def _text(cls, value: str | None) -> str | None:
        if value is not None and "\0" in value:
            raise ValueError("含有空字符")
        return (value or "").strip() or None


async def _mine(pool: Pool, draft_id: UUID, caller: CurrentCaller) -> Draft:
    async with reading(pool, caller.scope) as connection:
        return await drafts.draft(connection, draft_id, caller.name)


async def _check_enterprise(pool: Pool, enterprise: UUID | None, caller: CurrentCaller) -> None:
    if enterprise is None:
        return
    async with reading(pool, caller.scope) as connection:
        try:
            kind = await read.kind_of(connection, enterprise)
        except NotFound:
            kind = None
    if kind is None or kind.name != "enterprise":
        raise Invalid("enterprise", "没有这个企业")


def _shown(draft: Draft) -> Response:
    return answer(view(draft) | {"options": {name: draft.options.get(name) for name in ("mapping", "gcp", "crs")}})


async def _take(pool: Pool, request: Request, draft_id: UUID) -> None:
    """Store a request's body as a draft's file, part by part."""
    digest, seq = hashlib.sha256(), -1
    async for part in parts(request, "file", MAX_BYTES):
        digest.update(part)
        seq += 1
        async with drafting(pool) as connection:
            await drafts.append(connection, draft_id, seq, part)
    if seq < 0:
        raise Invalid("file", "文件是空的")
    async with drafting(pool) as connection:
        await drafts.uploaded(connection, draft_id, digest.hexdigest())


@router.post("")
async def upload(
    *,
    request: Request,
    house: CurrentHouse,
    caller: CurrentCaller,
    file_name: Annotated[str, Query(min_length=1, max_length=255, description="文件名；按规范命名时说明企业和图种")],
    enterprise: Annotated[UUID | None, Query(description="企业的 feature_id；缺省取自文件名")] = None,
    drawing_kind: Annotated[DrawingKind | None, Query(description="图种；缺省取自文件名")] = None,
) -> Response:
    """Take a drawing (the body) and begin to read it."""
    of_type(request, *MEDIA)
    if any(letter in file_name for letter in "/\\\0"):
        raise Invalid("file_name", "只写文件名，不写文件夹")
    await _check_enterprise(house.pool, enterprise, caller)
    async with drafting(house.pool) as connection:
        draft_id = await drafts.create(
            connection, caller.name, caller.scope, file_name, enterprise_id=enterprise, drawing_kind=drawing_kind
        )
    try:
        await _take(house.pool, request, draft_id)
    except (Invalid, ClientDisconnect) as error:
        async with drafting(house.pool) as connection:
            await drafts.discard(connection, draft_id)
        if isinstance(error, ClientDisconnect):
            return Response(status_code=499)
        raise
    response = _shown(await _mine(house.pool, draft_id, caller))
    response.status_code = 201
    response.headers["Location"] = f"{router.prefix}/{draft_id}"
    return response


@router.get("/{draft_id}")
async def draft(draft_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a draft: its state, how it is read, what came of it."""
    return _shown(await _mine(house.pool, draft_id, caller))


@router.delete("/{draft_id}")
async def cancel(draft_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Stop reading or importing; the file stays, so that it can be read again."""
    found = await _mine(house.pool, draft_id, caller)
    async with drafting(house.pool) as connection:
        await drafts.cancel(connection, found)
    return _shown(await _mine(house.pool, draft_id, caller))


@router.get("/{draft_id}/events")
async def events(draft_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> StreamingResponse:
    """Stream a draft's state as server-sent events."""
    await _mine(house.pool, draft_id, caller)
    return StreamingResponse(
        stream(house.watch, house.pool, draft_id, caller.name),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/{draft_id}/result")
async def result(draft_id: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the preview: accounts, groups, issues, a sketch, and the features that would be stored."""
    async with reading(house.pool, caller.scope) as connection:
        revision, packed = await drafts.result(connection, draft_id, caller.name)
    headers = {"Cache-Control": "no-cache", "ETag": f'"{revision}"', "Content-Encoding": "gzip"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers={"ETag": headers["ETag"]})
    return Response(packed, media_type="application/json", headers=headers)


@router.put("/{draft_id}/options")
async def change(draft_id: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Say how the drawing is to be read (JSON), and read it anew."""
    options = await document(request, Options, MAX_OPTIONS)
    await _check_enterprise(house.pool, options.enterprise, caller)
    found = await _mine(house.pool, draft_id, caller)
    texts: dict[str, Any] = options.model_dump(include={"mapping", "gcp", "crs"})
    async with drafting(house.pool) as connection:
        await drafts.change(connection, found, enterprise_id=options.enterprise, drawing_kind=options.drawing_kind, options=texts)
    return _shown(await _mine(house.pool, draft_id, caller))


@router.post("/{draft_id}/import")
async def import_(draft_id: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Put into the store what the preview shows, at once or after a review (JSON, may be left out)."""
    body = b"".join([part async for part in parts(request, "body", MAX_HANDED)])
    if body:
        of_type(request, "application/json")
    handed = said(HandedIn, body or b"{}")
    if house.settings.review:
        handed.review = True
    found = await _mine(house.pool, draft_id, caller)
    await _check_enterprise(house.pool, found.enterprise_id, caller)
    async with drafting(house.pool) as connection:
        await drafts.ask_import(connection, found, handed.model_dump(mode="json", exclude_none=True))
    response = _shown(await _mine(house.pool, draft_id, caller))
    response.status_code = 202
    return response


@router.get("/{draft_id}/mapping.yaml")
async def mapping(draft_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the mapping file that the draft is read by."""
    found = await _mine(house.pool, draft_id, caller)
    if not found.options.get("mapping"):
        raise NotFound("这份图纸按制图规范读取，没有对照文件")
    headers = {"Content-Disposition": 'attachment; filename="mapping.yaml"'}
    return Response(found.options["mapping"], media_type="application/yaml", headers=headers)
