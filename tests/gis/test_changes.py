import asyncio
from uuid import UUID

import psycopg
import pytest
from city import City, found_city

from gis.store.changes import START, Change, Position, changes_after, held_back, last_position, parse_event_id, store_id
from gis.store.cluster import Urls


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner)


def read(url: str, position: Position = START, limit: int = 10_000) -> list[Change]:
    async def run() -> list[Change]:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return await changes_after(connection, position, limit)

    return asyncio.run(run())


@pytest.mark.parametrize("text", ["", "757", "a-b-c", "a-1", "a-1-2-3", "a--1-2", "a-1-²", "a-99999999999999999999-1"])
def test_what_is_no_event_id(text: str) -> None:
    assert parse_event_id(text) is None


def test_event_ids_come_back() -> None:
    assert parse_event_id(Position(757, 6).event_id("ab12cd34")) == ("ab12cd34", Position(757, 6))


def test_the_log_is_in_order_and_can_be_read_in_pieces(city: City) -> None:
    whole = read(city.url)
    assert [change.position for change in whole] == sorted(change.position for change in whole)
    pieces: list[Change] = []
    position = START
    while piece := read(city.url, position, 7):
        pieces += piece
        position = piece[-1].position
    assert pieces == whole
    assert {change.jurisdiction for change in whole} == {"511703"}
    assert whole[0].path == ["5117", "511703"]


def test_a_late_commit_holds_back_what_came_after_it_and_is_never_skipped(city: City) -> None:
    end = read(city.url)[-1].position

    async def run() -> None:
        async with await psycopg.AsyncConnection.connect(city.url, autocommit=True) as reader:
            with psycopg.connect(city.url) as early:
                early.execute("UPDATE buildings SET name = name || '甲' WHERE code = 'B01'")
                city.rows("UPDATE buildings SET name = name || '乙' WHERE code = 'B02'")
                assert await changes_after(reader, end) == []
                assert await held_back(reader)
                assert await last_position(reader) == end
            changes = await changes_after(reader, end)
            assert [change.op for change in changes] == ["update", "update"]
            assert changes[0].xid < changes[1].xid
            assert not await held_back(reader)
            assert len(await store_id(reader)) == 8

    asyncio.run(run())


def test_a_rollback_leaves_nothing(city: City) -> None:
    end = read(city.url)[-1].position
    with psycopg.connect(city.url) as connection:
        connection.execute("UPDATE buildings SET name = 'x'")
        connection.rollback()
    assert read(city.url, end) == []


def test_one_hint_a_transaction(city: City) -> None:
    with psycopg.connect(city.url, autocommit=True) as listener:
        listener.execute("LISTEN quanjing_changes")
        with psycopg.connect(city.url) as writer:
            for height in (20, 21, 22):
                writer.execute("UPDATE buildings SET height_m = %s", [height])
        city.rows("UPDATE buildings SET height_m = height_m")
        hints = list(listener.notifies(timeout=0.5))
    assert [hint.payload for hint in hints] == [""]


def test_a_move_spans_both_places(city: City) -> None:
    city.rows("UPDATE buildings SET geom = ST_Translate(geom, 0.001, 0) WHERE code = 'B05'")
    change = read(city.url)[-1]
    ((west, east),) = city.rows("SELECT ST_XMin(h.geom), ST_XMax(b.geom) FROM buildings b JOIN buildings_history h USING (feature_id)")
    assert change.bbox is not None
    assert (change.bbox[0], change.bbox[2]) == (west, east)


@pytest.mark.parametrize(("scope", "seen"), [("*", True), ("5117", True), ("511703", True), ("511724", False), ("", False)])
def test_visibility_follows_the_tree(scope: str, seen: bool) -> None:
    change = Change(1, 1, "buildings", "building", UUID(int=1), None, "511703", ["5117", "511703"], "insert", None)
    assert change.visible_in(scope) is seen
