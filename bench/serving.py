"""Pages of features as GeoJSON: CPU of PostgreSQL and server a request, beside the statement alone and beside tipg on the same data."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from database import Bench, cluster, environment
from figures import Row, tree_s

from gis.store.collections import kind_collections
from gis.store.items import Selection, View, page_sql

POINTS = 5000
PEER = "tipg==1.6.1"
PEER_FOLDER = Path(__file__).parent / ".peers" / "tipg"
ROUNDS, LEAST_S = 3, 1.5
ABOUT = (
    f"{POINTS:,} monitoring points with 23 attributes each, alarms, feeds and case links among them. CPU of PostgreSQL and of the server "
    "process together, a request at a time over one connection, 40 pages in turn (of 1,000 all over the layer, of 10 the first ones); the "
    "best of three rounds. Limit: the statement of the page alone, without count, sent by psycopg from a process without HTTP. Ours "
    f"carries links, ETag and numberMatched. Peer: {PEER} on uvicorn in an environment of its own (`bench/.peers`), on a table with the "
    "same columns."
)
POINT_ROWS = """
INSERT INTO monitoring_points (code, name, geom, monitor_type, mn, outlet_code, pollutants)
SELECT 'M' || i, '监测点' || i, ST_SetSRID(ST_Point(106.5 + random() * 2, 30.7 + random() * 1.5), 4490),
    (ARRAY['gas', 'water', 'video'])[1 + i %% 3], 'MN' || i, 'DA00' || i %% 9, 'SO2;NOx' FROM generate_series(1, %s) i
"""


PEER_TABLE = """
CREATE TABLE peer.points AS SELECT feature_id, enterprise_id, code, name, monitor_type, mn, outlet_code, pollutants, base_1985_m, height_m,
    z_min_m, z_max_m, lower(valid) AS valid_from, upper(valid) AS valid_to, lower(recorded) AS recorded_from, author, reason, origin,
    alarm_level, open_alarms, case_count, case_ids, readings, ST_SetSRID(geom, 4326) AS geom FROM monitoring_point_view
"""


class Client:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, str]:
        """Return status, body, ETag."""
        self.connection.request("GET", path, headers={"Accept": "application/geo+json", "Accept-Encoding": "identity"} | (headers or {}))
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer.headers.get("ETag", "")


def cpu_ms(ask: Callable[[int], object], spent: Callable[[], float]) -> float:
    """Return CPU milliseconds a request: the best of some rounds, each long enough for the clock's ticks."""
    for number in range(20):
        ask(number)
    best = float("inf")
    for _ in range(ROUNDS):
        begin, count = spent(), 0
        until = time.perf_counter() + LEAST_S
        while time.perf_counter() < until or spent() - begin < 0.3:
            ask(count)
            count += 1
        best = min(best, (spent() - begin) / count * 1000)
    return best


@contextmanager
def server(command: list[str], environ: dict[str, str], *, descriptor: bool) -> Iterator[tuple[int, int]]:
    """Run a server on a socket of ours, or on a port of its choosing; yields port and process, when it answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port, number = listener.getsockname()[1], listener.fileno()
        if not descriptor:
            listener.close()
        last = str(number if descriptor else port)
        process = subprocess.Popen(
            [*command, last], env=environ, pass_fds=[number] if descriptor else [], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _answers(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(port: int) -> None:
    until = time.perf_counter() + 120
    while time.perf_counter() < until:
        try:
            Client(port).get("/conformance")
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("the server does not answer")


def _offsets(limit: int) -> list[int]:
    """Return where pages begin: large ones all over the layer, small ones as people turn them."""
    return [number * ((POINTS - limit) // 40 if limit > 100 else limit) for number in range(40)]


def _paths(prefix: str, limit: int) -> list[str]:
    return [f"{prefix}?limit={limit}&offset={offset}" for offset in _offsets(limit)]


def cost(port: int, pid: int, postmaster: int, paths: list[str], headers: dict[str, str] | None = None) -> float:
    client = Client(port)
    return cpu_ms(lambda number: client.get(paths[number % len(paths)], headers), lambda: tree_s(pid) + tree_s(postmaster))


def _raw(url: str, postmaster: int, limit: int) -> float:
    """Return the CPU of the page's statement alone, the driver's included."""
    collection = kind_collections()["monitoring_point"]
    statements = [page_sql(Selection(collection), View(limit=limit, offset=offset), count=False) for offset in _offsets(limit)]
    with psycopg.connect(url, autocommit=True, options="-c plan_cache_mode=force_generic_plan") as connection:

        def ask(number: int) -> object:
            one = statements[number % 40]
            return connection.cursor(binary=True).execute(one.text, one.values).fetchone()

        return cpu_ms(ask, lambda: tree_s(postmaster) + time.process_time())


def install() -> str:
    """Return the peer's Python; installed where it is missing."""
    python = PEER_FOLDER / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", PEER_FOLDER], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PEER, "uvicorn[standard]"], check=True)
    return str(python)


def _fill(bench: Bench) -> tuple[str, str]:
    urls = bench.fresh("serving")
    with psycopg.connect(urls.owner, autocommit=True) as connection:
        connection.execute(POINT_ROWS, [POINTS])
        connection.execute("CREATE SCHEMA peer")
        connection.execute(PEER_TABLE)
        connection.execute("ALTER TABLE peer.points ADD PRIMARY KEY (feature_id)")
        connection.execute("VACUUM ANALYZE")
    return urls.owner, urls.reader


def run() -> list[Row]:
    """Measure."""
    python = install()
    at = "/collections/monitoring_point/items"
    with cluster() as bench:
        owner, reader = _fill(bench)
        limits = {limit: _raw(owner, bench.postmaster, limit) for limit in (10, 1000)}
        with server([sys.executable, "-m", "api.process"], environment(reader, bench.folder / "files"), descriptor=True) as (port, pid):
            ours = {limit: cost(port, pid, bench.postmaster, _paths(at, limit)) for limit in (10, 1000)}
            filtered = cost(
                port, pid, bench.postmaster, [f"{at}?limit=10&filter={quote(f'mn = {chr(39)}MN{n}{chr(39)}')}" for n in range(40)]
            )
            path = _paths(at, 1000)[0]
            etag = Client(port).get(path)[2]
            unchanged = cost(port, pid, bench.postmaster, [path], {"If-None-Match": etag})
            assert Client(port).get(path, {"If-None-Match": etag})[0] == 304
            assert len(json.loads(Client(port).get(path)[1])["features"]) == 1000
        parts = psycopg.conninfo.conninfo_to_dict(owner)
        # asyncpg takes the folder of the socket as a host, escaped.
        folder = quote(str(parts["host"]), safe="")
        environ = os.environ | {
            "DATABASE_URL": f"postgresql://{parts['user']}:{parts['password']}@{folder}:{parts['port']}/{parts['dbname']}",
            "TIPG_DB_SCHEMAS": '["peer"]',
            "TIPG_MAX_FEATURES_PER_QUERY": "10000",
        }
        command = [python, "-m", "uvicorn", "tipg.main:app", "--log-level", "error", "--port"]
        with server(command, environ, descriptor=False) as (port, pid):
            assert len(json.loads(Client(port).get("/collections/peer.points/items?limit=1000")[1])["features"]) == 1000
            peer = {limit: cost(port, pid, bench.postmaster, _paths("/collections/peer.points/items", limit)) for limit in (10, 1000)}
    unit = "CPU ms"
    return [
        Row("page of 1,000 features", ours[1000], unit, limits[1000], "statement alone", note="goal: 0.85 of it"),
        Row("page of 1,000 features", ours[1000], unit, peer[1000], PEER),
        Row("page of 10 features", ours[10], unit, limits[10], "statement alone", note="goal: 0.7 ms"),
        Row("page of 10 features", ours[10], unit, peer[10], PEER),
        Row("a filter that finds one", filtered, unit),
        Row("a page of 1,000 that has not changed (304)", unchanged, unit),
    ]
