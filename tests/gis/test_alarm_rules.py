import json
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise

import pytest

from gis.clock import BEIJING
from gis.errors import Invalid
from gis.rules.alarm_rules import (
    ClusterRule,
    ConstantRule,
    DriftRule,
    FreshRule,
    JumpRule,
    LimitRule,
    MissingRule,
    ZeroRule,
    book,
    schema,
    tuned,
)
from gis.rules.alarms import Limit, Signal, arrivals_judged, judged, signals_judged
from gis.rules.averaging import Mean

BEGIN = datetime(2026, 3, 1, tzinfo=BEIJING)
HOUR = timedelta(hours=1)
BASE = {"name": "x_rule", "label": "规则", "from": date(2020, 1, 1), "closes": "itself", "source": "试验"}


def means(*values: float | None, zs: float | None = None, judged: bool = True) -> list[Mean]:
    return [
        Mean(BEGIN + place * HOUR, value, zs, value, value, None, 60, 60, 45, value is not None, judged)
        for place, value in enumerate(values)
    ]


def limit(high: float, low: float | None = None) -> object:
    return lambda _: Limit(high, low)


def spans(rule: object, values: list[Mean], high: float = 100.0, low: float | None = None) -> list[tuple[int, int | None, int]]:
    found = judged(rule, "a21026", values, limit(high, low))  # type: ignore[arg-type]
    return [(int((one.begin - BEGIN) / HOUR), None if one.end is None else int((one.end - BEGIN) / HOUR), one.level) for one in found]


def limit_rule(**more: object) -> LimitRule:
    return LimitRule.model_validate(BASE | {"type": "limit", "medium": "air", "period": "hour", "levels": {1: 3, 2: 1}} | more)


def test_a_limit_is_held_by_basis_level_duration_and_hysteresis() -> None:
    assert spans(limit_rule(), means(90, 101, 250, 310, 99, 101)) == [(1, 4, 1), (5, None, 2)]
    # At the limit is not above it.
    assert spans(limit_rule(), means(100, 100)) == []
    assert spans(limit_rule(basis="converted"), means(40, 40, zs=120)) == [(0, None, 2)]
    assert spans(limit_rule(hold=2, clear={"share": 0.9, "count": 2}), means(101, 90, 101, 101, 95, 89, 88, 101)) == [(2, 5, 2)]
    assert spans(limit_rule(), means(120, judged=False)) == spans(limit_rule(), means(None)) == []
    assert spans(limit_rule(), means(7, 5.5, 9.2, 7), 9.0, 6.0) == [(1, 3, 2)]


def test_rules_of_devices() -> None:
    jump = JumpRule.model_validate(BASE | {"type": "jump", "level": 4, "times": 5, "floor": 0.05})
    assert spans(jump, means(20, 21, 130, 125, 3, 0.1, 2)) == [(2, 3, 4), (4, 5, 4)]
    same = ConstantRule.model_validate(BASE | {"type": "constant", "level": 3, "hold": 3, "within": 0.0001})
    assert spans(same, means(1, 2, 2, 2, 3, 3, None, 3)) == [(1, 4, 3), (4, None, 3)]
    zero = ZeroRule.model_validate(BASE | {"type": "zero", "level": 3, "hold": 2, "at_most": 0})
    assert spans(zero, means(1, 0, 2, 0, 0, 0, 1)) == [(3, 6, 3)]
    drift = DriftRule.model_validate(BASE | {"type": "drift", "level": 4, "recent": 3, "before": 6, "times": 2})
    assert spans(drift, means(*[10] * 6, *[25] * 5)) == [(8, None, 4)]
    assert spans(drift, means(*[10] * 6, *[15] * 5)) == []


def test_what_did_not_come_in_time_stays_late_though_it_came_later() -> None:
    missing = MissingRule.model_validate(BASE | {"type": "missing", "level": 4, "hold": 2, "timely_minutes": 60})
    came = [(BEGIN + place * HOUR, BEGIN + (place + (9 if place in (2, 3) else 1)) * HOUR) for place in range(6)]
    (one,) = arrivals_judged(missing, came, BEGIN, BEGIN + 8 * HOUR, lambda _: False)
    assert (one.begin, one.end, one.known) == (BEGIN + 2 * HOUR, BEGIN + 4 * HOUR, BEGIN + 5 * HOUR)
    assert arrivals_judged(missing, came, BEGIN, BEGIN + 8 * HOUR, lambda at: at >= BEGIN + 2 * HOUR) == []
    fresh = FreshRule.model_validate(BASE | {"type": "fresh", "level": 4, "minutes": 60, "period": "minute"})
    found = arrivals_judged(fresh, [(BEGIN, BEGIN), (BEGIN, BEGIN + 3 * HOUR)], BEGIN, BEGIN + 5 * HOUR, lambda _: False)
    assert [(span.begin, span.end) for span in found] == [(BEGIN + HOUR, BEGIN + 3 * HOUR), (BEGIN + 4 * HOUR, None)]


def test_complaints_that_lie_far_apart_are_no_cluster() -> None:
    rule = ClusterRule.model_validate(BASE | {"type": "cluster", "level": 3, "least": 3, "within_hours": 24})

    def found(*hours: int) -> int:
        return len(signals_judged(rule, [Signal(BEGIN + hour * HOUR, BEGIN + hour * HOUR) for hour in hours]))

    assert [found(0, 20, 40), found(0, 10, 20), found(0, 10, 50, 55, 60)] == [0, 1, 1]


def test_the_book_follows_its_schema_and_a_threshold_is_checked() -> None:
    assert {"rules", "deadlines", "escalation", "limits"} == set(json.loads(schema())["properties"])
    assert files("gis.rules").joinpath("alarms.yaml").is_file()
    by_name: dict[str, list[tuple[date, date | None]]] = {}
    for rule in book().rules:
        by_name.setdefault(rule.name, []).append((rule.begin, rule.end))
        # A real-time value is a warning, never an exceedance.
        if isinstance(rule, LimitRule) and rule.period == "rtd":
            assert min(rule.levels) == 4
            assert "预警" in rule.label
            assert "超标" not in rule.label
    assert all(end is not None and end < begin for dates in by_name.values() for (_, end), (begin, _) in pairwise(dates))
    constant = next(rule for rule in book().rules if rule.type == "constant")
    assert tuned(constant, {"hold": 9}).hold == 9  # type: ignore[union-attr]
    for change in ({"hold": 0}, {"label": "x"}, {}, {"hold": "many"}):
        with pytest.raises(Invalid, match="change"):
            tuned(constant, change)
