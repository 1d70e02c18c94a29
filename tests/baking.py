"""Baking for tests that need tiles, without a worker."""

import asyncio
from pathlib import Path

from city import City
from psycopg import AsyncConnection

from gis.settings import Settings
from tiles.bake import bake_city, bake_dirty, bakery


def baked(city: City, data_dir: Path, *, whole: bool = False) -> int:
    """Bake what is dirty into a data folder, the city's own tileset too where it is wanted; returns the number of new versions."""

    async def run() -> int:
        async with await AsyncConnection.connect(city.url, autocommit=True) as connection:
            kitchen = bakery(Settings(database_url=city.url, data_dir=data_dir))
            enterprises = await bake_dirty(connection, kitchen)
            return enterprises + (await bake_city(connection, kitchen) if whole else False)

    return asyncio.run(run())
