"""传输有效率: how much of what was due came, in time or later, and how much of it counts. Pure: tallies in, rates and reasons out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

from gis.facts import facts
from gis.rules.dated import in_force


@dataclass(frozen=True, slots=True)
class Rule:
    """What counts on the days of a time."""

    begin: date
    end: date | None
    gate: float
    """Least 传输有效率."""
    timely: timedelta
    """After the end of an hour."""
    repair_days: int
    valid_flags: tuple[str, ...]
    without_flag: bool
    """Whether what has no flag counts as valid."""
    source: str


@cache
def rules() -> tuple[Rule, ...]:
    """Return the dated rules, in order."""
    return tuple(
        Rule(
            row["from"],
            row["to"],
            row["gate"],
            timedelta(hours=row["timely_hours"]),
            row["repair_days"],
            tuple(row["valid_flags"]),
            row["without_flag"],
            row["source"],
        )
        for row in facts("gis", "transmission.yaml")
    )


def rule_on(day: date) -> Rule:
    """Return the rule of a day; before the first one the first holds."""
    return in_force(rules(), day)


@dataclass(frozen=True, slots=True)
class Tally:
    """Records of hours: how many were due, came, came in time, count."""

    due: int = 0
    received: int = 0
    timely: int = 0
    valid: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    """Of what came and does not count: its flag, or `-` where the value is none."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.due + other.due,
            self.received + other.received,
            self.timely + other.timely,
            self.valid + other.valid,
            self.flags + other.flags,
        )

    @property
    def transmission(self) -> float | None:
        """传输率; None where nothing was due."""
        return self.received / self.due if self.due else None

    @property
    def validity(self) -> float | None:
        """有效率; None where nothing came."""
        return self.valid / self.received if self.received else None

    @property
    def effective(self) -> float | None:
        """传输有效率; None where nothing was due.

        >>> Tally(due=24, received=23, timely=22, valid=22).effective
        0.9166666666666666
        """
        if self.transmission is None:
            return None
        return self.transmission * (self.validity or 0.0)

    @property
    def timeliness(self) -> float | None:
        """及时率; None where nothing was due."""
        return self.timely / self.due if self.due else None

    @property
    def filled(self) -> float | None:
        """补全率; None where nothing was missing in time."""
        missing = self.due - self.timely
        return (self.received - self.timely) / missing if missing else None


FLAGS = {"F": "停运", "M": "维护", "S": "手工输入", "D": "故障", "C": "校准", "T": "超量程", "B": "通讯异常", "-": "无数值"}


def reasons(tally: Tally) -> list[tuple[str, int]]:
    """Return what pulls a rate down, and by how many records, the worst first.

    >>> reasons(Tally(due=24, received=20, timely=19, valid=18, flags=Counter(D=2)))
    [('缺失', 4), ('故障（D）', 2), ('迟到', 1)]
    """
    found = [("缺失", tally.due - tally.received), ("迟到", tally.received - tally.timely)]
    found += [
        (f"{FLAGS[flag]}（{flag}）" if flag in FLAGS and flag != "-" else FLAGS.get(flag, flag), n) for flag, n in tally.flags.items()
    ]
    return sorted(((what, n) for what, n in found if n > 0), key=lambda row: -row[1])


def counted(what: str, count: int) -> str:
    """Return a reason with its number of records, as people write it.

    >>> counted("缺失", 4), counted("故障（D）", 2)
    ('缺失 4', '故障（D）2')
    """
    return f"{what}{'' if what.endswith('）') else ' '}{count}"


def percent(rate: float | None) -> str:
    """Return a rate for people, cut and never rounded up: what is below the gate is not shown as having reached it.

    >>> percent(0.94999), percent(1.0), percent(None)
    ('94.99%', '100.00%', '—')
    """
    return "—" if rate is None else f"{int(rate * 10_000 + 1e-9) / 100:.2f}%"


def total(tallies: Iterable[Tally]) -> Tally:
    """Return several tallies as one."""
    return sum(tallies, Tally())
