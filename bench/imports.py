"""Importing a drawing into PostGIS, beside GDAL's ogr2ogr with the same file and the same server."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import psycopg
from big_drawing import write
from city import DRAWING, ENTERPRISE, found_city
from database import QUANJING, Bench, cluster, environment
from figures import Clock, Row, spent, timed
from psycopg.conninfo import conninfo_to_dict

from drawings.publish import publish_drawing
from gis.store.connect import Actor, engine, writing

RUNS = 3
ABOUT = (
    "The same DXF into the same PostGIS (durable settings), each as a command of its own, start of the process included; CPU time of the "
    f"command and of the server together, median of {RUNS} runs (one of the big drawing). `quanjing drawing import` checks the drawing by "
    "the norm, pairs outlines and labels into features, reads arcs to 1 mm, transforms to EPSG:4490, compares with what stands, and writes "
    "history and the change log; `ogr2ogr` writes every entity and every block attribute as a row of one table, in the drawing's own "
    "coordinates, nothing related to anything. A re-import changes nothing in ours; ogr2ogr writes the table anew. It is a copy, not an "
    "import, and so a lower bound rather than a rival: there is no program that we know that does the same work."
)
RATE = "entities/CPU s, reader and client"
COPIES = 60


def _gdal(bench: Bench, drawing: Path, url: str) -> Clock | None:
    """Run ogr2ogr; None where it is missing."""
    if shutil.which("ogr2ogr") is None:
        return None
    parts = conninfo_to_dict(url)
    password = {"PGPASSWORD": str(parts.pop("password"))}
    target = "PG:" + " ".join(f"{name}='{value}'" for name, value in parts.items())
    command = ["ogr2ogr", "-f", "PostgreSQL", target, str(drawing), "-nln", "entities", "-overwrite", "-a_srs", "EPSG:4545"]
    with timed(bench.postmaster) as clock:
        subprocess.run(command, check=True, env={**os.environ, **password}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return clock


def _ours(bench: Bench, drawing: Path, url: str) -> Clock:
    command = [*QUANJING, "drawing", "import", str(drawing), "--enterprise", ENTERPRISE["source_code"]]
    took = spent(command, environment(url, bench.folder / "files"), bench.postmaster)
    assert took.status == 0, "the drawing has no faults"
    return Clock(wall=took.wall_s, children=took.cpu_s, tree=took.server_s)


def _inside(url: str, drawing: Path) -> tuple[Clock, int]:
    """Import in this process; returns the time and the number of entities in the drawing."""
    with timed() as clock, writing(engine(url), Actor("bench", "导入图纸", "drawing")) as connection:
        plan, outcome = publish_drawing(connection, drawing, ENTERPRISE["source_code"])
    assert outcome.published, [issue.message for issue in outcome.issues][:5]
    return clock, plan.counts.entities


def _beside(name: str, ours: list[Clock], peers: list[Clock | None]) -> list[Row]:
    found = [peer for peer in peers if peer is not None]
    peer_name = "ogr2ogr" if found else ""

    def row(kind: str, of: Callable[[Clock], float]) -> Row:
        peer = median(map(of, found)) if found else None
        return Row(f"{name}, {kind}", median(map(of, ours)), "s", peer, peer_name, note="" if found else "ogr2ogr is missing")

    return [row("CPU", lambda clock: clock.children + clock.tree), row("wall", lambda clock: clock.wall)]


def _copied(url: str) -> int:
    """Return the number of rows that ogr2ogr wrote; 0 where it is missing."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('entities')").fetchone() == (None,):
            return 0
        row = connection.execute("SELECT count(*) FROM entities").fetchone()
        return row[0] if row else 0


def _stored(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM feature_view").fetchone()
        return row[0] if row else 0


def run() -> list[Row]:
    """Measure."""
    with cluster() as bench:
        databases = [bench.fresh(f"example_{number}").owner for number in range(RUNS)]
        for url in databases:
            found_city(url, drawing=None)
        first = _beside(
            "import the example", [_ours(bench, DRAWING, url) for url in databases], [_gdal(bench, DRAWING, url) for url in databases]
        )
        again = _beside(
            "re-import it unchanged", [_ours(bench, DRAWING, url) for url in databases], [_gdal(bench, DRAWING, url) for url in databases]
        )
        big = bench.folder / DRAWING.name
        write(DRAWING, big, COPIES)
        urls = [bench.fresh(f"big_{number}").owner for number in range(2)]
        for url in urls:
            found_city(url, drawing=None)
        inside, entities = _inside(urls[0], big)
        unchanged, _ = _inside(urls[0], big)
        title = f"import a drawing of {entities:,} entities"
        large = _beside(title, [_ours(bench, big, urls[1])], [_gdal(bench, big, urls[1])])
        # Once more in a process that has read its code: what the start of the command costs is left away.
        url = bench.fresh("inside").owner
        found_city(url, drawing=None)
        small, small_entities = _inside(url, DRAWING)
        counts = f"{_stored(urls[1]):,} features with history; ogr2ogr {_copied(urls[1]):,} rows"
        large = [replace(row, note=counts if row.peer else row.note) for row in large]
        return [
            *first,
            *again,
            *large,
            Row(
                "the example, in a running process",
                small_entities / (small.own + small.children),
                RATE,
                better="more",
                note=f"{small.wall:.2f} s wall",
            ),
            Row(
                "the big one, in a running process",
                entities / (inside.own + inside.children),
                RATE,
                better="more",
                note=f"{inside.wall:.2f} s wall",
            ),
            Row(
                "the big one, nothing changed",
                entities / (unchanged.own + unchanged.children),
                RATE,
                better="more",
                note=f"{unchanged.wall:.2f} s wall",
            ),
        ]
