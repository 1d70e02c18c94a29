"""Another system's database as the first door: its rows go over real TCP into our listener; two makes of database stand in for theirs."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from city import City

from feeds import pulling
from feeds.following import Follower
from feeds.forwarding import Source, messages, source_of
from feeds.listener import Listener, bound
from feeds.pulling import Pulling
from gis.clock import BEIJING
from gis.errors import DatabaseError, Invalid
from gis.store import foreign

MN = "010000A8900016F000169DC0"
SAID = """
name: 国控平台
view: {view}
period: hour
at_is: end
columns: {{mn: MN, factor: 因子, at: SJ, changed: GXSJ, value: 均值, zs_value: 折算, flag: BJ}}
codes: {{COD: w01018}}
flags: {{正常: N}}
"""
HOUR = datetime.now(BEIJING).replace(minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(days=3)


class Theirs:
    """A platform's table."""

    def __init__(self, url: str, view: str) -> None:
        self.url, self.view = url, view
        self.engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        self.at = HOUR + timedelta(days=1)
        schema, _, name = view.rpartition(".")
        names = ("MN", "因子", "SJ", "GXSJ", "均值", "折算", "BJ")
        kinds = (sa.Text, sa.Text, sa.DateTime, sa.DateTime, sa.Text, sa.Float, sa.Text)
        self.table = sa.Table(name, sa.MetaData(), *map(sa.Column, names, kinds), schema=schema or None)
        with self.engine.begin() as connection:
            if schema:
                connection.execute(sa.text("CREATE SCHEMA theirs"))
            self.table.create(connection)

    def put(self, *rows: tuple[Any, ...], before: float = 0.0) -> None:
        """Insert rows, or write them anew: number, factor, hour, value, flag; changed a second after the last, or some before."""
        self.at += timedelta(seconds=1)
        changed = self.at - timedelta(seconds=before)
        values = [
            {"MN": mn, "因子": factor, "SJ": HOUR + timedelta(hours=hour), "GXSJ": changed, "均值": value, "折算": None, "BJ": flag}
            for mn, factor, hour, value, flag in rows
        ]
        with self.engine.begin() as connection:
            for row in values:
                same = sa.and_(*(self.table.c[name] == row[name] for name in ("MN", "因子", "SJ")))
                connection.execute(self.table.delete().where(same))
            connection.execute(self.table.insert(), values)


@pytest.fixture(params=["postgresql", "sqlite"])
def theirs(request: pytest.FixtureRequest, city: City, tmp_path: Path) -> Iterator[Theirs]:
    if request.param == "sqlite":
        found = Theirs(f"sqlite:///{tmp_path / 'theirs.db'}", "v_hour")
    else:
        found = Theirs(city.url.replace("postgresql://", "postgresql+psycopg://", 1), "theirs.v_hour")
    yield found
    found.engine.dispose()


@asynccontextmanager
async def listening(city: City) -> Any:
    opened, stop = bound("127.0.0.1", 0), asyncio.Event()
    task = asyncio.create_task(Listener(city.url).run(opened, stop))
    yield opened.getsockname()[1]
    stop.set()
    await task


def read(city: City) -> list[tuple[Any, ...]]:
    with psycopg.connect(city.url, autocommit=True) as connection:
        follower = Follower()
        while follower.step(connection):
            pass
    return city.rows("SELECT factor, at, value, flag, version FROM readings ORDER BY factor, at")


def test_rows_come_in_once_corrections_as_versions_and_what_is_refused_is_kept(
    city: City, theirs: Theirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "BATCH", 3)
    source = source_of(SAID.format(view=theirs.view).encode())
    theirs.put(*((MN, "COD", hour, f"{40 + hour}.5", "正常") for hour in range(7)))
    theirs.put((MN, "060", 1, "1.25", "D"), ("", "COD", 1, "1", "N"), (MN, "COD", 9, "viel", "N"), ("STRANGER", "COD", 1, "3", "N"))

    async def run() -> None:
        async with listening(city) as port:
            pull = Pulling(source, theirs.url, city.url, "127.0.0.1", port)
            assert await pull.once() == (9, 2)
            assert await pull.once() == (0, 0)
            # One that was committed late, and one that was corrected.
            theirs.put((MN, "COD", 8, "48.5", "正常"), before=30)
            theirs.put((MN, "COD", 2, "12.5", "正常"))
            assert await pull.once() == (2, 0)
            # Somebody else goes on from the mark; what it sees again changes nothing.
            again = Pulling(source, theirs.url, city.url, "127.0.0.1", port)
            assert (await again.once())[1] == 2

    asyncio.run(run())
    first = HOUR.replace(tzinfo=BEIJING) - timedelta(hours=1)
    found = read(city)
    cod = [(first + timedelta(hours=hour), 12.5 if hour == 2 else 40.5 + hour, "N", 2 if hour == 2 else 1) for hour in (*range(7), 8)]
    assert [row[1:] for row in found if row[0] == "w01018"] == cod
    assert [row[1:] for row in found if row[0] == "w21003"] == [(first + timedelta(hours=1), 1.25, "D", 1)]
    assert len(found) == 9
    ((taken, refused),) = city.rows("SELECT taken, refused FROM feed_sources")
    # The rows of the look back were taken again by the other one; a row that is refused again counts once.
    assert (taken, refused) == (9 + 2 + 10, 2)
    assert city.rows("SELECT why, row->>'value' FROM feed_refused ORDER BY refused_id") == [("没有设备编号", "1"), ("数值不是数", "viel")]
    assert city.rows("SELECT mn FROM feed_devices ORDER BY mn") == [(MN,), ("STRANGER",)]


def test_nothing_moves_while_nobody_acknowledges(city: City, theirs: Theirs) -> None:
    source = source_of(SAID.format(view=theirs.view).encode())
    theirs.put((MN, "COD", 1, "41", "正常"))
    with bound("127.0.0.1", 0) as closed:
        port = closed.getsockname()[1]
    pull = Pulling(source, theirs.url, city.url, "127.0.0.1", port)
    with pytest.raises(OSError, match="onnect"):
        asyncio.run(pull.once())
    with psycopg.connect(city.url) as connection:
        ((state,),) = [list(foreign.sources(connection))]
    assert (state.mark, state.taken) == (None, 0)
    wrong = Pulling(source.model_copy(update={"view": "nowhere"}), theirs.url, city.url, "127.0.0.1", port)
    with pytest.raises(DatabaseError, match="nowhere"):
        asyncio.run(wrong.once())


def test_a_file_says_what_is_wrong_with_it_and_an_address_is_not_repeated() -> None:
    with pytest.raises(Invalid, match="columns 缺少 changed、at、factor") as told:
        source_of(b"name: x\nview: v\nperiod: hour\ncolumns: {mn: MN, value: V}")
    assert "hour" not in str(told.value)
    with pytest.raises(Invalid, match="period"):
        source_of(SAID.format(view="v").replace("hour", "week").encode())
    with pytest.raises(Invalid) as hidden:
        foreign.opened("oracle+nothing://me:secret@host/db")
    assert "secret" not in str(hidden.value)


def test_real_time_rows_are_rtd_and_systems_follow_the_factor() -> None:
    source = Source(name="x", view="v", period="rtd", columns={name: name for name in ("mn", "factor", "at", "changed", "value")})
    at = datetime(2026, 3, 2, 8, 0, 5, tzinfo=BEIJING)
    rows = [{"mn": MN, "factor": factor, "at": at, "value": 1.5} for factor in ("a21026", "w01018", "a34013")]
    found, refused = messages([*rows, {"mn": "a;b", "factor": "a21026", "at": at, "value": 1}, rows[0] | {"value": float("nan")}], source)
    assert [(one.packet.st, one.items) for one in found] == [
        ("31", ("DataTime=20260302080005", "a21026-Rtd=1.5", "a34013-Rtd=1.5")),
        ("32", ("DataTime=20260302080005", "w01018-Rtd=1.5")),
    ]
    assert [why for why, _ in refused] == ["没有设备编号", "数值不是数"]
