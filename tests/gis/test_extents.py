"""Extents that are kept are those of now, whatever was done, and nothing is read again for what does not move anything."""

import asyncio
import random
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from city import City
from probes import SCOPES, crowded
from psycopg import AsyncConnection

from gis.store.changes import sweep
from gis.store.cluster import Urls
from gis.store.collections import kind_collections
from gis.store.connect import single
from gis.store.extents import Extents, extents, spaces

KINDS = ("building", "enterprise", "pipe", "receptor")
LISTED = [kind_collections()[name] for name in KINDS]
ONE = "(SELECT feature_id FROM buildings WHERE closed_at IS NULL ORDER BY md5(feature_id::text || %s) LIMIT 1)"
ANY = "(SELECT feature_id FROM enterprises ORDER BY md5(feature_id::text || %s) LIMIT 1)"
PLACES = "(ARRAY['511702', '511703', '511724', NULL])[1 + floor(random() * 4)]"
EDITS = (
    f"UPDATE buildings SET geom = ST_Translate(geom, 0.1, 0.1) WHERE feature_id = {ONE}",
    f"UPDATE buildings SET geom = ST_Translate(geom, -0.1, 0), z_max_m = z_max_m + 9, height_m = NULL WHERE feature_id = {ONE}",
    f"UPDATE buildings SET closed_at = now() WHERE feature_id = {ONE}",
    f"DELETE FROM buildings WHERE feature_id = {ONE}",
    f"UPDATE buildings SET enterprise_id = {ANY}, code = NULL WHERE feature_id = {ONE}",
    f"UPDATE buildings SET enterprise_id = NULL, code = NULL WHERE feature_id = {ONE}",
    f"UPDATE enterprises SET jurisdiction = {PLACES} WHERE code = 'X511702' OR md5(code) < %s",
    "UPDATE enterprises SET geom = ST_Translate(geom, 0.05, 0) WHERE code = 'X0' OR md5(code) < %s",
    "UPDATE jurisdictions SET parent = CASE parent WHEN '5117' THEN '511702' ELSE '5117' END WHERE code = '511724' AND %s <> ''",
)


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    return crowded(module_database.owner)


async def connected(urls: Urls) -> AsyncConnection:
    connection = await AsyncConnection.connect(urls.reader, autocommit=True)
    await single(connection)
    return connection


async def read(connection: AsyncConnection, scope: str, owners: list[UUID], kept: Extents) -> object:
    return await extents(connection, LISTED, scope, kept), dict(await spaces(connection, owners, kept))


def test_what_is_kept_is_what_is_after_any_edit(city: City, module_database: Urls) -> None:
    chance = random.Random(20261202)  # noqa: S311
    owners = [owner for (owner,) in city.rows("SELECT feature_id FROM enterprises")]

    async def scenario() -> int:
        kept, moved, before = Extents(), 0, None
        async with await connected(module_database) as connection:
            for number in range(40):
                said = chance.choice(EDITS)
                city.rows(said, *(str(number) for _ in range(said.count("%s"))))
                scope = chance.choice(SCOPES)
                found = await read(connection, scope, owners, kept)  # type: ignore[arg-type]
                assert found == await read(connection, scope, owners, Extents()), said  # type: ignore[arg-type]
                moved += found != before
                before = found
        return moved

    assert asyncio.run(scenario()) > 20


def test_only_what_was_changed_is_read_again(city: City, module_database: Urls) -> None:
    first, second = (owner for (owner,) in city.rows("SELECT feature_id FROM enterprises WHERE code LIKE 'X%%' ORDER BY code LIMIT 2"))
    assert isinstance(first, UUID)
    assert isinstance(second, UUID)
    keys = [("*", name) for name in KINDS]

    async def scenario() -> None:
        kept = Extents()

        async def again(connection: AsyncConnection) -> tuple[list[str], list[UUID]]:
            boxes = {key: kept.collections[key].value for key in keys}
            places = {key: kept.spaces[key].value for key in (first, second)}
            await read(connection, "*", [first, second], kept)
            return (
                [key[1] for key in keys if kept.collections[key].value is not boxes[key]],
                [key for key, place in places.items() if kept.spaces[key].value is not place],
            )

        async with await connected(module_database) as connection:
            await read(connection, "*", [first, second], kept)
            city.rows("UPDATE feature_state SET readings = '{\"a\": 1}' WHERE feature_id = %s", first)
            assert await again(connection) == ([], [])
            city.rows("UPDATE buildings SET name = name || '一' WHERE enterprise_id = %s", first)
            assert await again(connection) == (["building"], [first])
            assert await again(connection) == ([], [])
            # Written before and committed after: the oldest open transaction holds everything in doubt, and nothing is missed.
            with psycopg.connect(module_database.owner) as late:
                late.execute("UPDATE receptors SET geom = ST_Translate(geom, 1, 0)")
                late.execute(
                    "INSERT INTO receptors (name, receptor_type, geom) VALUES ('远', 'school', ST_SetSRID(ST_Point(120, 40), 4490))"
                )
                city.rows("UPDATE pipes SET name = name || '一'")
                await again(connection)
            assert (await again(connection))[0] == ["pipe", "receptor"]
            box = kept.collections["*", "receptor"].value
            assert box is not None
            assert box[2:] == (120, 40)
            # What the log no longer tells may have been anything.
            city.rows("DELETE FROM change_readers")
            async with await AsyncConnection.connect(module_database.owner, autocommit=True) as owner:
                city.rows("UPDATE pipes SET name = name || '一'")
                city.rows("UPDATE buildings SET name = name || '一' WHERE enterprise_id = %s", first)
                assert await sweep(owner, datetime(2100, 1, 1, tzinfo=UTC))
            assert (await again(connection))[0] == list(KINDS)

    asyncio.run(scenario())
