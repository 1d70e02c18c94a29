"""HJ 212: decoding beside the usual parser, and from the wire to the disk."""

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import naive_hj212
import psycopg
from database import QUANJING, Bench, cluster, environment
from feed_load import CP, name
from figures import Row, timed, tree_s

from feeds.following import Follower
from feeds.hj212 import crc
from feeds.hj212.framing import Framer
from feeds.hj212.packet import Packet, encode, parse, records
from gis.clock import BEIJING
from gis.store import packets as store

PACKETS = 20_000
FOLLOWED = 20_000
MN = "010000A8900016F000169DC0"
REGISTER = "INSERT INTO monitoring_points (name, geom, monitor_type, mn) VALUES ('在线', 'SRID=4490;POINT(107.5 31.2)', 'water', %s)"
LOGGERS, EACH = 1000, 40
RATE, SUSTAINED = 3000, 60
"""Packets a second, and how many of each logger: 20 s."""
LOOK_S = 0.1
ABOUT = (
    "Decoding: one process, packets of ten factors (about 400 bytes), one stream in pieces of 64 KB: cut out, checked, read into factors. "
    "Peer: no HJ 212 parser is on PyPI or npm, so the usual one: a regular expression, the checksum bit by bit "
    "(`bench/naive_hj212.py`), given the whole text at once; a wrong length or a broken end costs it the packet behind. "
    f"Wire to disk: {LOGGERS:,} loggers of one sending process on this machine, {EACH} packets each, four at a time, durable settings; a "
    "packet is answered once it is committed, on the SM3 chain. The sender takes one of the two cores. Disk to readings: one process reads "
    "what was kept, writes a row a factor and moment with its history, and shows the newest at the point. Wire to readings: both processes "
    f"run, {LOGGERS:,} registered loggers send, and the clock stops when the last reading is stored and shown; then the same at {RATE:,} "
    "packets a second, where what counts is how far the readings are behind."
)


def _stream() -> bytes:
    cp = CP.format(at="20260301080000")
    return b"".join(encode(Packet(f"{20260301080000000 + n}", "32", "2011", "1", "M" * 24, 5, cp=cp)) for n in range(PACKETS))


def _ours(stream: bytes) -> int:
    framer, count = Framer(), 0
    for at in range(0, len(stream), 1 << 16):
        for frame in framer.feed(stream[at : at + (1 << 16)]):
            count += bool(records(parse(frame.segment).cp)[0].factors)
    return count


def _decoding() -> list[Row]:
    stream = _stream()
    text = stream.decode()
    segment = stream[: 1 << 20]
    with timed() as ours:
        assert _ours(stream) == PACKETS
    with timed() as peer:
        assert len(naive_hj212.parse(text)) == PACKETS
    with timed() as folded:
        for _ in range(20):
            checksum = crc.hj212(segment)
    with timed() as packet:
        for _ in range(PACKETS):
            crc.hj212(segment[:400])
    with timed() as bitwise:
        assert naive_hj212.crc(segment.decode()) == checksum
    megabytes = len(segment) / 1e6
    return [
        Row("decode", PACKETS / ours.own, "packets/CPU s", PACKETS / peer.own, "regular expression", "more"),
        Row("checksum of 1 MB", 20 * megabytes / folded.own, "MB/CPU s", megabytes / bitwise.own, "bit by bit", "more"),
        Row("checksum of 400 bytes", PACKETS * 400 / 1e6 / packet.own, "MB/CPU s"),
    ]


@contextmanager
def _running(bench: Bench, url: str, *verb: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*QUANJING, "feed", *verb], env=environment(url, bench.folder / "files"), stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _port(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    found = re.search(r":(\d+)$", process.stdout.readline().strip())
    assert found
    return found[1]


def _sent(port: str, each: int, *rate: int) -> dict[str, float]:
    load = [sys.executable, str(Path(__file__).with_name("feed_load.py")), port, str(LOGGERS), str(each), *map(str, rate)]
    told: dict[str, float] = json.loads(subprocess.run(load, check=True, capture_output=True, text=True).stdout)
    return told


def _listening() -> list[Row]:
    with cluster() as bench:
        url = bench.fresh("listening").owner
        with _running(bench, url, "listen", "--port", "0") as process:
            port = _port(process)
            before = tree_s(process.pid)
            with timed(bench.postmaster) as clock:
                told = _sent(port, EACH)
            own = tree_s(process.pid) - before
        with psycopg.connect(url) as connection, timed() as checking:
            *_, held = store.verify(connection)
        assert held == told["packets"]
        server = f"and the server {clock.tree / told['packets'] * 1e6:.0f} µs a packet"
        answer = f"answered after {told['p50_s'] * 1e3:.0f} ms, p95 {told['p95_s'] * 1e3:.0f} ms, at that load"
        return [
            Row("wire to disk, answered", told["packets"] / told["wall_s"], "packets/s", better="more", note=answer),
            Row("the same, listener's CPU", told["packets"] / own, "packets/CPU s", better="more", note=server),
            Row("verify the chain", held / checking.own, "packets/CPU s", better="more", note=f"{checking.wall:.2f} s wall for {held:,}"),
        ]


class _Watch(threading.Thread):
    """Looks at how many packets are kept and not read yet, again and again."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.begun, self.seen, self.stop = url, 0.0, list[tuple[float, int, int]](), threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.stop.wait(LOOK_S):
                row = connection.execute(
                    "SELECT c.seq, coalesce(max(r.seq), 0) FROM feed_chain c LEFT JOIN feed_readers r ON true GROUP BY 1"
                )
                kept, read = row.fetchone() or (0, 0)
                if kept:
                    self.begun = self.begun or time.perf_counter()
                    self.seen.append((time.perf_counter(), kept, read))

    def read_all(self, packets: float) -> float:
        """Wait until so many packets are read; returns the seconds since the first one was kept."""
        while not self.seen or self.seen[-1][2] < packets:
            time.sleep(LOOK_S)
        self.stop.set()
        self.join()
        return self.seen[-1][0] - self.begun

    def behind(self) -> list[float]:
        """Return how old the oldest packet was that was kept and not read, at each look; seconds, in order of size."""
        ages = []
        for at, _, read in self.seen:
            since = next((when for when, kept, _ in self.seen if kept > read), at)
            ages.append(max(0.0, at - since))
        return sorted(ages)


def _whole() -> list[Row]:
    """From the wire to readings that are stored and shown, listener and follower running."""
    rows = []
    with cluster() as bench:
        for label, each, rate in (("whole", EACH, ()), ("sustained", SUSTAINED, (RATE,))):
            url = bench.fresh(label).owner
            with psycopg.connect(url) as connection:
                connection.cursor().executemany(REGISTER, [[name(place)] for place in range(LOGGERS)])
            with _running(bench, url, "listen", "--port", "0") as listener, _running(bench, url, "follow") as follower:
                port = _port(listener)
                watch = _Watch(url)
                watch.start()
                with timed(bench.postmaster) as clock:
                    told = _sent(port, each, *rate)
                    wall = watch.read_all(told["packets"])
                spent = (tree_s(listener.pid) + tree_s(follower.pid) + clock.tree) / told["packets"] * 1e6
            with psycopg.connect(url) as connection:
                assert connection.execute("SELECT count(*) FROM readings").fetchone() == (told["packets"] * 10,)
            if not rate:
                note = f"{spent:.0f} µs of CPU a packet: listener, follower, server"
                rows.append(Row("wire to readings, stored and shown", told["packets"] / wall, "packets/s", better="more", note=note))
                continue
            ages = watch.behind()
            at = f"over {wall:.0f} s at {told['packets'] / told['wall_s']:,.0f} packets/s"
            note = f"{at}; at most {ages[-1]:.2f} s, {spent:.0f} µs of CPU a packet"
            rows.append(Row("readings behind the wire, p95", ages[len(ages) * 95 // 100], "s", note=note))
    return rows


def _following() -> list[Row]:
    """From packets that are kept to readings that are stored and shown: one registered device, each packet a moment of its own."""
    with cluster() as bench:
        url = bench.fresh("following").owner
        with psycopg.connect(url) as connection:
            connection.execute(REGISTER, [MN])
        now = datetime.now(BEIJING).replace(microsecond=0)

        async def keep() -> None:
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                end = await store.head(connection)
                await store.make_room(connection, 1)
                for begin in range(0, FOLLOWED, 2000):
                    moments = [now - timedelta(seconds=30 * number) for number in range(begin, begin + 2000)]
                    said = [Packet("20260301080000001", "32", "2011", "1", MN, 5, cp=CP.format(at=f"{at:%Y%m%d%H%M%S}")) for at in moments]
                    end = await store.append(connection, end, [store.Incoming(now, "tcp", MN, "ok", encode(one).strip()) for one in said])

        asyncio.run(keep())
        follower = Follower()
        with psycopg.connect(url, autocommit=True) as connection:
            with timed(bench.postmaster) as clock:
                while follower.step(connection):
                    pass
            row = connection.execute("SELECT count(*) FROM readings").fetchone()
        assert row == (FOLLOWED * 10,)
        server = f"and the server {clock.tree / FOLLOWED * 1e6:.0f} µs a packet of ten factors"
        return [
            Row("disk to readings", FOLLOWED / clock.wall, "packets/s", better="more", note=f"{FOLLOWED * 10:,} readings"),
            Row("the same, follower's CPU", FOLLOWED / clock.own, "packets/CPU s", better="more", note=server),
        ]


def run() -> list[Row]:
    """Measure."""
    return [*_decoding(), *_listening(), *_following(), *_whole()]
