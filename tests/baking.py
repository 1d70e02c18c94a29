"""Baking for tests that need tiles, without a worker."""

import asyncio
from pathlib import Path

from city import City
from psycopg import AsyncConnection

from gis.settings import Settings
from tiles.bake import bake_dirty, bakery


def baked(city: City, data_dir: Path) -> int:
    """Bake what is dirty into a data folder; returns the number of new versions."""

    async def run() -> int:
        async with await AsyncConnection.connect(city.url, autocommit=True) as connection:
            return await bake_dirty(connection, bakery(Settings(database_url=city.url, data_dir=data_dir)))

    return asyncio.run(run())
