import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from city import DRAWING, City, found_city
from serving import serving

from gis.store.changes import START, Change, Position, changes_after, held_back, last_position, parse_event_id, store_id, sweep
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


def test_the_log_is_swept_behind_all_who_follow(city: City, database: Urls, tmp_path: Path) -> None:
    city.rows("DELETE FROM change_readers")
    whole = read(city.url)
    half = whole[len(whole) // 2].position
    city.rows("UPDATE change_log SET at = now() - interval '100 days' WHERE (xid, seq) <= (%s::text::xid8, %s)", str(half.xid), half.seq)

    async def swept(days: int) -> int:
        async with await psycopg.AsyncConnection.connect(city.url, autocommit=True) as connection:
            return await sweep(connection, datetime.now(UTC) - timedelta(days=days))

    # One who has read nothing yet holds all of it.
    city.rows("INSERT INTO change_readers (reader) VALUES ('late')")
    assert asyncio.run(swept(90)) == 0
    early = whole[3].position
    city.rows("UPDATE change_readers SET xid = %s::text::xid8, seq = %s", str(early.xid), early.seq)
    assert asyncio.run(swept(90)) == 4
    city.rows("DELETE FROM change_readers")
    assert asyncio.run(swept(101)) == 0
    assert asyncio.run(swept(90)) == len(whole) // 2 + 1 - 4
    assert read(city.url) == whole[len(whole) // 2 + 1 :]
    with serving(database.reader, tmp_path) as address:
        one = httpx.get(f"{address}/changes", params={"limit": 1}).json()
        assert not one["complete"]
        assert one["changes"][0]["feature_id"] == str(whole[len(whole) // 2 + 1].feature_id)
        store = one["cursor"].split("-")[0]
        assert httpx.get(f"{address}/changes", params={"since": early.event_id(store)}).status_code == 410
        at_end = httpx.get(f"{address}/changes", params={"since": half.event_id(store), "limit": 10_000}).json()
        assert at_end["complete"]
        assert len(at_end["changes"]) == len(whole) - len(whole) // 2 - 1
        assert httpx.get(f"{address}/changes", params={"since": f"{store}-99999999-1"}).status_code == 409
    # The newest stays, whatever its age: the store's version is known by it.
    assert asyncio.run(swept(-1)) == len(whole) - len(whole) // 2 - 2
    assert read(city.url) == whole[-1:]


def test_a_drawing_is_read_anew_where_the_log_no_longer_tells_what_happened_since(city: City) -> None:
    assert not city.publish(DRAWING).features
    city.rows("UPDATE buildings SET name = '改名' WHERE code = 'B05'")
    city.rows("DELETE FROM change_log")
    city.rows("INSERT INTO store_meta (key, value) SELECT 'changes_swept', pg_current_xact_id()::text || '-1'")
    assert [done[1:] for done in city.publish(DRAWING).features] == [("building", "综合办公楼", "update")]
