"""The built pages as static files, and the headers that keep them to themselves."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from starlette.datastructures import Headers as RequestHeaders
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "img-src 'self' data: blob:",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    ]
)
HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
}
HASHED = b"public, max-age=31536000, immutable"
PINNED = b"public, max-age=86400"


def _caching(path: str) -> bytes:
    """Return how long a file keeps: names below `/assets` carry a hash, CesiumJS is pinned, pages are asked for anew."""
    if path.startswith("/assets/"):
        return HASHED
    return PINNED if path.startswith("/cesium/") else b"no-cache"


def called_by_name(hosts: Collection[bytes], headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell whether a request names this server, by one of `hosts` or any where `*` is among them (DNS rebinding)."""
    if b"*" in hosts:
        return True
    host = next((value for name, value in headers if name == b"host"), b"")
    return (host if host.endswith(b"]") else host.rpartition(b":")[0] or host) in hosts or host in hosts


ENDLESS = "/live"
"""What has no end, and so no answer without a body."""


class Headers:
    """ASGI middleware that sets the headers of security and of pages' caching, and answers HEAD wherever GET is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        head = scope["method"] == "HEAD" and scope["path"] != ENDLESS
        if head:
            # RFC 9110, 9.3.2: as GET, but for the body.
            scope = {**scope, "method": "GET"}

        async def with_headers(message: Message) -> None:
            if head and message["type"] == "http.response.body":
                message["body"] = b""
            if message["type"] == "http.response.start":
                have = {name.lower() for name, _ in message["headers"]}
                wanted = HEADERS | {b"cache-control": _caching(scope["path"])}
                message["headers"] = [*message["headers"], *((name, value) for name, value in wanted.items() if name not in have)]
            await send(message)

        await self.app(scope, receive, with_headers)


class _Pages(StaticFiles):
    """Static files in which `/drafting` finds `drafting.html`, and what lies there packed is sent so."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        found = super().lookup_path(path)
        named = found[1] is None and path not in ("", ".") and "." not in path
        return super().lookup_path(f"{path}.html") if named else found

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        asked = RequestHeaders(scope=scope)
        packed = Path(f"{os.fspath(full_path)}.gz")
        if "gzip" not in asked.get("accept-encoding", "") or "range" in asked or not packed.exists():
            return super().file_response(full_path, stat_result, scope, status_code)
        response = super().file_response(packed, packed.stat(), scope, status_code)
        response.headers["Vary"] = "Accept-Encoding"
        if response.status_code == status_code:
            response.headers["Content-Encoding"] = "gzip"
        return response


def pages(folder: str) -> StaticFiles:
    """Return the application that serves the built pages: `index.html` at the root, the others by name."""
    return _Pages(directory=folder, html=True, check_dir=False)
