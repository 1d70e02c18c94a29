"""`/tiles/{z}/{x}/{y}.mvt` and `/tiles/WebMercatorQuad/{z}/{row}/{col}`: the hot path, an ASGI application beside the framework.

A kept tile is found with two look-ups and sent as it is; all else that `/tiles` has goes on to the routes.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import State
from starlette.types import ASGIApp, Receive, Scope, Send

from api import errors
from api.caller import Caller, Permission
from api.pages import HEADERS, called_by_name
from api.tile_cache import Entry, Key, Reply, TileCache
from gis.errors import Forbidden, Invalid, NotFound, QuanjingError
from gis.store.vector_tiles import MAX_ZOOM, Place, TileQuery, conditions, instant, layer_names

MEDIA = "application/vnd.mapbox-vector-tile"
MATRIX_SET = "WebMercatorQuad"
ENDS = (".mvt", ".pbf")
PARAMETERS = ("collections", "filter", "filter-lang", "as-of", "datetime", "f")
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, whoever asks."""

    place: Place
    layers: tuple[str, ...] | None
    as_of: datetime | None
    filter: str | None

    def key(self, scope: str) -> Key:
        """Return what the cache knows the tile of a caller by."""
        return TileQuery(scope, self.layers, self.as_of, self.filter), self.place


def _place(z: str, x: str, y: str) -> Place:
    if not all(part.isascii() and part.isdigit() and len(part) < 9 for part in (z, x, y)):
        raise NotFound(f"没有瓦片 {z}/{x}/{y}")
    place = Place(int(z), int(x), int(y))
    if place.z > MAX_ZOOM or place.x >> place.z or place.y >> place.z:
        raise NotFound(f"瓦片 {z}/{x}/{y} 不在 {MATRIX_SET} 的 0 至 {MAX_ZOOM} 级内")
    return place


def _parameters(query: str) -> dict[str, str]:
    said = dict[str, str]()
    for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=20):
        if name not in PARAMETERS:
            raise Invalid(name, f"瓦片没有这个参数；可用的有 {'、'.join(PARAMETERS)}")
        if name in said:
            raise Invalid(name, "这个参数写了两次")
        said[name] = value
    if said.get("filter-lang", "cql2-text") != "cql2-text":
        raise Invalid("filter-lang", f"瓦片的 filter 用 cql2-text，不用 {said['filter-lang']!r:.40}")
    if said.get("f", "mvt") != "mvt":
        raise Invalid("f", f"没有格式 {said['f']!r}；瓦片只有 mvt")
    return said


@lru_cache(maxsize=16384)
def asked(path: str, query: str) -> Asked | None:
    """Return what a path and query below `/tiles/` ask for; None where it is no tile.

    Raises
    ------
    Invalid, NotFound
    """
    parts = path.split("/")[2:]
    if len(parts) == 3 and parts[2].endswith(ENDS):
        place = _place(parts[0], parts[1], parts[2][:-4])
    elif len(parts) == 4 and parts[0] == MATRIX_SET:
        place = _place(parts[1], parts[3], parts[2])
    else:
        return None
    said = _parameters(query)
    if "as-of" in said and "datetime" in said:
        raise Invalid("datetime", "as-of 与 datetime 只写一个")
    at = next((instant(said[name], name) for name in ("as-of", "datetime") if name in said), None)
    layers = layer_names(said["collections"]) if "collections" in said else None
    text = said.get("filter")
    if text is not None:
        if layers is None:
            raise Invalid("filter", "过滤要用 collections 指明图层")
        # What a layer can't be asked is said before the database is.
        conditions(layers, text)
    return Asked(place, layers, at, text)


COMMON: Headers = [*HEADERS.items(), (b"cache-control", b"no-cache"), (b"vary", b"Accept-Encoding")]


class VectorTiles:
    """ASGI application that answers for tiles before anything else is asked.

    Parameters
    ----------
    app : ASGIApp
        For all other paths.
    state : State
        Of the application: caller and kept tiles.
    hosts : iterable of str
        Names under which the server may be called; `*` for any.
    """

    def __init__(self, app: ASGIApp, state: State, hosts: Iterable[str]) -> None:
        self.app = app
        self.state = state
        self.hosts = frozenset(host.encode() for host in hosts)

    def _key(self, path: str, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Key | None:
        """Return what the cache knows the wanted tile by; None where it is none, or the server is called by another name."""
        wanted = asked(path, query.decode("latin-1"))
        if wanted is None or not called_by_name(self.hosts, headers):
            return None
        caller: Caller = self.state.caller
        if Permission.TILES_READ not in caller.permissions:
            raise Forbidden(f"需要权限 {Permission.TILES_READ}")
        if not caller.scope:
            raise Forbidden("没有辖区，不能查看")
        return wanted.key(caller.scope)

    def kept(self, path: str, query: bytes, headers: Sequence[tuple[bytes, bytes]]) -> Reply | None:
        """Return the answer to a GET where it is there without asking the database; None where it has to be made or is an error."""
        try:
            key = self._key(path, query, headers)
        except QuanjingError:
            return None
        cache: TileCache = self.state.tiles
        entry = cache.find(key) if key is not None else None
        return reply(entry, headers) if entry is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/tiles/") or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        try:
            key = self._key(scope["path"], scope["query_string"], scope["headers"])
            if key is None:
                await self.app(scope, receive, send)
                return
            cache: TileCache = self.state.tiles
            entry = cache.find(key) or await cache.tile(key)
        except errors.TOLD as error:
            await refuse(errors.told(error), scope, receive, send)
            return
        found = reply(entry, scope["headers"])
        await send({"type": "http.response.start", "status": found.status, "headers": found.headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else found.body})


async def refuse(answer: Callable[[Scope, Receive, Send], Awaitable[None]], scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer to what was wrong with the headers that every answer has."""

    async def with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *HEADERS.items(), (b"cache-control", b"no-store")]
        await send(message)

    await answer(scope, receive, with_headers)


def reply(entry: Entry, headers: Iterable[tuple[bytes, bytes]]) -> Reply:
    """Return the answer with a tile to a request of some headers."""
    encoding, match = b"", b""
    for name, value in headers:
        if name == b"accept-encoding":
            encoding = value
        elif name == b"if-none-match":
            match = value
    packed = b"gzip" in encoding and entry.packed is not None
    tag = b'"%b%b"' % (entry.tag, b"-gzip" if packed else b"")
    form = packed, bool(match) and (tag in match or match == b"*")
    found = entry.replies.get(form)
    if found is None:
        found = entry.replies[form] = _reply(entry, tag, packed=packed, unchanged=form[1])
    return found


def _reply(entry: Entry, tag: bytes, *, packed: bool, unchanged: bool) -> Reply:
    headers: Headers = [*COMMON, (b"etag", tag)]
    body = (entry.packed if packed else entry.data) or b""
    # OGC 20-057, /req/core/tc-success: 204 is a tile without content.
    status = 304 if unchanged else 200 if body else 204
    if status == 200:
        headers += [(b"content-type", MEDIA.encode()), (b"content-length", b"%d" % len(body))]
        if packed:
            headers.append((b"content-encoding", b"gzip"))
    else:
        body = b""
    head = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    return Reply(status, headers, body, head + b"\r\n" + body)
