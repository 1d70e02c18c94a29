"""The floor of a kept tile: the least application of ASGI on the server that we use. `python bare_tile.py FD BYTES`.

It sends so many bytes to everybody, and 304 to who names any entity tag; it reads neither path nor query.
"""

import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

HEADERS = [(b"content-type", b"application/vnd.mapbox-vector-tile"), (b"etag", b'"a"')]


def application(body: bytes) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """Return what answers with these bytes."""
    kept = {"type": "http.response.start", "status": 200, "headers": [*HEADERS, (b"content-length", b"%d" % len(body))]}
    unchanged = {"type": "http.response.start", "status": 304, "headers": HEADERS}

    async def answer(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 — the interface of ASGI
        same = any(name == b"if-none-match" for name, _ in scope["headers"])
        await send(unchanged if same else kept)
        await send({"type": "http.response.body", "body": b"" if same else body})

    return answer


if __name__ == "__main__":
    floor = uvicorn.Config(application(bytes(int(sys.argv[2]))), log_config=None, access_log=False, server_header=False, lifespan="off")
    uvicorn.Server(floor).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
