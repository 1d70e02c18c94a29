"""What an API process holds while it runs, for its routes."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from api.drafting import Watch
from api.live import Hub
from api.tile_cache import Entry
from drawings.process.elk import Elk
from drawings.sheets.shelf import Shelf
from gis.settings import Settings
from gis.store.collections import Collection
from gis.store.extents import Extents
from gis.store.kept import Kept
from tiles.imagery.service import Imagery
from tiles.store import TileStore
from tiles.terrain.service import Terrains


@dataclass(frozen=True, slots=True)
class House:
    """Settings, the pool (read-only but for drafts), hub, watch over drafts, tiles, ground, base maps, printed sheets, ELK.

    `hot` are connections for single statements (`gis.store.items.run`), `writers` such as may write features, where that is allowed;
    `collections` is what is served as such; `counts`, `answers` and `extents`
    are what was counted, answered and found to lie where, of the present state.
    """

    settings: Settings
    pool: AsyncConnectionPool[AsyncConnection]
    hot: AsyncConnectionPool[AsyncConnection]
    writers: AsyncConnectionPool[AsyncConnection] | None
    hub: Hub
    watch: Watch
    tiles: TileStore
    terrains: Terrains
    imagery: Imagery
    shelf: Shelf
    elk: Elk
    store_id: str
    collections: dict[str, Collection]
    counts: Kept[int]
    answers: Kept[Entry]
    extents: Extents


def house(request: Request) -> House:
    """Return the process's house."""
    found: House = request.app.state.house
    return found


CurrentHouse = Annotated[House, Depends(house)]
