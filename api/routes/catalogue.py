"""`/collections/records`: the catalogue (OGC API - Records); what is read for it, and for the 3D containers of `/collections`."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from psycopg import AsyncConnection

from api.answers import encoded
from api.caller import Caller, CurrentCaller, Permission, requires
from api.house import CurrentHouse, House
from api.ogc import pages, records, volumes
from api.ogc.documents import GEOJSON, HTML, JSON
from api.ogc.items import answer, base_of, once_more, tag
from api.ogc.parameters import form_of, read
from api.ogc.records import Flat, Record, Sources
from api.ogc.volumes import Placed
from api.routes.land import grounds_m, settled
from gis.errors import NotFound
from gis.store import catalogue
from gis.store.asking import Row
from gis.store.bakes import CITY, tileset_made
from gis.store.connect import EVERYWHERE, reading
from gis.store.extents import extents, spaces

router = APIRouter(dependencies=[Depends(requires(Permission.FEATURES_READ))])
TRAIL = (("/?f=html", "接口"), ("/collections?f=html", "图层"))
AT = f"/collections/{records.ID}"


async def placed(house: House, listed: Sequence[catalogue.Volume]) -> list[Placed]:
    """Return the enterprises that have tilesets, on their ground."""
    baked = [one for one in listed if one.version is not None]
    rows = [{"feature_id": one.feature_id, "lon": one.lon, "lat": one.lat} for one in baked]
    grounds = await grounds_m(house, await settled(house), rows)
    return [Placed(one, ground_m) for one, ground_m in zip(baked, grounds, strict=True)]


async def _volumes(house: House, listed: Sequence[Row]) -> list[catalogue.Volume]:
    ids = [one["feature_id"] for one in listed]
    return catalogue.volumes(listed, await once_more(house.hot, lambda connection: spaces(connection, ids, house.extents)))


async def containers(house: House, caller: Caller) -> tuple[str | None, list[Placed]]:
    """Return the version of the city's tileset, where the caller may see it, and the enterprises that have one."""
    if Permission.TILES_READ not in caller.permissions:
        return None, []
    async with reading(house.pool, caller.scope) as connection:
        listed = await catalogue.enterprises(connection)
        city = await tileset_made(connection, CITY) if caller.scope == EVERYWHERE else None
    return city and city[0], await placed(house, await _volumes(house, [one for one in listed if one["version"] is not None]))


async def _boxes(house: House, caller: Caller) -> dict[str, Flat | None]:
    every = list(house.collections.values())

    async def found(connection: AsyncConnection) -> dict[str, Flat | None]:
        return await extents(connection, every, caller.scope, house.extents)

    return await once_more(house.hot, found)


async def _records(request: Request, house: House, caller: Caller) -> list[Record]:
    boxes = await _boxes(house, caller)
    async with reading(house.pool, caller.scope) as connection:
        enterprises = await catalogue.enterprises(connection)
        drawings = await catalogue.drawings(connection)
        city = await tileset_made(connection, CITY) if caller.scope == EVERYWHERE else None
    listed = await _volumes(house, enterprises)
    seen = Permission.TILES_READ in caller.permissions
    sources = Sources(
        [(one, boxes[one.id]) for one in house.collections.values()],
        listed,
        await placed(house, listed) if seen else [],
        drawings,
        city if seen else None,
    )
    return records.records(base_of(request), sources)


async def _answer(request: Request, document: dict[str, object], form: str, title: str, *, body: str, media: str = JSON) -> Response:
    if form == "html":
        return await answer(request, pages.page(title, TRAIL, body, str(request.url.include_query_params(f="json"))), HTML, {})
    held = encoded(document)
    return await answer(request, held, media, {}, tag(held.decode()))


@router.get(AT)
async def described(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Say what the catalogue is."""
    form = form_of(read(request.scope["query_string"], ("f",)), request.headers.get("accept", ""))
    flat = [box for box in (await _boxes(house, caller)).values() if box is not None]
    document = records.collection(base_of(request), records.around(flat) if flat else None, form)
    return await _answer(request, document, form, records.CATALOGUE, body=pages.links(document))


@router.get(f"{AT}/items")
async def listed(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a page of records: `q`, `type`, `bbox`, `datetime`, `ids`, `externalIds`."""
    parameters = read(request.scope["query_string"], records.PARAMETERS)
    form = form_of(parameters, request.headers.get("accept", ""))
    document = records.page(base_of(request), await _records(request, house, caller), parameters, form)
    return await _answer(request, document, form, "目录：记录", body=pages.records(document, records.TYPES), media=GEOJSON)


@router.get(f"{AT}/items/{{record_id}}")
async def single(record_id: str, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Return a record."""
    form = form_of(read(request.scope["query_string"], ("f",)), request.headers.get("accept", ""))
    found = next((one for one in await _records(request, house, caller) if one.id == record_id), None)
    if found is None:
        raise NotFound(f"目录没有标识为 {record_id:.60} 的记录")
    document = records.feature(base_of(request), found, form)
    return await _answer(request, document, form, found.title, body=pages.record(document, records.TYPES), media=GEOJSON)


async def container(name: str, base: str, house: House, caller: Caller, *, form: str, asked: Sequence[float]) -> dict[str, object]:
    """Return the 3D container of a name; raises NotFound."""
    version, found = await containers(house, caller)
    if name == volumes.CITY and version is not None and found:
        return volumes.city(base, version, found, form, asked)
    one = next((one for one in found if one.id == name), None)
    if one is None:
        raise NotFound(f"没有三维容器 {name:.60}，或还没有三维切片")
    return volumes.container(base, one, form)
