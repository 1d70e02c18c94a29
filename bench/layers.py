"""A layer of all buildings of a city out of PostGIS, as a command: what it takes with all its processes, and whether it fits its memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
from city import found_city
from database import QUANJING, Bench, cluster, environment
from figures import Row

COUNTS = [int(count) for count in os.environ.get("QUANJING_BENCH_LAYER", "5000,100000").split(",")]
LIMIT_MB = 600
AT_ONCE = 50_000
TOWN = """
INSERT INTO buildings (code, name, geom, height_m, storeys, roof, use)
SELECT 'T' || i, i || '号楼', CASE i %% 3
    WHEN 0 THEN ST_MakeEnvelope(x, y, x + w, y + d, 4490)
    WHEN 1 THEN ST_SetSRID(ST_MakePolygon(ST_MakeLine(ARRAY[ST_Point(x, y), ST_Point(x + w, y), ST_Point(x + w, y + d / 2),
        ST_Point(x + w / 2, y + d / 2), ST_Point(x + w / 2, y + d), ST_Point(x, y + d), ST_Point(x, y)])), 4490)
    ELSE ST_Difference(ST_MakeEnvelope(x, y, x + w, y + d, 4490), ST_MakeEnvelope(x + w / 3, y + d / 3, x + w / 2, y + d / 2, 4490)) END,
    5 + i %% 30, 1 + i %% 7, 'flat', '生产'
FROM (SELECT i, 107.0 + (i %% %(columns)s::int) * 0.0006 AS x, 30.9 + (i / %(columns)s::int) * 0.0005 AS y,
          0.0001 + (i * 7919 %% 40) * 0.00001 AS w, 0.0001 + (i * 104729 %% 30) * 0.00001 AS d
      FROM generate_series(%(first)s::int, %(last)s::int) i) grid
"""
ABOUT = (
    "`quanjing tiles bake --layer building --out FOLDER`: buildings of three shapes on a grid with six attributes, read from PostGIS, as "
    "3D Tiles with an implicit quadtree, on all cores. CPU and memory are of the command and every process that it starts (PostgreSQL is "
    "not among them): memory is the sum of the greatest resident sets, which is more than was ever taken at once. No peer makes such a "
    f"layer. Goal: {LIMIT_MB} MB at 1,000,000, which `make bench-full` measures."
)


def _fill(url: str, count: int) -> None:
    found_city(url, drawing=None)
    columns = int(count**0.5) + 1
    for first in range(1, count + 1, AT_ONCE):
        with psycopg.connect(url) as connection:
            connection.execute(TOWN, {"columns": columns, "first": first, "last": min(first + AT_ONCE - 1, count)})


def _one(bench: Bench, count: int) -> list[Row]:
    urls = bench.fresh(f"layer_{count}")
    _fill(urls.owner, count)
    out = bench.folder / f"layer-{count}"
    command = [*QUANJING, "tiles", "bake", "--layer", "building", "--out", str(out)]
    spent = [sys.executable, str(Path(__file__).with_name("spent.py")), *command]
    said = subprocess.run(spent, env=environment(urls.owner, bench.folder / "none"), check=True, capture_output=True, text=True).stdout
    took = json.loads(said.splitlines()[-1])
    assert took["status"] == 0
    files = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
    note = f"{len(files)} files, {sum(files) / count:.0f} bytes/building; {took['wall_s']:.0f} s"
    return [
        Row(f"layer of {count:,} buildings", count / took["cpu_s"], "buildings/CPU s", note=note),
        Row(f"memory at {count:,}", took["all_mb"], "MB", note=f"largest process {took['peak_mb']:.0f} MB"),
    ]


def run() -> list[Row]:
    """Measure."""
    with cluster() as bench:
        return [row for count in COUNTS for row in _one(bench, count)]
