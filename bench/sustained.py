"""The live stream under a steady load: 200 clients, 50 changes a second."""

import asyncio
import re
import sys
import time
from uuid import UUID

import naive_stream
import numpy as np
import psycopg
from city import found_city
from database import Bench, environment
from figures import Row, tree_s
from peers import server

CLIENTS, RATE_HZ, SECONDS = 200, 50, 10
UPDATES = RATE_HZ * SECONDS
PATIENCE_S = 30.0
ABOUT = (
    f"Live: {CLIENTS} clients on one server process, {RATE_HZ} rows updated a second, one transaction each, for {SECONDS} s; from before "
    "COMMIT to the event's last byte at each client; lost are events that a client never got. Peer: NOTIFY with the row to SSE "
    "(`bench/naive_stream.py`)."
)
EVENT = re.compile(rb"event: state\n.*?\n\n", re.DOTALL)
READINGS = '{{"power": {{"label": "功率", "value": {}, "unit": "kW", "at": "2026-03-01T08:00:00Z", "flag": "N", "limit": null}}}}'


class Client(asyncio.Protocol):
    """An open stream: when each of its events was whole. It counts chunks, not lines: 10,000 events a second arrive in one process."""

    def __init__(self) -> None:
        self.rest = b""
        self.times: list[float] = []
        self.opened = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        """Note the events that are whole now."""
        at = time.perf_counter()
        whole, end, rest = (self.rest + data).rpartition(b"\n\n")
        self.rest = rest
        self.times += [at] * len(EVENT.findall(whole + end))
        # The first lines of the stream: from here on nothing is missed.
        if end and not self.opened.done() and b"\r\n\r\n" in whole + end:
            self.opened.set_result(None)


def _write(url: str, table: str, rows: list[UUID]) -> list[float]:
    """Change a row at each beat; returns the times just before the commits."""
    begun, start = [], time.perf_counter()
    with psycopg.connect(url) as connection:
        for number in range(UPDATES):
            time.sleep(max(0.0, start + number / RATE_HZ - time.perf_counter()))
            connection.execute(
                f"UPDATE {table} SET readings = %s WHERE feature_id = %s", [READINGS.format(number), rows[number % len(rows)]]
            )
            begun.append(time.perf_counter())
            connection.commit()
    return begun


async def _measure(port: int, pid: int, url: str, table: str, rows: list[UUID]) -> tuple[float, float, int, float]:
    """Return median and 95th percentile of the wait, ms, how many events were lost, and the server's CPU an event and client, µs."""
    loop = asyncio.get_running_loop()
    clients = [(await loop.create_connection(Client, "127.0.0.1", port))[1] for _ in range(CLIENTS)]
    await asyncio.gather(*(client.opened for client in clients))
    spent = tree_s(pid)
    begun = await asyncio.to_thread(_write, url, table, rows)
    until = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < until and min(len(client.times) for client in clients) < UPDATES:
        await asyncio.sleep(0.05)
    spent = tree_s(pid) - spent
    got = sum(len(client.times) for client in clients)
    # One writer: the n-th event is of the n-th commit.
    waits = [at - begin for client in clients for begin, at in zip(begun, client.times, strict=False)]
    for client in clients:
        client.transport.abort()
    p50, p95 = np.percentile(waits, [50, 95]) * 1000
    return float(p50), float(p95), UPDATES * CLIENTS - got, spent / max(1, got) * 1e6


def _ours(bench: Bench) -> tuple[float, float, int, float]:
    urls = bench.fresh("stream")
    city = found_city(urls.owner)
    rows = [UUID(str(row[0])) for row in city.rows("SELECT feature_id FROM feature_state ORDER BY feature_id LIMIT 20")]
    with server([sys.executable, "-m", "api.process"], environment(urls.reader, bench.folder / "files"), descriptor=True) as (port, pid):
        return asyncio.run(_measure(port, pid, urls.owner, "feature_state", rows))


def _naive(bench: Bench) -> tuple[float, float, int, float]:
    url = bench.fresh("naive_stream").owner
    with psycopg.connect(url) as connection:
        connection.execute(naive_stream.SCHEMA)
        connection.execute("INSERT INTO naive SELECT gen_random_uuid(), '{}' FROM generate_series(1, 20)")
        rows = [row[0] for row in connection.execute("SELECT feature_id FROM naive ORDER BY feature_id")]
    with server([sys.executable, naive_stream.__file__], environment(url, bench.folder / "files"), descriptor=True) as (port, pid):
        return asyncio.run(_measure(port, pid, url, "naive", rows))


def rows(bench: Bench) -> list[Row]:
    """Measure."""
    p50, p95, lost, cpu = _ours(bench)
    peer50, peer95, peer_lost, peer_cpu = _naive(bench)
    name, what = "naive NOTIFY", f"live, {CLIENTS} clients × {RATE_HZ}/s"
    reached = "reached" if p95 <= 150 and not lost else "missed"
    note = f"{lost} of {UPDATES * CLIENTS:,} events lost, peer {peer_lost}; goal 150 ms, none: {reached}"
    return [
        Row(f"{what}, p50", p50, "ms", peer50, name),
        Row(f"{what}, p95", p95, "ms", peer95, name, note=note),
        Row(f"{what}, an event and client", cpu, "CPU µs", peer_cpu, name),
    ]
