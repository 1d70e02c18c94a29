"""Vector tiles: CPU a tile, beside the statement alone, the raw limit and tipg; tiles of the past; and how soon after a commit."""

import asyncio
import math
import random
import sys
import time
from datetime import datetime, timedelta
from itertools import cycle

import bare_tile
import numpy as np
import psycopg
from city_data import ABOUT as CITY
from city_data import JURISDICTION, filled
from database import cluster, environment
from figures import Row, tree_s
from peers import NGINX, TIPG, Client, cost, cpu_ms, nginx, server, tipg
from psycopg import AsyncConnection
from serving import UNIT, ceiling, goal

from gis.kinds import KINDS
from gis.store.connect import EVERYWHERE
from gis.store.kind_tables import columns
from gis.store.vector_tiles import Place, TileQuery, configure, covering, given, statement, vector_tile

FOUR = ("building", "enterprise", "monitoring_point", "receptor")
NAMED = f"?collections={','.join(FOUR)}"
TILES, SEED = 200, 20261130
RACES, LATE_S, RACED = 5000, 0.1, (13, 14, 15, 16)
VERSIONS = 10
ABOUT = (
    f"{CITY}; {TILES} tiles of zooms 10 to 16 around enterprises, one after the other over one connection. CPU of PostgreSQL and of the "
    "server process together; the best of three rounds. Raw limit: ST_AsMVT of the four layers with eight attributes each, transformed on "
    "the fly, buffer 256, sent by psycopg without a server. As the map asks: each layer from its zoom on. Four layers: named, at every "
    "zoom, what is smaller than a pixel left out. Same statement: ours alone, without a server. Cold: nothing is kept. Kept: "
    "beside nginx with the same tiles as files, and beside the floor of ASGI, an application of ten lines on uvicorn that sends as many "
    "bytes to everybody (`bench/bare_tile.py`). Scope: the statement "
    "as the server sends it for who sees one jurisdiction, in which every row is, beside that without a scope as the owner, whom no "
    "policy binds. Past: the state of five days "
    f"ago, where every feature has {VERSIONS} former versions, beside the state of now in the same run. Peer: {TIPG}, buildings only, "
    f"against buildings only. Races: a commit moves a building, then a tile in which it is seen, of zoom {RACED[0]} to {RACED[-1]} in "
    "turn, is asked for until it is the new one, as the database has it; late is a tile of before that was asked for more than 100 ms "
    "after the commit returned."
)
ATTRIBUTES = {
    "enterprises": "code, name, industry, address, credit_code, legal_person, contact, phone",
    "monitoring_points": "code, name, monitor_type, mn, outlet_code, pollutants, author, reason",
    "receptors": "code, name, receptor_type, population, distance_m, contact, phone, author",
    "buildings": "code, name, storeys, roof, use, height_m, z_min_m, z_max_m",
}
RAW = "SELECT " + " || ".join(
    f"""coalesce((SELECT ST_AsMVT(t, '{table}', 4096, 'geom') FROM (
    SELECT ST_AsMVTGeom(ST_Transform(geom, 3857), b.tile, 4096, 256, true) AS geom, feature_id::text, {columns}
    FROM {table}, (SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS tile) b
    WHERE geom && ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4490)) t), '')"""
    for table, columns in ATTRIBUTES.items()
)


def _tiles(url: str) -> list[Place]:
    chance = random.Random(SEED)  # noqa: S311
    with psycopg.connect(url) as connection:
        sites = connection.execute("SELECT ST_X(geom), ST_Y(geom) FROM enterprises ORDER BY code").fetchall()
    places = []
    for number in range(TILES):
        lon, lat = chance.choice(sites)
        column, _, row, _ = covering((lon, lat, lon, lat), 10 + number % 7, 0)
        places.append(Place(10 + number % 7, column, row))
    return places


def _raw(url: str, postmaster: int, tiles: list[Place]) -> float:
    """Return the CPU of the raw limit, the driver's included."""
    with psycopg.connect(url, autocommit=True, options="-c plan_cache_mode=force_generic_plan") as connection:

        def ask(number: int) -> None:
            place = tiles[number % TILES]
            connection.execute(RAW, {"z": place.z, "x": place.x, "y": place.y}, prepare=True, binary=True).fetchone()

        return cpu_ms(ask, lambda: tree_s(postmaster) + time.process_time())


def _alone(url: str, postmaster: int, tiles: list[Place], layers: tuple[str, ...] | None = None, scope: str = EVERYWHERE) -> float:
    """Return the CPU of our own statement, the driver's included."""
    scoped = scope != EVERYWHERE
    with psycopg.connect(url, autocommit=True, options="-c plan_cache_mode=force_generic_plan") as connection:
        raw = psycopg.RawCursor(connection)

        def ask(number: int) -> None:
            place = tiles[number % TILES]
            text = statement(layers, place.z, past=False, scoped=scoped)
            assert text is not None
            raw.execute(text, given(TileQuery(scope), place), prepare=True, binary=True).fetchone()

        return cpu_ms(ask, lambda: tree_s(postmaster) + time.process_time())


async def _raced(port: int, url: str) -> tuple[float, int]:
    """Return the 95th percentile of the wait for a fresh tile after a commit, milliseconds, and how many tiles came late."""
    query = TileQuery(layers=("building",))
    client, waits, late = Client(port), [], 0
    async with await AsyncConnection.connect(url) as connection:
        await configure(connection)
        with psycopg.connect(url) as writer:
            rows = writer.execute(
                "SELECT feature_id, ST_X(ST_Centroid(geom)), ST_Y(ST_Centroid(geom)) FROM buildings ORDER BY code, feature_id LIMIT 50"
            ).fetchall()
            writer.commit()
            for number, (feature, lon, lat) in zip(range(RACES), cycle(rows), strict=False):
                zoom = RACED[number % len(RACED)]
                column, _, row, _ = covering((lon, lat, lon, lat), zoom, 0)
                place = Place(zoom, column, row)
                path = f"/tiles/{place.z}/{place.x}/{place.y}.mvt?collections=building"
                before = client.get(path)[1]
                writer.execute(
                    "UPDATE buildings SET height_m = height_m + 1, geom = ST_Translate(geom, %s, 0) WHERE feature_id = %s",
                    [0.00005 * (-1) ** (number // len(rows)), feature],
                )
                writer.commit()
                committed = time.perf_counter()
                wanted = await vector_tile(connection, query, place)
                assert wanted != before, "what was moved is seen to have moved"
                while True:
                    asked = time.perf_counter()
                    if client.get(path)[1] == wanted:
                        break
                    late += asked - committed > LATE_S
                waits.append(time.perf_counter() - committed)
    return float(np.percentile(waits, 95)) * 1000, late


def _age(url: str) -> datetime:
    """Give every feature of the four layers former versions, a day each; returns an instant among them."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in FOUR:
            table = KINDS[name].table
            listed = ", ".join(columns(KINDS[name]))
            connection.execute(
                f"INSERT INTO {table}_history ({listed}, recorded, author, reason, origin) SELECT {listed},"
                f" tstzrange(lower(recorded) - n * interval '1 day', lower(recorded) - (n - 1) * interval '1 day'), author, reason, origin"
                f" FROM {table}, generate_series(1, {VERSIONS}) n"
            )
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT min(lower(recorded)) FROM enterprises").fetchone()
    assert row is not None
    at: datetime = row[0]
    return at - timedelta(days=4.5)


def run() -> list[Row]:
    """Measure."""
    process = [sys.executable, "-m", "api.process"]
    with cluster() as bench:
        urls = filled(bench, "tiles")
        postmaster, environ = bench.postmaster, environment(urls.reader, bench.folder / "files")
        tiles = _tiles(urls.owner)
        paths = [f"/tiles/{place.z}/{place.x}/{place.y}.mvt" for place in tiles]
        raw, same = _raw(urls.reader, postmaster, tiles), _alone(urls.reader, postmaster, tiles)
        four_same = _alone(urls.reader, postmaster, tiles, FOUR)
        free, bound = _alone(urls.owner, postmaster, tiles), _alone(urls.reader, postmaster, tiles, scope=JURISDICTION)
        four_free, four_bound = _alone(urls.owner, postmaster, tiles, FOUR), _alone(urls.reader, postmaster, tiles, FOUR, JURISDICTION)
        with server(process, environ | {"QUANJING_TILE_CACHE_MB": "0"}, descriptor=True) as (port, pid):
            cold = cost(port, pid, postmaster, paths)
            four = cost(port, pid, postmaster, [path + NAMED for path in paths])
            buildings = cost(port, pid, postmaster, [f"{path}?collections=building" for path in paths])
        with server(process, environ, descriptor=True) as (port, pid):
            client = Client(port)
            files = {path: client.get(path)[1] for path in paths}
            warm = cost(port, pid, postmaster, paths)
            # A connection that has been idle for seconds is closed.
            unchanged = cost(port, pid, postmaster, paths[:1], {"If-None-Match": Client(port).get(paths[0])[2]})
            fresh, late = asyncio.run(_raced(port, urls.owner))
        size = sum(map(len, files.values())) // TILES
        with server([sys.executable, bare_tile.__file__, "{}", str(size)], environ, descriptor=True) as (port, pid):
            floor = cost(port, pid, postmaster, paths)
            floor_same = cost(port, pid, postmaster, paths[:1], {"If-None-Match": '"a"'})
        with nginx(bench.folder / "nginx", files) as found:
            static = cost(*found, postmaster, paths) if found else None
            static_same = cost(*found, postmaster, paths[:1], {"If-None-Match": Client(found[0]).get(paths[0])[2]}) if found else None
        with tipg(urls.owner) as found:
            at = "/collections/peer.buildings/tiles/WebMercatorQuad"
            peer = cost(*found, postmaster, [f"{at}/{place.z}/{place.x}/{place.y}" for place in tiles]) if found else None
        past = quote_instant(_age(urls.owner))
        with server(process, environ | {"QUANJING_TILE_CACHE_MB": "0"}, descriptor=True) as (port, pid):
            now = cost(port, pid, postmaster, [path + NAMED for path in paths])
            then = cost(port, pid, postmaster, [f"{path}{NAMED}&as-of={past}" for path in paths])
    assert math.isfinite(fresh)
    return [
        Row("tile, cold, as the map asks for it", cold, UNIT, same, "same statement", note=goal(same / cold, 0.9)),
        Row("tile of four layers, cold", four, UNIT, four_same, "same statement", note=goal(four_same / four, 0.9)),
        Row("tile, cold, as the map asks for it", cold, UNIT, raw, "raw limit", note=goal(raw / cold, 1 / 0.6)),
        Row("tile of four layers, cold", four, UNIT, raw, "raw limit", note=goal(raw / four, 1 / 0.6)),
        Row("tile, kept", warm, UNIT, static, NGINX, note=ceiling(warm, 0.05)),
        Row("tile, kept", warm, UNIT, floor, "ASGI floor"),
        Row("tile, unchanged (304)", unchanged, UNIT, static_same, NGINX, note=ceiling(unchanged, 0.03)),
        Row("tile, unchanged (304)", unchanged, UNIT, floor_same, "ASGI floor"),
        Row("tile of buildings, cold", buildings, UNIT, peer, TIPG, note="" if peer else f"{TIPG} can't be had here"),
        Row(f"tile of the past, {VERSIONS}× history", then, UNIT, now, "now", note=goal(now / then, 1 / 1.5)),
        Row("tile in a scope, as the map asks for it", bound, UNIT, free, "owner, no scope", note=goal(free / bound, 1 / 1.1)),
        Row("tile of four layers in a scope", four_bound, UNIT, four_free, "owner, no scope", note=goal(four_free / four_bound, 1 / 1.1)),
        Row("commit to fresh tile, p95", fresh, "ms", note=f"{late} of {RACES:,} late, goal none; {ceiling(fresh, 100)}"),
    ]


def quote_instant(at: datetime) -> str:
    """Return an instant as a query has it."""
    return at.isoformat().replace("+", "%2B")
