"""Work in a child process with limits of memory and time, told how far it is, killed when nobody wants it any more."""

import contextlib
import gc
import logging
import multiprocessing
import os
import pickle
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gis.errors import QuanjingError
from gis.limits import MAX_BYTES, Limits

if TYPE_CHECKING:
    from multiprocessing.context import ForkContext, ForkServerContext

T = TypeVar("T")
Progress = Callable[[str, float], None]
"""Told the stage, as `read`, and how much of the whole is done, 0 to 1; what it raises ends the work."""
TICK_S = 0.1
"""How often progress is told, whether or not there is any: who calls off a reading does it there."""
_START_CPU_S = 10
"""CPU time that is the child's beyond the deadline; it ends a child whose parent was killed."""
_ROOM = 64 * 1024 * 1024
"""Least memory that a reading is given, bytes."""


class Failure(Enum):
    """Why a reading came to nothing."""

    SIZE = "size"
    DEADLINE = "deadline"
    MEMORY = "memory"
    CRASH = "crash"


def _context(reader: str) -> "ForkContext | ForkServerContext":
    """Return how children start: a copy of a process with one thread; else a server that has imported the reader and forks itself."""
    if len(list(Path("/proc/self/task").iterdir())) == 1:
        return multiprocessing.get_context("fork")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([reader])
    return context


def _status(name: str) -> int:
    """Return a figure of proc_pid_status(5) of this process, bytes."""
    with Path("/proc/self/status").open(encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def _confine(limits: Limits) -> None:
    """Leave the parent's process group, die with the parent, and take no more than is allowed."""
    os.setpgid(0, 0)
    threading.Thread(target=_outlive, daemon=True).start()
    # Data, not address space: threads and libraries reserve addresses that they never use.
    data = _status("VmData") + max(limits.memory_bytes - _status("VmRSS"), _ROOM)
    _lower(resource.RLIMIT_DATA, data)
    _lower(resource.RLIMIT_CPU, int(limits.deadline_s) + _START_CPU_S)
    _lower(resource.RLIMIT_CORE, 0)


def _outlive() -> None:
    """End with the parent; no signal tells of its death, as the server that forks this process stays while it does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)


def _lower(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _portable(error: Exception) -> Exception:
    """Return an error that survives the way to the parent."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 — our own bytes
    except TypeError:
        return QuanjingError(str(error))
    return error


def _child(out: Connection, work: Callable[..., Any], source: Path | bytes, arguments: tuple[Any, ...], limits: Limits) -> None:
    _confine(limits)
    # A reading makes millions of objects and no garbage; the process ends with it.
    gc.disable()
    logging.getLogger("ezdxf").setLevel(logging.ERROR)
    told = ("", -1.0)

    def progress(stage: str, share: float) -> None:
        nonlocal told
        if stage != told[0] or share - told[1] >= 0.01:
            told = stage, share
            out.send(("progress", stage, share))

    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
        result = work(data, *arguments, progress=progress)
        # What comes in parts is never whole in the pipe: that would be as much again as it is.
        for part in result if isinstance(result, Iterator) else (result,):
            out.send(("part", part))
        answer: tuple[Any, ...] = ("done",)
    except (MemoryError, SystemError):
        # Extensions that get no memory often end without saying so, which Python calls a SystemError.
        answer = ("failed", Failure.MEMORY)
    except (QuanjingError, OSError) as error:
        answer = ("raised", _portable(error))
    out.send(answer)


def _end(process: Any) -> None:
    """Kill a child with all that it may have started, and wait for it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()
    process.close()


def _death(process: Any) -> Failure:
    """Say why a child ended without an answer; where memory fails inside a C library it aborts."""
    process.join()
    if process.exitcode == -signal.SIGXCPU:
        return Failure.DEADLINE
    return Failure.MEMORY if process.exitcode in {-signal.SIGABRT, -signal.SIGKILL} else Failure.CRASH


def _answers(receiver: Connection, until: float) -> Iterator[tuple[Any, ...] | None]:
    """Yield what the child says, None each tick in which it says nothing; ends at the deadline."""
    while (left := until - time.monotonic()) > 0:
        yield receiver.recv() if receiver.poll(min(TICK_S, left)) else None


def size_of(source: Path | bytes) -> int:
    """Return the size of a file, bytes, without reading it."""
    return source.stat().st_size if isinstance(source, Path) else len(source)


def silent(stage: str, share: float) -> None:
    """Tell nobody."""


def run(
    work: Callable[..., T],
    source: Path | bytes,
    *arguments: Any,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> T | Failure:
    """Return what `work(data, *arguments, progress=…)` returns, run in a child process; parameters and errors as for `run_in_parts`."""
    parts = run_in_parts(work, source, *arguments, progress=progress, limits=limits)
    return parts if isinstance(parts, Failure) else parts[0]


def run_in_parts(
    work: "Callable[..., T | Iterator[T]]",
    source: Path | bytes,
    *arguments: Any,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> list[T] | Failure:
    """Return all that `work(data, *arguments, progress=…)` yields, run in a child process that hands on each part as it is made.

    Parameters
    ----------
    work : callable
        A function of a module; its arguments and its result, or each part of it, can be pickled.
    source : Path or bytes
        The file, or what is in it; a path is opened by the child.
    progress : callable, optional
        Called with stage and share of the whole, at least every 0.1 s; what it raises kills the child and is passed on.
    limits : Limits, optional
        Default: 1 GiB, 60 s.

    Raises
    ------
    QuanjingError, OSError
        As `work` raised them.
    """
    if size_of(source) > MAX_BYTES:
        return Failure.SIZE
    limits, tell = limits or Limits(), progress or silent
    until = time.monotonic() + limits.deadline_s
    context = _context(work.__module__)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, work, source, arguments, limits), daemon=True)
    process.start()
    sender.close()
    # What the result is made of; loaded here while the child works.
    import_module("gis.models.plan")
    step = ("guard", 0.0)
    parts: list[T] = []
    try:
        for answer in _answers(receiver, until):
            match answer:
                case ("part", part):
                    parts.append(part)
                case ("done",):
                    return parts
                case ("failed", failure):
                    return failure  # type: ignore[no-any-return]
                case ("raised", error):
                    raise error
                case ("progress", stage, share):
                    step = stage, share
            tell(*step)
    except EOFError:
        return _death(process)
    finally:
        _end(process)
        receiver.close()
    return Failure.DEADLINE
