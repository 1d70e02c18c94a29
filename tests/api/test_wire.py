"""Kept tiles over a real connection: the short way gives the same bytes as the usual one, and takes nothing that is odd."""

import socket
from collections.abc import Iterator

import pytest
from city import City, found_city
from serving import serving

from api.wire import plain
from gis.store.cluster import Urls

TILE = b"GET /tiles/12/3271/1668.mvt HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    return found_city(module_database.owner)


@pytest.fixture(scope="module")
def port(city: City, module_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(module_database.reader, tmp_path_factory.mktemp("served")) as address:
        yield int(address.rpartition(":")[2])


class Line:
    """A connection on which bytes are sent as they are."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def ask(self, *pieces: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        """Send pieces and read one answer: status, headers but for the date, body."""
        for piece in pieces:
            self.socket.sendall(piece)
        status = int(self.file.readline().split(b" ")[1])
        headers = {}
        while (line := self.file.readline().rstrip(b"\r\n")) != b"":
            name, _, value = line.partition(b": ")
            headers[name] = value
        headers.pop(b"date", None)
        return status, headers, self.file.read(int(headers.get(b"content-length", b"0")))


def test_both_ways_say_the_same(port: int) -> None:
    with Line(port) as line:
        made = line.ask(TILE + b"\r\n")
        assert made[0] in (200, 204)
        tag = made[1][b"etag"]
        for more in (b"", b"Accept-Encoding: gzip, br\r\n", b"If-None-Match: " + tag + b"\r\n", b"If-None-Match: *\r\n"):
            short = line.ask(TILE + more + b"\r\n")
            # A request in two pieces goes to the parser.
            usual = line.ask(TILE, more + b"\r\n")
            assert short == usual
        assert line.ask(TILE + b"If-None-Match: " + tag + b"\r\n\r\n")[0] == 304


def test_what_is_odd_goes_the_usual_way(port: int) -> None:
    with Line(port) as line:
        line.ask(TILE + b"\r\n")
        assert line.ask(TILE.replace(b"127.0.0.1", b"evil.example") + b"\r\n")[0] == 400
        assert line.ask(TILE.replace(b"12/", b"99/") + b"\r\n")[0] == 404
        assert line.ask(TILE.replace(b".mvt", b".mvt?odd=1") + b"\r\n")[0] == 400
        assert line.ask(b"GET /tiles/12/3271/1668.mvt HTTP/1.1\r\n\r\n")[0] == 400


def test_the_body_of_another_request_is_no_request(port: int) -> None:
    smuggled = TILE + b"\r\n"
    head = b"POST /api/kinds HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
    with Line(port) as line:
        line.ask(TILE + b"\r\n")
        assert line.ask(head, smuggled)[0] == 405
        # The next answer is of the next request.
        assert line.ask(b"GET /api/kinds HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")[1][b"content-type"] == b"application/json"


def test_two_requests_at_once_are_both_answered(port: int) -> None:
    with Line(port) as line:
        line.ask(TILE + b"\r\n")
        first = line.ask(TILE + b"\r\n" + TILE + b"\r\n")
        assert line.ask() == first


@pytest.mark.parametrize(
    "head",
    [
        b"Host: a\r\nHost: b",
        b"Host: a\r\n folded",
        b"Host : a",
        b"Connection: close",
        b"Transfer-Encoding: chunked",
        b"Upgrade: websocket",
        b"no colon",
        b"X: \xff",
        b"X: a\x00b",
        b"",
    ],
)
def test_odd_headers_are_left_to_the_parser(head: bytes) -> None:
    assert plain(head + b"\r\n\r\n") is None


def test_an_answer_is_sent_in_one_piece(port: int) -> None:
    with Line(port) as line:
        for path in (b"/collections/building/items?limit=20", b"/api/queries/nearest?at=107.5,31.2&count=10", b"/api/kinds"):
            line.socket.sendall(b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path)
            head, _, body = line.socket.recv(1 << 20).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert b"content-length: %d" % len(body) in head.lower()
