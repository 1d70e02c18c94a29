"""Child processes of the supervisor: started, watched, started again with growing pauses, stopped in order."""

import ctypes
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STEADY_S = 60.0
"""A child that lived this long starts again without a memory of earlier deaths."""
GRACE_S = 5
"""Seconds that open requests and live streams get when an API process stops."""
_PR_SET_PDEATHSIG = 1
"""prctl(2)."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, how often, and how long it may take to stop."""

    name: str
    argv: Sequence[str]
    count: int = 1
    stop_s: float = 15.0
    pass_fds: Sequence[int] = ()


@dataclass(slots=True)
class Child:
    """One place of a program: its process while it has one, and the record of its deaths."""

    program: Program
    index: int
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    next_start: float = 0.0

    @property
    def label(self) -> str:
        """`api-1`, `worker-1`, …."""
        return f"{self.program.name}-{self.index}"


def places(programs: Sequence[Program]) -> list[Child]:
    """Return one place for each process that the programs want."""
    return [Child(program, index + 1) for program in programs for index in range(program.count)]


def pause_s(deaths: int) -> float:
    """Return the pause before the next start, seconds.

    >>> [pause_s(deaths) for deaths in (1, 2, 3, 20)]
    [0.5, 1.0, 2.0, 30.0]
    """
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(deaths - 1, 16))


def _die_with_parent(parent: int) -> Callable[[], None]:
    """Return what a child does before it becomes its program: the kernel shall kill it when the supervisor is gone.

    SIGKILL, not SIGTERM: a supervisor that was killed is started again at once, and its port and its jobs must be free by then.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return bind


def start(child: Child, environ: Mapping[str, str]) -> None:
    """Start a child in a session of its own, so that a terminal's Ctrl-C reaches only the supervisor; call from the main thread."""
    child.process = subprocess.Popen(
        child.program.argv,
        env=environ,
        stdin=subprocess.DEVNULL,
        pass_fds=child.program.pass_fds,
        start_new_session=True,
        preexec_fn=_die_with_parent(os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
    )
    child.started = time.monotonic()
    log.info("%s started as process %d", child.label, child.process.pid)


def tend(children: Sequence[Child], environ: Mapping[str, str]) -> None:
    """Notice who has died, and start who is due."""
    now = time.monotonic()
    for child in children:
        if child.process and (code := child.process.poll()) is not None:
            child.process = None
            child.deaths = 1 if now - child.started > STEADY_S else child.deaths + 1
            child.next_start = now + pause_s(child.deaths)
            log.error(
                "%s ended %s after %.1f s; starts again in %.1f s", child.label, _how(code), now - child.started, pause_s(child.deaths)
            )
        if child.process is None and child.next_start <= now:
            start(child, environ)


def _how(code: int) -> str:
    return f"with exit code {code}" if code >= 0 else f"by signal {signal.Signals(-code).name}"


def stop(children: Sequence[Child]) -> None:
    """Stop the programs one after another, in the order they were given; a program's processes together."""
    for program in dict.fromkeys(child.program.name for child in children):
        _stop_together([child for child in children if child.program.name == program])


def _stop_together(children: Sequence[Child]) -> None:
    for child in children:
        _signal(child, signal.SIGTERM)
    end = time.monotonic() + max(child.program.stop_s for child in children)
    for child in children:
        if child.process is None:
            continue
        try:
            child.process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop within %.0f s and is killed", child.label, child.program.stop_s)
        # Its own children, should it have left any.
        _signal(child, signal.SIGKILL)
        child.process.wait()
        log.info("%s stopped", child.label)
        child.process = None


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process is None:
        return
    try:
        os.killpg(child.process.pid, number)
    except ProcessLookupError:
        return
