"""What alarms say."""

from feeds.factors import label, unit
from gis.clock import BEIJING
from gis.rules.alarm_rules import LimitRule, Rule
from gis.rules.alarms import Span

BASES = {"hour": "小时均值", "day": "日均值", "rtd": "实时值", "minute": "分钟值"}


WORDS = {
    "limit": "{said}",
    "jump": "{said}，与前一个值相差 {rule.times:g} 倍以上",
    "constant": "{said}，自 {began} 起不变",
    "zero": "{said}，自 {began} 起为零",
    "drift": "{said}（近 {rule.recent} 个值的中位数），与此前相差 {rule.times:g} 倍以上",
    "missing": "自 {began} 起的小时数据没有按时来",
    "fresh": "{began} 前 {rule.minutes} 分钟没有任何数据",
    "power": "{rule.label}：{what}，自 {began} 起",
    "hotspot": "同一处 {value} 倍于本底，自 {began} 起",
    "cluster": "{value} 起投诉，自 {began} 起",
}
"""Type of rule → what an alarm of it says."""


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.4g}"


def message(rule: Rule, span: Span) -> str:
    """Return what an alarm says."""
    name, of = label(span.factor), unit(span.factor)
    said = f"{name} {_number(span.value)} {of}".strip()
    if isinstance(rule, LimitRule) and span.limit:
        basis = ("折算" if rule.basis == "converted" else "") + BASES[rule.period]
        limit = span.limit
        allowed = f"{limit.low:g}～{limit.high:g}" if limit.low is not None and limit.high is not None else _number(limit.high)
        over = ""
        if span.value is not None and limit.high is not None and span.value > limit.high > 0 and limit.low is None:
            over = f"，超 {span.value / limit.high - 1:.2f} 倍"
        return f"{name}{basis} {_number(span.value)} {of}".strip() + f"，限值 {allowed} {limit.unit}{over}"
    began = f"{span.begin.astimezone(BEIJING):%m-%d %H:%M}"
    return WORDS[rule.type].format(said=said, began=began, rule=rule, what=span.factor or "—", value=_number(span.value))
