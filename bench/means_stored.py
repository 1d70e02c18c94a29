"""Means and statistics out of millions of readings, beside SQL that somebody would write at once."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
from city import found_city
from database import cluster
from figures import Row
from psycopg import Connection, sql

from feeds.following import ACTOR
from gis.clock import BEIJING
from gis.store import means
from gis.store import readings as store
from gis.store.connect import glancing, writing_plainly

READINGS = int(os.environ.get("QUANJING_BENCH_READINGS", "5000000"))
POINTS = 250
FACTORS = ("w00000", "w01001", "w01018", "w21003", "w21011", "w21001", "w01010", "w01012")
LAST = datetime(2026, 11, 1, tzinfo=BEIJING)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TIMES = 9
ABOUT = (
    f"{READINGS:,} hourly readings of {POINTS} points with {len(FACTORS)} factors, up to 2026-11-01, by month. A month of one "
    "outlet: hours as means with what each is worth; the city's day: figures by outlet and by county, each point's day by flow. "
    "CPU of this process and of the server, the median of nine; the peer is one statement by hand over the same rows: raw values without "
    "validity, marks or weights, and a GROUP BY over the day. Targets: 50 ms and 500 ms."
)
PEER_MONTH = "SELECT factor, at, value FROM readings WHERE point_id = %s AND period = 'hour' AND at >= %s AND at < %s ORDER BY factor, at"
PEER_DAY = """
SELECT point_id, factor, avg(value), max(value), sum(total), count(*) FROM readings
WHERE period = 'hour' AND at >= %s AND at < %s AND coalesce(flag, 'N') = 'N' GROUP BY 1, 2
"""


def _fill(url: str) -> None:
    city = found_city(url, drawing=None)
    for table, columns, chosen in (
        ("outlets", "code, name, medium", "'DW' || lpad(n::text, 3, '0'), '排口', 'water'"),
        (
            "monitoring_points",
            "code, name, monitor_type, mn, outlet_code",
            "'M' || lpad(n::text, 3, '0'), '在线', 'water', 'BENCH' || n, 'DW' || lpad(n::text, 3, '0')",
        ),
    ):
        city.rows(
            f"INSERT INTO {table} ({columns}, enterprise_id, geom) SELECT {chosen}, %s, ST_SetSRID(ST_Point(107.5, 31.2), 4490) "
            f"FROM generate_series(1, {POINTS}) n",
            city.enterprise_id,
        )
    with writing_plainly(url, ACTOR) as connection:
        points = sorted(point.point_id for point in store.points(connection).values())
        connection.execute(
            "INSERT INTO feed_factors SELECT p, 'hour', f FROM unnest(%s::int[]) p, unnest(%s::text[]) f", [points, list(FACTORS)]
        )
    first = LAST - HOUR * (READINGS // (POINTS * len(FACTORS)))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        for begin in _months(first):
            _month(connection, max(begin, first), points)
        with connection.transaction():
            store.make_month(connection, LAST)
        connection.execute("ANALYZE readings")


def _months(first: datetime) -> Iterator[datetime]:
    at = first.replace(day=1, hour=0)
    while at < LAST:
        yield at
        at = at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)


def _month(connection: Connection, first: datetime, points: list[int]) -> None:
    """Fill a month while it is a table of its own, and make its key once: as a bulk load does."""
    begin = first.replace(day=1, hour=0)
    end = begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    with connection.transaction():
        store.make_month(connection, begin)
    name = sql.Identifier(f"readings_{begin:%Y_%m}")
    connection.execute(sql.SQL("ALTER TABLE readings DETACH PARTITION {}").format(name))
    connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(name, sql.Identifier(f"readings_{begin:%Y_%m}_pkey")))
    connection.execute(
        sql.SQL("""INSERT INTO {} (point_id, factor, period, at, value, total, flag, packet, received, first_received)
        SELECT p, f, 'hour', t, 20 + 10 * sin(extract(epoch FROM t) / 7e3 + p), 63,
            CASE WHEN (p + extract(epoch FROM t)::bigint / 3600) %% 97 = 0 THEN 'D' ELSE 'N' END, 1,
            t + interval '1 hour', t + interval '1 hour'
        FROM generate_series(%s::timestamptz, %s::timestamptz - interval '1 hour', interval '1 hour') t,
            unnest(%s::int[]) p, unnest(%s::text[]) f""").format(name),
        [first, min(end, LAST), points, list(FACTORS)],
    )
    connection.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (point_id, period, factor, at)").format(name))
    whole = sql.SQL("ALTER TABLE readings ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
    connection.execute(whole.format(name, begin.isoformat(), end.isoformat()))
    connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(name))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _spent(connection: Connection, question: Callable[[], object]) -> tuple[float, float]:
    """Return the CPU seconds of both sides, and the wall seconds, of a question: the medians, the first not counted."""
    own, walls = [], []
    question()
    backend = connection.info.backend_pid
    for _ in range(TIMES):
        before, wall = time.process_time() + _cpu(backend), time.perf_counter()
        for _ in range(3):
            question()
        own.append((time.process_time() + _cpu(backend) - before) / 3)
        walls.append((time.perf_counter() - wall) / 3)
    return sorted(own)[TIMES // 2], sorted(walls)[TIMES // 2]


def run() -> list[Row]:
    """Measure."""
    with cluster() as bench:
        urls = bench.fresh("means")
        begin = time.perf_counter()
        _fill(urls.owner)
        filled = time.perf_counter() - begin
        month, day = datetime(2026, 10, 1, tzinfo=BEIJING), date(2026, 10, 20)
        with glancing(urls.reader) as connection:
            of = means.places(connection)
            outlet = [of[0]]
            at = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
            ours = _spent(connection, lambda: means.means(connection, outlet, "hour", month, LAST))
            theirs = _spent(connection, lambda: connection.execute(PEER_MONTH, [of[0].point_id, month, LAST]).fetchall())
            outlets = _spent(connection, lambda: means.statistics(connection, day, "outlet"))
            counties = _spent(connection, lambda: means.statistics(connection, day, "county"))
            plain = _spent(connection, lambda: connection.execute(PEER_DAY, [at, at + DAY]).fetchall())
            held = connection.execute("SELECT count(*), pg_size_pretty(pg_database_size(current_database())) FROM readings").fetchone()
        assert held is not None and held[0] == READINGS // (POINTS * len(FACTORS)) * POINTS * len(FACTORS)  # noqa: PT018
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return [
            Row("a month of one outlet, CPU", 1e3 * ours[0], "ms", 1e3 * theirs[0], "raw SQL", note=f"{1e3 * ours[1]:.0f} ms wall"),
            Row("the city's day by outlet, CPU", 1e3 * outlets[0], "ms", 1e3 * plain[0], "raw SQL", note=f"{1e3 * outlets[1]:.0f} ms wall"),
            Row(
                "the city's day by county, CPU", 1e3 * counties[0], "ms", 1e3 * plain[0], "raw SQL", note=f"{1e3 * counties[1]:.0f} ms wall"
            ),
            Row("peak memory of this process", peak, "MB", note=f"{held[0]:,} readings, {held[1]}, written in {filled:.0f} s"),
        ]
