"""OGC API - Features: landing page, conformance, definition, collections and what is said of them; items are in `api.ogc.items`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.answers import encoded
from api.caller import Caller, CurrentCaller, Permission, requires
from api.house import CurrentHouse, House
from api.ogc import documents, pages, records, volumes
from api.ogc.documents import HTML, JSON, OPENAPI, SCHEMA
from api.ogc.items import answer, base_of, once_more, tag, wanted
from api.ogc.openapi import definition
from api.ogc.parameters import form_of, numbers, read
from api.routes import catalogue
from gis.errors import Invalid, NotFound
from gis.kinds import GROUPS
from gis.store import read as features
from gis.store.connect import reading
from gis.store.extents import extents

router = APIRouter(dependencies=[Depends(requires(Permission.FEATURES_READ))])
HOME = ("/?f=html", "接口")
LAYERS = ("/collections?f=html", "图层")


@dataclass(frozen=True, slots=True)
class _Page:
    """How a document is shown to people."""

    title: str
    trail: tuple[tuple[str, str], ...]
    body: Callable[[Any], str]


async def _shown(request: Request, document: Any, form: str, page: _Page, media: str = JSON) -> Response:
    """Return a document in the form that is asked for."""
    if form == "html":
        json_href = str(request.url.include_query_params(f="json"))
        return await answer(request, pages.page(page.title, page.trail, page.body(document), json_href), HTML, {})
    held = encoded(document)
    return await answer(request, held, media, {}, tag(held.decode()))


def _form(request: Request) -> str:
    return form_of(read(request.scope["query_string"], ("f",)), request.headers.get("accept", ""))


@router.get("/conformance")
async def conformance(request: Request, house: CurrentHouse) -> Response:
    """Say what the map server conforms to."""
    form = _form(request)
    return await _shown(
        request,
        documents.conformance(base_of(request), form, editing=house.writers is not None),
        form,
        _Page("符合的标准", (HOME,), pages.plain),
    )


@router.get("/api")
async def api(request: Request, house: CurrentHouse) -> Response:
    """Return the definition of the interface: OpenAPI 3.0."""
    form = _form(request)
    document = definition(base_of(request), house.collections, editing=house.writers is not None)
    return await _shown(request, document, form, _Page("接口说明", (HOME,), pages.operations), OPENAPI)


@router.get("/functions")
async def functions(request: Request) -> Response:
    """List the functions that filters may call."""
    form = _form(request)
    return await _shown(request, documents.functions(base_of(request), form), form, _Page("函数", (HOME,), pages.plain))


@router.get("/collections")
async def collections(request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """List the collections with their extents, as far as the caller sees."""
    form = _form(request)
    boxes = await once_more(
        house.hot, lambda connection: extents(connection, list(house.collections.values()), caller.scope, house.extents)
    )
    base = base_of(request)
    version, placed = await catalogue.containers(house, caller)
    # Whoever sees the city finds the enterprises in it.
    solid = [volumes.city(base, version, placed)] if version and placed else [volumes.container(base, one) for one in placed]
    flat = [box for box in boxes.values() if box is not None]
    more = [records.collection(base, records.around(flat) if flat else None), *solid]
    document = documents.collections(base, [(one, boxes[one.id]) for one in house.collections.values()], form, more)
    groups = {one.id: GROUPS[one.group] for one in house.collections.values() if one.group}
    return await _shown(request, document, form, _Page("图层", (HOME,), lambda shown: pages.collections(shown, groups)))


@router.get("/collections/{collection}")
async def collection(collection: str, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Say what a collection is, or a 3D container."""
    if collection not in house.collections and collection.endswith(volumes.ENDING):
        return await _container(request, house, caller, collection)
    one, form = wanted(house, collection), _form(request)
    boxes = await once_more(house.hot, lambda connection: extents(connection, [one], caller.scope, house.extents))
    document = documents.collection(base_of(request), one, boxes[one.id], form)
    return await _shown(request, document, form, _Page(one.title, (HOME, LAYERS), lambda shown: pages.collection(shown, one)))


async def _container(request: Request, house: House, caller: Caller, name: str) -> Response:
    parameters = read(request.scope["query_string"], ("f", "bbox"))
    form = form_of(parameters, request.headers.get("accept", ""))
    asked = numbers("bbox", parameters["bbox"]) if "bbox" in parameters else []
    if "bbox" in parameters and len(asked) not in (4, 6):
        raise Invalid("bbox", "应为 4 个数，或带高程 6 个数")
    document = await catalogue.container(name, base_of(request), house, caller, form=form, asked=asked)
    return await _shown(request, document, form, _Page(str(document["title"]), (HOME, LAYERS), pages.container))


async def _described(request: Request, house: CurrentHouse, name: str, build: Callable[[str, Any], Any], title: str) -> Response:
    one, form = wanted(house, name), _form(request)
    trail = (HOME, LAYERS, (f"/collections/{one.id}?f=html", one.title))
    return await _shown(request, build(base_of(request), one), form, _Page(f"{one.title}：{title}", trail, pages.plain), SCHEMA)


@router.get("/collections/{collection}/queryables")
async def queryables(collection: str, request: Request, house: CurrentHouse) -> Response:
    """Say what a filter may name."""
    return await _described(request, house, collection, documents.queryables, "可过滤的属性")


@router.get("/collections/{collection}/sortables")
async def sortables(collection: str, request: Request, house: CurrentHouse) -> Response:
    """Say by what features may be sorted."""
    return await _described(request, house, collection, documents.sortables, "可排序的属性")


@router.get("/collections/{collection}/schema")
async def schema(collection: str, request: Request, house: CurrentHouse) -> Response:
    """Say what features consist of."""
    return await _described(request, house, collection, documents.schema, "要素的结构")


@router.get("/collections/{collection}/items/{feature_id}/history")
async def history(collection: str, feature_id: str, request: Request, house: CurrentHouse, caller: CurrentCaller) -> Response:
    """Say who changed a feature, when, why and what."""
    one, form = wanted(house, collection), _form(request)
    try:
        known = UUID(feature_id) if one.kind else None
    except ValueError:
        known = None
    if known is None:
        raise NotFound(f"{one.title}没有标识为 {feature_id:.60} 的要素，或不记历史")
    async with reading(house.pool, caller.scope) as connection:
        if (await features.kind_of(connection, known)).name != one.id:
            raise NotFound(f"{one.title}没有标识为 {feature_id} 的要素")
        listed = await features.history(connection, known)
    at = f"/collections/{one.id}"
    trail = (HOME, LAYERS, (f"{at}?f=html", one.title), (f"{at}/items/{feature_id}?f=html", "要素"))
    return await _shown(request, {"history": listed}, form, _Page("谁在何时因何修改", trail, pages.history))
