"""The rules that raise alarms, as data: `alarms.yaml` in the shape of these models, which are its JSON schema too."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gis.errors import Invalid
from gis.facts import facts
from gis.rules.power import FindingKind

Level = Literal[1, 2, 3, 4]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1000)]
Measured = Literal["rtd", "minute", "hour", "day"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Clear(_Row):
    """When what was raised has ended."""

    share: Annotated[float, Field(gt=0, le=1)] = Field(default=1.0, description="限值的倍数，不高于它才算恢复")
    count: Count = Field(default=1, description="连续几个值")


class _Rule(_Row):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,30}$")]
    label: Annotated[str, Field(min_length=1, max_length=60)]
    begin: date = Field(alias="from", description="生效")
    end: date | None = Field(default=None, alias="to", description="失效")
    closes: Literal["itself", "people"] = Field(description="itself：没人处理时随条件消失而关闭；people：须走完复核")
    source: str = Field(description="依据")


class _Device(_Rule):
    period: Measured = "hour"
    level: Level


class LimitRule(_Rule):
    """A value above (or outside) its limit."""

    type: Literal["limit"]
    medium: Literal["air", "water"]
    period: Measured
    basis: Literal["measured", "converted"] = Field(default="measured", description="converted：有折算值的按折算值")
    levels: Mapping[Level, Positive] = Field(min_length=1, description="级别 → 超过限值的几倍")
    hold: Count = Field(default=1, description="连续几个值才报")
    clear: Clear = Clear()


class JumpRule(_Device):
    """A value many times the one before it, or a small part of it."""

    type: Literal["jump"]
    times: Annotated[float, Field(gt=1)]
    floor: Annotated[float, Field(ge=0)] = Field(description="限值的这个份额以下的变化不算")


class ConstantRule(_Device):
    """The same value again and again."""

    type: Literal["constant"]
    hold: Annotated[int, Field(ge=2, le=1000)]
    within: Annotated[float, Field(ge=0, lt=1)] = Field(description="相对差不超过它算相同")


class ZeroRule(_Device):
    """Nothing where something should be."""

    type: Literal["zero"]
    hold: Count
    at_most: float = Field(description="不高于它算零")


class DriftRule(_Device):
    """The usual value of late against the usual one of before."""

    type: Literal["drift"]
    recent: Annotated[int, Field(ge=3, le=1000)] = Field(description="近来几个值")
    before: Annotated[int, Field(ge=3, le=5000)] = Field(description="此前几个值")
    times: Annotated[float, Field(gt=1)]


class MissingRule(_Device):
    """Data that did not come in time."""

    type: Literal["missing"]
    hold: Count
    timely_minutes: Annotated[int, Field(ge=0, le=1440)]


class FreshRule(_Device):
    """Nothing at all came for some time."""

    type: Literal["fresh"]
    minutes: Annotated[int, Field(ge=1, le=10080)]


class PowerRule(_Rule):
    """A finding of the power of production and treatment (`gis/rules/power.py`); its level is the finding's."""

    type: Literal["power"]
    finding: FindingKind


class HotspotRule(_Rule):
    """Sweeps of a radar that show the same place above its background."""

    type: Literal["hotspot"]
    level: Level
    times: Positive = Field(description="本底的几倍")
    hold: Count
    within_hours: Positive


class ClusterRule(_Rule):
    """Complaints about one place that come together."""

    type: Literal["cluster"]
    level: Level
    least: Annotated[int, Field(ge=2, le=1000)]
    within_hours: Positive


Rule = Annotated[
    LimitRule | JumpRule | ConstantRule | ZeroRule | DriftRule | MissingRule | FreshRule | PowerRule | HotspotRule | ClusterRule,
    Field(discriminator="type"),
]
ReadingRule = LimitRule | JumpRule | ConstantRule | ZeroRule | DriftRule
"""Judged on values of one factor."""
ArrivalRule = MissingRule | FreshRule
"""Judged on when data came."""
SignalRule = HotspotRule | ClusterRule
"""Judged on what others put in."""


class Deadlines(_Row):
    """Minutes to each step, from the one before it."""

    acknowledge: Count
    dispatch: Annotated[int, Field(ge=1)]
    handle: Annotated[int, Field(ge=1)]
    review: Annotated[int, Field(ge=1)]
    close: Annotated[int, Field(ge=1)]


class StandardLimit(_Row):
    """A limit of a standard, where a permit names none."""

    factor: str
    low: float | None = None
    high: float | None = None
    begin: date = Field(alias="from")
    end: date | None = Field(default=None, alias="to")
    standard: str


class Book(_Row):
    """All of it."""

    escalation: Annotated[tuple[str, ...], Field(min_length=1)]
    deadlines: Mapping[Level, Deadlines]
    limits: tuple[StandardLimit, ...] = ()
    rules: tuple[Rule, ...]

    def on(self, name: str, day: date) -> Rule | None:
        """Return the rule of a name on a day."""
        return next(
            (rule for rule in self.rules if rule.name == name and rule.begin <= day and (rule.end is None or day <= rule.end)), None
        )


@cache
def book() -> Book:
    """Return the rules of this version."""
    return Book.model_validate(facts("gis.rules", "alarms.yaml"))


def schema() -> str:
    """Return the JSON schema of the rules."""
    return json.dumps(Book.model_json_schema(by_alias=True), ensure_ascii=False, indent=2) + "\n"


_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
TUNED = frozenset(
    {
        "levels",
        "hold",
        "clear",
        "times",
        "floor",
        "within",
        "at_most",
        "recent",
        "before",
        "timely_minutes",
        "minutes",
        "least",
        "within_hours",
    }
)
"""What a proposal may change of a rule."""


def tuned(rule: Rule, change: Mapping[str, Any]) -> Rule:
    """Return a rule with other thresholds; raises Invalid where it has no such threshold, or the value is none."""
    if not change:
        raise Invalid("change", "没有写改什么")
    known = TUNED & set(type(rule).model_fields)
    if strange := set(change) - known:
        raise Invalid("change", f"规则 {rule.name} 没有可调的 {min(strange):.40}；可调的有 {'、'.join(sorted(known)) or '（无）'}")
    try:
        return _RULE.validate_python(rule.model_dump(by_alias=True) | dict(change))
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid("change", f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}") from error


def named(names: Sequence[str] = ()) -> list[Rule]:
    """Return the rules, or those of some names; raises Invalid where there is none of a name."""
    known = {rule.name for rule in book().rules}
    if strange := [name for name in names if name not in known]:
        raise Invalid("rule", f"没有规则 {strange[0]:.40}；可用的有 {'、'.join(sorted(known))}")
    return [rule for rule in book().rules if not names or rule.name in names]
