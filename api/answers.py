"""Answers as bytes: JSON of rows, ids, times."""

import json
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response


def encoded(value: Any) -> bytes:
    """Return UTF-8 JSON; UUIDs and aware times as text (RFC 3339, UTC with Z)."""
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        # A reading may hold an integer of more than 64 bits, as jsonb can.
        return json.dumps(value, ensure_ascii=False, default=_plain).encode()


def _plain(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_UTC_Z))


def unchanged(request: Request, headers: Mapping[str, str]) -> Response | None:
    """Return 304 where the caller has what `headers` names by its ETag; None where it is to be sent."""
    if request.headers.get("if-none-match") != headers["ETag"]:
        return None
    return Response(status_code=304, headers=dict(headers))


def answer(value: Any) -> Response:
    """Return a JSON answer that a browser asks for anew each time."""
    return Response(encoded(value), media_type="application/json", headers={"Cache-Control": "no-cache"})
