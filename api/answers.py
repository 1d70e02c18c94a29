"""Answers as bytes: JSON of rows, ids, times."""

import json
from typing import Any

import orjson
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


def answer(value: Any) -> Response:
    """Return a JSON answer that a browser asks for anew each time."""
    return Response(encoded(value), media_type="application/json", headers={"Cache-Control": "no-cache"})
