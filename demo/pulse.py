"""A modest pulse: readings, alarms and now and then a case, until real feeds come."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from demo.industry import industries
from demo.permits import limit
from feeds.alarm_words import message as said
from gis.models.alarm import Step, Taken
from gis.rules.alarm_rules import named
from gis.rules.alarms import Limit, Span
from gis.store.alarm_steps import listed, take
from gis.store.asking import asked
from gis.store.connect import Actor, Transaction
from gis.store.state import Outlet, close_alarms, has_cases, is_open, link_case, open_alarm, outlets, put_readings

ACTOR = Actor("demo", "示范数据脉动", "demo")
CODES = {
    "二氧化硫": "a21026",
    "氮氧化物": "a21002",
    "颗粒物": "a34013",
    "氯化氢": "a21024",
    "一氧化碳": "a21005",
    "氟化物": "a21018",
    "非甲烷总烃": "a24088",
    "化学需氧量": "w01018",
    "氨氮": "w21003",
    "总磷": "w21011",
    "总氮": "w21001",
    "悬浮物": "w01012",
    "石油类": "w22001",
}
"""Pollutant → factor code (HJ 212-2017, annex B)."""
SEEDED = {1: 2, 2: 5, 3: 9, 4: 12}
"""Level → alarms that stand open in a city of 140."""
OVER = {1: (3.2, 4.6), 2: (1.15, 2.4)}
"""Level → about how many times the limit its value is, as the rules have it (`gis/rules/alarms.yaml`)."""
OTHERS = {3: "constant", 4: "silent"}
"""Level → the rule of an alarm that is about no limit."""
MATTERS = ("超标排放水污染物案（示范）", "未保证自动监测设备正常运行案（示范）", "危险废物贮存不规范案（示范）", "未按证排污案（示范）")


def _industry(outlet: Outlet) -> str:
    return next((key for key, industry in industries().items() if industry.code == outlet.industry_code), "")


def reading(outlet: Outlet, pollutant: str, at: datetime, dice: random.Random, share: float | None = None) -> dict[str, Any]:
    """Return one value of an outlet: a share of its limit, else one with the rhythm of the day."""
    known = limit(_industry(outlet), outlet.medium, pollutant)
    ceiling = known["value"] if known else 50.0
    rhythm = max(0.02, 0.5 + 0.12 * math.sin((at.hour + at.minute / 60) / 24 * 2 * math.pi) + dice.gauss(0, 0.05))
    value = round((share or rhythm) * ceiling, 3)
    unit = known["unit"] if known else "mg/L"
    return {"label": pollutant, "value": value, "unit": unit, "flag": "N", "limit": ceiling, "at": at.isoformat()}


def _readings(outlet: Outlet, at: datetime, dice: random.Random) -> dict[str, dict[str, Any]]:
    return {CODES[name]: reading(outlet, name, at, dice) for name in outlet.pollutants if name in CODES}


def seed_state(connection: Transaction, seed: int, *, alarms: bool = True) -> None:
    """Give a freshly loaded city its first readings, open alarms and cases; a city that has some is left alone.

    Parameters
    ----------
    connection : Transaction
        Inside `gis.store.connect.writing`.
    seed : int
        Decides which.
    alarms : bool
        Whether readings and alarms are invented too: not where data loggers speak and rules judge.
    """
    known = outlets(connection)
    if not known or any(outlet.read for outlet in known) or has_cases(connection):
        return
    now = datetime.now(UTC).replace(microsecond=0)
    dice = random.Random(f"{seed}:state")  # noqa: S311 — an invented state
    share = len(known) / 250
    if alarms:
        for outlet in known:
            put_readings(connection, outlet.feature_id, _readings(outlet, now - timedelta(minutes=dice.randint(2, 50)), dice))
        # An outlet has one of them at most: what its card shows is what the alarm is about.
        measured = [outlet for outlet in known if any(name in CODES for name in outlet.pollutants)]
        waiting = iter(dice.sample(measured, len(measured)))
        for level, count in SEEDED.items():
            for outlet in islice(waiting, max(1, round(count * share))):
                _alarm(connection, outlet, level, now - timedelta(hours=dice.uniform(1.2, 30)), dice)
    for number, outlet in enumerate(dice.sample(known, min(len(known), max(1, round(28 * share))))):
        _case(connection, outlet.feature_id, number + 1, dice)


def _alarm(connection: Transaction, outlet: Outlet, level: int, opened: datetime, dice: random.Random) -> None:
    """Open an alarm in the words of the rules, and show the reading that it is about."""
    name = next((name for name in outlet.pollutants if name in CODES), None)
    if name is None:
        return
    shown = _readings(outlet, opened, dice)
    if level in OVER:
        (rule,) = named(["gas_hour" if outlet.medium == "air" else "water_day"])
        shown[CODES[name]] = reading(outlet, name, opened, dice, dice.uniform(*OVER[level]))
    else:
        (rule,) = named([OTHERS[level]])
    if is_open(connection, outlet.feature_id, rule.name):
        return
    seen = shown[CODES[name]]
    span = Span(opened, None, level, opened, seen["value"], Limit(seen["limit"], unit=seen["unit"]), CODES[name])
    put_readings(connection, outlet.feature_id, shown)
    open_alarm(connection, outlet.feature_id, rule=rule.name, level=level, message=f"{said(rule, span)}（示范）", opened=opened)


def _case(connection: Transaction, feature_id: UUID, number: int, dice: random.Random) -> None:
    year = dice.randint(2016, 2026)
    opened = datetime(year, dice.randint(1, 6), dice.randint(1, 28), tzinfo=UTC).date()
    bureau = "达市环罚示" if opened.isoformat() >= "2018-12-30" else "达市环罚字示"
    case_id = f"{bureau}〔{year}〕{number + 100}号"
    link_case(
        connection, feature_id, case_id=case_id, title=dice.choice(MATTERS), opened_on=opened, status=dice.choice(("已结案", "执行中"))
    )


def beat(connection: Transaction, known: Sequence[Outlet], dice: random.Random) -> int:
    """Write one beat: new values of a few outlets, now and then an alarm that opens, older ones that close; returns how many changed.

    Parameters
    ----------
    connection : Transaction
        Inside `gis.store.connect.writing`.
    known : sequence of Outlet
        Of the city.
    dice : random.Random
        Decides.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    chosen = dice.sample(known, min(len(known), 12))
    for outlet in chosen:
        put_readings(connection, outlet.feature_id, _readings(outlet, now, dice))
    if dice.random() < 0.15:
        _alarm(connection, dice.choice(known), dice.choice((3, 3, 4, 4, 4)), now, dice)
    if dice.random() < 0.12:
        close_alarms(connection, before=now - timedelta(hours=6), most=1)
    if dice.random() < 0.004:
        _case(connection, dice.choice(known).feature_id, dice.randint(1000, 9999), dice)
    return len(chosen)


SAYINGS = {
    "acknowledge": ("值班员甲（示范）", "已电话核实"),
    "dispatch": ("值班员甲（示范）", "现场核查"),
    "handle": ("执法一组（示范）", "已责令查找原因，恢复正常"),
    "review": ("科室乙（示范）", "处置属实"),
    "close": ("科室乙（示范）", "归档"),
}


def duty(connection: Transaction, dice: random.Random) -> str | None:
    """Take one step of one open alarm, as duty officers would; returns which, None where there is nothing to do.

    Parameters
    ----------
    connection : Transaction
        Inside `gis.store.connect.writing`.
    dice : random.Random
        Decides which alarm.
    """
    open_ = [row for row in asked(connection, listed(limit=40)) if any(step["usual"] for step in row["steps"])]
    if not open_:
        return None
    row = dice.choice(open_)
    step: Step = next(step["step"] for step in row["steps"] if step["usual"])
    signed, reason = SAYINGS[step]
    asked(connection, take(row["alarm_id"], Taken(step, signed, reason, "执法一组（示范）" if step == "dispatch" else "")))
    return step
