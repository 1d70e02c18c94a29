"""Data loggers of a test, on real sockets, and a listener in the test's own loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import psycopg

from feeds.connection import Limits
from feeds.hj212.framing import Framer, Verdict
from feeds.hj212.packet import Packet, encode, parse
from feeds.listener import Listener, bound
from gis.store import packets

MN = "010000A8900016F000169DC0"


def data(number: int, mn: str = MN) -> Packet:
    cp = "DataTime=20260301080000;w01018-Rtd=40.1,w01018-Flag=N"
    return Packet(f"{20260301080000000 + number}", "32", "2011", "123456", mn, 5, cp=cp)


class Peer:
    """A data logger on a real socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.framer = reader, writer, Framer()
        self.inbox: list[Packet] = []

    async def send(self, *things: Packet | bytes) -> None:
        self.writer.write(b"".join(thing if isinstance(thing, bytes) else encode(thing) for thing in things))
        await self.writer.drain()

    async def receive(self) -> Packet:
        while not self.inbox:
            came = await self.reader.read(1 << 16)
            if not came:
                raise EOFError
            for frame in self.framer.feed(came):
                assert frame.verdict is Verdict.OK
                self.inbox.append(parse(frame.segment))
        return self.inbox.pop(0)


@asynccontextmanager
async def listening(url: str, limits: Limits | None = None) -> AsyncIterator[tuple[Callable[[], Awaitable[Peer]], Listener]]:
    listener, stop, opened = Listener(url, limits), asyncio.Event(), bound("127.0.0.1", 0)
    port = opened.getsockname()[1]
    peers: list[Peer] = []

    async def connect() -> Peer:
        peers.append(Peer(*await asyncio.open_connection("127.0.0.1", port)))
        return peers[-1]

    task = asyncio.create_task(listener.run(opened, stop))
    try:
        yield connect, listener
    finally:
        for peer in peers:
            peer.writer.close()
            with suppress(ConnectionError):
                await peer.writer.wait_closed()
        stop.set()
        await task


def rows(url: str) -> list[tuple[str, str, bytes]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT mn, verdict, raw FROM feed_packets ORDER BY seq").fetchall()


def broken(url: str) -> list[packets.Break]:
    with psycopg.connect(url) as connection:
        return [found for found in packets.verify(connection) if isinstance(found, packets.Break)]
