"""From PostGIS to 3D tiles in a folder, beside `py3dtiles export` and beside the floor of reading, parsing and writing."""

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from uuid import UUID

import psycopg
import shapely
from database import QUANJING, Bench, cluster, environment
from figures import Clock, Row, spent, timed
from psycopg import AsyncConnection
from town import solid_faces, stored

from gis.ground import ConstantGround
from gis.store import bakes
from gis.store.cluster import Urls
from tiles.bake import Bakery, bake_dirty, bake_enterprise
from tiles.store import FolderTileStore

SIZES = tuple(int(text) for text in os.environ.get("QUANJING_BENCH_BUILDINGS", "10000,100000").split(","))
PEER_AT = 10_000
EDITS = 20
READ = """
SELECT feature_id, code, name, height_m, z_min_m, z_max_m, storeys, roof, use, ST_AsBinary(geom) FROM buildings WHERE enterprise_id = %s
"""
ABOUT = (
    "Generated buildings of one enterprise (see bake) in a private PostGIS. Ours: what the worker does of them, from the dirty list to the "
    "published version, CPU of this process, starting it left out. Floor: one binary query for the rows, `shapely.from_wkb`, "
    "`get_coordinates`, and as many bytes written as ours are. Peer: `py3dtiles export` of the same buildings as MultiPolygonZ of their "
    "faces in EPSG:4978, ids alone, CPU of the process less that of one that exports one building. Memory: peak of `quanjing tiles bake` "
    "and of the peer, whole processes. An edit: one building raised by another connection; CPU of the worker's steps from the log to the "
    "published version."
)


def _floor(url: str, enterprise_id: UUID, size: int, folder: Path) -> Clock:
    with psycopg.connect(url) as connection, timed() as clock:
        rows = connection.execute(READ, [enterprise_id], binary=True).fetchall()
        shapely.get_coordinates(shapely.from_wkb([row[-1] for row in rows]))
        folder.joinpath("floor").write_bytes(bytes(size))
    return clock


def _run(work: Callable[[AsyncConnection], Awaitable[object]], url: str) -> Clock:
    async def run() -> Clock:
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            with timed() as clock:
                await work(connection)
            return clock

    return asyncio.run(run())


def _edits(url: str, bakery: Bakery, enterprise_id: UUID, count: int) -> tuple[list[float], int]:
    """Return the CPU times of edits one by one, and how many files one writes at most."""
    times, written = [], 0
    folder = bakery.store
    assert isinstance(folder, FolderTileStore), "it is the one below"
    for number in range(EDITS):
        with psycopg.connect(url) as writer:
            writer.execute("UPDATE buildings SET height_m = 44 WHERE code = %s", [f"B{number * (count // EDITS):05d}"])

        async def step(connection: AsyncConnection) -> None:
            await bakes.note_changes(connection)
            assert await bake_enterprise(connection, bakery, enterprise_id), "there is something new"

        times.append(_run(step, url).own)
        newest = folder.versions(enterprise_id)[-1]
        fresh = [path for path in (folder.root / str(enterprise_id) / newest).rglob("*") if path.is_file() and path.stat().st_nlink == 1]
        written = max(written, len(fresh))
    return times, written


def _peer(urls: Urls, folder: Path, count: int) -> tuple[float, float, float]:
    """Return CPU, peak memory and bytes of the peer."""
    with psycopg.connect(urls.owner) as connection:
        for table, faces in (("faces", solid_faces(count)), ("one", solid_faces(1))):
            connection.execute(f"CREATE TABLE {table} (id integer, geom geometry(MultiPolygonZ, 4978))")
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                for number, face in enumerate(faces):
                    copy.write_row((number, face.hex()))
    program = str(Path(sys.executable).with_name("py3dtiles"))
    out = [folder / "peer", folder / "nothing"]
    whole, start = (
        spent([program, "export", "-D", urls.owner, "-t", table, "-c", "geom", "-i", "id", "-s", str(place)])
        for table, place in zip(("faces", "one"), out, strict=True)
    )
    assert whole.status == start.status == 0, "py3dtiles has exported"
    size = sum(path.stat().st_size for path in out[0].rglob("*") if path.is_file())
    for place in out:
        shutil.rmtree(place)
    return whole.cpu_s - start.cpu_s, whole.peak_mb, size


def _town(bench: Bench, count: int) -> list[Row]:
    urls = bench.fresh(f"town_{count}")
    enterprise_id = stored(urls.owner, count)
    folder = bench.folder / str(count)
    folder.mkdir()
    bakery = Bakery(FolderTileStore(folder / "tiles3d"), ConstantGround())
    command = spent([*QUANJING, "tiles", "bake"], environment(urls.owner, folder / "command"))
    with psycopg.connect(urls.owner) as connection:
        connection.execute("UPDATE bake_list SET baked_xid = '0', baked_seq = 0")
    whole = _run(lambda connection: bake_dirty(connection, bakery), urls.owner)
    files = [path for path in (folder / "tiles3d" / str(enterprise_id)).rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    floor = min((_floor(urls.owner, enterprise_id, size, folder) for _ in range(3)), key=lambda clock: clock.own)
    edits, written = _edits(urls.owner, bakery, enterprise_id, count)
    rows = [Row(f"{count:,} buildings", whole.own, "CPU s", floor.own, "floor F", note=f"{whole.own / floor.own:.1f} F")]
    if count == PEER_AT:
        cpu, peak, peer_size = _peer(urls, folder, count)
        rows += [
            Row(f"{count:,} buildings", whole.own, "CPU s", cpu, "py3dtiles export"),
            Row(f"{count:,}, peak memory", command.peak_mb, "MB", peak, "py3dtiles export"),
            Row(f"{count:,}, bytes", size / count, "bytes/building", peer_size / count, "py3dtiles export"),
        ]
    else:
        rows.append(Row(f"{count:,}, peak memory", command.peak_mb, "MB"))
    note = f"median of {EDITS}, slowest {max(edits) * 1000:.0f} ms; {written} files written"
    rows.append(Row(f"one of {count:,} raised", median(edits) * 1000, "CPU ms", whole.own * 1000, "all anew", note=note))
    return rows


def run() -> list[Row]:
    """Measure."""
    with cluster() as bench:
        return [row for count in SIZES for row in _town(bench, count)]
