"""Pages of features, what inspectors ask, what a scope costs, the live stream: beside the statement alone and other people's servers."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import quote

import psycopg
import sustained
from city_data import ABOUT as CITY
from city_data import JURISDICTION, POINTS, filled
from database import Bench, cluster, environment
from figures import Row, tree_s
from peers import PYGEOAPI, TIPG, Client, cost, cpu_ms, pygeoapi, server, tipg
from psycopg import AsyncConnection

from gis.store.collections import kind_collections
from gis.store.connect import EVERYWHERE, single, snapshot
from gis.store.items import Selection, View, page_sql
from gis.store.queries import Answer, nearest, within

LIMITS = (10, 100, 1000)
AT = "/collections/monitoring_point/items"
ABOUT = (
    f"{CITY}. CPU of PostgreSQL and of the server process together, a request at a time over one connection; the best of three rounds. "
    "Pages: monitoring points with 23 attributes each, 40 pages in turn (of 1,000 all over the layer, of fewer the first ones). Limit: "
    "the statement of the page alone, without count, sent by psycopg from a process without HTTP. Ours carries links, ETag and "
    f"numberMatched. Peers: {TIPG} on uvicorn, {PYGEOAPI} on gunicorn, on a table with the same columns. What inspectors ask: around 40 "
    "places in turn, as a request and as the function without HTTP, the driver's CPU included; naive: the join that one writes first, "
    "sent the same way. Scope: statements of the role that policies bind, in a jurisdiction that sees every row, beside those of the "
    f"owner, whom none binds, without a scope. {sustained.ABOUT}"
)
UNIT = "CPU ms"
FARTHEST_M = 3000.0
PLACES = """SELECT ST_X(geom), ST_Y(geom), feature_id FROM enterprises ORDER BY code LIMIT 40"""
NAIVE_WITHIN = """SELECT r.* FROM receptors r JOIN enterprises e ON e.feature_id = %s
    WHERE ST_DWithin(r.geom::geography, e.geom::geography, 3000) ORDER BY ST_Distance(r.geom::geography, e.geom::geography)"""
NAIVE_NEAREST = "SELECT r.* FROM receptors r JOIN enterprises e ON e.feature_id = %s ORDER BY r.geom <-> e.geom LIMIT 10"


def goal(ratio: float, least: float) -> str:
    """Return what was wanted of a ratio and whether it is so."""
    return f"goal {least:.3g}×: {'reached' if ratio >= least else 'missed'}"


def ceiling(value: float, most: float, unit: str = "ms") -> str:
    """Return what was wanted of a figure and whether it is so."""
    return f"goal {most:.3g} {unit}: {'reached' if value <= most else 'missed'}"


def _offsets(limit: int) -> list[int]:
    """Return where pages begin: large ones all over the layer, small ones as people turn them."""
    return [number * ((POINTS - limit) // 40 if limit > 100 else limit) for number in range(40)]


def _paths(prefix: str, limit: int) -> list[str]:
    return [f"{prefix}?limit={limit}&offset={offset}" for offset in _offsets(limit)]


def _statements(url: str, postmaster: int, limit: int, scope: str = EVERYWHERE) -> float:
    """Return the CPU of the page's statement alone, the driver's included."""
    collection = kind_collections()["monitoring_point"]
    statements = [page_sql(Selection(collection, scope), View(limit=limit, offset=offset), count=False) for offset in _offsets(limit)]
    with psycopg.connect(url, autocommit=True, options="-c plan_cache_mode=force_generic_plan") as connection:
        connection.execute("SELECT set_config('quanjing.scope', %s, false)", [scope])

        def ask(number: int) -> object:
            one = statements[number % 40]
            return connection.cursor(binary=True).execute(one.text, one.values).fetchone()

        return cpu_ms(ask, lambda: tree_s(postmaster) + time.process_time())


Place = tuple[float, float, Any]


def _asked(url: str, postmaster: int, places: Sequence[Place], ask: Callable[[AsyncConnection, Place], Awaitable[Answer]]) -> float:
    """Return the CPU of a question without HTTP, the driver's included."""
    with asyncio.Runner() as runner:

        async def opened() -> AsyncConnection:
            connection = await AsyncConnection.connect(url, autocommit=True)
            await single(connection)
            return connection

        connection = runner.run(opened())

        async def once(place: Place) -> None:
            async with snapshot(connection):
                assert (await ask(connection, place)).rows

        found = cpu_ms(lambda number: runner.run(once(places[number % len(places)])), lambda: tree_s(postmaster) + time.process_time())
        runner.run(connection.close())
        return found


def _naive(url: str, postmaster: int, places: Sequence[Place], text: str) -> float:
    with psycopg.connect(url, autocommit=True) as connection:

        def ask(number: int) -> None:
            assert connection.execute(text, [places[number % len(places)][2]], prepare=True).fetchall()  # type: ignore[call-overload,unused-ignore]

        return cpu_ms(ask, lambda: tree_s(postmaster) + time.process_time())


def _questions(port: int, pid: int, postmaster: int, url: str) -> list[Row]:
    with psycopg.connect(url) as connection:
        places: list[Place] = connection.execute(PLACES).fetchall()
    kind = ("receptor",)
    rows = []
    for name, most, path, ask, naive in (
        (
            "receptors within 3 km",
            1.0,
            f"/api/queries/within?radius={FARTHEST_M:.0f}&kind=receptor&at=",
            lambda connection, place: within(connection, place[:2], FARTHEST_M, kind),
            NAIVE_WITHIN,
        ),
        (
            "ten nearest receptors",
            0.3,
            "/api/queries/nearest?count=10&kind=receptor&at=",
            lambda connection, place: nearest(connection, place[:2], 10, kind),
            NAIVE_NEAREST,
        ),
    ):
        served = cost(port, pid, postmaster, [f"{path}{lon},{lat}" for lon, lat, _ in places])
        function = _asked(url, postmaster, places, ask)
        peer = _naive(url, postmaster, places, naive)
        rows.append(Row(name, served, UNIT, peer, "naive join", note=ceiling(served, most)))
        rows.append(Row(f"{name}, the function", function, UNIT, peer, "naive join", note=ceiling(function, most)))
    return rows


def _items(port: int, pid: int, postmaster: int) -> tuple[dict[int, float], list[Row]]:
    ours = {limit: cost(port, pid, postmaster, _paths(AT, limit)) for limit in LIMITS}
    filtered = cost(
        port, pid, postmaster, [f"{AT}?limit=10&filter={quote(f'mn = {chr(39)}MNE0001{n % 30 + 1}{chr(39)}')}" for n in range(40)]
    )
    path = _paths(AT, 1000)[0]
    etag = Client(port).get(path)[2]
    unchanged = cost(port, pid, postmaster, [path], {"If-None-Match": etag})
    assert Client(port).get(path, {"If-None-Match": etag})[0] == 304
    assert len(json.loads(Client(port).get(path)[1])["features"]) == 1000
    return ours, [
        Row("a filter that finds one", filtered, UNIT),
        Row("a page of 1,000 that has not changed (304)", unchanged, UNIT),
    ]


def _peer(found: tuple[int, int] | None, postmaster: int, at: str, more: str = "") -> dict[int, float]:
    """Return what a peer's pages cost; nothing where there is none."""
    if found is None:
        return {}
    port, pid = found
    answer = json.loads(Client(port).get(f"{at}?limit=1000{more}")[1])
    assert len(answer["features"]) == 1000, at
    return {limit: cost(port, pid, postmaster, [path + more for path in _paths(at, limit)]) for limit in LIMITS}


def _scoped(bench: Bench, owner: str, reader: str) -> Row:
    free = _statements(owner, bench.postmaster, 1000)
    bound = _statements(reader, bench.postmaster, 1000, JURISDICTION)
    return Row("page of 1,000 in a scope", bound, UNIT, free, "owner, no scope", note=goal(free / bound, 1 / 1.1))


def run() -> list[Row]:
    """Measure."""
    with cluster() as bench:
        urls = filled(bench, "serving")
        limits = {limit: _statements(urls.owner, bench.postmaster, limit) for limit in LIMITS}
        process = [sys.executable, "-m", "api.process"]
        with server(process, environment(urls.reader, bench.folder / "files"), descriptor=True) as (port, pid):
            ours, more = _items(port, pid, bench.postmaster)
            more += _questions(port, pid, bench.postmaster, urls.reader)
        with tipg(urls.owner) as found:
            peers = {TIPG: _peer(found, bench.postmaster, "/collections/peer.points/items")}
        with pygeoapi(urls.owner, bench.folder / "pygeoapi") as found:
            peers[PYGEOAPI] = _peer(found, bench.postmaster, "/collections/points/items", "&f=json")
        more.append(_scoped(bench, urls.owner, urls.reader))
        more += sustained.rows(bench)
    rows = []
    for limit in reversed(LIMITS):
        ratio = limits[limit] / ours[limit]
        note = {1000: goal(ratio, 0.85), 10: ceiling(ours[10], 0.7)}.get(limit, "")
        rows.append(Row(f"page of {limit:,} features", ours[limit], UNIT, limits[limit], "statement alone", note=note))
        for name, costs in peers.items():
            missing = "" if costs else f"{name} can't be had here"
            rows.append(Row(f"page of {limit:,} features", ours[limit], UNIT, costs.get(limit), name, note=missing))
    return rows + more
