"""`/api/enterprises/{feature_id}/drawings`: the versions of an enterprise's drawings, what is decided about them, how they differ."""

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

import pydantic
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.uploads import document, same_site
from drawings.sheets.difference import difference_sheets, printed_sheets
from gis.errors import Conflict
from gis.models.sheet import KINDS, TITLES, Kind
from gis.models.version import Decided, Decision
from gis.store import read, versions
from gis.store.asking import asked_aside
from gis.store.connect import reading
from gis.store.differences import between
from gis.store.drafts import drafting
from gis.store.sheets import sheet_facts

router = APIRouter(prefix="/api/enterprises", dependencies=[Depends(requires(Permission.FEATURES_READ))])

MAX_BODY = 16 * 1024
MEDIA = {"dxf": "image/vnd.dxf", "yaml": "application/yaml", "yml": "application/yaml"}
SHEETS = {"pdf": "application/pdf", "svg": "image/svg+xml"}


class Saying(pydantic.BaseModel):
    """What is decided about a version."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    act: Decision
    signed: str
    reason: str = ""
    resurvey_on: Annotated[date, pydantic.Field(strict=False)] | None = None


@router.get("/{feature_id}/drawings")
async def drawings(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """List the versions of the enterprise's four drawings, newest first."""
    async with reading(house.pool, caller.scope) as connection:
        name = await read.enterprise_name(connection, feature_id)
        found = await asked_aside(connection, versions.versions(feature_id))
    listed: list[dict[str, Any]] = [
        {"kind": kind, "title": TITLES[kind], "versions": [one.as_json() for one in found if one.drawing_kind == kind]} for kind in KINDS
    ]
    return answer({"enterprise": {"feature_id": feature_id, "name": name}, "review": house.settings.review, "drawings": listed})


@router.get("/{feature_id}/drawings/{kind}/{version}/issues")
async def issues(feature_id: UUID, kind: Kind, version: int, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return what was found in a version."""
    async with reading(house.pool, caller.scope) as connection:
        await read.enterprise_name(connection, feature_id)
        found = await asked_aside(connection, versions.version(feature_id, kind, version))
        return answer({"issues": await asked_aside(connection, versions.issues(found.drawing_id))})


@router.get("/{feature_id}/drawings/{kind}/{version}/file")
async def file(feature_id: UUID, kind: Kind, version: int, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the file of a version, byte for byte as it was handed in."""
    async with reading(house.pool, caller.scope) as connection:
        await read.enterprise_name(connection, feature_id)
        found = await asked_aside(connection, versions.version(feature_id, kind, version))
        content = await asked_aside(connection, versions.file(found))
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.file_name)}", "ETag": f'"{found.sha256}"'}
    ending = found.file_name.rsplit(".", 1)[-1].lower()
    return Response(content, media_type=MEDIA.get(ending, "application/octet-stream"), headers=headers)


@router.get("/{feature_id}/drawings/{kind}/{version}/proof.{form}")
async def proof(
    *, feature_id: UUID, kind: Kind, version: int, form: Literal["pdf", "svg"], house: CurrentHouse, caller: CurrentCaller
) -> Response:
    """Return the sheet of a version that waits for its review."""
    async with reading(house.pool, caller.scope) as connection:
        name = await read.enterprise_name(connection, feature_id)
        found = await asked_aside(connection, versions.version(feature_id, kind, version))
        content = await asked_aside(connection, versions.proof(found, form))
    named = quote(f"{name}_{TITLES[kind]}_第{version}版送审稿.{form}")
    headers = {"Cache-Control": "no-cache", "Content-Disposition": f"inline; filename*=UTF-8''{named}"}
    return Response(content, media_type=SHEETS[form], headers=headers)


@router.get("/{feature_id}/drawings/{kind}/difference")
async def difference(
    *,
    feature_id: UUID,
    kind: Kind,
    house: CurrentHouse,
    caller: CurrentCaller,
    to: Annotated[int, Query(ge=1, description="后一版")],
    from_: Annotated[int | None, Query(alias="from", ge=1, description="前一版；缺省为它之前发布的一版")] = None,
) -> Response:
    """Return what differs between two versions of a drawing."""
    async with reading(house.pool, caller.scope) as connection:
        await read.enterprise_name(connection, feature_id)
        return answer((await asked_aside(connection, between(feature_id, kind, from_, to))).as_json())


@router.get("/{feature_id}/drawings/{kind}/difference.{form}")
async def difference_sheet(
    *,
    feature_id: UUID,
    kind: Kind,
    form: Literal["pdf", "svg"],
    house: CurrentHouse,
    caller: CurrentCaller,
    to: Annotated[int, Query(ge=1, description="后一版")],
    from_: Annotated[int | None, Query(alias="from", ge=1, description="前一版；缺省为它之前发布的一版")] = None,
    theme: Annotated[Literal["light", "print-bw"], Query(description="print-bw：黑白")] = "light",
) -> Response:
    """Return what differs between two versions of a drawing as an A3 sheet; of a long list, further pages in the PDF."""
    async with reading(house.pool, caller.scope) as connection:
        facts = await sheet_facts(connection, feature_id)
        found = await asked_aside(connection, between(feature_id, kind, from_, to))
        later = await asked_aside(connection, versions.version(feature_id, kind, to))
    base_url = house.settings.public_url

    def drawn() -> bytes:
        return printed_sheets(difference_sheets(facts, found, later, theme, base_url, solve=house.elk.lay_out), form)

    name = quote(f"{facts.enterprise.name}_{TITLES[kind]}差异图_{found.old or 0}-{to}.{form}")
    headers = {"Cache-Control": "no-cache", "Content-Disposition": f"inline; filename*=UTF-8''{name}"}
    return Response(await run_in_threadpool(drawn), media_type=SHEETS[form], headers=headers)


@router.post(
    "/{feature_id}/drawings/{kind}/{version}/acts",
    dependencies=[Depends(requires(Permission.DRAWINGS_REVIEW)), Depends(same_site)],
)
async def act(*, feature_id: UUID, kind: Kind, version: int, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Decide about a version (JSON): the worker carries it out; 409 where it can't be."""
    said = await document(request, Saying, MAX_BODY)
    decided = versions.checked(Decided(said.act, said.signed, said.reason, said.resurvey_on))
    async with reading(house.pool, caller.scope) as connection:
        await read.enterprise_name(connection, feature_id)
        found = await asked_aside(connection, versions.version(feature_id, kind, version))
    if refusal := versions.why_not(found, decided.act, decided.signed):
        raise Conflict(refusal)
    async with drafting(house.pool) as connection:
        act_id = await versions.ask(connection, found, decided, caller.name)
    response = answer({"act_id": act_id})
    response.status_code = 202
    return response
