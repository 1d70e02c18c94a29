"""`/api/queries`: what inspectors ask of the map, as tables or files."""

from dataclasses import asdict
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import answer
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.ogc.parameters import read
from api.results import result_file, title
from drawings.results import MEDIA, SUFFIXES, format_of
from gis.questions import QUERIES, query_of
from gis.store.connect import reading
from gis.store.queries import LABELS, ask

router = APIRouter(prefix="/api/queries", dependencies=[Depends(requires(Permission.FEATURES_READ))])


@router.get("")
async def queries() -> Response:
    """List the queries and what each is told."""
    listed = [{"name": one.name, "title": one.title, "parameters": [asdict(p) for p in one.parameters]} for one in QUERIES.values()]
    return answer({"queries": listed})


@router.get("/{name}")
async def query(name: str, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Ask one; `f` for a file: Excel, GeoPackage, Shapefile, GeoJSON, DXF, PDF map (`paper=A4|A3`)."""
    one = query_of(name)
    given = read(request.scope["query_string"], ("f", "paper", *(parameter.name for parameter in one.parameters)))
    form, paper = given.pop("f", "json"), given.pop("paper", "A4")
    if form != "json":
        form = format_of(form)
        async with reading(house.pool, caller.scope) as connection:
            body = await result_file(connection, one, given, form, paper)
        headers = {"Cache-Control": "no-cache"}
        if form != "geojson":
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(title(one))}.{SUFFIXES[form]}"
        return Response(body, media_type=MEDIA[form], headers=headers)
    async with reading(house.pool, caller.scope) as connection:
        found = await ask(connection, one, given)
    return answer({"columns": [{"name": column, "label": LABELS[column]} for column in found.columns], "rows": found.rows})
