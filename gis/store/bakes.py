"""The dirty list of 3D tiles: which enterprises changed since they were baked, and which version is current.

The list follows the change log. Each step is one transaction, so that a worker killed at any moment leaves nothing half done: a change is
either still unread, or on the list with its job; an enterprise is either still dirty, or its version is current.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from shapely import wkb

from gis.ground import Ground
from gis.jobs import enqueue
from gis.kinds import KINDS
from gis.models.feature import Feature, Site
from gis.store.changes import Position, last_position, move_to, newest, stands
from gis.store.connect import snapshot
from gis.store.detailed import shown
from gis.store.locks import holding
from gis.store.read import as_they_are, site

ENTRYPOINT = "bake_enterprise"
CITY = UUID(int=0)
"""Stands where an enterprise's id does for the tileset of the whole city."""
READER = "tiles"

MARK = """
INSERT INTO bake_list (enterprise_id, changed_xid, changed_seq)
SELECT feature_id, %s::text::xid8, %s FROM features WHERE feature_id = %s
ON CONFLICT (enterprise_id) DO UPDATE SET changed_xid = excluded.changed_xid, changed_seq = excluded.changed_seq
"""
DIRTY = "SELECT enterprise_id FROM bake_list WHERE (changed_xid, changed_seq) > (baked_xid, baked_seq)"
BAKED = """
UPDATE bake_list SET baked_xid = %s::text::xid8, baked_seq = %s, attempts = 0, failure = %s WHERE enterprise_id = %s
"""
FAILED = "UPDATE bake_list SET attempts = attempts + 1, failure = %s WHERE enterprise_id = %s"
PLACE = "SELECT ST_X(geom), ST_Y(geom), ST_AsBinary(geom) FROM enterprises WHERE feature_id = %s"
KEEP_ORIGIN = "INSERT INTO site_origins (enterprise_id, lon, lat, ellipsoid_m) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
ORIGIN = "SELECT lon, lat, ellipsoid_m FROM site_origins WHERE enterprise_id = %s"
STANDS = "SELECT now(), EXISTS (SELECT FROM enterprise_view WHERE feature_id = %s)"
MOST_CHANGED = 2000
"""Features; of more the whole enterprise is read."""
# What stands in the log beyond the position, whether it may be read in order already or not: read twice does no harm.
CHANGED = """
SELECT DISTINCT layer, kind, feature_id FROM change_log
WHERE (xid, seq) > (%(xid)s::text::xid8, %(seq)s) AND enterprise_id = %(owner)s AND layer NOT IN ('tilesets', 'problems')
LIMIT %(most)s + 1
"""
CURRENT = "SELECT version FROM tilesets WHERE enterprise_id = %s"
PUBLISH = """
INSERT INTO tilesets (enterprise_id, version, state_epoch, features, bytes) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (enterprise_id) DO UPDATE SET version = excluded.version, state_epoch = excluded.state_epoch,
    features = excluded.features, bytes = excluded.bytes, baked_at = clock_timestamp()
"""
RETIRE = "UPDATE tileset_versions SET retired_at = clock_timestamp() WHERE enterprise_id = %s AND version <> %s AND retired_at IS NULL"
ANNOUNCE = """
INSERT INTO tileset_versions (enterprise_id, version, retired_at) VALUES (%s, %s, clock_timestamp())
ON CONFLICT (enterprise_id, version) DO UPDATE SET retired_at = excluded.retired_at WHERE tileset_versions.retired_at IS NOT NULL
"""
ADD_VERSION = """
INSERT INTO tileset_versions (enterprise_id, version) VALUES (%s, %s) ON CONFLICT (enterprise_id, version) DO UPDATE SET retired_at = NULL
"""
KEEP_RECIPE = """
INSERT INTO store_meta (key, value) VALUES ('recipe', %s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE store_meta.value <> excluded.value RETURNING true
"""
FORGET_ORIGINS = "DELETE FROM site_origins"
ALL_DIRTY = "UPDATE bake_list SET baked_xid = '0', baked_seq = 0"
CITY_SOURCES = """
SELECT t.enterprise_id, t.version, o.lon, o.lat, o.ellipsoid_m FROM tilesets t JOIN site_origins o USING (enterprise_id)
ORDER BY t.enterprise_id
"""
CITY_MADE_OF = "SELECT value FROM store_meta WHERE key = 'city_made_of'"
KEEP_CITY_MADE_OF = """
INSERT INTO store_meta (key, value) VALUES ('city_made_of', %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""
WITHDRAW = "DELETE FROM tilesets WHERE enterprise_id = %s"
EXPIRED = "SELECT enterprise_id, version FROM tileset_versions WHERE retired_at < clock_timestamp() - %s::interval"
FORGET = "DELETE FROM tileset_versions WHERE enterprise_id = %s AND version = %s AND retired_at < clock_timestamp() - %s::interval"

OLD_VERSIONS_STAY = "1 hour"
"""Browsers that still show an old version go on reading it for so long."""


@dataclass(frozen=True, slots=True)
class CitySource:
    """An enterprise whose current tileset is part of the city's."""

    enterprise_id: UUID
    version: str
    origin: tuple[float, float, float]
    """Longitude, latitude (degrees, EPSG:4490), ellipsoid height (metres)."""


@dataclass(frozen=True, slots=True)
class Baked:
    """What a bake produced."""

    version: str
    state_epoch: datetime
    features: int
    bytes: int
    left_out: str | None = None
    """Features without a solid, and why."""


async def note_changes(connection: AsyncConnection, limit: int = 20_000) -> int:
    """Move the dirty list along the change log and queue a job for each enterprise that changed; returns the rows read.

    The list, the jobs and the reader's position are written in one transaction.
    """
    async with connection.transaction():
        found = await newest(connection, READER, limit)
        if found is None:
            return 0
        for enterprise_id, position in sorted(found.enterprises.items()):
            await connection.execute(MARK, [str(position.xid), position.seq, enterprise_id])
        if found.enterprises:
            await enqueue(connection, ENTRYPOINT, [{"enterprise_id": str(enterprise_id)} for enterprise_id in sorted(found.enterprises)])
        await move_to(connection, READER, found.end)
        return found.length


async def follow_recipe(connection: AsyncConnection, recipe: str) -> bool:
    """Make everything dirty where tiles were made by another recipe (see `tiles.recipe`); returns whether that was so."""
    async with connection.transaction():
        if await (await connection.execute(KEEP_RECIPE, [recipe])).fetchone() is None:
            return False
        await connection.execute(ALL_DIRTY)
        # The ground may be another: each site gets its origin anew when it is baked.
        await connection.execute(FORGET_ORIGINS)
        return True


async def dirty(connection: AsyncConnection) -> list[UUID]:
    """Return the enterprises that changed since they were baked."""
    return [row[0] for row in await (await connection.execute(DIRTY)).fetchall()]


async def requeue_dirty(connection: AsyncConnection) -> int:
    """Queue a job for each dirty enterprise: a worker that was killed left its own job picked; returns how many."""
    async with connection.transaction():
        enterprises = await dirty(connection)
        if enterprises:
            await enqueue(connection, ENTRYPOINT, [{"enterprise_id": str(enterprise_id)} for enterprise_id in enterprises])
        return len(enterprises)


@asynccontextmanager
async def baking(connection: AsyncConnection, enterprise_id: UUID) -> AsyncIterator[None]:
    """Hold the right to bake one enterprise; it falls with the connection, however that ends."""
    async with holding(connection, f"bake/{enterprise_id}"):
        yield


async def is_dirty(connection: AsyncConnection, enterprise_id: UUID) -> bool:
    """Tell whether an enterprise changed since it was baked."""
    row = await (await connection.execute(DIRTY + " AND enterprise_id = %s", [enterprise_id])).fetchone()
    return row is not None


async def _origin(connection: AsyncConnection, enterprise_id: UUID, ground: Ground) -> tuple[float, float, float] | None:
    found = await (await connection.execute(ORIGIN, [enterprise_id])).fetchone()
    if found:
        return float(found[0]), float(found[1]), float(found[2])
    place = await (await connection.execute(PLACE, [enterprise_id])).fetchone()
    if place is None:
        return None
    height = ground.ellipsoid_m(wkb.loads(bytes(place[2])))
    await connection.execute(KEEP_ORIGIN, [enterprise_id, place[0], place[1], height])
    return float(place[0]), float(place[1]), height


async def site_to_bake(connection: AsyncConnection, enterprise_id: UUID, ground: Ground) -> tuple[Site | None, Position]:
    """Return an enterprise as it stands now, and the position in the change log that this includes; no site where it is gone."""
    origin = await _origin(connection, enterprise_id, ground)
    async with snapshot(connection):
        position = await last_position(connection)
        row = await (await connection.execute(STANDS, [enterprise_id])).fetchone()
        if origin is None or row is None or not row[1]:
            return None, position
        found = await site(connection, enterprise_id, origin, row[0])
        return replace(found, models=await shown(connection, enterprise_id)), position


@dataclass(frozen=True, slots=True)
class Changed:
    """What is another in an enterprise after some position in the change log."""

    features: dict[UUID, Feature | None]
    """What each is now; None where it is none of the enterprise's any more."""
    state_epoch: datetime
    position: Position


async def changed_since(
    connection: AsyncConnection, enterprise_id: UUID, position: Position, origin: tuple[float, float, float]
) -> Changed | None:
    """Return what changed in an enterprise since a position, states included; None where it has to be read whole.

    That is where the log is not kept from there on, where the enterprise itself, its origin or a detailed model is another, and where
    very much is.
    """
    async with snapshot(connection):
        end = await last_position(connection)
        row = await (await connection.execute(STANDS, [enterprise_id])).fetchone()
        kept = await (await connection.execute(ORIGIN, [enterprise_id])).fetchone()
        if row is None or not row[1] or kept is None or tuple(map(float, kept)) != origin or not await stands(connection, position):
            return None
        asked = {"xid": str(position.xid), "seq": position.seq, "owner": enterprise_id, "most": MOST_CHANGED}
        found = await (await connection.execute(CHANGED, asked)).fetchall()
        if len(found) > MOST_CHANGED or any(layer == "detailed_models" or feature_id == enterprise_id for layer, _, feature_id in found):
            return None
        drawn = {feature_id: kind for _, kind, feature_id in found if not KINDS[kind].schematic}
        return Changed(await as_they_are(connection, enterprise_id, drawn), row[0], end)


async def announce(connection: AsyncConnection, enterprise_id: UUID, version: str) -> None:
    """Put a version on the list before its files are written: one that is never published is swept like any old one."""
    await connection.execute(ANNOUNCE, [enterprise_id, version])


async def publish(connection: AsyncConnection, enterprise_id: UUID, baked: Baked | None, position: Position) -> bool:
    """Make a version the current one and clear the dirt up to a position; returns whether the version is new.

    Without a bake (the enterprise is gone) the current version is withdrawn.
    """
    async with connection.transaction():
        changed = await _make_current(connection, enterprise_id, baked)
        await connection.execute(BAKED, [str(position.xid), position.seq, baked.left_out if baked else None, enterprise_id])
        return changed


async def _make_current(connection: AsyncConnection, owner: UUID, baked: Baked | None) -> bool:
    """Point at a version of an enterprise's tileset or the city's, at none without a bake; returns whether that is new."""
    current = await (await connection.execute(CURRENT, [owner])).fetchone()
    version = baked.version if baked else None
    changed = (current[0] if current else None) != version
    if changed and baked:
        await connection.execute(ADD_VERSION, [owner, baked.version])
        await connection.execute(PUBLISH, [owner, baked.version, baked.state_epoch, baked.features, baked.bytes])
    if changed:
        await connection.execute(RETIRE, [owner, version or ""])
    if baked is None:
        await connection.execute(WITHDRAW, [owner])
    return changed


async def city_sources(connection: AsyncConnection) -> list[CitySource]:
    """Return the current tilesets of all enterprises, in the order of their ids."""
    rows = await (await connection.execute(CITY_SOURCES)).fetchall()
    return [CitySource(row[0], row[1], (float(row[2]), float(row[3]), float(row[4]))) for row in rows]


async def current_version(connection: AsyncConnection, owner: UUID) -> str | None:
    """Return the current version of an enterprise's tileset or the city's (`CITY`), None where there is none."""
    row = await (await connection.execute(CURRENT, [owner])).fetchone()
    return str(row[0]) if row else None


async def tileset_made(connection: AsyncConnection, owner: UUID) -> tuple[str, datetime] | None:
    """Return the current version of an enterprise's tileset or the city's (`CITY`) and when it was made, None where there is none."""
    query = "SELECT version, baked_at FROM tilesets WHERE enterprise_id = %s"
    row = await (await connection.execute(query, [owner])).fetchone()
    return (row[0], row[1]) if row else None


async def current_versions(connection: AsyncConnection) -> dict[UUID, str]:
    """Return the current version of every tileset, the city's (`CITY`) among them."""
    return {row[0]: row[1] for row in await (await connection.execute("SELECT enterprise_id, version FROM tilesets")).fetchall()}


async def city_version(connection: AsyncConnection) -> str | None:
    """Return the current version of the city's tileset, None where there is none."""
    return await current_version(connection, CITY)


async def city_made_of(connection: AsyncConnection) -> str | None:
    """Return the digest that the city's tileset was last published with, None before the first."""
    row = await (await connection.execute(CITY_MADE_OF)).fetchone()
    return str(row[0]) if row else None


async def publish_city(connection: AsyncConnection, baked: Baked | None, made_of: str) -> bool:
    """Make a version of the city's tileset the current one, and keep what it was made of; returns whether the version is new."""
    async with connection.transaction():
        await connection.execute(KEEP_CITY_MADE_OF, [made_of])
        return await _make_current(connection, CITY, baked)


async def record_failure(connection: AsyncConnection, enterprise_id: UUID, failure: str) -> None:
    """Keep why a bake failed beside the enterprise, which stays dirty."""
    await connection.execute(FAILED, [failure, enterprise_id])


async def expired_versions(connection: AsyncConnection) -> list[tuple[UUID, str]]:
    """Return the versions that were replaced longer ago than old versions stay."""
    return [(row[0], row[1]) for row in await (await connection.execute(EXPIRED, [OLD_VERSIONS_STAY])).fetchall()]


@asynccontextmanager
async def forgetting(connection: AsyncConnection, enterprise_id: UUID, version: str) -> AsyncIterator[bool]:
    """Strike an expired version off the list while its files are removed inside; yields whether it is still expired.

    Whoever announces the same version meanwhile waits until it is gone, and then writes it anew.
    """
    async with connection.transaction():
        struck = await connection.execute(FORGET, [enterprise_id, version, OLD_VERSIONS_STAY])
        yield struck.rowcount > 0
