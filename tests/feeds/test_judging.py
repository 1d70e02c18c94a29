import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta

import psycopg
import pytest
from city import City
from psycopg.errors import RaiseException

from feeds.following import ACTOR
from feeds.judging import Judge
from feeds.replay import Difference, replay
from gis.clock import BEIJING
from gis.store import alarms
from gis.store import readings as store
from gis.store.connect import glancing, writing_plainly
from gis.store.transmission import month, record_outage

BEGIN = datetime(2026, 3, 1, tzinfo=BEIJING)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
STEP = {"hour": HOUR, "minute": timedelta(minutes=10), "rtd": timedelta(minutes=1)}
MN = "010000A8900016F000169DC0"


def put(
    city: City, values: dict[int, float], *, period: str = "hour", packet: int = 1, after: timedelta | None = None, flag: str = "N"
) -> None:
    with writing_plainly(city.url, ACTOR) as connection:
        (point,) = store.points(connection).values()
        for first in (BEGIN, BEGIN + 31 * DAY):
            store.make_month(connection, first)
        step = STEP[period]
        rows = [
            (point.point_id, period, "w01018", at, value, None, None, None, None, None, None, flag, None, packet, at + (after or step))
            for at, value in ((BEGIN + number * step, value) for number, value in values.items())
        ]
        store.write(connection, rows)


def judge(city: City, now: datetime, judging: Judge | None = None) -> None:
    judging = judging or Judge()
    with psycopg.connect(city.url, autocommit=True) as connection:
        while judging.step(connection, now):
            pass


def stood(city: City) -> list[tuple[object, ...]]:
    return city.rows("SELECT rule, level, state, outcome, closed IS NULL, cleared IS NULL FROM alarms ORDER BY began, rule")


def differences(city: City, now: datetime) -> tuple[set[tuple[str, datetime]], list[Difference]]:
    with glancing(city.url) as connection:
        found, differing = replay(connection, BEGIN, BEGIN + 31 * DAY, now)
    return {(case.rule.name, span.begin) for case, span in found}, differing


def day(value: float, first: int = 0, spread: float = 0.01) -> dict[int, float]:
    """Return hours of a day, no two the same."""
    return {first + hour: value * (1 + spread * ((hour * 7) % 5 - 2)) for hour in range(24)}


def test_a_day_over_its_limit_is_an_alarm_with_its_evidence_and_a_late_correction_takes_it_back_with_the_rate(city: City) -> None:
    now = BEGIN + DAY + 2 * HOUR
    put(city, day(60.0) | {24: 40.0})
    judge(city, now)
    assert stood(city) == [
        ("water_day", 2, "raised", "", True, True),
        ("water_hour", 3, "raised", "", True, True),
    ]
    ((message, evidence, state),) = city.rows(
        "SELECT message, evidence, alarm_level FROM alarms JOIN feature_state USING (feature_id) WHERE rule = 'water_day'"
    )
    assert message == "COD日均值 59.98 mg/L，限值 50 mg/L，超 0.20 倍"
    assert (evidence["limit"]["high"], evidence["limit"]["standard"], len(evidence["readings"]), state) == (50, "P", 1, 2)
    assert {"drawings", "video", "weather", "rule", "mn"} <= set(evidence)
    with psycopg.connect(city.url) as connection, pytest.raises(RaiseException, match="frozen"):
        connection.execute("""UPDATE alarms SET evidence = '{"a": 1}'""")
    # Again: nothing changes.
    put(city, day(60.0) | {24: 40.0}, packet=2)
    judge(city, now)
    assert len(stood(city)) == 2
    found, differing = differences(city, now)
    assert ({rule for rule, _ in found}, differing) == ({"water_day", "water_hour"}, [])

    def valid() -> int:
        with psycopg.connect(city.url) as connection:
            return month(connection, BEGIN.date(), now + DAY).city.valid

    rate = valid()
    put(city, day(30.0), packet=3, flag="M", after=20 * DAY)
    judge(city, now + 20 * DAY)
    assert valid() == rate - 24
    assert [row[:5] for row in stood(city) if row[0] != "missing"] == [
        ("water_day", 2, "closed", "corrected", False),
        ("water_hour", 3, "closed", "corrected", False),
    ]
    found, differing = differences(city, now + 20 * DAY)
    assert ({rule for rule, _ in found} & {"water_day", "water_hour"}, differing) == (set(), [])
    assert city.rows("SELECT count(*) FROM readings_former") == [(24,)]
    assert city.rows("SELECT count(*) FROM alarm_spans WHERE withdrawn IS NULL AND rule LIKE 'water%%'") == [(0,)]


def test_a_warning_ends_by_itself_with_hysteresis_and_what_goes_on_is_one_alarm(city: City) -> None:
    judging = Judge()

    def come(values: dict[int, float]) -> list[tuple[object, ...]]:
        put(city, values, period="rtd", packet=max(values))
        judge(city, BEGIN + max(values) * STEP["rtd"] + timedelta(minutes=1), judging)
        return city.rows("SELECT level, closed IS NULL, outcome FROM alarms WHERE rule = 'water_now' ORDER BY opened")

    assert come({1: 55.0, 2: 56.0}) == []
    assert come({3: 57.0}) == [(4, True, "")]
    assert come({4: 49.0, 5: 48.0, 6: 58.0}) == [(4, True, "")]
    # Below the limit is not enough: 95 % of it, five in a row.
    assert come(dict.fromkeys(range(7, 14), 48.0)) == [(4, True, "")]
    assert come(dict.fromkeys(range(14, 18), 40.0)) == [(4, True, "")]
    assert come({18: 40.0}) == [(4, False, "ended")]
    assert come({19: 60.0, 20: 60.0, 21: 60.0}) == [(4, False, "ended"), (4, True, "")]
    steps = city.rows("SELECT step FROM alarm_steps WHERE signed = '规则' ORDER BY step_id")
    assert [step for (step,) in steps] == ["raise", "clear", "end", "raise"]


def test_what_is_missing_or_constant_is_an_alarm_at_the_point_and_an_outage_mutes_it(city: City) -> None:
    steady = (
        {hour: 20.0 + hour % 3 for hour in range(10)}
        | dict.fromkeys(range(10, 16), 25.0)
        | {hour: 20.0 + hour % 3 for hour in range(20, 24)}
    )
    put(city, steady)
    now = BEGIN + DAY + HOUR / 2
    judge(city, now)
    assert [row[:2] for row in stood(city)] == [("constant", 3), ("missing", 4)]
    ((feature,),) = city.rows("SELECT DISTINCT feature_id FROM alarms")
    assert feature == city.feature_id("M001")
    with writing_plainly(city.url, ACTOR) as connection:
        record_outage(connection, MN, (BEGIN + 9 * HOUR, BEGIN + 20 * HOUR), "检修", "备案")
    judge(city, now)
    assert [(row[0], row[3]) for row in stood(city)] == [("constant", "corrected"), ("missing", "corrected")]
    # Back-filled hours are late all the same: the rule goes by when an hour first came.
    city.rows("UPDATE feed_outages SET withdrawn = now()")
    put(city, {hour: 20.0 + hour % 3 for hour in range(16, 20)}, packet=2, after=9 * HOUR)
    judge(city, now + 9 * HOUR)
    found, differing = differences(city, now + 9 * HOUR)
    assert {("missing", BEGIN + 16 * HOUR), ("constant", BEGIN + 10 * HOUR)} <= found
    assert differing == []


def test_the_judge_killed_again_and_again_gives_what_one_run_gives(city: City) -> None:
    for start in range(5):
        put(city, day(60.0 if start % 2 else 30.0, 24 * start), packet=start + 1)
    command = [sys.executable, "-c", f"import feeds.judging as j; j.BATCH = 1; j.judge({city.url!r})"]
    for number in range(2):
        before = city.rows("SELECT count(*) FROM alarm_due")
        process = subprocess.Popen(command, env=os.environ)
        while city.rows("SELECT count(*) FROM alarm_due") == before and before != [(0,)]:
            assert process.poll() is None, "it judges until it is killed"
            time.sleep(0.01)
        time.sleep(0.003 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
    judge(city, datetime.now(BEIJING))
    assert city.rows("SELECT count(*) FROM alarm_due") == [(0,)]
    now = datetime.now(BEIJING)
    found, differing = differences(city, now)
    assert [one for one in differing if one.rule != "missing"] == []
    assert len({begin for rule, begin in found if rule == "water_day"}) == 2
    assert city.rows("SELECT count(*) FROM alarm_spans WHERE rule = 'water_day'") == [(2,)]


def test_signals_of_others_are_judged_too(city: City) -> None:
    outlet = city.feature_id("DW001")
    for number, value in enumerate((2.5, 1.2, 3.1)):
        city.rows(
            "INSERT INTO alarm_signals (source_id, kind, feature_id, at, value) VALUES (%s, 'hotspot', %s, %s, %s)",
            f"r{number}", outlet, BEGIN + number * HOUR, value,
        )  # fmt: skip
        city.rows(
            "INSERT INTO alarm_signals (source_id, kind, feature_id, at) VALUES (%s, 'complaint', %s, %s)",
            f"c{number}", outlet, BEGIN + number * DAY,
        )  # fmt: skip
    judge(city, BEGIN + 3 * DAY)
    rows = city.rows("SELECT rule, value, until FROM alarm_spans ORDER BY rule")
    assert rows == [("complaints", 3.0, BEGIN + 5 * DAY), ("hotspot", 3.1, BEGIN + 5 * HOUR)]
    assert alarms.JUDGE == "规则"


def test_what_ended_some_days_ago_is_known_when_the_next_hour_comes(city: City) -> None:
    judging = Judge()
    put(city, day(60.0) | day(30.0, 24) | day(30.0, 48))
    judge(city, BEGIN + 3 * DAY, judging)
    put(city, {72 + hour: 30.0 + hour % 3 for hour in range(6)}, packet=2)
    put(city, {77: 31.5}, packet=3)
    judge(city, BEGIN + 3 * DAY + 6 * HOUR, judging)
    assert city.rows("SELECT count(*) FROM alarm_spans WHERE rule = 'water_day'") == [(1,)]
    put(city, {78: 30.5}, packet=4)
    judge(city, BEGIN + 3 * DAY + 7 * HOUR, judging)
    assert differences(city, BEGIN + 3 * DAY + 7 * HOUR)[1] == []
