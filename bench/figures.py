"""Figures of a benchmark: rows, clocks of CPU time, and the tables they are shown in."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TICK_S = 0.01
"""Resolution of the times in /proc/PID/stat on Linux (USER_HZ = 100)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing, beside the peer where there is one."""

    name: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    better: Literal["less", "more"] = "less"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times ahead of the peer we are; below 1 we are behind."""
        if self.peer is None:
            return None
        return self.peer / self.ours if self.better == "less" else self.ours / self.peer

    def cells(self) -> tuple[str, ...]:
        """Return the row as text: name, ours, peer, unit, ratio, note."""
        peer = "–" if self.peer is None else f"{short(self.peer)} ({self.peer_name})"
        ratio = "–" if self.ratio is None else f"{short(self.ratio)}×"
        return self.name, short(self.ours), peer, self.unit, ratio, self.note


def short(value: float) -> str:
    """Return a number with three significant digits.

    >>> short(12345.6), short(0.012345), short(9.0)
    ('12,300', '0.0123', '9.00')
    """
    if value >= 100:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.{2 if value >= 1 else 3}f}" if value >= 0.1 else f"{value:.3g}"


@dataclass(slots=True)
class Clock:
    """What passed while a `timed` block ran, seconds."""

    wall: float = 0.0
    own: float = 0.0
    """CPU of this process."""
    children: float = 0.0
    """CPU of child processes that ended meanwhile."""
    tree: float = 0.0
    """CPU of the watched process and its children."""


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def tree_s(pid: int) -> float:
    """Return the CPU time of a process, its living children and those it has waited for, seconds; in ticks of 10 ms."""
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        pids += [int(child) for child in task.read_text().split()]
    total = 0
    for one in pids:
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += sum(int(field) for field in (fields[11:15] if one == pid else fields[11:13]))
    return total * TICK_S


@contextmanager
def timed(watched: int | None = None) -> Iterator[Clock]:
    """Take the time of a block.

    Parameters
    ----------
    watched : int, optional
        A process, as the PostgreSQL server's, whose CPU time is taken too.
    """
    clock = Clock()
    wall, own, children = time.perf_counter(), time.process_time(), _children_s()
    tree = tree_s(watched) if watched else 0.0
    yield clock
    clock.wall, clock.own, clock.children = time.perf_counter() - wall, time.process_time() - own, _children_s() - children
    clock.tree = tree_s(watched) - tree if watched else 0.0
