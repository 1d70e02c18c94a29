"""What a command takes, with every process that it starts, theirs too: run as `python bench/spent.py COMMAND…`, it prints one line of JSON.

A process of its own, and a light one: a child is charged with the memory of the process that it was forked from. It adopts what the
command leaves behind, as the server that forks the readers: the time of who is never waited for is in no parent's account.
"""

import ctypes
import json
import os
import sys
import time

SET_CHILD_SUBREAPER = 36
"""prctl(2)."""


def main(command: list[str]) -> None:
    """Run a command and print what it took."""
    if ctypes.CDLL(None, use_errno=True).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    begin = time.perf_counter()
    child = os.fork()
    if child == 0:
        out = os.open(os.devnull, os.O_WRONLY)
        os.dup2(out, 1)
        os.execvp(command[0], command)  # noqa: S606 — the benchmark's own commands
    status, wall, cpu, peaks = 0, 0.0, 0.0, list[int]()
    while True:
        try:
            pid, code, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        if pid == child:
            status, wall = os.waitstatus_to_exitcode(code), time.perf_counter() - begin
        cpu += usage.ru_utime + usage.ru_stime
        peaks.append(usage.ru_maxrss)
    print(json.dumps({"status": status, "wall_s": wall, "cpu_s": cpu, "peak_mb": max(peaks) / 1024, "all_mb": sum(peaks) / 1024}))


if __name__ == "__main__":
    main(sys.argv[1:])
