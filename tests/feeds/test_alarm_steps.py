from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from city import City
from serving import serving
from typer.testing import CliRunner

from api.caller import LOCAL, Permission
from api.cli import app
from feeds.judging import Judge
from gis.errors import Conflict, Invalid
from gis.models.alarm import STEPS, Taken, after, checked
from gis.store.cluster import Urls

SAID = {"signed": "值班员甲", "reason": "已核实", "to": "执法一组"}


def opened(city: City, rule: str = "constant", level: int = 3) -> UUID:
    ((alarm,),) = city.rows(
        "INSERT INTO alarms (feature_id, rule, level, message, opened) VALUES (%s, %s, %s, '恒值', now()) RETURNING alarm_id",
        city.feature_id("DW001"), rule, level,
    )  # fmt: skip
    assert isinstance(alarm, UUID)
    return alarm


@pytest.fixture
def address(city: City, database: Urls, tmp_path: Path) -> Iterator[str]:
    with serving(database.reader, tmp_path) as found:
        yield found


def test_an_alarm_goes_its_way_each_step_kept_and_told_to_open_pages(city: City, address: str) -> None:
    alarm = opened(city)
    url = f"{address}/api/alarms/{alarm}/steps"
    (row,) = httpx.get(f"{address}/api/alarms").json()["alarms"]
    assert (row["state_label"], row["rule_label"], row["enterprise"] is not None) == ("待确认", "数据恒值", True)
    assert [step["step"] for step in row["steps"] if step["usual"]] == ["acknowledge"]
    before = city.rows("SELECT count(*) FROM change_log WHERE op = 'state'")
    for step, state in (("acknowledge", "acknowledged"), ("dispatch", "dispatched"), ("handle", "handled")):
        answer = httpx.post(url, json={"step": step, **SAID})
        assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text
    assert city.rows("SELECT count(*) FROM change_log WHERE op = 'state'") > before
    # Who handled it does not review it; what does not follow is refused.
    assert httpx.post(url, json={"step": "review", **SAID}).status_code == 409
    assert httpx.post(url, json={"step": "dispatch", **SAID}).status_code == 409
    assert httpx.post(url, json={"step": "review", "signed": "乙"}).json()["parameter"] == "reason"
    assert httpx.post(url, json={"step": "fly", "signed": "乙"}).status_code == 400
    assert httpx.post(url, json={"step": "review", "signed": "乙", "reason": "属实"}).json()["state"] == "reviewed"
    last = httpx.post(url, json={"step": "close", "signed": "乙", "reason": "归档"}).json()
    assert (last["state"], last["outcome"], last["closed"] is not None, last["due"]) == ("closed", "true", True, None)
    assert [step["step"] for step in last["taken"]] == ["acknowledge", "dispatch", "handle", "review", "close"]
    assert httpx.get(f"{address}/api/alarms").json() == {"alarms": [], "counts": []}
    assert city.rows("SELECT open_alarms FROM feature_state WHERE feature_id = %s", city.feature_id("DW001")) == [(0,)]
    card = httpx.get(f"{address}/api/features/{city.feature_id('DW001')}").json()
    assert card["alarms"][0]["state_label"] == "已关闭"


def test_a_false_alarm_proposes_thresholds_that_another_person_decides(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    alarm = str(opened(city))
    monkeypatch.setenv("DATABASE_URL", city.url)

    def run(*words: str) -> tuple[int, str]:
        ran = CliRunner().invoke(app, ["alarm", *words])
        return ran.exit_code, ran.output + repr(ran.exception)

    assert "没有可调的 colour" in run("false", alarm, "--reason", "冲洗", "--set", "colour=8", "--by", "甲")[1]
    assert run("false", alarm, "--reason", "仪表冲洗期间不变", "--set", "hold=8", "--by", "甲")[0] == 0
    assert "同意或不同意" in run("review", alarm, "--reason", "是", "--by", "乙")[1]
    assert "要由别人复核" in run("review", alarm, "--reason", "是", "--by", "甲", "--accept")[1]
    assert run("review", alarm, "--reason", "核对过冲洗记录", "--by", "乙", "--accept")[0] == 0
    assert city.rows("SELECT rule, change, accepted, proposed_by, decided_by FROM alarm_thresholds") == [
        ("constant", {"hold": 8}, True, "甲", "乙")
    ]
    assert "仪表冲洗期间不变" in run("show", alarm)[1]
    assert "已复核" in run("list")[1]
    assert "hold" in run("rules", "constant")[1]
    assert '"$defs"' in run("rules", "--schema")[1]
    assert run("replay", "2026-03")[0] == 0


def test_what_is_overdue_goes_up_and_one_alarm_stands_open_of_a_rule(city: City) -> None:
    alarm = opened(city)
    with pytest.raises(psycopg.errors.UniqueViolation):
        opened(city)
    city.rows("UPDATE alarms SET due = now() - interval '1 minute', opened = now() - interval '1 day' WHERE alarm_id = %s", alarm)
    for later in range(1, 6):
        with psycopg.connect(city.url, autocommit=True) as connection:
            Judge().step(connection, datetime.now(UTC) + later * timedelta(days=2))
    told = [reason for (reason,) in city.rows("SELECT reason FROM alarm_steps ORDER BY step_id")]
    assert told == ["超过时限，上报值班长", "超过时限，上报科室负责人", "超过时限，上报分管领导"]


def test_steps_need_their_permission(city: City, database: Urls, tmp_path: Path) -> None:
    alarm = opened(city)
    handling = frozenset({Permission.FEATURES_READ, Permission.ALARMS_HANDLE})
    with serving(database.reader, tmp_path, replace(LOCAL, permissions=handling)) as address:
        url = f"{address}/api/alarms/{alarm}/steps"
        assert httpx.post(url, json={"step": "acknowledge", **SAID}).status_code == 200
        assert httpx.post(url, json={"step": "close", **SAID}).status_code == 403
    with serving(database.reader, tmp_path, replace(LOCAL, scope="511722")) as address:
        assert httpx.get(f"{address}/api/alarms").json()["alarms"] == []
        assert httpx.post(f"{address}/api/alarms/{alarm}/steps", json={"step": "dispatch", **SAID}).status_code == 404


def test_every_step_has_its_word_and_says_what_is_missing() -> None:
    assert set(STEPS) == {"acknowledge", "dispatch", "handle", "false", "review", "return", "close"}
    with pytest.raises(Invalid, match="派给谁"):
        checked(Taken("dispatch", "甲", "去看"))
    with pytest.raises(Conflict, match="可以做的：确认、误报"):
        after("raised", Taken("close", "甲", "好"), None, proposed=False)
