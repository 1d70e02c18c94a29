"""OGC API - Features - Part 4: create, replace, update and delete, with ETags against lost updates; where `QUANJING_EDITING` allows it."""

import re
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import orjson
from starlette.requests import Request

from api.caller import Caller, Permission
from api.house import House
from api.ogc.parameters import read
from api.uploads import of_type, parts, same_site
from gis.errors import Forbidden, Invalid, NotAllowed, NotFound, Unconditional
from gis.kinds import Kind
from gis.reference_systems import CRS84, system_of
from gis.store import editing
from gis.store.collections import Collection
from gis.store.connect import Actor, writing_aside
from gis.store.editing import Writer, columns_of
from gis.store.texts import writable

READING = ("GET", "HEAD", "OPTIONS")
WRITING = {True: ("PUT", "PATCH", "DELETE"), False: ("POST",)}
"""Methods beside those, on a feature and on the list of features."""
DRAWN = {True: ("PATCH", "DELETE"), False: ()}
"""The same of a kind whose shape comes from drawings alone."""
MOST_BYTES = 16 * 2**20
GEOJSON, PATCH = ("application/geo+json", "application/json"), ("application/merge-patch+json", "application/geo+json", "application/json")
TAGS = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
VERSION = re.compile(r'"(\d+)-[^"]*"')
REASON = "Quanjing-Reason"
USUAL_REASON = "接口修改"
LONGEST_REASON = 500


def allowed(house: House, collection: Collection, *, single: bool) -> tuple[str, ...]:
    """Return the methods that may be asked for."""
    if house.writers is None or collection.kind is None:
        return READING
    return READING + (WRITING if collection.kind.flat else DRAWN)[single]


def _expected(request: Request) -> frozenset[int] | None:
    """Return the versions of which one must stand, as the caller saw them; None where any is meant.

    Raises
    ------
    Unconditional
        It is not said: a change would be made blindly.
    Invalid
        What is said is no list of entity tags (RFC 9110, 13.1.1).
    """
    given = request.headers.get("if-match", "").strip()
    if not given:
        raise Unconditional("修改要素须带 If-Match：读取时得到的 ETag，或 *")
    if given == "*":
        return None
    if not TAGS.fullmatch(given):
        raise Invalid("If-Match", "应为读取时得到的 ETag（带双引号，几个用逗号分开），或 *")
    return frozenset(int(found) for found in VERSION.findall(given))


async def _body(request: Request) -> Any:
    content = b"".join([part async for part in parts(request, "body", MOST_BYTES)])
    try:
        return orjson.loads(content)
    except ValueError as error:
        raise Invalid("body", f"不是 JSON：{error}") from error


def _actor(request: Request, caller: Caller) -> Actor:
    reason = unquote(request.headers.get(REASON, "")).strip() or USUAL_REASON
    if len(reason) > LONGEST_REASON or not writable(reason):
        raise Invalid(REASON, f"应为不超过 {LONGEST_REASON} 字的文本（UTF-8，百分号编码）")
    return Actor(caller.name, reason, "api", caller.scope)


async def _content(request: Request, kind: Kind, *, whole: bool) -> dict[str, Any]:
    said = request.headers.get("content-crs", "").strip().removeprefix("<").removesuffix(">")
    system = system_of("Content-Crs", said) if said else CRS84
    return columns_of(kind, await _body(request), system, whole=whole)


async def write(request: Request, house: House, caller: Caller, collection: Collection) -> UUID | None:
    """Do what a request that changes something asks for; returns the id of the feature that stands afterwards.

    Raises
    ------
    NotAllowed
        Features may not be written here, or not of this collection.
    """
    feature_id, method = request.path_params.get("feature_id"), request.method
    methods = allowed(house, collection, single=feature_id is not None)
    if method not in methods or house.writers is None or collection.kind is None:
        raise NotAllowed(f"{method} 不可用；可用的有 {'、'.join(methods)}", methods)
    if Permission.FEATURES_WRITE not in caller.permissions:
        raise Forbidden(f"需要权限 {Permission.FEATURES_WRITE}")
    same_site(request)
    read(request.scope["query_string"], ())
    kind, actor = collection.kind, _actor(request, caller)
    if feature_id is None:
        of_type(request, *GEOJSON)
        values = await _content(request, kind, whole=True)
        async with writing_aside(house.writers, actor) as connection:
            return await editing.create(connection, kind, values, Writer(caller.scope))
    try:
        known = UUID(feature_id)
    except ValueError:
        raise NotFound(f"没有标识为 {feature_id:.60} 的要素") from None
    writer = Writer(caller.scope, _expected(request))
    if method == "DELETE":
        async with writing_aside(house.writers, actor) as connection:
            await editing.close(connection, kind, known, writer)
        return None
    of_type(request, *(PATCH if method == "PATCH" else GEOJSON))
    values = await _content(request, kind, whole=method == "PUT")
    async with writing_aside(house.writers, actor) as connection:
        await editing.change(connection, kind, known, values, writer)
    return known
