"""Where the numbers of the rules come from, and how far that was checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from gis.facts import facts

STATES = {"text": "原文", "quoted": "转引", "unverified": "未核", "own": "缺省"}
"""State → what people call it."""
HEAD = "# 规则数字的依据\n\n由 `quanjing rule basis --out` 写出。**未核**的启用前要对照标准原文；**缺省**的没有标准，由单位设定。\n"


@dataclass(frozen=True, slots=True)
class Basis:
    """The basis of some numbers of a table."""

    where: str
    """Table, as a path."""
    what: str
    clause: str
    """Where they stand, as far as that is known."""
    state: str
    """text, quoted, unverified, own."""
    found: str
    """What was found, or not."""


@cache
def bases() -> tuple[Basis, ...]:
    """Return the basis of all numbers, in the order of the tables."""
    return tuple(Basis(**row) for row in facts("gis.rules", "basis.yaml"))


def page() -> str:
    """Return the bases as a page in Markdown, those that are not verified first."""
    return "\n".join([HEAD, "| 依据 | 表 | 数字 | 条款 | 查到什么 |", "|---|---|---|---|---|", *_rows(), ""])


def _rows() -> Iterator[str]:
    order = ("unverified", "quoted", "own", "text")
    for one in sorted(bases(), key=lambda one: order.index(one.state)):
        yield f"| {STATES[one.state]} | `{one.where}` | {one.what} | {one.clause or '—'} | {one.found} |"
