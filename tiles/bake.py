"""Baking: the worker that brings 3D tiles after every change in the store."""

import asyncio
import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import shapely
from pgqueuer import PgQueuer
from pgqueuer.models import Job
from psycopg import AsyncConnection

from gis.errors import GeometryError, QuanjingError
from gis.garbage import uncollected
from gis.ground import ConstantGround, Ground
from gis.jobs import queue_on, work_until
from gis.models.feature import Feature, Site
from gis.settings import Settings
from gis.store import bakes
from gis.store.changes import CHANNEL, FALLBACK_S, Position, held_back
from gis.store.yards import yards
from models3d.scene import without_faults
from tiles.city import Part, build_city
from tiles.recipe import recipe
from tiles.store import FolderTileStore, TileStore
from tiles.terrain.service import Terrains
from tiles.tileset import MASSING, SCHEMA, Bake, Known, TilesetFiles, bake, version

log = logging.getLogger(__name__)

HELD_BACK_S = 0.1
"""How soon to look again while an older transaction holds newer changes back."""
SWEEP_S = 300.0
CITY_PAUSE_S = 3.0
"""Between two bakes of the city: of a crowd of changes it shows the sum."""
CITY_PATIENCE_S = 30.0
"""How long the city waits while enterprises are dirty, as in a bulk import."""
AT_ONCE = 4
"""Bakes that run side by side: each holds a connection and an enterprise's meshes."""

MOST_KEPT = 200_000
"""Features of the bakes that are kept to go on from: some kilobyte each."""

Connect = Callable[[], Awaitable[AsyncConnection]]
"""Opens a connection in autocommit mode."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A bake of an enterprise, and of when it is."""

    bake: Bake
    position: Position
    """Where in the change log the site was read."""
    recipe: str
    yard: shapely.Geometry
    """The enterprise's boundary, empty where none is drawn."""

    def stands_as_before(self, changes: Mapping[UUID, Feature | None]) -> bool:
        """Say whether the ground of the enterprise is what it was: no boundary moved, nor a body beside it."""
        both = [*self.bake.features(changes), *(feature for feature in changes.values() if feature is not None)]
        bodies = [feature.geom for feature in both if feature.kind in ("building", "structure")]
        return all(feature.kind != "site_boundary" for feature in both) and bool(shapely.contains(self.yard, bodies).all())


class Larder:
    """The last bakes of enterprises, those that were used longest ago given up first."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.most = most
        self._kept: OrderedDict[UUID, Kept] = OrderedDict()

    def take(self, enterprise_id: UUID, version: str | None) -> Kept | None:
        """Take a bake out; None where it is not there, or is not of that version."""
        kept = self._kept.pop(enterprise_id, None)
        return kept if kept is not None and kept.bake.version == version else None

    def put(self, enterprise_id: UUID, kept: Kept) -> None:
        """Keep a bake, without the bytes of its files."""
        self._kept[enterprise_id] = replace(kept, bake=replace(kept.bake, contents={}))
        while sum(len(one.bake.homes) for one in self._kept.values()) > self.most:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Bakery:
    """What a bake needs: where tiles go, and where the ground is."""

    store: TileStore
    ground: Ground
    """Where no terrain is baked."""
    terrains: Terrains | None = None
    larder: Larder = field(default_factory=Larder)

    def recipe(self) -> str:
        """Return a digest of all that decides the bytes of a tileset beside its site."""
        terrain = self.terrains.open() if self.terrains else None
        return f"{recipe()} {terrain.version}" if terrain else recipe()

    async def ground_of(self, connection: AsyncConnection, enterprise_id: UUID) -> Ground:
        """Return the ground of an enterprise."""
        terrain = await asyncio.to_thread(self.terrains.open) if self.terrains else None
        if terrain is None:
            return self.ground
        return await asyncio.to_thread(terrain.ground, await yards(connection, enterprise_id))


def _built(site: Site, ground: Ground, known: Known) -> tuple[Bake, str | None]:
    """Model what can be modelled: one feature that can't must not keep the others from the screen. Returns why some were left out."""
    try:
        return bake(site, ground, known), None
    except GeometryError:
        site, reasons = without_faults(site, ground)
        return bake(site, ground, known), "; ".join(reasons)


async def _whole(
    connection: AsyncConnection, bakery: Bakery, enterprise_id: UUID, before: str | None
) -> tuple[Kept | None, str | None, Position]:
    """Bake an enterprise from all that it has; returns no bake where it is gone, and what was left out of it."""
    ground = await bakery.ground_of(connection, enterprise_id)
    with uncollected():
        return await _read_and_built(connection, bakery, enterprise_id, before, ground)


async def _read_and_built(
    connection: AsyncConnection, bakery: Bakery, enterprise_id: UUID, before: str | None, ground: Ground
) -> tuple[Kept | None, str | None, Position]:
    site, position = await bakes.site_to_bake(connection, enterprise_id, ground)
    if site is None:
        return None, None, position

    def known(path: str) -> bytes | None:
        return bakery.store.get(enterprise_id, before, path) if before else None

    made, left_out = await asyncio.to_thread(_built, site, ground, known)
    yard = shapely.union_all([feature.geom for feature in site.features if feature.kind == "site_boundary"])
    return Kept(made, position, bakery.recipe(), yard), left_out, position


async def _onward(connection: AsyncConnection, bakery: Bakery, enterprise_id: UUID, kept: Kept) -> Kept | None:
    """Bake what changed since a bake; None where all has to be baked."""
    if kept.recipe != bakery.recipe():
        return None
    changed = await bakes.changed_since(connection, enterprise_id, kept.position, kept.bake.site.origin)
    if changed is None or (bakery.terrains and not kept.stands_as_before(changed.features)):
        return None
    try:
        made = await asyncio.to_thread(kept.bake.after, changed.features, changed.state_epoch)
    except GeometryError:
        return None
    return replace(kept, bake=made, position=changed.position)


async def bake_enterprise(connection: AsyncConnection, bakery: Bakery, enterprise_id: UUID) -> bool:
    """Bring one enterprise's tileset up to the store; returns whether there is a new version.

    Idempotent: of a clean enterprise nothing is read or written. The files are complete in the store before the version is published.
    """
    async with bakes.baking(connection, enterprise_id):
        if not await bakes.is_dirty(connection, enterprise_id):
            return False
        before, left_out = await bakes.current_version(connection, enterprise_id), None
        former = bakery.larder.take(enterprise_id, before)
        kept = await _onward(connection, bakery, enterprise_id, former) if former else None
        if kept is not None:
            position = kept.position
            same = kept.bake.written.keys() - kept.bake.contents.keys()
        else:
            kept, left_out, position = await _whole(connection, bakery, enterprise_id, before)
            same = set()
        if kept is None:
            return await bakes.publish(connection, enterprise_id, None, position)
        made = kept.bake
        baked = bakes.Baked(made.version, made.site.state_epoch, len(made.homes), made.size, left_out)
        await bakes.announce(connection, enterprise_id, baked.version)
        await asyncio.to_thread(bakery.store.put, enterprise_id, baked.version, made.contents, before, same)
        published = await bakes.publish(connection, enterprise_id, baked, position)
        if left_out is None:
            bakery.larder.put(enterprise_id, kept)
        return published


async def bake_dirty(connection: AsyncConnection, bakery: Bakery) -> int:
    """Bake all that is dirty, here and now; returns the number of new versions."""
    while await bakes.note_changes(connection):
        pass
    return sum([await bake_enterprise(connection, bakery, enterprise_id) for enterprise_id in await bakes.dirty(connection)])


def _made_of(sources: Sequence[bakes.CitySource]) -> str:
    """Return a digest of all that decides the bytes of the city's tileset."""
    text = "".join(f"{source.enterprise_id} {source.version} {source.origin}\n" for source in sources)
    return hashlib.sha256(f"{recipe()}\n{text}".encode()).hexdigest()


def _built_city(store: TileStore, sources: Sequence[bakes.CitySource], before: str | None) -> tuple[bakes.Baked, TilesetFiles] | None:
    """Put the city together from the enterprises' files; None where there are none."""
    parts = []
    for source in sources:
        massing, schema = (store.get(source.enterprise_id, source.version, path) for path in (MASSING, SCHEMA))
        # Of a version that was made by another recipe a file may be missing; the enterprise is baked anew, and then the city.
        if massing is not None and schema is not None:
            parts.append(Part(source.enterprise_id, source.origin, massing, json.loads(schema)))
    if not parts:
        return None
    files = build_city(parts, recipe(), lambda path: store.get(bakes.CITY, before, path) if before else None)
    size = sum(len(content) for content in files.values())
    return bakes.Baked(version(files), datetime.now(UTC), len(parts), size), files


async def bake_city(connection: AsyncConnection, bakery: Bakery) -> bool:
    """Bring the city's tileset up to those of the enterprises; returns whether there is a new version.

    Idempotent, and nothing is written where no enterprise's tileset is another than before.
    """
    async with bakes.baking(connection, bakes.CITY):
        sources = await bakes.city_sources(connection)
        made_of = _made_of(sources)
        if await bakes.city_made_of(connection) == made_of:
            return False
        before = await bakes.city_version(connection)
        built = await asyncio.to_thread(_built_city, bakery.store, sources, before)
        if built is None:
            return await bakes.publish_city(connection, None, made_of)
        baked, files = built
        await bakes.announce(connection, bakes.CITY, baked.version)
        await asyncio.to_thread(bakery.store.put, bakes.CITY, baked.version, files, before)
        return await bakes.publish_city(connection, baked, made_of)


async def sweep(connection: AsyncConnection, bakery: Bakery) -> int:
    """Remove the versions that no browser should still need; returns how many."""
    removed = 0
    for enterprise_id, name in await bakes.expired_versions(connection):
        try:
            async with bakes.forgetting(connection, enterprise_id, name) as expired:
                if expired:
                    await asyncio.to_thread(bakery.store.remove, enterprise_id, name)
                    removed += 1
        except OSError:
            # It stays on the list; a folder that can't be removed must not keep the others from being baked.
            log.exception("version %s of %s can't be removed", name, enterprise_id)
    return removed


async def _follow(connection: AsyncConnection, bakery: Bakery) -> None:
    """Queue jobs as the change log grows, for ever."""
    await connection.execute(f"LISTEN {CHANNEL}")
    if await bakes.follow_recipe(connection, bakery.recipe()):
        log.info("tiles are made anew: this version makes them differently, or the ground is another")
    await bakes.requeue_dirty(connection)
    while True:
        # Asked before the log is read, as by the live stream.
        held = await held_back(connection)
        while await bakes.note_changes(connection):
            pass
        wait = HELD_BACK_S if held else FALLBACK_S
        async for _ in connection.notifies(timeout=wait, stop_after=1):
            pass


async def _keep_city(connection: AsyncConnection, bakery: Bakery) -> None:
    """Bake the city after the enterprises, for ever."""
    await connection.execute(f"LISTEN {CHANNEL}")
    waited = 0.0
    while True:
        if waited < CITY_PATIENCE_S and await bakes.dirty(connection):
            await asyncio.sleep(CITY_PAUSE_S)
            waited += CITY_PAUSE_S
            continue
        waited = 0.0
        try:
            if await bake_city(connection, bakery):
                log.info("baked the city")
        except (OSError, QuanjingError):
            # It stays as it was; the next change tries again. Enterprises must not wait for it.
            log.exception("the city's tileset can't be made")
        await asyncio.sleep(CITY_PAUSE_S)
        async for _ in connection.notifies(timeout=FALLBACK_S, stop_after=1):
            pass


async def _sweep_regularly(connection: AsyncConnection, bakery: Bakery) -> None:
    while True:
        removed = await sweep(connection, bakery)
        if removed:
            log.info("removed %d old tileset versions", removed)
        await asyncio.sleep(SWEEP_S)
        if await bakes.follow_recipe(connection, bakery.recipe()):
            log.info("tiles are made anew: the ground is another")
        # What failed for a passing reason, as a full disk, heals by itself.
        await bakes.requeue_dirty(connection)


def _register(queue: PgQueuer, connect: Connect, bakery: Bakery) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    @queue.entrypoint(bakes.ENTRYPOINT)
    async def bake(job: Job) -> None:
        enterprise_id = UUID(json.loads(job.payload or b"{}")["enterprise_id"])
        async with places, await connect() as connection:
            try:
                if await bake_enterprise(connection, bakery, enterprise_id):
                    log.info("baked %s", enterprise_id)
            except Exception as error:
                # Kept where the operator looks; the enterprise stays dirty and is tried again with the next change, sweep or start.
                await bakes.record_failure(connection, enterprise_id, f"{type(error).__name__}: {error}")
                raise


async def work(connect: Connect, bakery: Bakery, stop: asyncio.Event) -> None:
    """Follow the change log and bake until `stop` is set."""
    async with await connect() as follower, await connect() as sweeper, await connect() as planner, queue_on(connect) as queue:
        _register(queue, connect, bakery)
        await work_until(stop, queue, _follow(follower, bakery), _sweep_regularly(sweeper, bakery), _keep_city(planner, bakery))


def bakery(settings: Settings) -> Bakery:
    """Return the bakery of a data folder: tiles below `tiles3d`, or at the URL that is set; the ground below `terrain`, else level."""
    ground = ConstantGround(settings.ground_ellipsoid_m)
    store: TileStore = FolderTileStore(settings.data_dir / "tiles3d")
    if settings.tiles_url:
        from tiles.object_store import tile_store  # noqa: PLC0415 — heavy

        store = tile_store(settings.tiles_url, settings.data_dir / "tiles3d")
    return Bakery(store, ground, Terrains(settings.data_dir / "terrain"))
