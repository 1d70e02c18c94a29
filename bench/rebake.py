"""One building changed with plain SQL: how soon the new 3D version is published, beside building the city anew."""

import asyncio
import shutil
import time
from pathlib import Path
from statistics import median
from uuid import UUID

import psycopg
from city import DRAFTER, DRAWING, ENTERPRISE
from database import cluster
from figures import Row, timed
from psycopg import AsyncConnection

from drawings.publish import publish_drawing
from gis.ground import ConstantGround
from gis.store.changes import CHANNEL
from gis.store.connect import engine, writing
from gis.store.enterprises import store_enterprise
from tiles.bake import Bakery, bake_dirty, work
from tiles.store import FolderTileStore

ENTERPRISES = 20
CHANGES = 10
ABOUT = (
    f"A city of {ENTERPRISES} enterprises, each the example's plant (34 features). Ours: from the start of an UPDATE of one building by "
    "another connection to the commit that publishes the enterprise's new tileset, wall time with the worker running, median of "
    f"{CHANGES}. Beside it: baking the whole city, once, which is what a tiler without incremental work must do (no peer that we know "
    "updates one feature)."
)


def _city(url: str, folder: Path) -> list[UUID]:
    found = []
    for number in range(1, ENTERPRISES + 1):
        code = f"{ENTERPRISE['source_code'][:18]}{number:03d}P"
        drawing = Path(shutil.copyfile(DRAWING, folder / f"{code}_A_v01.dxf"))
        with writing(engine(url), DRAFTER) as connection:
            found.append(store_enterprise(connection, {**ENTERPRISE, "source_code": code}))
            assert publish_drawing(connection, drawing, code)[1].published
    return found


def _change(url: str, enterprise_id: UUID, height_m: int) -> float:
    """Raise a building; returns the seconds until a new version is published."""
    query = "SELECT version FROM tilesets WHERE enterprise_id = %s"
    with psycopg.connect(url, autocommit=True) as watcher, psycopg.connect(url, autocommit=True) as writer:
        watcher.execute(f"LISTEN {CHANNEL}")
        before = watcher.execute(query, [enterprise_id]).fetchone()
        begin = time.perf_counter()
        writer.execute("UPDATE buildings SET height_m = %s WHERE code = 'B05' AND enterprise_id = %s", [height_m, enterprise_id])
        while watcher.execute(query, [enterprise_id]).fetchone() == before:
            for _ in watcher.notifies(timeout=1.0, stop_after=1):
                pass
        return time.perf_counter() - begin


async def _scenario(url: str, folder: Path, enterprises: list[UUID]) -> list[Row]:
    bakery = Bakery(FolderTileStore(folder), ConstantGround())

    async def connect() -> AsyncConnection:
        return await AsyncConnection.connect(url, autocommit=True)

    with timed() as full:
        async with await connect() as connection:
            assert await bake_dirty(connection, bakery) == len(enterprises)
    stop = asyncio.Event()
    worker = asyncio.create_task(work(connect, bakery, stop))
    await asyncio.sleep(1.0)
    with timed() as changes:
        waits = [await asyncio.to_thread(_change, url, enterprises[number % ENTERPRISES], 30 + number) for number in range(CHANGES)]
    stop.set()
    await worker
    name = f"all {ENTERPRISES} anew"
    slowest = f"slowest {max(waits) * 1000:.0f} ms"
    return [
        Row("UPDATE to published, wall", median(waits) * 1000, "ms", full.wall * 1000, name, note=slowest),
        Row("the same, worker's CPU", changes.own / CHANGES * 1000, "ms", full.own * 1000, name, note="mean, watching included"),
    ]


def run() -> list[Row]:
    """Measure."""
    with cluster() as bench:
        url = bench.fresh("city").owner
        return asyncio.run(_scenario(url, bench.folder / "tiles3d", _city(url, bench.folder)))
