"""Who does many pieces of work at once: processes of this machine, or the workers of a Dask cluster."""

import ctypes
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

from gis.errors import SettingsError

_PR_SET_PDEATHSIG = 1
"""prctl(2)."""
AHEAD = 2
"""Pieces a worker has before it, so that none waits for its next."""
CONNECT_S = 20
LIVES = 5
"""Workers that a piece may outlive before it is given up: one that kills each of its workers is at fault itself."""

J = TypeVar("J")
T = TypeVar("T")


class Crew(Protocol):
    """Whoever does work that can be sent: a function of a module, and values."""

    def each(self, work: Callable[[J], T], jobs: Sequence[J]) -> Iterator[tuple[J, T]]:
        """Yield each job with what became of it, in the order in which they are done; the first failure ends it all."""
        ...


def _die_with_parent() -> None:
    """Let the kernel kill this process when the one that started it is gone, and leave Ctrl-C to that one."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Processes:
    """Processes of this machine; one alone is this process itself."""

    def __init__(self, count: int | None = None) -> None:
        self.count = count or len(os.sched_getaffinity(0))

    def each(self, work: Callable[[J], T], jobs: Sequence[J]) -> Iterator[tuple[J, T]]:
        """Yield each job with what became of it."""
        if self.count == 1 or len(jobs) <= 1:
            yield from ((job, work(job)) for job in jobs)
            return
        with ProcessPoolExecutor(min(self.count, len(jobs)), mp_context=get_context("spawn"), initializer=_die_with_parent) as pool:
            waiting: dict[Future[T], J] = {}
            left = iter(jobs)
            try:
                while True:
                    for job in left:
                        waiting[pool.submit(work, job)] = job
                        if len(waiting) >= self.count * AHEAD:
                            break
                    if not waiting:
                        return
                    for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                        yield waiting.pop(done), done.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


class Cluster:
    """The workers of a Dask cluster, which have quanjing installed and reach the database and the place of the tiles.

    Raises
    ------
    SettingsError
        The extra `cluster` is not installed, or no scheduler answers.
    """

    def __init__(self, scheduler: str) -> None:
        try:
            from distributed import Client  # noqa: PLC0415 — of the extra
        except ImportError as error:
            raise SettingsError("--scheduler 需要附加包：pip install quanjing[cluster]") from error
        try:
            self.client: Any = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise SettingsError(f"{scheduler} 没有 Dask 调度器应答：{error}；先运行 dask scheduler 和 dask worker") from error

    def each(self, work: Callable[[J], T], jobs: Sequence[J]) -> Iterator[tuple[J, T]]:
        """Yield each job with what became of it; what a worker that died had is done by another."""
        from distributed import as_completed  # noqa: PLC0415 — of the extra

        left = iter(jobs)
        waiting: dict[Any, J] = {}

        def send() -> list[Any]:
            wanted = max(1, AHEAD * sum(self.client.nthreads().values())) - len(waiting)
            sent = [(self.client.submit(work, job, pure=False, retries=LIVES), job) for _, job in zip(range(wanted), left, strict=False)]
            waiting.update({future.key: job for future, job in sent})
            return [future for future, _ in sent]

        try:
            line = as_completed(send(), loop=self.client.loop)
            for done in line:
                value = done.result()
                yield waiting.pop(done.key), value
                line.update(send())
        finally:
            self.client.close()


def crew(scheduler: str | None, processes: int | None) -> Crew:
    """Return the workers of a scheduler's cluster, else processes of this machine, all its cores where no number is given."""
    return Cluster(scheduler) if scheduler else Processes(processes)
