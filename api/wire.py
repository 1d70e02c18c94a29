"""Kept tiles as bytes from one connection to another: uvicorn's protocol of HTTP/1.1, which answers for them before a request is an object.

Half of what an application of ASGI costs at its least is the objects of the request, its task and its messages. What is not plainly a GET
of a kept tile goes the usual way, to the parser.
"""

import asyncio
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.vector_tiles import VectorTiles

ASKED = b"GET /tiles/"
END = b"\r\n\r\n"
ODD = frozenset((b"connection", b"content-length", b"expect", b"transfer-encoding", b"upgrade"))
"""Headers that say how the connection goes on: the parser's work, but for a connection that is kept."""
TWICE = frozenset((b"host", b"accept-encoding", b"if-none-match"))
"""Headers that decide the answer, and so are not looked at where they come twice."""
MOST_GATHERED = 64 * 1024
"""Bytes beyond which they are sent at once."""
Headers = tuple[tuple[bytes, bytes], ...]


@lru_cache(maxsize=2048)
def plain(head: bytes) -> Headers | None:
    r"""Return the headers of a request, names in lower case; None where they are not plain.

    >>> plain(b"Host: a\r\nAccept: */*\r\n\r\n")
    ((b'host', b'a'), (b'accept', b'*/*'))
    >>> plain(b"Host: a\r\nContent-Length: 1\r\n\r\n") is None
    True
    """
    found: dict[bytes, bytes] = {}
    for line in head[: -len(END)].split(b"\r\n"):
        name, colon, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        # RFC 9110, 5.1: what is no token is no name; a folded line begins with a blank.
        if not colon or not name.replace(b"-", b"").isalnum() or not value.isascii() or not value.decode().isprintable():
            return None
        if (name in ODD and (name, value.lower()) != (b"connection", b"keep-alive")) or (name in TWICE and name in found):
            return None
        found[name] = value
    return tuple(found.items())


def requested(data: bytes) -> tuple[str, bytes, Headers] | None:
    """Return path, query and headers of one whole request without a body; None where it is not plain."""
    if data.find(END) != len(data) - len(END):
        return None
    line, _, head = data.partition(b"\r\n")
    _, url, version = line.split(b" ") if line.count(b" ") == 2 else (b"", b"%", b"")
    headers = plain(head)
    if version != b"HTTP/1.1" or b"%" in url or b"#" in url or not url.isascii() or headers is None:
        return None
    path, _, query = url.partition(b"?")
    return path.decode(), query, headers


class Gathered:
    """A transport that sends in one piece what an answer is written in: headers and body are one packet, one call of the system.

    What is not followed by the end of an answer goes out before the loop does anything else.
    """

    def __init__(self, plain: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.plain = plain
        self.loop = loop
        self.parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> None:
        """Send, soon."""
        if not self.parts:
            self.loop.call_soon(self.flush)
        self.parts.append(data)
        self.size += len(data)
        if self.size > MOST_GATHERED:
            self.flush()

    def flush(self) -> None:
        """Send what is there."""
        if self.parts:
            parts, self.parts, self.size = self.parts, [], 0
            self.plain.writelines(parts)

    def close(self) -> None:
        """Send what is there, and no more."""
        self.flush()
        self.plain.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


def protocol(tiles: VectorTiles) -> type[HttpToolsProtocol]:
    """Return the protocol of a server of tiles, for `uvicorn.Config`."""

    class Wire(HttpToolsProtocol):
        between = True
        """Whether the last request is read to its end: what comes next is a new one."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            self.gathered = Gathered(transport, self.loop)
            super().connection_made(self.gathered)  # type: ignore[arg-type]

        def on_response_complete(self) -> None:
            self.gathered.flush()
            super().on_response_complete()

        def data_received(self, data: bytes) -> None:
            if not (self.between and data.startswith(ASKED) and self._sent(data)):
                super().data_received(data)

        def on_message_begin(self) -> None:
            self.between = False
            super().on_message_begin()

        def on_message_complete(self) -> None:
            self.between = True
            super().on_message_complete()

        def _sent(self, data: bytes) -> bool:
            """Answer where a kept tile, and nothing else, is asked for."""
            asked = requested(data)
            if asked is None or self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete):
                return False
            found = tiles.kept(*asked)
            if found is None:
                return False
            own = b"".join([b"%b: %b\r\n" % pair for pair in self.server_state.default_headers])
            self.gathered.plain.write(b"".join((STATUS_LINE[found.status], own, found.wire)))
            self.server_state.total_requests += 1
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
            return True

    return Wire
