from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from gis.clock import BEIJING
from gis.rules import averaging
from gis.rules.averaging import Value, days, hours, months, rule_on, rules
from gis.rules.marks import Mark, kinds, worth

BEGIN = datetime(2026, 3, 1, tzinfo=BEIJING)
HOUR = timedelta(hours=1)
MINUTES = timedelta(minutes=10)


def hourly(*numbers: float | None) -> list[Value]:
    return [Value(BEGIN + HOUR * place, number, valid=number is not None) for place, number in enumerate(numbers)]


def test_an_hour_of_gas_needs_45_valid_minutes() -> None:
    six = [Value(BEGIN + MINUTES * number, 10.0 + number, zs=20.0, valid=number != 5) for number in range(6)]
    (hour,) = hours("a21026", six, "air")
    assert (hour.value, hour.zs, hour.valid, hour.counts) == (12.0, 20.0, 50, True)
    four = [*six[:4], Value(BEGIN + HOUR, 1.0), Value(BEGIN + HOUR + MINUTES, 1.0)]
    assert [(one.valid, one.counts) for one in hours("a21026", four, "air")] == [(40, False), (20, False)]


def test_a_day_of_gas_needs_20_hours_a_day_of_water_three_quarters_of_those_that_ran() -> None:
    (day,) = days("a21026", hourly(*[1.0] * 20, *[None] * 4), "air")
    assert (day.valid, day.needed, day.counts) == (20, 20, True)
    assert not days("a21026", hourly(*[1.0] * 19, *[None] * 5), "air")[0].counts
    assert days("w01018", hourly(*[1.0] * 18), "water")[0].counts
    assert not days("w01018", hourly(*[1.0] * 17), "water")[0].counts
    stopped = [Value(BEGIN + HOUR * place, 0.0, valid=place < 9, why="" if place < 9 else "F") for place in range(21)]
    (day,) = days("w01018", stopped, "water")
    assert (day.due, day.needed, day.counts) == (12, 9, True)


def test_a_day_of_water_is_weighted_by_flow_and_ph_has_a_range() -> None:
    values = hourly(*[10.0] * 12, *[40.0] * 12)
    flow = {one.at: 1.0 if one.value == 10.0 else 3.0 for one in values}
    assert days("w01018", values, "water", flow)[0].value == pytest.approx(32.5)
    assert days("w01018", values, "water")[0].value == pytest.approx(25.0)
    # The flow itself is not weighted by the flow.
    assert days("w00000", values, "water", flow)[0].value == pytest.approx(25.0)
    (acid,) = days("w01001", hourly(*[6.2, 8.9] * 12), "water", flow)
    assert (acid.value, acid.low, acid.high, acid.counts) == (None, 6.2, 8.9, True)


def test_a_month_of_gas_needs_25_days_23_in_february() -> None:
    def month(first: date, count: int) -> bool:
        begin = datetime(first.year, first.month, 1, tzinfo=BEIJING)
        daily = days("a21026", [Value(begin + HOUR * place, 1.0) for place in range(24 * count)], "air")
        return months("a21026", daily, "air")[0].counts

    assert [month(date(2026, 3, 1), count) for count in (24, 25)] == [False, True]
    assert [month(date(2026, 2, 1), count) for count in (22, 23)] == [False, True]


def test_the_rules_of_a_medium_follow_each_other() -> None:
    for medium in ("air", "water"):
        own = [rule for rule in rules() if rule.medium == medium]
        assert all(one.end is not None and one.end < later.begin for one, later in pairwise(own))
        assert rule_on("air", date(1999, 1, 1)).begin == rule_on("air", date(2026, 3, 1)).begin
    assert averaging.converted(40.0, 20.9, 6.0) is None


def test_a_mark_counts_where_it_was_made_in_time_and_not_refused() -> None:
    def said(kind: str, declared: datetime, refused: bool = False) -> tuple[bool, bool, str]:
        mark = Mark(kinds()[kind], None, BEGIN, BEGIN + 5 * HOUR, declared, refused)
        found = worth("a21026", BEGIN + HOUR, 400.0, "N", [mark])
        return found.valid, found.judged, found.why

    soon, late = BEGIN + timedelta(days=9), BEGIN + timedelta(days=11)
    assert said("start_up", soon) == (True, False, "start_up")
    assert said("device_maintenance", soon) == (False, False, "device_maintenance")
    assert said("start_up", late) == said("start_up", soon, refused=True) == (True, True, "")
    assert worth("a21026", BEGIN, None, "N").why == "-"
    assert not worth("a21026", BEGIN, 1.0, "D").valid
    assert worth("a21026", BEGIN, 1.0, None).valid
