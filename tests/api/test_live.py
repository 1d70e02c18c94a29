import asyncio
import json
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from city import City, found_city
from serving import serving

from api.caller import LOCAL
from api.live import Hub
from gis.settings import Settings
from gis.store import cluster as clusters
from gis.store import migrate
from gis.store.cluster import Urls

CLIENTS = 50


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner)


@pytest.fixture
def address(city: City, database: Urls, tmp_path: Path) -> Iterator[str]:
    with serving(database.reader, tmp_path) as address:
        yield address


@dataclass(frozen=True, slots=True)
class Received:
    id: str
    event: str
    data: dict[str, object]


async def events(lines: AsyncIterator[str]) -> AsyncIterator[Received]:
    """Read server-sent events as a browser does (HTML Living Standard, §9.2.6)."""
    fields: dict[str, str] = {}
    last_id = ""
    async for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        last_id = fields.get("id", last_id)
        if fields.get("event") == "beat":
            # Says that the stream stands, and nothing of the store.
            pass
        elif "data" in fields:
            yield Received(last_id, fields.get("event", "message"), json.loads(fields["data"]))
        elif "id" in fields:
            yield Received(last_id, "open", {})
        fields = {}


@dataclass(slots=True)
class Reader:
    """A client that is cut at random and resumes where it was."""

    address: str
    last_id: str
    ids: list[str] = field(default_factory=list)

    async def read(self, client: httpx.AsyncClient, until: str, chance: random.Random) -> None:
        while self.last_id != until:
            cut = chance.randint(1, 40)
            async with client.stream("GET", f"{self.address}/live", headers={"Last-Event-ID": self.last_id}) as response:
                async for received in events(response.aiter_lines()):
                    if received.event == "open":
                        continue
                    self.ids.append(received.id)
                    self.last_id = received.id
                    cut -= 1
                    if self.last_id == until or not cut:
                        break


def log(city: City) -> list[str]:
    """Return the event ids of the log, as psql sees it."""
    ((store,),) = city.rows("SELECT value FROM store_meta WHERE key = 'store_id'")
    return [f"{store}-{xid}-{seq}" for xid, seq in city.rows("SELECT xid::text, seq FROM change_log ORDER BY xid, seq")]


def write_out_of_order(url: str, codes: list[str], rounds: int) -> None:
    """Two writers: the one that begins first commits last, again and again."""
    with psycopg.connect(url) as early, psycopg.connect(url) as late:
        for number in range(rounds):
            early.execute("UPDATE buildings SET name = %s WHERE code = %s", [f"甲{number}", codes[0]])
            late.execute("UPDATE buildings SET name = %s WHERE code = %s", [f"乙{number}", codes[1]])
            late.commit()
            early.execute(
                "INSERT INTO alarms (feature_id, rule, level) SELECT feature_id, %s, 2 FROM buildings WHERE code = %s",
                [f"超标{number}", codes[0]],
            )
            early.commit()


def test_every_client_gets_the_whole_log_in_order_through_cuts_and_late_commits(city: City, address: str) -> None:
    before = log(city)

    async def scenario() -> list[Reader]:
        readers = [Reader(address, before[-1]) for _ in range(CLIENTS)]
        limits = httpx.Limits(max_connections=CLIENTS + 10)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            writer = asyncio.create_task(asyncio.to_thread(write_out_of_order, city.url, ["B01", "B02"], 40))
            # Readers run while the end is not known yet: they stop at a mark that is written last.
            tasks = [asyncio.create_task(reader.read(client, "", random.Random(number))) for number, reader in enumerate(readers)]  # noqa: S311
            await writer
            city.rows("UPDATE buildings SET name = '末' WHERE code = 'B03'")
            last = log(city)[-1]
            while any(reader.last_id != last for reader in readers):
                # A reader that failed would be waited for without end.
                for task in tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.05)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return readers

    readers = asyncio.run(asyncio.wait_for(scenario(), 120))
    expected = log(city)[len(before) :]
    assert len(expected) == 40 * 3 + 1
    for reader in readers:
        assert reader.ids == expected


async def first(address: str, count: int, do: object = None, **request: object) -> list[Received]:
    """Open `/live`, do something once it is open, and return the first events."""
    received: list[Received] = []
    async with httpx.AsyncClient(timeout=60) as client, client.stream("GET", f"{address}/live", **request) as response:  # type: ignore[arg-type]
        assert response.headers["content-type"].startswith("text/event-stream")
        async for event in events(response.aiter_lines()):
            if event.event == "open":
                if callable(do):
                    await asyncio.to_thread(do)
                if count == 0:
                    break
                continue
            received.append(event)
            if len(received) == count:
                break
    return received


def test_an_alarm_carries_the_whole_state(city: City, address: str) -> None:
    outlet = city.feature_id("DW001")
    (event,) = asyncio.run(
        first(address, 1, lambda: city.rows("INSERT INTO alarms (feature_id, rule, level) VALUES (%s, '超标', 1)", outlet))
    )
    assert event.event == "state"
    assert UUID(str(event.data["feature_id"])) == outlet
    assert event.data["state"]["alarm_level"] == 1  # type: ignore[index]
    assert event.id == log(city)[-1]


def test_a_change_says_what_and_where(city: City, address: str) -> None:
    (event,) = asyncio.run(first(address, 1, lambda: city.rows("UPDATE buildings SET height_m = 40 WHERE code = 'B05'")))
    assert (event.event, event.data["op"], event.data["layer"]) == ("change", "update", "buildings")
    assert event.data["enterprise_id"] == str(city.enterprise_id)
    assert len(event.data["bbox"]) == 4  # type: ignore[arg-type]


def test_a_position_of_another_store_asks_to_reload(address: str) -> None:
    (event,) = asyncio.run(first(address, 1, headers={"Last-Event-ID": "00000000-1-1"}))
    assert event.event == "reset"


def test_the_cursor_of_a_list_joins_without_a_gap(city: City, address: str) -> None:
    cursor = httpx.get(f"{address}/api/enterprises").json()["cursor"]
    city.rows("UPDATE buildings SET height_m = 40 WHERE code = 'B05'")
    (event,) = asyncio.run(first(address, 1, params={"after": cursor}))
    assert event.data["feature_id"] == str(city.feature_id("B05"))


def test_a_client_gets_only_its_scope(city: City, database: Urls, tmp_path: Path) -> None:
    cursor = log(city)[0]
    city.rows("INSERT INTO enterprises (code, name, geom, jurisdiction) VALUES ('X', '另一家', 'SRID=4490;POINT(107.6 31.2)', '511724')")
    with serving(database.reader, tmp_path, replace(LOCAL, scope="511724")) as address:
        (event,) = asyncio.run(first(address, 1, headers={"Last-Event-ID": cursor}))
    assert event.id == log(city)[-1]


@pytest.mark.parametrize("change", [(1, 0), (-1, 0), (0, 1)], ids=["ahead", "behind", "between"])
def test_a_position_that_is_not_in_the_log_asks_to_reload(city: City, address: str, change: tuple[int, int]) -> None:
    store, xid, seq = log(city)[-1].split("-")
    position = f"{store}-{int(xid) + change[0]}-{int(seq) + change[1]}"
    (event,) = asyncio.run(first(address, 1, headers={"Last-Event-ID": position}))
    assert event.event == "reset"


def test_a_number_that_json_libraries_refuse_does_not_silence_the_stream(city: City, address: str) -> None:
    def write() -> None:
        city.rows("UPDATE feature_state SET readings = '{\"x\": 99999999999999999999999}' WHERE feature_id = %s", city.feature_id("DW001"))
        city.rows("UPDATE buildings SET height_m = 40 WHERE code = 'B05'")

    state, change = asyncio.run(first(address, 2, write))
    assert state.data["state"]["readings"] == {"x": 99999999999999999999999}  # type: ignore[index]
    assert change.event == "change"


def test_the_stream_outlives_any_failure(city: City, database: Urls) -> None:
    async def scenario() -> None:
        calls = 0

        async def connect() -> psycopg.AsyncConnection:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise ValueError("unforeseen")
            return await psycopg.AsyncConnection.connect(database.reader, autocommit=True)

        hub = Hub(connect, "x")
        subscriber = hub.join()
        running = asyncio.create_task(hub.run())
        batch = await subscriber.frames.get()
        assert batch is not None
        assert len(batch.events) == len(log(city))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())


def test_the_database_is_killed_and_comes_back_under_a_server(private: Settings, tmp_path: Path) -> None:
    urls = clusters.ensure_running(private)
    migrate.upgrade(urls.owner)
    city = found_city(urls.owner)
    with serving(urls.reader, tmp_path) as address:
        cursor = httpx.get(f"{address}/api/enterprises").json()["cursor"]
        os.kill(clusters.status(private).pid or 0, signal.SIGKILL)
        answer = httpx.get(f"{address}/api/enterprises", timeout=60)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        clusters.ensure_running(private)
        assert httpx.get(f"{address}/api/enterprises", timeout=60).status_code == 200
        (event,) = asyncio.run(
            first(address, 1, lambda: city.rows("UPDATE buildings SET height_m = 40 WHERE code = 'B05'"), params={"after": cursor})
        )
    assert event.data["feature_id"] == str(city.feature_id("B05"))


def test_a_stream_ends_by_itself_when_the_server_stops(
    city: City, database: Urls, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with httpx.Client(timeout=300) as client, ExitStack() as house:
        address = house.enter_context(serving(database.reader, tmp_path, patience_s=300))
        with client.stream("GET", f"{address}/live") as response:
            lines = response.iter_lines()
            assert next(lines).startswith("retry")
            house.close()
            # One that was cut off would be an incomplete answer, which the client refuses.
            list(lines)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
