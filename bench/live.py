"""From a commit to fifty browsers, beside a naive NOTIFY-to-SSE server."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import naive_stream
import numpy as np
import psycopg
from city import found_city
from database import Bench, cluster, environment
from figures import Row, timed

CLIENTS = 50
SINGLE = 60
PAUSE_S = 0.1
BURST = 1000
ABOUT = (
    f"{CLIENTS} clients on one server process, all on this machine. Latency: one row updated each 100 ms, from just before COMMIT to the "
    f"whole event at each client. Burst: {BURST:,} rows updated, one transaction each, as fast as one connection goes; from the first "
    "COMMIT to the last event at the last client. Peer: a row trigger that sends the row as NOTIFY payload and a FastAPI server that "
    "hands it on (`bench/naive_stream.py`); it keeps nothing: a client that was away, a payload over 8 kB, or a restart loses events, "
    "and it has no history, no scopes and no state beyond the row. Ours sends a change at once where 50 ms were quiet, else what gathers "
    "in 50 ms as one frame, and only what the change log proves complete."
)


@contextmanager
def server(command: list[str], url: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Run a server on a socket of ours; yields its port and process."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        descriptor = listener.fileno()
        environ = environment(url, folder)
        process = subprocess.Popen([*command, str(descriptor)], env=environ, pass_fds=[descriptor], stderr=subprocess.DEVNULL)
        try:
            yield listener.getsockname()[1], process.pid
        finally:
            process.terminate()
            process.wait(timeout=30)


@dataclass(slots=True)
class Client:
    """One open stream and when each `state` event was complete (`time.perf_counter`)."""

    reader: asyncio.StreamReader
    times: list[float] = field(default_factory=list)

    async def read(self) -> None:
        kind = b""
        while line := await self.reader.readline():
            if line.startswith(b"event:"):
                kind = line[6:].strip()
            elif line == b"\n":
                if kind == b"state":
                    self.times.append(time.perf_counter())
                kind = b""


async def _open(port: int) -> tuple[Client, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    # The first lines of the stream: from here on nothing is missed.
    await reader.readuntil(b"\n\n")
    return Client(reader), writer


async def _all_have(clients: list[Client], count: int) -> None:
    async with asyncio.timeout(120):
        while min(len(client.times) for client in clients) < count:
            await asyncio.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a server did."""

    p50_ms: float
    p95_ms: float
    events_s: float
    commits_s: float
    cpu_us: float
    """Server process, microseconds of CPU an event and client, in the burst."""


def _update(connection: psycopg.Connection, table: str, feature_id: UUID, value: int) -> float:
    """Change one row; returns the time just before its commit."""
    readings = f'{{"power": {{"label": "功率", "value": {value}, "unit": "kW", "at": "2026-03-01T08:00:00Z", "flag": "N", "limit": null}}}}'
    connection.execute(f"UPDATE {table} SET readings = %s WHERE feature_id = %s", [readings, feature_id])
    begin = time.perf_counter()
    connection.commit()
    return begin


async def _measure(port: int, pid: int, url: str, table: str, rows: list[UUID]) -> Figures:
    opened = [await _open(port) for _ in range(CLIENTS)]
    clients = [client for client, _ in opened]
    tasks = [asyncio.create_task(client.read()) for client in clients]
    with psycopg.connect(url) as connection:
        waits = []
        for number in range(SINGLE):
            begin = await asyncio.to_thread(_update, connection, table, rows[number % len(rows)], number)
            await _all_have(clients, number + 1)
            waits += [client.times[-1] - begin for client in clients]
            await asyncio.sleep(PAUSE_S)

        def burst() -> tuple[float, float]:
            begins = [_update(connection, table, rows[number % len(rows)], 1000 + number) for number in range(BURST)]
            return begins[0], time.perf_counter()

        with timed(pid) as clock:
            begin, written = await asyncio.to_thread(burst)
            await _all_have(clients, SINGLE + BURST)
    assert all(len(client.times) == SINGLE + BURST for client in clients), "every client gets every event once"
    end = max(client.times[-1] for client in clients)
    for task, (_, writer) in zip(tasks, opened, strict=True):
        task.cancel()
        writer.close()
    await asyncio.gather(*tasks, return_exceptions=True)
    p50, p95 = np.percentile(waits, [50, 95]) * 1000
    sent = BURST * CLIENTS
    return Figures(float(p50), float(p95), sent / (end - begin), BURST / (written - begin), clock.tree / sent * 1e6)


def _ours(bench: Bench) -> Figures:
    url = bench.fresh("ours").owner
    city = found_city(url)
    rows = [UUID(str(row[0])) for row in city.rows("SELECT feature_id FROM feature_state ORDER BY feature_id LIMIT 20")]
    with server([sys.executable, "-m", "api.process"], url, bench.folder / "files") as (port, pid):
        return asyncio.run(_measure(port, pid, url, "feature_state", rows))


def _peer(bench: Bench) -> Figures:
    url = bench.fresh("peer").owner
    with psycopg.connect(url) as connection:
        connection.execute(naive_stream.SCHEMA)
        connection.execute("INSERT INTO naive SELECT gen_random_uuid(), '{}' FROM generate_series(1, 20)")
        rows = [row[0] for row in connection.execute("SELECT feature_id FROM naive ORDER BY feature_id")]
    with server([sys.executable, naive_stream.__file__], url, bench.folder / "files") as (port, pid):
        return asyncio.run(_measure(port, pid, url, "naive", rows))


def run() -> list[Row]:
    """Measure."""
    with cluster() as bench:
        ours, peer = _ours(bench), _peer(bench)
    name = "naive NOTIFY"
    return [
        Row(f"commit to {CLIENTS} clients, p50", ours.p50_ms, "ms", peer.p50_ms, name),
        Row(f"commit to {CLIENTS} clients, p95", ours.p95_ms, "ms", peer.p95_ms, name),
        Row("burst, events delivered", ours.events_s, "events/s", peer.events_s, name, "more", f"{BURST:,} changes × {CLIENTS} clients"),
        Row("burst, transactions of the writer", ours.commits_s, "commits/s", peer.commits_s, name, "more", "ours: history and change log"),
        Row("burst, server CPU an event and client", ours.cpu_us, "µs", peer.cpu_us, name),
    ]
