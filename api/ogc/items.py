"""`/collections/{collection}/items` and below: bare ASGI, bytes straight from the database."""

import gzip
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from importlib.metadata import version
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import orjson
from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.answers import encoded
from api.caller import Permission, identify
from api.house import House
from api.ogc import pages
from api.ogc.documents import GEOJSON, HTML, both, link
from api.ogc.editing import allowed, write
from api.ogc.parameters import ITEM, ITEMS, form_of, read, selection, simple, view
from api.routes.land import settled
from gis.errors import Forbidden, NotFound
from gis.store.collections import Collection
from gis.store.items import Grounds, Page, Selection, View, current_version, item, page

VERSION = version("quanjing")
LEAST_GZIP, MOST_INLINE = 1024, 64 * 1024
"""Bytes from which an answer is compressed; up to which that is done at once rather than in a thread."""
GZIP_LEVEL = 1
T = TypeVar("T")
MOST_KEPT = 1000
"""Bytes of a query string that is kept."""


def base_of(request: Request) -> str:
    """Return the address that the caller knows the server by, without a slash at its end."""
    scope = request.scope
    return f"{scope['scheme']}://{request.headers.get('host') or request.url.netloc}{scope.get('root_path', '')}"


async def once_more(pool: AsyncConnectionPool[AsyncConnection], work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do something on a connection that is not looked at before; where the database was started again since, on a new one."""
    try:
        return await taken(pool, work)
    except OperationalError:
        await pool.check()
        return await taken(pool, work)


async def taken(pool: AsyncConnectionPool[AsyncConnection], work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do something on a connection in autocommit, without the end of a transaction that there is not."""
    connection = await pool.getconn()
    try:
        return await work(connection)
    finally:
        await pool.putconn(connection)


def wanted(house: House, name: str) -> Collection:
    """Return a collection; raises NotFound."""
    found = house.collections.get(name)
    if found is None:
        raise NotFound(f"没有图层 {name:.60}；可用的有 {'、'.join(house.collections)}")
    return found


def tag(*parts: str) -> str:
    """Return an entity tag of all that an answer depends on."""
    return blake2b("\n".join((VERSION, *parts)).encode(), digest_size=12).hexdigest()


def same(request: Request, etag: str) -> bool:
    """Tell whether the caller has that already (RFC 9110, 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    return bool(given) and (given.strip() == "*" or etag in given)


class Parts(Response):
    """A body that is sent in parts, each as it is: a megabyte is not copied to put two brackets around it."""

    def __init__(self, parts: Sequence[bytes], media_type: str, headers: dict[str, str]) -> None:
        super().__init__(b"", media_type=media_type, headers=headers | {"Content-Length": str(sum(map(len, parts)))})
        self.parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 — the interface of ASGI
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for part in self.parts if scope["method"] != "HEAD" else ():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def answer(request: Request, body: bytes | Sequence[bytes], media_type: str, headers: dict[str, str], etag: str = "") -> Response:
    """Return a body, or parts of one, compressed where the caller takes that."""
    headers = {"Cache-Control": "no-cache", "Vary": "Accept, Accept-Encoding", **headers}
    parts = (body,) if isinstance(body, bytes) else body
    suffix, size = "", sum(map(len, parts))
    if size >= LEAST_GZIP and "gzip" in request.headers.get("accept-encoding", ""):
        # A large one not on the loop, where it would hold up the others.
        pack = partial(gzip.compress, b"".join(parts), GZIP_LEVEL, mtime=0)
        packed = pack() if size <= MOST_INLINE else await to_thread(pack)
        parts, suffix = (packed,), "-gzip"
        headers["Content-Encoding"] = "gzip"
    if etag:
        headers["ETag"] = f'"{etag}{suffix}"'
    return Parts(parts, media_type, headers)


async def _grounds(house: House, query: bytes) -> Grounds:
    """Return the heights of the ground, where a query may be about heights: in its system, or as sides of a box."""
    terrain = await settled(house) if b"84h" in query or b"bbox" in query else None
    if terrain is None:
        return Grounds(house.settings.ground_ellipsoid_m)
    known = {str(enterprise): height for enterprise, height in terrain.heights().items()}
    return Grounds(house.settings.ground_ellipsoid_m, orjson.dumps(known).decode())


@lru_cache(maxsize=500)
def _asked(collection: Collection, query: bytes, scope: str, ground: Grounds) -> tuple[dict[str, str], Selection, View]:
    """Return what a query string asks for; the same is asked again and again, so it is kept with its statement. Raises Invalid."""
    parameters = read(query, [*ITEMS, *simple(collection)])
    return parameters, selection(collection, parameters, scope, ground), view(collection, parameters, ground)


def _links(base: str, found: Page, chosen: Selection, shown: View, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the links of a page: itself, its other form, the next and the one before, its collection."""
    at, form = f"{base}/collections/{quote(chosen.collection.id)}", parameters["f"]
    rest = urlencode({name: value for name, value in parameters.items() if name not in ("f", "offset")}, quote_via=quote, safe="/:,")

    def to(rel: str, offset: int, form: str, title: str) -> dict[str, Any]:
        query = "&".join(part for part in (rest, f"offset={offset}" if offset else "", f"f={form}") if part)
        return link(rel, f"{at}/items?{query}", GEOJSON if form == "json" else HTML, title)

    other = "html" if form == "json" else "json"
    links = [to("self", shown.offset, form, "本页"), to("alternate", shown.offset, other, "本页")]
    if shown.offset + found.returned < found.matched and found.returned:
        links.append(to("next", shown.offset + shown.limit, form, "下一页"))
    if shown.offset:
        links.append(to("prev", max(0, shown.offset - shown.limit), form, "上一页"))
    links.append(link("collection", at, "application/json", chosen.collection.title))
    return links


class Items:
    """The application of `/collections/{collection}/items` and `…/items/{feature_id}`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        response = await self.respond(request)
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answer a request; errors go to the application's own handlers."""
        house: House = request.app.state.house
        caller = identify(request)
        if Permission.FEATURES_READ not in caller.permissions:
            raise Forbidden(f"需要权限 {Permission.FEATURES_READ}")
        collection = wanted(house, request.path_params["collection"])
        feature_id = request.path_params.get("feature_id")
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(allowed(house, collection, single=feature_id is not None))})
        if request.method in ("GET", "HEAD"):
            if feature_id is None:
                return await self._page(request, house, collection, caller.scope)
            return await self._item(request, house, collection, feature_id, caller.scope)
        written = await write(request, house, caller, collection)
        if written is None:
            return Response(status_code=204)
        response = await self._item(request, house, collection, str(written), caller.scope)
        if feature_id is None:
            response.status_code = 201
            response.headers["Location"] = f"{base_of(request)}/collections/{quote(collection.id)}/items/{written}"
        return response

    async def _page(self, request: Request, house: House, collection: Collection, scope: str) -> Response:
        query = request.scope["query_string"]
        asked = _asked if len(query) <= MOST_KEPT else _asked.__wrapped__
        ground = await _grounds(house, query)
        parameters, chosen, shown = asked(collection, query, scope, ground)
        form = form_of(parameters, request.headers.get("accept", ""))
        headers = {"Content-Crs": f"<{shown.system.uri}>"}
        base = base_of(request)
        key = (house.store_id, scope, form, base, collection.id, query.decode("latin-1"), ground.of_enterprises)
        if "if-none-match" in request.headers and collection.kind:
            etag = tag(*key, await once_more(house.hot, lambda connection: current_version(connection, chosen)))
            if same(request, etag):
                return Response(status_code=304, headers={"ETag": f'"{etag}"', "Cache-Control": "no-cache", **headers})
        found = await once_more(house.hot, lambda connection: page(connection, chosen, shown, house.counts))
        links = orjson.dumps(_links(base, found, chosen, shown, {**parameters, "f": form}))
        head = b'{"type":"FeatureCollection","links":%b,"numberMatched":%d,"numberReturned":%d,"features":['
        parts = (head % (links, found.matched, found.returned), found.features, b"]}")
        if form == "html":
            return await self._html(request, collection, "", pages.items(collection, orjson.loads(b"".join(parts))), headers)
        etag = tag(*key, found.version) if collection.kind else blake2b(b"".join(parts), digest_size=12).hexdigest()
        if same(request, etag):
            return Response(status_code=304, headers={"ETag": f'"{etag}"', "Cache-Control": "no-cache", **headers})
        return await answer(request, parts, GEOJSON, headers, etag)

    async def _item(self, request: Request, house: House, collection: Collection, feature_id: str, scope: str) -> Response:
        query = request.scope["query_string"]
        parameters = read(query, ITEM)
        form = form_of(parameters, request.headers.get("accept", ""))
        shown = view(collection, parameters, await _grounds(house, query))
        chosen = selection(collection, parameters, scope)
        feature, recorded = await once_more(house.hot, lambda connection: item(connection, chosen, feature_id, shown))
        headers = {"Content-Crs": f"<{shown.system.uri}>"}
        if form == "html":
            told = orjson.loads(feature)
            name = str(told["properties"].get("name") or told["id"])
            return await self._html(request, collection, name, pages.item(collection, told), headers)
        base, home = base_of(request), f"/collections/{quote(collection.id)}"
        at = f"{home}/items/{quote(feature_id)}"
        links = [*both(base, at, form, collection.title, GEOJSON), link("collection", f"{base}{home}", "application/json")]
        if collection.kind:
            links.append(link("version-history", f"{base}{at}/history", "application/json", "谁在何时因何修改"))
        body = feature[:-1] + b',"links":' + encoded(links) + b"}"
        # What a writer must know of is in front: a change of readings alone does not stand in the way of an edit.
        etag = f"{recorded or 0}-{blake2b(body, digest_size=12).hexdigest()}"
        if same(request, etag):
            return Response(status_code=304, headers={"ETag": f'"{etag}"', "Cache-Control": "no-cache", **headers})
        return await answer(request, body, GEOJSON, headers, etag)

    async def _html(self, request: Request, collection: Collection, name: str, body: str, headers: dict[str, str]) -> Response:
        trail = [("/?f=html", "接口"), ("/collections?f=html", "图层"), (f"/collections/{quote(collection.id)}?f=html", collection.title)]
        if name:
            trail.append((f"/collections/{quote(collection.id)}/items?f=html", "要素"))
        json_href = str(request.url.include_query_params(f="json"))
        return await answer(request, pages.page(name or f"{collection.title}：要素", trail, body, json_href), HTML, headers)
