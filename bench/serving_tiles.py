"""Vector tiles: CPU of PostgreSQL and server a tile, beside the statement alone and beside tipg; and how soon after a commit."""

import asyncio
import math
import random
import sys
import time
from itertools import cycle
from urllib.parse import quote

import numpy as np
import psycopg
from database import cluster, environment
from figures import Row, tree_s
from psycopg import AsyncConnection
from serving import PEER, Client, cost, cpu_ms, install, server

from gis.store.vector_tiles import Place, TileQuery, bounds, configure, covering, statement, vector_tile

FOUR = ("building", "enterprise", "monitoring_point", "receptor")
TILES, SEED = 200, 20261130
RACES, LATE_S = 500, 0.1
ABOUT = (
    "140 enterprises, 5,000 monitoring points, 20,000 receptors, 50,000 buildings; 200 tiles of zooms 10 to 16 around enterprises, one "
    "after the other over one connection. CPU of PostgreSQL and of the server process together; the best of three rounds. Raw limit: "
    "ST_AsMVT of the four layers with eight attributes each, transformed on the fly, buffer 256, sent by psycopg without a server. "
    "Same statement: ours alone, without a server. Cold: nothing is kept. "
    f"Peer: {PEER}, buildings only, against buildings only. "
    "Races: a commit moves a building, then its tile is asked for until it is the new one; late is a tile of before that was asked for "
    "more than 100 ms after the commit returned."
)
ROWS = (
    "SELECT setseed(0.42)",
    """INSERT INTO enterprises (code, name, geom, jurisdiction, industry) SELECT 'E' || lpad(n::text, 4, '0'), '企业' || n,
    ST_SetSRID(ST_Point(106.9 + 1.4 * random(), 30.8 + 1.2 * random()), 4490), '511703', '化工' FROM generate_series(1, 140) n""",
    """INSERT INTO buildings (enterprise_id, code, name, geom, height_m, storeys, use) SELECT feature_id, 'B' || n, '建筑' || n,
    ST_SetSRID(ST_MakeEnvelope(x, y, x + 0.0001 + 0.0003 * random(), y + 0.0001 + 0.0002 * random()), 4490), 5 + 30 * random(), 3, '生产'
    FROM (SELECT feature_id, n, ST_X(geom) + 0.02 * (random() - 0.5) x, ST_Y(geom) + 0.02 * (random() - 0.5) y
    FROM enterprises, generate_series(1, 357) n) e""",
    """INSERT INTO monitoring_points (enterprise_id, code, name, geom, monitor_type, mn, pollutants)
    SELECT feature_id, 'M' || n, '监控' || n,
    ST_SetSRID(ST_Point(ST_X(geom) + 0.02 * (random() - 0.5), ST_Y(geom) + 0.02 * (random() - 0.5)), 4490),
    (ARRAY['gas', 'water', 'video', 'power'])[1 + n % 4], 'MN' || n, 'SO2' FROM enterprises, generate_series(1, 36) n""",
    """INSERT INTO receptors (enterprise_id, code, name, geom, receptor_type, population, contact, phone)
    SELECT feature_id, 'R' || n, '受体' || n,
    ST_SetSRID(ST_Point(ST_X(geom) + 0.08 * (random() - 0.5), ST_Y(geom) + 0.08 * (random() - 0.5)), 4490),
    (ARRAY['residential', 'school', 'hospital', 'village'])[1 + n % 4], (1000 * random())::int, '张三', '0818'
    FROM enterprises, generate_series(1, 143) n""",
    "INSERT INTO alarms (feature_id, rule, level) SELECT feature_id, '超标', 2 FROM monitoring_points WHERE random() < 0.05",
    "CREATE SCHEMA peer",
    """CREATE TABLE peer.buildings AS SELECT feature_id, code, name, storeys, roof, use, height_m, z_min_m, z_max_m,
    ST_SetSRID(geom, 4326) AS geom FROM buildings""",
    "ALTER TABLE peer.buildings ADD PRIMARY KEY (feature_id)",
    "CREATE INDEX ON peer.buildings USING gist (geom)",
    "VACUUM ANALYZE",
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


def _alone(url: str, postmaster: int, tiles: list[Place]) -> tuple[float, float]:
    """Return the CPU of the raw limit and of our own statement, the driver's included."""
    with psycopg.connect(url, autocommit=True, options="-c plan_cache_mode=force_generic_plan") as connection:
        raw = psycopg.RawCursor(connection)

        def spent() -> float:
            return tree_s(postmaster) + time.process_time()

        def limit(number: int) -> None:
            z, x, y = (getattr(tiles[number % TILES], name) for name in "zxy")
            connection.execute(RAW, {"z": z, "x": x, "y": y}, prepare=True, binary=True).fetchone()

        def same(number: int) -> None:
            place = tiles[number % TILES]
            text = statement(None, place.z, past=False, scoped=False)
            assert text is not None
            raw.execute(text, bounds(place), prepare=True, binary=True).fetchone()

        return cpu_ms(limit, spent), cpu_ms(same, spent)


def _races(port: int, url: str) -> tuple[float, int]:
    """Return the 95th percentile of the wait for a fresh tile after a commit, milliseconds, and how many tiles came late."""

    async def truth(connection: AsyncConnection, place: Place) -> bytes:
        return await vector_tile(connection, TileQuery(layers=("building",)), place)

    async def scenario() -> tuple[float, int]:
        client, waits, late = Client(port), [], 0
        async with await AsyncConnection.connect(url) as connection:
            await configure(connection)
            with psycopg.connect(url) as writer:
                rows = writer.execute(
                    "SELECT feature_id, ST_X(ST_Centroid(geom)), ST_Y(ST_Centroid(geom)) FROM buildings ORDER BY code, feature_id LIMIT 50"
                ).fetchall()
                writer.commit()
                for number, (feature, lon, lat) in zip(range(RACES), cycle(rows), strict=False):
                    column, _, row, _ = covering((lon, lat, lon, lat), 15, 0)
                    place = Place(15, column, row)
                    path = f"/tiles/{place.z}/{place.x}/{place.y}.mvt?collections=building"
                    client.get(path)
                    writer.execute("UPDATE buildings SET height_m = height_m + 1, geom = ST_Translate(geom, %s, 0) WHERE feature_id = %s",
                                   [0.00002 * (-1) ** (number // 50), feature])  # fmt: skip
                    writer.commit()
                    committed = time.perf_counter()
                    wanted = await truth(connection, place)
                    while True:
                        asked = time.perf_counter()
                        if client.get(path)[1] == wanted:
                            break
                        late += asked - committed > LATE_S
                    waits.append(time.perf_counter() - committed)
        return float(np.percentile(waits, 95)) * 1000, late

    return asyncio.run(scenario())


def run() -> list[Row]:
    """Measure."""
    python = install()
    with cluster() as bench:
        urls = bench.fresh("tiles")
        with psycopg.connect(urls.owner, autocommit=True) as connection:
            for text in ROWS:
                connection.execute(text)
        tiles = _tiles(urls.owner)
        raw, same = _alone(urls.reader, bench.postmaster, tiles)
        paths = [f"/tiles/{place.z}/{place.x}/{place.y}.mvt" for place in tiles]
        process = [sys.executable, "-m", "api.process"]
        environ = environment(urls.reader, bench.folder / "files")
        with server(process, environ | {"QUANJING_TILE_CACHE_MB": "0"}, descriptor=True) as (port, pid):
            cold = cost(port, pid, bench.postmaster, paths)
            buildings = cost(port, pid, bench.postmaster, [f"{path}?collections=building" for path in paths])
        with server(process, environ, descriptor=True) as (port, pid):
            for path in paths:
                Client(port).get(path)
            warm = cost(port, pid, bench.postmaster, paths)
            etag = Client(port).get(paths[0])[2]
            unchanged = cost(port, pid, bench.postmaster, paths[:1], {"If-None-Match": etag})
            fresh, late = _races(port, urls.owner)
        parts = psycopg.conninfo.conninfo_to_dict(urls.owner)
        folder = quote(str(parts["host"]), safe="")
        peer_environ = environ | {
            "DATABASE_URL": f"postgresql://{parts['user']}:{parts['password']}@{folder}:{parts['port']}/{parts['dbname']}",
            "TIPG_DB_SCHEMAS": '["peer"]',
            "TIPG_MAX_FEATURES_PER_TILE": "100000",
        }
        command = [python, "-m", "uvicorn", "tipg.main:app", "--log-level", "error", "--port"]
        with server(command, peer_environ, descriptor=False) as (port, pid):
            at = "/collections/peer.buildings/tiles/WebMercatorQuad"
            peer = cost(port, pid, bench.postmaster, [f"{at}/{place.z}/{place.x}/{place.y}" for place in tiles])
    assert math.isfinite(fresh)
    unit = "CPU ms"
    return [
        Row("tile, cold, as the map asks for it", cold, unit, same, "same statement", note="goal: 0.90 of it"),
        Row("tile, cold, as the map asks for it", cold, unit, raw, "raw limit", note="goal: 0.6 of its CPU"),
        Row("tile, kept", warm, unit, note="goal: 0.05"),
        Row("tile, unchanged (304)", unchanged, unit, note="goal: 0.03"),
        Row("tile of buildings, cold", buildings, unit, peer, PEER),
        Row("commit to fresh tile, p95", fresh, "ms", note=f"{late} of {RACES} late; goal: 100 ms, none"),
    ]
