"""An alarm's way from being raised to being closed: who may take which step when, and until when. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from gis.errors import Conflict, Invalid
from gis.rules.alarm_rules import Deadlines, book

State = Literal["raised", "acknowledged", "dispatched", "handled", "reviewed", "closed"]
Step = Literal["acknowledge", "dispatch", "handle", "false", "review", "return", "close"]
Outcome = Literal["", "true", "false", "corrected", "ended"]

STATES: dict[State, str] = {
    "raised": "待确认", "acknowledged": "已确认", "dispatched": "已派发", "handled": "已处置", "reviewed": "已复核", "closed": "已关闭"
}  # fmt: skip
STEPS: dict[Step, str] = {
    "acknowledge": "确认", "dispatch": "派发", "handle": "处置", "false": "误报", "review": "复核通过", "return": "退回", "close": "关闭"
}  # fmt: skip
OUTCOMES: dict[Outcome, str] = {"": "", "true": "属实", "false": "误报", "corrected": "数据更正后不成立", "ended": "条件消失"}
WAY: dict[Step, tuple[tuple[State, ...], State]] = {
    "acknowledge": (("raised",), "acknowledged"),
    "dispatch": (("acknowledged",), "dispatched"),
    "handle": (("dispatched",), "handled"),
    "false": (("raised", "acknowledged", "dispatched"), "handled"),
    "review": (("handled",), "reviewed"),
    "return": (("handled",), "dispatched"),
    "close": (("reviewed",), "closed"),
}
"""Step → the states that it leads from, and the one that it leads to."""
NEXT: dict[State, str] = {
    "raised": "acknowledge", "acknowledged": "dispatch", "dispatched": "handle", "handled": "review", "reviewed": "close"
}  # fmt: skip
REASONED = frozenset({"dispatch", "handle", "false", "review", "return", "close"})
MOST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody wants to do with an alarm."""

    step: Step
    signed: str
    """Who."""
    reason: str = ""
    to: str = ""
    """Whom it is given to, of `dispatch`."""
    change: Mapping[str, Any] = field(default_factory=dict)
    """Thresholds that a false alarm speaks for."""
    accept: bool | None = None
    """Of `review`: what becomes of the proposed thresholds."""


def steps_from(state: State) -> list[Step]:
    """Return what can be done with an alarm, the usual first.

    >>> steps_from("raised"), steps_from("handled"), steps_from("closed")
    (['acknowledge', 'false'], ['review', 'return'], [])
    """
    return [step for step, (states, _) in WAY.items() if state in states]


def checked(taken: Taken) -> Taken:
    """Return what is wanted, tidied; raises Invalid where something is missing."""
    tidy = Taken(taken.step, taken.signed.strip(), taken.reason.strip(), taken.to.strip(), taken.change, taken.accept)
    if tidy.step not in get_args(Step):
        raise Invalid("step", f"应为 {'、'.join(get_args(Step))}")
    if not tidy.signed:
        raise Invalid("signed", "要写谁做的")
    if tidy.step in REASONED and not tidy.reason:
        raise Invalid("reason", "要写情况或理由")
    if tidy.step == "dispatch" and not tidy.to:
        raise Invalid("to", "要写派给谁")
    if tidy.change and tidy.step != "false":
        raise Invalid("change", "只有误报可以提出改规则的阈值")
    if max(map(len, (tidy.signed, tidy.reason, tidy.to))) > MOST_TEXT:
        raise Invalid("reason", f"最多 {MOST_TEXT} 字")
    return tidy


def after(state: State, taken: Taken, handled_by: str | None, proposed: bool) -> State:
    """Return the state that a step leads to.

    Parameters
    ----------
    state : State
        Of now.
    taken : Taken
    handled_by : str, optional
        Who handled it, or called it false.
    proposed : bool
        Whether other thresholds are proposed and not decided.

    Raises
    ------
    Conflict
        The step does not lead from this state, or somebody would review what he did himself.
    Invalid
        A proposal is there, and the review does not say what becomes of it.
    """
    states, to = WAY[taken.step]
    if state not in states:
        can = "、".join(STEPS[step] for step in steps_from(state)) or "（没有）"
        raise Conflict(f"报警现在{STATES[state]}，不能{STEPS[taken.step]}；可以做的：{can}")
    if taken.step in ("review", "return") and handled_by == taken.signed:
        raise Conflict(f"{taken.signed} 处置的，要由别人复核")
    if taken.step == "review" and proposed and taken.accept is None:
        raise Invalid("accept", "误报提出了改阈值，复核时要写同意或不同意")
    return to


def due_after(state: State, level: int, at: datetime) -> datetime | None:
    """Return until when the next step is due; None where there is none."""
    step = NEXT.get(state)
    if step is None:
        return None
    deadlines: Deadlines = book().deadlines[level]  # type: ignore[index]
    return at + timedelta(minutes=getattr(deadlines, step))


def worded(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored alarm with labels, and with what can be done next.

    Parameters
    ----------
    row : mapping
        With `rule`, `state`, `outcome`, `overdue`, and whatever else.
    """
    labels = {rule.name: rule.label for rule in book().rules}
    state: State = row["state"]
    return dict(row) | {
        "rule_label": labels.get(row["rule"], row["rule"]),
        "state_label": STATES[state],
        "outcome_label": OUTCOMES.get(row["outcome"], row["outcome"]),
        "overdue": bool(row["overdue"]),
        "steps": [{"step": step, "label": STEPS[step], "usual": NEXT.get(state) == step} for step in steps_from(state)],
    }
