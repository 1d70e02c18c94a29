"""Power pairs: each kind of finding and nothing else, learned levels, orders, and the same out of stored readings."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import psycopg
import pytest
from city import City, found_city
from serving import serving
from typer.testing import CliRunner

from feeds.fleet import power_devices
from feeds.judging import Judge
from feeds.powers import load
from feeds.replay import replay
from gis.clock import BEIJING
from gis.models.process import ProcessGraph, ProcessNode, ProcessStream
from gis.power_cli import app
from gis.power_table import read_channels
from gis.rules.loads import gridded, learned_floor, running_level
from gis.rules.pairing import Pair, pairs
from gis.rules.power import Finding, Loads, Order, Series, judged, rules
from gis.store import readings as store
from gis.store.asking import asked
from gis.store.cluster import Urls
from gis.store.connect import Actor, writing_plainly
from gis.store.power import Channel, put_channels, read_judgement

RULE = rules()[0]
BEGIN = datetime(2026, 3, 2, tzinfo=BEIJING)
STEP = RULE.step
DAY = int(timedelta(days=1) / STEP)
PAIRS = (Pair("TA001", ("MF0001", "MF0002")),)
HOURS = {"MF0001": (8, 20), "TA001": (7.5, 20.5)}


def loads(begin: float, end: float, level: float = 100.0) -> Loads:
    """A day on which something runs from one hour to another."""
    found = np.full(DAY, 1.0)
    found[round(begin * 12) : round(end * 12)] = level
    return found


def day(**changed: Any) -> list[Finding]:
    """What is found on an ordinary day with something changed."""
    floor = changed.pop("floor", None)
    orders = changed.pop("orders", ())
    found = PAIRS if "TW001" not in changed else (Pair("TW001", ("MF0001",)),)
    devices = {code: changed.get(code, loads(*hours)) for code, hours in HOURS.items()} | changed
    series = {code: Series(load, 100.0, floor if code.startswith("T") else None, np.isnan(load)) for code, load in devices.items()}
    return judged(found, series, orders, BEGIN, RULE)


def kinds(found: list[Finding]) -> list[str]:
    return [one.kind for one in found]


def at(hour: float) -> datetime:
    return BEGIN + timedelta(hours=hour)


def test_an_ordinary_day_says_nothing() -> None:
    assert day(floor=80.0) == []


def test_production_without_treatment_is_untreated_late_or_early_by_how_it_begins_and_ends() -> None:
    gap = loads(7.5, 20.5)
    gap[12 * 12 : 13 * 12] = 0.0
    (found,) = day(TA001=gap)
    assert (found.kind, found.begin, found.end, found.open) == ("untreated", at(12), at(13), False)
    assert (found.treatment, found.production, found.numbers) == ("TA001", ("MF0001",), {"treatment_share": 0.0})
    assert kinds(day(TA001=loads(9, 20.5))) == ["late"]
    assert kinds(day(TA001=loads(7.5, 19))) == ["early"]
    assert kinds(day(TA001=loads(0, 0))) == ["untreated"]
    # As long as its basin holds, sewage may wait for its treatment.
    assert day(TA001=loads(0, 24), TW001=loads(9, 16)) == []
    assert kinds(day(TA001=loads(0, 24), TW001=loads(0, 0))) == ["untreated"]
    # Ten minutes are within what the rule allows.
    assert day(TA001=loads(8 + 1 / 6, 20.5)) == []


def test_a_treatment_that_only_turns_is_idling_and_one_that_turns_slower_is_under_its_floor() -> None:
    assert kinds(day(TA001=loads(7.5, 20.5, 20.0), floor=80.0)) == ["idling"]
    (found,) = day(TA001=loads(7.5, 20.5, 60.0), floor=80.0)
    assert (found.kind, found.begin, found.numbers["floor"]) == ("under_floor", at(8), 80.0)


def test_what_goes_on_is_open_and_silence_is_offline_and_nothing_else() -> None:
    silent = loads(7.5, 20.5)
    silent[10 * 12 : 12 * 12] = np.nan
    (found,) = day(TA001=silent)
    assert (found.kind, found.begin, found.end) == ("offline", at(10), at(12))
    (found,) = day(MF0001=loads(8, 24))
    assert (found.kind, found.begin, found.open) == ("untreated", at(20.5), True)


def test_orders_are_broken_by_what_runs_in_their_time() -> None:
    stop = Order(at(10), at(12), frozenset({"MF0001"}), 0.0, 7)
    (found,) = day(orders=[stop])
    assert (found.kind, found.begin, found.end, found.order_id) == ("stop_broken", at(10), at(12), 7)
    assert day(orders=[Order(at(10), at(12), frozenset({"MF0009"}))]) == []
    assert kinds(day(orders=[Order(at(10), at(12), share=0.6)])) == ["limit_broken"]
    assert day(MF0001=loads(8, 20, 60.0), orders=[Order(at(10), at(12), share=0.6)]) == []
    assert kinds(day(MF0001=loads(8, 20, 140.0))) == ["overload"]


def test_levels_are_learned_from_ordinary_days() -> None:
    noise = np.random.default_rng(1).normal(1.0, 0.03, DAY * 5)
    made, treated = (np.tile(loads(*hours, 200.0), 5) * noise for hours in HOURS.values())
    running = running_level(treated, RULE)
    assert running == pytest.approx(200, rel=0.02)
    floor = learned_floor(Series(treated, running), made > 100, RULE)
    assert floor == pytest.approx(200 * (1 - 1.645 * 0.03), rel=0.01)
    assert running_level(treated[: DAY // 2], RULE) is None
    assert running_level(np.zeros(DAY * 5), RULE) is None
    # Without a known level nothing is judged.
    assert judged(PAIRS, {"MF0001": Series(made), "TA001": Series(treated)}, (), BEGIN, RULE) == []


def test_a_grid_fills_short_gaps_only() -> None:
    samples = [(BEGIN + step * STEP + timedelta(seconds=20 * part), float(part)) for step in (0, 1, 6) for part in range(3)]
    grid, silent = gridded(samples, BEGIN, BEGIN + 8 * STEP, STEP)
    np.testing.assert_array_equal(grid, [1, 1, 1, 1, np.nan, np.nan, 1, 1])
    np.testing.assert_array_equal(silent, [False, False, True, True, True, True, False, True])
    assert gridded([], BEGIN, BEGIN, STEP)[0].size == 0


def test_pairs_follow_the_process_to_the_first_treatment() -> None:
    rows = [
        ("P1", "step", "MF0001"),
        ("P2", "step", "MF0002"),
        ("G1", "pollution", None),
        ("G2", "pollution", None),
        ("W1", "pollution", None),
        ("J", "junction", None),
        ("T1", "treatment", "TA001"),
        ("T2", "treatment", "TA002"),
        ("T3", "treatment", "TW001"),
    ]
    ways = ["P1>G1", "G1>T1", "T1>T2", "P1>P2", "P2>G2", "G2>J", "J>T1", "P2>W1", "W1>T3", "J>G2"]
    nodes = tuple(ProcessNode(code, code, kind, unit) for code, kind, unit in rows)  # type: ignore[arg-type]
    streams = tuple(ProcessStream(way, *way.split(">")) for way in ways)
    assert pairs(ProcessGraph(nodes, streams)) == (Pair("TA001", ("MF0001", "MF0002")), Pair("TW001", ("MF0002",)))


MN = "P0000000000000000000001"
TABLE = f"""mn,factor,unit_code,rated
{MN},d20401,MF0001,100
{MN},d30401,TA001,100
{MN},d30402,TA009,
{MN},d3-1,TA001,
NOBODY,d30401,TA001,
{MN},d30403,TA001,nan
"""


@pytest.fixture
def works(database: Urls) -> City:
    found = found_city(database.owner, drawing=None)
    ring = "SRID=4490;POLYGON((107.5 31.2,107.501 31.2,107.501 31.201,107.5 31.2))"
    owner = found.enterprise_id
    found.rows("INSERT INTO production_units (code, name, enterprise_id, geom) VALUES ('MF0001', '窑', %s, %s)", owner, ring)
    found.rows(
        "INSERT INTO treatment_facilities (code, name, facility_type, serves_code, enterprise_id, geom) "
        "VALUES ('TA001', '除尘', 'air', 'MF0001', %s, %s)",
        owner,
        ring,
    )
    found.rows(
        "INSERT INTO monitoring_points (code, name, monitor_type, mn, outlet_code, enterprise_id, geom) "
        "VALUES ('M001', '用电监控', 'power', %s, 'TA001', %s, %s)",
        MN,
        owner,
        "SRID=4490;POINT(107.5 31.2)",
    )
    return found


def send(city: City, factor: str, load: Loads, number: int = 0, packet: int = 1) -> None:
    with writing_plainly(city.url, Actor("test", "readings")) as connection:
        (point,) = store.points(connection).values()
        store.make_month(connection, BEGIN)
        rest = (None,) * 6
        rows = [
            (point.point_id, "rtd", factor, BEGIN + (number * DAY + step) * STEP, float(value), *rest, "N", None, packet, BEGIN)
            for step, value in enumerate(load)
        ]
        store.write(connection, rows)


def test_a_table_of_channels_keeps_what_it_refuses() -> None:
    found, refused = read_channels(TABLE.encode())
    assert [(one.factor, one.rated) for one in found] == [("d20401", 100.0), ("d30401", 100.0), ("d30402", None), ("d30401", None)]
    assert [line for line, _ in refused] == [5, 7]


def test_the_power_of_a_stored_enterprise_by_command_and_over_http(works: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANJING_DATABASE_URL", works.url)
    table = tmp_path / "channels.csv"
    table.write_text(TABLE)
    run = CliRunner()
    stored = run.invoke(app, ["channels", str(table)])
    assert stored.exit_code == 1
    assert "4 路，新登记或改动 2，拒绝 4" in stored.output
    assert "没有设施 TA009" in stored.output
    assert "没有设备编号为 NOBODY" in stored.output
    assert "新登记或改动 0" in run.invoke(app, ["channels", str(table)]).output
    send(works, "d20401", loads(8, 20))
    send(works, "d30401", loads(9, 20.5))
    code = works.rows("SELECT code FROM enterprises WHERE feature_id = %s", works.enterprise_id)[0][0]
    about = ["--enterprise", code]
    shown = run.invoke(app, ["pairs", *about, "--json"])
    assert orjson.loads(shown.output) == [{"treatment": "TA001", "production": ["MF0001"]}]
    order = [
        "order",
        *about,
        "--from",
        "2026-03-02T14:00",
        "--to",
        "2026-03-02T16:00",
        "--cause",
        "橙色预警",
        "--evidence",
        "达环〔2026〕1号",
    ]
    assert "停限产要求 1 已登记" in run.invoke(app, order).output
    times = ["--from", "2026-03-02T00:00", "--to", "2026-03-03T00:00"]
    shown = run.invoke(app, ["judge", *about, *times, "--json"])
    assert shown.exit_code == 1
    found = orjson.loads(shown.output)
    assert [(one["kind"], one["treatment"], one["production"], one["order_id"]) for one in found] == [
        ("late", "TA001", ["MF0001"], None),
        ("stop_broken", None, ["MF0001"], 1),
    ]
    with serving(works.url, tmp_path / "data") as address, httpx.Client(base_url=address) as client:
        path = f"/api/enterprises/{works.enterprise_id}/power"
        body = client.get(path, params={"from": "2026-03-02T00:00", "to": "2026-03-03T00:00"}).json()
        assert body["findings"] == found
        assert [len(device["loads"]) for device in body["devices"]] == [DAY, DAY]
        assert client.get(path, params={"to": "gestern"}).status_code == 400
        assert {one["kind"] for one in client.get(path).json()["findings"]} == {"offline"}
    with psycopg.connect(works.url) as connection:
        assert connection.execute("SELECT count(*) FROM power_channels").fetchone() == (2,)


def test_untreated_production_is_an_alarm_at_its_treatment(works: City) -> None:
    with writing_plainly(works.url, Actor("test", "channels")) as connection:
        put_channels(connection, [Channel(MN, "d20401", "MF0001", 100.0), Channel(MN, "d30401", "TA001", 100.0)])
    gap = loads(7.5, 20.5)
    gap[12 * 12 : 13 * 12] = 0.0
    send(works, "d20401", loads(8, 20))
    send(works, "d30401", gap)
    with psycopg.connect(works.url, autocommit=True) as connection:
        judging = Judge()
        while judging.step(connection, at(24)):
            pass
    rows = works.rows("SELECT rule, level, feature_id, began, closed IS NULL FROM alarms WHERE rule LIKE 'power%%'")
    assert rows == [("power_untreated", 2, works.feature_id("TA001"), at(12), True)]


def test_a_simulated_power_logger_stands_at_its_treatment_and_is_judged(works: City) -> None:
    with psycopg.connect(works.url) as connection:
        (logger,), channels = power_devices(connection, 1)
    with writing_plainly(works.url, Actor("test", "channels")) as connection:
        assert put_channels(connection, channels) == (2, [])
    assert [channel.unit_code for channel in channels] == ["MF0001", "TA001"]
    assert dict(logger.factors) == {channel.factor: channel.rated for channel in channels}
    found: Counter[str] = Counter()
    for number in range(400):
        begin = BEGIN + timedelta(days=number)
        grid = {channel.unit_code: channel for channel in channels}
        series = {
            code: Series(np.array([load(logger, one.factor, one.rated or 0.0, begin + step * STEP) for step in range(DAY)]), one.rated)
            for code, one in grid.items()
        }
        found.update(one.kind for one in judged((Pair("TA001", ("MF0001",)),), series, (), begin, RULE))
    # A few days a year, and nothing that was not meant.
    assert set(found) <= {"untreated", "late", "idling"}
    assert 4 <= sum(found.values()) <= 40


def test_levels_are_learned_once_a_day_and_anew_where_late_data_come_for_the_days_behind_them(works: City) -> None:
    with writing_plainly(works.url, Actor("test", "channels")) as connection:
        put_channels(connection, [Channel(MN, "d20401", "MF0001"), Channel(MN, "d30401", "TA001")])
    for number in range(4):
        send(works, "d20401", loads(7, 21), number)
        send(works, "d30401", loads(6.5, 21.5) if number < 3 else loads(6.5, 21.5, 15.0), number)

    def judge(hours: float) -> None:
        with psycopg.connect(works.url, autocommit=True) as connection:
            judging = Judge()
            while judging.step(connection, at(hours)):
                pass

    def kept() -> list[tuple[Any, ...]]:
        return works.rows("SELECT day, levels -> 'TA001' -> 0, learned FROM power_levels WHERE day = %s", at(72).date())

    judge(96)
    (before,) = kept()
    assert before[:2] == (at(72).date(), 100.0)
    rows = works.rows("SELECT rule, feature_id, began FROM alarms WHERE rule LIKE 'power%%' AND closed IS NULL")
    assert rows == [("power_idling", works.feature_id("TA001"), at(79))]
    # What comes for the day itself changes nothing of what was learned.
    send(works, "d30401", loads(6.5, 21.5, 16.0), 3)
    judge(97)
    assert kept()[0] == before
    # What comes for the days behind it does: first a reader learns for himself, then the judge keeps it.
    for number in range(3):
        send(works, "d30401", loads(6.5, 21.5, 200.0), number, packet=2)
    with psycopg.connect(works.url) as connection:
        judgement = asked(connection, read_judgement(works.enterprise_id, at(72), at(96)))
    assert [levels["TA001"][0] for levels in judgement.learned.values()] == [200.0]
    assert kept()[0] == before
    judge(98)
    assert kept()[0][:2] == (at(72).date(), 200.0)
    with psycopg.connect(works.url) as connection:
        assert asked(connection, read_judgement(works.enterprise_id, at(72), at(96))).learned == {}
        found, differing = replay(connection, BEGIN, at(240), at(98))
    # 16 of 100 is idling, 16 of 200 is off; the alarm follows, and so does a replay.
    assert ({case.rule.name for case, _ in found}, differing) == ({"power_untreated"}, [])
    # Who was first heard at noon was not silent in the morning.
    heard = (
        "INSERT INTO feed_devices (mn, first_received, last_received, source, edition, system, packets) VALUES (%s, %s, %s, '', '', '', 1)"
    )
    works.rows(heard, MN, at(100), at(100))
    with psycopg.connect(works.url) as connection:
        offline = [one.begin for one in asked(connection, read_judgement(works.enterprise_id, at(96), at(110))).findings]
    assert offline == [at(100)] * 2
    # Another device on a channel: learned anew too.
    with writing_plainly(works.url, Actor("test", "channels")) as connection:
        put_channels(connection, [Channel(MN, "d30401", "TA001", 210.0)])
    with psycopg.connect(works.url) as connection:
        (levels,) = asked(connection, read_judgement(works.enterprise_id, at(72), at(96))).learned.values()
    assert levels["TA001"][0] == 210.0
