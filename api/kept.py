"""Answers that many ask for, kept as long as nothing changes."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from psycopg import AsyncConnection

from api.answers import encoded, unchanged
from api.house import House
from api.tile_cache import Entry
from gis.store.connect import reading
from gis.store.kept import seen


async def kept(request: Request, house: House, scope: str, make: Callable[[AsyncConnection], Awaitable[Any]], about: str = "") -> Response:
    """Return a JSON answer to a path without parameters that many ask for: made of one snapshot, and again when the change log has grown.

    Parameters
    ----------
    request : Request
        Its path and `scope` say what is asked.
    house : House
        Of this process.
    scope : str
        Which jurisdictions the caller sees.
    make : callable
        Reads the answer from a snapshot.
    about : str
        What else decides the answer, beside the store: the version of the ground.
    """
    key = (scope, f"{request.url.path} {about}")
    async with reading(house.pool, scope) as connection:
        version, found = await seen(connection), house.answers.get(key)
        if found is None or found[0] != version:
            found = version, Entry(encoded(await make(connection)))
            house.answers.put(key, *found)
    entry = found[1]
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding", "ETag": f'"{entry.tag.decode()}"'}
    if known := unchanged(request, headers):
        return known
    body = entry.packed if "gzip" in request.headers.get("accept-encoding", "") else None
    if body:
        headers["Content-Encoding"] = "gzip"
    return Response(body or entry.data, media_type="application/json", headers=headers)
