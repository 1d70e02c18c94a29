"""What keeps the tile cache true: it hears each commit and forgets the tiles in which the change may be seen."""

import logging

from psycopg import AsyncConnection

from api.following import Connect, follow
from api.tile_cache import TileCache
from gis.store.changes import FALLBACK_S, Watcher

log = logging.getLogger(__name__)

MANY = 5000
"""Changes at once beyond which all tiles are forgotten: to find those that stay takes longer than to make them anew."""


async def keep_fresh(connect: Connect, cache: TileCache) -> None:
    """Follow the change log for ever, through restarts of the database; while it can't be heard, no tile is kept."""

    def deaf() -> None:
        cache.live = False
        cache.clear()

    async def heard(connection: AsyncConnection) -> None:
        await _follow(connection, cache)

    # A cache that hears nothing must not be asked.
    await follow(connect, "the tile cache", log, heard, deaf)


async def _follow(connection: AsyncConnection, cache: TileCache) -> None:
    watcher = Watcher()
    await watcher.touched(connection, 1)
    # What was under way before we listened may hold what nobody told us of.
    cache.clear()
    cache.live = True
    while True:
        async for _ in connection.notifies(timeout=FALLBACK_S, stop_after=1):
            pass
        changes = await watcher.touched(connection, MANY)
        if len(changes) == MANY:
            cache.clear()
            continue
        if any(change.kind == "enterprise" for change in changes):
            # It may lie in another jurisdiction now, and all that belongs to it.
            cache.clear(scoped=True)
        for bbox in {change.bbox for change in changes}:
            cache.touch(bbox)
