"""`/api/enterprises/{feature_id}/sheets`: the A3 sheets of an enterprise, as they would be printed now."""

from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from gis.models.sheet import KINDS, TITLES, Kind
from gis.store import read
from gis.store.connect import reading
from gis.store.sheets import sheet_facts

router = APIRouter(prefix="/api/enterprises", dependencies=[Depends(requires(Permission.FEATURES_READ))])

MEDIA = {"pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png"}


@router.get("/{feature_id}/sheets")
async def sheets(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """List the sheets that there are of an enterprise."""
    async with reading(house.pool, caller.scope) as connection:
        await read.enterprise_name(connection, feature_id)
    listed = [{"kind": kind, "title": TITLES[kind], "url": f"{router.prefix}/{feature_id}/sheets/{kind}.pdf"} for kind in KINDS]
    return answer({"sheets": listed})


@router.get("/{feature_id}/sheets/{kind}.{form}")
async def sheet(
    *,
    feature_id: UUID,
    kind: Kind,
    form: Literal["pdf", "svg", "png"],
    request: Request,
    house: CurrentHouse,
    caller: CurrentCaller,
    theme: Annotated[Literal["light", "print-bw"], Query(description="print-bw：黑白")] = "light",
) -> Response:
    """Return a sheet, drawn from what is stored now."""
    async with reading(house.pool, caller.scope) as connection:
        facts = await sheet_facts(connection, feature_id)
    version = house.shelf.version(facts, kind, theme)
    headers = {"Cache-Control": "no-cache", "ETag": f'"{version}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    data = await run_in_threadpool(house.shelf.sheet, facts, kind, form, theme)
    name = quote(f"{facts.enterprise.name}_{TITLES[kind]}.{form}")
    headers["Content-Disposition"] = f"inline; filename*=UTF-8''{name}"
    return Response(data, media_type=MEDIA[form], headers=headers)
