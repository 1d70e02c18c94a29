"""The application: routes, live stream, pages, put together from settings."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route

from api import errors
from api.caller import LOCAL, Caller
from api.drafting import Watch
from api.epoch import Epoch, Unchanged
from api.house import House
from api.live import Hub
from api.ogc.first import First
from api.ogc.home import Home
from api.ogc.items import Items, once_more
from api.ogc.records import ID as CATALOGUE
from api.pages import Headers, pages
from api.routes import (
    accidents,
    alarms,
    catalogue,
    changes,
    city,
    collections,
    drafts,
    drawings,
    enterprise_file,
    enterprises,
    features,
    feeds,
    health,
    kinds,
    land,
    layers3d,
    live,
    look,
    permit_copies,
    power,
    process,
    progress,
    quality,
    queries,
    radar,
    readings,
    register,
    sheets,
    styles,
    tiles3d,
    tilesets,
    topology,
    wmts,
)
from api.tile_cache import TileCache
from api.tile_watch import keep_fresh
from api.vector_tiles import VectorTiles
from drawings.process.elk import Elk
from drawings.sheets.shelf import Shelf
from gis.settings import Settings
from gis.store.changes import store_id
from gis.store.cluster import urls
from gis.store.collections import kind_collections, table_collections
from gis.store.connect import single
from gis.store.extents import Extents
from gis.store.kept import Kept
from gis.store.policies import MEND, index_kept
from gis.store.vector_tiles import Place, TileQuery, configure, vector_tile
from tiles.bake import bakery
from tiles.imagery.service import Imagery
from tiles.terrain.service import Terrains

log = logging.getLogger(__name__)

ROUTERS = (
    health.router,
    enterprises.router,
    enterprise_file.router,
    register.router,
    permit_copies.router,
    city.router,
    features.router,
    feeds.router,
    readings.router,
    alarms.router,
    accidents.router,
    topology.router,
    kinds.router,
    layers3d.router,
    tiles3d.router,
    land.router,
    wmts.router,
    live.router,
    drafts.router,
    drawings.router,
    look.router,
    sheets.router,
    process.router,
    progress.router,
    power.router,
    quality.router,
    radar.router,
    styles.router,
    tilesets.router,
    collections.router,
    changes.router,
    queries.router,
)
WAIT_S, GIVE_UP_S = 10.0, 2.0
"""How long a request waits for a connection; how long the pool tries for one, seconds."""
MOST_ANSWERS = 100
"""How many lists are kept as they were last answered."""
ITEM_PATHS = ("/collections/{collection:features}/items", "/collections/{collection:features}/items/{feature_id}")
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]


class _OfFeatures(StringConvertor):
    """In a path: the name of a collection of features, which the catalogue is not."""

    regex = f"(?!{CATALOGUE}/)[^/]+"


register_url_convertor("features", _OfFeatures())


def _lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = urls(settings).reader

        async def connect() -> AsyncConnection:
            return await AsyncConnection.connect(url, autocommit=True)

        # A pool that gives up connecting soon tries anew with the next request; one that goes on waits longer each time.
        check = AsyncConnectionPool.check_connection
        options: dict[str, Any] = {"min_size": 1, "open": False, "timeout": WAIT_S, "reconnect_timeout": GIVE_UP_S}
        async with (
            AsyncConnectionPool(url, max_size=10, check=check, **options) as pool,
            # Single statements and tiles have connections of their own, without a look at each before it is used.
            AsyncConnectionPool(url, max_size=10, kwargs={"autocommit": True}, configure=single, **options) as hot,
            AsyncConnectionPool(url, max_size=4, configure=configure, **options) as tile_pool,
            AsyncExitStack() as more,
        ):
            writers: AsyncConnectionPool[AsyncConnection] | None = None
            if settings.editing:
                writers = await more.enter_async_context(AsyncConnectionPool(urls(settings).owner, max_size=4, check=check, **options))
            async with pool.connection() as connection:
                store = await store_id(connection)
                if not await index_kept(connection):
                    log.warning("row-level policies cost the spatial index here, and maps are slow. A superuser runs: %s", MEND)
                tables = await table_collections(connection, settings.schemas())
                hub = Hub(connect, store)
                await hub.start(connection)
            watch = Watch(connect)

            async def vector(query: TileQuery, place: Place) -> bytes:
                return await once_more(tile_pool, lambda connection: vector_tile(connection, query, place))

            app.state.tiles = TileCache(vector, settings.tile_cache_mb * 2**20)
            elk = Elk(settings.web_dir)
            shelf = Shelf(settings.data_dir / "sheets", settings.public_url, elk.lay_out)
            app.state.house = House(
                settings,
                pool,
                hot,
                writers,
                hub,
                watch,
                bakery(settings).store,
                Terrains(settings.data_dir / "terrain"),
                Imagery(settings.data_dir / "imagery"),
                shelf,
                elk,
                store,
                collections=kind_collections() | tables,
                counts=Kept(),
                answers=Kept(MOST_ANSWERS),
                extents=Extents(),
            )
            tasks = (hub.run(), watch.run(), keep_fresh(connect, app.state.tiles, app.state.unchanged.epoch))
            followers = [asyncio.create_task(task) for task in tasks]
            try:
                yield
            finally:
                hub.close()
                watch.close()
                elk.close()
                for follower in followers:
                    follower.cancel()
                await asyncio.gather(*followers, return_exceptions=True)

    return lifespan


def create_app(settings: Settings, caller: Caller = LOCAL) -> VectorTiles:
    """Return the application: what clients ask most stands before the framework.

    Parameters
    ----------
    settings : Settings
        Of this process.
    caller : Caller
        In whose name every request runs while nobody signs in.
    """
    app = FastAPI(title="quanjing 全景", version=version("quanjing"), lifespan=_lifespan(settings), docs_url=None, redoc_url=None)
    app.state.caller = caller
    errors.register(app)
    for router in ROUTERS:
        app.include_router(router)
    items = Items()
    app.router.routes[:0] = [*catalogue.router.routes, *(Route(path, items) for path in ITEM_PATHS)]
    app.mount("/", Home(pages(str(settings.web_dir))))
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_middleware(Headers)
    loopback = settings.host in LOOPBACK
    # A page of another host can't reach a loopback server by a name of its own (DNS rebinding).
    hosts = LOOPBACK if loopback else ["*"]
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    app.state.unchanged = Unchanged(Epoch())
    return VectorTiles(First(app, app, hosts), app.state, hosts)
