"""`/api/queries`: what inspectors ask of the map, as tables or GeoJSON."""

from dataclasses import asdict

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import answer, encoded
from api.caller import CurrentCaller, Permission, requires
from api.house import CurrentHouse
from api.ogc.parameters import read
from gis.errors import Invalid
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
    """Ask one; `f=geojson` for a feature collection."""
    one = query_of(name)
    given = read(request.scope["query_string"], ("f", *(parameter.name for parameter in one.parameters)))
    form = given.pop("f", "json")
    if form not in ("json", "geojson"):
        raise Invalid("f", f"没有格式 {form:.40}；可用的有 json、geojson")
    async with reading(house.pool, caller.scope) as connection:
        found = await ask(connection, one, given)
    if form == "geojson":
        return Response(encoded(found.geojson()), media_type="application/geo+json", headers={"Cache-Control": "no-cache"})
    return answer({"columns": [{"name": column, "label": LABELS[column]} for column in found.columns], "rows": found.rows})
