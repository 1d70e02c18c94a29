"""HJ 212: decoding beside the usual parser, and from the wire to the disk."""

import asyncio
import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import naive_hj212
import psycopg
from database import QUANJING, cluster, environment
from feed_load import CP
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
REGISTER = f"INSERT INTO monitoring_points (name, geom, monitor_type, mn) VALUES ('在线', 'SRID=4490;POINT(107.5 31.2)', 'water', '{MN}')"
LOGGERS, EACH = 1000, 40
ABOUT = (
    "Decoding: one process, packets of ten factors (about 400 bytes), one stream in pieces of 64 KB: cut out, checked, read into factors. "
    "Peer: no HJ 212 parser is on PyPI or npm, so the usual one: a regular expression, the checksum bit by bit "
    "(`bench/naive_hj212.py`), given the whole text at once; a wrong length or a broken end costs it the packet behind. "
    f"Wire to disk: {LOGGERS:,} loggers of one sending process on this machine, {EACH} packets each, four at a time, durable settings; a "
    "packet is answered once it is committed, on the SM3 chain. The sender takes one of the two cores. Disk to readings: one process reads "
    "what was kept, writes a row a factor and moment with its history, and shows the newest at the point."
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


def _listening() -> list[Row]:
    with cluster() as bench:
        url = bench.fresh("listening").owner
        command = [*QUANJING, "feed", "listen", "--port", "0"]
        process = subprocess.Popen(command, env=environment(url, bench.folder / "files"), stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            found = re.search(r":(\d+)$", process.stdout.readline().strip())
            assert found
            before = tree_s(process.pid)
            load = [sys.executable, str(Path(__file__).with_name("feed_load.py")), found[1], str(LOGGERS), str(EACH)]
            with timed(bench.postmaster) as clock:
                told = json.loads(subprocess.run(load, check=True, capture_output=True, text=True).stdout)
            own = tree_s(process.pid) - before
        finally:
            process.terminate()
            process.wait()
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


def _following() -> list[Row]:
    """From packets that are kept to readings that are stored and shown: one registered device, each packet a moment of its own."""
    with cluster() as bench:
        url = bench.fresh("following").owner
        with psycopg.connect(url) as connection:
            connection.execute(REGISTER)
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
    return [*_decoding(), *_listening(), *_following()]
