"""Figures of a benchmark: rows, clocks of CPU time, and the tables they are shown in."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
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
    """CPU of child processes, and of theirs."""
    tree: float = 0.0
    """CPU of the watched process and its children."""


def _children_s() -> float:
    """Return the CPU time of all processes that this one has started, dead or alive, and of theirs: a server of readers lives on."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    alive, ticks = _children_of(os.getpid()), 0
    for pid in alive:
        alive += _children_of(pid)
        ticks += sum(_ticks(pid))
    return usage.ru_utime + usage.ru_stime + ticks * TICK_S


def _children_of(pid: int) -> list[int]:
    found = list[int]()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, task.read_text().split())
    return found


def _ticks(pid: int) -> tuple[int, int]:
    """Return the CPU time of a process, and of the children that it has waited for; noughts where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0
    return sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))


def tree_s(pid: int) -> float:
    """Return the CPU time of a process, its living children and those it has waited for, seconds; in ticks of 10 ms."""
    total = sum(_ticks(pid)) + sum(_ticks(child)[0] for child in _children_of(pid))
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


@dataclass(frozen=True, slots=True)
class Spent:
    """What a command took."""

    status: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    """Of the largest process."""
    all_mb: float
    """The peaks of all processes together."""
    server_s: float = 0.0
    """CPU of the database server meanwhile."""


def spent(command: Sequence[str], env: dict[str, str] | None = None, postmaster: int | None = None) -> Spent:
    """Run a command under `spent.py`."""
    meter = [sys.executable, "-S", str(Path(__file__).with_name("spent.py"))]
    with timed(postmaster) as clock:
        ended = subprocess.run([*meter, *command], check=True, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return replace(Spent(**json.loads(ended.stdout)), server_s=clock.tree)
