"""`/api/enterprises/{feature_id}/sheets`: the A3 sheets of an enterprise, as they would be printed now, and its papers on A4."""

import hashlib
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.answers import answer, unchanged
from api.caller import Caller, CurrentCaller, Permission, requires
from api.house import CurrentHouse, House
from drawings.inspection.checklist import Checklist, checklist
from drawings.inspection.printing import TITLE as CHECKLIST
from drawings.inspection.printing import printed_checklist
from drawings.permit.summary import TITLE, summary
from drawings.sheets.canvas import bound_pages
from gis.models.sheet import KINDS, TITLES, Kind, SheetFacts
from gis.store import read
from gis.store.connect import reading
from gis.store.permits import has_permit
from gis.store.problems import problem_list
from gis.store.sheets import sheet_facts

router = APIRouter(prefix="/api/enterprises", dependencies=[Depends(requires(Permission.FEATURES_READ))])

MEDIA = {"pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png"}


@router.get("/{feature_id}/sheets")
async def sheets(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """List the sheets that there are of an enterprise."""
    async with reading(house.pool, caller.scope) as connection:
        await read.enterprise_name(connection, feature_id)
        permitted = await has_permit(connection, feature_id)
    listed = [{"kind": kind, "title": TITLES[kind], "url": f"{router.prefix}/{feature_id}/sheets/{kind}.pdf"} for kind in KINDS]
    if permitted:
        listed.append({"kind": "permit", "title": TITLE, "url": f"{router.prefix}/{feature_id}/permit.pdf"})
    listed.append({"kind": "checklist", "title": CHECKLIST, "url": f"{router.prefix}/{feature_id}/checklist.pdf"})
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
    if known := unchanged(request, headers):
        return known
    data = await run_in_threadpool(house.shelf.sheet, facts, kind, form, theme)
    name = quote(f"{facts.enterprise.name}_{TITLES[kind]}.{form}")
    headers["Content-Disposition"] = f"inline; filename*=UTF-8''{name}"
    return Response(data, media_type=MEDIA[form], headers=headers)


def paper(data: bytes, name: str, request: Request) -> Response:
    """Return a PDF on A4; one that the caller has already is not sent again."""
    headers = {"Cache-Control": "no-cache", "ETag": f'"{hashlib.sha256(data).hexdigest()[:32]}"'}
    if known := unchanged(request, headers):
        return known
    headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(name)}"
    return Response(data, media_type=MEDIA["pdf"], headers=headers)


@router.get("/{feature_id}/permit.pdf")
async def permit(
    *,
    feature_id: UUID,
    request: Request,
    house: CurrentHouse,
    caller: CurrentCaller,
    theme: Annotated[Literal["light", "print-bw"], Query(description="print-bw：黑白")] = "light",
) -> Response:
    """Return the summary of the permit on A4, drawn from what is registered now."""
    async with reading(house.pool, caller.scope) as connection:
        facts = await sheet_facts(connection, feature_id)
    data = await run_in_threadpool(lambda: bound_pages(summary(facts, theme, house.settings.public_url)))
    return paper(data, f"{facts.enterprise.name}_{TITLE}.pdf", request)


async def _checklist(feature_id: UUID, house: House, caller: Caller) -> tuple[SheetFacts, Checklist]:
    async with reading(house.pool, caller.scope) as connection:
        facts = await sheet_facts(connection, feature_id)
        listed = await problem_list(connection, feature_id)
    return facts, checklist(facts, listed)


@router.get("/{feature_id}/checklist")
async def as_json(feature_id: UUID, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return what to look at where in the plant, as a walk."""
    _, found = await _checklist(feature_id, house, caller)
    return answer(found.as_json())


@router.get("/{feature_id}/checklist.pdf")
async def as_pdf(feature_id: UUID, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return the same on A4, to print."""
    facts, found = await _checklist(feature_id, house, caller)
    data = await run_in_threadpool(lambda: bound_pages(printed_checklist(facts, found, "light", house.settings.public_url)))
    return paper(data, f"{facts.enterprise.name}_{CHECKLIST}.pdf", request)
