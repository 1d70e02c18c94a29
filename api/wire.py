"""Kept tiles as bytes from one connection to another: uvicorn's protocol of HTTP/1.1, which answers for them before a request is an object.

Half of what an application of ASGI costs at its least is the objects of the request, its task and its messages. What is not plainly a GET
of a kept tile goes the usual way, to the parser.
"""

from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.vector_tiles import VectorTiles

ASKED = b"GET /tiles/"
END = b"\r\n\r\n"
ODD = frozenset((b"connection", b"content-length", b"expect", b"transfer-encoding", b"upgrade"))
"""Headers that say how the connection goes on: the parser's work, but for a connection that is kept."""
TWICE = frozenset((b"host", b"accept-encoding", b"if-none-match"))
"""Headers that decide the answer, and so are not looked at where they come twice."""
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


def protocol(tiles: VectorTiles) -> type[HttpToolsProtocol]:
    """Return the protocol of a server of tiles, for `uvicorn.Config`."""

    class Wire(HttpToolsProtocol):
        between = True
        """Whether the last request is read to its end: what comes next is a new one."""

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
            if data.find(END) != len(data) - len(END) or self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete):
                return False
            line, _, head = data.partition(b"\r\n")
            _, url, version = line.split(b" ") if line.count(b" ") == 2 else (b"", b"%", b"")
            headers = plain(head)
            if version != b"HTTP/1.1" or b"%" in url or b"#" in url or not url.isascii() or headers is None:
                return False
            path, _, query = url.partition(b"?")
            found = tiles.kept(path.decode(), query, headers)
            if found is None:
                return False
            own = b"".join([b"%b: %b\r\n" % pair for pair in self.server_state.default_headers])
            self.transport.write(b"".join((STATUS_LINE[found.status], own, found.wire)))
            self.server_state.total_requests += 1
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
            return True

    return Wire
