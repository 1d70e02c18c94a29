"""What keeps the tile cache and the entity tags true: it hears each commit, counts it, and forgets the tiles in which it may be seen."""

import logging

from psycopg import AsyncConnection

from api.epoch import Epoch
from api.following import Connect, follow
from api.tile_cache import TileCache
from gis.store.changes import FALLBACK_S, Watcher

log = logging.getLogger(__name__)

MANY = 5000
"""Changes at once beyond which all tiles are forgotten: to find those that stay takes longer than to make them anew."""


async def keep_fresh(connect: Connect, cache: TileCache, epoch: Epoch) -> None:
    """Follow the change log for ever, through restarts of the database; while it can't be heard, nothing is kept."""

    def deaf() -> None:
        epoch.lost()
        cache.live = False
        cache.clear()
        cache.settle()

    async def heard(connection: AsyncConnection) -> None:
        await _follow(connection, cache, epoch)

    # A cache that hears nothing must not be asked.
    await follow(connect, "the tile cache", log, heard, deaf)


async def _follow(connection: AsyncConnection, cache: TileCache, epoch: Epoch) -> None:
    watcher = Watcher()
    await watcher.touched(connection, 1)
    epoch.passed()
    epoch.live = True
    # What was under way before we listened may hold what nobody told us of.
    cache.clear()
    cache.live = True
    while True:
        async for _ in connection.notifies(timeout=FALLBACK_S, stop_after=1):
            epoch.passed()
            cache.announce()
        changes = await watcher.touched(connection, MANY)
        if len(changes) == MANY:
            cache.clear()
        elif any(change.kind == "enterprise" for change in changes):
            # It may lie in another jurisdiction now, and all that belongs to it.
            cache.clear(scoped=True)
        for bbox in {change.bbox for change in changes}:
            cache.touch(bbox)
        cache.settle()
