"""Enterprises baked side by side, by whatever workers there are."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection

from gis.crew import Crew
from gis.settings import Settings
from gis.store import bakes
from tiles.bake import bake_enterprise, bakery


@dataclass(frozen=True, slots=True)
class _Order:
    settings: Settings
    database: str
    enterprise_id: UUID


def _bake(order: _Order) -> bool:
    """Bake one enterprise with a connection of its own; returns whether there is a new version."""

    async def run() -> bool:
        async with await AsyncConnection.connect(order.database, autocommit=True) as connection:
            return await bake_enterprise(connection, bakery(order.settings), order.enterprise_id)

    return asyncio.run(run())


def bake_all(settings: Settings, database: str, crew: Crew, step: Callable[[int, int], None]) -> int:
    """Bake all that is dirty; returns the number of new versions.

    Each enterprise is published by itself when it is done, so what was stopped goes on with those that are left.

    Parameters
    ----------
    settings : Settings
    database : URL of the owner, which every worker reaches
    crew : Crew
    step : is told how many are done, of how many
    """

    async def dirty() -> list[UUID]:
        async with await AsyncConnection.connect(database, autocommit=True) as connection:
            while await bakes.note_changes(connection):
                pass
            return await bakes.dirty(connection)

    orders = [_Order(settings, database, enterprise_id) for enterprise_id in asyncio.run(dirty())]
    new = 0
    for done, (_, changed) in enumerate(crew.each(_bake, orders), 1):
        new += changed
        step(done, len(orders))
    return new
