"""What clients ask most, answered before the framework is asked: pages of features and what lies near a place."""

import re
from collections.abc import Iterable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import errors
from api.answers import encoded
from api.caller import Caller, Permission
from api.epoch import Known, Unchanged
from api.house import House
from api.ogc.items import Items, answer, once_more
from api.ogc.parameters import read
from api.ogc.records import ID as CATALOGUE
from api.pages import HEADERS, called_by_name
from api.vector_tiles import refuse
from gis.errors import Forbidden, QuanjingError
from gis.questions import QUERIES
from gis.questions import read as understood
from gis.store.items import run
from gis.store.near import COLUMNS, nearest_sql, within_sql
from gis.store.queries import LABELS

PAGE = re.compile(rf"/collections/(?!{CATALOGUE}/)([^/]+)/items")
REPEATED = (b"cache-control", b"content-crs", b"vary", *HEADERS)
"""Headers that a 304 repeats (RFC 9110, 15.4.5)."""
NEAR = {"/api/queries/within": "within", "/api/queries/nearest": "nearest"}
TABLE = b'{"columns":%b,"rows":[' % encoded([{"name": column, "label": LABELS[column]} for column in COLUMNS])


class First:
    """ASGI application in front of another; whatever is odd goes on to it.

    Parameters
    ----------
    app : ASGIApp
        For all other requests.
    framework : FastAPI
        Whose state holds caller, house and what is known to be unchanged.
    hosts : iterable of str
        Names under which the server may be called; `*` for any.
    """

    def __init__(self, app: ASGIApp, framework: FastAPI, hosts: Iterable[str]) -> None:
        self.app = app
        self.framework = framework
        self.hosts = frozenset(host.encode() for host in hosts)
        self.items = Items()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        page = PAGE.fullmatch(scope["path"])
        near = _near(scope) if page is None else None
        if (page is None and near is None) or not called_by_name(self.hosts, scope["headers"]):
            await self.app(scope, receive, send)
            return
        state = self.framework.state
        caller: Caller = state.caller
        unchanged: Unchanged = state.unchanged
        key, match = _told(scope, caller)
        if match and page is not None:
            headers = unchanged.find(key, match)
            if headers is not None:
                await send({"type": "http.response.start", "status": 304, "headers": headers})
                await send({"type": "http.response.body", "body": b""})
                return
        epoch = unchanged.epoch.number
        try:
            if page is not None:
                request = Request({**scope, "app": self.framework, "path_params": {"collection": page[1]}})
                response = await self.items.respond(request)
            else:
                assert near is not None, "it is one of the two"  # noqa: S101
                response = await _what_is_near(Request(scope), state.house, caller, *near)
        except errors.TOLD as error:
            await refuse(errors.told(error), scope, receive, send)
            return
        response.raw_headers += HEADERS.items()
        # Tables beside ours log no changes.
        if page is not None and state.house.collections[page[1]].kind is not None:
            _keep(unchanged, key, epoch, response)
        await response(scope, receive, send)


def _keep(unchanged: Unchanged, key: tuple[bytes, ...], epoch: int, response: Response) -> None:
    tag = response.headers.get("etag", "")
    if tag:
        bare = tag.strip('"').removesuffix("-gzip")
        kept = [pair for pair in response.raw_headers if pair[0] in REPEATED]
        unchanged.keep(key, Known(epoch, bare.encode(), [*kept, (b"etag", f'"{bare}"'.encode())]))


def _told(scope: Scope, caller: Caller) -> tuple[tuple[bytes, ...], bytes]:
    """Return all of a request that decides its answer, and which answers the caller has already."""
    host = accept = match = b""
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            match = value
        elif name == b"accept":
            accept = value
        elif name == b"host":
            host = value
    may = b"r" if Permission.FEATURES_READ in caller.permissions else b""
    return (scope["raw_path"], scope["query_string"], host, accept, caller.scope.encode(), may), match


def _near(scope: Scope) -> tuple[str, dict[str, str]] | None:
    """Return what is asked of what is near; None where it is something else, wants a file, or starts at a feature."""
    name = NEAR.get(scope["path"])
    if name is None:
        return None
    try:
        given = read(scope["query_string"], ("at", *(parameter.name for parameter in QUERIES[name].parameters)))
    except QuanjingError:
        return None
    return (name, given) if "at" in given and "feature" not in given else None


async def _what_is_near(request: Request, house: House, caller: Caller, name: str, given: dict[str, str]) -> Response:
    if Permission.FEATURES_READ not in caller.permissions:
        raise Forbidden(f"需要权限 {Permission.FEATURES_READ}")
    values = understood(QUERIES[name], given)
    place = values["at"], values.get("kind", ()), values.get("filter"), caller.scope
    near = within_sql(values["radius"], *place) if name == "within" else nearest_sql(values.get("count", 10), *place)
    row = await once_more(house.hot, lambda connection: run(connection, caller.scope, near))
    assert row is not None, "an aggregate has a row"  # noqa: S101
    return await answer(request, (TABLE, row[0], b"]}"), "application/json", {})
