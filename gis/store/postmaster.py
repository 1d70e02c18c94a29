"""The PostgreSQL server process of a data directory: who it is, whether it lives, who of its children was left behind."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from gis.errors import ClusterError

PATIENCE_S = 5.0
"""How long left-behind server processes may take to notice that their postmaster is gone."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A running server, as its `postmaster.pid` tells."""

    pid: int
    port: int
    socket_dir: str
    state: str
    """`starting`, `ready`, `standby` or `stopping`."""


def _works_in(pid: int, pgdata: Path) -> bool:
    """Whether the process is PostgreSQL and works in the directory: a reused pid does not."""
    try:
        # Server processes rewrite their command line, but the kernel's short name of the program stays.
        name = Path(f"/proc/{pid}/comm").read_text(encoding="ascii", errors="replace").strip()
        return name.startswith("postgres") and Path(f"/proc/{pid}/cwd").samefile(pgdata)
    except OSError:
        return False


def find(pgdata: Path) -> Postmaster | None:
    """Return the running server of a data directory, or None; a stale `postmaster.pid` is None.

    The lines of the file are, in PostgreSQL 10 and later (pidfile.h): pid, data directory, start time, port, socket folder,
    listen address, shared memory key, state.
    """
    try:
        lines = (pgdata / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        server = Postmaster(int(lines[0]), int(lines[3]), lines[4], lines[7].strip() if len(lines) > 7 else "starting")
    except (OSError, ValueError, IndexError):
        return None
    return server if _works_in(server.pid, pgdata) else None


def settled(pgdata: Path, timeout_s: float) -> Postmaster | None:
    """Wait until a server that is starting or stopping has come to an end of it; return it when it is ready, None when there is none.

    Raises
    ------
    ClusterError
        It was still at it after `timeout_s` seconds.
    """
    end = time.monotonic() + timeout_s
    while (server := find(pgdata)) and server.state not in {"ready", "standby"}:
        if time.monotonic() > end:
            raise ClusterError(f"the PostgreSQL in {pgdata} (process {server.pid}) is {server.state} for more than {timeout_s:.0f} s")
        time.sleep(0.05)
    return server


def left_behind(pgdata: Path) -> list[int]:
    """Return the server processes that work in a data directory whose postmaster is gone."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _works_in(int(entry.name), pgdata)]


def clear(pgdata: Path, socket_dir: Path) -> None:
    """End what a killed postmaster left behind and remove its stale marks; leave alone a server that turns out to be starting.

    Call it only where no other caller may start the server. The children of a killed postmaster are lost in any case: they notice by
    themselves unless they are inside a long query, and while one lives nothing else may open the directory.

    Raises
    ------
    ClusterError
        They can't be ended.
    """
    patience, end = time.monotonic() + PATIENCE_S, time.monotonic() + 6 * PATIENCE_S
    while pids := left_behind(pgdata):
        if find(pgdata):
            return
        if time.monotonic() > end:
            raise ClusterError(
                f"server processes {pids} of a killed PostgreSQL in {pgdata} would not end: end them, or start this machine anew"
            )
        if time.monotonic() > patience:
            for pid in pids:
                _kill(pid)
        time.sleep(0.05)
    # PostgreSQL itself keeps a stale mark while its pid answers: a zombie that nobody reaps, or another process that was given the number.
    # Nothing lives here any more, and the socket folder serves this directory alone, so they may go.
    if find(pgdata) is None:
        for mark in (pgdata / "postmaster.pid", *socket_dir.glob(".s.PGSQL.*")):
            mark.unlink(missing_ok=True)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
